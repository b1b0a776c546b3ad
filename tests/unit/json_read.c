/*
 * What is JSON and what is not (RFC 8259), as texts of others may have it.
 */
#include "test.h"
#include "../../ukc/base/arena.h"
#include "../../ukc/base/json_read.h"
#include "../../ukc/base/text.h"

static const struct json_value *read_text(struct arena *a, const char *text)
{
    size_t at;
    return json_read(a, text, strlen(text), &at);
}

static void values(void **)
{
    struct arena *a = arena_create();
    const struct json_value *v = read_text(a, " { \"a\" : [ 1 , -0.5e+3, true,false ,null], \"b\":{\"c\":\"x\"}, \"\": \"\" } \n");
    assert_non_null(v);
    assert_int_equal(v->count, 3);
    const struct json_value *list = json_member(v, "a");
    assert_true(list->kind == JSON_ARRAY && list->count == 5);
    assert_string_equal(list->items[1].text, "-0.5e+3");
    assert_true(list->items[2].kind == JSON_TRUE && list->items[3].kind == JSON_FALSE && list->items[4].kind == JSON_NULL);
    assert_string_equal(json_member_text(json_member(v, "b"), "c"), "x");
    assert_string_equal(json_member_text(v, ""), "");
    assert_null(json_member_text(v, "a"));
    assert_null(json_member(list, "a"));
    assert_null(json_member(NULL, "a"));
    arena_destroy(a);
}

static void strings(void **)
{
    static const char *const pairs[][2] = {
        {"\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "\"\\/\b\f\n\r\t"}, {"\"\\u0041\\u00e9\\u20aC\\ud83d\\ude00\"", "A\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80"}, {"\"\xc3\xa9\"", "\xc3\xa9"},
    };
    struct arena *a = arena_create();
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        const struct json_value *v = read_text(a, pairs[i][0]);
        assert_non_null(v);
        assert_string_equal(v->text, pairs[i][1]);
    }
    arena_destroy(a);
}

static void refused(void **)
{
    static const char *const wrong[] = {
        "", " ", "{", "[", "]", "{]", "[1,]", "[,1]", "[1 2]", "{\"a\"}", "{\"a\":}", "{\"a\":1,}", "{a:1}", "{\"a\":1,\"a\":2}", "01", "1.", ".5", "-", "+1", "1e", "0x1",
        "nul", "True", "\"", "\"a", "\"\n\"", "\"\\x\"", "\"\\u12\"", "\"\\u0000\"", "\"\\ud800\"", "\"\\ud800\\u0041\"", "\"\\udc00\"", "\"\xff\"", "1 1", "\"\\",
    };
    struct arena *a = arena_create();
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_null(read_text(a, wrong[i]));
    size_t at;
    assert_null(json_read(a, "\"\\\0\"", 4, &at));
    assert_null(json_read(a, "[1]\0", 4, &at));
    char deep[200];
    for (size_t depth = 60; depth < 70; depth++) {
        memset(deep, '[', depth);
        memset(deep + depth, ']', depth);
        assert_int_equal(json_read(a, deep, 2 * depth, &at) != NULL, depth <= 64);
    }
    arena_destroy(a);
}

/* Every beginning of a text is read without a step beyond it. */
static void cut_off(void **)
{
    static const char text[] = "{\"a\":[1,-2.5e1,true,null,\"\\u00e9\\ud83d\\ude00\\n\"],\"b\":{}}";
    struct arena *a = arena_create();
    for (size_t n = 0; n < sizeof text - 1; n++) {
        size_t at;
        char *copy = malloc(n ? n : 1); /* so that ASan and valgrind see the end */
        memcpy(copy, text, n);
        assert_null(json_read(a, copy, n, &at));
        assert_true(at <= n);
        free(copy);
    }
    arena_destroy(a);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {cmocka_unit_test(values), cmocka_unit_test(strings), cmocka_unit_test(refused), cmocka_unit_test(cut_off)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
