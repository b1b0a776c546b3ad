/*
 * embed_object.c - an ELF64 relocatable object for x86-64 (System V ABI, AMD64 supplement 1.0, chapter 4).
 *
 *     file header | .lrodata: contents | .rodata: tables | .data.rel.ro: the blob | relocations | symbols | names | section headers
 *
 * Contents are in a "large" section (SHF_X86_64_LARGE), which linkers place
 * away from code, so that no 32-bit displacement has to reach across it.  The
 * blob points to it with 64-bit relocations and is read-only after them.
 *
 * Each content has a local symbol, its path and how it is compressed, so that the linked file says what lies where ("htdocs/index.html (gzip)"); a stripped
 * image has none of them.
 */
#include "embedding.h"

#include <assert.h>
#include <elf.h>
#include <string.h>

#ifndef SHF_X86_64_LARGE
#define SHF_X86_64_LARGE 0x10000000
#endif

static_assert(sizeof(Elf64_Ehdr) == OBJECT_DATA_OFFSET, "the contents follow the file header, aligned");
static_assert(sizeof(Elf64_Shdr) == 64 && sizeof(Elf64_Sym) == 24 && sizeof(Elf64_Rela) == 24, "ELF-64 object file format 1.5");
static_assert(OBJECT_DATA_OFFSET % EMBED_ALIGNMENT == 0, "contents are aligned in the file as in memory");

enum section { NONE, DATA, TABLES, BLOB, RELOCATIONS, SYMBOLS, STRINGS, NAMES, STACK, SECTION_COUNT };
enum symbol { SYMBOL_NONE, SYMBOL_DATA, SYMBOL_TABLES, SYMBOL_NAMED };

/* Offsets of the section names in this text. */
static const char section_names[] = "\0.lrodata\0.rodata\0.data.rel.ro\0.rela.data.rel.ro\0.symtab\0.strtab\0.shstrtab\0.note.GNU-stack";
enum { NAME_DATA = 1, NAME_TABLES = 10, NAME_BLOB = 18, NAME_RELOCATIONS = 31, NAME_SYMBOLS = 49, NAME_STRINGS = 57, NAME_NAMES = 65, NAME_STACK = 75 };
static_assert(sizeof section_names == NAME_STACK + sizeof ".note.GNU-stack", "the offsets above");

struct tables {
    uint64_t entries, forms, slots, strings; /* offsets in the section */
};

/* Appends a section's bytes and fills in where they are. */
static void begin(struct output *o, Elf64_Shdr *section, uint64_t alignment)
{
    output_align(o, alignment);
    section->sh_offset = o->at;
    section->sh_addralign = alignment;
}

static void end(struct output *o, Elf64_Shdr *section)
{
    section->sh_size = o->at - section->sh_offset;
}

static struct tables write_tables(struct output *o, Elf64_Shdr *section, const struct packed *p, const struct embed_index *index)
{
    struct tables t;
    begin(o, section, 16);
    t.entries = o->at - section->sh_offset;
    output_write(o, p->entries.items, p->entries.count * sizeof *p->entries.items);
    output_align(o, 8);
    t.forms = o->at - section->sh_offset;
    output_write(o, p->forms.items, p->forms.count * sizeof *p->forms.items);
    t.slots = o->at - section->sh_offset;
    output_write(o, index->slots, index->slot_count * sizeof *index->slots);
    t.strings = o->at - section->sh_offset;
    output_write(o, text_string(&p->strings), p->strings.size + 1);
    end(o, section);
    return t;
}

static void write_blob(struct output *o, Elf64_Shdr *section, uint64_t data_size, const struct packed *p, const struct embed_index *index)
{
    const struct embed_blob blob = {
        .data_size = data_size,
        .entry_count = (uint32_t)p->entries.count,
        .slot_mask = index->slot_count - 1,
        .probe_most = index->probe_most,
        .seed = index->seed,
    };
    begin(o, section, 16);
    output_write(o, &blob, sizeof blob);
    end(o, section);
}

static void write_relocations(struct output *o, Elf64_Shdr *section, const struct tables *t)
{
#define POINTER(field, to, at) \
    {.r_offset = offsetof(struct embed_blob, field), .r_info = ELF64_R_INFO((uint64_t)(to), R_X86_64_64), .r_addend = (int64_t)(at)}
    const Elf64_Rela relocations[] = {
        POINTER(data, SYMBOL_DATA, 0),
        POINTER(entries, SYMBOL_TABLES, t->entries),
        POINTER(forms, SYMBOL_TABLES, t->forms),
        POINTER(slots, SYMBOL_TABLES, t->slots),
        POINTER(strings, SYMBOL_TABLES, t->strings),
    };
#undef POINTER
    begin(o, section, 8);
    output_write(o, relocations, sizeof relocations);
    end(o, section);
    section->sh_entsize = sizeof(Elf64_Rela);
    section->sh_link = SYMBOLS;
    section->sh_info = BLOB;
}

/* The name's place in the names of symbols. */
static uint32_t add_name(struct text *names, const char *directory, const char *name, const char *form)
{
    uint32_t at = (uint32_t)names->size + 1; /* they begin with the empty one */
    text_printf(names, "%s/%s%s", directory, name, form);
    text_putc(names, '\0');
    return at;
}

static void write_named(struct output *o, const struct embed_input *input, const struct packed *p, struct text *names)
{
    static const char *const forms[] = {[EMBED_AS_IS] = "", [EMBED_GZIP] = " (gzip)", [EMBED_ZSTD] = " (zstd)"};
    for (size_t i = 0; i < p->entries.count; i++)
        for (uint32_t k = 0; k < p->entries.items[i].form_count; k++) {
            const struct embed_form *form = &p->forms.items[p->entries.items[i].form + k];
            const Elf64_Sym symbol = {.st_name = add_name(names, input->directory, input->names[i], forms[form->encoding]),
                                      .st_info = ELF64_ST_INFO(STB_LOCAL, STT_OBJECT), .st_shndx = DATA, .st_value = form->offset, .st_size = form->size};
            output_write(o, &symbol, sizeof symbol);
        }
}

static void write_symbols(struct output *o, Elf64_Shdr *section, const struct embed_input *input, const struct packed *p, struct text *names, uint64_t tables_size)
{
    text_puts(names, input->symbol);
    text_putc(names, '\0');
    const Elf64_Sym symbols[] = {
        [SYMBOL_DATA] = {.st_info = ELF64_ST_INFO(STB_LOCAL, STT_SECTION), .st_shndx = DATA},
        [SYMBOL_TABLES] = {.st_info = ELF64_ST_INFO(STB_LOCAL, STT_SECTION), .st_shndx = TABLES},
        [SYMBOL_NAMED] = {.st_name = add_name(names, input->directory, "", "(names)"), .st_info = ELF64_ST_INFO(STB_LOCAL, STT_OBJECT), .st_shndx = TABLES,
                          .st_size = tables_size},
    };
    const Elf64_Sym blob = {.st_name = 1, .st_info = ELF64_ST_INFO(STB_GLOBAL, STT_OBJECT), .st_other = STV_HIDDEN, .st_shndx = BLOB,
                            .st_size = sizeof(struct embed_blob)};
    begin(o, section, 8);
    output_write(o, symbols, sizeof symbols);
    write_named(o, input, p, names);
    section->sh_info = (uint32_t)((o->at - section->sh_offset) / sizeof blob); /* the first that is not local */
    output_write(o, &blob, sizeof blob);
    end(o, section);
    section->sh_entsize = sizeof(Elf64_Sym);
    section->sh_link = STRINGS;
}

static void write_bytes(struct output *o, Elf64_Shdr *section, const char *before, const char *bytes, size_t n)
{
    begin(o, section, 1);
    output_write(o, before, 1); /* strings begin with the empty one */
    output_write(o, bytes, n);
    end(o, section);
}

static void write_file_header(struct output *o, uint64_t headers)
{
    const Elf64_Ehdr header = {
        .e_ident = {ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB, EV_CURRENT, ELFOSABI_NONE},
        .e_type = ET_REL, .e_machine = EM_X86_64, .e_version = EV_CURRENT, .e_shoff = headers, .e_ehsize = sizeof(Elf64_Ehdr),
        .e_shentsize = sizeof(Elf64_Shdr), .e_shnum = SECTION_COUNT, .e_shstrndx = NAMES,
    };
    output_patch(o, 0, &header, sizeof header);
}

void embed_object_finish(struct output *o, const struct embed_input *input, const struct packed *p, const struct embed_index *index)
{
    struct text names = {};
    Elf64_Shdr s[SECTION_COUNT] = {
        [DATA] = {.sh_name = NAME_DATA, .sh_type = SHT_PROGBITS, .sh_flags = SHF_ALLOC | SHF_X86_64_LARGE, .sh_offset = OBJECT_DATA_OFFSET,
                  .sh_size = o->at - OBJECT_DATA_OFFSET, .sh_addralign = EMBED_ALIGNMENT},
        [TABLES] = {.sh_name = NAME_TABLES, .sh_type = SHT_PROGBITS, .sh_flags = SHF_ALLOC},
        [BLOB] = {.sh_name = NAME_BLOB, .sh_type = SHT_PROGBITS, .sh_flags = SHF_ALLOC | SHF_WRITE},
        [RELOCATIONS] = {.sh_name = NAME_RELOCATIONS, .sh_type = SHT_RELA, .sh_flags = SHF_INFO_LINK},
        [SYMBOLS] = {.sh_name = NAME_SYMBOLS, .sh_type = SHT_SYMTAB},
        [STRINGS] = {.sh_name = NAME_STRINGS, .sh_type = SHT_STRTAB},
        [NAMES] = {.sh_name = NAME_NAMES, .sh_type = SHT_STRTAB},
        [STACK] = {.sh_name = NAME_STACK, .sh_type = SHT_PROGBITS, .sh_offset = OBJECT_DATA_OFFSET, .sh_addralign = 1},
    };
    struct tables t = write_tables(o, &s[TABLES], p, index);
    write_blob(o, &s[BLOB], s[DATA].sh_size, p, index);
    write_relocations(o, &s[RELOCATIONS], &t);
    write_symbols(o, &s[SYMBOLS], input, p, &names, s[TABLES].sh_size);
    write_bytes(o, &s[STRINGS], "", names.bytes, names.size);
    text_dispose(&names);
    write_bytes(o, &s[NAMES], "", section_names + 1, sizeof section_names - 1);
    output_align(o, 8);
    uint64_t headers = o->at;
    output_write(o, s, sizeof s);
    write_file_header(o, headers);
}
