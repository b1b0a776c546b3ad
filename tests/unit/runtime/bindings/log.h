/* The requirement `log`, bound to log_console for the tests: the signature's operations under its symbols. */
#pragma redefine_extname log_enabled log_console_enabled
#pragma redefine_extname log_write log_console_write
#pragma redefine_extname log_vwrite log_console_vwrite
#include "../../../../libs/signatures/log.h"
