/*
 * outside.c - descriptors in a simulation: none is watched.
 *
 * While a simulated host reads or writes a descriptor no time goes by, so it
 * may as well block: each is taken for one of a kind that never does, as events.h allows.
 */
#include "switch_host.h"

#include <errno.h>
#include <stdlib.h>

int switch_host_watch(struct switch_host_source **source, int descriptor)
{
    (void)source, (void)descriptor;
    return -EPERM;
}

/* There is no source with which these could be called. */

void switch_host_unwatch(struct switch_host_source *source)
{
    (void)source;
    abort();
}

void switch_host_close(struct switch_host_source *source)
{
    (void)source;
    abort();
}

bool switch_host_ready(const struct switch_host_source *source, enum events_direction direction)
{
    (void)source, (void)direction;
    abort();
}

void switch_host_exhausted(struct switch_host_source *source, enum events_direction direction)
{
    (void)source, (void)direction;
    abort();
}

void switch_host_arm(struct switch_host_source *source, enum events_direction direction, void *cookie)
{
    (void)source, (void)direction, (void)cookie;
    abort();
}
