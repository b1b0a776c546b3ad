/* listener.h - what lwIP asks about listeners (hooks.h). */
#ifndef LWIP_LISTENER_H
#define LWIP_LISTENER_H

#include <stdbool.h>

struct tcp_pcb;

/* Whether there is room for one more connection that nobody has accepted. */
bool listener_has_room(const struct tcp_pcb *pcb);

#endif
