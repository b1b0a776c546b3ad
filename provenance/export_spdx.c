/*
 * export_spdx.c - a record as an SPDX 2.3 document in JSON (ISO/IEC 5962; spdx-schema.json of spdx-spec v2.3).
 *
 * The image and each component is a package, as are what ukc generated and the
 * files of the host; each file that actions read is a file of one.  The document must have a time; a
 * record has none, so it is the beginning of Unix time, and its comment says so.
 */
#include "export.h"
#include <stdlib.h>
#include <string.h>
#include "../ukc/base/arena.h"
#include "../ukc/base/json.h"
#include "../ukc/base/text.h"

#define NOBODY_SAYS "NOASSERTION"
#define NO_FILES ((size_t)-3)

static const char *ref(const struct export *e, const char *kind, size_t n)
{
    return arena_printf(e->a, "SPDXRef-%s-%zu", kind, n);
}

static void put_checksum(struct json *j, const char *algorithm, const char *value)
{
    json_object(j);
    json_field(j, "algorithm", algorithm);
    json_field(j, "checksumValue", value);
    json_end_object(j);
}

/* SPDX 2.3, 7.9: SHA-1 of the SHA-1s of its files in order. */
static void put_verification_code(const struct export *e, struct json *j, size_t owner)
{
    const char **sums = arena_array(e->a, const char *, e->file_count + 1);
    size_t count = 0;
    char code[41];
    struct text all = {};
    for (size_t i = 0; i < e->file_count; i++)
        if (e->files[i].owner == owner)
            sums[count++] = e->files[i].sha1;
    qsort(sums, count, sizeof *sums, string_compare);
    for (size_t i = 0; i < count; i++)
        text_puts(&all, sums[i]);
    hash_sha1_hex(all.bytes, all.size, code);
    text_dispose(&all);
    json_field_bool(j, "filesAnalyzed", true);
    json_key(j, "packageVerificationCode");
    json_object(j);
    json_field(j, "packageVerificationCodeValue", code);
    json_end_object(j);
}

/* `owner` of files, or NO_FILES. */
static void put_package(const struct export *e, struct json *j, const char *id, const char *name, const char *version, const char *licence,
                        const char *sha256, size_t owner)
{
    json_object(j);
    json_field(j, "SPDXID", id);
    json_field(j, "name", name);
    if (version)
        json_field(j, "versionInfo", version);
    json_field(j, "downloadLocation", NOBODY_SAYS);
    if (export_has_files(e, owner))
        put_verification_code(e, j, owner);
    else
        json_field_bool(j, "filesAnalyzed", false);
    json_field(j, "licenseConcluded", NOBODY_SAYS);
    json_field(j, "licenseDeclared", licence ? licence : NOBODY_SAYS);
    json_field(j, "copyrightText", NOBODY_SAYS);
    if (!sha256)
        return;
    json_key(j, "checksums");
    json_array(j);
    put_checksum(j, "SHA256", sha256);
    json_end_array(j);
}

static void put_purl(struct json *j, const char *purl)
{
    if (!purl)
        return;
    json_key(j, "externalRefs");
    json_array(j);
    json_object(j);
    json_field(j, "referenceCategory", "PACKAGE-MANAGER");
    json_field(j, "referenceType", "purl");
    json_field(j, "referenceLocator", purl);
    json_end_object(j);
    json_end_array(j);
}

/* Files that belong to no component: what ukc made for the image, and the host's. */
static void put_others(const struct export *e, struct json *j, size_t owner, const char *name)
{
    if (!export_has_files(e, owner))
        return;
    put_package(e, j, arena_printf(e->a, "SPDXRef-%s", name), name, NULL, NULL, NULL, owner);
    json_field(j, "primaryPackagePurpose", "SOURCE");
    json_end_object(j);
}

static void put_packages(const struct export *e, struct json *j)
{
    json_key(j, "packages");
    json_array(j);
    put_package(e, j, "SPDXRef-image", e->name, NULL, NULL, e->image, NO_FILES);
    json_field(j, "primaryPackagePurpose", "APPLICATION");
    json_field(j, "comment", arena_printf(e->a, "ukc record %s, recipe %s", e->id, e->recipe));
    json_end_object(j);
    for (size_t i = 0; i < e->component_count; i++) {
        const struct component_fact *f = e->components[i].fact;
        if (!e->components[i].used)
            continue;
        put_package(e, j, ref(e, "component", i), f->name, f->version, export_licence(f), f->archive, i);
        json_field(j, "primaryPackagePurpose", "SOURCE");
        if (f->licence && !export_licence(f))
            json_field(j, "licenseComments", f->licence);
        if (f->origin)
            json_field(j, "sourceInfo", f->origin);
        put_purl(j, e->components[i].purl);
        json_end_object(j);
    }
    put_others(e, j, EXPORT_GENERATED, "generated");
    put_others(e, j, EXPORT_HOST, "host");
    for (size_t i = 0; i < e->tool_count; i++) {
        put_package(e, j, ref(e, "tool", i), e->tools[i].name, e->tools[i].version, NULL, hash_text(e->a, &e->tools[i].sha256), NO_FILES);
        put_purl(j, export_tool_purl(e, &e->tools[i]));
        json_end_object(j);
    }
    json_end_array(j);
}

static void put_files(const struct export *e, struct json *j)
{
    json_key(j, "files");
    json_array(j);
    for (size_t i = 0; i < e->file_count; i++) {
        const struct export_file *f = &e->files[i];
        json_object(j);
        json_field(j, "SPDXID", ref(e, "file", i));
        json_field(j, "fileName", arena_printf(e->a, "./%s", f->path + (*f->path == '/')));
        json_key(j, "checksums");
        json_array(j);
        put_checksum(j, "SHA1", f->sha1);
        put_checksum(j, "SHA256", hash_text(e->a, &f->sha256));
        json_end_array(j);
        json_field(j, "licenseConcluded", NOBODY_SAYS);
        json_field(j, "copyrightText", NOBODY_SAYS);
        json_end_object(j);
    }
    json_end_array(j);
}

static void relate(struct json *j, const char *from, const char *how, const char *to)
{
    json_object(j);
    json_field(j, "spdxElementId", from);
    json_field(j, "relationshipType", how);
    json_field(j, "relatedSpdxElement", to);
    json_end_object(j);
}

static const char *owner_ref(const struct export *e, size_t owner)
{
    return owner == EXPORT_HOST ? "SPDXRef-host" : owner == EXPORT_GENERATED ? "SPDXRef-generated" : ref(e, "component", owner);
}

static void put_relationships(const struct export *e, struct json *j)
{
    json_key(j, "relationships");
    json_array(j);
    relate(j, "SPDXRef-DOCUMENT", "DESCRIBES", "SPDXRef-image");
    for (size_t i = 0; i < e->component_count; i++) {
        const struct component_fact *f = e->components[i].fact;
        if (!e->components[i].used)
            continue;
        relate(j, "SPDXRef-image", "GENERATED_FROM", ref(e, "component", i));
        for (size_t k = 0; k < f->need_count; k++)
            relate(j, ref(e, "component", i), "DEPENDS_ON", ref(e, "component", f->needs[k]));
    }
    static const size_t others[] = {EXPORT_GENERATED, EXPORT_HOST};
    for (size_t i = 0; i < 2; i++)
        if (export_has_files(e, others[i]))
            relate(j, "SPDXRef-image", "GENERATED_FROM", owner_ref(e, others[i]));
    for (size_t i = 0; i < e->tool_count; i++)
        relate(j, ref(e, "tool", i), "BUILD_TOOL_OF", "SPDXRef-image");
    for (size_t i = 0; i < e->file_count; i++)
        relate(j, owner_ref(e, e->files[i].owner), "CONTAINS", ref(e, "file", i));
    json_end_array(j);
}

void export_spdx(const struct export *e, struct json *j)
{
    char uuid[EXPORT_ID];
    export_uuid(e, "spdx", uuid);
    json_object(j);
    json_field(j, "spdxVersion", "SPDX-2.3");
    json_field(j, "dataLicense", "CC0-1.0");
    json_field(j, "SPDXID", "SPDXRef-DOCUMENT");
    json_field(j, "name", e->name);
    json_field(j, "documentNamespace", arena_printf(e->a, "urn:uuid:%s", uuid));
    json_field(j, "comment", "The time is no time: the document is made from a record, which has none, and is the same whenever it is made.");
    json_key(j, "creationInfo");
    json_object(j);
    json_field(j, "created", "1970-01-01T00:00:00Z");
    json_key(j, "creators");
    json_array(j);
    json_string(j, arena_printf(e->a, "Tool: ukc-%s", e->version));
    json_end_array(j);
    json_end_object(j);
    put_packages(e, j);
    put_files(e, j);
    put_relationships(e, j);
    json_end_object(j);
}
