/*
 * xen_store.c - the client of xenstored: one request at a time, over a ring of its own; what it tells between is kept.
 *
 * The ring is shared with another domain, and not trusted: indices are read once, a distance or a length that cannot be ends the use of the store.
 */
#include <errno.h>
#include <string.h>
#include <ukc/deadline.h>
#include <ukc/machine.h>
#include <ukc/small.h>
#include <ukc/xen.h>
#include <ukc/xen_store.h>

SMALL_BEGIN

enum { RING = 1024, CHANGES_MOST = 16, TOKEN_MOST = 32 };
enum type { LIST = 1, READ = 2, WATCH = 4, UNWATCH = 5, BEGIN = 6, END = 7, WRITE = 11, CHANGED = 15, FAILED = 16 };
static const int64_t PATIENCE = XEN_STORE_PATIENCE;

struct ring {
    char out[RING], in[RING];
    uint32_t out_taken, out_put, in_taken, in_put;
};
struct header {
    uint32_t type, request, transaction, size;
};

static volatile struct ring *ring; /* NULL: none, or not any more */
static uint32_t event;
static char payload[XEN_STORE_MOST + 1];

/* Changes that nobody has taken: a token that is there already is not there twice. */
static char changes[CHANGES_MOST][TOKEN_MOST];
static unsigned change_count;
static bool tried;

void xen_store_again(void)
{
    tried = false;
    change_count = 0;
}

static bool open_ring(void)
{
    if (!tried) {
        tried = true;
        ring = xen_shared_ring(XEN_STORE_PAGE, XEN_STORE_EVENT, &event);
    }
    return ring;
}

uint32_t xen_store_event(void)
{
    return open_ring() ? event : 0;
}

static int give_up(void)
{
    ring = NULL;
    return -EIO;
}

/* ---- bytes ---- */

/* Until there is something to do in one direction: how many bytes, 0 when the time has come or the indices are wrong. */
static uint32_t await(bool sending, int64_t end)
{
    for (;;) {
        uint32_t held = sending ? ring->out_put - ring->out_taken : ring->in_put - ring->in_taken;
        __atomic_thread_fence(__ATOMIC_SEQ_CST);
        uint32_t can = sending ? RING - held : held;
        if (held > RING)
            return 0;
        if (can)
            return can;
        if (xen_now() >= end) /* also where the channel is told of all the time */
            return 0;
        if (!xen_event_taken(event))
            xen_event_wait(&event, 1, end);
    }
}

static bool send(const void *bytes, size_t size, int64_t end)
{
    for (const char *from = bytes; size > 0;) {
        uint32_t part = await(true, end), at = ring->out_put;
        if (!part)
            return false;
        for (part = part < size ? part : (uint32_t)size, size -= part; part > 0; part--)
            ring->out[at++ % RING] = *from++;
        __atomic_thread_fence(__ATOMIC_SEQ_CST);
        ring->out_put = at;
        xen_event_send(event);
    }
    return true;
}

static bool receive(void *bytes, size_t size, int64_t end)
{
    for (char *to = bytes; size > 0;) {
        uint32_t part = await(false, end), at = ring->in_taken;
        if (!part)
            return false;
        for (part = part < size ? part : (uint32_t)size, size -= part; part > 0; part--)
            *to++ = ring->in[at++ % RING];
        __atomic_thread_fence(__ATOMIC_SEQ_CST);
        ring->in_taken = at;
        xen_event_send(event);
    }
    return true;
}

/* ---- messages ---- */

/* The change's path and token, each ended with a zero byte.  One too many is not kept: whoever waits looks at all of its keys anyway. */
static void keep_change(size_t size)
{
    size_t path = strlen(payload);
    if (path >= size || change_count == CHANGES_MOST || strlen(payload + path + 1) >= TOKEN_MOST)
        return;
    for (unsigned i = 0; i < change_count; i++)
        if (strcmp(changes[i], payload + path + 1) == 0)
            return;
    strcpy(changes[change_count++], payload + path + 1);
}

/* A whole message into `payload`, with a zero byte behind it. */
static bool receive_message(struct header *h, int64_t end)
{
    if (!receive(h, sizeof *h, end) || h->size > XEN_STORE_MOST || !receive(payload, h->size, end))
        return false;
    payload[h->size] = '\0';
    if (h->type == CHANGED)
        keep_change(h->size);
    return true;
}

/* Those that somebody tells apart, or that say what to do.  Constants, so that where only failing matters none is looked for. */
static int error_of(const char *name)
{
    if (strcmp(name, "EAGAIN") == 0)
        return -EAGAIN;
    if (strcmp(name, "ENOENT") == 0)
        return -ENOENT;
    if (strcmp(name, "EACCES") == 0)
        return -EACCES;
    return strcmp(name, "ENOSPC") == 0 ? -ENOSPC : -EPROTO;
}

/* Asks, in pieces, and has the answer in `payload`: its size. */
static int ask(enum type type, uint32_t transaction, const char *first, const char *second, size_t second_size)
{
    static uint32_t request;
    size_t first_size = strlen(first) + 1;
    struct header h = {.type = type, .request = ++request, .transaction = transaction, .size = (uint32_t)(first_size + second_size)};
    if (first_size + second_size > XEN_STORE_MOST)
        return -E2BIG;
    if (!open_ring())
        return -ENODEV;
    int64_t end = xen_now() + PATIENCE;
    if (!send(&h, sizeof h, end) || !send(first, first_size, end) || !send(second, second_size, end))
        return give_up();
    unsigned late = 0;
    do
        if (!receive_message(&h, end))
            return give_up();
    while (h.type == CHANGED && (xen_now() < end || late++ < RING / sizeof h)); /* not for ever where there is always one more; a domain that stood still has what was written meanwhile */
    if (h.request != request || (h.type != type && h.type != FAILED))
        return give_up();
    return h.type == FAILED ? error_of(payload) : (int)h.size;
}

/* ---- what the header promises ---- */

int xen_store_read(uint32_t transaction, const char *path, char *value, size_t size)
{
    int got = ask(READ, transaction, path, "", 0);
    if (got < 0)
        return got;
    if ((size_t)got >= size || strlen(payload) != (size_t)got)
        return -E2BIG;
    memcpy(value, payload, (size_t)got + 1);
    return got;
}

uint64_t xen_store_number(const char *path, uint64_t otherwise)
{
    uint64_t n = 0;
    int got = ask(READ, XEN_STORE_ALONE, path, "", 0);
    for (int i = 0; i < got; i++) {
        if (payload[i] < '0' || payload[i] > '9' || got > 19)
            return otherwise;
        n = n * 10 + (uint64_t)(payload[i] - '0');
    }
    return got > 0 ? n : otherwise;
}

int xen_store_list(const char *path, char *names, size_t size)
{
    int got = ask(LIST, XEN_STORE_ALONE, path, "", 0);
    if (got < 0)
        return got;
    if ((size_t)got >= size)
        return -E2BIG;
    memcpy(names, payload, (size_t)got + 1);
    return got;
}

static int zero_if_good(int got)
{
    return got < 0 ? got : 0;
}

int xen_store_write(uint32_t transaction, const char *path, const char *value)
{
    return zero_if_good(ask(WRITE, transaction, path, value, strlen(value)));
}

int xen_store_begin(uint32_t *transaction)
{
    int got = ask(BEGIN, XEN_STORE_ALONE, "", "", 0);
    if (got < 0)
        return got;
    *transaction = 0;
    for (const char *c = payload; *c >= '0' && *c <= '9'; c++)
        *transaction = *transaction * 10 + (uint32_t)(*c - '0');
    return *transaction ? 0 : give_up();
}

int xen_store_end(uint32_t transaction, bool commit)
{
    return zero_if_good(ask(END, transaction, commit ? "T" : "F", "", 0));
}

int xen_store_watch(const char *path, const char *token)
{
    return zero_if_good(ask(WATCH, XEN_STORE_ALONE, path, token, strlen(token) + 1));
}

int xen_store_unwatch(const char *path, const char *token)
{
    return zero_if_good(ask(UNWATCH, XEN_STORE_ALONE, path, token, strlen(token) + 1));
}

bool xen_store_changed(char *token, size_t size)
{
    struct header h;
    /* one message: who tells without an end, be it nothing of use, is heard by whoever calls; a message that has begun ends soon */
    if (change_count == 0 && open_ring() && ring->in_put != ring->in_taken) {
        *token = '\0';
        if (!receive_message(&h, xen_now() + PATIENCE))
            give_up();
        else if (change_count == 0)
            return true;
    }
    if (change_count == 0 || strlen(changes[0]) >= size)
        return false;
    strcpy(token, changes[0]);
    memmove(changes[0], changes[1], --change_count * sizeof changes[0]);
    return true;
}

SMALL_END
