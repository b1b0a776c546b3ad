/*
 * library_archive.c - objects in one file, in the ar format that GNU and LLVM share: names of more than 15 bytes
 * stand in a table, times and owners are 0.
 *
 * Without an index of symbols: lld reads every member's own table.
 */
#include "library.h"
#include <string.h>
#include "../base/file.h"

static void put_member(struct text *out, const char *name, const void *bytes, size_t size)
{
    text_printf(out, "%-16s%-12s%-6s%-6s%-8s%-10zu`\n", name, "0", "0", "0", "644", size);
    text_append(out, bytes, size);
    if (size % 2)
        text_putc(out, '\n');
}

bool library_archive(struct arena *a, const char *directory, const char *const *objects, size_t count, struct text *out, struct diag *d)
{
    struct text names = {};
    size_t *where = arena_array(a, size_t, count), skip = strlen(directory) + 1;
    for (size_t i = 0; i < count; i++) {
        where[i] = names.size;
        text_printf(&names, "%s/\n", objects[i] + skip);
    }
    text_puts(out, "!<arch>\n");
    put_member(out, "//", names.bytes, names.size);
    text_dispose(&names);
    bool good = true;
    for (size_t i = 0; i < count && good; i++) {
        struct arena *scratch = arena_create();
        const struct source *s = file_read(scratch, objects[i], SPAN_NONE, 0, d);
        good = s != NULL;
        if (s)
            put_member(out, arena_printf(scratch, "/%zu", where[i]), s->bytes, s->size);
        arena_destroy(scratch);
    }
    return good;
}
