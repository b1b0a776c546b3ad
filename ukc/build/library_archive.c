/*
 * library_archive.c - objects in one file, in the ar format that GNU and LLVM share: names of more than 15 bytes
 * stand in a table, times and owners are 0.
 *
 * Without an index of symbols: lld reads every member's own table.
 */
#include "library.h"
#include <stdlib.h>
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

enum { HEADER = 60 };

/* A number at this place of a member's header. */
static size_t header_number(const char *header, size_t at, size_t width)
{
    char digits[17] = "";
    memcpy(digits, header + at, width);
    return strtoul(digits, NULL, 10);
}

bool library_members(struct arena *a, const char *directory, const char *archive, size_t size, const struct library_member **out, size_t *count)
{
    VEC(struct library_member) members = {};
    const char *end = archive + size, *names = NULL;
    size_t names_size = 0;
    if (size < 8 || memcmp(archive, "!<arch>\n", 8) != 0)
        return false;
    for (const char *p = archive + 8; p < end;) {
        size_t n = end - p > HEADER ? header_number(p, 48, 10) : 0;
        if (end - p < HEADER || p[58] != '`' || n > (size_t)(end - p - HEADER))
            return false;
        const char *bytes = p + HEADER;
        if (!names) {
            names = bytes;
            names_size = n;
        } else {
            size_t at = header_number(p, 1, 15);
            const char *stop = at < names_size ? memchr(names + at, '\n', names_size - at) : NULL;
            if (*p != '/' || !stop || stop == names + at)
                return false;
            *vec_add(a, &members) = (struct library_member){
                arena_printf(a, "%s/%.*s", directory, (int)(stop - names - at - 1), names + at), bytes, n};
        }
        p = bytes + n + (n % 2 && bytes + n < end);
    }
    *out = members.items;
    *count = members.count;
    return true;
}
