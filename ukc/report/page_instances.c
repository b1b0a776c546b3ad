/*
 * page_instances.c - every instance in words: what it is, why it is there, what it requires, what was not chosen and why.
 */
#include "page_inside.h"
#include "../base/arena.h"

/* The unikernel first, then what it uses: a plan's order turned round. */
static const struct plan_instance *in_order(const struct page *p, size_t k)
{
    return &p->plan->instances[p->plan->instance_count - 1 - k];
}

static void put_link(struct page *p, const struct plan_instance *n)
{
    html(p->out, "<a href=\"#i%u\">%s</a>", n->id.at, n->name);
}

/* ---- requirements ---- */

static void put_rejected(struct page *p, const struct plan_binding *b)
{
    page_cell(p, "not chosen");
    if (b->rejected_count == 0) {
        html(p->out, "nothing else is one</td>");
        return;
    }
    html(p->out, "<ul>");
    for (size_t k = 0; k < b->rejected_count; k++)
        html(p->out, "<li><s>%s</s> %s</li>", b->rejected[k].component->name.text, b->rejected[k].why);
    html(p->out, "</ul></td>");
}

static void put_binding(struct page *p, const struct plan_binding *b)
{
    const struct plan_instance *to = &p->plan->instances[b->provider.at];
    html(p->out, "<tr><th scope=\"row\">%s</th>", b->requirement->name.text);
    page_cell_text(p, "signature", b->signature->name.text);
    page_cell(p, "chosen");
    put_link(p, to);
    html(p->out, ": %s</td>", to->component->name.text);
    page_cell_text(p, "why", page_reason(b->reason));
    put_rejected(p, b);
    html(p->out, "</tr>\n");
}

static void put_bindings(struct page *p, const struct plan_instance *n)
{
    static const char *const columns[] = {"requirement", "signature", "chosen", "why", "not chosen", NULL};
    if (n->binding_count == 0)
        return;
    page_table(p, arena_printf(p->a, "What %s requires", n->name), columns);
    for (size_t b = 0; b < n->binding_count; b++)
        put_binding(p, &n->bindings[b]);
    page_table_end(p);
}

/* ---- the rest ---- */

static void put_users(struct page *p, const struct plan_instance *n)
{
    bool any = false;
    for (size_t k = 0; k < p->plan->instance_count; k++) {
        const struct plan_instance *from = in_order(p, k);
        for (size_t b = 0; b < from->binding_count; b++) {
            if (from->bindings[b].provider.at != n->id.at)
                continue;
            html(p->out, any ? ", " : "<div><dt>required by</dt><dd>");
            any = true;
            put_link(p, from);
            html(p->out, " as %s", from->bindings[b].requirement->name.text);
        }
    }
    if (any)
        html(p->out, "</dd></div>\n");
}

static void put_fact(struct page *p, const char *name, const char *value)
{
    if (value && *value)
        html(p->out, "<div><dt>%s</dt><dd>%s</dd></div>\n", name, value);
}

static const char *provided(struct page *p, const struct component *c)
{
    const char *all = "";
    for (size_t k = 0; k < c->provides_count && c->kind != COMPONENT_UNIKERNEL; k++)
        all = arena_printf(p->a, "%s%s%s", all, k ? ", " : "", c->provides[k].text);
    return all;
}

static const char *other_paths(struct page *p, const struct plan_instance *n)
{
    const char *all = "";
    for (size_t k = 0; k < n->path_count; k++)
        if (!string_equal(n->paths[k], n->name))
            all = arena_printf(p->a, "%s%s%s", all, *all ? ", " : "", n->paths[k]);
    return all;
}

static void put_facts(struct page *p, const struct plan_instance *n)
{
    const struct component *c = n->component;
    html(p->out, "<dl>\n");
    put_fact(p, "implementation", c->version.text ? arena_printf(p->a, "%s %s", c->name.text, c->version.text) : c->name.text);
    put_fact(p, "signature", provided(p, c));
    put_fact(p, "embeds", n->declaration ? n->declaration->embed.text : NULL);
    put_fact(p, "licence", c->licence.text);
    put_fact(p, "origin", c->origin.text);
    put_fact(p, "bytes", page_instance_bytes(p, n->name));
    put_fact(p, "declared", page_place(p, c->span));
    put_users(p, n);
    put_fact(p, "also as", other_paths(p, n));
    html(p->out, "</dl>\n");
}

static void put_keys(struct page *p, const struct plan_instance *n)
{
    if (n->key_count == 0)
        return;
    html(p->out, "<details><summary>%zu key%s</summary><ul class=\"keys\">\n", n->key_count, n->key_count == 1 ? "" : "s");
    for (size_t k = 0; k < n->key_count; k++)
        html(p->out, "<li><code>%s = %s</code> (%s)</li>\n", n->keys[k].key->name.text, n->keys[k].value ? n->keys[k].value->text : "not set",
             key_origin_texts[n->keys[k].origin]);
    html(p->out, "</ul></details>\n");
}

static void put_instance(struct page *p, const struct plan_instance *n)
{
    const char *anchor = arena_printf(p->a, "i%u", n->id.at);
    html(p->out, "<article id=\"%s\" aria-labelledby=\"%s-h\">\n<h3 id=\"%s-h\">%s</h3>\n", anchor, anchor, anchor, n->name);
    if (n->component->doc)
        html(p->out, "<p>%s</p>\n", n->component->doc);
    put_facts(p, n);
    put_bindings(p, n);
    put_keys(p, n);
    html(p->out, "</article>\n");
    page_index(p, "instance", n->name, n->component->name.text, anchor);
}

void page_instances(struct page *p)
{
    html(p->out, "<section id=\"instances\" aria-labelledby=\"instances-h\">\n<h2 id=\"instances-h\">Instances</h2>\n");
    for (size_t k = 0; k < p->plan->instance_count; k++)
        put_instance(p, in_order(p, k));
    html(p->out, "</section>\n");
}
