/*
 * target.h - the target of a request: its path and its query.
 */
#ifndef HTTP1_TARGET_H
#define HTTP1_TARGET_H

#include <strings.h>
#include <ukc/view.h>

#define TARGET_INDEX "index.html"

struct target {
    struct view path;  /* decoded and normalised, begins with a slash */
    struct view page;  /* the same without it, with the index's name when it ends in a slash */
    struct view query; /* as sent */
};

/*
 * Take a request target in origin form or absolute form apart.  `storage` has
 * room for its size and that of TARGET_INDEX, and holds path and page; query
 * lies in `raw`.  False: not a target, or one that climbs above the root.
 */
bool target_parse(struct view raw, char *storage, struct target *target);

/* Percent-encode a path for use in a Location field; its size, or 0 when there is no room. */
size_t target_encode(struct view path, char *out, size_t room);

#endif
