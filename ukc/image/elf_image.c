/*
 * elf_image.c - see elf_image.h.
 */
#include "elf_image.h"
#include <string.h>
#include "../base/file.h"

enum { DYNAMIC_MOST = 4096, IMAGE_MOST = 1 << 30 };

const struct source *elf_image_read(struct arena *a, const char *path, struct diag *d)
{
    struct source *named = arena_new(a, struct source);
    named->path = path;
    return file_read(a, path, (struct span){.source = named}, IMAGE_MOST, d);
}

static bool refuse(const struct elf_image *e, struct diag *d, const char *why)
{
    diag_fail(d, DIAG_INTEGRITY, SPAN_NONE, "'%s' is no image: %s", source_shown(e->s), why);
    return diag_help(d, "'ukc build' prints where an image is");
}

/* Where the file has what is loaded at an address, as far as its segment goes. */
static bool loaded_at(const struct elf_image *e, uint64_t address, uint64_t size, uint64_t *offset)
{
    for (size_t i = 0; i < e->f->segment_count; i++) {
        const Elf64_Phdr *p = &e->f->segments[i];
        if (p->p_type != PT_LOAD || address < p->p_vaddr || address - p->p_vaddr > p->p_filesz || size > p->p_filesz - (address - p->p_vaddr))
            continue;
        *offset = p->p_offset + (address - p->p_vaddr);
        return true;
    }
    return false;
}

static bool open_dynamic(struct elf_image *e, struct diag *d)
{
    const Elf64_Phdr *p = elf_segment_find(e->f, PT_DYNAMIC);
    uint64_t names = 0, size = 0, offset;
    if (!p)
        return true;
    size_t most = p->p_filesz / sizeof(Elf64_Dyn);
    if (most > DYNAMIC_MOST)
        return refuse(e, d, "its dynamic section is too long");
    Elf64_Dyn *all = arena_array(e->a, Elf64_Dyn, most + 1);
    memcpy(all, e->s->bytes + p->p_offset, most * sizeof *all);
    while (e->dynamic_count < most && all[e->dynamic_count].d_tag != DT_NULL)
        e->dynamic_count++;
    e->dynamic = all;
    if (elf_image_dynamic(e, DT_STRTAB, &names) && elf_image_dynamic(e, DT_STRSZ, &size)) {
        if (!loaded_at(e, names, size, &offset))
            return refuse(e, d, "its dynamic names are not in it");
        e->names = e->s->bytes + offset;
        e->names_size = size;
    }
    return true;
}

bool elf_image_open(struct arena *a, const struct source *s, struct elf_image *e, struct diag *d)
{
    struct elf_wrong wrong;
    *e = (struct elf_image){.a = a, .s = s, .f = elf_parse(a, (struct view){(const unsigned char *)s->bytes, s->size}, ELF_PROGRAM, &wrong)};
    return e->f ? open_dynamic(e, d) : refuse(e, d, wrong.why);
}

bool elf_image_dynamic(const struct elf_image *e, int64_t tag, uint64_t *value)
{
    for (size_t i = 0; i < e->dynamic_count; i++)
        if (e->dynamic[i].d_tag == tag) {
            if (value)
                *value = e->dynamic[i].d_un.d_val;
            return true;
        }
    return false;
}

bool elf_image_names(const struct elf_image *e, const char *end)
{
    size_t n = strlen(end) + 1; /* with its NUL */
    for (size_t i = 0; n <= e->names_size && i <= e->names_size - n; i++)
        if (memcmp(e->names + i, end, n) == 0)
            return true;
    return false;
}

/* One note: name and contents are padded to four bytes (gABI, "Note Section"). */
static const void *note_in(const char *at, size_t left, const char *owner, uint32_t type, size_t *size)
{
    while (left >= sizeof(Elf64_Nhdr)) {
        Elf64_Nhdr n;
        memcpy(&n, at, sizeof n);
        uint64_t name = ((uint64_t)n.n_namesz + 3) & ~UINT64_C(3), contents = ((uint64_t)n.n_descsz + 3) & ~UINT64_C(3);
        at += sizeof n;
        left -= sizeof n;
        if (name > left || n.n_descsz > left - name)
            return NULL;
        if (n.n_type == type && n.n_namesz == strlen(owner) + 1 && memcmp(at, owner, n.n_namesz) == 0) {
            *size = n.n_descsz;
            return at + name;
        }
        if (contents > left - name)
            return NULL;
        at += name + contents;
        left -= name + contents;
    }
    return NULL;
}

const void *elf_image_section(const struct elf_image *e, const char *name, size_t *size)
{
    const struct elf_section *s = elf_section_find(e->f, name);
    if (!s || s->type == SHT_NOBITS)
        return NULL;
    *size = s->bytes;
    return elf_section_bytes(e->f, s).at;
}

size_t elf_image_zeros(const struct elf_image *e, const char *name)
{
    const struct elf_section *s = elf_section_find(e->f, name);
    return s && s->type == SHT_NOBITS ? s->size : 0;
}

/* PT_NOTE says where notes are; those of a build may be known by their section alone, as in images of machines. */
const void *elf_image_note(const struct elf_image *e, const char *owner, uint32_t type, size_t *size)
{
    const void *found = NULL;
    for (size_t i = 0; i < e->f->segment_count && !found; i++)
        if (e->f->segments[i].p_type == PT_NOTE)
            found = note_in(e->s->bytes + e->f->segments[i].p_offset, e->f->segments[i].p_filesz, owner, type, size);
    for (size_t i = 1; i < e->f->section_count && !found; i++)
        if (e->f->sections[i].type == SHT_NOTE)
            found = note_in((const char *)elf_section_bytes(e->f, &e->f->sections[i]).at, e->f->sections[i].bytes, owner, type, size);
    return found;
}
