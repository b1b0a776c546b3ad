/*
 * compare.h - an implementation's header against the signatures it provides.
 *
 * Types are equal when they are the same canonical C type once the
 * signature's objects (and what depends on them) are replaced by the
 * implementation's own.  Another type of the signature may be re-declared
 * under the implementation's name with the same layout.
 *
 * Errors: false after reporting every difference at the implementation's
 * declaration, with a note at the signature's.
 */
#ifndef UKC_CHECK_COMPARE_H
#define UKC_CHECK_COMPARE_H

#include "contract.h"

struct implementation_check {
    const struct component *component;
    const struct interface *interface;      /* of its header */
    const struct contract *const *contracts; /* in the order of component->provides */
    const char *generated;                  /* "build/posix/gen/": what lies below is not its own */
};

/* Which of the two functions called at start-up and shut-down it has. */
struct lifecycle {
    bool start, stop;
};

[[nodiscard]] bool compare_implementation(struct arena *, const struct implementation_check *, struct sources *, struct diag *,
                                          struct lifecycle *);

#endif
