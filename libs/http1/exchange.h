/*
 * exchange.h - between exchange.c, which talks on a connection, and serve.c, which has them.
 */
#ifndef HTTP1_EXCHANGE_H
#define HTTP1_EXCHANGE_H

#include "internal.h"

/* Serve requests until the connection is to be closed (or, when it is marked so, reset). */
void connection_talk(struct connection *connection);

/* Have one exchange at least, so that requests are answered also when connections have taken all other memory. */
void exchanges_start(void);

/* Give back the memory of one of the exchanges kept for later, but not of the last; whether there was one. */
bool exchange_spare(void);

/* Give back the memory of exchanges kept for later. */
void exchanges_free(void);

/* --- serve.c --- */

struct waiting {
    struct connection *newest, *oldest;
};
void waiting_enter(struct waiting *list, struct connection *connection);
void waiting_leave(struct connection *connection);

/* Until waiting_leave the connection waits for a request, or for the rest of a head that has begun: it may be given up for another. */
void peer_wait(struct connection *connection, bool begun);

/* There is no exchange for a request: the connection that has waited longest for the rest of a head gives its own. */
void give_up_begun(struct server *server);

/* Call the handler. */
int handle(struct http1_exchange *x);

#endif
