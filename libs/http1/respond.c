/*
 * respond.c - answers: their head, and bodies whole or in pieces.
 *
 * A head is put together from fragments, most of them constants; the status
 * line of a 200 and the date are made once a second.
 */
#include "internal.h"

#include <errno.h>
#include "date.h"
#include "text.h"

static const char ok_line[] = "HTTP/1.1 200 OK\r\n";
enum { OK_SIZE = sizeof ok_line - 1, DATED_SIZE = OK_SIZE + 6 + DATE_SIZE + 2 };

/* "HTTP/1.1 200 OK\r\nDate: ...\r\n" for the second it is. */
static const char *dated(void)
{
    static char lines[DATED_SIZE];
    static int64_t made = -1;
    int64_t now = now_wall();
    if (now != made) {
        made = now;
        memcpy(lines, ok_line, OK_SIZE);
        memcpy(lines + OK_SIZE, "Date: ", 6);
        date_write(now, lines + OK_SIZE + 6);
        memcpy(lines + DATED_SIZE - 2, "\r\n", 2);
    }
    return lines;
}

/* --- heads --- */

static inline void put(struct http1_exchange *x, struct view bytes)
{
    memcpy(x->out + x->used, bytes.bytes, bytes.size);
    x->used += bytes.size;
}

static void put_number(struct http1_exchange *x, uint64_t number)
{
    char digits[TEXT_DIGITS];
    put(x, text_decimal(number, digits));
}

static void put_field(struct http1_exchange *x, struct view name_and_colon, struct view value)
{
    put(x, name_and_colon);
    if (value.size > 0)
        put(x, value);
    put(x, VIEW("\r\n"));
}

static void put_status_and_date(struct http1_exchange *x, unsigned status)
{
    if (status == 200) {
        put(x, (struct view){dated(), DATED_SIZE});
        return;
    }
    put(x, VIEW("HTTP/1.1 "));
    put_number(x, status);
    put(x, VIEW(" "));
    put(x, view_of(status_reason(status)));
    put(x, VIEW("\r\n"));
    put(x, (struct view){dated() + OK_SIZE, DATED_SIZE - OK_SIZE});
}

static void put_content_range(struct http1_exchange *x, const struct answer *answer)
{
    put(x, VIEW("Content-Range: bytes "));
    if (answer->first > answer->last) {
        put(x, VIEW("*"));
    } else {
        put_number(x, answer->first);
        put(x, VIEW("-"));
        put_number(x, answer->last);
    }
    put(x, VIEW("/"));
    put_number(x, answer->whole);
    put(x, VIEW("\r\n"));
}

static void put_content(struct http1_exchange *x, const struct answer *answer)
{
    if (answer->type.size > 0)
        put_field(x, VIEW("Content-Type: "), answer->type);
    if (answer->encoding.size > 0)
        put_field(x, VIEW("Content-Encoding: "), answer->encoding);
    if (answer->sized) {
        put(x, VIEW("Content-Length: "));
        put_number(x, answer->size);
        put(x, VIEW("\r\n"));
    } else if (x->chunked) {
        put(x, VIEW("Transfer-Encoding: chunked\r\n"));
    }
}

static void put_validators(struct http1_exchange *x, const struct answer *answer)
{
    if (answer->etag.size > 0)
        put_field(x, VIEW("ETag: "), answer->etag);
    if (answer->modified > 0) {
        char date[DATE_SIZE];
        date_write(answer->modified, date);
        put_field(x, VIEW("Last-Modified: "), (struct view){date, sizeof date});
    }
    if (answer->ranges)
        put(x, VIEW("Accept-Ranges: bytes\r\n"));
    if (answer->vary)
        put(x, VIEW("Vary: Accept-Encoding\r\n"));
}

/* Most answers lack most fields. */
static inline bool is_value(struct view text)
{
    return text.size == 0 || text_is_value(text);
}

/* What a store or a handler gives must not split the answer. */
int answer_head(struct http1_exchange *x, const struct answer *answer)
{
    size_t variable = answer->type.size + answer->etag.size + answer->encoding.size + answer->location.size;
    if (variable > KEY_OUT_BYTES - HEAD_BYTES || !is_value(answer->type) || !is_value(answer->etag) || !is_value(answer->encoding) ||
        !is_value(answer->location))
        return -EINVAL;
    if (variable + HEAD_BYTES > KEY_OUT_BYTES - x->used) {
        int error = flush(x);
        if (error < 0)
            return error;
    }
    body_settle(x);
    if (x->connection->requests >= KEY_REQUESTS || stopping(x->connection))
        x->keep_alive = false;

    put_status_and_date(x, answer->status);
    if (sizeof KEY_SERVER > 1)
        put_field(x, VIEW("Server: "), VIEW(KEY_SERVER));
    put_content(x, answer);
    if (answer->content_range)
        put_content_range(x, answer);
    put_validators(x, answer);
    if (answer->location.size > 0)
        put_field(x, VIEW("Location: "), answer->location);
    if (!x->keep_alive)
        put(x, VIEW("Connection: close\r\n"));
    else if (x->minor == 0)
        put(x, VIEW("Connection: keep-alive\r\n"));
    put(x, (struct view){x->extra, x->extra_size});
    put(x, VIEW("\r\n"));
    return 0;
}

static bool without_body(unsigned status)
{
    return status == 204 || status == 304;
}

int answer_send(struct http1_exchange *x, struct answer *answer, struct view body)
{
    if (x->answer != ANSWER_NONE)
        return -EALREADY;
    if (answer->status < 200 || answer->status > 599)
        return -EINVAL;
    if (answer->status == 205)
        body.size = 0;
    answer->sized = !without_body(answer->status);
    answer->size = body.size;
    x->silent = !answer->sized || x->method == METHOD_HEAD;
    int error = answer_head(x, answer);
    if (error < 0)
        return error;
    x->answer = ANSWER_DONE;
    if (x->silent || body.size == 0)
        return 0;
    return body.size <= COPY_BYTES ? append(x, body) : send_through(x, body);
}

int http1_respond(struct http1_exchange *x, unsigned status, struct view type, struct view body)
{
    return answer_send(x, &(struct answer){.status = status, .type = type}, body);
}

/* --- fields of the handler's own --- */

static bool servers_own(struct view name)
{
    static const char *const names[] = {"content-length", "transfer-encoding", "connection", "date"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (text_same(name, view_of(names[i])))
            return true;
    return false;
}

int http1_set_header(struct http1_exchange *x, struct view name, struct view value)
{
    if (x->answer != ANSWER_NONE)
        return -EALREADY;
    if (!text_is_token(name) || !text_is_value(value) || servers_own(name))
        return -EINVAL;
    if (name.size > EXTRA_BYTES || value.size > EXTRA_BYTES ||
        name.size + value.size + 4 > EXTRA_BYTES - x->extra_size)
        return -ENOSPC;
    char *at = x->extra + x->extra_size;
    memcpy(at, name.bytes, name.size);
    memcpy(at + name.size, ": ", 2);
    if (value.size > 0)
        memcpy(at + name.size + 2, value.bytes, value.size);
    memcpy(at + name.size + 2 + value.size, "\r\n", 2);
    x->extra_size += name.size + value.size + 4;
    return 0;
}

/* --- in pieces --- */

int http1_begin(struct http1_exchange *x, unsigned status, struct view type, int64_t size)
{
    if (x->answer != ANSWER_NONE)
        return -EALREADY;
    if (status < 200 || status > 599 || status == 205)
        return -EINVAL;
    bool none = without_body(status);
    x->silent = none || x->method == METHOD_HEAD;
    x->chunked = !none && size < 0 && x->minor >= 1;
    if (!none && size < 0 && x->minor == 0)
        x->keep_alive = false; /* the end of the connection is that of the body */
    x->answer_left = size < 0 ? UINT64_MAX : (uint64_t)size;
    struct answer answer = {
        .status = status, .type = type, .sized = !none && size >= 0, .size = (uint64_t)size};
    int error = answer_head(x, &answer);
    if (error == 0)
        x->answer = ANSWER_STREAMING;
    return error;
}

static int write_piece(struct http1_exchange *x, struct view piece)
{
    return piece.size <= COPY_BYTES ? append(x, piece) : send_through(x, piece);
}

static int write_chunk(struct http1_exchange *x, struct view piece)
{
    char line[24];
    size_t at = sizeof line;
    line[--at] = '\n';
    line[--at] = '\r';
    for (size_t left = piece.size; left > 0; left >>= 4)
        line[--at] = "0123456789abcdef"[left & 15];
    int error = append(x, (struct view){line + at, sizeof line - at});
    if (error == 0)
        error = write_piece(x, piece);
    return error ? error : append(x, VIEW("\r\n"));
}

int http1_write(struct http1_exchange *x, struct view piece)
{
    if (x->answer != ANSWER_STREAMING)
        return -EINVAL;
    if (x->answer_left != UINT64_MAX) {
        if (piece.size > x->answer_left) {
            x->connection->broken = x->connection->reset = true;
            return -EMSGSIZE;
        }
        x->answer_left -= piece.size;
    }
    if (x->silent || piece.size == 0)
        return 0;
    return x->chunked ? write_chunk(x, piece) : write_piece(x, piece);
}

int http1_end(struct http1_exchange *x)
{
    if (x->answer != ANSWER_STREAMING)
        return -EINVAL;
    x->answer = ANSWER_DONE;
    if (x->answer_left != UINT64_MAX && x->answer_left > 0 && !x->silent) {
        x->connection->broken = x->connection->reset = true;
        return -EMSGSIZE;
    }
    return x->chunked && !x->silent ? append(x, VIEW("0\r\n\r\n")) : 0;
}
