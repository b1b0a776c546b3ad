/*
 * fuzz_elf.c - a libFuzzer target: images, and the linker's maps of them.
 *
 * Whatever the bytes, the readers give what is in them or report an error; a report that there is has every byte of the file once. The input is a file; behind its last
 * line "\n@map\n", where there is one, stands the map.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../../provenance/note.h"
#include "../../ukc/image/hardening.h"
#include "../../ukc/image/image_symbols.h"
#include "../../ukc/image/sealed.h"
#include "../../ukc/size/size.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char mark[] = "\n@map\n";

/* A file without a name, which the readers open by one. */
static const char *file_of(int *fd, char path[64], const void *bytes, size_t size)
{
    if (*fd == 0)
        *fd = memfd_create("elf", 0);
    snprintf(path, 64, "/proc/self/fd/%d", *fd);
    if (ftruncate(*fd, 0) != 0 || pwrite(*fd, bytes, size, 0) != (ssize_t)size)
        abort();
    return path;
}

static void look(struct arena *a, const void *bytes, size_t size, struct diag *d)
{
    const struct source s = {.path = "image", .bytes = bytes, .size = size};
    struct image_secrets secrets;
    size_t total = 0;
    const struct hardening *h = hardening_read(a, &s, d);
    if (!sealed_read(a, &s, &secrets, d)) {
        if (h)
            abort(); /* which looks at the secrets too */
        return;
    }
    for (size_t i = 0; i < secrets.count; i++) {
        if (secrets.items[i].size > secrets.items[i].room || secrets.items[i].at > size || secrets.items[i].room > size - secrets.items[i].at || !*secrets.items[i].name)
            abort();
        total += secrets.items[i].room;
    }
    if (total > size)
        abort();
}

/* Names end within the file, and a note's place is in it. */
static void name(struct arena *a, const void *bytes, size_t size)
{
    const struct source s = {.path = "image", .bytes = bytes, .size = size};
    size_t count, place = note_place(bytes, size);
    const struct image_symbol *symbols = image_symbols(a, &s, &count);
    for (size_t i = 0; i < count; i++)
        if (!*symbols[i].name || strlen(symbols[i].name) >= size)
            abort();
    if (place > size || (place && size - place < NOTE_DIGITS))
        abort();
}

static void weigh(struct arena *a, const struct size_sources *from, size_t size, struct diag *d)
{
    const struct size_report *r = size_read(a, from, d);
    uint64_t at = 0;
    for (size_t i = 0; r && i < r->count; at += r->parts[i++].bytes)
        if (r->parts[i].offset != at)
            abort();
    if (r ? at != size : diag_errors(d) == 0)
        abort();
    for (int by = 0; r && by <= SIZE_BY_section; by++) {
        size_t count;
        uint64_t sum = 0;
        const struct size_sum *sums = size_sums(a, r, (enum size_by)by, &count);
        for (size_t i = 0; i < count; i++)
            sum += sums[i].bytes;
        if (sum != size)
            abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static int image, map;
    char paths[2][64];
    struct arena *a = arena_create();
    struct diag *d = diag_create();
    const uint8_t *end = memmem(data, size, mark, sizeof mark - 1);
    size_t bytes = end ? (size_t)(end - data) : size, rest = end ? size - bytes - (sizeof mark - 1) : 0;
    look(a, data, bytes, d);
    name(a, data, bytes);
    diag_destroy(d);
    d = diag_create();
    const char *file = file_of(&image, paths[0], data, bytes);
    const struct size_sources whole = {.image = file, .linked = file, .map = end ? file_of(&map, paths[1], data + bytes + sizeof mark - 1, rest) : NULL};
    weigh(a, &whole, bytes, d);
    diag_destroy(d);
    d = diag_create();
    weigh(a, &(struct size_sources){.image = file}, bytes, d);
    diag_destroy(d);
    arena_destroy(a);
    return 0;
}
