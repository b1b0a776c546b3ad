/*
 * generate.h - from checked bindings to build.ninja and everything it names.
 *
 * Writes, below layout->build: gen/<instance>/keys.h, gen/start.c (start-up and shut-down in
 * dependency order), embed lists, build.ninja, compile_commands.json.  Files whose content does not change are not
 * touched, so that nothing is rebuilt needlessly.
 *
 * Errors: false after reporting.  build.ninja is written last.
 */
#ifndef UKC_GENERATE_H
#define UKC_GENERATE_H

#include "../check/check.h"

enum profile { PROFILE_RELEASE, PROFILE_DEV };

/* What an import became: an unpacked package below a layout root, or flags from pkg-config. */
struct imported {
    const struct import *import;
    const char *label;         /* of its layout root; NULL for pkg-config */
    const char *cflags, *libs; /* pkg-config: its words, separated by spaces; else NULL */
};

struct generate_options {
    enum profile profile;
    bool sanitize;               /* dev on posix: ASan and UBSan */
    const char *ukc;             /* how build.ninja calls ukc back: absolute path, in the ninja variable only */
    const char *const *arguments; /* of `ukc configure`, to run it again when a manifest changes */
    size_t argument_count;
    const struct imported *imports; /* one for every import of the plan's components; match by the import pointer */
    size_t import_count;
    const char *const *inputs; /* more files that make ninja configure again: ukc.lock, --config files */
    size_t input_count;
    bool check_only; /* look for everything that would be wrong, but write neither build.ninja nor compile_commands.json */
};

/*
 * Makes the headers of the target's C library below gen/+library, which the interface check reads: call it
 * before.  Its tree must be there.
 */
bool generate_library_headers(struct arena *, const struct plan *, const struct layout *, struct diag *);

/* Has the build directory a file of its own that is named so?  Then no unikernel can be. */
bool generate_takes_name(const char *);

bool generate(struct arena *, const struct bindings *, const struct layout *, const struct generate_options *, struct diag *);

#endif
