/*
 * diff_print.c - what was compared of two records, as text and as JSON.
 */
#include "diff_inside.h"
#include "../base/json.h"
#include "../base/text.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define MOST 20 /* differences of a part, without --verbose */
#define NAMES 3 /* of those that are one difference, without --verbose */

static bool one_recipe(const struct comparison *c)
{
    return hash_equal(&c->records[0]->recipe, &c->records[1]->recipe);
}

static bool one_image(const struct comparison *c)
{
    return hash_equal(&c->records[0]->image_sha256, &c->records[1]->image_sha256);
}

static const char *verdict(const struct comparison *c)
{
    if (one_recipe(c))
        return one_image(c) ? "the recipes are the same, and so are the images" : "the recipes are the same, and the images are not: this build is not reproducible";
    if (one_image(c))
        return arena_printf(c->a, "the images are the same; what went in differs, first in: %s", c->cause ? c->cause : "recipe");
    return arena_printf(c->a, "the images differ; what went in differs first in: %s", c->cause ? c->cause : "recipe");
}

static bool is_alike(const struct difference *x, const struct difference *y)
{
    return x->a && y->a && x->b && y->b && strcmp(x->a, y->a) == 0 && strcmp(x->b, y->b) == 0;
}

/* The names of all that differ from k on as k does; they are told then. */
static void print_names(const struct comparison *c, const struct part *p, size_t k, bool *told, struct text *out)
{
    size_t names = 0, last = k, most = c->verbose ? p->all.count : NAMES;
    for (size_t n = k; n < p->all.count; n++) {
        if (told[n] || (n > k && !(p->repeats && is_alike(&p->all.items[k], &p->all.items[n]))))
            continue;
        told[last = n] = true;
        if (names++ < most)
            text_printf(out, "  %s\n", p->all.items[n].name);
    }
    if (names == most + 1)
        text_printf(out, "  %s\n", p->all.items[last].name);
    else if (names > most)
        text_printf(out, "  and %zu more alike; --verbose names them\n", names - most);
}

static void print_difference(const struct comparison *c, const struct part *p, size_t k, bool *told, struct text *out)
{
    const struct difference *d = &p->all.items[k];
    if (!d->a || !d->b) {
        told[k] = true;
        text_printf(out, "%c %s%s%s\n", d->a ? '-' : '+', d->name, *(d->a ? d->a : d->b) ? ": " : "", d->a ? d->a : d->b);
        return;
    }
    print_names(c, p, k, told, out);
    if (*d->a)
        text_printf(out, "-   %s\n", d->a);
    if (*d->b)
        text_printf(out, "+   %s\n", d->b);
    if (!*d->a && !*d->b)
        text_puts(out, "    the same words in another order, or some of them again\n");
}

static void print_part(const struct comparison *c, const struct part *p, struct text *out)
{
    size_t most = c->verbose || p->all.count <= MOST + 1 ? p->all.count : MOST, rest = 0;
    bool *told = arena_array(c->a, bool, p->all.count + 1);
    if (p->all.count)
        text_printf(out, "\n%s\n", p->name);
    for (size_t k = 0; k < p->all.count; k++) {
        if (told[k])
            continue;
        if (most) {
            print_difference(c, p, k, told, out);
            most--;
        } else {
            rest++;
        }
    }
    if (rest)
        text_printf(out, "  and %zu more; --verbose prints all\n", rest);
}

static void print_head(const struct comparison *c, struct text *out)
{
    for (int k = 0; k < 2; k++) {
        const struct record *r = c->records[k];
        text_printf(out, "%c record %s: %s for %s, %s; recipe %s, image %s of %" PRIu64 " bytes\n", k ? '+' : '-', comparison_hash(c, &r->id),
                    r->run.unikernel, r->target, r->profile, comparison_hash(c, &r->recipe),
                    comparison_hash(c, &r->image_sha256), r->image_bytes);
    }
    text_printf(out, "%s\n", verdict(c));
}

static const char *plan_of(const struct comparison *c, int k)
{
    const char *plan = recorded_intent(c->a, c->recorded[k], "plan");
    return plan ? plan : "";
}

void comparison_print(const struct comparison *c, bool stopped)
{
    struct text out = {}, plan = {};
    const char *const plans[2] = {plan_of(c, 0), plan_of(c, 1)};
    if (hash_equal(&c->records[0]->id, &c->records[1]->id)) {
        puts("no difference: it is one record");
        return;
    }
    print_head(c, &out);
    for (size_t k = 0; k < c->parts.count; k++) {
        print_part(c, &c->parts.items[k], &out);
        if (strcmp(c->parts.items[k].name, "settings") == 0 && diff_plans_text(c->a, plans, &plan))
            text_printf(&out, "\nplan\n%s", text_string(&plan));
    }
    if (c->absent)
        text_printf(&out, "\nfunctions are not compared: the image of record %s is not in the store; 'ukc reproduce' makes it\n", c->absent);
    else if (c->nameless)
        text_printf(&out, "\nfunctions are not compared: the image of record %s was built without symbols\n", c->nameless);
    if (stopped)
        text_puts(&out, "\nfiles, commands and outputs are those of another build: --verbose compares them\n");
    fputs(text_string(&out), stdout);
    text_dispose(&plan);
    text_dispose(&out);
}

static void put_side(struct json *j, const char *key, const struct record *r)
{
    json_key(j, key);
    json_object(j);
    record_print_json(r, j);
    json_end_object(j);
}

void comparison_print_json(const struct comparison *c)
{
    struct json j = {};
    json_object(&j);
    put_side(&j, "a", c->records[0]);
    put_side(&j, "b", c->records[1]);
    json_field_bool(&j, "same_recipe", one_recipe(c));
    json_field_bool(&j, "same_image", one_image(c));
    json_field(&j, "first", one_recipe(c) ? NULL : c->cause);
    json_key(&j, "plan");
    json_object(&j);
    diff_plans_json(c->a, (const char *const[]){plan_of(c, 0), plan_of(c, 1)}, &j);
    json_end_object(&j);
    for (size_t k = 0; k < c->parts.count; k++) {
        json_key(&j, c->parts.items[k].name);
        json_array(&j);
        for (size_t n = 0; n < c->parts.items[k].all.count; n++) {
            const struct difference *d = &c->parts.items[k].all.items[n];
            json_object(&j);
            json_field(&j, "name", d->name);
            json_field(&j, "a", d->a);
            json_field(&j, "b", d->b);
            json_end_object(&j);
        }
        json_end_array(&j);
    }
    json_end_object(&j);
    answer_json(c->i, &j);
}
