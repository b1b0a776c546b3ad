/*
 * project.h - the project a command acts on, and the way of its manifest.
 *
 * project_open finds ukc.lua (in this directory or one above), changes to
 * its directory and takes what the user said: target, settings, catalogue.
 * The steps then follow in order, each with the output of the one before:
 *
 *     load -> graph -> resolve -> layout, imports -> check -> generate
 *
 * Every function returns false after reporting.
 */
#ifndef UKC_PROJECT_H
#define UKC_PROJECT_H

#include "command.h"
#include "../check/check.h"
#include "../generate/generate.h"
#include "../resolve/resolve.h"
#include "../../provenance/store.h"

/* What `ukc configure` was told: kept in <build>/configure.args, so that later commands mean the same. */
struct configuration {
    enum target target;
    const char *name; /* of the unikernel; NULL where the manifest declares one */
    enum profile profile;
    bool sanitize;
    VEC(const char *) sets, configs, catalogues;
};

struct project {
    struct invocation *i;
    struct arena *a;
    struct diag *d;
    const char *directory; /* absolute; the working directory from now on */
    struct configuration configuration;
    bool configured; /* configuration was read from an earlier configure */
    const char *build; /* "build/posix" */

    const struct manifest *manifest;
    const struct component *unikernel;
    const struct graph *graph;
    const struct lock *lock;
    const struct plan *plan;
    const struct layout *layout;
    const struct bindings *bindings;
    VEC(const struct fetched *) fetched; /* every import of the plan's components */
};

/* Which target: the one named by --target, else the one configured last, else posix (or an error when must_be_configured). */
bool project_open(struct project *, struct invocation *, const char *name, bool must_be_configured);
bool project_load(struct project *);    /* manifest, unikernel */
bool project_graph(struct project *);
bool project_plan(struct project *);    /* lock, plan */
bool project_layout(struct project *, const char *build, bool fetch); /* roots, unpacked imports */
bool project_check(struct project *);

/* The words of `ukc configure` that mean this configuration. */
const char *const *configuration_words(struct arena *, const struct configuration *, size_t *count);
bool configuration_write(const struct project *);

/* The layout label of an unpacked package; NULL for a host library. */
const char *import_label(struct arena *, const struct import *);

/* <build>/<file> */
const char *project_file(const struct project *, const char *file);
const char *project_image(const struct project *);

/* Catalogue roots beside this program, or those of --catalogue. NULL after reporting. */
const char *const *catalogue_roots(struct invocation *, const struct configuration *, size_t *count);

/* A file or directory that comes with ukc ("manifests/init"), or NULL after reporting. */
const char *catalogue_file(struct invocation *, const char *path);

/* "1,234,567" in a static buffer */
const char *grouped(uint64_t number);

#endif
