/*
 * explain_hardening.c - ukc explain --hardening IMAGE: what holds, one feature a line, with what shows it.
 */
#include "explain_hardening.h"
#include "hardening.h"
#include "../base/file.h"
#include "../base/json.h"
#include <stdio.h>

static const char *const words[] = {[HELD_NO] = "no", [HELD_YES] = "yes", [HELD_UNSEEN] = "?"};

static void tell(const struct hardening *h, const char *path)
{
    printf("%s: %s, x86-64\n", path, h->machine ? "a machine of its own" : "a process");
    for (size_t i = 0; i < h->count; i++)
        printf("  %-3s  %-15s  %s\n", words[h->features[i].held], h->features[i].name, h->features[i].evidence);
}

static void tell_json(struct invocation *i, const struct hardening *h, const char *path)
{
    struct json j = {};
    json_object(&j);
    json_field(&j, "image", path);
    json_field(&j, "kind", h->machine ? "machine" : "process");
    json_key(&j, "features");
    json_array(&j);
    for (size_t k = 0; k < h->count; k++) {
        json_object(&j);
        json_field(&j, "feature", h->features[k].name);
        json_key(&j, "holds");
        if (h->features[k].held == HELD_UNSEEN)
            json_null(&j);
        else
            json_bool(&j, h->features[k].held == HELD_YES);
        json_field(&j, "evidence", h->features[k].evidence);
        json_end_object(&j);
    }
    json_end_array(&j);
    json_end_object(&j);
    answer_json(i, &j);
}

int explain_hardening(struct invocation *i)
{
    const char *path = i->arguments[0];
    struct source *named = arena_new(i->arena, struct source);
    named->path = path;
    const struct source *s = file_read(i->arena, path, (struct span){.source = named}, (size_t)1 << 30, i->diag);
    const struct hardening *h = s ? hardening_read(i->arena, s, i->diag) : NULL;
    if (h && given(i, OPTION_json))
        tell_json(i, h, path);
    else if (h)
        tell(h, path);
    return (int)diag_status(i->diag);
}
