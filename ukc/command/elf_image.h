/*
 * elf_image.h - an image's file as an ELF file (System V ABI, AMD64; gABI chapters 4 and 5), whoever made it.
 *
 * The file is not trusted: elf_image_open() refuses what does not fit into it, and what it leaves is copied, aligned and within bounds.
 * What a loader reads is enough: program headers, notes and the dynamic section. Section headers may be gone.
 *
 * Ownership: everything lives in the arena; the source must outlive it.
 * Errors: false after reporting, of class DIAG_INTEGRITY.
 */
#ifndef UKC_ELF_IMAGE_H
#define UKC_ELF_IMAGE_H

#include <elf.h>
#include <stdbool.h>
#include <stddef.h>
#include "../base/arena.h"
#include "../base/diag.h"

struct elf_image {
    struct arena *a;
    const struct source *s;
    Elf64_Ehdr head;
    const Elf64_Phdr *segments;
    size_t segment_count;
    const Elf64_Dyn *dynamic; /* up to DT_NULL */
    size_t dynamic_count;
    const char *names; /* DT_STRTAB */
    size_t names_size;
};

/* The bytes of a file that is to be one; NULL after reporting. */
const struct source *elf_image_read(struct arena *, const char *path, struct diag *);
bool elf_image_open(struct arena *, const struct source *, struct elf_image *, struct diag *);
const Elf64_Phdr *elf_image_segment(const struct elf_image *, uint32_t type); /* the first of this type; NULL */
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
