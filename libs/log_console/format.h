/*
 * format.h - printf's formats for lines of a log, without the C library's printf.
 *
 * Purpose: a message costs a fraction of vsnprintf's instructions, and an image that logs does not
 * carry printf.
 *
 * Understood: the conversions d i u x X o c s p %, flags, field widths, precisions (also *) and
 * the lengths hh h l ll z j t of ISO C (7.21.6.1).  Floating-point numbers (f F e E g G, also with
 * L) are all written with decimals, six unless the precision says otherwise and nine at most, and
 * followed by a power of ten from 10^18 on; digits beyond the fifteenth may differ from printf's.
 * Not understood: a, n, wide characters; such a conversion is written as it stands, and so is the
 * rest of the format.
 */
#ifndef LOG_CONSOLE_FORMAT_H
#define LOG_CONSOLE_FORMAT_H

#include <stdarg.h>
#include <stddef.h>

/* Writes at most `room` bytes to `to`, without a terminating zero; the text is cut there. Returns how many. */
__attribute__((format(printf, 3, 0)))
size_t log_console_format(char *to, size_t room, const char *format, va_list arguments);

#endif
