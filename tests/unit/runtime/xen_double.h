/*
 * xen_double.h - a Xen of the tests: pages that are granted, two event channels, the store's keys of devices, interrupts, the log.
 */
#ifndef XEN_DOUBLE_H
#define XEN_DOUBLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <ukc/xen_bus.h>

enum { DOUBLE_GRANTS = 4096, DOUBLE_EVENT = 9 /* the first channel's number */, DOUBLE_EVENTS = 2, DOUBLE_DOMAIN = 5 };

struct double_xen {
    unsigned devices[8], device_count;                  /* their numbers */
    enum xen_state own, other;
    unsigned again;                                     /* transactions that have to be repeated */
    bool channels[DOUBLE_EVENTS], one_channel;          /* which there are; no second one is to be had */
    unsigned sends[DOUBLE_EVENTS], sleeps;              /* events that were sent on each; times that the image slept in Xen */
    char logged[4096];
    bool watched;                                       /* the other end's state */
    bool keeps;                                         /* the other end does not let go of pages */
    void (*sent)(void);                                 /* the other end is told: NULL, nobody there */
    void (*slept)(void);
    void (*own_changed)(void);                          /* the device's state in the image */
};
extern struct double_xen double_xen;

/* As new, without keys; what was granted still is. */
void double_xen_begin(void);
/* Of the other end. */
void double_xen_say(const char *key, const char *value);
/* Of the image, as the toolstack writes them; a '#' is the device's number. */
void double_xen_have(const char *key, const char *value);
/* Of the image; NULL: never written. */
const char *double_xen_said(const char *key);
/* The page of a grant; NULL: there is none.  *read_only if it is wanted. */
char *double_xen_page(uint32_t grant, bool *read_only);
/* How many pages are granted now. */
unsigned double_xen_granted(void);
/* The domain goes on after it was saved: nothing is granted, no channel is there, and the device's states are as at first. */
void double_xen_resume(void);
/* The other end goes, or another one comes, and the image is told. */
void double_xen_change(enum xen_state other);
/* Hands back the cookies of sources that are armed: of all, or of one channel. */
void double_xen_interrupt(void);
void double_xen_interrupt_by(uint32_t event);

#endif
