/*
 * text.c - the growing byte string.  Helpers on plain strings are in string.c.
 */
#include "text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arena.h"
#include "memory.h"

void text_dispose(struct text *t)
{
    free(t->bytes);
    *t = (struct text){};
}

void text_clear(struct text *t)
{
    t->size = 0;
    if (t->bytes)
        t->bytes[0] = '\0';
}

/* Room for n more bytes and the NUL. */
static void reserve(struct text *t, size_t n)
{
    size_t need = memory_sum(memory_sum(t->size, n), 1);
    if (need <= t->capacity)
        return;
    size_t capacity = t->capacity ? t->capacity : 64;
    while (capacity < need)
        capacity = memory_product(capacity, 2);
    t->bytes = memory_resize(t->bytes, capacity);
    t->capacity = capacity;
}

void text_append(struct text *t, const void *bytes, size_t n)
{
    reserve(t, n);
    if (n)
        memcpy(t->bytes + t->size, bytes, n);
    t->size += n;
    t->bytes[t->size] = '\0';
}

void text_puts(struct text *t, const char *s)
{
    text_append(t, s, strlen(s));
}

/* Many texts are written byte by byte. */
void text_putc(struct text *t, char c)
{
    if (t->capacity - t->size < 2)
        reserve(t, 1);
    t->bytes[t->size++] = c;
    t->bytes[t->size] = '\0';
}

void text_vprintf(struct text *t, const char *format, va_list list)
{
    va_list again;
    va_copy(again, list);
    size_t room = t->capacity - t->size;
    int length = vsnprintf(t->bytes ? t->bytes + t->size : NULL, room, format, again);
    va_end(again);
    if (length < 0)
        memory_exhausted();
    if ((size_t)length >= room) {
        reserve(t, (size_t)length);
        vsnprintf(t->bytes + t->size, (size_t)length + 1, format, list);
    }
    t->size += (size_t)length;
}

void text_printf(struct text *t, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    text_vprintf(t, format, list);
    va_end(list);
}

const char *text_string(const struct text *t)
{
    return t->bytes ? t->bytes : "";
}

/* All of the bytes, also those after a NUL. */
void text_base64(struct text *t, const void *bytes, size_t size)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const unsigned char *p = bytes;
    for (size_t i = 0; i < size; i += 3) {
        size_t left = size - i;
        unsigned three = (unsigned)p[i] << 16 | (left > 1 ? (unsigned)p[i + 1] << 8 : 0) | (left > 2 ? p[i + 2] : 0);
        text_putc(t, letters[three >> 18]);
        text_putc(t, letters[three >> 12 & 63]);
        text_putc(t, left > 1 ? letters[three >> 6 & 63] : '=');
        text_putc(t, left > 2 ? letters[three & 63] : '=');
    }
}

char *text_keep(const struct text *t, struct arena *a)
{
    char *copy = arena_alloc(a, memory_sum(t->size, 1), 1);
    if (t->size)
        memcpy(copy, t->bytes, t->size);
    return copy;
}
