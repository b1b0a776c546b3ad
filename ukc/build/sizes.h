/*
 * sizes.h - inside ukc/command: what the image weighs, as its build leaves it.
 *
 * <build>/sizes says it by instance; it is part of the record's intent, so that two records can be compared
 * when the images are gone. A line is
 *
 *     instance NAME<tab>BYTES
 *
 * sorted by name.
 */
#ifndef UKC_SIZES_H
#define UKC_SIZES_H

#include "../project/project.h"
#include "../size/size.h"

struct sizes {
    const struct size_sum *instances; /* the largest first */
    size_t count;                     /* 0: nothing is known */
};

#define SIZES_FILE "sizes"
#define SIZES_INSTANCE "instance "

/* Of the last build; nothing where there was none. */
struct sizes sizes_read(struct project *);
/* Of this image, which was built just now; kept in place of the last build's.  Where they cannot be told a warning says why, and *report is NULL. */
struct sizes sizes_make(struct project *, const char *image, const struct size_report **);

/* An instance whose bytes are others than before: 0 when it is new or gone. */
struct size_change {
    const char *name;
    uint64_t before, now;
};
/* The largest change first.  NULL: there was no build before. */
const struct size_change *sizes_changes(struct arena *, const struct sizes *before, const struct sizes *now, size_t *count);

#endif
