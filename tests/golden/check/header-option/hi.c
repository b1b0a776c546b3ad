#include "-h.h"
int hi_say(int n) { return n; }
