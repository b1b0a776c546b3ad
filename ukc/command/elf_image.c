/*
 * elf_image.c - reading an ELF file that nobody vouches for (see elf_image.h).
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

static bool within(const struct elf_image *e, uint64_t offset, uint64_t size)
{
    return offset <= e->s->size && size <= e->s->size - offset;
}

static bool refuse(const struct elf_image *e, struct diag *d, const char *why)
{
    diag_fail(d, DIAG_INTEGRITY, SPAN_NONE, "'%s' is no image: %s", source_shown(e->s), why);
    return diag_help(d, "'ukc build' prints where an image is");
}

static bool open_head(struct elf_image *e, struct diag *d)
{
    if (!within(e, 0, sizeof e->head) || memcmp(e->s->bytes, ELFMAG, SELFMAG) != 0)
        return refuse(e, d, "it is no ELF file");
    memcpy(&e->head, e->s->bytes, sizeof e->head);
    if (e->head.e_ident[EI_CLASS] != ELFCLASS64 || e->head.e_ident[EI_DATA] != ELFDATA2LSB || e->head.e_machine != EM_X86_64)
        return refuse(e, d, "it is not for x86-64");
    if (e->head.e_type != ET_EXEC && e->head.e_type != ET_DYN)
        return refuse(e, d, "it is an ELF file, but not one that is run");
    if (e->head.e_phentsize != sizeof(Elf64_Phdr) || e->head.e_phnum == 0 || e->head.e_phnum == PN_XNUM)
        return refuse(e, d, "it has no program headers that a loader could read");
    return within(e, e->head.e_phoff, (uint64_t)e->head.e_phnum * sizeof(Elf64_Phdr)) || refuse(e, d, "its program headers are beyond its end");
}

static bool open_segments(struct elf_image *e, struct diag *d)
{
    e->segment_count = e->head.e_phnum;
    Elf64_Phdr *all = arena_array(e->a, Elf64_Phdr, e->segment_count);
    memcpy(all, e->s->bytes + e->head.e_phoff, e->segment_count * sizeof *all);
    e->segments = all;
    for (size_t i = 0; i < e->segment_count; i++) {
        if (!within(e, all[i].p_offset, all[i].p_filesz))
            return refuse(e, d, arena_printf(e->a, "program header %zu of %zu reaches beyond its end", i + 1, e->segment_count));
        if (all[i].p_type == PT_LOAD && (all[i].p_filesz > all[i].p_memsz || all[i].p_memsz > UINT64_MAX - all[i].p_vaddr))
            return refuse(e, d, arena_printf(e->a, "program header %zu of %zu does not fit into memory", i + 1, e->segment_count));
    }
    return true;
}

/* Where the file has what is loaded at an address, as far as its segment goes. */
static bool loaded_at(const struct elf_image *e, uint64_t address, uint64_t size, uint64_t *offset)
{
    for (size_t i = 0; i < e->segment_count; i++) {
        const Elf64_Phdr *p = &e->segments[i];
        if (p->p_type != PT_LOAD || address < p->p_vaddr || address - p->p_vaddr > p->p_filesz || size > p->p_filesz - (address - p->p_vaddr))
            continue;
        *offset = p->p_offset + (address - p->p_vaddr);
        return true;
    }
    return false;
}

static bool open_dynamic(struct elf_image *e, struct diag *d)
{
    const Elf64_Phdr *p = elf_image_segment(e, PT_DYNAMIC);
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
    *e = (struct elf_image){.a = a, .s = s};
    return open_head(e, d) && open_segments(e, d) && open_dynamic(e, d);
}

const Elf64_Phdr *elf_image_segment(const struct elf_image *e, uint32_t type)
{
    for (size_t i = 0; i < e->segment_count; i++)
        if (e->segments[i].p_type == type)
            return &e->segments[i];
    return NULL;
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

/* A section whose contents, if it has any in the file, are in it; false: there is no such section, or no section any more. */
static bool section_at(const struct elf_image *e, size_t index, Elf64_Shdr *section)
{
    if (index >= e->head.e_shnum || e->head.e_shentsize != sizeof *section || !within(e, e->head.e_shoff, e->head.e_shnum * sizeof *section))
        return false;
    memcpy(section, e->s->bytes + e->head.e_shoff + index * sizeof *section, sizeof *section);
    if (section->sh_type == SHT_NOBITS) /* its size is that in memory */
        section->sh_offset = 0;
    else if (!within(e, section->sh_offset, section->sh_size))
        section->sh_offset = section->sh_size = 0;
    return true;
}

static bool find_section(const struct elf_image *e, const char *name, Elf64_Shdr *section)
{
    Elf64_Shdr names;
    size_t length = strlen(name) + 1;
    if (!section_at(e, e->head.e_shstrndx, &names) || names.sh_type == SHT_NOBITS)
        return false;
    for (size_t i = 0; section_at(e, i, section); i++)
        if (section->sh_name < names.sh_size && length <= names.sh_size - section->sh_name &&
            memcmp(e->s->bytes + names.sh_offset + section->sh_name, name, length) == 0)
            return true;
    return false;
}

const void *elf_image_section(const struct elf_image *e, const char *name, size_t *size)
{
    Elf64_Shdr section;
    if (!find_section(e, name, &section) || section.sh_type == SHT_NOBITS)
        return NULL;
    *size = section.sh_size;
    return e->s->bytes + section.sh_offset;
}

size_t elf_image_zeros(const struct elf_image *e, const char *name)
{
    Elf64_Shdr section;
    return find_section(e, name, &section) && section.sh_type == SHT_NOBITS ? section.sh_size : 0;
}

/* PT_NOTE says where notes are; those of a build may be known by their section alone, as in images of machines. */
const void *elf_image_note(const struct elf_image *e, const char *owner, uint32_t type, size_t *size)
{
    const void *found = NULL;
    for (size_t i = 0; i < e->segment_count && !found; i++)
        if (e->segments[i].p_type == PT_NOTE)
            found = note_in(e->s->bytes + e->segments[i].p_offset, e->segments[i].p_filesz, owner, type, size);
    Elf64_Shdr section;
    for (size_t i = 0; !found && section_at(e, i, &section); i++)
        if (section.sh_type == SHT_NOTE)
            found = note_in(e->s->bytes + section.sh_offset, section.sh_size, owner, type, size);
    return found;
}
