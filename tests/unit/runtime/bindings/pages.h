/* The requirement `pages`, bound for the tests: the signature's operations under their symbols. */
#pragma redefine_extname pages_unit pages_posix_unit
#pragma redefine_extname pages_allocate pages_dirty_allocate
#pragma redefine_extname pages_free pages_posix_free
#include "../../../../libs/signatures/pages.h"
