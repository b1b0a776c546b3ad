/*
 * log.h - what happened, for the operator.
 *
 * A message has a level, the component that says it ("http", "lease") and
 * one line of text without a newline, by a format as printf has it (ISO C
 * 7.21.6.1), without %a, %n and wide characters; implementations may write
 * floating-point numbers in the notation of %f only.  Bytes below 32 and 127 in the text,
 * which may have come from outside, are written as \xHH, so that one call is
 * one line.  The text is cut at an implementation's limit of at least 256 bytes.
 *
 * Ownership: nothing is kept after the call.  Logging never fails for the
 * caller: a message that cannot be written is lost.
 */
#ifndef LOG_H
#define LOG_H

#include <stdarg.h>
#include <stdbool.h>

enum log_level {
    LOG_LEVEL_ERROR,   /* something asked for was not done */
    LOG_LEVEL_WARNING, /* it was done, yet somebody should look */
    LOG_LEVEL_NOTICE,  /* start, stop, a change of state */
    LOG_LEVEL_INFO,    /* one line per unit of work */
    LOG_LEVEL_DEBUG,   /* for the author */
};

/* Whether messages of this level are written at all: to skip costly preparation. */
bool log_enabled(enum log_level level);

__attribute__((format(printf, 3, 4)))
void log_write(enum log_level level, const char *component, const char *format, ...);

__attribute__((format(printf, 3, 0)))
void log_vwrite(enum log_level level, const char *component, const char *format, va_list arguments);

#endif
