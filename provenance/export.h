/*
 * export.h - what a record says, in the formats of others.
 *
 * Each text is a function of the record alone, so that it can be compared and signed; only a provenance statement
 * has times, those of the run that it speaks of.  Nothing is claimed that the record does not hold: an unknown licence is
 * NOASSERTION, a build on somebody's machine is SLSA Build L1, and "declared" says how complete the inputs are.
 *
 *     SLSA provenance v1 (slsa.dev/spec/v1.0/provenance) in an in-toto Statement v1
 *     CycloneDX 1.6 (ECMA-424), SPDX 2.3 (ISO/IEC 5962), OmniBOR 0.2
 *
 * Ownership: all of it lies in the arena.  Errors: false or NULL after reporting.
 */
#ifndef UKC_EXPORT_H
#define UKC_EXPORT_H

#include "component.h"
#include "record.h"

struct json;

#define EXPORT_ID 37 /* of a UUID as text, with the NUL */

/* A file that actions read, or that ukc read to embed it. */
struct export_file {
    const char *path;   /* of the host's own: absolute */
    struct hash sha256, gitoid;
    char sha1[41];      /* SPDX asks for it; it identifies nothing here */
    uint64_t size;
    size_t owner;       /* place of its component; EXPORT_GENERATED, EXPORT_HOST */
};
#define EXPORT_GENERATED ((size_t)-1) /* made by ukc for this image */
#define EXPORT_HOST ((size_t)-2)

/* A program or a library of the tools. */
struct export_tool {
    const char *kind, *name; /* "program", "clang-19" */
    struct hash sha256;
    const char *package, *version, *architecture; /* NULL where dpkg knew nothing */
};

struct export_component {
    const struct component_fact *fact;
    const char *purl;
    bool used; /* has files, or is needed by one that is used */
};

struct export {
    struct arena *a;
    const struct record *record;
    const struct recorded *recorded; /* with its inputs */
    const char *version;             /* of the ukc that exports */
    char id[HASH_HEX], recipe[HASH_HEX], image[HASH_HEX];
    const char *name;                /* of the image's file */
    const struct export_component *components; /* empty: the record was made by an ukc that did not say */
    size_t component_count;
    const struct export_file *files; /* inputs, what was embedded, the host's; each sorted by path */
    size_t file_count;
    const struct export_tool *tools;
    size_t tool_count;
    const char *store;
};
/* Reads what the formats share.  `store`: where the large inputs are. */
[[nodiscard]] const struct export *export_open(struct arena *, const struct record *, const struct recorded *, const char *store,
                                               const char *ukc_version, struct diag *);

void export_slsa(const struct export *, struct json *);
void export_cyclonedx(const struct export *, struct json *);
void export_spdx(const struct export *, struct json *);
/* The image's input manifest; the ids of the image and of the manifest.  `file`: has the image's bytes, perhaps, where the store does not; or NULL. */
bool export_omnibor(const struct export *, const char *file, struct text *manifest, struct hash *image, struct hash *id, struct diag *);

/* ---- for the formats ---- */

/* A UUID (version 8 of RFC 9562) from the record's id: the same contents have the same one. */
void export_uuid(const struct export *, const char *purpose, char out[EXPORT_ID]);
/* What a component intends to be licensed under; NULL: unknown, or no SPDX expression by its form. */
const char *export_licence(const struct component_fact *);
bool export_has_files(const struct export *, size_t owner);
const char *export_tool_purl(const struct export *, const struct export_tool *); /* or NULL */
/* A name and a value as members of an object; the fields of a digest. */
void export_digest(const struct export *, struct json *, const char *algorithm, const char *hex);

#endif
