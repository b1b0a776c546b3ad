/*
 * dns.c - look-ups.
 *
 * Nobody works in the background: the task that asks sends the queries and waits for the answers. Others that want the same at the
 * same time wait for that task, and one of them takes over when it gives up before its time.
 */
#include "dns.h"

#include <errno.h>

#include "cache.h"
#include "clock.h"
#include "internal.h"
#include "keys.h"
#include "task.h"
#include <ukc/deadline.h>

/* A task that waits for what another one finds out; it lies on the stack of the one that waits. */
struct waiter {
    struct waiter *next;
    struct task *task;
    struct ip_address *addresses;
    size_t capacity;
    bool over;
    int result; /* of its look-up; -EAGAIN: nobody is asking any more */
};

/* A look-up under way; it lies on the stack of the task that asks. */
struct flight {
    struct flight *next;
    const struct name *name;
    int family;
    struct waiter *waiters;
};

static struct flight *flights;

int dns_start(void)
{
    int error = servers_check();
    return error ? error : hosts_check();
}

void dns_stop(void)
{
    task_end_children(DEADLINE_NOW);
    cache_clear();
}

/* ---- what is known ---- */

static bool is_wanted(int family, unsigned index)
{
    return family == IP_ANY || (family == IP_V6) == (index == 0);
}

static int find(const struct name *name, unsigned index, struct ip_address *addresses)
{
    int count = hosts_find(name, index == 0 ? IP_V6 : IP_V4, addresses, ADDRESSES_MOST);
    return count >= 0 ? count : cache_find(name, type_of(index), clock_now(), addresses, ADDRESSES_MOST);
}

/* Families that are known or not wanted are done; whether all are. */
static bool prepare(struct inquiry inquiries[FAMILIES], const struct name *name, int family)
{
    bool all = true;
    for (unsigned i = 0; i < FAMILIES; i++) {
        struct inquiry *inquiry = &inquiries[i];
        *inquiry = (struct inquiry){.question = {.name = *name, .type = type_of(i)}, .ttl = INT32_MAX};
        int count = is_wanted(family, i) ? find(name, i, inquiry->addresses) : 0;
        inquiry->count = count > 0 ? (unsigned)count : 0;
        inquiry->state = count >= 0 ? INQUIRY_DONE : INQUIRY_OPEN;
        inquiry->known = count >= 0;
        all &= inquiry->known;
    }
    return all;
}

static void keep(const struct inquiry inquiries[FAMILIES], const struct name *name)
{
    static const struct cache_bounds bounds = {KEY_CACHE_ENTRIES, KEY_CACHE_BYTES};
    for (unsigned i = 0; i < FAMILIES; i++) {
        const struct inquiry *inquiry = &inquiries[i];
        uint32_t most = inquiry->count > 0 ? KEY_TTL : KEY_NEGATIVE_TTL;
        uint32_t ttl = inquiry->ttl < most ? inquiry->ttl : most;
        if (inquiry->known || inquiry->state != INQUIRY_DONE || ttl == 0)
            continue;
        int64_t until = deadline_after(clock_now(), ttl * NANOSECONDS_PER_SECOND);
        cache_keep(&bounds, name, type_of(i), inquiry->addresses, inquiry->count, until);
    }
}

static int give(const struct inquiry inquiries[FAMILIES], struct ip_address *addresses, size_t capacity)
{
    size_t count = 0;
    for (unsigned i = 0; i < FAMILIES; i++)
        for (unsigned k = 0; k < inquiries[i].count && count < capacity; k++)
            addresses[count++] = inquiries[i].addresses[k];
    return count > 0 ? (int)count : -ENOENT;
}

/* ---- together ---- */

static struct flight *find_flight(const struct name *name, int family)
{
    struct flight *f = flights;
    while (f && (f->family != family || !name_equal(f->name, name)))
        f = f->next;
    return f;
}

static int join(struct flight *flight, struct ip_address *addresses, size_t capacity, int64_t deadline)
{
    struct waiter me = {.next = flight->waiters, .task = task_self(), .addresses = addresses, .capacity = capacity};
    flight->waiters = &me;
    int error = 0;
    while (!me.over && !error)
        error = task_park(deadline);
    if (me.over)
        return me.result;
    struct waiter **at = &flight->waiters; /* not over: the flight is still there */
    while (*at != &me)
        at = &(*at)->next;
    *at = me.next;
    return error;
}

static void land(struct flight *flight, const struct inquiry inquiries[FAMILIES], int error)
{
    struct flight **at = &flights;
    while (*at != flight)
        at = &(*at)->next;
    *at = flight->next;
    for (struct waiter *w = flight->waiters; w; w = w->next) {
        w->result = error ? error : give(inquiries, w->addresses, w->capacity);
        w->over = true;
        task_wake(w->task);
    }
}

/* A task that gave up before its time, and be it only the second family, decides nothing for those that wait. */
static bool gave_up(const struct inquiry inquiries[FAMILIES], int64_t deadline)
{
    bool all = true;
    for (unsigned i = 0; i < FAMILIES; i++)
        all &= inquiries[i].state == INQUIRY_DONE;
    return !all && (clock_now() >= deadline || task_cancelled());
}

static int ask(const struct name *name, int family, struct inquiry inquiries[FAMILIES], int64_t deadline)
{
    struct flight flight = {.next = flights, .name = name, .family = family};
    flights = &flight;
    int error = resolve(inquiries, FAMILIES, deadline);
    if (!error)
        keep(inquiries, name);
    land(&flight, inquiries, gave_up(inquiries, deadline) ? -EAGAIN : error);
    return error;
}

static int look_up(const struct name *name, int family, struct ip_address *addresses, size_t capacity, int64_t deadline)
{
    struct inquiry inquiries[FAMILIES];
    struct flight *flight = NULL;
    int result = -EAGAIN;
    while (result == -EAGAIN) {
        if (prepare(inquiries, name, family))
            return give(inquiries, addresses, capacity);
        flight = find_flight(name, family);
        if (!flight) {
            int error = ask(name, family, inquiries, deadline);
            return error ? error : give(inquiries, addresses, capacity);
        }
        result = join(flight, addresses, capacity, deadline);
    }
    return result;
}

int dns_lookup(struct view text, int family, struct ip_address *addresses, size_t capacity, int64_t deadline)
{
    struct ip_address literal;
    struct name name;
    if (family != IP_ANY && family != IP_V4 && family != IP_V6)
        return -EAFNOSUPPORT;
    if (capacity == 0)
        return -EINVAL;
    if (address_of_text(text, &literal)) {
        if (family != IP_ANY && family != literal.family)
            return -ENOENT;
        addresses[0] = literal;
        return 1;
    }
    return name_of_host(text, &name) ? look_up(&name, family, addresses, capacity, deadline) : -EINVAL;
}
