#include "g.h"
int x_main(void) { return g_say(0); }
