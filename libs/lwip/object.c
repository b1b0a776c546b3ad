/* object.c - waiting in objects. */
#include "object.h"

#include <errno.h>
#include <ukc/deadline.h>

#include "lwip/err.h"
#include "memory.h"

enum { TURN = 32 };
static unsigned turn; /* operations begun since a task last waited */

static int leave(struct object *object, enum direction direction, int result)
{
    object->waiting[direction] = NULL;
    if (!object->ended)
        return result;
    if (!object->waiting[READING] && !object->waiting[WRITING])
        memory_put(object);
    return -ECONNABORTED;
}

int object_enter(struct object *object, enum direction direction)
{
    if (object->waiting[direction])
        return -EBUSY;
    if (++turn < TURN)
        return 0;
    turn = 0;
    object->waiting[direction] = task_self();
    task_yield();
    return leave(object, direction, 0);
}

int object_wait(struct object *object, enum direction direction, int64_t deadline)
{
    if (deadline <= DEADLINE_NOW)
        return -ETIMEDOUT;
    turn = 0;
    object->waiting[direction] = task_self();
    return leave(object, direction, task_park(deadline));
}

void object_end(struct object *object)
{
    object->ended = true;
    bool used = object->waiting[READING] || object->waiting[WRITING];
    object_wake(object, READING);
    object_wake(object, WRITING);
    if (!used)
        memory_put(object);
}

int object_error(int error)
{
    switch ((err_enum_t)error) {
    case ERR_OK: return 0;
    case ERR_TIMEOUT: return -ETIMEDOUT;
    case ERR_RTE: return -ENETUNREACH;
    case ERR_USE: return -EADDRINUSE;
    case ERR_ISCONN: return -EISCONN;
    case ERR_CONN: return -ENOTCONN;
    case ERR_RST: return -ECONNRESET;
    case ERR_ABRT: return -ETIMEDOUT; /* lwIP gave up */
    case ERR_VAL:
    case ERR_ARG: return -EINVAL;
    case ERR_IF: return -EIO;
    case ERR_MEM:
    case ERR_BUF:
    default: return -ENOMEM;
    }
}
