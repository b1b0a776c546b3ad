/* start_info.c - what a loader may say, good and lying, and the memory that is free then. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "../../targets/pvh/start_info.c"

/* The loader's own memory, at BASE; addresses in the tests are offsets in it. */
enum { BASE = 0x1000, SIZE = 1 << 17, INFO = 64, MAP = 4096, MODULES = 8192, LINE = 16384 };
static char loader[SIZE];
static struct start_info *const said = (struct start_info *)(void *)(loader + INFO);
static struct machine_range *const map = (struct machine_range *)(void *)(loader + MAP);
static struct start_module *const list = (struct start_module *)(void *)(loader + MODULES);
static jmp_buf out;
static const char *why;

bool machine_read(void *to, uint64_t from, size_t size)
{
    if (from < BASE || from - BASE > SIZE || size > SIZE - (from - BASE))
        return false;
    memcpy(to, loader + (from - BASE), size);
    return true;
}

void machine_panic(const char *text)
{
    why = text;
    longjmp(out, 1);
}

/* Runs what may panic: NULL, it did not. */
static const char *panics(void (*f)(void))
{
    why = NULL;
    if (setjmp(out) == 0)
        f();
    return why;
}

static void expect_panic(void (*f)(void), const char *words)
{
    const char *said_why = panics(f);
    if (!said_why || !strstr(said_why, words))
        fail_msg("'%s' is not said, but: %s", words, said_why ? said_why : "nothing");
}

static void read_info(void)
{
    start_info_read(BASE + INFO);
}

static void read_map(void)
{
    size_t count;
    machine_memory_map(&count);
}

static void read_modules(void)
{
    size_t count;
    machine_modules(&count);
}

static void read_line(void)
{
    start_info_command_line();
}

/* 1 MiB to 64 MiB, a page of something else, and nothing more. */
static int begin(void **state)
{
    (void)state;
    memset(loader, 0, sizeof loader);
    memset(&info, 0, sizeof info);
    memset(command_line, 0, sizeof command_line);
    ranges_read = modules_read = false;
    *said = (struct start_info){.magic = START_INFO_MAGIC, .version = 1, .memory_map = BASE + MAP, .memory_map_count = 4, .modules = BASE + MODULES};
    map[0] = (struct machine_range){0, 0x9fc00, 1, 0};
    map[1] = (struct machine_range){0x9fc00, 0x60400, 2, 0};
    map[2] = (struct machine_range){0x100000, 0x3f00000, 1, 0};
    map[3] = (struct machine_range){0, 0, 0, 0};
    return 0;
}

static void good(void **state)
{
    size_t count;
    (void)state;
    said->module_count = 2;
    list[0] = (struct start_module){.address = 0x200000, .size = 4097};
    list[1] = (struct start_module){.address = 0x3fff000, .size = 4096};
    said->command_line = BASE + LINE;
    strcpy(loader + LINE, "--a=b c");
    assert_null(panics(read_info));
    assert_ptr_equal(machine_memory_map(&count), ranges);
    assert_int_equal(count, 4);
    assert_int_equal(machine_modules(&count)[1].start, 0x3fff000);
    assert_int_equal(count, 2);
    assert_string_equal(start_info_command_line(), "--a=b c");
}

/* What Firecracker (1.12 to 1.16, 256 MiB and 4 GiB) and cloud-hypervisor (53) hand over, at their places; an initial ram disk ends memory. */
static void loaders(void **state)
{
    enum { THEIR_INFO = 0x6000, THEIR_MODULES = 0x6040, THEIR_MAP = 0x7000, THEIR_LINE = 0x20000 };
    static const struct {
        struct machine_range map[5];
        uint64_t root;
    } cases[] = {
        {{{0, 0x9fc00, 1, 0}, {0x9fc00, 0x40400, 2, 0}, {0xeec00000, 0x10000000, 2, 0}, {0x100000, 0xff00000, 1, 0}}, 0},
        {{{0, 0x9fc00, 1, 0}, {0x9fc00, 0x40400, 2, 0}, {0xeec00000, 0x10000000, 2, 0}, {0x100000, 0xbff00000, 1, 0}, {0x100000000, 0x40000000, 1, 0}}, 0},
        {{{0, 0xa0000, 1, 0}, {0x100000, 0xff00000, 1, 0}, {0xe8000000, 0x10000000, 2, 0}}, 0xa0000},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        size_t count, given = 0;
        begin(state);
        memset(loader, 0, sizeof loader);
        while (given < 5 && cases[i].map[given].size)
            given++;
        struct start_info their = {.magic = START_INFO_MAGIC, .version = 1, .module_count = 1, .modules = THEIR_MODULES, .command_line = THEIR_LINE,
                                   .acpi_root = cases[i].root, .memory_map = THEIR_MAP, .memory_map_count = (uint32_t)given};
        struct start_module module = {.address = 0x10000000 - 0x3000, .size = 0x3000};
        memcpy(loader + THEIR_INFO - BASE, &their, sizeof their);
        memcpy(loader + THEIR_MODULES - BASE, &module, sizeof module);
        memcpy(loader + THEIR_MAP - BASE, cases[i].map, sizeof cases[i].map);
        strcpy(loader + THEIR_LINE - BASE, "--port=80 pci=off");
        start_info_read(THEIR_INFO);
        assert_memory_equal(machine_memory_map(&count), cases[i].map, given * sizeof *cases[i].map);
        assert_int_equal(count, given);
        assert_int_equal(machine_modules(&count)->start, module.address);
        assert_int_equal(count, 1);
        assert_int_equal(machine_acpi_root(), cases[i].root);
        assert_string_equal(start_info_command_line(), "--port=80 pci=off");
    }
}

static void no_loader(void **state)
{
    said->magic++;
    expect_panic(read_info, "magic number");
    begin(state);
    said->version = 0;
    expect_panic(read_info, "older than version 1");
}

static void lying_maps(void **state)
{
    static const struct {
        struct machine_range range;
        const char *words;
    } lies[] = {
        {{0x200000, 0x1000, 2, 0}, "overlap"},
        {{0x200000, 0x1000, 1, 0}, "overlap"},
        {{0x3fff000, 0x2000, 1, 0}, "overlap"},
        {{UINT64_MAX - 10, 20, 1, 0}, "wraps around"},
        {{UINT64_MAX - 10, 20, 7, 0}, "wraps around"},
        {{(uint64_t)1 << 47, 0x1000, 1, 0}, "where no processor can reach it"},
    };
    for (size_t i = 0; i < sizeof lies / sizeof lies[0]; i++) {
        begin(state);
        map[3] = lies[i].range;
        assert_null(panics(read_info));
        expect_panic(read_map, lies[i].words);
    }
    for (int k = 0; k < 3; k++) {
        begin(state);
        said->memory_map_count = k == 0 ? 0 : k == 1 ? 65 : 4;
        said->memory_map = k == 2 ? BASE + SIZE - 8 : BASE + MAP;
        assert_null(panics(read_info));
        expect_panic(read_map, k == 2 ? "cannot be read" : "empty or too long");
    }
}

static void lying_modules(void **state)
{
    static const struct {
        uint64_t address, size;
        const char *words;
    } lies[] = {
        {0x3fff000, 4097, "truncated"}, {0x4000000, 1, "truncated"}, {0x9f000, 0x1000, "truncated"}, {UINT64_MAX, 2, "wraps around"},
        {0x200000, UINT64_MAX, "wraps around"},
    };
    for (size_t i = 0; i < sizeof lies / sizeof lies[0]; i++) {
        begin(state);
        said->module_count = 1;
        list[0] = (struct start_module){.address = lies[i].address, .size = lies[i].size};
        assert_null(panics(read_info));
        expect_panic(read_modules, lies[i].words);
    }
    begin(state);
    said->module_count = 17;
    assert_null(panics(read_info));
    expect_panic(read_modules, "more than 16");
    begin(state);
    said->module_count = 1;
    said->modules = UINT64_MAX - 3;
    assert_null(panics(read_info));
    expect_panic(read_modules, "cannot be read");
}

static void command_lines(void **state)
{
    for (size_t size = 4095; size <= 65536; size += 61441 - (size == 4095) * 61440) {
        begin(state);
        said->command_line = BASE + LINE;
        memset(loader + LINE, 'x', size);
        assert_null(panics(read_info));
        if (size == 4095)
            assert_null(panics(read_line));
        else
            expect_panic(read_line, "longer than 4095 bytes");
    }
    begin(state);
    said->command_line = BASE + SIZE - 8; /* which does not end */
    memset(loader + SIZE - 8, 'x', 8);
    assert_null(panics(read_info));
    expect_panic(read_line, "cannot be read");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(good, begin), cmocka_unit_test_setup(loaders, begin), cmocka_unit_test_setup(no_loader, begin), cmocka_unit_test_setup(lying_maps, begin),
        cmocka_unit_test_setup(lying_modules, begin), cmocka_unit_test_setup(command_lines, begin),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
