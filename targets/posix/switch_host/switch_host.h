/*
 * switch_host.h - the outside of a simulated host; the contracts are switch_link.h here, and
 * idle.h (wait), events.h, clock.h and random.h in libs/signatures.
 */
#ifndef SWITCH_HOST_H
#define SWITCH_HOST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <ukc/view.h>

#include "events.h"

struct switch_host_source;

int switch_host_start(void);
void switch_host_stop(void);

void switch_host_identity(uint8_t mac[6], uint16_t *mtu);
ptrdiff_t switch_host_take(void *frame, size_t size);
void switch_host_notify(void *cookie);
void switch_host_put(const struct view *views, size_t count, size_t size);

int switch_host_wait(int64_t deadline, void **woken, size_t capacity);

int64_t switch_host_now(void);
int64_t switch_host_wall(void);
int64_t switch_host_resolution(void);

void switch_host_fill(void *bytes, size_t size);

int switch_host_watch(struct switch_host_source **source, int descriptor);
void switch_host_unwatch(struct switch_host_source *source);
void switch_host_close(struct switch_host_source *source);
bool switch_host_ready(const struct switch_host_source *source, enum events_direction direction);
void switch_host_exhausted(struct switch_host_source *source, enum events_direction direction);
void switch_host_arm(struct switch_host_source *source, enum events_direction direction, void *cookie);

#endif
