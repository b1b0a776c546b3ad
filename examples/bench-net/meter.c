/* meter.c - bytes, time, and what they make together. */
#include "bench-net.h"

#include "clock.h"
#include "console.h"

#include <stdarg.h>
#include <stdio.h>
#include <ukc/deadline.h>

void say(const char *format, ...)
{
    char line[300];
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    console_write(line, (size_t)length < sizeof line ? (size_t)length : sizeof line - 1);
}

int64_t soon(void)
{
    return deadline_after(clock_now(), PATIENCE * NANOSECONDS_PER_SECOND);
}

void meter_start(struct meter *meter)
{
    *meter = (struct meter){.start = clock_now()};
}

void meter_report(const struct meter *meter, const char *word, const struct endpoint *peer)
{
    char address[IP_TEXT_SIZE];
    int64_t took = clock_now() - meter->start;
    double seconds = (double)(took > 0 ? took : 1) / 1e9;
    ip_format(address, &peer->address);
    say("%s %s: %llu bytes in %.2f s, %.1f Mbit/s\n", word, address, (unsigned long long)meter->bytes, seconds,
        (double)meter->bytes * 8 / seconds / 1e6);
}

struct view block(void)
{
    static char text[BLOCK_SIZE];
    if (!text[0])
        for (int i = 0; i < BLOCK_SIZE; i++)
            text[i] = i % 64 == 63 ? '\n' : (char)(' ' + i % 95);
    return (struct view){text, sizeof text};
}
