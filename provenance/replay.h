/*
 * replay.h - a record's actions, run again in a fresh directory from nothing but what was recorded.
 */
#ifndef UKC_REPLAY_H
#define UKC_REPLAY_H

#include "recorded.h"

struct replay {
    const struct recorded *recorded;
    const char *store;     /* which has the large inputs */
    const char *directory; /* fresh: made by the caller, and removed by him */
    const char *path;      /* PATH of the actions: where the tools are */
    const char *moved;     /* of the tools (toolset.h), or NULL */
    const char *const *files; /* of the tools and of what they load, without links: beside the record's, all that may be read */
    size_t file_count;
    bool open;             /* the tools are others than recorded, and what these need to run is not known: nothing is shut in */
    unsigned jobs;         /* 0: as many as there are processors */
    /* Called before each action, with its number from 1 to `count`; may be NULL. */
    void (*progress)(void *context, size_t number, size_t count, const char *output);
    void *context;
};

/* Where the image is that the actions made. */
const char *replay_image(struct arena *, const struct replay *);
/*
 * Lays out the inputs and runs the actions, shut in: they can open nothing but what is in the directory, the tools and
 * the record's files of the host, and have no network.  Where that cannot be had, a warning says so; nor are they where `open` says so.  False after reporting: an action that failed is DIAG_OUTSIDE
 * (of other tools than the record's DIAG_DIFFERS), because when it was recorded it did not, and its own words are shown; one that asked for more than the record names is DIAG_DIFFERS.
 */
bool replay_run(struct arena *, const struct replay *, struct diag *);

/*
 * The first output, in the order of the actions, that differs from what was recorded though all that its action
 * read is equal; NULL: there is none.  `actual` is what it is now.
 */
struct divergence {
    const struct action *action;
    const struct action_output *output;
    struct hash actual;
    bool absent;
};
const struct divergence *replay_compare(struct arena *, const struct replay *, struct diag *);

#endif
