/*
 * page_hardening.c - how the image is hardened, as far as its file shows it.
 */
#include "page_inside.h"
#include "../base/arena.h"

static const char *const words[] = {[PAGE_HOLDS_NOT] = "no", [PAGE_HOLDS] = "yes", [PAGE_HOLDS_UNSEEN] = "not to be seen"};
static const char *const classes[] = {[PAGE_HOLDS_NOT] = "no", [PAGE_HOLDS] = "yes", [PAGE_HOLDS_UNSEEN] = "unseen"};

void page_hardening(struct page *p)
{
    static const char *const columns[] = {"feature", "holds", "what shows it", NULL};
    const struct page_source *s = p->source;
    html(p->out, "<section id=\"hardening\" aria-labelledby=\"hardening-h\">\n<h2 id=\"hardening-h\">Hardening</h2>\n");
    if (s->feature_count == 0) {
        html(p->out, "<p>Nothing is known of it: %s.</p>\n</section>\n", s->unmade);
        return;
    }
    html(p->out, "<p>Read from the image itself, which is %s.</p>\n", s->machine ? "a machine of its own" : "a process");
    page_table(p, "Features, and what of them the image's file shows", columns);
    for (size_t k = 0; k < s->feature_count; k++) {
        const struct page_feature *f = &s->features[k];
        const char *anchor = arena_printf(p->a, "h%zu", k);
        html(p->out, "<tr id=\"%s\" class=\"%s\"><th scope=\"row\">%s</th>", anchor, classes[f->holds], f->name);
        page_cell_text(p, "holds", words[f->holds]);
        page_cell_text(p, "what shows it", f->evidence);
        html(p->out, "</tr>\n");
        page_index(p, "hardening", f->name, words[f->holds], anchor);
    }
    page_table_end(p);
    html(p->out, "</section>\n");
}
