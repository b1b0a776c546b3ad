/*
 * page.c - the page as a whole: head, policy, order of the parts, the index for the search.
 */
#include "page_inside.h"
#include <string.h>
#include "../base/arena.h"
#include "../base/hash.h"
#include "../../provenance/export.h"

/* ---- what the parts share ---- */

void page_index(struct page *p, const char *kind, const char *name, const char *text, const char *anchor)
{
    json_array(&p->index);
    json_string(&p->index, kind);
    json_string(&p->index, name);
    json_string(&p->index, text ? text : "");
    json_string(&p->index, anchor);
    json_end_array(&p->index);
}

static const char *below(const char *path, const char *directory)
{
    size_t n = strlen(directory);
    return n && strncmp(path, directory, n) == 0 && path[n] == '/' ? path + n + 1 : NULL;
}

/* A path of this machine is not the page's to tell. */
static const char *place_path(struct page *p, const char *path)
{
    const struct page_source *s = p->source;
    if (*path != '/')
        return path;
    if (below(path, s->project))
        return below(path, s->project);
    if (s->catalogue && below(path, s->catalogue))
        return below(path, s->catalogue);
    for (size_t k = 0; k < s->root_count; k++)
        if (below(path, s->roots[k]))
            return arena_printf(p->a, "%s/%s", path_base(s->roots[k]), below(path, s->roots[k]));
    return path_base(path);
}

const char *page_place(struct page *p, struct span s)
{
    if (!s.source)
        return "";
    const char *path = place_path(p, source_shown(s.source));
    return s.line ? arena_printf(p->a, "%s:%u", path, s.line) : path;
}

const char *page_key_path(struct page *p, const struct plan_instance *n, const struct plan_key *k)
{
    return n->component->kind == COMPONENT_UNIKERNEL ? k->key->name.text : arena_printf(p->a, "%s.%s", n->name, k->key->name.text);
}

const char *page_reason(enum plan_reason reason)
{
    return plan_reason_texts[reason];
}

void page_table(struct page *p, const char *caption, const char *const *columns)
{
    html(p->out, "<div class=\"wide\" tabindex=\"0\" role=\"region\" aria-label=\"%s\"><table>\n", caption);
    html(p->out, "<caption>%s</caption>\n<thead><tr>", caption);
    for (; *columns; columns++)
        if (**columns == '#')
            html(p->out, "<th scope=\"col\" class=\"n\">%s</th>", *columns + 1);
        else
            html(p->out, "<th scope=\"col\">%s</th>", *columns);
    html(p->out, "</tr></thead>\n<tbody>\n");
}

void page_table_end(struct page *p)
{
    html(p->out, "</tbody></table></div>\n");
}

void page_cell(struct page *p, const char *column)
{
    html(p->out, "<td data-name=\"%s\">", column);
}

void page_cell_text(struct page *p, const char *column, const char *value)
{
    if (!value || !*value)
        html(p->out, "<td></td>");
    else
        html(p->out, "<td data-name=\"%s\">%s</td>", column, value);
}

const char *page_number(struct page *p, uint64_t n)
{
    const char *digits = arena_printf(p->a, "%llu", (unsigned long long)n);
    struct text t = {};
    for (size_t left = strlen(digits); *digits; digits++, left--) {
        text_putc(&t, *digits);
        if (left > 1 && left % 3 == 1)
            text_putc(&t, ',');
    }
    const char *kept = text_keep(&t, p->a);
    text_dispose(&t);
    return kept;
}

void page_cell_number(struct page *p, const char *column, uint64_t n)
{
    html(p->out, "<td class=\"n\" data-name=\"%s\">%s</td>", column, page_number(p, n));
}

/* ---- head ---- */

static void put_digest(struct page *p, const char *bytes, const char *end)
{
    struct hash h = hash_bytes(bytes, (size_t)(end - bytes));
    html(p->out, "'sha256-");
    text_base64(p->out, h.bytes, sizeof h.bytes);
    html(p->out, "'");
}

static void put_head(struct page *p, const char *title)
{
    html(p->out, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
                 "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; base-uri 'none'; form-action 'none'; style-src ");
    put_digest(p, page_css, page_css_end);
    html(p->out, "; script-src ");
    put_digest(p, page_js, page_js_end);
    html(p->out, "\">\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
                 "<meta name=\"color-scheme\" content=\"light dark\">\n<title>%s</title>\n<style>",
         title);
    text_append(p->out, page_css, (size_t)(page_css_end - page_css));
    html(p->out, "</style>\n</head>\n");
}

static void put_fact(struct page *p, const char *name, const char *value, const char *more)
{
    html(p->out, "<div><dt>%s</dt><dd>%s</dd>", name, value);
    if (*more)
        html(p->out, "<dd class=\"more\">%s</dd>", more);
    html(p->out, "</div>\n");
}

static size_t key_count(const struct plan *plan)
{
    size_t n = plan->signature_key_count + plan->seal_count;
    for (size_t k = 0; k < plan->instance_count; k++)
        n += plan->instances[k].key_count;
    return n;
}

static void put_facts(struct page *p)
{
    const struct page_source *s = p->source;
    html(p->out, "<dl class=\"facts\">\n");
    if (s->made) {
        put_fact(p, "image", arena_printf(p->a, "%s bytes", page_number(p, s->made->record->image_bytes)), arena_printf(p->a, "sha256 %.16s", s->made->image));
        put_fact(p, "record", arena_printf(p->a, "%.16s", s->made->id), "ukc show has all of it");
    } else {
        put_fact(p, "image", "no record", s->unmade);
    }
    put_fact(p, "instances", arena_printf(p->a, "%zu", p->plan->instance_count), arena_printf(p->a, "%zu keys", key_count(p->plan)));
    put_fact(p, "C library", s->c_library, s->c_library_why);
    html(p->out, "</dl>\n");
}

static void put_navigation(struct page *p)
{
    static const char *const parts[][2] = {{"graph", "Graph"}, {"bytes", "Bytes"}, {"instances", "Instances"}, {"keys", "Keys"}, {"provenance", "Provenance"}, {"hardening", "Hardening"}};
    html(p->out, "<nav aria-label=\"Parts of this page\"><ul>\n");
    for (size_t k = 0; k < sizeof parts / sizeof *parts; k++)
        html(p->out, "<li><a href=\"#%s\">%s</a></li>\n", parts[k][0], parts[k][1]);
    html(p->out, "</ul>\n<search id=\"search\" hidden><label for=\"words\">Search</label> <input id=\"words\" type=\"search\" autocomplete=\"off\" "
                 "placeholder=\"instance, key, symbol, file\" aria-describedby=\"found\"><div id=\"found\" role=\"status\"></div>"
                 "<ul id=\"results\"></ul></search></nav>\n");
}

/* ---- foot ---- */

/* In JSON '<' occurs only within strings: as an escape it cannot end the element. */
static void put_index(struct page *p)
{
    html(p->out, "<script type=\"application/json\" id=\"index\">");
    for (const char *s = text_string(&p->index.out); *s; s++)
        if (*s == '<')
            text_puts(p->out, "\\u003c");
        else
            text_putc(p->out, *s);
    html(p->out, "</script>\n<script>");
    text_append(p->out, page_js, (size_t)(page_js_end - page_js));
    html(p->out, "</script>\n");
}

struct page_size page_write(struct arena *a, const struct page_source *source, struct text *out)
{
    struct page p = {.a = a, .source = source, .plan = source->plan, .out = out, .index = {.compact = true}};
    const char *name = source->plan->graph->unikernel->name.text, *target = target_names[source->plan->target];
    json_array(&p.index);
    put_head(&p, arena_printf(a, "%s for %s", name, target));
    html(out, "<body>\n<a class=\"skip\" href=\"#graph\">Skip to the graph</a>\n<header>\n<h1>%s <small>for %s, %s</small></h1>\n", name, target, source->profile);
    if (source->plan->graph->unikernel->doc)
        html(out, "<p>%s</p>\n", source->plan->graph->unikernel->doc);
    put_facts(&p);
    html(out, "</header>\n");
    put_navigation(&p);
    html(out, "<main>\n");
    page_graph(&p);
    page_bytes(&p);
    page_instances(&p);
    page_keys(&p);
    page_provenance(&p);
    page_hardening(&p);
    html(out, "</main>\n<footer><p>Written by <code>ukc report</code>, version " UKC_VERSION ".</p></footer>\n"
              "<dialog id=\"details\" aria-label=\"Details\"><form method=\"dialog\"><button>Close</button></form><div></div></dialog>\n");
    json_end_array(&p.index);
    put_index(&p);
    html(out, "</body>\n</html>\n");
    text_dispose(&p.index.out);
    return (struct page_size){source->plan->instance_count, key_count(source->plan)};
}
