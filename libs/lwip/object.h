/*
 * object.h - what listeners, flows and UDP ports have in common: tasks wait in them.
 *
 * At most one task waits in each direction.  An object is memory of memory.h; when it is ended while tasks wait in it they are
 * woken, and the last to leave gives it back.
 */
#ifndef LWIP_OBJECT_H
#define LWIP_OBJECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "task.h"

enum direction { READING, WRITING };

struct object {
    struct task *waiting[2]; /* by enum direction */
    bool ended;
};

/*
 * Begins an operation: -EBUSY if another task is waiting in this direction.  Lets other tasks run after many
 * operations that did not have to wait; like a wait, it may find the object gone then.
 */
int object_enter(struct object *, enum direction);

/* Waits to be woken.  After -ECONNABORTED the object is gone. */
int object_wait(struct object *, enum direction, int64_t deadline);

static inline void object_wake(struct object *object, enum direction direction)
{
    if (object->waiting[direction])
        task_wake(object->waiting[direction]);
}

/* Wakes who waits, and gives the memory back when nobody does. */
void object_end(struct object *);

/* A negative errno value for one of lwIP's errors. */
int object_error(int error);

#endif
