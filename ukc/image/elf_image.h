/*
 * elf_image.h - an image's file, whoever made it: what of it a loader reads (System V gABI 4.1, chapter 5), and sections by name.
 *
 * The file is not trusted: base/elf_file.h looks at headers, this at the dynamic section and at notes. Section headers may be gone.
 *
 * Ownership: everything lives in the arena; the source must outlive it.
 * Errors: false after reporting, of class DIAG_INTEGRITY.
 */
#ifndef UKC_ELF_IMAGE_H
#define UKC_ELF_IMAGE_H

#include "../base/elf_file.h"

struct elf_image {
    struct arena *a;
    const struct source *s;
    const struct elf_file *f;
    const Elf64_Dyn *dynamic; /* up to DT_NULL */
    size_t dynamic_count;
    const char *names; /* DT_STRTAB */
    size_t names_size;
};

/* The bytes of a file that is to be one; NULL after reporting. */
const struct source *elf_image_read(struct arena *, const char *path, struct diag *);
bool elf_image_open(struct arena *, const struct source *, struct elf_image *, struct diag *);
bool elf_image_dynamic(const struct elf_image *, int64_t tag, uint64_t *value); /* value may be NULL */
/* A whole word of the dynamic string table that ends so. */
bool elf_image_names(const struct elf_image *, const char *end);
/* What the section of this name holds, if section headers are there to say so; NULL: there is none. */
const void *elf_image_section(const struct elf_image *, const char *name, size_t *size);
/* The bytes of the section of this name, if it is one of zeros, which are not in the file; else 0. */
size_t elf_image_zeros(const struct elf_image *, const char *name);
/* What a note says: its owner with its NUL is compared, what is behind it is returned; NULL when there is none. */
const void *elf_image_note(const struct elf_image *, const char *owner, uint32_t type, size_t *size);

#endif
