/*
 * two-ways.c - two stores made of the same code.
 *
 * Both are kv_memory, compiled once for each instance with its own keys. The
 * private data of one is not the other's, whatever its names.
 */
#include <stdio.h>
#include <string.h>
#include "console.h"
#include "drawer.h"
#include "pocket.h"

static void print(const char *text)
{
    console_write(text, strlen(text));
}

static void report(const char *what, int64_t result)
{
    char line[100];
    snprintf(line, sizeof line, "%s: %s\n", what, result < 0 ? strerror((int)-result) : "done");
    print(line);
}

int two_ways_main(void)
{
    static const char letter[1000] = "Dear reader, ...";
    struct view long_text = {letter, sizeof letter};
    char found[100];

    report("a coin into the pocket", pocket_set(VIEW("coin"), VIEW("1 penny")));
    report("a coin out of the drawer", drawer_get(VIEW("coin"), found, sizeof found));
    report("a letter into the drawer", drawer_set(VIEW("letter"), long_text));
    report("a letter into the pocket", pocket_set(VIEW("letter"), long_text));
    int64_t size = pocket_get(VIEW("coin"), found, sizeof found);
    print("in the pocket: ");
    if (size > 0)
        console_write(found, (size_t)size);
    print("\n");
    return 0;
}
