/* simulation.h - hosts that run one at a time, each when its time has come. */
#ifndef SWITCH_SIMULATION_H
#define SWITCH_SIMULATION_H

#include "settings.h"

/* The status of the program: 0 every host ended with 0, 1 one did not, 3 something outside failed. */
int simulation_run(const struct settings *settings);

/* Asks all hosts to stop; may be called by a signal handler. */
void simulation_interrupt(void);

#endif
