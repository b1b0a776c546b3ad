/*
 * print_json.c - the graph as JSON; `taken` and `used` only with a plan.
 */
#include "print.h"

static void print_guards(struct json *j, const struct guard *g)
{
    if (!g)
        return;
    print_guards(j, g->outer);
    json_object(j);
    json_field(j, "selector", g->selector->match->selector.text);
    json_field(j, "value", g->selector->match->cases[g->at].value.text);
    json_end_object(j);
}

static void print_candidate(struct printer *p, const struct node *n, size_t h, size_t k, struct json *j)
{
    const struct candidate *c = &n->holes[h].candidates[k];
    json_object(j);
    json_field(j, "node", p->labels[c->node.at]);
    if (printer_borrowed(p, &n->holes[h], c))
        json_field_bool(j, "if_chosen_elsewhere", true);
    if (c->guard) {
        json_key(j, "where");
        json_array(j);
        print_guards(j, c->guard);
        json_end_array(j);
    }
    if (p->plan)
        json_field_bool(j, "taken", p->used[n->id.at] && printer_taken(p, n, h, k));
    json_end_object(j);
}

static void print_hole(struct printer *p, const struct node *n, size_t h, struct json *j)
{
    const struct hole *hole = &n->holes[h];
    json_object(j);
    json_field(j, "name", hole->requirement->name.text);
    json_field(j, "signature", hole->signature->name.text);
    if (hole->requirement->version.text)
        json_field(j, "version", hole->requirement->version.text);
    json_field_bool(j, "open", hole->open);
    json_field_bool(j, "shared", hole->signature->shared);
    json_key(j, "candidates");
    json_array(j);
    for (size_t k = 0; k < hole->candidate_count; k++)
        print_candidate(p, n, h, k, j);
    json_end_array(j);
    json_end_object(j);
}

static void print_words(struct json *j, const char *key, const struct word *words, size_t count)
{
    json_key(j, key);
    json_array(j);
    for (size_t i = 0; i < count; i++)
        json_string(j, words[i].text);
    json_end_array(j);
}

static void print_node(struct printer *p, const struct node *n, struct json *j)
{
    const struct component *c = n->component;
    json_object(j);
    json_field(j, "node", p->labels[n->id.at]);
    json_field(j, "component", c->name.text);
    json_field(j, "version", c->version.text);
    json_field_bool(j, "declared", n->instance);
    print_words(j, "provides", c->provides, c->provides_count);
    json_key(j, "targets");
    json_array(j);
    for (int t = 0; t < TARGET_COUNT; t++)
        if (c->targets & 1u << t)
            json_string(j, target_names[t]);
    json_end_array(j);
    json_key(j, "when");
    json_object(j);
    for (size_t i = 0; i < c->condition_count; i++)
        print_words(j, c->conditions[i].key.text, c->conditions[i].values, c->conditions[i].value_count);
    json_end_object(j);
    print_words(j, "conflicts", c->conflicts, c->conflict_count);
    if (p->plan)
        json_field_bool(j, "used", p->used[n->id.at]);
    json_key(j, "requires");
    json_array(j);
    for (size_t h = 0; h < n->hole_count; h++)
        print_hole(p, n, h, j);
    json_end_array(j);
    json_end_object(j);
}

void graph_print_json(const struct graph *g, const struct plan *plan, struct json *j)
{
    struct printer *p = printer_create(g, plan);
    json_object(j);
    json_field(j, "unikernel", g->unikernel->name.text);
    if (plan)
        json_field(j, "target", target_names[plan->target]);
    json_key(j, "nodes");
    json_array(j);
    for (size_t i = 0; i < g->node_count; i++)
        print_node(p, &g->nodes[i], j);
    json_end_array(j);
    json_end_object(j);
    printer_destroy(p);
}
