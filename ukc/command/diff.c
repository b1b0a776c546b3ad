/*
 * diff.c - ukc diff: what two plans do not share.
 *
 * Works on the stable text of plans, saved or made now: a block is a line
 * that is not indented and the indented lines below it; blocks are matched
 * by the first word of their head.
 */
#include "project.h"
#include "../base/file.h"
#include "../base/json.h"
#include <stdio.h>
#include <string.h>

struct block {
    const char *name, *head;
    VEC(const char *) lines;
};

struct blocks {
    VEC(struct block) all;
};

static void split_blocks(struct arena *a, const char *text, struct blocks *out)
{
    while (*text) {
        size_t n = strcspn(text, "\n");
        const char *line = arena_strndup(a, text, n);
        text += n + (text[n] == '\n');
        if (!n)
            continue;
        if (*line != ' ') {
            struct block *b = vec_add(a, &out->all);
            *b = (struct block){.head = line, .name = arena_strndup(a, line, strcspn(line, ":"))};
        } else if (out->all.count) {
            *vec_add(a, &out->all.items[out->all.count - 1].lines) = line;
        }
    }
}

/* The text of one side: a file with a saved plan, or the plan of a configured target. */
static const char *plan_text(struct invocation *i, const char *word, const char *saved)
{
    if (saved)
        return saved;
    struct project p;
    i->value[OPTION_target] = word;
    if (!project_open(&p, i, NULL, true) || !project_load(&p) || !project_graph(&p) || !project_plan(&p))
        return NULL;
    struct text t = {};
    plan_print_text(p.plan, &t);
    const char *out = text_keep(&t, i->arena);
    text_dispose(&t);
    return out;
}

static const struct block *find_block(const struct blocks *in, const char *name)
{
    for (size_t k = 0; k < in->all.count; k++)
        if (strcmp(in->all.items[k].name, name) == 0)
            return &in->all.items[k];
    return NULL;
}

static bool has_line(const struct block *b, const char *line)
{
    for (size_t k = 0; k < b->lines.count; k++)
        if (strcmp(b->lines.items[k], line) == 0)
            return true;
    return false;
}

static bool same_block(const struct block *a, const struct block *b)
{
    if (strcmp(a->head, b->head) != 0 || a->lines.count != b->lines.count)
        return false;
    for (size_t k = 0; k < a->lines.count; k++)
        if (strcmp(a->lines.items[k], b->lines.items[k]) != 0)
            return false;
    return true;
}

static void print_only(const struct block *in, const struct block *not_in, char sign)
{
    for (size_t k = 0; k < in->lines.count; k++)
        if (!has_line(not_in, in->lines.items[k]))
            printf("%c %s\n", sign, in->lines.items[k]);
}

static size_t print_text(const struct blocks *a, const struct blocks *b)
{
    size_t differences = 0;
    for (size_t k = 0; k < a->all.count; k++) {
        const struct block *x = &a->all.items[k], *y = find_block(b, x->name);
        if (y && same_block(x, y))
            continue;
        differences++;
        printf("- %s\n", x->head);
        if (!y)
            continue;
        printf("+ %s\n", y->head);
        print_only(x, y, '-');
        print_only(y, x, '+');
    }
    for (size_t k = 0; k < b->all.count; k++)
        if (!find_block(a, b->all.items[k].name)) {
            differences++;
            printf("+ %s\n", b->all.items[k].head);
        }
    return differences;
}

static void json_names(struct json *j, const char *key, const struct blocks *in, const struct blocks *not_in)
{
    json_key(j, key);
    json_array(j);
    for (size_t k = 0; k < in->all.count; k++)
        if (!find_block(not_in, in->all.items[k].name))
            json_string(j, in->all.items[k].head);
    json_end_array(j);
}

static void json_lines(struct json *j, const char *key, const struct block *b)
{
    json_key(j, key);
    json_array(j);
    json_string(j, b->head);
    for (size_t k = 0; k < b->lines.count; k++)
        json_string(j, b->lines.items[k] + strspn(b->lines.items[k], " "));
    json_end_array(j);
}

static void print_json(const struct blocks *a, const struct blocks *b)
{
    struct json j = {};
    json_object(&j);
    json_names(&j, "only_a", a, b);
    json_names(&j, "only_b", b, a);
    json_key(&j, "changed");
    json_array(&j);
    for (size_t k = 0; k < a->all.count; k++) {
        const struct block *x = &a->all.items[k], *y = find_block(b, x->name);
        if (!y || same_block(x, y))
            continue;
        json_object(&j);
        json_field(&j, "name", x->name);
        json_lines(&j, "a", x);
        json_lines(&j, "b", y);
        json_end_object(&j);
    }
    json_end_array(&j);
    json_end_object(&j);
    puts(text_string(&j.out));
    text_dispose(&j.out);
}

/* A word that names no target is a file: read it before the directory changes. */
static bool read_saved(struct invocation *i, const char *word, const char **text)
{
    *text = NULL;
    if (target_find(word) != TARGET_COUNT)
        return true;
    if (!file_exists(word)) {
        diag_fail(i->diag, DIAG_USAGE, SPAN_NONE, "'%s' is neither a target nor a file with a plan", word);
        return diag_help(i->diag, "targets are posix, kvm and xen; 'ukc plan > FILE' saves a plan");
    }
    const struct source *s = file_read(i->arena, word, SPAN_NONE, 0, i->diag);
    if (!s)
        return false;
    if (!strstr(s->bytes, " for ") || strchr("{[", s->bytes[0])) {
        diag_fail(i->diag, DIAG_USAGE, (struct span){.source = s}, "this is not the text of a plan");
        return diag_help(i->diag, "'ukc plan > FILE' saves one, without --json or --dot");
    }
    *text = s->bytes;
    return true;
}

int command_diff(struct invocation *i)
{
    const char *saved[2], *text[2];
    for (int k = 0; k < 2; k++)
        if (!read_saved(i, i->arguments[k], &saved[k]))
            return (int)diag_status(i->diag);
    struct blocks side[2] = {};
    for (int k = 0; k < 2; k++) {
        if (!(text[k] = plan_text(i, i->arguments[k], saved[k])))
            return (int)diag_status(i->diag);
        split_blocks(i->arena, text[k], &side[k]);
    }
    if (given(i, OPTION_json))
        print_json(&side[0], &side[1]);
    else if (print_text(&side[0], &side[1]) == 0)
        puts("no difference");
    return (int)diag_status(i->diag);
}
