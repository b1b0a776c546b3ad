/*
 * guard.h - one ukc at a time in a project.
 *
 * Commands that write below build/ hold a lock on build/lock.  Of the programs that they start ninja alone
 * inherits the descriptor; it ends when ukc is killed (ninja/run.c): until it and its commands are gone,
 * the next one waits instead of racing with them; the `ukc configure` that ninja
 * starts finds UKC_GUARDED in its environment and does not wait for its parent.
 * What else outlives a killed ukc, as an apt-get that fetches into the store, keeps nobody waiting.
 */
#ifndef UKC_GUARD_H
#define UKC_GUARD_H

#include "project.h"

/* Waits for the lock, saying so; false after reporting.  Released when the process ends. */
bool guard_enter(struct project *);
/* The descriptor for ninja to hold; -1: none, as below another ukc, whose own the ninja has. */
int guard_held(void);
/* Before the process becomes another program. */
void guard_leave(void);

#endif
