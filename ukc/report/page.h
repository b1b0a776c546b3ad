/*
 * page.h - ukc report: everything that is known of an image, as one HTML file that needs nothing else.
 *
 * The page reads without a program: tables, and drawings that are SVG in the text.  A short script (page.js) adds search and
 * details on the spot.  Its policy (Content-Security-Policy, W3C CSP 3) lets nothing be loaded, and no script or style run but
 * its own, which it names by their SHA-256.  Whatever manifests, sources and symbols are called is escaped (html.h).
 *
 * The page is a function of the plan, the record and the image: it has no time, no host and no absolute path, so two honest
 * machines write the same.
 */
#ifndef UKC_PAGE_H
#define UKC_PAGE_H

#include "../resolve/plan.h"

struct arena;
struct export;
struct pruned_list;
struct size_report;
struct text;

/* How the image is hardened: what its own file shows. */
enum page_holds { PAGE_HOLDS_NOT, PAGE_HOLDS, PAGE_HOLDS_UNSEEN };
struct page_feature {
    const char *name;
    enum page_holds holds;
    const char *evidence;
};

struct page_source {
    const struct plan *plan;
    const char *profile;                 /* "release" */
    const char *c_library, *c_library_why;
    const char *image;                   /* "build/kvm/homepage": relative to the project */
    const struct export *made;           /* the image's record; NULL: there is none */
    const char *unmade;                  /* why there is none: "it is not built" */
    const struct page_feature *features; /* none: the image is not there, or is not of this plan */
    size_t feature_count;
    const struct size_report *size;      /* whose its bytes are; NULL: not known */
    const struct pruned_list *pruned;    /* what was left out; NULL: not known */
    bool machine;                        /* the image boots by itself; else it is a process */
    const char *project;                 /* absolute */
    const char *catalogue;               /* ukc's own, absolute: what lies below it is told from there */
    const char *const *roots;            /* of other catalogues: absolute */
    size_t root_count;
};

struct page_size {
    size_t instances, keys;
};
/* Appends the page to `out`; both live as long as the caller wants. */
struct page_size page_write(struct arena *, const struct page_source *, struct text *out);

#endif
