/*
 * transport.c - bytes to and from the stack.
 *
 * What is sent goes to `out` first, and from there in as few writes as can
 * be; long bodies are sent from where they lie.  Each wait has a deadline: a
 * client that neither reads nor writes is given up.
 */
#include "internal.h"

#include <errno.h>
#include "stack.h"

static int64_t send_deadline(size_t size)
{
    int64_t allowance = KEY_SEND_TIME * NANOSECONDS_PER_SECOND;
    return deadline_after(now_monotonic(), allowance * (int64_t)(1 + (size >> 20)));
}

int receive(struct http1_exchange *x, int64_t deadline)
{
    if (x->end == IN_BYTES)
        return -ENOBUFS;
    ptrdiff_t got = stack_read(x->connection->flow, x->in + x->end, IN_BYTES - x->end, deadline);
    if (got <= 0) {
        if (got < 0 && got != -ETIMEDOUT)
            x->connection->broken = true;
        return got ? (int)got : -ECONNRESET;
    }
    x->end += (size_t)got;
    return 0;
}

static int send_views(struct http1_exchange *x, const struct view *views, size_t count, size_t size)
{
    if (x->connection->broken)
        return -ECONNRESET;
    x->used = 0;
    ptrdiff_t sent = stack_write(x->connection->flow, views, count, send_deadline(size));
    if (sent == (ptrdiff_t)size)
        return 0;
    x->connection->broken = x->connection->reset = true;
    return sent < 0 ? (int)sent : -ETIMEDOUT;
}

int flush(struct http1_exchange *x)
{
    if (x->used == 0)
        return x->connection->broken ? -ECONNRESET : 0;
    return send_views(x, &(struct view){x->out, x->used}, 1, x->used);
}

int append(struct http1_exchange *x, struct view bytes)
{
    if (bytes.size > KEY_OUT_BYTES - x->used)
        return send_through(x, bytes);
    if (bytes.size > 0)
        memcpy(x->out + x->used, bytes.bytes, bytes.size);
    x->used += bytes.size;
    return 0;
}

int send_through(struct http1_exchange *x, struct view bytes)
{
    if (x->used == 0)
        return send_views(x, &bytes, 1, bytes.size);
    struct view both[] = {{x->out, x->used}, bytes};
    return send_views(x, both, 2, x->used + bytes.size);
}
