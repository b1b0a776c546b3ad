/*
 * body.c - the body of a request, in pieces, where they lie in the buffer.
 *
 * A body has a limit of size and one of time: so many seconds for each
 * mebibyte that has begun, so that a slow trickle ends and a long upload does
 * not.  The frame of chunks (sizes, extensions, trailers, which are dropped) is
 * bounded in proportion to what it carries.
 */
#include "internal.h"

#include <errno.h>

enum {
    DISCARD_BYTES = 64 << 10, /* what is read of a body that the handler did not want */
    FRAME_FACTOR = 16,
    FRAME_BYTES = 16 << 10,
};

static int64_t body_deadline(struct http1_exchange *x, int64_t deadline)
{
    if (x->body_deadline == 0)
        x->body_deadline = now_monotonic();
    int64_t allowance = KEY_BODY_TIME * NANOSECONDS_PER_SECOND;
    int64_t own = deadline_after(x->body_deadline, allowance * (int64_t)(1 + (x->body_received >> 20)));
    return own < deadline ? own : deadline;
}

/* More of the body, in the room behind the head. */
static int body_receive(struct http1_exchange *x, int64_t deadline)
{
    if (x->expects_continue) {
        x->expects_continue = false;
        int error = append(x, VIEW("HTTP/1.1 100 Continue\r\n\r\n"));
        if (error < 0)
            return error;
    }
    int error = flush(x); /* the client may wait for an earlier answer before it sends */
    if (error < 0)
        return error;
    if (x->at == x->end)
        x->at = x->end = x->head_end;
    return receive(x, body_deadline(x, deadline));
}

static int take_length(struct http1_exchange *x, struct view *piece)
{
    size_t here = x->end - x->at;
    size_t take = x->body_left < here ? (size_t)x->body_left : here;
    *piece = (struct view){x->in + x->at, take};
    x->at += take;
    x->body_left -= take;
    if (x->body_left == 0)
        x->body = BODY_NONE;
    return take > 0;
}

static int take_chunk(struct http1_exchange *x, struct view *piece)
{
    size_t before = x->at;
    int got = chunk_parse(x, piece);
    x->body_raw += x->at - before;
    if (got == -ENODATA) {
        x->body = BODY_NONE;
        *piece = (struct view){};
        return 1;
    }
    if (got < 0)
        return got;
    uint64_t received = x->body_received + (got > 0 ? piece->size : 0);
    if (received > KEY_BODY_BYTES)
        return -EMSGSIZE;
    if (x->body_raw > received * FRAME_FACTOR + FRAME_BYTES)
        return -EBADMSG;
    return got;
}

static int next_piece(struct http1_exchange *x, struct view *piece, int64_t deadline)
{
    for (;;) {
        int got = x->body == BODY_LENGTH ? take_length(x, piece) : take_chunk(x, piece);
        if (got > 0) {
            x->body_received += piece->size;
            return 0;
        }
        int error = got < 0 ? got : body_receive(x, deadline);
        if (error < 0)
            return error;
    }
}

int http1_read(struct http1_exchange *x, struct view *piece, int64_t deadline)
{
    *piece = (struct view){};
    if (x->body_error < 0)
        return x->body_error;
    if (x->body == BODY_NONE)
        return 0;
    int error = next_piece(x, piece, deadline);
    if (error < 0)
        *piece = (struct view){};
    bool own_deadline = error == -ETIMEDOUT && body_deadline(x, deadline) < deadline;
    if (error < 0 && (error != -ETIMEDOUT || own_deadline)) {
        x->body_error = error; /* where the next request would begin is not known any more */
        x->keep_alive = false;
    }
    return error;
}

int64_t http1_read_all(struct http1_exchange *x, void *buffer, size_t size, int64_t deadline)
{
    if (x->body == BODY_LENGTH && x->body_left > size)
        return -EMSGSIZE;
    size_t used = 0;
    for (;;) {
        struct view piece;
        int error = http1_read(x, &piece, deadline);
        if (error < 0)
            return error;
        if (piece.size == 0)
            return (int64_t)used;
        if (piece.size > size - used)
            return -EMSGSIZE;
        memcpy((char *)buffer + used, piece.bytes, piece.size);
        used += piece.size;
    }
}

void body_settle(struct http1_exchange *x)
{
    if (x->expects_continue || (x->body == BODY_LENGTH && x->body_left > DISCARD_BYTES))
        x->keep_alive = false;
}

void body_discard(struct http1_exchange *x)
{
    uint64_t most = x->body_received + DISCARD_BYTES;
    while (x->keep_alive && x->body != BODY_NONE && x->body_received <= most) {
        struct view piece;
        if (http1_read(x, &piece, DEADLINE_NEVER) < 0)
            x->keep_alive = false;
    }
    if (x->body != BODY_NONE)
        x->keep_alive = false;
}
