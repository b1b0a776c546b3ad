/*
 * diff.c - ukc diff: what the two sides are.
 *
 * A side is a target that was configured, a file with a saved plan, or a record, named by a hash or an image's file.  Two
 * records are compared whole; with anything else beside it, a record has the plan that it was built from.
 */
#include "diff.h"
#include "../base/file.h"
#include "../base/json.h"
#include "../project/project.h"
#include <stdio.h>
#include <string.h>

struct side {
    const char *word;
    const char *plan;      /* its text; of a target: NULL, until it is made */
    bool is_record;
    struct named_record named;
    const struct recorded *recorded;
};

static bool is_hash(const char *word)
{
    size_t n = strlen(word);
    return n >= 8 && n <= 2 * HASH_BYTES && strspn(word, "0123456789abcdefABCDEF") == n;
}

static bool is_plan(const struct source *s)
{
    return strstr(s->bytes, " for ") && !strchr("{[", s->bytes[0]) && !memchr(s->bytes, 0, s->size);
}

static bool open_record(struct invocation *i, struct side *s)
{
    s->is_record = true;
    if (!named_record_open(&s->named, i, s->word))
        return false;
    s->recorded = named_record_read(&s->named, i, true);
    s->plan = s->recorded ? recorded_intent(i->arena, s->recorded, "plan") : NULL;
    return s->recorded;
}

/* Files are read before the directory changes. */
static bool read_side(struct invocation *i, struct side *s)
{
    if (target_find(s->word) != TARGET_COUNT)
        return true;
    if (!file_exists(s->word) && is_hash(s->word))
        return open_record(i, s);
    if (!file_exists(s->word)) {
        diag_fail(i->diag, DIAG_USAGE, SPAN_NONE, "'%s' is neither a target, nor a hash, nor a file with a plan or an image", s->word);
        return diag_help(i->diag, "targets are posix, kvm and xen; 'ukc log' lists records; 'ukc plan > FILE' saves a plan");
    }
    const struct source *f = file_read(i->arena, s->word, SPAN_NONE, (size_t)1 << 32, i->diag);
    if (!f)
        return false;
    if (string_starts(f->bytes, "\177ELF"))
        return open_record(i, s);
    if (!is_plan(f)) {
        diag_fail(i->diag, DIAG_USAGE, (struct span){.source = f}, "this is not the text of a plan");
        return diag_help(i->diag, "'ukc plan > FILE' saves one, without --json or --dot");
    }
    s->plan = f->bytes;
    return true;
}

static bool make_plan(struct invocation *i, struct side *s)
{
    struct project p;
    i->value[OPTION_target] = s->word;
    if (!project_open(&p, i, NULL, true) || !project_load(&p) || !project_graph(&p) || !project_plan(&p))
        return false;
    struct text t = {};
    plan_print_text(p.plan, &t);
    s->plan = text_keep(&t, i->arena);
    text_dispose(&t);
    return true;
}

static void compare_plans(struct invocation *i, const char *const plans[2])
{
    if (given(i, OPTION_json)) {
        struct json j = {};
        json_object(&j);
        diff_plans_json(i->arena, plans, &j);
        json_end_object(&j);
        answer_json(i, &j);
        return;
    }
    struct text out = {};
    fputs(diff_plans_text(i->arena, plans, &out) ? text_string(&out) : "no difference\n", stdout);
    text_dispose(&out);
}

static void compare(struct invocation *i, struct side side[2])
{
    for (int k = 0; k < 2; k++)
        if (!read_side(i, &side[k]))
            return;
    if (side[0].is_record && side[1].is_record) {
        diff_records(i, store_directory(side[0].named.store), (const struct record *const[]){side[0].named.record, side[1].named.record},
                     (const struct recorded *const[]){side[0].recorded, side[1].recorded});
        return;
    }
    for (int k = 0; k < 2; k++)
        if (!side[k].plan && !make_plan(i, &side[k]))
            return;
    compare_plans(i, (const char *const[]){side[0].plan, side[1].plan});
}

int command_diff(struct invocation *i)
{
    struct side side[2] = {{.word = i->arguments[0]}, {.word = i->arguments[1]}};
    compare(i, side);
    for (int k = 0; k < 2; k++)
        named_record_close(&side[k].named);
    return (int)diag_status(i->diag);
}
