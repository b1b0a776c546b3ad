/*
 * annotations.c - ukc.d.lua, the annotations that let lua-language-server
 * complete and check manifests, from the tables of fields.
 */
#include "read.h"

#include <string.h>
#include "../base/text.h"

static const char *const lua_types[] = {
#define X(name, text, lua) lua,
    FIELD_TYPES(X)
#undef X
};

/* "none gzip zstd" as "none"|"gzip"|"zstd" */
static void add_words(struct text *out, const char *words)
{
    for (const char *p = words; *p;) {
        size_t n = strcspn(p, " ");
        text_printf(out, "%s\"%.*s\"", p == words ? "" : "|", (int)n, p);
        p += n + (p[n] == ' ');
    }
}

static void add_class(struct text *out, const struct schema *s)
{
    text_printf(out, "\n---@class ukc.%s_fields\n", s->name);
    for (size_t i = 0; i < s->count; i++) {
        const struct rule *rule = &s->rules[i];
        bool partly = rule->words && rule->type != FIELD_one_of; /* required for some kinds of key only */
        const char *mark = rule->required && !partly ? "" : "?";
        if (string_equal(rule->name, "[1]"))
            text_printf(out, "---@field [1] ");
        else if (rule->name[0] == '[')
            text_printf(out, "---@field [integer] ");
        else
            text_printf(out, "---@field %s%s ", rule->name, mark);
        if (rule->type == FIELD_one_of)
            add_words(out, rule->words);
        else
            text_puts(out, lua_types[rule->type]);
        text_printf(out, " # %s\n", rule->doc);
    }
}

static void add_form(struct text *out, enum form form, enum shape shape)
{
    const char *name = form_names[form];
    text_printf(out, "\n---%s\n", form_docs[form]);
    if (form == FORM_match)
        text_printf(out, "---@param selector \"target\"|string\n---@return fun(cases: table<string, any>): ukc.match\n"
                         "function match(selector) end\n");
    else if (form == FORM_instance)
        text_printf(out, "---@param name string\n---@return ukc.instance\nfunction instance(name) end\n");
    else if (form == FORM_first_of)
        text_printf(out, "---@param alternatives ukc.import[]\n---@return ukc.import\nfunction first_of(alternatives) end\n");
    else if (shape == SHAPE_NAMED)
        text_printf(out, "---@param name string\n---@return fun(fields: ukc.%s_fields): ukc.declaration\nfunction %s(name) end\n", name, name);
    else if (shape == SHAPE_EITHER || shape == SHAPE_BODY)
        text_printf(out, "---@param fields %sukc.%s_fields\n---@return ukc.%s\nfunction %s(fields) end\n",
                    shape == SHAPE_EITHER ? "string|" : "", name, form == FORM_embed ? "instance" : "import", name);
    else if (form == FORM_sig)
        text_printf(out, "---@type table<string, ukc.sig>\nsig = {}\n");
    else
        text_printf(out, "---@type ukc.key_kinds\nkey = {}\n");
}

char *manifest_annotations(struct arena *a)
{
    static const struct schema *const schemas[] = {&schema_unikernel, &schema_implementation, &schema_signature, &schema_target, &schema_seal,
                                                   &schema_library, &schema_header, &schema_instance, &schema_embed, &schema_sig, &schema_key, &schema_debian,
                                                   &schema_debian_source, &schema_git, &schema_pkgconfig, &schema_use};
    struct text out = {};
    text_puts(&out, "---@meta\n-- Annotations for lua-language-server, made by ukc from its table of fields.\n\n"
                    "---@class ukc.declaration\n---@class ukc.match\n---@class ukc.import\n---@class ukc.key\n"
                    "---@class ukc.instance\n---@overload fun(fields: ukc.instance_fields): ukc.instance\n"
                    "---@class ukc.sig\n---@overload fun(fields: ukc.sig_fields): ukc.sig\n"
                    "---@alias ukc.choice string|ukc.instance|ukc.match\n"
                    "---@alias ukc.source string|ukc.match\n"
                    "---@alias ukc.setting string|number|boolean|table\n"
                    "---@alias ukc.target_name ");
    for (int i = 0; i < TARGET_COUNT; i++)
        text_printf(&out, "%s\"%s\"", i ? "|" : "", target_names[i]);
    text_puts(&out, "\n");
    for (size_t i = 0; i < sizeof schemas / sizeof *schemas; i++)
        add_class(&out, schemas[i]);
    text_puts(&out, "\n---@class ukc.key_kinds\n");
    for (int i = 0; i < KEY_KIND_COUNT; i++)
        text_printf(&out, "---@field %s fun(fields: ukc.key_fields): ukc.key # %s\n", key_kind_names[i], key_kind_docs[i]);
#define X(name, shape, body, doc) add_form(&out, FORM_##name, shape);
    FORMS(X)
#undef X
    text_puts(&out, "\n---adds a directory beside the manifest, or a repository, to the catalogue\n---@param directory string|ukc.use_fields\nfunction use(directory) end\n");
    char *result = text_keep(&out, a);
    text_dispose(&out);
    return result;
}
