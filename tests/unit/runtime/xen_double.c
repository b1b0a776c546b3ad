/* xen_double.c - see xen_double.h. */
#include "xen_double.h"

#include "interrupt.h"
#include "log.h"
#include "task.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <ukc/xen.h>
#include <ukc/xen_store.h>

enum { KEYS = 32, TRANSACTION = 7, SOURCES = 8, PAGE = 4096, GRANTS_FROM = 8 };

struct double_xen double_xen;
static struct {
    const char *page;
    bool read_only;
} grants[DOUBLE_GRANTS];
struct key {
    char name[40], value[40];
};
static struct key own_keys[KEYS], other_keys[KEYS];
struct interrupt_source {
    bool claimed;
    uint32_t event;
    void *cookie;
};
static struct interrupt_source sources[SOURCES];
static int64_t now;
static void (*tell)(enum xen_news);

/* Everything that the image may not do ends the test. */
static void require(bool condition, const char *what)
{
    if (condition)
        return;
    fprintf(stderr, "the image breaks the rules: %s\n", what);
    abort();
}

void double_xen_begin(void)
{
    double_xen = (struct double_xen){.device_count = 1};
    memset(own_keys, 0, sizeof own_keys);
    memset(other_keys, 0, sizeof other_keys);
    memset(sources, 0, sizeof sources);
    now = 0;
}

/* ---- grants and events ---- */

int xen_grant(uint16_t domain, const void *page, bool read_only)
{
    int reference = GRANTS_FROM;
    while (reference < DOUBLE_GRANTS && grants[reference].page)
        reference++;
    require(domain == DOUBLE_DOMAIN && (uintptr_t)page % PAGE == 0 && reference < DOUBLE_GRANTS, "a grant");
    grants[reference].page = page;
    grants[reference].read_only = read_only;
    return reference;
}

bool xen_grant_end(int reference)
{
    require(reference >= GRANTS_FROM && reference < DOUBLE_GRANTS, "the end of a grant that there is not");
    if (!double_xen.keeps)
        grants[reference].page = NULL;
    return !double_xen.keeps;
}

char *double_xen_page(uint32_t grant, bool *read_only)
{
    if (grant >= DOUBLE_GRANTS || !grants[grant].page)
        return NULL;
    if (read_only)
        *read_only = grants[grant].read_only;
    return (char *)(uintptr_t)grants[grant].page;
}

unsigned double_xen_granted(void)
{
    unsigned count = 0;
    for (unsigned i = GRANTS_FROM; i < DOUBLE_GRANTS; i++)
        count += grants[i].page != NULL;
    return count;
}

/* Whether there is that channel. */
static bool is_channel(uint32_t event)
{
    return event >= DOUBLE_EVENT && event < DOUBLE_EVENT + DOUBLE_EVENTS && double_xen.channels[event - DOUBLE_EVENT];
}

int xen_event_open(uint16_t domain)
{
    require(domain == DOUBLE_DOMAIN, "a channel to somebody else");
    for (unsigned i = 0; i < (double_xen.one_channel ? 1 : DOUBLE_EVENTS); i++)
        if (!double_xen.channels[i]) {
            double_xen.channels[i] = true;
            return (int)(DOUBLE_EVENT + i);
        }
    return -ENOSPC;
}

void xen_event_close(uint32_t event)
{
    require(is_channel(event), "closing a channel that there is not");
    double_xen.channels[event - DOUBLE_EVENT] = false;
}

void xen_event_send(uint32_t event)
{
    require(is_channel(event), "a channel that there is not");
    double_xen.sends[event - DOUBLE_EVENT]++;
    if (double_xen.sent)
        double_xen.sent();
}

bool xen_event_taken(uint32_t event)
{
    return is_channel(event);
}

void xen_event_wait(const uint32_t *events, unsigned count, int64_t time)
{
    require(count <= 1 && (count == 0 || is_channel(*events)), "sleeping");
    now = time > now ? time : now;
    double_xen.sleeps++;
    if (double_xen.slept)
        double_xen.slept();
}

int64_t xen_now(void)
{
    return now;
}

/* ---- saving ---- */

bool xen_device_drive(void (*driver)(enum xen_news))
{
    tell = driver;
    return true;
}

void xen_device_watch(const struct xen_device *device)
{
    (void)device;
    double_xen.watched = true;
}

void xen_device_unwatch(const struct xen_device *device)
{
    (void)device;
    require(double_xen.watched, "the end of a watch that there is not");
    double_xen.watched = false;
}

bool xen_device_is_ready(const struct xen_device *device)
{
    xen_device_watch(device);
    return double_xen.other >= XEN_STATE_WAITING && double_xen.other <= XEN_STATE_CONNECTED;
}

bool xen_device_goes(const struct xen_device *device)
{
    (void)device;
    return double_xen.other == XEN_STATE_UNKNOWN || double_xen.other >= XEN_STATE_CLOSING;
}

void double_xen_change(enum xen_state other)
{
    double_xen.other = other;
    tell(XEN_NEWS_STORE);
    double_xen_interrupt();
}

void double_xen_resume(void)
{
    memset(grants, 0, sizeof grants);
    memset(double_xen.channels, 0, sizeof double_xen.channels);
    double_xen.own = XEN_STATE_BEGINNING;
    double_xen.other = XEN_STATE_WAITING;
    tell(XEN_NEWS_RESUMED);
    double_xen_interrupt();
}

/* ---- the store ---- */

static struct key *key_of(struct key *keys, const char *name, bool add)
{
    for (unsigned i = 0; i < KEYS; i++) {
        if (add && !*keys[i].name)
            snprintf(keys[i].name, sizeof keys[i].name, "%s", name);
        if (strcmp(keys[i].name, name) == 0)
            return &keys[i];
    }
    return NULL;
}

void double_xen_say(const char *name, const char *value)
{
    snprintf(key_of(other_keys, name, true)->value, sizeof other_keys->value, "%s", value);
}

void double_xen_have(const char *name, const char *value)
{
    snprintf(key_of(own_keys, name, true)->value, sizeof own_keys->value, "%s", value);
}

const char *double_xen_said(const char *name)
{
    const struct key *key = key_of(own_keys, name, false);
    return key ? key->value : NULL;
}

int xen_device_list(const char *kind, unsigned *numbers, unsigned most)
{
    (void)kind;
    require(double_xen.device_count <= most, "room for the devices");
    memcpy(numbers, double_xen.devices, double_xen.device_count * sizeof *numbers);
    return (int)double_xen.device_count;
}

int xen_device_open(struct xen_device *device, const char *kind, unsigned number)
{
    snprintf(device->own, sizeof device->own, "device/%s/%u", kind, number);
    device->domain = DOUBLE_DOMAIN;
    for (unsigned i = 0; i < double_xen.device_count; i++)
        if (double_xen.devices[i] == number)
            return 0;
    return -ENODEV;
}

int xen_device_read(const struct xen_device *device, bool others, const char *name, char *value, unsigned size)
{
    const struct key *key = key_of(others ? other_keys : own_keys, name, false);
    if (!others && strcmp(name, "state") == 0)
        return snprintf(value, size, "%d", (int)double_xen.own);
    if (!key)
        return -ENOENT;
    if (snprintf(value, size, "%s", key->value) >= (int)size)
        return -E2BIG;
    for (char *number = strchr(value, '#'); number; number = strchr(number, '#'))
        *number = device->own[strlen(device->own) - 1];
    return (int)strlen(value);
}

uint64_t xen_device_number(const struct xen_device *device, bool others, const char *name, uint64_t otherwise)
{
    char value[40];
    return xen_device_read(device, others, name, value, sizeof value) > 0 ? strtoull(value, NULL, 10) : otherwise;
}

int xen_device_write(const struct xen_device *device, uint32_t transaction, const char *name, const char *value)
{
    (void)device;
    require(transaction == TRANSACTION, "keys that others see one by one");
    snprintf(key_of(own_keys, name, true)->value, sizeof own_keys->value, "%s", value);
    return 0;
}

int xen_device_write_number(const struct xen_device *device, uint32_t transaction, const char *name, uint64_t value)
{
    char text[40];
    snprintf(text, sizeof text, "%llu", (unsigned long long)value);
    return xen_device_write(device, transaction, name, text);
}

int xen_device_state(const struct xen_device *device, enum xen_state state)
{
    (void)device;
    double_xen.own = state;
    if (double_xen.own_changed)
        double_xen.own_changed();
    return 0;
}

enum xen_state xen_device_other_state(const struct xen_device *device)
{
    (void)device;
    return double_xen.other;
}

enum xen_state xen_device_await(const struct xen_device *device, enum xen_state one, enum xen_state other)
{
    (void)device;
    return double_xen.other == one || double_xen.other == other ? double_xen.other : XEN_STATE_UNKNOWN;
}

int xen_store_begin(uint32_t *transaction)
{
    *transaction = TRANSACTION;
    return 0;
}

int xen_store_end(uint32_t transaction, bool commit)
{
    require(transaction == TRANSACTION && commit, "a transaction's end");
    return double_xen.again && double_xen.again-- ? -EAGAIN : 0;
}

/* ---- interrupts, the log ---- */

int interrupt_claim_line(struct interrupt_source **source, unsigned line)
{
    require(is_channel(line), "another line");
    for (unsigned i = 0; i < SOURCES; i++)
        if (!sources[i].claimed) {
            sources[i] = (struct interrupt_source){.claimed = true, .event = line};
            *source = &sources[i];
            return 0;
        }
    return -ENOSPC;
}

void interrupt_release(struct interrupt_source *source)
{
    require(source->claimed, "a source that was not claimed");
    *source = (struct interrupt_source){};
}

void interrupt_arm(struct interrupt_source *source, void *cookie)
{
    require(source->claimed, "arming a source that was released");
    source->cookie = cookie;
}

void double_xen_interrupt(void)
{
    for (uint32_t event = DOUBLE_EVENT; event < DOUBLE_EVENT + DOUBLE_EVENTS; event++)
        double_xen_interrupt_by(event);
}

void double_xen_interrupt_by(uint32_t event)
{
    for (unsigned i = 0; i < SOURCES; i++)
        if (sources[i].cookie && sources[i].event == event) {
            struct task *task = sources[i].cookie;
            sources[i].cookie = NULL;
            task_wake(task);
        }
}

void log_vwrite(enum log_level level, const char *subject, const char *format, va_list arguments)
{
    (void)level, (void)subject;
    size_t size = strlen(double_xen.logged);
    vsnprintf(double_xen.logged + size, sizeof double_xen.logged - size, format, arguments);
}

void log_write(enum log_level level, const char *subject, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    log_vwrite(level, subject, format, arguments);
    va_end(arguments);
}
