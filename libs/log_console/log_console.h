/* log_console.h - messages as lines on the console; the contract is libs/signatures/log.h. */
#ifndef LOG_CONSOLE_H
#define LOG_CONSOLE_H

#include <stdarg.h>
#include <stdbool.h>

#include "log.h"

bool log_console_enabled(enum log_level level);

__attribute__((format(printf, 3, 4)))
void log_console_write(enum log_level level, const char *component, const char *format, ...);

__attribute__((format(printf, 3, 0)))
void log_console_vwrite(enum log_level level, const char *component, const char *format, va_list arguments);

#endif
