/*
 * fuzz_http_syntax.c - a libFuzzer target: two implementations of http_syntax read the same, and must agree.
 *
 * The first byte says whether the rest are fields or a chunked body, and where a body is cut in two.
 * What http_lines takes llhttp takes too, with the same names, values and content; and the other way round.  Exempt is
 * what llhttp finds out beyond the grammar (lengths and codings, which http1 judges itself), and
 * what its versions do not agree about: extensions of chunks.
 *
 * Built by tests/suites/http.py; corpus in corpus/http_syntax.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "../../libs/http_llhttp/http_llhttp.h"
#include "../../libs/http_lines/http_lines.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { FIELDS = 8, MOST = 4096 };

static void require(bool condition)
{
    if (!condition)
        abort();
}

/* Lines as http1 lets them through: whole ones, each begun by something, CR and LF only at their ends. */
static size_t as_lines(const uint8_t *data, size_t size, char *out)
{
    size_t used = 0, begin = 0;
    for (size_t i = 0; i < size; i++) {
        char c = (char)data[i];
        if (c == '\r' || (used == begin && (c == ' ' || c == '\t' || c == '\n')))
            continue;
        if (c == '\n')
            out[used++] = '\r';
        out[used++] = c;
        if (c == '\n')
            begin = used;
    }
    return begin;
}

static bool judged_by_llhttp(const struct http_field *field)
{
    static const char *const names[] = {"content-length", "transfer-encoding"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (field->name.size == strlen(names[i]) && strncasecmp(field->name.bytes, names[i], field->name.size) == 0)
            return true;
    return false;
}

static void fields(const uint8_t *data, size_t size)
{
    static char lines[2 * MOST];
    struct http_field ours[FIELDS], theirs[FIELDS];
    struct view text = {lines, as_lines(data, size, lines)};
    ptrdiff_t count = http_lines_fields(text, ours, FIELDS);
    for (ptrdiff_t i = 0; i < count; i++)
        if (judged_by_llhttp(&ours[i]))
            return;
    ptrdiff_t other = http_llhttp_fields(text, theirs, FIELDS);
    if (count == -E2BIG || other == -E2BIG) {
        require(count < 0 && other < 0); /* a later line may be worse */
        return;
    }
    if (count == -EBADMSG && strcasestr(lines, "content-length"))
        return; /* llhttp names what comes first */
    require(count == other);
    for (ptrdiff_t i = 0; i < count; i++) {
        require(ours[i].name.bytes == theirs[i].name.bytes && ours[i].name.size == theirs[i].name.size);
        require(view_equal(ours[i].value, theirs[i].value));
    }
}

struct body {
    char bytes[MOST];
    size_t size, read;
    int end;
};

typedef int (*read_function)(struct http_chunks *, struct view *, struct view *);

static void feed(read_function read, struct http_chunks *chunks, struct view in, struct body *body)
{
    size_t size = in.size;
    struct view piece;
    while (body->end == 0 && in.size > 0) {
        int got = read(chunks, &in, &piece);
        if (got < 0)
            body->end = got;
        if (got <= 0)
            continue;
        require(piece.size > 0 && piece.size <= MOST - body->size);
        memcpy(body->bytes + body->size, piece.bytes, piece.size);
        body->size += piece.size;
    }
    body->read += size - in.size;
}

static void chunks(const uint8_t *data, size_t size, size_t cut)
{
    static struct body ours, theirs;
    struct http_chunks state;
    struct view first = {(const char *)data, cut < size ? cut : size}, second = {first.bytes + first.size, size - first.size};
    ours.size = ours.read = theirs.size = theirs.read = 0;
    ours.end = theirs.end = 0;
    http_lines_chunks(&state);
    feed(http_lines_chunk, &state, first, &ours);
    feed(http_lines_chunk, &state, second, &ours);
    http_llhttp_chunks(&state);
    feed(http_llhttp_chunk, &state, first, &theirs);
    feed(http_llhttp_chunk, &state, second, &theirs);
    if (memchr(data, ';', size) && (ours.end == -EBADMSG || theirs.end == -EBADMSG))
        return;
    require(ours.end == theirs.end);
    if (ours.end != -EBADMSG)
        require(ours.read == theirs.read && ours.size == theirs.size && memcmp(ours.bytes, theirs.bytes, ours.size) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0 || size > MOST)
        return 0;
    if (data[0] & 1)
        fields(data + 1, size - 1);
    else
        chunks(data + 1, size - 1, data[0] / 2);
    return 0;
}
