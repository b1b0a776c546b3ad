/*
 * exchange.h - turns with the switch, over its socket.
 *
 * A switch that is gone, or says what it must not, ends the process at once:
 * a simulated host has no life outside the simulation.
 */
#ifndef SWITCH_HOST_EXCHANGE_H
#define SWITCH_HOST_EXCHANGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "protocol.h"

/* Connects to `path`, or takes the inherited descriptor if it is empty; 0 or a negative errno value. */
int exchange_open(const char *path, struct welcome *welcome);
/* Says goodbye, with the frames that were not sent yet. */
void exchange_close(void);

/* Adds a frame to the report; the caller then fills in its bytes. */
uint8_t *exchange_frame(size_t size);

/* Reports and waits for the next turn: when it is, and whether the image shall stop. */
int64_t exchange_turn(int64_t deadline, bool *stop);

/* The oldest frame that has come and was not dropped yet; NULL if there is none. */
const uint8_t *exchange_first(size_t *size);
void exchange_drop(void);

#endif
