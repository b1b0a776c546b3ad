/*
 * machine_xen.c - output and the end on Xen.
 *
 * Output is the console's ring, which xenconsoled reads in dom0 (io/console.h).  Before there is one, and when it does not
 * move, it is port 0xE9, which goes to Xen's own log.
 *
 * The ring is shared with dom0, and not trusted: indices are read once, and a distance that cannot be ends the use of it.
 */
#include <errno.h>
#include <string.h>
#include <ukc/deadline.h>
#include <ukc/machine.h>
#include <ukc/small.h>
#include <ukc/xen.h>
#include <ukc/xen_store.h>

SMALL_BEGIN

enum { LOG_PORT = 0xe9, IN_SIZE = 1024, OUT_SIZE = 2048 };
enum { SCHED_SHUTDOWN = 2, REASON_OFF = 0, REASON_RESTART = 1, REASON_CRASH = 3, STATUS_CRASHED = 111 };
static const int64_t PATIENCE = 2 * NANOSECONDS_PER_SECOND, REST = 10 * NANOSECONDS_PER_MILLISECOND;

struct ring {
    char in[IN_SIZE], out[OUT_SIZE];
    uint32_t in_taken, in_put, out_taken, out_put;
};
static volatile struct ring *ring; /* NULL: none, or not any more */
static uint32_t event;
static bool tried;

void xen_console_again(void)
{
    tried = false;
}

static bool open_ring(void)
{
    if (!tried) {
        tried = true;
        ring = xen_shared_ring(XEN_CONSOLE_PAGE, XEN_CONSOLE_EVENT, &event);
    }
    return ring;
}

/* How many bytes the ring takes.  Waits for some while it takes none, but not for ever. */
static size_t room(uint32_t put, uint32_t wanted)
{
    int64_t end = 0;
    for (;;) {
        uint32_t held = put - ring->out_taken;
        if (held > OUT_SIZE)
            return 0; /* dom0 is mad */
        if (OUT_SIZE - held >= wanted)
            return OUT_SIZE - held;
        int64_t now = xen_now();
        if (!end)
            end = now + PATIENCE;
        if (now >= end)
            return 0;
        xen_event_taken(event);
        if (put - ring->out_taken == held)
            xen_event_wait(&event, 1, end);
    }
}

/* How many it took. */
static size_t put(const char *bytes, size_t size)
{
    size_t left = size;
    while (left > 0) {
        uint32_t at = ring->out_put;
        size_t part = room(at, 1);
        if (part == 0) {
            ring = NULL;
            break;
        }
        for (part = part < left ? part : left, left -= part; part > 0; part--)
            ring->out[at++ % OUT_SIZE] = *bytes++;
        __atomic_thread_fence(__ATOMIC_SEQ_CST);
        ring->out_put = at;
        xen_event_send(event);
    }
    return size - left;
}

void machine_print(const char *bytes, size_t size)
{
    size_t done = open_ring() ? put(bytes, size) : 0;
    for (size_t i = done; i < size; i++)
        machine_out8(LOG_PORT, (uint8_t)bytes[i]);
}

ptrdiff_t xen_console_read(void *buffer, size_t size)
{
    char *to = buffer;
    if (!open_ring())
        return -ENODATA;
    uint32_t at = ring->in_taken, held = ring->in_put - at;
    if (held > IN_SIZE)
        return -ENODATA; /* dom0 is mad */
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    size = held < size ? held : size;
    for (size_t i = 0; i < size; i++)
        to[i] = ring->in[at++ % IN_SIZE];
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    ring->in_taken = at;
    if (size)
        xen_event_send(event);
    return (ptrdiff_t)size;
}

uint32_t xen_console_event(void)
{
    return open_ring() ? event : 0;
}

static uint32_t reason = REASON_OFF;

void xen_restart(void)
{
    reason = REASON_RESTART;
}

/*
 * For whoever has started the domain, and keeps it: data/ is the domain's own to write.  A domain that ended without a crash and has written nothing means 0:
 * to ask the store costs a small image as much as all else.  So a failure that could not be told ends as a crash.
 */
static void leave_status(int status)
{
    char digits[4], *at = &digits[3];
    *at = '\0';
    do
        *--at = (char)('0' + status % 10);
    while (status /= 10);
    if (xen_store_write(XEN_STORE_ALONE, "data/exit-status", at) != 0)
        reason = REASON_CRASH;
}

/* What was printed is lost if the domain ends before dom0 has read it. */
void machine_end(int status)
{
    static bool ending; /* a crash in here ends at once */
    if (!xen_is_there()) /* nobody to ask */
        for (;;)
            __asm__ volatile("cli\n\thlt");
    if (status == STATUS_CRASHED)
        reason = REASON_CRASH;
    if (!ending) {
        ending = true;
        if (status & 255)
            leave_status(status & 255);
        if (ring)
            room(ring->out_put, OUT_SIZE);
    }
    for (;;)
        xen_call(XEN_SCHED_OP, SCHED_SHUTDOWN, &reason);
}

void machine_rest(unsigned line, bool for_ever)
{
    xen_event_wait(&line, line != 0, line && for_ever ? 0 : xen_now() + REST);
    if (line)
        xen_event_taken(line);
}

SMALL_END
