int greet_say(int n);
#include "greet.h"
