/*
 * epoll_loop.h - the outside of a Linux process; the contracts are
 * libs/signatures/idle.h (wait) and libs/signatures/events.h (the others).
 */
#ifndef EPOLL_LOOP_H
#define EPOLL_LOOP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "events.h"

struct epoll_loop_source;

int epoll_loop_start(void);
void epoll_loop_stop(void);

int epoll_loop_wait(int64_t deadline, void **woken, size_t capacity);

int epoll_loop_watch(struct epoll_loop_source **source, int descriptor);
void epoll_loop_unwatch(struct epoll_loop_source *source);
void epoll_loop_close(struct epoll_loop_source *source);
bool epoll_loop_ready(const struct epoll_loop_source *source, enum events_direction direction);
void epoll_loop_exhausted(struct epoll_loop_source *source, enum events_direction direction);
void epoll_loop_arm(struct epoll_loop_source *source, enum events_direction direction, void *cookie);

#endif
