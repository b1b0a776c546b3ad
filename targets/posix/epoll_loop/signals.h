/*
 * signals.h - SIGINT and SIGTERM as something that can be waited for.
 *
 * The first of them makes a descriptor readable and restores the default
 * action, so that a second one ends a process that does not listen.  A signal that the
 * parent process ignored stays ignored.
 */
#ifndef EPOLL_LOOP_SIGNALS_H
#define EPOLL_LOOP_SIGNALS_H

#include <stdbool.h>

/* Returns the descriptor, or a negative errno value. */
int signals_open(void);
void signals_close(void);
/* Whether one has come since the last call. */
bool signals_taken(void);

#endif
