/*
 * shadows.c - directories that are not there, in which a compiler would look.
 */
#include "test.h"

#include <string.h>
#include <sys/stat.h>

#include "../../ukc/base/arena.h"
#include "../../ukc/base/file.h"
#include "../../ukc/build/compiled.h"

static const char *const words[] = {"cc", "-Ifirst", "-isystem", "second", "-iquote.", "-c", "main.c", "-o", "main.o"};

static void put(const char *path, const char *text)
{
    assert_true(file_write(path, text, strlen(text), NULL, NULL));
}

/* What is found for these files that were read, a line each and sorted; "?" when it cannot be told. */
static char *found(const char *const *read, size_t count)
{
    static char said[2000];
    struct arena *a = arena_create();
    path_list out = {};
    struct reads r = {.read = read, .read_count = count};
    said[0] = 0;
    if (!shadows_find(a, words, sizeof words / sizeof words[0], &r, &out))
        strcpy(said, "?");
    else if (out.count)
        out.count = string_sort_unique(out.items, out.count);
    for (size_t i = 0; i < out.count && said[0] != '?'; i++) {
        assert_true(strlen(said) + strlen(out.items[i]) + 2 < sizeof said);
        strcat(strcat(said, out.items[i]), "\n");
    }
    arena_destroy(a);
    return said;
}

static void in_front(void **)
{
    const char *const read[] = {"main.c", "second/sys/types.h"};
    put("main.c", "");
    put("second/sys/types.h", "");
    assert_string_equal(found(read, 1), "first\n"); /* main.c itself, in a directory that is named */
    assert_string_equal(found(read, 2), "first\nsecond/second\nsecond/sys/second\nsecond/sys/sys\nsys\n");
    mkdir("first", 0755);
    assert_string_equal(found(read, 2), "first/second\nfirst/sys\nsecond/second\nsecond/sys/second\nsecond/sys/sys\nsys\n");
    mkdir("first/sys", 0755); /* now the compiler opens first/sys/types.h, and the audit sees it */
    mkdir("sys", 0755);
    assert_string_equal(found(read, 2), "first/second\nsecond/second\nsecond/sys/second\nsecond/sys/sys\n");
}

static void asked_for(void **)
{
    const char *const read[] = {"main.c"};
    put("main.c", "#if defined(__has_include) && __has_include ( <net/if.h> )\n#endif\n#if __has_embed(\"data/x\")\n#endif\n");
    assert_string_equal(found(read, 1), "data\nfirst/data\nfirst/net\nnet\nsecond/data\nsecond/net\n");
    put("main.c", "#if __has_include(MACRO)\n#endif\n");
    assert_string_equal(found(read, 1), "?");
    put("main.c", "#  define asks __has_include_next\n");
    assert_string_equal(found(read, 1), "?");
    put("main.c", "#ifdef __has_include\n#endif\n");
    assert_string_equal(found(read, 1), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(in_front),
        cmocka_unit_test(asked_for),
    };
    return cmocka_run_group_tests(tests, scratch_enter, scratch_leave);
}
