/*
 * events.h - readiness of file descriptors (posix only).
 *
 * A descriptor is registered once, for its life, and both directions are
 * watched for edges.  The pattern is: try to read; if that would block, arm
 * with the calling task as cookie, park, try again.  Arming is a store in memory, not a system
 * call.  No edge is lost between the failed attempt and the arming, because
 * nothing looks at the outside before the task parks.
 *
 * A source also remembers what is known: a direction starts as ready,
 * events_exhausted says that an attempt found (or left) nothing, the next edge makes it ready again.  So
 * a reader that got less than it asked for need not try again in vain.
 * End of stream and errors stay ready for good.
 *
 * Ownership: a source belongs to the caller until events_unwatch or
 * events_close; cookies are only handed back, through idle_wait.
 */
#ifndef EVENTS_H
#define EVENTS_H

#include <stdbool.h>

struct events_source;

enum events_direction { EVENTS_READ, EVENTS_WRITE };

/*
 * Registers a descriptor.  -EPERM: it is of a kind that never blocks (a
 * regular file); -ENOMEM, -ENOSPC.
 */
int events_watch(struct events_source **source, int descriptor);

/* Forgets the source; the descriptor stays open and the caller's. */
void events_unwatch(struct events_source *source);

/* Forgets the source and closes the descriptor. */
void events_close(struct events_source *source);

/* Whether an attempt could make progress, as far as is known. */
bool events_ready(const struct events_source *source, enum events_direction direction);

/* An attempt found nothing more to read, or no more room to write. */
void events_exhausted(struct events_source *source, enum events_direction direction);

/* The next edge in this direction hands back `cookie`, once.  NULL: no longer wanted. */
void events_arm(struct events_source *source, enum events_direction direction, void *cookie);

#endif
