/*
 * xen_event.c - event channels, by the bits that Xen sets in the shared page (the two-level ABI).
 *
 * Nobody is interrupted: who waits asks Xen to sleep until a bit is set (SCHEDOP_poll), which needs no vector, no mask and no
 * handler, and takes the end of the wait along, so that no timer is set either.
 */
#include <ukc/machine.h>
#include <ukc/xen.h>

enum { EVENT_CLOSE = 3, EVENT_SEND = 4, EVENT_ALLOCATE = 6, SCHED_POLL = 3, SELF = 0x7ff0 /* DOMID_SELF */ };

int xen_event_open(uint16_t domain)
{
    /* event_channel.h, struct evtchn_alloc_unbound */
    struct {
        uint16_t own, other;
        uint32_t port;
    } wanted = {.own = SELF, .other = domain};
    long error = xen_call(XEN_EVENT_CHANNEL_OP, EVENT_ALLOCATE, &wanted);
    return error ? (int)error : (int)wanted.port;
}

void xen_event_close(uint32_t event)
{
    xen_call(XEN_EVENT_CHANNEL_OP, EVENT_CLOSE, &event);
}

void xen_event_send(uint32_t event)
{
    xen_call(XEN_EVENT_CHANNEL_OP, EVENT_SEND, &event);
}

bool xen_event_taken(uint32_t event)
{
    volatile uint64_t *word = &xen_shared()->pending[event / 64 % XEN_EVENT_WORDS];
    uint64_t bit = UINT64_C(1) << event % 64;
    return (*word & bit) && (__atomic_fetch_and(word, ~bit, __ATOMIC_SEQ_CST) & bit);
}

void xen_event_wait(const uint32_t *events, unsigned count, int64_t time)
{
    /* sched.h, struct sched_poll */
    const struct {
        const uint32_t *ports;
        uint32_t count, padding;
        int64_t timeout;
    } wanted = {.ports = events, .count = count, .timeout = time};
    xen_shared(); /* the bits have to be somewhere */
    xen_call(XEN_SCHED_OP, SCHED_POLL, &wanted);
}
