/* The requirement `console`, bound to console_posix for the tests: the signature's operations under its symbols. */
#pragma redefine_extname console_write console_posix_write
#pragma redefine_extname console_read console_posix_read
#pragma redefine_extname console_read_line console_posix_read_line
#include "../../../../libs/signatures/console.h"
