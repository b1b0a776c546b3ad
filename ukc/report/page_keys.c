/*
 * page_keys.c - every key of the image, and where its value came from.
 */
#include "page_inside.h"
#include "../base/arena.h"

static const char *const phases[] = {[KEY_CONFIGURE] = "when configured", [KEY_BOOT] = "at boot", [KEY_BOTH] = "when configured; may be given at boot"};

static void put_key(struct page *p, const char *path, const struct plan_key *k, size_t *count)
{
    const char *value = k->value ? k->value->text : NULL, *place = k->origin == ORIGIN_COMMAND_LINE ? "" : page_place(p, k->span);
    const char *anchor = arena_printf(p->a, "k%zu", (*count)++);
    html(p->out, "<tr id=\"%s\" class=\"%s\"><th scope=\"row\">%s</th>", anchor, k->origin == ORIGIN_DEFAULT ? "default" : "given", path);
    page_cell_text(p, "value", value ? value : "not set");
    page_cell_text(p, "from", *place ? arena_printf(p->a, "%s, %s", key_origin_texts[k->origin], place) : key_origin_texts[k->origin]);
    page_cell_text(p, "fixed", phases[k->key->phase]);
    page_cell_text(p, "meaning", k->key->doc);
    html(p->out, "</tr>\n");
    page_index(p, "key", path, value, anchor);
}

void page_keys(struct page *p)
{
    static const char *const columns[] = {"key", "value", "from", "fixed", "meaning", NULL};
    size_t count = 0;
    html(p->out, "<section id=\"keys\" aria-labelledby=\"keys-h\">\n<h2 id=\"keys-h\">Keys</h2>\n");
    page_table(p, "Keys, their values, and where these came from", columns);
    for (size_t k = 0; k < p->plan->signature_key_count; k++)
        put_key(p, p->plan->signature_key_paths[k], &p->plan->signature_keys[k], &count);
    for (size_t k = 0; k < p->plan->seal_count; k++)
        put_key(p, plan_target(p->plan)->seals[k].path, &p->plan->seals[k], &count);
    for (size_t n = p->plan->instance_count; n-- > 0;)
        for (size_t k = 0; k < p->plan->instances[n].key_count; k++)
            put_key(p, page_key_path(p, &p->plan->instances[n], &p->plan->instances[n].keys[k]), &p->plan->instances[n].keys[k], &count);
    page_table_end(p);
    html(p->out, "</section>\n");
}
