/*
 * lock.h - ukc.lock: the choices that users commit.
 *
 * A text file, sorted, one fact a line, with a format version in its first:
 *
 *     ukc-lock 1
 *     choice homepage posix net=host http http1 1.0
 *     choice homepage posix net=host http.stack stack_host 1.0
 *     pin debian node-llhttp 8.1.0~... tree <git tree id> sha256 <hash of the file list>
 *     pin debian_source lwip 2.2.1 tree <git tree id> sha256 <hash of the file list> from <address>
 *     pin git zlib <commit> tree <git tree id> sha256 <hash of the file list> from <address>
 *     pin use https://example.org/them/parts.git <commit> tree ... sha256 ... from ...
 *
 * A choice line is: unikernel, target, key context (the deciding keys, comma-separated,
 * "-" when none), path of the requirement, implementation, version.
 * Pins (sources) stand apart from choices.  The lock is a preference below an
 * explicit choice; a choice that no longer fits is reported, and replaced only with --update.
 *
 * Errors: a newer format version, a malformed line: reported with its place, DIAG_INPUT.
 */
#ifndef UKC_LOCK_H
#define UKC_LOCK_H

#include "../base/diag.h"
#include <stddef.h>
#include <stdbool.h>

struct arena;
struct plan;
struct text;

struct lock_choice {
    const char *unikernel, *target, *context, *path, *implementation, *version;
    struct span span;
};
struct lock_pin {
    const char *kind, *name, *version, *tree, *sha256;
    struct span span;
    const char *from; /* address of what decides the tree (archive or commit, parts, patches); NULL where that is the sha256 */
};
struct lock {
    const struct lock_choice *choices; /* sorted */
    size_t choice_count;
    const struct lock_pin *pins; /* sorted by kind, name */
    size_t pin_count;
};

/* An absent file is an empty lock. NULL after reporting. */
[[nodiscard]] const struct lock *lock_read(struct arena *, const char *path, struct diag *);
/* For fuzzers and tests: the same from memory. */
[[nodiscard]] const struct lock *lock_parse(struct arena *, const struct source *, struct diag *);

/* The key context of a plan: "net=host,storage=file", sorted, or "-". */
const char *lock_context(struct arena *, const struct plan *);
/* `old` with the choices of this unikernel, target and context replaced by the plan's. */
const struct lock *lock_merge(struct arena *, const struct lock *old, const struct plan *);
/* Of the same source: of one kind and name, and from the same address where both have one. Targets may take other parts of the same C library. */
bool lock_pin_same(const struct lock_pin *, const struct lock_pin *);
/* The choices of `old` with these pins; of several of the same source the first is meant. */
const struct lock *lock_with_pins(struct arena *, const struct lock *old, const struct lock_pin *pins, size_t count);
void lock_print(const struct lock *, struct text *);
/* What `--update` or a changed manifest did to the choices, one sentence a line; nothing when they are equal. */
void lock_print_changes(const struct lock *old, const struct lock *now, struct text *);

/* The orders of the two arrays. */
int lock_choice_compare(const void *, const void *);
int lock_pin_compare(const void *, const void *);

#endif
