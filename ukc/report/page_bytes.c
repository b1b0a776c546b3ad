/*
 * page_bytes.c - whose the image's bytes are: a map of rectangles, and the same as tables.
 *
 * The map has a field for each instance and in it one for each symbol, both as large as their bytes.  A field is cut
 * into rows along its shorter side, each as long as its fields stay nearest to squares (Bruls, Huizing, van Wijk, "Squarified
 * Treemaps").  What would be too small to be seen is gathered in one field, so that the map has all bytes.
 */
#include "page_inside.h"
#include <inttypes.h>
#include "../base/arena.h"
#include "../size/size.h"

enum { WIDTH = 1200, HEIGHT = 640, LETTER = 7, HEAD = 18, LEAST = 40 /* square pixels of a field */ };

struct bytes {
    struct page *p;
    const struct size_sum *instances, *symbols; /* the largest first */
    size_t instance_count, symbol_count;
    uint64_t total;
};

struct field {
    const char *name;
    uint64_t bytes;
    size_t others; /* gathered here; 0: it is one */
    int x, y, width, height;
};

/* ---- places ---- */

/* The worst proportion, in thousandths, of fields of these sizes in a row of `side`: the area is per byte `area` / `bytes`. */
static int64_t worst(const struct field *f, size_t count, uint64_t sum, uint64_t bytes, int64_t area, int64_t side)
{
    int64_t row = (int64_t)(sum * (uint64_t)area / bytes), most = 0;
    int64_t thick = row / side > 0 ? row / side : 1;
    for (size_t k = 0; k < count; k++) {
        int64_t length = (int64_t)(f[k].bytes * (uint64_t)side / sum);
        length = length ? length : 1;
        int64_t proportion = length > thick ? length * 1000 / thick : thick * 1000 / length;
        most = most > proportion ? most : proportion;
    }
    return most;
}

/* Lays a row of `count` fields along the shorter side; what is left of the rectangle comes back in *r. */
static void lay_row(struct field *f, size_t count, uint64_t sum, uint64_t bytes, struct field *r)
{
    bool upright = r->width >= r->height;
    int side = upright ? r->height : r->width, across = upright ? r->width : r->height;
    int thick = (int)((sum * (uint64_t)across + bytes / 2) / bytes);
    uint64_t before = 0;
    for (size_t k = 0; k < count; k++) {
        int start = (int)(before * (uint64_t)side / sum), end = (int)((before + f[k].bytes) * (uint64_t)side / sum);
        before += f[k].bytes;
        f[k].x = upright ? r->x : r->x + start;
        f[k].y = upright ? r->y + start : r->y;
        f[k].width = upright ? thick : end - start;
        f[k].height = upright ? end - start : thick;
    }
    if (upright)
        r->x += thick, r->width -= thick;
    else
        r->y += thick, r->height -= thick;
}

/* Fields, the largest first, into the rectangle. */
static void lay(struct field *f, size_t count, struct field r)
{
    uint64_t bytes = 0;
    for (size_t k = 0; k < count; k++)
        bytes += f[k].bytes;
    for (size_t at = 0, n; at < count && bytes; at += n) {
        int64_t area = (int64_t)r.width * r.height, side = r.width < r.height ? r.width : r.height, best = INT64_MAX;
        uint64_t sum = 0;
        side = side > 0 ? side : 1;
        for (n = 0; at + n < count; n++) {
            int64_t now = worst(&f[at], n + 1, sum + f[at + n].bytes, bytes, area, side);
            if (now > best)
                break;
            best = now;
            sum += f[at + n].bytes;
        }
        lay_row(&f[at], n, sum, bytes, &r);
        bytes -= sum;
    }
}

/* ---- drawing ---- */

static const char *instance_anchor(struct bytes *b, const char *name)
{
    for (size_t k = 0; k < b->p->plan->instance_count; k++)
        if (string_equal(b->p->plan->instances[k].name, name))
            return arena_printf(b->p->a, "i%zu", k);
    return NULL;
}

static const char *share(struct arena *a, uint64_t n, uint64_t total)
{
    uint64_t thousandths = total ? (n * 1000 + total / 2) / total : 0;
    return arena_printf(a, "%" PRIu64 ".%" PRIu64 " %%", thousandths / 10, thousandths % 10);
}

static const char *percent(struct bytes *b, uint64_t n)
{
    return share(b->p->a, n, b->total);
}

const char *page_instance_bytes(struct page *p, const char *instance)
{
    const struct size_report *r = p->source->size;
    uint64_t bytes = 0;
    for (size_t k = 0; r && k < r->count; k++)
        if (string_equal(r->parts[k].instance, instance))
            bytes += r->parts[k].bytes;
    return r ? arena_printf(p->a, "%s, which is %s of the image", page_number(p, bytes), share(p->a, bytes, r->bytes)) : NULL;
}

static const char *fitting(struct bytes *b, const char *name, int width)
{
    unsigned room = width > 8 ? (unsigned)(width - 8) / LETTER : 0;
    return html_width(name) <= room ? name : room < 4 ? NULL : arena_printf(b->p->a, "%s\xe2\x80\xa6", html_prefix(b->p->a, name, room - 1));
}

static void put_field(struct bytes *b, const struct field *f, const char *class, int label)
{
    struct text *out = b->p->out;
    const char *name = f->others ? arena_printf(b->p->a, "%zu others", f->others) : f->name, *shown = fitting(b, name, f->width);
    html(out, "<g class=\"%s\"><title>%s: %llu bytes, %s</title><rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\"/>", class, name, (unsigned long long)f->bytes,
         percent(b, f->bytes), f->x, f->y, f->width, f->height);
    if (shown && f->height >= label)
        html(out, "<text x=\"%d\" y=\"%d\">%s</text>", f->x + 4, f->y + label - 4, shown);
    html(out, "</g>\n");
}

/* The symbols of an instance; those too small to be seen are one field. */
static struct field *symbols_of(struct bytes *b, const struct field *instance, size_t *count)
{
    VEC(struct field) all = {};
    struct field others = {};
    uint64_t area = (uint64_t)instance->width * (uint64_t)instance->height;
    for (size_t k = 0; k < b->symbol_count; k++) {
        const struct size_sum *s = &b->symbols[k];
        if (!string_equal(s->instance, instance->name) || s->bytes == 0)
            continue;
        if (s->bytes * area / instance->bytes < LEAST) {
            others.others++;
            others.bytes += s->bytes;
        } else {
            *vec_add(b->p->a, &all) = (struct field){.name = s->name, .bytes = s->bytes};
        }
    }
    if (others.others)
        *vec_add(b->p->a, &all) = others;
    *count = all.count;
    return all.items;
}

static void put_instance(struct bytes *b, const struct field *f)
{
    const char *anchor = instance_anchor(b, f->name);
    struct field inner = {.x = f->x + 2, .y = f->y + HEAD, .width = f->width - 4, .height = f->height - HEAD - 2};
    size_t count = 0;
    html(b->p->out, "<a href=\"#%s\">\n", anchor ? anchor : "bytes");
    put_field(b, f, anchor ? "of" : "of none", HEAD - 1);
    html(b->p->out, "</a>\n");
    if (inner.width < 12 || inner.height < 12)
        return;
    struct field *symbols = symbols_of(b, f, &count);
    lay(symbols, count, inner);
    for (size_t k = 0; k < count; k++)
        put_field(b, &symbols[k], "symbol", 15);
}

static void put_map(struct bytes *b)
{
    struct field *f = arena_array(b->p->a, struct field, b->instance_count + 1);
    size_t count = 0;
    for (size_t k = 0; k < b->instance_count; k++)
        if (b->instances[k].bytes)
            f[count++] = (struct field){.name = b->instances[k].name, .bytes = b->instances[k].bytes};
    lay(f, count, (struct field){.width = WIDTH, .height = HEIGHT});
    html(b->p->out, "<div class=\"wide drawing\" tabindex=\"0\" role=\"region\" aria-label=\"Map of the bytes\">\n"
                    "<svg class=\"map\" viewBox=\"0 0 %d %d\" width=\"%d\" height=\"%d\" role=\"group\" aria-label=\"Bytes by instance and symbol\">\n",
         WIDTH, HEIGHT, WIDTH, HEIGHT);
    for (size_t k = 0; k < count; k++)
        put_instance(b, &f[k]);
    html(b->p->out, "</svg>\n</div>\n");
}

/* ---- tables ---- */

static const char *what_it_is(struct bytes *b, const char *name)
{
    for (size_t k = 0; k < b->p->plan->instance_count; k++)
        if (string_equal(b->p->plan->instances[k].name, name))
            return b->p->plan->instances[k].component->name.text;
#define X(id, other, doc) \
    if (string_equal(name, other)) \
        return doc;
    SIZE_OTHERS(X)
#undef X
    return "";
}

static void put_instances(struct bytes *b)
{
    static const char *const columns[] = {"instance", "#bytes", "#share", "#lines of source", "what it is", NULL};
    page_table(b->p, "Bytes of the image's file by instance", columns);
    for (size_t k = 0; k < b->instance_count; k++) {
        const struct size_sum *s = &b->instances[k];
        const char *anchor = instance_anchor(b, s->name);
        if (anchor)
            html(b->p->out, "<tr><th scope=\"row\"><a href=\"#%s\">%s</a></th>", anchor, s->name);
        else
            html(b->p->out, "<tr><th scope=\"row\">%s</th>", s->name);
        page_cell_number(b->p, "bytes", s->bytes);
        html(b->p->out, "<td class=\"n\" data-name=\"share\">%s</td>", percent(b, s->bytes));
        if (s->lines)
            page_cell_number(b->p, "lines of source", s->lines);
        else
            page_cell_text(b->p, "lines of source", "");
        page_cell_text(b->p, "what it is", what_it_is(b, s->name));
        html(b->p->out, "</tr>\n");
    }
    page_table_end(b->p);
    html(b->p->out, "<p>Together %s bytes, the size of the file. Lines of source are those of which the image has code.</p>\n", page_number(b->p, b->total));
}

static void put_symbols(struct bytes *b)
{
    static const char *const columns[] = {"symbol", "of", "#bytes", NULL};
    html(b->p->out, "<details><summary>%zu symbols</summary>\n", b->symbol_count);
    page_table(b->p, "Bytes by symbol, the largest first", columns);
    for (size_t k = 0; k < b->symbol_count; k++) {
        const struct size_sum *s = &b->symbols[k];
        const char *anchor = arena_printf(b->p->a, "s%zu", k);
        html(b->p->out, "<tr id=\"%s\"><th scope=\"row\">%s</th>", anchor, s->name);
        page_cell_text(b->p, "of", s->instance);
        page_cell_number(b->p, "bytes", s->bytes);
        html(b->p->out, "</tr>\n");
        page_index(b->p, "symbol", s->name, s->instance, anchor);
    }
    page_table_end(b->p);
    html(b->p->out, "</details>\n");
}

/* ---- what was left out ---- */

static void put_pruned_instances(struct bytes *b, const struct pruned_list *all)
{
    static const char *const columns[] = {"instance", "#alone", "#in the image", "#left out", NULL};
    page_table(b->p, "What was left out of the image, by instance", columns);
    for (size_t k = 0; k < all->count; k++) {
        const struct pruned *one = &all->items[k];
        const char *anchor = instance_anchor(b, one->instance);
        html(b->p->out, "<tr><th scope=\"row\"><a href=\"#%s\">%s</a></th>", anchor ? anchor : "bytes", one->instance);
        page_cell_number(b->p, "alone", one->alone);
        page_cell_number(b->p, "in the image", one->bytes);
        page_cell_number(b->p, "left out", one->pruned);
        html(b->p->out, "</tr>\n");
    }
    page_table_end(b->p);
}

static void put_pruned_symbols(struct bytes *b, const struct pruned_list *all)
{
    static const char *const columns[] = {"symbol", "of", "#would weigh", NULL};
    size_t count;
    const struct size_pruned *symbols = pruned_symbols(b->p->a, all, &count);
    html(b->p->out, "<details><summary>%zu functions and variables that were left out</summary>\n", count);
    page_table(b->p, "What was left out, the largest first", columns);
    for (size_t k = 0; k < count; k++) {
        const char *anchor = arena_printf(b->p->a, "o%zu", k);
        html(b->p->out, "<tr id=\"%s\"><th scope=\"row\">%s</th>", anchor, symbols[k].symbol);
        page_cell_text(b->p, "of", symbols[k].instance);
        page_cell_number(b->p, "would weigh", symbols[k].bytes);
        html(b->p->out, "</tr>\n");
        page_index(b->p, "left out", symbols[k].symbol, symbols[k].instance, anchor);
    }
    page_table_end(b->p);
    html(b->p->out, "</details>\n");
}

static void put_pruned(struct bytes *b)
{
    const struct pruned_list *all = b->p->source->pruned;
    if (!all || all->count == 0)
        return;
    html(b->p->out,
         "<p>Left out were %s bytes: functions and variables that were compiled for an instance and of which the image has nothing. They have the weight that they take where each instance is linked "
         "alone, and all of it kept.</p>\n",
         page_number(b->p, all->pruned));
    put_pruned_instances(b, all);
    put_pruned_symbols(b, all);
}

void page_bytes(struct page *p)
{
    const struct size_report *r = p->source->size;
    html(p->out, "<section id=\"bytes\" aria-labelledby=\"bytes-h\">\n<h2 id=\"bytes-h\">Bytes</h2>\n");
    if (!r) {
        html(p->out, "<p>Nothing is known of them: %s.</p>\n</section>\n", p->source->unmade);
        return;
    }
    struct bytes b = {.p = p, .total = r->bytes};
    b.instances = size_sums(p->a, r, SIZE_BY_instance, &b.instance_count);
    b.symbols = size_sums(p->a, r, SIZE_BY_symbol, &b.symbol_count);
    html(p->out, "<p>Every byte of the file belongs to one field: large ones are instances, those in them symbols. Code that became part of another function is counted there.</p>\n");
    put_map(&b);
    put_instances(&b);
    put_symbols(&b);
    put_pruned(&b);
    html(p->out, "</section>\n");
}
