/*
 * layout.h - where things are in a project that is being built.
 *
 * Every command changes to the project's directory first (the one that holds
 * ukc.lua), and every tool runs there.  All paths handed to tools are
 * relative to it and the same on every machine: what lies outside (ukc's
 * catalogue, a used directory, an unpacked package) is reached through a
 * symbolic link below <build>/root/.  So no absolute path can leak into an
 * image or a diagnostic.
 *
 *     build/last                       name of the target configured last
 *     build/<target>/                  one configured unikernel; an appliance has build/<target>/<unikernel>/
 *         build.ninja, plan.txt, configure.args, configure.inputs
 *         gen/<instance>/              generated for an instance: <requirement>.h, exports.h, keys.h
 *         gen/start.c, gen/start.h     start-up glue
 *         obj/<instance>/...           objects; obj/<instance>/module.o: the instance's module
 *         obj/+<group>/...             of no instance: start-up, boot keys, the target, the image before it is stripped
 *         root/<label>                 links to directories outside the project
 *         cache/                       of the interface check
 *         tools.txt, tools.state       which programs the tools are
 *         offline                      the last build was told --offline
 *         <unikernel>                  the image
 */
#ifndef UKC_LAYOUT_H
#define UKC_LAYOUT_H

#include "../resolve/plan.h"

struct layout_root {
    const char *label;     /* "libs.tasks", "use.mylib", "debian.node-llhttp-1f0c62d9a8b4" */
    const char *directory; /* absolute */
    const struct import *import; /* of an unpacked package: what it was taken for; several roots may be one directory */
    bool whole; /* of a repository that is used: what lies below it needs no root of its own */
};

struct layout {
    const char *project; /* absolute */
    const char *build;   /* "build/posix" */
    const struct layout_root *roots; /* sorted by label */
    size_t root_count;
};

/*
 * The label of a tree from the store.  It holds the beginning of the tree's id: sources of another tree
 * have other paths, so that ninja builds them whatever their times are.
 */
const char *layout_tree_label(struct arena *, const char *family, const char *name, const char *tree);

/* Collects the roots that a plan needs. extra: trees from the store. */
[[nodiscard]] const struct layout *layout_create(struct arena *, const struct plan *, const char *build,
                                                 const struct layout_root *extra, size_t extra_count, struct diag *);
/* Makes the build directory and its links (idempotent). */
bool layout_prepare(const struct layout *, struct diag *);


/* A file of a component, signature, or any absolute path below a root: relative to the project. */
const char *layout_path(struct arena *, const struct layout *, const char *directory, const char *file);
/* "build/posix/gen/<instance>/<file>" */
const char *layout_generated(struct arena *, const struct layout *, const struct plan_instance *, const char *file);

/* Which alternative of an import the roots were made with; the first, when nothing was fetched. */
const struct import *layout_import(const struct layout *, const struct import *);
/* The label of its root; one that stands for it when nothing was fetched. */
const char *layout_import_label(struct arena *, const struct layout *, const struct import *);

/*
 * The include path of an instance as compiler flags, the same for the interface check and for the compiler:
 *     -iquote<gen/<instance>>       its requirement headers: #include "disk.h"
 *     -iquote<component's directory>
 *     -iquote<every signature's directory>
 *     -I<inside the component>      from its own flags
 *     -I<inside a package>          from its imports
 *     -I<libs/include>              #include <ukc/view.h>
 *     -I<include of the target>     #include <ukc/machine.h>, if it has one
 *     -isystem<the C library's>     of a target that has its own: made headers, then those of its tree
 * -iquote, so that a requirement named "time" does not hide <time.h>.  instance NULL: what a signature's header may include.
 */
const char *const *layout_include(struct arena *, const struct layout *, const struct plan *,
                                  const struct plan_instance *, size_t *count);
/* The last two of these alone: for support code of the target. */
const char *const *layout_target_include(struct arena *, const struct layout *, const struct plan *, size_t *count);

#endif
