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

#include "invocation.h"
#include "../check/check.h"
#include "../generate/generate.h"
#include "../resolve/resolve.h"
#include "../../provenance/store.h"

/* What `ukc configure` was told: kept in <build>/configure.args, so that later commands mean the same. */
struct configuration {
    enum target target;
    const char *name; /* of the unikernel; NULL where the manifest declares one */
    enum profile profile;
    bool sanitize, offline;
    VEC(const char *) sets, configs, catalogues;
};

/* A repository that a manifest uses, and where it is. */
struct used_tree {
    const struct used_repository *used;
    const struct fetched *fetched;
};

struct edges;

struct project {
    struct invocation *i;
    struct arena *a;
    struct diag *d;
    const char *directory; /* absolute; the working directory from now on */
    struct configuration configuration;
    bool named;      /* the user said which unikernel */
    bool configured; /* configuration was read from an earlier configure */
    const char *build; /* "build/posix" */
    bool offline; /* the network is not asked: --offline, here, of configure, or of the build that configures again */

    const struct manifest *manifest;
    const struct component *unikernel;
    const struct graph *graph;
    const struct lock *lock;
    const struct plan *plan;
    struct c_library {
        const struct import *import; /* of the target's own; NULL: the tools' */
        const char *why;
        struct span span;
    } c_library; /* of the plan's image */
    const struct layout *layout;
    const struct bindings *bindings;
    VEC(const struct fetched *) fetched; /* every import of the plan's components */
    const struct edges *edges; /* of build.ninja, after it was run; or NULL */
    int64_t watched_ns; /* when watching began, Unix time */
    const char *unwatched; /* why what the build's commands read is not known; or NULL */
    VEC(struct used_tree) used;          /* repositories, in the order in which manifests name them */
};

/* Which target: the one named by --target, else the one configured last, else posix (or an error when must_be_configured). */
bool project_open(struct project *, struct invocation *, const char *name, bool must_be_configured);
/* A note, where nobody has said which target is meant. */
void project_note_target(const struct project *);
bool project_manifest(struct project *); /* without choosing a unikernel */
bool project_load(struct project *);    /* manifest, unikernel */
bool project_graph(struct project *);
bool project_plan(struct project *);    /* lock, plan */
bool project_layout(struct project *, const char *build, bool fetch); /* roots, unpacked imports */
bool project_check(struct project *);

/* c_library.c: which one the plan's image has. */
void c_library_choose(struct project *);
/*
 * Afterwards the target's description says what holds for this image. A check that fetches nothing does with the tools' headers
 * where it can: those that signatures use say the same.
 */
void c_library_apply(struct project *, bool fetch);

/* Every key of the plan with its path in the configuration tree: the signatures' first, then instance by instance, the unikernel's own first. */
struct project_key {
    const char *path;
    const struct plan_key *key;
};
const struct project_key *project_keys(const struct project *, size_t *count);

/* The words of `ukc configure` that mean this configuration. */
const char *const *configuration_words(struct arena *, const struct configuration *, size_t *count);
bool configuration_write(const struct project *);

/* ---- imports.c: what comes from the store ---- */

/* ukc.lock into project->lock, once. */
bool project_lock(struct project *);
/* For manifest_options: context is the project. */
const char *imports_use_repository(void *context, struct arena *, const struct used_repository *, struct diag *);
/* Makes an import available, once; of a whole tree, sees that what is compiled is in it. */
bool imports_fetch(struct project *, const struct import *);
/* The same of every component in the plan. */
bool imports_fetch_plan(struct project *);
bool imports_review_plan(struct project *); /* fetches nothing: mistakes in imports, and in pins of what the store has */
bool imports_fetch_library(struct project *);
/* The label of its layout root; NULL for a host library. */
const char *imports_label(struct arena *, const struct fetched *);
/* Where its files are in what was configured, as tools see them: "build/kvm/root/git.zlib-1f0c62d9a8b4"; NULL: another alternative was taken, or nothing yet. */
const char *imports_linked(struct project *, const struct import *);
/* The roots of all of them, NULL after reporting that one name stands for two trees. */
const struct layout_root *imports_roots(struct project *, size_t *count);
/* The pins for ukc.lock: `old` with what was fetched. */
const struct lock *imports_pin(struct project *, const struct lock *old);

/* components.c: <build>/components, what the image will consist of (component.h); part of its record's intent. */
bool components_write(struct project *);

/* <build>/<file> */
const char *project_file(const struct project *, const char *file);
const char *project_image(const struct project *);
/* The same of what was configured, without reading the manifest; NULL after reporting. */
const char *project_built(struct project *);

/* Catalogue roots beside this program, or those of --catalogue, and where their manifests' `require` looks too (or NULL). NULL after reporting. */
const char *const *catalogue_roots(struct invocation *, const struct configuration *, size_t *count, const char **shared);

/* The path of a signature's header. */
const char *signature_header(struct arena *, const struct signature *);

/* A file or directory that comes with ukc ("manifests/init"), or NULL after reporting. */
const char *catalogue_file(struct invocation *, const char *path);

/* "1,234,567" in a static buffer */
const char *grouped(uint64_t number);

#endif
