/*
 * text.c - the growing string, likeness of words, well-formedness, versions.
 */
#include "test.h"

#include "../../ukc/base/arena.h"
#include "../../ukc/base/text.h"

static void growing(void **state)
{
    (void)state;
    struct text t = {};
    assert_string_equal(text_string(&t), "");
    text_append(&t, NULL, 0);
    assert_string_equal(text_string(&t), "");
    for (int i = 0; i < 1000; i++)
        text_printf(&t, "%d,", i % 10);
    assert_int_equal(t.size, 2000);
    assert_memory_equal(t.bytes, "0,1,2,3,4,5,6,7,8,9,0,", 22);
    text_clear(&t);
    assert_string_equal(text_string(&t), "");
    text_puts(&t, "a");
    text_putc(&t, '\0');
    text_append(&t, "b", 1);
    assert_int_equal(t.size, 3);
    struct arena *a = arena_create();
    assert_memory_equal(text_keep(&t, a), "a\0b\0", 4);
    arena_destroy(a);
    text_dispose(&t);
    text_dispose(&t);
}

static void comparing(void **state)
{
    (void)state;
    assert_true(string_starts("abc", "ab"));
    assert_true(string_starts("abc", ""));
    assert_false(string_starts("ab", "abc"));
    assert_true(string_ends("a.lua", ".lua"));
    assert_false(string_ends("lua", ".lua"));
    assert_true(string_equal(NULL, NULL));
    assert_false(string_equal("", NULL));
    assert_true(string_equal("x", "x"));
    const char *words[] = {"b", "a-b", "a", "B", "a/b"};
    qsort(words, 5, sizeof *words, string_compare);
    const char *sorted[] = {"B", "a", "a-b", "a/b", "b"};
    for (int i = 0; i < 5; i++)
        assert_string_equal(words[i], sorted[i]);
    const char *twice[] = {"b", "a", "b", "", "a", ""};
    assert_int_equal(string_sort_unique(twice, 6), 3);
    assert_string_equal(twice[0], "");
    assert_string_equal(twice[1], "a");
    assert_string_equal(twice[2], "b");
    assert_int_equal(string_sort_unique(NULL, 0), 0);
}

static void distance(void **state)
{
    (void)state;
    static const struct {
        const char *a, *b;
        unsigned distance;
    } cases[] = {
        {"", "", 0},         {"a", "", 1},         {"kitten", "sitting", 3}, {"require", "requires", 1},
        {"sorces", "sources", 1}, {"soruces", "sources", 1}, {"ab", "ba", 1},     {"abc", "bca", 2},
        {"abcdef", "badcfe", 3},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(string_distance(cases[i].a, cases[i].b, 10), cases[i].distance);
        assert_int_equal(string_distance(cases[i].b, cases[i].a, 10), cases[i].distance);
        for (unsigned cap = 0; cap < cases[i].distance; cap++)
            assert_int_equal(string_distance(cases[i].a, cases[i].b, cap), cap + 1);
        assert_int_equal(string_distance(cases[i].a, cases[i].b, cases[i].distance), cases[i].distance);
    }
    char longer[1001];
    memset(longer, 'a', 1000);
    longer[1000] = '\0';
    assert_int_equal(string_distance(longer, "a", 5), 6);
    assert_int_equal(string_distance(longer, longer, 5), 0);
}

static void related(void **state)
{
    (void)state;
    const char *names[] = {"kv_rw", "http_server", "integer", "kv_ro", "http_server_tls", "ipv4"};
    size_t n = sizeof names / sizeof *names;
    assert_string_equal(string_related("http", names, n), "http_server"); /* the shorter */
    assert_string_equal(string_related("HTTP", names, n), "http_server");
    assert_string_equal(string_related("http_server_tls_2", names, n), "http_server_tls"); /* near comes first */
    assert_string_equal(string_related("my_http_server", names, n), "http_server");
    assert_string_equal(string_related("kv", names, n), "kv_ro"); /* as short: in order */
    assert_string_equal(string_related("int", names, n), "integer");
    assert_string_equal(string_related("itneger", names, n), "integer");
    assert_null(string_related("v4", names, n)); /* two letters, not at the beginning */
    assert_null(string_related("k", names, n));
    assert_null(string_related("", names, n));
    assert_null(string_related("banana", names, n));
    assert_null(string_related("http", names, 0));
}

static void nearest(void **state)
{
    (void)state;
    const char *fields[] = {"sources", "requires", "provides", "keys", "doc", "set", "flags"};
    size_t n = sizeof fields / sizeof *fields;
    assert_string_equal(string_nearest("require", fields, n), "requires");
    assert_string_equal(string_nearest("soruces", fields, n), "sources");
    assert_string_equal(string_nearest("Keys", fields, n), "keys");
    assert_string_equal(string_nearest("key", fields, n), "keys");
    assert_null(string_nearest("banana", fields, n));
    assert_null(string_nearest("x", fields, n));
    assert_null(string_nearest("", fields, n));
    assert_null(string_nearest("keys", fields, 0));
    /* equally near: byte order decides, not the order of the candidates */
    const char *tie[] = {"cat", "bat"}, *other_way[] = {"bat", "cat"};
    assert_string_equal(string_nearest("rat", tie, 2), "bat");
    assert_string_equal(string_nearest("rat", other_way, 2), "bat");
}

static void identifiers(void **state)
{
    (void)state;
    const char *good[] = {"a", "_", "http_server", "A9", "main", "integer"};
    const char *bad[] = {"", "9a", "a-b", "a.b", "int", "while", "typeof", "nullptr", "caf\xc3\xa9", "a b"};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        assert_true(string_is_identifier(good[i]));
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(string_is_identifier(bad[i]));
    char name[65] = "";
    memset(name, 'a', 63);
    assert_true(string_is_identifier(name));
    name[63] = 'a';
    assert_false(string_is_identifier(name));
}

static void utf8(void **state)
{
    (void)state;
    const char *good[] = {"", "a\tb", "na\xc3\xafve", "\xe2\x82\xac", "\xf0\x9f\x90\xab", "\xf4\x8f\xbf\xbf", "\xc2\xa0",
                          "\xe2\x80\xa9", "\xe2\x80\xaf", "\xe2\x81\xa5", "\xe2\x81\xaa"}; /* beside the bidirectional controls */
    const char *bad[] = {
        "\n",                             /* control */
        "\x7f",         "\xc2\x80",       /* DEL, C1 */
        "\x80",         "a\xc3",          /* lone continuation, cut short */
        "\xc0\xaf",     "\xe0\x80\xaf",   /* overlong */
        "\xf0\x80\x80\xaf", "\xed\xa0\x80", /* overlong, surrogate */
        "\xf4\x90\x80\x80", "\xff",       /* above U+10FFFF, never valid */
        "\xe2\x80\xaa", "\xe2\x80\xae",   /* U+202A, U+202E: they turn the rest of the line around */
        "\xe2\x81\xa6", "\xe2\x81\xa9",   /* U+2066, U+2069 */
    };
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        assert_true(string_is_clean_utf8(good[i], strlen(good[i])));
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(string_is_clean_utf8(bad[i], strlen(bad[i])));
    assert_false(string_is_clean_utf8("a\0b", 3));
}

/* The order of deb-version(7); each is less than the next. */
static void versions(void **state)
{
    (void)state;
    const char *ascending[] = {
        "0~~", "0~~a", "0~", "0", "0a", "0+", "0.1", "1~rc1", "1~rc2", "1", "1-1", "1-1.1", "1-2", "1a", "1.0~beta1~git2",
        "1.0~beta1", "1.0", "1.0-1", "1.0-1+deb12u1", "1.0.1", "1.2", "1.10", "2", "18446744073709551616",
        "18446744073709551617",
    };
    size_t n = sizeof ascending / sizeof *ascending;
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < n; j++)
            assert_int_equal(version_compare(ascending[i], ascending[j]), i < j ? -1 : i > j);
    assert_int_equal(version_compare("1.0", "1.00"), 0);
    assert_int_equal(version_compare("1", "1-0"), 0);
    assert_int_equal(version_compare("", ""), 0);
}

static void ranges(void **state)
{
    (void)state;
    assert_true(version_in_range("1.5", NULL));
    assert_true(version_in_range("1.5", ""));
    assert_true(version_in_range("1.5", ">= 1.2, < 2"));
    assert_true(version_in_range("1.5", ">=1.2,<2,!=1.4"));
    assert_false(version_in_range("2.0", ">= 1.2, < 2"));
    assert_false(version_in_range("1.4", ">= 1.2, != 1.4"));
    assert_true(version_in_range("1.4", "1.4"));
    assert_true(version_in_range("1.4", "= 1.4"));
    assert_false(version_in_range("1.5", "1.4"));
    assert_true(version_in_range("2", "> 1, <= 2"));
    assert_false(version_in_range("1", "> 1"));
    const char *valid[] = {"", ">= 1.2", "< 2", "1.4", "!= 1.5 , > 0", "8.1.0~dfsg-1+b1", "  = 1  ", "v1"};
    const char *invalid[] = {" ", ",", "1,", ",1", ">=", "=> 1", ">= 1 < 2", ">= 1;", "~> 1", "1..\n", "== 1", ">= -1", "latest", ">= new"};
    for (size_t i = 0; i < sizeof valid / sizeof *valid; i++)
        assert_true(version_range_valid(valid[i]));
    for (size_t i = 0; i < sizeof invalid / sizeof *invalid; i++)
        assert_false(version_range_valid(invalid[i]));
    assert_true(version_range_valid(NULL));
}

static void shell_words(void **state)
{
    (void)state;
    static const struct {
        const char *word, *quoted;
    } cases[] = {
        {"", "''"}, {"plain-1.2/x=y", "plain-1.2/x=y"}, {"a b", "'a b'"}, {"$HOME", "'$HOME'"},
        {"it's", "'it'\\''s'"}, {"~", "'~'"}, {"\n", "'\n'"}, {"\xc3\xa9", "'\xc3\xa9'"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct text t = {};
        text_shell_word(&t, cases[i].word);
        assert_string_equal(text_string(&t), cases[i].quoted);
        text_dispose(&t);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(growing), cmocka_unit_test(comparing),   cmocka_unit_test(distance),
        cmocka_unit_test(nearest), cmocka_unit_test(related), cmocka_unit_test(identifiers), cmocka_unit_test(utf8),
        cmocka_unit_test(versions), cmocka_unit_test(ranges),      cmocka_unit_test(shell_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
