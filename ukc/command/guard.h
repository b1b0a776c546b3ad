/*
 * guard.h - one ukc at a time in a project.
 *
 * Commands that write below build/ hold a lock on build/lock.  The descriptor
 * is inherited by ninja, which ends when ukc is killed (ninja/run.c): until it and its commands are gone,
 * the next one waits instead of racing with them; the `ukc configure` that ninja
 * starts finds UKC_GUARDED in its environment and does not wait for its parent.
 */
#ifndef UKC_GUARD_H
#define UKC_GUARD_H

#include "project.h"

/* Waits for the lock, saying so; false after reporting.  Released when the process ends. */
bool guard_enter(struct project *);
/* Before the process becomes another program. */
void guard_leave(void);

#endif
