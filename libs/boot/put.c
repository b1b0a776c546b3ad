/*
 * put.c - what boot.c and budget.c say is made of texts and numbers.
 */
#include "boot.h"

#include <string.h>

typedef void put_function(int descriptor, const char *bytes, size_t size);

void boot_put_text(put_function *put, int descriptor, const char *text)
{
    put(descriptor, text, strlen(text));
}

void boot_put_number(put_function *put, int descriptor, int64_t number)
{
    char digits[24];
    size_t at = sizeof digits;
    uint64_t left = number < 0 ? -(uint64_t)number : (uint64_t)number;
    do
        digits[--at] = (char)('0' + left % 10);
    while (left /= 10);
    if (number < 0)
        digits[--at] = '-';
    put(descriptor, digits + at, sizeof digits - at);
}
