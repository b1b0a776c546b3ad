/* xen_bus.c - see xen_bus.h. */
#include <errno.h>
#include <string.h>
#include <ukc/deadline.h>
#include <ukc/machine.h>
#include <ukc/small.h>
#include <ukc/xen.h>
#include <ukc/xen_bus.h>
#include <ukc/xen_store.h>

SMALL_BEGIN

enum { PATH_MOST = 192, DIGITS_MOST = 20, NAMES_MOST = 512 };
/* dom0 starts scripts for a device, for which libxl waits 40 seconds. */
static const int64_t PATIENCE = 40 * NANOSECONDS_PER_SECOND, LOOK = 20 * NANOSECONDS_PER_MILLISECOND;

static char *append(char *at, const char *end, const char *text)
{
    while (*text && at < end)
        *at++ = *text++;
    *at = '\0';
    return at;
}

static char *append_number(char *at, const char *end, uint64_t n)
{
    char digits[DIGITS_MOST + 1], *from = &digits[DIGITS_MOST];
    *from = '\0';
    do
        *--from = (char)('0' + n % 10);
    while (n /= 10);
    return append(at, end, from);
}

static const char *path_of(char path[PATH_MOST], const char *directory, const char *key)
{
    const char *end = path + PATH_MOST - 1;
    append(append(append(path, end, directory), end, "/"), end, key);
    return path;
}

/* Digits and no more: UINT64_MAX if it is anything else. */
static uint64_t number_of(const char *text)
{
    uint64_t n = 0;
    size_t digits = strspn(text, "0123456789");
    if (digits == 0 || digits > 19 || text[digits])
        return UINT64_MAX;
    for (; *text; text++)
        n = n * 10 + (uint64_t)(*text - '0');
    return n;
}

/* ---- whoever drives a device ---- */

enum { DRIVERS_MOST = 32 };
static void (*drivers[DRIVERS_MOST])(enum xen_news);
static unsigned driver_count;

bool xen_device_drive(void (*tell)(enum xen_news))
{
    if (driver_count == DRIVERS_MOST)
        return false;
    drivers[driver_count++] = tell;
    return true;
}

void xen_devices_tell(enum xen_news news)
{
    if (news == XEN_NEWS_RESUMED && driver_count > 0) /* of whoever has no device now, and so nothing to agree on */
        xen_store_watch("device", XEN_DEVICES_TOKEN);
    for (unsigned i = 0; i < driver_count; i++)
        drivers[i](news);
}

/* A watch that there is already is there once. */
void xen_device_watch(const struct xen_device *device)
{
    char path[PATH_MOST];
    xen_store_watch("device", XEN_DEVICES_TOKEN);
    xen_store_watch(path_of(path, device->other, "state"), XEN_DEVICES_TOKEN);
}

void xen_device_unwatch(const struct xen_device *device)
{
    char path[PATH_MOST];
    xen_store_unwatch(path_of(path, device->other, "state"), XEN_DEVICES_TOKEN);
}

bool xen_device_is_ready(const struct xen_device *device)
{
    xen_device_watch(device);
    enum xen_state state = xen_device_other_state(device);
    return state >= XEN_STATE_WAITING && state <= XEN_STATE_CONNECTED;
}

bool xen_device_goes(const struct xen_device *device)
{
    enum xen_state state = xen_device_other_state(device);
    return state == XEN_STATE_UNKNOWN || state >= XEN_STATE_CLOSING;
}

/* ---- devices ---- */

int xen_device_list(const char *kind, unsigned *numbers, unsigned most)
{
    char path[PATH_MOST], names[NAMES_MOST];
    unsigned count = 0;
    int got = xen_store_list(path_of(path, "device", kind), names, sizeof names);
    for (const char *name = names; got > 0 && name < names + got && count < most; name += strlen(name) + 1) {
        uint64_t number = number_of(name);
        unsigned at = count;
        if (number > UINT32_MAX)
            continue;
        for (count++; at > 0 && numbers[at - 1] > number; at--)
            numbers[at] = numbers[at - 1];
        numbers[at] = (unsigned)number;
    }
    return got < 0 && got != -ENOENT ? got : (int)count;
}

int xen_device_open(struct xen_device *device, const char *kind, unsigned number)
{
    const char *end = device->own + sizeof device->own - 1;
    append_number(append(append(append(device->own, end, "device/"), end, kind), end, "/"), end, number);
    int got = xen_device_read(device, false, "backend", device->other, sizeof device->other);
    uint64_t domain = got > 0 ? xen_device_number(device, false, "backend-id", UINT64_MAX) : UINT64_MAX;
    if (domain > 0x7fef)
        return got < 0 && got != -ENOENT ? got : -ENODEV;
    device->domain = (uint16_t)domain;
    return 0;
}

int xen_device_read(const struct xen_device *device, bool others, const char *key, char *value, unsigned size)
{
    char path[PATH_MOST];
    return xen_store_read(XEN_STORE_ALONE, path_of(path, others ? device->other : device->own, key), value, size);
}

uint64_t xen_device_number(const struct xen_device *device, bool others, const char *key, uint64_t otherwise)
{
    char path[PATH_MOST];
    return xen_store_number(path_of(path, others ? device->other : device->own, key), otherwise);
}

int xen_device_write(const struct xen_device *device, uint32_t transaction, const char *key, const char *value)
{
    char path[PATH_MOST];
    return xen_store_write(transaction, path_of(path, device->own, key), value);
}

int xen_device_write_number(const struct xen_device *device, uint32_t transaction, const char *key, uint64_t value)
{
    char text[DIGITS_MOST + 1] = "";
    append_number(text, text + DIGITS_MOST, value);
    return xen_device_write(device, transaction, key, text);
}

int xen_device_state(const struct xen_device *device, enum xen_state state)
{
    return xen_device_write_number(device, XEN_STORE_ALONE, "state", state);
}

enum xen_state xen_device_other_state(const struct xen_device *device)
{
    uint64_t state = xen_device_number(device, true, "state", XEN_STATE_UNKNOWN);
    return state <= XEN_STATE_CLOSED ? (enum xen_state)state : XEN_STATE_UNKNOWN;
}

enum xen_state xen_device_await(const struct xen_device *device, enum xen_state one, enum xen_state other)
{
    int64_t now, end = xen_now() + PATIENCE;
    do {
        enum xen_state state = xen_device_other_state(device);
        if (state == one || state == other)
            return state;
        now = xen_now();
        xen_event_wait(NULL, 0, now + LOOK);
    } while (now < end);
    return XEN_STATE_UNKNOWN;
}

SMALL_END
