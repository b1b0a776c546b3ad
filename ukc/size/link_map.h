/*
 * link_map.h - the map that ld.lld writes (-Map): which part of which object lies where.
 *
 * A line of an input section is
 *
 *     VMA LMA Size Align         OBJECT:(SECTION)
 *
 * in hexadecimal, the object behind eight blanks; output sections have none, symbols sixteen.  <internal> is what the linker made.
 */
#ifndef UKC_SIZE_LINK_MAP_H
#define UKC_SIZE_LINK_MAP_H

#include "../base/arena.h"
#include "../base/diag.h"

struct placed {
    uint64_t address, size;
    const char *object;  /* "build/kvm/obj/http.log/module.o", "build/kvm/obj/+library.a(src/string/strlen.c.o)", "<internal>" */
    const char *section; /* ".text.strlen" */
};

struct link_map {
    const struct placed *items; /* in memory, with a size; sorted by address */
    size_t count;
    const struct placed *outputs; /* sections of the file: no object */
    size_t output_count;
};

/* NULL after reporting. */
const struct link_map *link_map_read(struct arena *, const char *path, struct diag *);
const struct link_map *link_map_parse(struct arena *, const char *text);
bool link_map_has(const struct link_map *, const char *output, uint64_t address, uint64_t size);

#endif
