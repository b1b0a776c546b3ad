/*
 * switch_link.h - the cable from a simulated host to its switch, for switch_port alone.
 *
 * Nothing blocks: frames that are put leave, and others come, when the
 * host's tasks all wait and idle_wait hands the turn to the switch.
 */
#ifndef SWITCH_LINK_H
#define SWITCH_LINK_H

#include <stddef.h>
#include <stdint.h>
#include <ukc/view.h>

/* What the switch gave this host. */
void switch_link_identity(uint8_t mac[6], uint16_t *mtu);

/* The next frame that has come: its size, 0 if there is none, -EMSGSIZE if it was longer than `size` and is lost. */
ptrdiff_t switch_link_take(void *frame, size_t size);

/* The next frame to come hands back `cookie` through idle_wait, once.  NULL: no longer wanted. */
void switch_link_notify(void *cookie);

/* Sends a frame; `size` is that of all views, at least 14 and at most the MTU with a header of 18 bytes. */
void switch_link_put(const struct view *views, size_t count, size_t size);

#endif
