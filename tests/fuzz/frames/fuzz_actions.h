/* fuzz_actions.h - what the input says that the program does. */
#ifndef FUZZ_ACTIONS_H
#define FUZZ_ACTIONS_H

#include <stdbool.h>

#include "world.h"

/* The next one, if it is time for it. */
bool fuzz_actions_get(struct action *action);

/* When it is, `cookie` is handed back through idle_wait, once. */
void fuzz_actions_notify(void *cookie);

#endif
