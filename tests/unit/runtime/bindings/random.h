/* The requirement `random`, bound to random_posix for the tests: the signature's operations under its symbols. */
#pragma redefine_extname random_fill random_posix_fill
#include "../../../../libs/signatures/random.h"
