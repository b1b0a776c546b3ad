/*
 * log_console.c - "2026-01-02T03:04:05.678Z info http: text" on the console.
 *
 * A line is formatted in one buffer and written by one call.
 */
#include "log_console.h"

#include "clock.h"
#include "console.h"
#include "format.h"
#include "keys.h"

#include <stdint.h>
#include <string.h>
#include <time.h>
#include <ukc/deadline.h>
#include <ukc/uncleared.h>

enum { LINE = 1024, TEXT = 512, NAME = 40 };

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

/* Digits by hand: printf's way takes longer than all else that a line costs. */
[[maybe_unused]] static char *put(char *to, uint64_t number, int digits)
{
    for (int i = digits; i-- > 0; number /= 10)
        to[i] = (char)('0' + number % 10);
    return to + digits;
}

static char *put_text(char *to, const char *text, size_t most)
{
    for (; most > 0 && *text; most--)
        *to++ = *text++;
    return to;
}

#if KEY_TIME == KEY_TIME_UTC
enum { SECOND = sizeof "2026-01-02T03:04:05." - 1 };

static void put_second(char *to, int64_t second)
{
    time_t seconds = (time_t)second;
    struct tm date;
    gmtime_r(&seconds, &date);
    const struct {
        int number, digits;
        char after;
    } parts[] = {{date.tm_year + 1900, 4, '-'}, {date.tm_mon + 1, 2, '-'}, {date.tm_mday, 2, 'T'}, {date.tm_hour, 2, ':'}, {date.tm_min, 2, ':'},
                 {date.tm_sec, 2, '.'}};
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        to = put(to, (uint64_t)parts[i].number, parts[i].digits);
        *to++ = parts[i].after;
    }
}

/* The second is written out once: messages come in groups. */
static char *stamp(char *to)
{
    static char text[SECOND];
    static int64_t known = INT64_MIN;
    int64_t now = clock_wall(), second = now / NANOSECONDS_PER_SECOND;
    if (second != known)
        put_second(text, known = second);
    memcpy(to, text, SECOND);
    to = put(to + SECOND, (uint64_t)(now % NANOSECONDS_PER_SECOND / NANOSECONDS_PER_MILLISECOND), 3);
    *to++ = 'Z';
    *to++ = ' ';
    return to;
}
#elif KEY_TIME == KEY_TIME_UPTIME
static char *stamp(char *to)
{
    int64_t now = clock_now(), seconds = now / NANOSECONDS_PER_SECOND;
    int digits = 1;
    for (int64_t most = 10; most <= seconds && digits < 18; most *= 10)
        digits++;
    to = put(to, (uint64_t)seconds, digits);
    *to++ = '.';
    to = put(to, (uint64_t)(now % NANOSECONDS_PER_SECOND / NANOSECONDS_PER_MILLISECOND), 3);
    *to++ = ' ';
    return to;
}
#else
static char *stamp(char *to)
{
    return to;
}
#endif

/* Whether a byte below 32, or 127, is in there: eight at a time, the bytes behind the text being anything else. */
static bool has_control(const char *text, size_t size)
{
    const uint64_t each = UINT64_C(0x0101010101010101);
    uint64_t found = 0;
    for (size_t at = 0; at < size; at += sizeof found) {
        uint64_t word, delete;
        memcpy(&word, text + at, sizeof word);
        delete = word ^ each * 127;
        found |= ((word - each * 32) & ~word) | ((delete - each) & ~delete);
    }
    return found & each * 128;
}

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

/* The text where it stands, or escaped. */
static size_t put_message(char *to, size_t room, size_t size)
{
    UKC_UNCLEARED char text[TEXT];
    memset(to + size, ' ', sizeof(uint64_t));
    if (!has_control(to, size))
        return size;
    to[size] = '\0';
    memcpy(text, to, size + 1);
    return escape(to, room, text);
}

void log_console_vwrite(enum log_level level, const char *component, const char *format, va_list arguments)
{
    UKC_UNCLEARED char line[LINE];
    if ((unsigned)level > LOG_LEVEL_DEBUG || !log_console_enabled(level))
        return;
    char *head = put_text(stamp(line), names[level], NAME);
    *head++ = ' ';
    head = put_text(head, component, NAME);
    *head++ = ':';
    *head++ = ' ';
    size_t at = (size_t)(head - line), length = log_console_format(head, TEXT - 1, format, arguments);
    at += put_message(head, sizeof line - at - 1, length);
    line[at++] = '\n';
    console_write(line, at);
}
