/*
 * log_console.c - "2026-01-02T03:04:05.678Z info http: text" on the console.
 *
 * A line is formatted in one buffer and written by one call.
 */
#include "log_console.h"

#include "clock.h"
#include "console.h"
#include "keys.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <ukc/deadline.h>

enum { LINE = 1024, TEXT = 512 };

static const char *const names[] = {
    [LOG_LEVEL_ERROR] = "error", [LOG_LEVEL_WARNING] = "warning", [LOG_LEVEL_NOTICE] = "notice",
    [LOG_LEVEL_INFO] = "info",   [LOG_LEVEL_DEBUG] = "debug",
};

bool log_console_enabled(enum log_level level)
{
    /* the key's words are in the order of enum log_level */
    return (int)level <= (int)KEY_LEVEL;
}

void log_console_write(enum log_level level, const char *component, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    log_console_vwrite(level, component, format, arguments);
    va_end(arguments);
}

#if KEY_TIME == KEY_TIME_UTC
static int stamp(char *to, size_t size)
{
    int64_t now = clock_wall();
    time_t seconds = (time_t)(now / NANOSECONDS_PER_SECOND);
    struct tm date;
    gmtime_r(&seconds, &date);
    return snprintf(to, size, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ ", date.tm_year + 1900, date.tm_mon + 1, date.tm_mday,
                    date.tm_hour, date.tm_min, date.tm_sec,
                    (int)(now % NANOSECONDS_PER_SECOND / NANOSECONDS_PER_MILLISECOND));
}
#elif KEY_TIME == KEY_TIME_UPTIME
static int stamp(char *to, size_t size)
{
    int64_t now = clock_now();
    return snprintf(to, size, "%lld.%03d ", (long long)(now / NANOSECONDS_PER_SECOND),
                    (int)(now % NANOSECONDS_PER_SECOND / NANOSECONDS_PER_MILLISECOND));
}
#else
static int stamp(char *to, size_t size)
{
    (void)to, (void)size;
    return 0;
}
#endif

/* What came from outside must not look like another line, nor command the terminal. */
static size_t escape(char *to, size_t room, const char *text)
{
    static const char digits[] = "0123456789abcdef";
    size_t at = 0;
    for (const char *c = text; *c && at + 4 <= room; c++) {
        unsigned char byte = (unsigned char)*c;
        if (byte >= 32 && byte != 127)
            to[at++] = *c;
        else {
            to[at++] = '\\';
            to[at++] = 'x';
            to[at++] = digits[byte >> 4];
            to[at++] = digits[byte & 15];
        }
    }
    return at;
}

void log_console_vwrite(enum log_level level, const char *component, const char *format, va_list arguments)
{
    char line[LINE], text[TEXT];
    if ((unsigned)level > LOG_LEVEL_DEBUG || !log_console_enabled(level))
        return;
    if (vsnprintf(text, sizeof text, format, arguments) < 0)
        return;
    size_t at = (size_t)stamp(line, 64);
    at += (size_t)snprintf(line + at, 64, "%s %.40s: ", names[level], component);
    at += escape(line + at, sizeof line - at - 1, text);
    line[at++] = '\n';
    console_write(line, at);
}
