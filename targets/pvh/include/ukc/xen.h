/*
 * xen.h - what Xen is asked, for the implementations of targets/xen.  Not for libraries: those have signatures.
 *
 * Numbers and layouts are those of Xen's public headers (xen/include/public: xen.h, sched.h, memory.h, event_channel.h,
 * hvm/hvm_op.h, hvm/params.h, io/console.h), for a 64-bit guest.
 */
#ifndef PVH_XEN_H
#define PVH_XEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum xen_hypercall { XEN_MEMORY_OP = 12, XEN_SCHED_OP = 29, XEN_EVENT_CHANNEL_OP = 32, XEN_HVM_OP = 34 };

/* Whether the hypervisor is Xen. */
bool xen_is_there(void);
/* The result of a hypercall: negative is -errno, in Xen's numbers, which are Linux's.  Panics when the hypervisor is not Xen. */
long xen_call(enum xen_hypercall, unsigned long operation, const void *argument);

/* ---- the page that Xen and the guest share ---- */

enum { XEN_EVENT_WORDS = 64, XEN_EVENTS = 4096 };

/* Time, as Xen writes it: `version` is odd while it does (xen.h, struct vcpu_time_info). */
struct xen_time {
    uint32_t version, padding;
    uint64_t tsc, nanoseconds;
    uint32_t multiplier;
    int8_t shift;
    uint8_t flags, padding2[2];
};
struct xen_processor {
    uint8_t upcall_pending, upcall_mask, padding[6];
    uint64_t selector, cr2, padding2;
    struct xen_time time;
};
struct xen_shared {
    struct xen_processor processors[32];
    uint64_t pending[XEN_EVENT_WORDS], mask[XEN_EVENT_WORDS];
    uint32_t wall_version, wall_seconds, wall_nanoseconds, wall_seconds_high;
};
_Static_assert(sizeof(struct xen_processor) == 64 && offsetof(struct xen_shared, wall_version) == 0xc00, "as Xen has it");

/* Mapped with the first call, which panics when Xen refuses. */
volatile struct xen_shared *xen_shared(void);

/* Has a page of Xen's own at an address where there was nothing, mapped.  NULL: Xen refuses. */
enum xen_space { XEN_SPACE_SHARED = 0, XEN_SPACE_GRANTS = 1 };
void *xen_place(enum xen_space, unsigned index);
/* The same where one was placed before.  False: Xen refuses. */
bool xen_place_again(const volatile void *, enum xen_space, unsigned index);

/* Nanoseconds since Xen started.  A correction may set it back a little, and a domain that was saved may go on under a Xen that started at another time. */
int64_t xen_now(void);
/* Such a time on the domain's own clock, which stands still while the domain is saved. */
int64_t xen_time_of(int64_t now);

/* ---- saving ---- */

/* Asks to be suspended; to be called where no task runs.  True: the domain was saved, and goes on as another one; false: nothing has happened. */
bool xen_suspend(void);
/* What each file makes again then. */
void xen_share_again(void);
void xen_time_goes_on(int64_t before);
void xen_grants_again(void);
void xen_console_again(void);

/* ---- xen_balloon.c: how much memory the toolstack wants the domain to have ---- */

/* The key in the store that says it. */
#define XEN_MEMORY_TARGET "memory/target"
/* Gives pages back to Xen, or takes them, until the domain has as much.  False: it could not, or not yet; what is in use stays. */
bool xen_balloon(void);

/* ---- parameters that the toolstack has set (hvm/params.h) ---- */

enum xen_parameter { XEN_CALLBACK = 0, XEN_STORE_PAGE = 1, XEN_STORE_EVENT = 2, XEN_CONSOLE_PAGE = 17, XEN_CONSOLE_EVENT = 18 };

/* 0: there is none. */
uint64_t xen_parameter(enum xen_parameter);
/* A page that the toolstack shares with the domain, mapped, and its event channel.  NULL: there is none, or the hypervisor is not Xen. */
volatile void *xen_shared_ring(enum xen_parameter page, enum xen_parameter channel, uint32_t *event);

/* ---- event channels ---- */

/* A channel that the domain may bind; its port, or a negative errno value. */
int xen_event_open(uint16_t domain);
void xen_event_close(uint32_t event);
/* Tells the other end. */
void xen_event_send(uint32_t event);
/* Whether the other end has told since the last call. */
bool xen_event_taken(uint32_t event);
/* Sleeps until the other end of one of them tells, or until Xen's time has come, in nanoseconds; 0: there is no such time. */
void xen_event_wait(const uint32_t *events, unsigned count, int64_t time);

/* The end of the machine, when it comes, is to be a new start. */
void xen_restart(void);

/* ---- grants: pages that another domain may use (grant_table.h, version 1) ---- */

/* The page's reference, or -ENOSPC. */
int xen_grant(uint16_t domain, const void *page, bool read_only);
/* Takes it back.  False: the other domain has it mapped, and it stays granted. */
bool xen_grant_end(int reference);

/* ---- the console's ring (io/console.h) ---- */

/* What the operator has typed: how many bytes, 0 when there are none, -ENODATA when there is no console. */
ptrdiff_t xen_console_read(void *buffer, size_t size);
/* Its event channel; 0: there is no console. */
uint32_t xen_console_event(void);

#endif
