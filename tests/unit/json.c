/*
 * json.c - the writer's layout, nesting and escapes (RFC 8259, section 7).
 */
#include "test.h"

#include "../../ukc/base/json.h"

static void expect(struct json *j, const char *text)
{
    assert_string_equal(text_string(&j->out), text);
    assert_int_equal(j->depth, 0);
    text_dispose(&j->out);
}

static void write_sample(struct json *j)
{
    json_object(j);
    json_field(j, "name", "homepage");
    json_key(j, "list");
    json_array(j);
    json_number(j, INT64_MIN);
    json_number(j, 7);
    json_object(j);
    json_field_bool(j, "yes", true);
    json_field_number(j, "n", -1);
    json_end_object(j);
    json_end_array(j);
    json_key(j, "none");
    json_array(j);
    json_end_array(j);
    json_key(j, "nothing");
    json_object(j);
    json_end_object(j);
    json_field(j, "null", NULL);
    json_end_object(j);
}

static void pretty(void **state)
{
    (void)state;
    struct json j = {};
    write_sample(&j);
    expect(&j, "{\n"
               "  \"name\": \"homepage\",\n"
               "  \"list\": [\n"
               "    -9223372036854775808,\n"
               "    7,\n"
               "    {\n"
               "      \"yes\": true,\n"
               "      \"n\": -1\n"
               "    }\n"
               "  ],\n"
               "  \"none\": [],\n"
               "  \"nothing\": {},\n"
               "  \"null\": null\n"
               "}");
}

static void compact(void **state)
{
    (void)state;
    struct json j = {.compact = true};
    write_sample(&j);
    expect(&j, "{\"name\":\"homepage\",\"list\":[-9223372036854775808,7,{\"yes\":true,\"n\":-1}],\"none\":[],\"nothing\":{},"
               "\"null\":null}");
}

static void escapes(void **state)
{
    (void)state;
    static const struct {
        const char *in, *out;
    } cases[] = {
        {"", "\"\""},
        {"a\"b\\c/", "\"a\\\"b\\\\c/\""},
        {"\n\t\r\x01\x1f\x7f", "\"\\n\\t\\u000d\\u0001\\u001f\\u007f\""},
        {"\xc3\xa9\xf0\x9f\x90\xab", "\"\xc3\xa9\xf0\x9f\x90\xab\""},
        {"a\xff\xc3", "\"a\xef\xbf\xbd\xef\xbf\xbd\""},
        {"\xed\xa0\x80", "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\""},
        {"\xc2\x85", "\"\\u0085\""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct json j = {};
        json_string(&j, cases[i].in);
        expect(&j, cases[i].out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pretty),
        cmocka_unit_test(compact),
        cmocka_unit_test(escapes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
