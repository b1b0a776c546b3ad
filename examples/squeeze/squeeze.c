/* squeeze.c - compress the embedded texts, get them back, and say what came of it. */
#include <stdio.h>
#include <stdlib.h>
#include "console.h"
#include "press.h"
#include "text.h"

/* FNV-1a, 32 bits: enough to see by eye that two texts are the same */
static unsigned checksum(const char *bytes, size_t size)
{
    unsigned sum = 2166136261u;
    for (size_t i = 0; i < size; i++)
        sum = (sum ^ (unsigned char)bytes[i]) * 16777619u;
    return sum;
}

/* The size of the text when compressed, or a negative errno value; false in *same when it came back different. */
static int64_t there_and_back(const struct representation *text, bool *same)
{
    int64_t room = press_bound(text->size);
    char *small = room > 0 ? malloc((size_t)room) : NULL, *back = malloc(text->size + 1);
    int64_t size = small && back ? press_pack(small, (size_t)room, (struct view){text->bytes, text->size}) : -1;
    int64_t whole = size > 0 ? press_unpack(back, text->size + 1, (struct view){small, (size_t)size}) : -1;
    *same = whole == (int64_t)text->size &&
            checksum(back, text->size) == checksum(text->bytes, text->size);
    free(small);
    free(back);
    return size;
}

int squeeze_main(void)
{
    int failures = 0;
    for (struct view key = {}; text_next(key, &key) == 0;) {
        struct text_entry *entry;
        struct representation text;
        bool same;
        char line[200];
        if (text_open(key, &entry) < 0)
            return 1;
        text_describe(entry, &text, 1);
        int64_t size = there_and_back(&text, &same);
        int length = snprintf(line, sizeof line, "%.*s: %llu bytes, compressed %lld, checksum %08x, %s\n", (int)key.size,
                              key.bytes, (unsigned long long)text.size, (long long)size,
                              checksum(text.bytes, text.size), same ? "came back identical" : "DAMAGED");
        console_write(line, (size_t)length);
        failures += !same;
        text_close(entry);
    }
    return failures;
}
