/*
 * hardening_text.c - what an image shows of how it is hardened, as lines, as records keep them, and as JSON (see hardening.h).
 */
#include "hardening.h"
#include <string.h>

static const char *const words[] = {[HELD_NO] = "no", [HELD_YES] = "yes", [HELD_UNSEEN] = "?"};

void hardening_print(const struct hardening *h, struct text *out)
{
    for (size_t i = 0; i < h->count; i++)
        text_printf(out, "  %-3s  %-15s  %s\n", words[h->features[i].held], h->features[i].name, h->features[i].evidence);
}

/* The word that begins here or behind blanks; *at: what is behind it. */
static const char *take_word(struct arena *a, const char **at, const char *stop)
{
    *at += strspn(*at, " ");
    const char *word = arena_strndup(a, *at, strcspn(*at, stop));
    *at += strlen(word);
    return word;
}

const struct hardening *hardening_parse(struct arena *a, const char *text)
{
    VEC(struct hardening_feature) features = {};
    for (const char *at = text; *at; at += *at == '\n') {
        const char *word = take_word(a, &at, " \n");
        struct hardening_feature f = {.name = take_word(a, &at, " \n"), .evidence = take_word(a, &at, "\n")};
        while (f.held < HELD_UNSEEN && strcmp(word, words[f.held]) != 0)
            f.held++;
        if (!*f.name || strcmp(word, words[f.held]) != 0)
            return NULL;
        *vec_add(a, &features) = f;
    }
    struct hardening *h = arena_new(a, struct hardening);
    *h = (struct hardening){.features = features.items, .count = features.count};
    return h;
}

void hardening_json(const struct hardening *h, struct json *j)
{
    json_key(j, "features");
    json_array(j);
    for (size_t i = 0; i < h->count; i++) {
        json_object(j);
        json_field(j, "feature", h->features[i].name);
        json_key(j, "holds");
        if (h->features[i].held == HELD_UNSEEN)
            json_null(j);
        else
            json_bool(j, h->features[i].held == HELD_YES);
        json_field(j, "evidence", h->features[i].evidence);
        json_end_object(j);
    }
    json_end_array(j);
}
