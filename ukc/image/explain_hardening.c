/*
 * explain_hardening.c - ukc explain --hardening IMAGE: what holds, one feature a line, with what shows it.
 */
#include "explain_hardening.h"
#include "hardening.h"
#include "../base/json.h"
#include <stdio.h>

static void tell(const struct hardening *h, const char *path)
{
    struct text t = {};
    hardening_print(h, &t);
    printf("%s: %s, x86-64\n%s", path, h->machine ? "a machine of its own" : "a process", text_string(&t));
    text_dispose(&t);
}

static void tell_json(struct invocation *i, const struct hardening *h, const char *path)
{
    struct json j = {};
    json_object(&j);
    json_field(&j, "image", path);
    json_field(&j, "kind", h->machine ? "machine" : "process");
    hardening_json(h, &j);
    json_end_object(&j);
    answer_json(i, &j);
}

int explain_hardening(struct invocation *i)
{
    const char *path = i->arguments[0];
    const struct source *s = elf_image_read(i->arena, path, i->diag);
    const struct hardening *h = s ? hardening_read(i->arena, s, i->diag) : NULL;
    if (h && given(i, OPTION_json))
        tell_json(i, h, path);
    else if (h)
        tell(h, path);
    return (int)diag_status(i->diag);
}
