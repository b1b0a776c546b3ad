/* The requirement `clock`, bound to clock_posix for the tests: the signature's operations under its symbols. */
#pragma redefine_extname clock_now clock_posix_now
#pragma redefine_extname clock_wall clock_posix_wall
#pragma redefine_extname clock_resolution clock_posix_resolution
#include "../../../../libs/signatures/clock.h"
