/*
 * diag.c - how diagnostics look, are counted, and are kept from flooding.
 */
#include "test.h"

#include "../../ukc/base/diag.h"
#include "../../ukc/base/text.h"

static struct source source_of(const char *path, const char *bytes)
{
    return (struct source){.path = path, .bytes = bytes, .size = strlen(bytes)};
}

static void expect_print(struct diag *d, enum diag_format format, const char *text)
{
    char *bytes = NULL;
    size_t size = 0;
    FILE *f = open_memstream(&bytes, &size);
    diag_print(d, f, format);
    fclose(f);
    assert_string_equal(bytes, text);
    free(bytes);
}

#define EXPECT(d, text) expect_print((d), DIAG_TEXT, (text))

static void statuses(void **state)
{
    (void)state;
    struct diag *d = diag_create();
    assert_int_equal(diag_status(d), DIAG_OK);
    assert_false(diag_warning(d, SPAN_NONE, "careful"));
    assert_int_equal(diag_status(d), DIAG_OK);
    assert_int_equal(diag_errors(d), 0);
    assert_false(diag_fail(d, DIAG_OUTSIDE, SPAN_NONE, "disk %d", 1));
    assert_false(diag_error(d, SPAN_NONE, "input"));
    assert_false(diag_note(d, SPAN_NONE, "note"));
    assert_false(diag_help(d, "help"));
    assert_int_equal(diag_errors(d), 2);
    assert_int_equal(diag_status(d), DIAG_OUTSIDE);
    EXPECT(d, "warning: careful\nerror: disk 1\nerror: input\nnote: note\nhelp: help\n");
    EXPECT(d, "");
    assert_int_equal(diag_errors(d), 2);
    assert_int_equal(diag_status(d), DIAG_OUTSIDE);
    diag_destroy(d);
    diag_destroy(NULL);
}

static void places(void **state)
{
    (void)state;
    struct diag *d = diag_create();
    struct source s = source_of("ukc.lua", "return unikernel \"x\" {\n    require = { http = sig.http_server },\n}");
    diag_error(d, (struct span){&s, 2, 5, 7}, "unknown field '%s'", "require");
    diag_help(d, "did you mean '%s'?", "requires");
    EXPECT(d, "ukc.lua:2:5: error: unknown field 'require'\n"
              "    2 |     require = { http = sig.http_server },\n"
              "      |     ^~~~~~~\n"
              "help: did you mean 'requires'?\n");
    diag_error(d, (struct span){&s, 0, 0, 0}, "whole file");
    diag_error(d, (struct span){&s, 3, 0, 0}, "whole line");
    diag_error(d, (struct span){&s, 3, 1, 0}, "no length");
    diag_error(d, (struct span){&s, 3, 2, 5}, "at the end");
    diag_error(d, (struct span){&s, 3, 900, 5}, "behind the end");
    diag_error(d, (struct span){&s, 4, 1, 1}, "no such line");
    diag_error(d, (struct span){&s, UINT32_MAX, UINT32_MAX, UINT32_MAX}, "absurd");
    EXPECT(d, "ukc.lua: error: whole file\n"
              "ukc.lua:3: error: whole line\n"
              "ukc.lua:3:1: error: no length\n    3 | }\n      | ^\n"
              "ukc.lua:3:2: error: at the end\n    3 | }\n      |  ^\n"
              "ukc.lua:3:900: error: behind the end\n    3 | }\n      |  ^\n"
              "ukc.lua:4:1: error: no such line\n"
              "ukc.lua:4294967295:4294967295: error: absurd\n");
    struct source unread = {.path = "block.h"};
    diag_error(d, (struct span){&s, 3, 1, 1}, "mismatch");
    diag_note(d, (struct span){&unread, 7, 5, 10}, "declared here");
    EXPECT(d, "ukc.lua:3:1: error: mismatch\n    3 | }\n      | ^\nblock.h:7:5: note: declared here\n");
    diag_destroy(d);
}

static void alignment(void **state)
{
    (void)state;
    struct diag *d = diag_create();
    /* tabs before the caret are repeated; code points count once; \r is dropped */
    struct source s = source_of("m", "\tx\t= bad\r\n\xc3\xa9\xe2\x82\xac\xf0\x9f\x90\xab = \xc3\xa9\xc3\xa9;\n");
    diag_error(d, (struct span){&s, 1, 6, 3}, "tabs");
    diag_error(d, (struct span){&s, 2, 13, 4}, "points");
    EXPECT(d, "m:1:6: error: tabs\n    1 | \tx\t= bad\n      | \t \t  ^~~\n"
              "m:2:13: error: points\n"
              "    2 | \xc3\xa9\xe2\x82\xac\xf0\x9f\x90\xab = \xc3\xa9\xc3\xa9;\n"
              "      |       ^~\n");
    diag_destroy(d);
}

static void hostile_text(void **state)
{
    (void)state;
    struct diag *d = diag_create();
    struct source s = source_of("a\033[2Jb", "x \033]0;t\007 \xff y\n");
    diag_error(d, (struct span){&s, 1, 12, 1}, "two\nlines \033[31m\t\xff \xc2\x9b");
    EXPECT(d, "a\\x1b[2Jb:1:12: error: two\\nlines \\x1b[31m \\xff \\xc2\\x9b\n"
              "    1 | x \xef\xbf\xbd]0;t\xef\xbf\xbd \xef\xbf\xbd y\n"
              "      |            ^\n");
    /* a NUL in a source does not end its line */
    struct source nul = {.path = "n", .bytes = "a\0b", .size = 3};
    diag_error(d, (struct span){&nul, 1, 3, 1}, "nul");
    EXPECT(d, "n:1:3: error: nul\n    1 | a\xef\xbf\xbd"
              "b\n      |   ^\n");
    diag_destroy(d);
}

static void long_lines(void **state)
{
    (void)state;
    struct diag *d = diag_create();
    char line[1001];
    for (int i = 0; i < 1000; i++)
        line[i] = (char)('0' + i % 10);
    line[1000] = '\0';
    struct source s = source_of("m", line);
    diag_error(d, (struct span){&s, 1, 3, 4}, "start");
    diag_error(d, (struct span){&s, 1, 501, 5}, "middle");
    diag_error(d, (struct span){&s, 1, 1000, 1}, "end");
    diag_error(d, (struct span){&s, 1, 1, 1000}, "all");
#define TEN "0123456789"
#define HUNDRED TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN
#define FORTY_BLANKS "                                        "
    EXPECT(d, "m:1:3: error: start\n    1 | " HUNDRED "...\n      |   ^~~~\n"
              "m:1:501: error: middle\n    1 | ..." HUNDRED "...\n      |    " FORTY_BLANKS "^~~~~\n"
              "m:1:1000: error: end\n    1 | ...9" TEN TEN TEN TEN "\n      |    " FORTY_BLANKS "^\n"
              "m:1:1: error: all\n    1 | " HUNDRED "...\n      | "
              "^~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~"
              "~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~\n");
    diag_destroy(d);
}

static void repeated_once(void **state)
{
    (void)state;
    struct diag *d = diag_create();
    for (int i = 0; i < 3; i++) {
        diag_error(d, SPAN_NONE, "same");
        diag_note(d, SPAN_NONE, "same note");
    }
    diag_error(d, SPAN_NONE, "same");
    diag_note(d, SPAN_NONE, "other note");
    EXPECT(d, "error: same\nnote: same note\nerror: same\nnote: other note\n");
    diag_error(d, SPAN_NONE, "same");
    diag_note(d, SPAN_NONE, "same note");
    EXPECT(d, "");
    assert_int_equal(diag_errors(d), 5);
    diag_destroy(d);
}

static size_t count_lines(struct diag *d, const char *last)
{
    char *bytes = NULL;
    size_t size = 0, lines = 0, start = 0;
    FILE *f = open_memstream(&bytes, &size);
    diag_print(d, f, DIAG_TEXT);
    fclose(f);
    for (size_t i = 0; i < size; i++)
        if (bytes[i] == '\n') {
            lines++;
            if (i + 1 < size)
                start = i + 1;
        }
    assert_string_equal(bytes + start, last);
    free(bytes);
    return lines;
}

static void capped(void **state)
{
    (void)state;
    struct diag *d = diag_create();
    for (int i = 0; i < 51; i++)
        diag_error(d, SPAN_NONE, "error %d", i);
    assert_int_equal(count_lines(d, "and 1 more error\n"), 51);
    diag_destroy(d);
    d = diag_create();
    for (int i = 0; i < 20000; i++) {
        diag_error(d, SPAN_NONE, "error %d", i);
        diag_note(d, SPAN_NONE, "note");
    }
    assert_int_equal(diag_errors(d), 20000);
    assert_int_equal(count_lines(d, "and 19950 more errors\n"), 101);
    diag_error(d, SPAN_NONE, "one later");
    assert_int_equal(count_lines(d, "and 1 more error\n"), 1);
    diag_destroy(d);
    d = diag_create();
    diag_error(d, SPAN_NONE, "with many notes");
    for (int i = 0; i < 5000; i++)
        diag_note(d, SPAN_NONE, "note %d", i);
    assert_int_equal(count_lines(d, "note: note 99\n"), 101);
    diag_destroy(d);
}

static void other_forms(void **state)
{
    (void)state;
    struct diag *d = diag_create();
    struct source s = source_of("m", "ab cd\n");
    diag_error(d, (struct span){&s, 1, 4, 2}, "bad \"word\"");
    diag_note(d, (struct span){&s, 0, 0, 0}, "here");
    diag_help(d, "try\nthis");
    diag_warning(d, SPAN_NONE, "w");
    expect_print(d, DIAG_JSON,
                 "{\"severity\":\"error\",\"status\":1,\"path\":\"m\",\"line\":1,\"column\":4,\"length\":2,"
                 "\"message\":\"bad \\\"word\\\"\",\"notes\":[{\"severity\":\"note\",\"path\":\"m\",\"message\":\"here\"},"
                 "{\"severity\":\"help\",\"message\":\"try\\nthis\"}]}\n"
                 "{\"severity\":\"warning\",\"message\":\"w\",\"notes\":[]}\n");
    diag_error(d, (struct span){&s, 1, 1, 2}, "red");
    expect_print(d, DIAG_COLOUR,
                 "\033[1mm:1:1: \033[1;31merror: \033[0m\033[1mred\033[0m\n"
                 "    1 | ab cd\n      | \033[1;32m^~\033[0m\n");
    diag_destroy(d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(statuses),      cmocka_unit_test(places),        cmocka_unit_test(alignment),
        cmocka_unit_test(hostile_text),  cmocka_unit_test(long_lines),    cmocka_unit_test(repeated_once),
        cmocka_unit_test(capped),        cmocka_unit_test(other_forms),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
