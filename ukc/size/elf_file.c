/*
 * elf_file.c - see elf_file.h.
 */
#include "elf_file.h"
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static bool damaged(const struct elf_file *f, struct diag *d, const char *what)
{
    diag_fail(d, DIAG_INTEGRITY, SPAN_NONE, "'%s' is damaged: %s", f->path, what);
    return diag_help(d, "'ukc build' makes an image anew when it is removed");
}

static bool map_file(struct elf_file *f, struct diag *d)
{
    struct stat st;
    int fd = open(f->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0 || fstat(fd, &st) != 0) {
        diag_fail(d, DIAG_OUTSIDE, SPAN_NONE, "cannot read '%s': %s", f->path, strerror(errno));
        if (fd >= 0)
            close(fd);
        return false;
    }
    if (!S_ISREG(st.st_mode) || st.st_size == 0) {
        close(fd);
        return diag_fail(d, DIAG_USAGE, SPAN_NONE, "'%s' is no image: %s", f->path, S_ISREG(st.st_mode) ? "it is empty" : "it is not a regular file");
    }
    void *at = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    int why = errno;
    close(fd);
    if (at == MAP_FAILED)
        return diag_fail(d, DIAG_OUTSIDE, SPAN_NONE, "cannot read '%s': %s", f->path, strerror(why));
    f->file = (struct view){at, (uint64_t)st.st_size};
    return true;
}

static bool inside(const struct elf_file *f, uint64_t offset, uint64_t size)
{
    return offset <= f->file.size && size <= f->file.size - offset;
}

struct view elf_section_bytes(const struct elf_file *f, const struct elf_section *s)
{
    return s ? (struct view){f->file.at + s->offset, s->bytes} : (struct view){};
}

static bool read_header(struct elf_file *f, bool object, uint32_t *names, struct diag *d)
{
    struct reader r = reader_at(f->file, EI_NIDENT);
    if (f->file.size < sizeof(Elf64_Ehdr) || memcmp(f->file.at, ELFMAG, SELFMAG) != 0) {
        diag_fail(d, DIAG_USAGE, SPAN_NONE, "'%s' is not an ELF file", f->path);
        return diag_help(d, "name an image that 'ukc build' has made");
    }
    uint64_t type = read_number(&r, 2), machine = read_number(&r, 2);
    if (f->file.at[EI_CLASS] != ELFCLASS64 || f->file.at[EI_DATA] != ELFDATA2LSB || machine != EM_X86_64 ||
        (object ? type != ET_REL : type != ET_EXEC && type != ET_DYN)) {
        diag_fail(d, DIAG_USAGE, SPAN_NONE, "'%s' is not an image: no 64-bit program for x86-64", f->path);
        return diag_help(d, "name an image that 'ukc build' has made");
    }
    read_number(&r, 4);
    f->entry = read_number(&r, 8);
    f->program_headers = read_number(&r, 8);
    f->section_headers = read_number(&r, 8);
    read_number(&r, 6);
    uint64_t program_size = read_number(&r, 2), program_count = read_number(&r, 2);
    uint64_t section_size = read_number(&r, 2);
    f->section_count = read_number(&r, 2);
    *names = (uint32_t)read_number(&r, 2);
    f->program_headers_size = program_count * program_size;
    f->section_headers_size = f->section_count * section_size;
    if (!inside(f, f->program_headers, f->program_headers_size))
        return damaged(f, d, "its program headers lie outside of it");
    if (f->section_count == 0 || section_size != sizeof(Elf64_Shdr))
        return damaged(f, d, "it has no section headers");
    return inside(f, f->section_headers, f->section_headers_size) || damaged(f, d, "its section headers lie outside of it");
}

static bool read_sections(struct elf_file *f, uint32_t names, struct arena *a, struct diag *d)
{
    struct elf_section *sections = arena_array(a, struct elf_section, f->section_count);
    uint64_t *name = arena_array(a, uint64_t, f->section_count);
    struct reader r = reader_at(f->file, f->section_headers);
    for (size_t i = 0; i < f->section_count; i++) {
        struct elf_section *s = &sections[i];
        name[i] = read_number(&r, 4);
        s->type = (uint32_t)read_number(&r, 4);
        s->flags = read_number(&r, 8);
        s->address = read_number(&r, 8);
        s->offset = read_number(&r, 8);
        s->size = read_number(&r, 8);
        s->link = (uint32_t)read_number(&r, 4);
        s->info = (uint32_t)read_number(&r, 4);
        read_number(&r, 8);
        read_number(&r, 8);
        s->bytes = s->type == SHT_NULL || s->type == SHT_NOBITS ? 0 : s->size;
        if (s->bytes && !inside(f, s->offset, s->bytes))
            return damaged(f, d, arena_printf(a, "its section %zu lies outside of it", i));
        if (!s->bytes)
            s->offset = 0;
        if (s->address + s->size < s->address)
            return damaged(f, d, arena_printf(a, "its section %zu is larger than memory", i));
    }
    f->sections = sections;
    struct view text = names < f->section_count ? elf_section_bytes(f, &sections[names]) : (struct view){};
    for (size_t i = 0; i < f->section_count; i++)
        sections[i].name = *view_string(text, name[i]) ? view_string(text, name[i]) : arena_printf(a, "(section %zu)", i);
    return true;
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

static struct elf_file *open_file(struct arena *a, const char *path, bool object, struct diag *d)
{
    struct elf_file *f = arena_new(a, struct elf_file);
    uint32_t names = 0;
    f->path = arena_strdup(a, path);
    if (!map_file(f, d))
        return NULL;
    if (!read_header(f, object, &names, d) || !read_sections(f, names, a, d)) {
        elf_file_close(f);
        return NULL;
    }
    read_symbols(f, a);
    return f;
}

struct elf_file *elf_file_open(struct arena *a, const char *path, struct diag *d)
{
    return open_file(a, path, false, d);
}

struct elf_file *elf_object_open(struct arena *a, const char *path, struct diag *d)
{
    return open_file(a, path, true, d);
}

void elf_file_close(struct elf_file *f)
{
    if (f && f->file.at)
        munmap((void *)f->file.at, f->file.size);
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
