/*
 * explain_image.c - what keeps a part of the image alive (see explain_image.h).
 *
 * Two chains meet: the plan says by which requirements an instance came into the image, the linker's references how the
 * image's entry reaches the part.
 */
#include "explain_image.h"
#include "sealed.h"
#include "size.h"
#include "../base/file.h"
#include "../base/json.h"
#include "../base/map.h"
#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PARTS_MOST = 8 }; /* of one file or range that are told in full */

static const struct size_report *read_image(struct project *p, struct diag *d)
{
    struct size_sources from;
    const char *name = project_file(p, "image.name"), *image = p->configured && file_is_regular(name) ? project_built(p) : NULL;
    const struct size_report *r = NULL;
    if (image && file_is_regular(image)) {
        size_find_sources(p->a, image, &from);
        r = size_read(p->a, &from, d);
    }
    return r;
}

const struct size_report *explain_read_image(struct project *p)
{
    struct diag *quiet = diag_create();
    const struct size_report *r = read_image(p, quiet);
    diag_destroy(quiet);
    return r;
}

bool explain_refuse_unread(struct project *p)
{
    size_t before = diag_errors(p->d);
    read_image(p, p->d);
    return diag_errors(p->d) > before;
}

/* ---- which parts are meant ---- */

typedef VEC(size_t) index_list;

static bool parse_range(const char *text, uint64_t *from, uint64_t *to)
{
    char *end;
    *from = strtoull(text, &end, 0);
    if (!isdigit((unsigned char)*text) || (*end && *end != '-'))
        return false;
    if (!*end) {
        *to = *from + 1;
        return *to;
    }
    const char *second = end + 1;
    *to = strtoull(second, &end, 0);
    return end != second && *end == '\0' && *to > *from;
}

/* "libs.http1/serve.c", also as "serve.c" and as the catalogue has it, "libs/http1/serve.c". */
static bool is_file(const char *file, const char *name)
{
    size_t n = strlen(file), m = strlen(name);
    if (!m || n < m || (n > m && file[n - m - 1] != '/'))
        return false;
    for (file += n - m; *name && (*file == *name || (*file == '.' && *name == '/')); name++)
        file++;
    return !*name;
}

/* "htdocs/index.html" is in "htdocs", and in "htdocs/". */
static bool is_below(const char *file, const char *folder)
{
    size_t n = strlen(folder);
    n -= n && folder[n - 1] == '/';
    return n && strncmp(file, folder, n) == 0 && file[n] == '/';
}

static int larger_first(const void *x, const void *y, void *context)
{
    const struct size_report *r = context;
    size_t a = *(const size_t *)x, b = *(const size_t *)y;
    if (r->parts[a].bytes != r->parts[b].bytes)
        return r->parts[a].bytes > r->parts[b].bytes ? -1 : 1;
    return a < b ? -1 : a > b;
}

/* A name's parts are one behind the other. */
static void find_named(struct arena *a, const struct size_report *r, const char *name, enum size_name_kind kind, index_list *out)
{
    for (size_t k = 0; k < r->name_count; k++)
        if (r->names[k].kind == kind && strcmp(r->names[k].name, name) == 0 && !(out->count && out->items[out->count - 1] == r->names[k].part))
            *vec_add(a, out) = r->names[k].part;
}

bool explain_has(struct project *p, const struct size_report *r, const char *instance, const char *name)
{
    const char *label = arena_printf(p->a, "%s.%s", instance, name);
    for (size_t k = 0; k < r->count; k++)
        if (strcmp(r->parts[k].symbol, label) == 0 || (strcmp(r->parts[k].symbol, name) == 0 && strcmp(r->parts[k].instance, instance) == 0))
            return true;
    for (size_t k = 0; k < r->name_count; k++)
        if (strcmp(r->names[k].name, name) == 0 && strcmp(r->names[k].instance, instance) == 0)
            return true;
    return false;
}

/* The narrowest meaning that there is: symbol, function of C, another symbol of the same code, symbol without what the optimiser put behind it, range, file, folder. */
static void find_parts(struct arena *a, const struct size_report *r, const char *name, index_list *out)
{
    uint64_t from, to;
    bool range = parse_range(name, &from, &to);
    const char *dot = strrchr(name, '.'); /* of "function.variable", which debug information calls "variable" */
    for (size_t k = 0; k < r->count && !range; k++)
        if (strcmp(r->parts[k].symbol, name) == 0)
            *vec_add(a, out) = k;
    for (int kind = SIZE_NAME_CODE; kind <= SIZE_NAME_ALIAS && !range && !out->count; kind++)
        find_named(a, r, name, (enum size_name_kind)kind, out);
    for (size_t k = 0, none = !out->count && !range; k < r->count && none; k++)
        if (size_is_named(a, &r->parts[k], name))
            *vec_add(a, out) = k;
    for (size_t k = 0; k < r->name_count && !range && !out->count; k++)
        if (dot && strcmp(r->names[k].name, dot + 1) == 0 && size_is_merged(a, r, &r->names[k]))
            *vec_add(a, out) = r->names[k].part;
    for (size_t k = 0; k < r->count && range; k++)
        if (r->parts[k].offset < to && from < r->parts[k].offset + r->parts[k].bytes)
            *vec_add(a, out) = k;
    if (out->count || range)
        return;
    for (size_t k = 0; k < r->count; k++)
        if (is_file(r->parts[k].file, name))
            *vec_add(a, out) = k;
    for (size_t k = 0, none = !out->count; k < r->count && none; k++)
        if (is_below(r->parts[k].file, name))
            *vec_add(a, out) = k;
    if (out->count)
        qsort_r(out->items, out->count, sizeof *out->items, larger_first, (void *)r);
}

/* The part in which there is room for a secret of this name, or r->count. */
static size_t find_secret(struct project *p, const struct size_report *r, const char *name, uint64_t *room)
{
    const struct image_secrets secrets = sealed_of_file(p->a, r->image);
    size_t part = r->count;
    for (size_t k = 0; k < secrets.count && part == r->count; k++) {
        const struct image_secret *s = &secrets.items[k];
        *room = s->room;
        for (part = strcmp(s->name, name) == 0 ? 0 : r->count; part < r->count && s->at - r->parts[part].offset >= r->parts[part].bytes; part++)
            ;
    }
    return part;
}

bool explain_is_there(struct project *p, const struct size_report *r, const char *name)
{
    index_list parts = {};
    uint64_t room;
    find_parts(p->a, r, name, &parts);
    return parts.count || find_secret(p, r, name, &room) < r->count;
}

bool explain_beyond(struct project *p, const struct size_report *r, const char *name)
{
    uint64_t from, to;
    if (!parse_range(name, &from, &to) || to <= r->bytes)
        return false;
    diag_error(p->d, SPAN_NONE, "'%s' ends behind the last byte of the image, which has %s bytes", name, grouped(r->bytes));
    diag_help(p->d, "bytes are counted from 0, so the last one is 0x%" PRIx64, r->bytes - 1);
    return true;
}

/* ---- the plan's chain ---- */

const char *explain_binding(struct project *p, const struct plan_instance *from, const struct plan_binding *b)
{
    struct span s = b->requirement->name.span;
    const char *place = s.source ? arena_printf(p->a, " (%s:%u:%u)", source_shown(s.source), s.line, s.column) : "";
    return arena_printf(p->a, "%s requires %s: sig.%s, which is %s%s", from->component->name.text, b->requirement->name.text, b->signature->name.text,
                        p->plan->instances[b->provider.at].component->name.text, place);
}

/* Each binding from the unikernel to the instance, as a line. */
static void find_bindings(struct project *p, const char *instance, const char *lines[16], size_t *count)
{
    const struct plan *plan = p->plan;
    const struct plan_instance *from = &plan->instances[plan->instance_count - 1];
    *count = 0;
    if (strcmp(from->name, instance) == 0 || !plan_find(plan, instance))
        return;
    for (const char *at = instance; *at && *count < 16;) {
        size_t n = strcspn(at, ".");
        const struct plan_binding *b = NULL;
        for (size_t k = 0; k < from->binding_count && !b; k++)
            if (strncmp(from->bindings[k].requirement->name.text, at, n) == 0 && !from->bindings[k].requirement->name.text[n])
                b = &from->bindings[k];
        if (!b)
            return;
        lines[(*count)++] = explain_binding(p, from, b);
        from = &plan->instances[b->provider.at];
        at += n + (at[n] == '.');
    }
}

static const char *meaning(const char *instance)
{
#define X(id, name, doc) \
    if (strcmp(instance, name) == 0) \
        return doc;
    SIZE_OTHERS(X)
#undef X
    return NULL;
}

/* ---- what is said ---- */

static bool is_embedded(const struct size_part *x)
{
    return strchr(x->file, '.') && strcmp(x->symbol, x->file) == 0;
}

static bool is_padding(const struct size_part *x)
{
    return strcmp(x->instance, "(padding)") == 0;
}

/* What was embedded is found through tables: it is referred to as a whole, by the name of the first file. */
static const size_t *find_way(struct project *p, const struct size_report *r, size_t part, size_t *steps)
{
    const struct size_part *x = &r->parts[part], *y = r->parts;
    *steps = 0;
    if (is_padding(x)) /* an address may lie there, the end of what is before it, and still nobody uses it */
        return NULL;
    const size_t *way = size_way(p->a, r, part, steps);
    for (; !way && y < r->parts + r->count && is_embedded(x); y++)
        if (strcmp(y->section, x->section) == 0 && strcmp(y->instance, x->instance) == 0 && y->offset < x->offset)
            way = size_way(p->a, r, (size_t)(y - r->parts), steps);
    if (!way || way[*steps - 1] == part)
        return way;
    size_t *own = arena_array(p->a, size_t, *steps + 1), kept = *steps - is_embedded(&r->parts[way[*steps - 1]]);
    memcpy(own, way, kept * sizeof *own);
    own[kept] = part;
    *steps = kept + 1;
    return own;
}

static const char *of_instance(struct project *p, const struct size_part *x, const struct size_part *before)
{
    return before && strcmp(before->instance, x->instance) == 0 ? "" : arena_printf(p->a, " of %s", x->instance);
}

static void tell_json(struct project *p, const struct size_report *r, size_t part, struct json *j)
{
    const struct size_part *x = &r->parts[part];
    const char *lines[16];
    size_t count, steps;
    json_object(j);
    json_field(j, "symbol", x->symbol);
    json_field(j, "instance", x->instance);
    json_field(j, "file", *x->file ? x->file : NULL);
    json_field(j, "section", x->section);
    json_field_number(j, "offset", (int64_t)x->offset);
    json_field_number(j, "bytes", (int64_t)x->bytes);
    find_bindings(p, x->instance, lines, &count);
    json_key(j, "requirements");
    json_array(j);
    for (size_t k = 0; k < count; k++)
        json_string(j, lines[k]);
    json_end_array(j);
    const size_t *way = find_way(p, r, part, &steps);
    json_key(j, "way");
    json_array(j);
    for (size_t k = 0; k < steps; k++) {
        json_object(j);
        json_field(j, "symbol", r->parts[way[k]].symbol);
        json_field(j, "instance", r->parts[way[k]].instance);
        json_end_object(j);
    }
    json_end_array(j);
    json_end_object(j);
}

static void tell_names(const struct size_report *r, size_t part)
{
    static const char *const words[] = {[SIZE_NAME_CODE] = "in C", [SIZE_NAME_ALIAS] = "the same bytes are", [SIZE_NAME_INLINED] = "has become part of it"};
    enum { MOST = 12 };
    for (int kind = SIZE_NAME_CODE; kind <= SIZE_NAME_INLINED; kind++) {
        size_t count = 0;
        const char *last = "";
        for (size_t k = 0; k < r->name_count; k++) {
            if (r->names[k].part != part || (int)r->names[k].kind != kind || strcmp(r->names[k].name, last) == 0)
                continue;
            last = r->names[k].name;
            if (count++ < MOST)
                printf("%s%s%s %s", count == 1 ? "  " : "", count == 1 ? words[kind] : "", count == 1 ? ":" : ",", last);
        }
        if (count)
            puts(count > MOST ? ", ..." : "");
    }
}

/* Of a constant: the linker has kept one of those with the same bytes. */
static void tell_sharers(const struct size_report *r, size_t part)
{
    struct map told = {};
    map_add(&told, r->parts[part].instance, 1);
    for (size_t k = 0; k < r->name_count; k++)
        if (r->names[k].part == part && r->names[k].kind == SIZE_NAME_CODE && map_add(&told, r->names[k].instance, 1) == MAP_ABSENT)
            printf("  it is also %s of %s: constants with the same bytes became one\n", r->names[k].name, r->names[k].instance);
    map_dispose(&told);
}

static void tell_way(struct project *p, const struct size_report *r, size_t part)
{
    size_t steps;
    const size_t *way = find_way(p, r, part, &steps);
    if (!way && r->parts[part].address && !is_padding(&r->parts[part]))
        puts(r->reference_count ? "  nothing that is reached from the entry refers to it" : "  who refers to it is not kept in profile dev");
    for (size_t k = 0; way && k < steps; k++)
        printf("%s %s%s\n", k ? "   " : "  reached by:\n   ", r->parts[way[k]].symbol, of_instance(p, &r->parts[way[k]], k ? &r->parts[way[k - 1]] : NULL));
}

static void tell(struct project *p, const struct size_report *r, size_t part)
{
    const struct size_part *x = &r->parts[part];
    const char *lines[16];
    size_t count;
    printf("%s: %s bytes of %s at 0x%" PRIx64 ", %s%s%s%s\n", x->symbol, grouped(x->bytes), x->instance, x->offset, x->section, *x->file ? " (" : "", x->file,
           *x->file ? ")" : "");
    tell_names(r, part);
    tell_sharers(r, part);
    find_bindings(p, x->instance, lines, &count);
    if (meaning(x->instance))
        printf("  %s: %s\n", x->instance, meaning(x->instance));
    for (size_t k = 0; k < count; k++)
        printf("  %s\n", lines[k]);
    tell_way(p, r, part);
}

static bool tell_secret(struct project *p, const struct size_report *r, const char *name, struct json *j)
{
    uint64_t room;
    size_t part = find_secret(p, r, name, &room);
    if (part == r->count)
        return false;
    if (!j)
        printf("%s: a secret; the image has room for at most %s bytes of it, where 'ukc seal' puts them\n", name, grouped(room));
    if (j)
        tell_json(p, r, part, j);
    else
        tell(p, r, part);
    return true;
}

bool explain_part(struct project *p, const struct size_report *r, const char *name, struct json *j)
{
    index_list parts = {};
    uint64_t rest = 0;
    find_parts(p->a, r, name, &parts);
    for (size_t k = 0; k < parts.count; k++) {
        if (j)
            tell_json(p, r, parts.items[k], j);
        else if (k < PARTS_MOST)
            tell(p, r, parts.items[k]);
        else
            rest += r->parts[parts.items[k]].bytes;
    }
    if (rest)
        printf("and %s bytes in %zu more parts\n", grouped(rest), parts.count - PARTS_MOST);
    if (parts.count)
        return true;
    find_named(p->a, r, name, SIZE_NAME_INLINED, &parts);
    if (parts.count && !j)
        printf("%s: has become part of what calls it\n", name);
    for (size_t k = 0; k < parts.count; k++)
        if (j)
            tell_json(p, r, parts.items[k], j);
        else if (k < PARTS_MOST)
            tell(p, r, parts.items[k]);
    return parts.count || tell_secret(p, r, name, j);
}
