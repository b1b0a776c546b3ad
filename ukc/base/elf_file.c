/*
 * elf_file.c - see elf_file.h.
 */
#include "elf_file.h"
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static bool refuse(struct elf_wrong *wrong, enum elf_how how, const char *why)
{
    *wrong = (struct elf_wrong){how, why};
    return false;
}

static bool inside(const struct elf_file *f, uint64_t offset, uint64_t size)
{
    return offset <= f->file.size && size <= f->file.size - offset;
}

struct view elf_section_bytes(const struct elf_file *f, const struct elf_section *s)
{
    return s ? (struct view){f->file.at + s->offset, s->bytes} : (struct view){};
}

/* ---- the header, and what a loader reads ---- */

static bool read_header(struct elf_file *f, enum elf_kind kind, Elf64_Ehdr *head, struct elf_wrong *wrong)
{
    if (f->file.size < sizeof *head || memcmp(f->file.at, ELFMAG, SELFMAG) != 0)
        return refuse(wrong, ELF_FOREIGN, "it is no ELF file");
    memcpy(head, f->file.at, sizeof *head);
    if (head->e_ident[EI_CLASS] != ELFCLASS64 || head->e_ident[EI_DATA] != ELFDATA2LSB || head->e_machine != EM_X86_64)
        return refuse(wrong, ELF_OTHER_KIND, "it is not for x86-64");
    if (kind == ELF_OBJECT ? head->e_type != ET_REL : head->e_type != ET_EXEC && head->e_type != ET_DYN)
        return refuse(wrong, ELF_OTHER_KIND, kind == ELF_OBJECT ? "it is an ELF file, but not one that is linked" : "it is an ELF file, but not one that is run");
    f->moves = head->e_type == ET_DYN;
    f->entry = head->e_entry;
    return true;
}

static bool read_segments(struct elf_file *f, const Elf64_Ehdr *head, struct arena *a, struct elf_wrong *wrong)
{
    if (head->e_phentsize != sizeof(Elf64_Phdr) || head->e_phnum == 0 || head->e_phnum == PN_XNUM)
        return refuse(wrong, ELF_DAMAGED, "it has no program headers that a loader could read");
    f->program_headers = head->e_phoff;
    f->program_headers_size = (uint64_t)head->e_phnum * sizeof(Elf64_Phdr);
    if (!inside(f, f->program_headers, f->program_headers_size))
        return refuse(wrong, ELF_DAMAGED, "its program headers are beyond its end");
    f->segment_count = head->e_phnum;
    Elf64_Phdr *all = arena_array(a, Elf64_Phdr, f->segment_count);
    memcpy(all, f->file.at + head->e_phoff, f->program_headers_size);
    for (size_t i = 0; i < f->segment_count; i++) {
        if (!inside(f, all[i].p_offset, all[i].p_filesz))
            return refuse(wrong, ELF_DAMAGED, arena_printf(a, "program header %zu of %zu reaches beyond its end", i + 1, f->segment_count));
        if (all[i].p_type == PT_LOAD && (all[i].p_filesz > all[i].p_memsz || all[i].p_memsz > UINT64_MAX - all[i].p_vaddr))
            return refuse(wrong, ELF_DAMAGED, arena_printf(a, "program header %zu of %zu does not fit into memory", i + 1, f->segment_count));
    }
    f->segments = all;
    return true;
}

/* ---- sections ---- */

static void take_section(struct elf_file *f, struct elf_section *s, const Elf64_Shdr *h, size_t i, struct arena *a)
{
    *s = (struct elf_section){.type = h->sh_type, .link = h->sh_link, .info = h->sh_info, .flags = h->sh_flags, .address = h->sh_addr, .size = h->sh_size};
    uint64_t bytes = h->sh_type == SHT_NULL || h->sh_type == SHT_NOBITS ? 0 : h->sh_size;
    if (bytes && inside(f, h->sh_offset, bytes)) {
        s->offset = h->sh_offset;
        s->bytes = bytes;
    } else if (bytes && !f->damage) {
        f->damage = arena_printf(a, "its section %zu lies outside of it", i);
    }
    if (s->address + s->size < s->address && !f->damage)
        f->damage = arena_printf(a, "its section %zu is larger than memory", i);
}

static void read_sections(struct elf_file *f, const Elf64_Ehdr *head, struct arena *a)
{
    uint64_t size = (uint64_t)head->e_shnum * sizeof(Elf64_Shdr);
    if (head->e_shnum == 0 || head->e_shentsize != sizeof(Elf64_Shdr))
        f->damage = "it has no section headers";
    else if (!inside(f, head->e_shoff, size))
        f->damage = "its section headers lie outside of it";
    if (f->damage)
        return;
    struct elf_section *sections = arena_array(a, struct elf_section, head->e_shnum);
    Elf64_Shdr *headers = arena_array(a, Elf64_Shdr, head->e_shnum);
    memcpy(headers, f->file.at + head->e_shoff, size);
    f->section_headers = head->e_shoff;
    f->section_headers_size = size;
    f->section_count = head->e_shnum;
    for (size_t i = 0; i < f->section_count; i++)
        take_section(f, &sections[i], &headers[i], i, a);
    f->sections = sections;
    struct view text = head->e_shstrndx < f->section_count ? elf_section_bytes(f, &sections[head->e_shstrndx]) : (struct view){};
    for (size_t i = 0; i < f->section_count; i++)
        sections[i].name = *view_string(text, headers[i].sh_name) ? view_string(text, headers[i].sh_name) : arena_printf(a, "(section %zu)", i);
}

static void read_symbols(struct elf_file *f, struct arena *a)
{
    const struct elf_section *table = NULL;
    for (size_t i = 1; i < f->section_count && !table; i++)
        if (f->sections[i].type == SHT_SYMTAB && f->sections[i].bytes)
            table = &f->sections[i];
    if (!table)
        return;
    struct view names = table->link < f->section_count ? elf_section_bytes(f, &f->sections[table->link]) : (struct view){};
    struct reader r = reader_at(elf_section_bytes(f, table), 0);
    f->symbol_count = table->bytes / sizeof(Elf64_Sym);
    struct elf_symbol *symbols = arena_array(a, struct elf_symbol, f->symbol_count);
    for (size_t i = 0; i < f->symbol_count; i++) {
        struct elf_symbol *s = &symbols[i];
        s->name = view_string(names, read_number(&r, 4));
        uint64_t info = read_number(&r, 1);
        s->type = ELF64_ST_TYPE(info);
        s->binding = ELF64_ST_BIND(info);
        read_number(&r, 1);
        s->section = (uint32_t)read_number(&r, 2);
        s->address = read_number(&r, 8);
        s->size = read_number(&r, 8);
    }
    f->symbols = symbols;
}

struct elf_file *elf_parse(struct arena *a, struct view bytes, enum elf_kind kind, struct elf_wrong *wrong)
{
    struct elf_file *f = arena_new(a, struct elf_file);
    Elf64_Ehdr head;
    f->file = bytes;
    if (!read_header(f, kind, &head, wrong) || (kind == ELF_PROGRAM && !read_segments(f, &head, a, wrong)))
        return NULL;
    read_sections(f, &head, a);
    read_symbols(f, a);
    return f;
}

/* ---- by name ---- */

static bool map_file(const char *path, struct view *out, struct diag *d)
{
    struct stat st;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0 || fstat(fd, &st) != 0) {
        diag_fail(d, DIAG_OUTSIDE, SPAN_NONE, "cannot read '%s': %s", path, strerror(errno));
        if (fd >= 0)
            close(fd);
        return false;
    }
    if (!S_ISREG(st.st_mode) || st.st_size == 0) {
        close(fd);
        return diag_fail(d, DIAG_USAGE, SPAN_NONE, "'%s' is no image: %s", path, S_ISREG(st.st_mode) ? "it is empty" : "it is not a regular file");
    }
    void *at = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    int why = errno;
    close(fd);
    if (at == MAP_FAILED)
        return diag_fail(d, DIAG_OUTSIDE, SPAN_NONE, "cannot read '%s': %s", path, strerror(why));
    *out = (struct view){at, (uint64_t)st.st_size};
    return true;
}

static void report(const char *path, const struct elf_wrong *wrong, struct diag *d)
{
    switch (wrong->how) {
    case ELF_FOREIGN: diag_fail(d, DIAG_USAGE, SPAN_NONE, "'%s' is not an ELF file", path); break;
    case ELF_OTHER_KIND: diag_fail(d, DIAG_USAGE, SPAN_NONE, "'%s' is not an image: %s", path, wrong->why); break;
    case ELF_DAMAGED: diag_fail(d, DIAG_INTEGRITY, SPAN_NONE, "'%s' is damaged: %s", path, wrong->why); break;
    }
    diag_help(d, wrong->how == ELF_DAMAGED ? "'ukc build' makes an image anew when it is removed" : "name an image that 'ukc build' has made");
}

static struct elf_file *open_file(struct arena *a, const char *path, enum elf_kind kind, struct diag *d)
{
    struct view bytes;
    struct elf_wrong wrong;
    if (!map_file(path, &bytes, d))
        return NULL;
    struct elf_file *f = elf_parse(a, bytes, kind, &wrong);
    if (f && f->damage) {
        wrong = (struct elf_wrong){ELF_DAMAGED, f->damage};
        f = NULL;
    }
    if (f) {
        f->mapped = true;
        f->path = arena_strdup(a, path);
        return f;
    }
    munmap((void *)bytes.at, bytes.size);
    report(path, &wrong, d);
    return NULL;
}

struct elf_file *elf_file_open(struct arena *a, const char *path, struct diag *d)
{
    return open_file(a, path, ELF_PROGRAM, d);
}

struct elf_file *elf_object_open(struct arena *a, const char *path, struct diag *d)
{
    return open_file(a, path, ELF_OBJECT, d);
}

void elf_file_close(struct elf_file *f)
{
    if (f && f->mapped)
        munmap((void *)f->file.at, f->file.size);
}

/* ---- looking ---- */

const Elf64_Phdr *elf_segment_find(const struct elf_file *f, uint32_t type)
{
    for (size_t i = 0; i < f->segment_count; i++)
        if (f->segments[i].p_type == type)
            return &f->segments[i];
    return NULL;
}

bool elf_is_kept(const struct elf_file *f, const struct elf_section *s)
{
    return s->type == SHT_RELA && !(s->flags & SHF_ALLOC) && s->info < f->section_count && f->sections[s->info].flags & SHF_ALLOC;
}

bool elf_next_relocation(struct reader *in, struct elf_relocation *out)
{
    if (reader_left(in) < sizeof(Elf64_Rela))
        return false;
    uint64_t place = read_number(in, 8), info = read_number(in, 8);
    *out = (struct elf_relocation){place, (uint32_t)ELF64_R_TYPE(info), (uint32_t)ELF64_R_SYM(info), read_number(in, 8)};
    return true;
}

const struct elf_section *elf_section_find(const struct elf_file *f, const char *name)
{
    for (size_t i = 1; i < f->section_count; i++)
        if (strcmp(f->sections[i].name, name) == 0)
            return &f->sections[i];
    return NULL;
}

const struct elf_section *elf_section_at(const struct elf_file *f, uint64_t address)
{
    for (size_t i = 1; i < f->section_count; i++) {
        const struct elf_section *s = &f->sections[i];
        if (s->flags & SHF_ALLOC && !(s->flags & SHF_TLS && s->type == SHT_NOBITS) && address >= s->address && address - s->address < s->size)
            return s;
    }
    return NULL;
}

const struct elf_symbol *elf_function_at(const struct elf_file *f, uint64_t address)
{
    for (size_t k = 1; k < f->symbol_count; k++) {
        const struct elf_symbol *s = &f->symbols[k];
        if (s->type == STT_FUNC && address >= s->address && address - s->address < s->size)
            return s;
    }
    return NULL;
}
