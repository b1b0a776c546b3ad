/*
 * recipe.c - the canonical text of a recipe: one fact a line, one way to write it.
 *
 * Its grammar is in README.md.  Anyone can check a recipe's hash with
 * sha256sum: nothing in it depends on this machine, the order in which inputs
 * were found, or the version of ukc.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include "../ukc/base/arena.h"
#include "../ukc/base/text.h"
#include "recipe.h"

static int input_compare(const void *a, const void *b)
{
    const struct record_input *x = a, *y = b;
    int c = strcmp(x->role, y->role);
    return c ? c : strcmp(x->path, y->path);
}

const struct record_input *recipe_inputs(struct arena *a, const struct record *r, size_t *count, struct diag *d)
{
    struct record_input *sorted = arena_array(a, struct record_input, r->input_count);
    size_t n = 0;
    for (size_t i = 0; i < r->input_count; i++)
        sorted[i] = r->inputs[i];
    qsort(sorted, r->input_count, sizeof *sorted, input_compare);
    for (size_t i = 0; i < r->input_count; i++) {
        if (n > 0 && input_compare(&sorted[n - 1], &sorted[i]) == 0) {
            if (hash_equal(&sorted[n - 1].sha256, &sorted[i].sha256) && sorted[n - 1].size == sorted[i].size)
                continue; /* the same file, named twice */
            diag_fail(d, DIAG_INPUT, SPAN_NONE, "the %s '%s' changed while the image was built", sorted[i].role, sorted[i].path);
            return NULL;
        }
        sorted[n++] = sorted[i];
    }
    *count = n;
    return sorted;
}

/* Space, control characters, DEL and '%' as %XX; the rest as it is. */
static void put_word(struct text *t, const char *s)
{
    for (; *s; s++) {
        unsigned char c = (unsigned char)*s;
        if (c <= ' ' || c == 0x7f || c == '%')
            text_printf(t, "%%%02X", c);
        else
            text_putc(t, (char)c);
    }
}

static void put_line(struct text *t, const char *name, const char *value)
{
    text_printf(t, "%s ", name);
    put_word(t, value);
    text_putc(t, '\n');
}

const char *record_recipe_text(struct arena *a, const struct record *r, size_t *size, struct diag *d)
{
    size_t count;
    const struct record_input *inputs = recipe_inputs(a, r, &count, d);
    if (!inputs)
        return NULL;
    struct text t = {};
    text_puts(&t, "ukc-recipe 1\n");
    put_line(&t, "target", r->target);
    put_line(&t, "profile", r->profile);
    for (size_t i = 0; i < count; i++) {
        char hex[HASH_HEX];
        hash_hex(&inputs[i].sha256, hex);
        text_puts(&t, "input ");
        put_word(&t, inputs[i].role);
        text_printf(&t, " %s %" PRIu64 " ", hex, inputs[i].size);
        put_word(&t, inputs[i].path);
        text_putc(&t, '\n');
    }
    *size = t.size;
    const char *text = text_keep(&t, a);
    text_dispose(&t);
    return text;
}

struct hash record_id(const struct hash *recipe, const struct hash *image, uint64_t image_bytes)
{
    char recipe_hex[HASH_HEX], image_hex[HASH_HEX], text[256];
    hash_hex(recipe, recipe_hex);
    hash_hex(image, image_hex);
    int n = snprintf(text, sizeof text, "ukc-record 1\nrecipe %s\nimage %s %" PRIu64 "\n", recipe_hex, image_hex, image_bytes);
    return hash_bytes(text, (size_t)n);
}
