/*
 * exchange.h - between exchange.c, which talks on a connection, and serve.c, which has them.
 */
#ifndef HTTP1_EXCHANGE_H
#define HTTP1_EXCHANGE_H

#include "internal.h"

/* Serve requests until the connection is to be closed (or, when it is marked so, reset). */
void connection_talk(struct connection *connection);

/* Give back the memory of exchanges kept for later. */
void exchanges_free(void);

/* --- serve.c --- */

/* The connection waits for a request: it may be given up for another. */
void idle_enter(struct connection *connection);
void idle_leave(struct connection *connection);

/* Call the handler. */
int handle(struct http1_exchange *x);

#endif
