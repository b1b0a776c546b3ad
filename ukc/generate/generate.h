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

struct generate_options {
    enum profile profile;
    bool sanitize;               /* dev on posix: ASan and UBSan */
    const char *ukc;             /* how build.ninja calls ukc back: absolute path, in the ninja variable only */
    const char *const *arguments; /* of `ukc configure`, to run it again when a manifest changes */
    size_t argument_count;
    const struct layout_root *packages; /* unpacked packages, by import name: label "debian.<package>" */
    size_t package_count;
};

bool generate(struct arena *, const struct bindings *, const struct layout *, const struct generate_options *, struct diag *);

#endif
