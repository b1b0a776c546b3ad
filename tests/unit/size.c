/*
 * size.c - parts of an image: a small one in which each byte is changed in turn; the linker's map; numbers at the end.
 */
#include "../../ukc/size/debug_info.h"
#include "../../ukc/size/link_map.h"
#include "../../ukc/size/size.h"
#include "test.h"

static const char *const program =
    "static const char *const words[] = {\"one\", \"two\"};\n"
    "static int number = 4;\n"
    "__attribute__((noinline)) static int answer(int n) { return (int)words[n & 1][0] + number; }\n"
    "void _start(void) { for (;;) number = answer(number); }\n";

static void build(void)
{
    FILE *f = fopen("t.c", "w");
    assert_non_null(f);
    fputs(program, f);
    fclose(f);
    assert_int_equal(system("clang-19 --target=x86_64-linux-gnu -gdwarf-4 -O1 -ffunction-sections -fdata-sections -fno-pic -nostdlib -static -fuse-ld=lld "
                            "-Xclang -dwarf-debug-flags -Xclang instance=us -Wl,--emit-relocs -Wl,-Map=t.map -o t.elf t.c && llvm-objcopy-19 --strip-all t.elf t"), 0);
}

/* The parts lie one behind the other, to the file's end. */
static void check_parts(const struct size_report *r)
{
    uint64_t at = 0;
    for (size_t i = 0; i < r->count; i++) {
        assert_int_equal(r->parts[i].offset, at);
        assert_true(r->parts[i].bytes > 0);
        assert_true(*r->parts[i].instance && *r->parts[i].symbol);
        at += r->parts[i].bytes;
    }
    assert_int_equal(at, r->bytes);
}

static const struct size_sum *sum_of(struct arena *a, const struct size_report *r, enum size_by by, const char *name)
{
    size_t count;
    const struct size_sum *sums = size_sums(a, r, by, &count);
    for (size_t i = 0; i < count; i++)
        if (strcmp(sums[i].name, name) == 0)
            return &sums[i];
    fail_msg("nothing is called %s", name);
    return NULL;
}

static void test_parts(void **)
{
    struct arena *a = arena_create();
    struct diag *d = diag_create();
    build();
    const struct size_report *r = size_read(a, &(struct size_sources){"t", "t.elf", "t.map"}, d);
    assert_non_null(r);
    check_parts(r);
    assert_string_equal(sum_of(a, r, SIZE_BY_symbol, "answer")->instance, "(host)"); /* its object is nowhere below build/ */
    assert_string_equal(sum_of(a, r, SIZE_BY_file, "t.c")->name, "t.c");
    assert_int_equal(sum_of(a, r, SIZE_BY_symbol, "(strings)")->bytes, 8);
    assert_int_equal(sum_of(a, r, SIZE_BY_symbol, "words")->bytes, 16);
    r = size_read(a, &(struct size_sources){"t", "t.elf", NULL}, d); /* without the map the debug information says whose it is */
    assert_non_null(r);
    check_parts(r);
    assert_string_equal(sum_of(a, r, SIZE_BY_symbol, "answer")->instance, "us");
    r = size_read(a, &(struct size_sources){"t", NULL, NULL}, d);
    assert_non_null(r);
    check_parts(r);
    assert_int_equal(diag_errors(d), 0);
    for (size_t i = 1; i <= 2; i++) { /* also where something else was wrong before */
        assert_null(size_read(a, &(struct size_sources){"t", "t.elf", "none.map"}, d));
        assert_int_equal(diag_errors(d), i);
    }
    diag_destroy(d);
    arena_destroy(a);
}

/* Either it is said what is wrong, or every byte is told. */
static void try_file(const char *linked)
{
    struct arena *a = arena_create();
    struct diag *d = diag_create();
    const struct size_report *r = size_read(a, &(struct size_sources){linked, linked, "t.map"}, d);
    if (r)
        check_parts(r);
    assert_true(r ? diag_errors(d) == 0 : diag_errors(d) > 0);
    diag_destroy(d);
    arena_destroy(a);
}

static void write_file(const char *path, const void *bytes, size_t size)
{
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    assert_int_equal(fwrite(bytes, 1, size, f), size);
    fclose(f);
}

static void test_hostile(void **)
{
    static unsigned char bytes[1 << 16];
    build();
    FILE *f = fopen("t.elf", "r");
    assert_non_null(f);
    size_t size = fread(bytes, 1, sizeof bytes, f);
    fclose(f);
    assert_true(size > 1000 && size < sizeof bytes);
    for (size_t n = 0; n < size; n += 97) { /* cut short */
        write_file("broken", bytes, n);
        try_file("broken");
    }
    for (size_t i = 0; i < size; i++) {
        static const unsigned char changes[] = {0xff, 0x80, 1};
        unsigned char change = changes[i % sizeof changes];
        bytes[i] ^= change;
        write_file("broken", bytes, size);
        try_file("broken");
        bytes[i] ^= change;
    }
}

static void test_map(void **)
{
    struct arena *a = arena_create();
    const struct link_map *m = link_map_parse(a, "             VMA              LMA     Size Align Out     In      Symbol\n"
                                                 "          100000           100000       10    16 .text\n"
                                                 "          100008           100008        8     8         a:(b/c.o:(.text.f)\n"
                                                 "          100008           100008        8     1                 f\n"
                                                 "          100000           100000        8    16         <internal>:(.text)\n"
                                                 "               0                0   200000     8 .rela.text\n"
                                                 "          100008           100008        4     8         a:(b/c.o:(.rela.text.f)\n"
                                                 "               0                0        8    16         x.o:(.debug_line)\n"
                                                 "nonsense\n"
                                                 "          100000");
    assert_int_equal(m->count, 2);
    assert_string_equal(m->items[0].object, "<internal>");
    assert_string_equal(m->items[1].object, "a:(b/c.o");
    assert_string_equal(m->items[1].section, ".text.f");
    assert_int_equal(m->items[1].size, 8);
    arena_destroy(a);
}

static void test_numbers(void **)
{
    static const unsigned char bytes[] = {0xe5, 0x8e, 0x26, 0x7f, 0x80, 'a', 0, 'b'};
    struct reader r = reader_at((struct view){bytes, sizeof bytes}, 0);
    assert_int_equal(read_uleb(&r), 624485);
    assert_int_equal(read_sleb(&r), -1);
    assert_int_equal(read_number(&r, 1), 0x80);
    assert_string_equal(read_string(&r), "a");
    assert_string_equal(read_string(&r), "");
    assert_true(r.bad);
    assert_int_equal(read_number(&r, 8), 0);
    assert_string_equal(view_string((struct view){bytes, sizeof bytes}, 5), "a");
    assert_string_equal(view_string((struct view){bytes, sizeof bytes}, 7), "");
    assert_true(reader_at((struct view){bytes, sizeof bytes}, 9).bad);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_parts, scratch_enter, scratch_leave),
        cmocka_unit_test_setup_teardown(test_hostile, scratch_enter, scratch_leave),
        cmocka_unit_test(test_map),
        cmocka_unit_test(test_numbers),
    };
    return cmocka_run_group_tests_name("size", tests, NULL, NULL);
}
