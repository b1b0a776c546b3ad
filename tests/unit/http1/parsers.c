/*
 * parsers.c - unit tests of the implementations of http_syntax, which must agree in all that is asked here.
 *
 * Built by tests/suites/http.py, once with each.  Chunks are read whole, and cut in two at every place.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "parser.h"

enum { FIELDS = 4 };

/* --- fields --- */

/* A copy of just this size, so that a read behind it is seen. */
static struct view copy_of(const char *text, size_t size)
{
    char *copy = malloc(size ? size : 1);
    assert_non_null(copy);
    memcpy(copy, text, size);
    return (struct view){copy, size};
}

static bool is_in(struct view part, struct view whole)
{
    return part.size == 0 || (part.bytes >= whole.bytes && part.bytes + part.size <= whole.bytes + whole.size);
}

static ptrdiff_t fields_of(struct view lines, struct http_field *fields)
{
    memset(fields, 0xee, FIELDS * sizeof *fields);
    ptrdiff_t count = parser_fields(lines, fields, FIELDS);
    for (ptrdiff_t i = 0; i < count; i++)
        assert_true(is_in(fields[i].name, lines) && is_in(fields[i].value, lines));
    return count;
}

static void expect_field(const char *line, const char *name, const char *value)
{
    struct http_field fields[FIELDS];
    struct view lines = copy_of(line, strlen(line));
    if (fields_of(lines, fields) != 1)
        fail_msg("'%s' is a field", line);
    assert_true(view_equal(fields[0].name, view_of(name)));
    if (!view_equal(fields[0].value, view_of(value)))
        fail_msg("the value of '%s' is '%.*s'", line, (int)fields[0].value.size, fields[0].value.bytes);
    free((char *)(uintptr_t)lines.bytes);
}

static void one_field(void **state)
{
    (void)state;
    expect_field("a:b\r\n", "a", "b");
    expect_field("Host: example.org\r\n", "Host", "example.org");
    expect_field("X: \t  two  words\tand more \t \r\n", "X", "two  words\tand more");
    expect_field("!#$%&'*+-.^_`|~09azAZ: token\r\n", "!#$%&'*+-.^_`|~09azAZ", "token");
    expect_field("a:\r\n", "a", "");
    expect_field("a: \t \r\n", "a", "");
    expect_field("a:::\r\n", "a", "::");
    expect_field("long: 0123456789abcdef\x80\xff ~\r\n", "long", "0123456789abcdef\x80\xff ~");
}

static void several_fields(void **state)
{
    struct http_field fields[FIELDS];
    (void)state;
    struct view lines = VIEW("One: 1\r\nTwo:\r\nThree: drei \r\nFour: iv\r\n");
    assert_int_equal(fields_of(lines, fields), 4);
    assert_true(view_equal(fields[1].name, VIEW("Two")) && fields[1].value.size == 0);
    assert_true(view_equal(fields[2].value, VIEW("drei")));
    assert_true(view_equal(fields[3].name, VIEW("Four")) && view_equal(fields[3].value, VIEW("iv")));
    assert_int_equal(fields_of(VIEW("a: 1\r\na: 2\r\na: 3\r\na: 4\r\na: 5\r\n"), fields), -E2BIG);
    assert_int_equal(fields_of((struct view){}, fields), 0);
}

static void no_field(void **state)
{
    static const char *const lines[] = {
        "a\r\n", ": b\r\n", "a : b\r\n", "a b: c\r\n", "a\t: b\r\n", "(a): b\r\n", "a\x80: b\r\n", "a\x7f: b\r\n", "a@b: c\r\n",
        "a: \x01\r\n", "a: 0123456789\x1f\r\n", "a: b\x7f\r\n", "a: b\x0b\r\n", "ok: 1\r\nbad\r\n", "a\"b: c\r\n", "a,b: c\r\n", "a/b: c\r\n",
    };
    struct http_field fields[FIELDS];
    (void)state;
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        struct view copy = copy_of(lines[i], strlen(lines[i]));
        if (fields_of(copy, fields) != -EBADMSG)
            fail_msg("'%s' is no field", lines[i]);
        free((char *)(uintptr_t)copy.bytes);
    }
    assert_int_equal(fields_of((struct view){"a: b\0c\r\n", 8}, fields), -EBADMSG);
}

/* --- chunks --- */

struct body {
    char bytes[400];
    size_t size, read; /* content, and what was read of the input */
    int end;           /* 0 more is needed, or the error */
};

static void feed(struct http_chunks *chunks, struct view part, struct body *body)
{
    struct view in = part, piece;
    while (body->end == 0 && in.size > 0) {
        int got = parser_chunk(chunks, &in, &piece);
        if (got == 1) {
            assert_true(piece.size > 0 && piece.size <= sizeof body->bytes - body->size);
            assert_true(piece.bytes >= part.bytes && piece.bytes + piece.size <= part.bytes + part.size);
            memcpy(body->bytes + body->size, piece.bytes, piece.size);
            body->size += piece.size;
        } else if (got < 0) {
            body->end = got;
        } else {
            assert_int_equal(in.size, 0);
        }
    }
    body->read += part.size - in.size;
}

static struct body body_of(struct view text, size_t cut)
{
    struct http_chunks chunks;
    struct body body = {};
    memset(&chunks, 0xee, sizeof chunks);
    parser_chunks(&chunks);
    struct view first = copy_of(text.bytes, cut), second = copy_of(text.bytes + cut, text.size - cut);
    feed(&chunks, first, &body);
    if (body.end == 0)
        feed(&chunks, second, &body);
    free((char *)(uintptr_t)first.bytes);
    free((char *)(uintptr_t)second.bytes);
    return body;
}

/* Whole or in two parts: the content, how it ends, and how much of it was read by then. */
static void expect_body(const char *text, const char *content, int end, size_t behind)
{
    size_t size = strlen(text);
    for (size_t cut = 0; cut <= size; cut++) {
        struct body body = body_of((struct view){text, size}, cut);
        if (body.end != end || (content && !view_equal((struct view){body.bytes, body.size}, view_of(content))))
            fail_msg("'%s' cut at %zu: ends with %d, content '%.*s'", text, cut, body.end, (int)body.size, body.bytes);
        if (end == -ENODATA)
            assert_int_equal(size - body.read, behind);
    }
}

static void chunked(void **state)
{
    (void)state;
    expect_body("5\r\nhello\r\n0\r\n", "hello", -ENODATA, 0);
    expect_body("5\r\nhello\r\n1\r\n \r\n0005\r\nworld\r\n000\r\n\r\nGET", "hello world", -ENODATA, 5);
    expect_body("a\r\n0123456789\r\nA\r\nabcdefghij\r\n0\r\nX: y\r\n\r\n", "0123456789abcdefghij", -ENODATA, 8);
    expect_body("1f\r\n0123456789012345678901234567890\r\n0\r\n", "0123456789012345678901234567890", -ENODATA, 0);
    expect_body("2\r\n\r\n\r\n0\r\n", "\r\n", -ENODATA, 0);
    expect_body("3;name\r\nabc\r\n0;last=1\r\n", "abc", -ENODATA, 0);
    expect_body("3;name=\"quoted; text\"\r\nabc\r\n0\r\n", "abc", -ENODATA, 0);
    expect_body("5\r\nhel", "hel", 0, 0);
    expect_body("5\r\nhello\r\n", "hello", 0, 0);
}

static void not_chunked(void **state)
{
    static const char *const bodies[] = {
        "\r\n", "x\r\n", "-1\r\n", "+1\r\n", " 1\r\na\r\n", "1 \r\na\r\n", "0x1\r\na\r\n", ";a\r\n", "1\na\r\n", "1\r\na\n", "1\r\nab\r\n", "1\ra\r\n",
        "1\r\na\r0\r\n", "1;a\nb\r\n", "1;a\rb\r\n", "1;a\x01\r\n", "1;a\x7f\r\n", "10000000000000000\r\n", "fffffffffffffffff\r\n", "g\r\n", "1\t\r\na\r\n",
    };
    (void)state;
    for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++)
        expect_body(bodies[i], NULL, -EBADMSG, 0);
    struct body body = body_of((struct view){"1\0\r\na\r\n", 7}, 7);
    assert_int_equal(body.end, -EBADMSG);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_field), cmocka_unit_test(several_fields), cmocka_unit_test(no_field),
        cmocka_unit_test(chunked), cmocka_unit_test(not_chunked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
