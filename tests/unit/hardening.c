/*
 * hardening.c - what is read from an image's file: of this program itself, whole, cut off, and with each byte of its headers changed.
 */
#include "test.h"

#include <string.h>

#include "../../ukc/base/file.h"
#include "../../ukc/image/hardening.h"

static const struct source *self(struct arena *a, struct diag *d)
{
    const struct source *s = file_read(a, "/proc/self/exe", SPAN_NONE, (size_t)1 << 30, d);
    assert_non_null(s);
    return s;
}

static const struct hardening_feature *feature(const struct hardening *h, const char *name)
{
    for (size_t i = 0; i < h->count; i++)
        if (strcmp(h->features[i].name, name) == 0)
            return &h->features[i];
    fail_msg("no feature %s", name);
    return NULL;
}

static void reads_a_program(void **state)
{
    (void)state;
    struct arena *a = arena_create();
    struct diag *d = diag_create();
    const struct hardening *h = hardening_read(a, self(a, d), d);
    assert_non_null(h);
    assert_false(h->machine);
    assert_int_equal(feature(h, "w_xor_x")->held, HELD_YES);
    assert_int_equal(feature(h, "nx_stack")->held, HELD_YES);
    assert_int_equal(feature(h, "auto_var_init")->held, HELD_UNSEEN);
    diag_destroy(d);
    arena_destroy(a);
}

/* A header with some segments, and room for them. */
struct made {
    Elf64_Ehdr head;
    Elf64_Phdr segments[4];
    unsigned char code[64];
};

static struct made made(void)
{
    struct made m = {
        .head = {.e_ident = ELFMAG, .e_type = ET_EXEC, .e_machine = EM_X86_64, .e_phoff = sizeof(Elf64_Ehdr), .e_phentsize = sizeof(Elf64_Phdr), .e_phnum = 3},
        .segments = {
            {.p_type = PT_LOAD, .p_flags = PF_R | PF_X, .p_vaddr = 0x100000, .p_offset = offsetof(struct made, code), .p_filesz = 64, .p_memsz = 64},
            {.p_type = PT_LOAD, .p_flags = PF_R | PF_W, .p_vaddr = 0x101000, .p_memsz = 64},
            {.p_type = PT_GNU_STACK, .p_flags = PF_R | PF_W},
        },
    };
    m.head.e_ident[EI_CLASS] = ELFCLASS64;
    m.head.e_ident[EI_DATA] = ELFDATA2LSB;
    return m;
}

static enum held held(const struct made *m, const char *name)
{
    struct arena *a = arena_create();
    struct diag *d = diag_create();
    const struct source s = {.path = "made", .bytes = (const char *)m, .size = sizeof *m};
    const struct hardening *h = hardening_read(a, &s, d);
    assert_non_null(h);
    enum held answer = feature(h, name)->held;
    diag_destroy(d);
    arena_destroy(a);
    return answer;
}

static void tells_what_is_lacking(void **state)
{
    (void)state;
    struct made m = made();
    assert_int_equal(held(&m, "pie"), HELD_NO);
    assert_int_equal(held(&m, "w_xor_x"), HELD_YES);
    assert_int_equal(held(&m, "nx_stack"), HELD_YES);
    assert_int_equal(held(&m, "null_page"), HELD_YES);
    assert_int_equal(held(&m, "stack_protector"), HELD_UNSEEN);
    assert_int_equal(held(&m, "cfi"), HELD_NO);
    assert_int_equal(held(&m, "seccomp"), HELD_UNSEEN); /* it has no section headers */
    assert_int_equal(held(&m, "landlock"), HELD_UNSEEN);
    m.segments[1].p_vaddr = 0x100800; /* data on the page of code */
    assert_int_equal(held(&m, "w_xor_x"), HELD_NO);
    m.segments[1].p_vaddr = 0x101000;
    m.segments[1].p_flags |= PF_X;
    assert_int_equal(held(&m, "w_xor_x"), HELD_NO);
    m.segments[2].p_flags |= PF_X;
    assert_int_equal(held(&m, "nx_stack"), HELD_NO);
    m.segments[2].p_type = PT_NULL;
    assert_int_equal(held(&m, "nx_stack"), HELD_NO);
    m.segments[0].p_vaddr = 0;
    assert_int_equal(held(&m, "null_page"), HELD_NO);
}

static void sees_instructions(void **state)
{
    (void)state;
    static const unsigned char canary[] = {0x64, 0x4c, 0x8b, 0x1c, 0x25, 0x28, 0, 0, 0}, call[] = {0x67, 0x0f, 0xb9, 0x40, 2}, shift[] = {0x67, 0x0f, 0xb9, 0x40, 20},
                               sum[] = {0x67, 0x0f, 0xb9, 0};
    struct made m = made();
    memcpy(m.code + 55, canary, sizeof canary); /* the very last bytes */
    assert_int_equal(held(&m, "stack_protector"), HELD_YES);
    memcpy(m.code + 1, call, sizeof call);
    assert_int_equal(held(&m, "cfi"), HELD_YES);
    assert_int_equal(held(&m, "traps"), HELD_UNSEEN);
    memcpy(m.code + 8, shift, sizeof shift);
    assert_int_equal(held(&m, "traps"), HELD_YES);
    m = made();
    memcpy(m.code + sizeof m.code - sizeof call + 1, call, sizeof call - 1); /* cut off before it says of which check */
    assert_int_equal(held(&m, "cfi"), HELD_NO);
    assert_int_equal(held(&m, "traps"), HELD_UNSEEN);
    memcpy(m.code + sizeof m.code - sizeof sum, sum, sizeof sum);
    assert_int_equal(held(&m, "traps"), HELD_YES);
}

/* Refused or read, but nothing beyond the bytes is touched: they are the arena's own, which ASan watches. */
static void try_bytes(const char *bytes, size_t size)
{
    struct arena *a = arena_create();
    struct diag *d = diag_create();
    const struct source s = {.path = "hostile", .bytes = arena_memdup(a, bytes, size), .size = size};
    const struct hardening *h = hardening_read(a, &s, d);
    assert_int_equal(h == NULL, diag_errors(d) > 0);
    assert_true(h || diag_status(d) == DIAG_INTEGRITY);
    diag_destroy(d);
    arena_destroy(a);
}

static void survives_hostile_files(void **state)
{
    (void)state;
    struct made m = made();
    char *bytes = (char *)&m;
    for (size_t size = 0; size <= sizeof m; size++)
        try_bytes(bytes, size);
    static const unsigned kinds[] = {PT_DYNAMIC, PT_NOTE, PT_INTERP, PT_GNU_RELRO};
    for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++) {
        m.segments[2] = (Elf64_Phdr){.p_type = kinds[k], .p_offset = 8, .p_filesz = sizeof m - 8, .p_memsz = 8};
        for (size_t at = 0; at < sizeof m; at++)
            for (unsigned bit = 0; bit < 8; bit++) {
                bytes[at] = (char)(bytes[at] ^ 1 << bit);
                try_bytes(bytes, sizeof m);
                bytes[at] = (char)(bytes[at] ^ 1 << bit);
            }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_a_program),
        cmocka_unit_test(tells_what_is_lacking),
        cmocka_unit_test(sees_instructions),
        cmocka_unit_test(survives_hostile_files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
