/* rng.c - look at many random bytes; if nothing is wrong with them, print others. */
#include <stdarg.h>
#include <stdio.h>
#include "console.h"
#include "health.h"
#include "keys.h"
#include "random.h"

enum { LINE_BYTES = 32 };

__attribute__((format(printf, 1, 2))) static int print(const char *format, ...)
{
    char line[200];
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    return console_write(line, (size_t)length);
}

static const char *look(struct health *health, char finding[FINDING_SIZE])
{
    uint8_t bytes[4096];
    for (int64_t left = KEY_TEST; left > 0; left -= (int64_t)sizeof bytes) {
        random_fill(bytes, sizeof bytes);
        health_look(health, bytes, left < (int64_t)sizeof bytes ? (size_t)left : sizeof bytes);
    }
    return health_finding(health, finding);
}

static int print_bytes(int64_t count)
{
    uint8_t bytes[LINE_BYTES];
    char line[2 * LINE_BYTES + 1];
    int error = 0;
    while (count > 0 && !error) {
        int size = count < LINE_BYTES ? (int)count : LINE_BYTES;
        random_fill(bytes, (size_t)size);
        for (int i = 0; i < size; i++) {
            line[2 * i] = "0123456789abcdef"[bytes[i] >> 4];
            line[2 * i + 1] = "0123456789abcdef"[bytes[i] & 15];
        }
        line[2 * size] = '\n';
        error = console_write(line, (size_t)(2 * size) + 1);
        count -= size;
    }
    return error;
}

int rng_main(void)
{
    static struct health health;
    char text[FINDING_SIZE];
    const char *finding = look(&health, text);
    if (finding) {
        print("not random: %s\n", finding);
        return 1;
    }
    if (print("looked at %llu bytes: at most %llu equal in a row, chi-square %.0f\n", (unsigned long long)health.bytes,
              (unsigned long long)health.longest_row, health_chi_square(&health)))
        return 1;
    return print_bytes(KEY_BYTES) < 0;
}
