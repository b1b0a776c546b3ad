/*
 * export_cyclonedx.c - a record as a CycloneDX 1.6 bill of materials (ECMA-424, schema bom-1.6).
 *
 *     components     what the image consists of, each with its files; what ukc generated; files of the host
 *     dependencies   which uses which, from the plan
 *     formulation    the tools, and a task for each group of actions with a step for each action
 *
 * A bom-ref is "image", "component-N", "file-N", "tool-N", "task-N".  The serial number is made from the record's
 * id, so that the same record has the same one.
 */
#include "export.h"
#include <string.h>
#include "../ukc/base/arena.h"
#include "../ukc/base/json.h"
#include "../ukc/base/text.h"

static void put_ref(const struct export *e, struct json *j, const char *key, const char *kind, size_t n)
{
    json_field(j, key, arena_printf(e->a, "%s-%zu", kind, n));
}

static void put_hash(struct json *j, const char *sha256)
{
    json_key(j, "hashes");
    json_array(j);
    json_object(j);
    json_field(j, "alg", "SHA-256");
    json_field(j, "content", sha256);
    json_end_object(j);
    json_end_array(j);
}

static void put_property(struct json *j, const char *name, const char *value)
{
    if (!value)
        return;
    json_object(j);
    json_field(j, "name", name);
    json_field(j, "value", value);
    json_end_object(j);
}

/* ---- components ---- */

static void put_licence(struct json *j, const struct component_fact *f)
{
    const char *licence = export_licence(f);
    if (!f->licence)
        return;
    json_key(j, "licenses");
    json_array(j);
    json_object(j);
    if (licence) {
        json_field(j, "expression", licence);
    } else { /* words, not an expression */
        json_key(j, "license");
        json_object(j);
        json_field(j, "name", f->licence);
        json_end_object(j);
    }
    json_end_object(j);
    json_end_array(j);
}

static void put_file(const struct export *e, struct json *j, size_t n)
{
    const struct export_file *f = &e->files[n];
    json_object(j);
    json_field(j, "type", "file");
    put_ref(e, j, "bom-ref", "file", n);
    json_field(j, "name", f->path);
    put_hash(j, hash_text(e->a, &f->sha256));
    json_key(j, "omniborId");
    json_array(j);
    json_string(j, arena_printf(e->a, "gitoid:blob:sha256:%s", hash_text(e->a, &f->gitoid)));
    json_end_array(j);
    json_end_object(j);
}

static void put_files(const struct export *e, struct json *j, size_t owner)
{
    bool any = false;
    for (size_t i = 0; i < e->file_count; i++) {
        if (e->files[i].owner != owner)
            continue;
        if (!any) {
            json_key(j, "components");
            json_array(j);
        }
        any = true;
        put_file(e, j, i);
    }
    if (any)
        json_end_array(j);
}

static void put_component(const struct export *e, struct json *j, size_t n)
{
    const struct component_fact *f = e->components[n].fact;
    json_object(j);
    json_field(j, "type", strcmp(f->kind, "unikernel") == 0 ? "application" : "library");
    put_ref(e, j, "bom-ref", "component", n);
    json_field(j, "name", f->name);
    if (f->version)
        json_field(j, "version", f->version);
    put_licence(j, f);
    json_field(j, "purl", e->components[n].purl);
    json_key(j, "properties");
    json_array(j);
    put_property(j, "ukc:kind", f->kind);
    put_property(j, "ukc:path", f->path);
    put_property(j, "ukc:origin", f->origin);
    put_property(j, "ukc:contents", f->contents);
    put_property(j, "ukc:archive", f->archive);
    for (size_t i = 0; i < f->patch_count; i++)
        put_property(j, "ukc:patch", f->patches[i]);
    json_end_array(j);
    put_files(e, j, n);
    json_end_object(j);
}

/* Files that belong to no component. */
static void put_others(const struct export *e, struct json *j, size_t owner, const char *name, const char *description)
{
    if (!export_has_files(e, owner))
        return;
    json_object(j);
    json_field(j, "type", "library");
    json_field(j, "bom-ref", name);
    json_field(j, "name", name);
    json_field(j, "description", description);
    put_files(e, j, owner);
    json_end_object(j);
}

static void put_components(const struct export *e, struct json *j)
{
    json_key(j, "components");
    json_array(j);
    for (size_t i = 0; i < e->component_count; i++)
        if (e->components[i].used)
            put_component(e, j, i);
    put_others(e, j, EXPORT_GENERATED, "generated", e->component_count ? "made by ukc for this image" : "files of the project, of libraries, and made by ukc");
    put_others(e, j, EXPORT_HOST, "host", "headers, start files and libraries of the machine that built the image");
    json_end_array(j);
}

/* ---- who uses what ---- */

static void put_image_dependencies(const struct export *e, struct json *j)
{
    json_object(j);
    json_field(j, "ref", "image");
    json_key(j, "dependsOn");
    json_array(j);
    for (size_t i = 0; i < e->component_count; i++)
        if (e->components[i].used)
            json_string(j, arena_printf(e->a, "component-%zu", i));
    if (export_has_files(e, EXPORT_GENERATED))
        json_string(j, "generated");
    if (export_has_files(e, EXPORT_HOST))
        json_string(j, "host");
    json_end_array(j);
    json_end_object(j);
}

static void put_dependencies(const struct export *e, struct json *j)
{
    json_key(j, "dependencies");
    json_array(j);
    put_image_dependencies(e, j);
    for (size_t i = 0; i < e->component_count; i++) {
        const struct component_fact *f = e->components[i].fact;
        if (!e->components[i].used)
            continue;
        json_object(j);
        put_ref(e, j, "ref", "component", i);
        json_key(j, "dependsOn");
        json_array(j);
        for (size_t k = 0; k < f->need_count; k++)
            json_string(j, arena_printf(e->a, "component-%u", (unsigned)f->needs[k]));
        json_end_array(j);
        json_end_object(j);
    }
    json_end_array(j);
}

/* ---- how it was made ---- */

static void put_tools(const struct export *e, struct json *j)
{
    json_key(j, "components");
    json_array(j);
    for (size_t i = 0; i < e->tool_count; i++) {
        const struct export_tool *t = &e->tools[i];
        json_object(j);
        json_field(j, "type", strcmp(t->kind, "program") == 0 ? "application" : "library");
        put_ref(e, j, "bom-ref", "tool", i);
        json_field(j, "name", t->name);
        if (t->version)
            json_field(j, "version", t->version);
        put_hash(j, hash_text(e->a, &t->sha256));
        if (t->package)
            json_field(j, "purl", export_tool_purl(e, t));
        json_end_object(j);
    }
    json_end_array(j);
}

static void put_step(struct json *j, const struct action *x)
{
    struct text command = {};
    for (size_t i = 0; i < x->word_count; i++) {
        if (i)
            text_putc(&command, ' ');
        text_shell_word(&command, x->words[i]);
    }
    json_object(j);
    json_field(j, "name", x->outputs[0]);
    json_key(j, "commands");
    json_array(j);
    json_object(j);
    json_field(j, "executed", text_string(&command));
    json_end_object(j);
    json_end_array(j);
    json_end_object(j);
    text_dispose(&command);
}

static void put_task(const struct export *e, struct json *j, size_t n)
{
    const struct recorded_group *g = &e->recorded->groups[n];
    json_object(j);
    put_ref(e, j, "bom-ref", "task", n);
    json_field(j, "uid", g->actions.name);
    json_field(j, "name", g->actions.name);
    json_key(j, "taskTypes");
    json_array(j);
    json_string(j, "build");
    json_end_array(j);
    json_key(j, "steps");
    json_array(j);
    for (size_t i = 0; i < g->actions.action_count; i++)
        put_step(j, &g->actions.actions[i]);
    json_end_array(j);
    json_key(j, "properties");
    json_array(j);
    for (size_t i = 0; i < g->output_count; i++)
        put_property(j, arena_printf(e->a, "ukc:output:%s", g->outputs[i].path), arena_printf(e->a, "sha256:%s", hash_text(e->a, &g->outputs[i].sha256)));
    json_end_array(j);
    json_end_object(j);
}

static void put_formulation(const struct export *e, struct json *j)
{
    json_key(j, "formulation");
    json_array(j);
    json_object(j);
    json_field(j, "bom-ref", "formula");
    put_tools(e, j);
    json_key(j, "workflows");
    json_array(j);
    json_object(j);
    json_field(j, "bom-ref", "recipe");
    json_field(j, "uid", e->recipe);
    json_field(j, "name", "recipe");
    json_key(j, "taskTypes");
    json_array(j);
    json_string(j, "build");
    json_end_array(j);
    json_key(j, "tasks");
    json_array(j);
    for (size_t i = 0; i < e->recorded->group_count; i++)
        put_task(e, j, i);
    json_end_array(j);
    json_end_object(j);
    json_end_array(j);
    json_end_object(j);
    json_end_array(j);
}

/* ---- all of it ---- */

static void put_metadata(const struct export *e, struct json *j)
{
    json_key(j, "metadata");
    json_object(j);
    json_key(j, "lifecycles");
    json_array(j);
    json_object(j);
    json_field(j, "phase", "build");
    json_end_object(j);
    json_end_array(j);
    json_key(j, "component");
    json_object(j);
    json_field(j, "type", "application");
    json_field(j, "bom-ref", "image");
    json_field(j, "name", e->name);
    put_hash(j, e->image);
    json_key(j, "properties");
    json_array(j);
    put_property(j, "ukc:record", e->id);
    put_property(j, "ukc:recipe", e->recipe);
    put_property(j, "ukc:target", e->recorded->recipe.target);
    put_property(j, "ukc:profile", e->recorded->recipe.profile);
    json_end_array(j);
    json_end_object(j);
    json_end_object(j);
}

void export_cyclonedx(const struct export *e, struct json *j)
{
    char uuid[EXPORT_ID];
    export_uuid(e, "cyclonedx", uuid);
    json_object(j);
    json_field(j, "bomFormat", "CycloneDX");
    json_field(j, "specVersion", "1.6");
    json_field(j, "serialNumber", arena_printf(e->a, "urn:uuid:%s", uuid));
    json_key(j, "version");
    json_number(j, 1);
    put_metadata(e, j);
    put_components(e, j);
    put_dependencies(e, j);
    put_formulation(e, j);
    json_end_object(j);
}
