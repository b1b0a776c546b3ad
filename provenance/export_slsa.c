/*
 * export_slsa.c - SLSA provenance v1 in an in-toto Statement v1 (github.com/in-toto/attestation, spec/v1).
 *
 * A build on somebody's own machine is Build L1: the statement exists, and nobody but its signer vouches for it.
 */
#include "export.h"
#include <stdio.h>
#include <string.h>
#include <time.h>
#include "../ukc/base/arena.h"
#include "../ukc/base/json.h"
#include "../ukc/base/text.h"

static void put_time(struct json *j, const char *key, int64_t ms)
{
    time_t seconds = (time_t)(ms / 1000);
    struct tm tm;
    char out[40];
    if (gmtime_r(&seconds, &tm) && strftime(out, sizeof out, "%Y-%m-%dT%H:%M:%SZ", &tm))
        json_field(j, key, out);
}

static void put_resource(const struct export *e, struct json *j, const char *name, const char *uri, const char *algorithm, const char *hex)
{
    json_object(j);
    json_field(j, "name", name);
    if (uri)
        json_field(j, "uri", uri);
    if (hex)
        export_digest(e, j, algorithm, hex);
    json_end_object(j);
}

static void put_subject(const struct export *e, struct json *j)
{
    json_key(j, "subject");
    json_array(j);
    put_resource(e, j, e->name, NULL, "sha256", e->image);
    json_end_array(j);
}

/* What the user said to configure, a word a line, under a heading. */
static void put_settings(const struct export *e, struct json *j)
{
    json_key(j, "settings");
    json_array(j);
    for (size_t i = 0; i < e->recorded->intent_count; i++) {
        const struct object_file *f = &e->recorded->intent[i];
        if (strcmp(f->path, "settings") != 0)
            continue;
        const char *line = arena_strndup(e->a, f->bytes, f->size);
        for (bool heading = true; *line; heading = false) {
            size_t n = strcspn(line, "\n");
            if (!heading)
                json_string(j, arena_strndup(e->a, line, n));
            line += n + (line[n] == '\n');
        }
    }
    json_end_array(j);
}

static void put_parameters(const struct export *e, struct json *j)
{
    json_key(j, "externalParameters");
    json_object(j);
    json_field(j, "unikernel", e->name);
    json_field(j, "target", e->recorded->recipe.target);
    json_field(j, "profile", e->recorded->recipe.profile);
    put_settings(e, j);
    json_key(j, "intent");
    json_object(j);
    export_digest(e, j, "gitTree", hash_text(e->a, &e->recorded->facts.intent));
    json_end_object(j);
    json_end_object(j);
    json_key(j, "internalParameters");
    json_object(j);
    json_field(j, "record", e->id);
    json_field(j, "recipe", e->recipe);
    /* complete: every open of the run was seen; declared: what compilers were told to read and say they have read */
    json_field(j, "inputs", strcmp(e->record->run.audit, "complete") == 0 ? "complete" : "declared");
    json_key(j, "environment");
    json_array(j);
    for (size_t i = 0; i < e->recorded->recipe.environment_count; i++)
        json_string(j, e->recorded->recipe.environment[i]);
    json_end_array(j);
    json_end_object(j);
}

static void put_dependencies(const struct export *e, struct json *j)
{
    json_key(j, "resolvedDependencies");
    json_array(j);
    for (size_t i = 0; i < e->component_count; i++) {
        const struct export_component *c = &e->components[i];
        const struct component_fact *f = c->fact;
        bool commit = strcmp(f->kind, "git") == 0 || strcmp(f->kind, "use") == 0;
        if (c->used)
            put_resource(e, j, f->name, c->purl, commit ? "gitCommit" : "sha256", commit ? f->version : f->archive);
    }
    for (size_t i = 0; i < e->tool_count; i++)
        put_resource(e, j, e->tools[i].name, export_tool_purl(e, &e->tools[i]), "sha256", hash_text(e->a, &e->tools[i].sha256));
    put_resource(e, j, "tools", NULL, "gitBlob", hash_text(e->a, &e->recorded->recipe.tools));
    for (size_t i = 0; i < e->file_count; i++)
        put_resource(e, j, e->files[i].path, NULL, "sha256", hash_text(e->a, &e->files[i].sha256));
    json_end_array(j);
}

static void put_run(const struct export *e, struct json *j)
{
    json_key(j, "runDetails");
    json_object(j);
    json_key(j, "builder");
    json_object(j);
    json_field(j, "id", "urn:ukc:builder:local"); /* whoever ran it, wherever: SLSA Build L1 */
    json_key(j, "version");
    json_object(j);
    json_field(j, "ukc", e->record->run.version);
    json_end_object(j);
    json_end_object(j);
    json_key(j, "metadata");
    json_object(j);
    put_time(j, "startedOn", e->record->run.started_ms);
    put_time(j, "finishedOn", e->record->run.ended_ms);
    json_end_object(j);
    json_key(j, "byproducts");
    json_array(j);
    put_resource(e, j, "record", NULL, "gitBlob", e->id);
    put_resource(e, j, "outputs of the actions", NULL, "gitTree", hash_text(e->a, &e->recorded->facts.outputs));
    json_end_array(j);
    json_end_object(j);
}

void export_slsa(const struct export *e, struct json *j)
{
    json_object(j);
    json_field(j, "_type", "https://in-toto.io/Statement/v1");
    put_subject(e, j);
    json_field(j, "predicateType", "https://slsa.dev/provenance/v1");
    json_key(j, "predicate");
    json_object(j);
    json_key(j, "buildDefinition");
    json_object(j);
    json_field(j, "buildType", "urn:ukc:recipe:2");
    put_parameters(e, j);
    put_dependencies(e, j);
    json_end_object(j);
    put_run(e, j);
    json_end_object(j);
    json_end_object(j);
}
