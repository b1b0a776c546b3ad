/*
 * compiled.c - objects in the store's cache: taken when all is what it was, and not otherwise.
 */
#include "test.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "../../provenance/cache.h"
#include "../../ukc/base/arena.h"
#include "../../ukc/base/file.h"
#include "../../ukc/build/compiled.h"

static const char *const words[] = {"clang-19", "-Ifirst", "-Isecond", "-c", "main.c", "-o", "main.o"};
static const char *const read_paths[] = {"main.c", "second/word.h"}, *const absent_paths[] = {"first/word.h"};
static const struct reads reads = {.read = read_paths, .read_count = 2, .absent = absent_paths, .absent_count = 1};
enum { WORDS = sizeof words / sizeof words[0] };

static void put(const char *path, const char *text)
{
    assert_true(file_write(path, text, strlen(text), NULL, NULL));
}

static void keep(int64_t since_ns)
{
    struct compiled *c = compiled_open("store");
    put("main.o", "an object");
    compiled_keep(c, words, WORDS, "main.o", &reads, since_ns);
    compiled_close(c);
}

static bool is_taken_by(const char *const *command, size_t count)
{
    struct arena *a = arena_create();
    struct compiled *c = compiled_open("store");
    struct taken t;
    bool taken = compiled_take(c, a, command, count, &t);
    if (taken) {
        assert_int_equal(t.size, strlen("an object"));
        assert_memory_equal(t.object, "an object", t.size);
        assert_int_equal(t.reads.read_count, 2);
        assert_string_equal(t.reads.read[1], "second/word.h");
        assert_string_equal(t.reads.absent[1], "first/word.h"); /* behind "first/second" */
    }
    compiled_close(c);
    arena_destroy(a);
    return taken;
}

static bool is_taken(void)
{
    return is_taken_by(words, WORDS);
}

static void begin(void)
{
    assert_true(file_remove_tree("store", NULL));
    put("main.c", "#include \"word.h\"\n");
    put("second/word.h", "one");
    mkdir("first", 0755);
}

static void what_is_the_same(void **)
{
    begin();
    assert_false(is_taken());
    keep(INT64_MAX);
    assert_true(is_taken());
    assert_false(is_taken_by(words, WORDS - 1)); /* another command */
    put("second/word.h", "two");
    assert_false(is_taken());
    keep(INT64_MAX);
    assert_true(is_taken());
    put("second/word.h", "one"); /* both are there */
    assert_true(is_taken());
    put("first/word.h", "in front");
    assert_false(is_taken());
    unlink("first/word.h");
    assert_true(is_taken());
    unlink("second/word.h");
    assert_false(is_taken());
}

static void what_changed_meanwhile(void **)
{
    begin();
    keep(0); /* all files are younger than the build */
    assert_false(is_taken());
}

static void damage(void **)
{
    begin();
    keep(INT64_MAX);
    struct arena *a = arena_create();
    size_t count;
    const struct cache_entry *entries = cache_entries(a, "store", &count);
    assert_true(count >= 3);
    for (size_t i = 0; i < count; i++) {
        struct diag *d = diag_create();
        const struct source *s = file_read(a, entries[i].path, SPAN_NONE, 0, d);
        char *bytes = arena_memdup(a, s->bytes, s->size);
        bytes[s->size - 1] ^= 1;
        assert_true(file_write(entries[i].path, bytes, s->size, NULL, d));
        assert_int_equal(is_taken(), strstr(s->bytes, "\nukc-tools 1\n") != NULL); /* what the tools are is found out again */
        keep(INT64_MAX);
        assert_true(is_taken());
        diag_destroy(d);
    }
    arena_destroy(a);
}

/* The same program with something behind it, which no loader looks at. */
static void another_tool(void **)
{
    begin();
    keep(INT64_MAX);
    assert_true(is_taken());
    char *before = strdup(getenv("PATH")), *directory = realpath(".", NULL), *now = NULL;
    assert_int_equal(system("mkdir bin && cp -L \"$(command -v llvm-objcopy-19)\" bin && echo >> bin/llvm-objcopy-19"), 0);
    assert_true(asprintf(&now, "%s/bin:%s", directory, before) > 0);
    setenv("PATH", now, 1);
    assert_false(is_taken());
    setenv("PATH", before, 1);
    assert_true(is_taken());
    free(directory);
    free(before);
    free(now);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_the_same),
        cmocka_unit_test(what_changed_meanwhile),
        cmocka_unit_test(damage),
        cmocka_unit_test(another_tool),
    };
    return cmocka_run_group_tests(tests, scratch_enter, scratch_leave);
}
