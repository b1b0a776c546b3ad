/*
 * diff_plan.c - what two plans do not share; see diff.h.
 *
 * Works on the stable text of plans, saved or made now: a block is a line that is not indented and the indented lines below
 * it.  An instance that several share has the name of one of its paths, which may be another one in the other plan: blocks are
 * matched by name, then by any path when the implementation is the same.  Which of its paths an instance
 * is called by, who else uses it and why it was chosen are no differences.
 */
#include "diff.h"
#include "../base/arena.h"
#include "../base/json.h"
#include "../base/text.h"
#include <string.h>

struct line {
    const char *text;
    const char *target; /* of a binding: the name of the instance that it leads to; else NULL */
    size_t said;        /* bytes before that name, or all */
};

struct block {
    const char *name, *head, *rest; /* rest: the head without the name */
    VEC(const char *) paths;        /* its name and the others */
    VEC(struct line) lines;
    struct block *match; /* in the other plan */
};

struct blocks {
    VEC(struct block) all;
};

static void add_paths(struct arena *a, struct block *b, const char *text)
{
    while (*(text += strspn(text, " "))) {
        size_t n = strcspn(text, " ");
        *vec_add(a, &b->paths) = arena_strndup(a, text, n);
        text += n;
    }
}

/* "  name: sig.signature = target [implementation] (reason)", or "  key ..." */
static struct line read_line(struct arena *a, const char *text)
{
    const char *target = strstr(text, ": sig.");
    target = target && strncmp(text, "  key ", 6) != 0 ? strstr(target, " = ") : NULL;
    if (!target)
        return (struct line){.text = text, .said = strlen(text)};
    target += 3;
    return (struct line){.text = text, .target = arena_strndup(a, target, strcspn(target, " ")), .said = (size_t)(target - text)};
}

static void split_blocks(struct arena *a, const char *text, struct blocks *out)
{
    while (*text) {
        size_t n = strcspn(text, "\n");
        const char *line = arena_strndup(a, text, n);
        text += n + (text[n] == '\n');
        if (!n)
            continue;
        struct block *last = out->all.count ? &out->all.items[out->all.count - 1] : NULL;
        if (*line != ' ') {
            size_t name = strcspn(line, ":");
            struct block *b = vec_add(a, &out->all);
            *b = (struct block){.head = line, .name = arena_strndup(a, line, name), .rest = line[name] ? line + name : line};
            add_paths(a, b, b->name);
        } else if (last && strncmp(line, "  also ", 7) == 0) {
            add_paths(a, last, line + 7);
        } else if (last) {
            *vec_add(a, &last->lines) = read_line(a, line);
        }
    }
}

static struct block *find_block(const struct blocks *in, const char *name)
{
    for (size_t k = 0; k < in->all.count; k++)
        if (strcmp(in->all.items[k].name, name) == 0)
            return &in->all.items[k];
    return NULL;
}

static bool has_path(const struct block *b, const char *path)
{
    for (size_t k = 0; k < b->paths.count; k++)
        if (strcmp(b->paths.items[k], path) == 0)
            return true;
    return false;
}

/*
 * A plan names those who require an instance; its other paths go through their other paths.  Who
 * requires stands below what is required, so that one way up is enough; sharing that is deep makes more paths than anybody needs.
 */
static void complete_paths(struct arena *a, const struct blocks *in)
{
    enum { MOST = 64 };
    for (size_t k = in->all.count; k-- > 0;) {
        const struct block *from = &in->all.items[k];
        for (size_t n = 0; n < from->lines.count; n++) {
            const struct line *line = &from->lines.items[n];
            struct block *to = line->target ? find_block(in, line->target) : NULL;
            size_t name = strspn(line->text, " "), size = strcspn(line->text + name, ":");
            for (size_t x = 0; to && x < from->paths.count && to->paths.count < MOST; x++) {
                const char *path = arena_printf(a, "%s.%.*s", from->paths.items[x], (int)size, line->text + name);
                if (!has_path(to, path))
                    *vec_add(a, &to->paths) = path;
            }
        }
    }
}

/* ---- which is which ---- */

static struct block *find_renamed(const struct blocks *in, const struct block *x)
{
    for (size_t k = 0; k < in->all.count; k++) {
        struct block *y = &in->all.items[k];
        for (size_t i = 0; i < x->paths.count && !y->match && strcmp(x->rest, y->rest) == 0; i++)
            if (has_path(y, x->paths.items[i]))
                return y;
    }
    return NULL;
}

/* The first block is of the whole image, also of another target: its head is no instance's. */
static void match_heads(struct blocks *a, struct blocks *b)
{
    struct block *x = a->all.count ? &a->all.items[0] : NULL, *y = b->all.count ? &b->all.items[0] : NULL;
    if (x && y && x->rest == x->head && y->rest == y->head) {
        x->match = y;
        y->match = x;
    }
}

static void match_blocks(struct blocks *a, struct blocks *b)
{
    match_heads(a, b);
    for (int renamed = 0; renamed < 2; renamed++)
        for (size_t k = 0; k < a->all.count; k++) {
            struct block *x = &a->all.items[k], *y = x->match ? NULL : renamed ? find_renamed(b, x) : find_block(b, x->name);
            if (y) {
                x->match = y;
                y->match = x;
            }
        }
}

/* ---- what differs ---- */

/* `in` is x's plan, `other` is y's. */
static bool same_line(const struct blocks *in, const struct line *x, const struct blocks *other, const struct line *y)
{
    if (x->said != y->said || strncmp(x->text, y->text, x->said) != 0 || !x->target != !y->target)
        return false;
    if (!x->target)
        return true;
    const struct block *to = find_block(in, x->target), *also_to = find_block(other, y->target);
    return to && also_to ? to->match == also_to : strcmp(x->target, y->target) == 0;
}

static bool has_line(const struct blocks *in, const struct line *x, const struct blocks *other, const struct block *b)
{
    for (size_t k = 0; k < b->lines.count; k++)
        if (same_line(in, x, other, &b->lines.items[k]))
            return true;
    return false;
}

static bool same_block(const struct blocks *a, const struct block *x, const struct blocks *b)
{
    if (strcmp(x->rest, x->match->rest) != 0 || x->lines.count != x->match->lines.count)
        return false;
    for (size_t k = 0; k < x->lines.count; k++)
        if (!has_line(a, &x->lines.items[k], b, x->match))
            return false;
    return true;
}

/* What a line says something of: "key idle", "events: sig.events". */
static size_t subject_size(const struct line *l)
{
    const char *is = strstr(l->text, " = ");
    return is ? (size_t)(is - l->text) : strlen(l->text);
}

static bool same_subject(const struct line *x, const struct line *y)
{
    return subject_size(x) == subject_size(y) && strncmp(x->text, y->text, subject_size(x)) == 0;
}

/* The first `lines` of the block. */
static bool has_subject(const struct block *b, size_t lines, const struct line *l)
{
    for (size_t k = 0; k < lines; k++)
        if (same_subject(&b->lines.items[k], l))
            return true;
    return false;
}

/* Lines of x that the other plan does not have; of one subject only, if there is one. */
static void print_only(const struct blocks *in, const struct block *x, const struct blocks *other, char sign, const struct line *subject, struct text *out)
{
    for (size_t k = 0; k < x->lines.count; k++)
        if ((subject ? same_subject(&x->lines.items[k], subject) : !has_subject(x->match, x->match->lines.count, &x->lines.items[k])) && !has_line(in, &x->lines.items[k], other, x->match))
            text_printf(out, "%c %s\n", sign, x->lines.items[k].text);
}

/* What x says and then what y says of each subject; those that only one of them has at the end. */
static void print_lines(const struct blocks *a, const struct block *x, const struct blocks *b, const struct block *y, struct text *out)
{
    for (size_t k = 0; k < x->lines.count; k++) {
        const struct line *l = &x->lines.items[k];
        if (has_subject(y, y->lines.count, l) && !has_subject(x, k, l)) {
            print_only(a, x, b, '-', l, out);
            print_only(b, y, a, '+', l, out);
        }
    }
    print_only(a, x, b, '-', NULL, out);
    print_only(b, y, a, '+', NULL, out);
}

static size_t print_text(const struct blocks *a, const struct blocks *b, struct text *out)
{
    size_t differences = 0;
    for (size_t k = 0; k < a->all.count; k++) {
        const struct block *x = &a->all.items[k], *y = x->match;
        if (y && same_block(a, x, b))
            continue;
        differences++;
        bool same_head = y && strcmp(x->head, y->head) == 0;
        text_printf(out, "%c %s\n", same_head ? ' ' : '-', x->head);
        if (!y)
            continue;
        if (!same_head)
            text_printf(out, "+ %s\n", y->head);
        print_lines(a, x, b, y, out);
    }
    for (size_t k = 0; k < b->all.count; k++)
        if (!b->all.items[k].match) {
            differences++;
            text_printf(out, "+ %s\n", b->all.items[k].head);
        }
    return differences;
}

static void json_unmatched(struct json *j, const char *key, const struct blocks *in)
{
    json_key(j, key);
    json_array(j);
    for (size_t k = 0; k < in->all.count; k++)
        if (!in->all.items[k].match)
            json_string(j, in->all.items[k].head);
    json_end_array(j);
}

static void json_lines(struct json *j, const char *key, const struct block *b)
{
    json_key(j, key);
    json_array(j);
    json_string(j, b->head);
    for (size_t k = 0; k < b->lines.count; k++)
        json_string(j, b->lines.items[k].text + strspn(b->lines.items[k].text, " "));
    json_end_array(j);
}

static void print_json(const struct blocks *a, const struct blocks *b, struct json *j)
{
    json_unmatched(j, "only_a", a);
    json_unmatched(j, "only_b", b);
    json_key(j, "changed");
    json_array(j);
    for (size_t k = 0; k < a->all.count; k++) {
        const struct block *x = &a->all.items[k], *y = x->match;
        if (!y || same_block(a, x, b))
            continue;
        json_object(j);
        json_field(j, "name", x->name);
        json_lines(j, "a", x);
        json_lines(j, "b", y);
        json_end_object(j);
    }
    json_end_array(j);
}

static void read_sides(struct arena *a, const char *const text[2], struct blocks side[2])
{
    for (int k = 0; k < 2; k++) {
        split_blocks(a, text[k], &side[k]);
        complete_paths(a, &side[k]);
    }
    match_blocks(&side[0], &side[1]);
}

size_t diff_plans_text(struct arena *a, const char *const text[2], struct text *out)
{
    struct blocks side[2] = {};
    read_sides(a, text, side);
    return print_text(&side[0], &side[1], out);
}

void diff_plans_json(struct arena *a, const char *const text[2], struct json *j)
{
    struct blocks side[2] = {};
    read_sides(a, text, side);
    print_json(&side[0], &side[1], j);
}
