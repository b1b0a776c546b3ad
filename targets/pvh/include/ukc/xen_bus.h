/*
 * xen_bus.h - devices that another domain drives, and how both ends agree on one (xen/include/public/io/xenbus.h).
 *
 * A device has a directory of each end in the store.  What the other end wrote there is text, and no more is believed of it.
 * Errors are negative errno values, and those of xen_store.h.
 */
#ifndef PVH_XEN_BUS_H
#define PVH_XEN_BUS_H

#include <stdbool.h>
#include <stdint.h>

enum xen_state {
    XEN_STATE_UNKNOWN, XEN_STATE_BEGINNING, XEN_STATE_WAITING, XEN_STATE_READY, XEN_STATE_CONNECTED, XEN_STATE_CLOSING, XEN_STATE_CLOSED,
};

struct xen_device {
    char own[32];    /* "device/vif/0" */
    char other[128]; /* the other end's directory */
    uint16_t domain; /* where it is */
};

/*
 * Whoever drives a device is told, while no task runs:
 * that the domain was saved and goes on: the device's other end is a new one that knows nothing, its event channel and its grants are gone;
 * that something about devices has changed in the store, if one of them is watched: a device came, or goes.
 * Who waits for an interrupt is woken then (interrupt.h); agreeing anew is for a task.
 */
enum xen_news { XEN_NEWS_RESUMED, XEN_NEWS_STORE };
/* False: there are too many. */
bool xen_device_drive(void (*tell)(enum xen_news));
void xen_devices_tell(enum xen_news);
/* What the store tells of a watch here is XEN_NEWS_STORE. */
#define XEN_DEVICES_TOKEN "devices"
void xen_device_watch(const struct xen_device *);
/* Not any more: the device has gone.  Others are still heard of. */
void xen_device_unwatch(const struct xen_device *);
/* Whether the other end can be agreed with at once.  False: what it says later is told. */
bool xen_device_is_ready(const struct xen_device *);
/* Whether the other end is going, or has gone. */
bool xen_device_goes(const struct xen_device *);

/* The numbers of the devices of a kind ("vif", "vbd"), from the smallest on, `most` at most: how many, or an error. */
int xen_device_list(const char *kind, unsigned *numbers, unsigned most);
/* The device with this number.  -ENODEV: there is none. */
int xen_device_open(struct xen_device *, const char *kind, unsigned number);
/* A key of either end: the text's length, or an error. */
int xen_device_read(const struct xen_device *, bool others, const char *key, char *value, unsigned size);
/* The same as a number; `otherwise` if it is not there or is none. */
uint64_t xen_device_number(const struct xen_device *, bool others, const char *key, uint64_t otherwise);
int xen_device_write(const struct xen_device *, uint32_t transaction, const char *key, const char *value);
int xen_device_write_number(const struct xen_device *, uint32_t transaction, const char *key, uint64_t value);
int xen_device_state(const struct xen_device *, enum xen_state);
enum xen_state xen_device_other_state(const struct xen_device *);
/* Waits, for forty seconds at most, until the other end has one of two states, and tells which.  Others do not run.  XEN_STATE_UNKNOWN: it never had. */
enum xen_state xen_device_await(const struct xen_device *, enum xen_state, enum xen_state);

#endif
