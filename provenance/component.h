/*
 * component.h - what an image consists of, in the words of those who ask for its parts, versions and licences.
 *
 * configure knows it, and writes it as a canonical text, which becomes part of a record's intent ("components"; README.md
 * has its grammar).  It explains a recipe; nothing of it decides a byte.
 */
#ifndef UKC_COMPONENT_H
#define UKC_COMPONENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;
struct text;

/* Words that are not known are NULL. */
struct component_fact {
    const char *kind;       /* unikernel; implementation: of the project's; ukc: its own; debian, debian_source, git, pkgconfig: imports; use */
    const char *path;       /* its directory, as the record's inputs have it; NULL: it has none */
    const char *name;
    const char *version;    /* of a git repository: the commit */
    const char *licence;    /* an SPDX expression */
    const char *origin;     /* who it is from, in words */
    const char *contents;   /* of what came through the store: the SHA-256 of the list of its files (listing.c) */
    const char *archive;    /* SHA-256 of the upstream archive */
    const char *repository; /* a URL that others can reach */
    const char *const *patches; /* files among the inputs' directories, in the order in which they were applied */
    size_t patch_count;
    const uint32_t *needs;  /* which others it uses: places in the array, ascending */
    size_t need_count;
};

void component_facts_text(const struct component_fact *, size_t count, struct text *);
/* False: it is not such a text, or not canonical. */
bool component_facts_parse(struct arena *, const void *bytes, size_t size, const struct component_fact **, size_t *count);

/* The component to which a path of the inputs belongs, or NULL: what is deepest has it. */
const struct component_fact *component_of(const struct component_fact *, size_t count, const char *path);

/*
 * Its package URL (purl-spec, PURL-SPECIFICATION): "pkg:deb/debian/lwip@2.2.1%2Bdfsg1?arch=source".  A debian
 * version with "ubuntu" in it is of that vendor, which is its own name for it.
 */
const char *component_purl(struct arena *, const struct component_fact *);
/* Of an installed package: "pkg:deb/debian/clang-19@1:19.1.7-3~deb12u1?arch=amd64". */
const char *package_purl(struct arena *, const char *package, const char *version, const char *architecture);

#endif
