/*
 * words.c - phrases about components.
 */
#include "words.h"

#include "../base/text.h"
#include "../graph/find.h"

const char *version_text(const struct component *c)
{
    return c->version.text ? c->version.text : "-";
}

const char *targets_text(struct arena *a, const struct component *c)
{
    const char *names[TARGET_COUNT];
    size_t count = 0;
    for (int t = 0; t < TARGET_COUNT; t++)
        if (c->targets & 1u << t)
            names[count++] = target_names[t];
    const char *s = !count ? "no target" : arena_printf(a, "%s %s", count > 1 ? "targets" : "target", names[0]);
    for (size_t i = 1; i < count; i++)
        s = arena_printf(a, "%s%s%s", s, i + 1 == count ? " and " : ", ", names[i]);
    return s;
}

struct span targets_span(const struct component *c)
{
    return c->target_word_count ? c->target_words[0].span : c->span;
}

const char *condition_text(struct arena *a, const struct problem *p, const struct node *n, size_t at)
{
    const struct condition *w = &n->component->conditions[at];
    const char *wanted = w->value_count ? w->values[0].text : "nothing";
    for (size_t i = 1; i < w->value_count; i++)
        wanted = arena_printf(a, "%s or %s", wanted, w->values[i].text);
    const char *is = n->conditions[at].key ? deciding_text(p, n->conditions[at].key) : NULL;
    return arena_printf(a, "needs %s = %s; it %s%s", w->key.text, wanted, is ? "is " : "has no value", is ? is : "");
}

const char *component_text(struct arena *a, const struct problem *p, const struct component *c)
{
    if (c->kind == COMPONENT_UNIKERNEL || versions_find(p->graph->manifest, c->name.text).count < 2)
        return c->name.text;
    return arena_printf(a, "%s %s", c->name.text, version_text(c));
}

const char *context_value(struct arena *a, const char *s)
{
    struct text out = {};
    for (; *s; s++)
        if ((unsigned char)*s <= ' ' || *s == ',' || *s == '%' || *s == 0x7f)
            text_printf(&out, "%%%02X", (unsigned char)*s);
        else
            text_putc(&out, *s);
    const char *kept = text_keep(&out, a);
    text_dispose(&out);
    return kept;
}
