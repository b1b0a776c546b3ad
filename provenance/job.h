/*
 * job.h - one import on its way: what store.c decides about, and job.c does.
 */
#ifndef PROVENANCE_JOB_H
#define PROVENANCE_JOB_H

#include "import.h"

struct job {
    struct arena *arena;
    const struct wanted *wanted;
    const struct lock_pin *pin; /* of exactly these files, or NULL */
    struct objects *objects;
    struct unpacked unpacked;
    const char *reference, *work;
    struct attempt attempt;
    bool warned; /* that the store's copy is damaged */
    bool outside; /* it was not in the store */
    struct diag *diag;
};

/* In references and in messages; and in ukc.lock, where a repository that a manifest uses is of kind "use". */
const char *kind_name(const struct import *);
/* The last part of the name of an import's reference, after its kind (and of a package, its name); NULL: it is none. */
const char *import_reference_id(const char *reference);
/* From the objects, when they are there.  OBJECT_OK may also mean: an error was reported. */
enum object_status job_restore(struct job *, const char **damage);
/* From outside: verified files, then objects, then their name, then the working copy. */
bool job_import(struct job *, enum way);

#endif
