/*
 * page_provenance.c - what the image was made of: its record, the parts of it with their origin, tools, files.
 */
#include "page_inside.h"
#include "../base/arena.h"
#include "../../provenance/export.h"

static void put_fact(struct page *p, const char *name, const char *value)
{
    html(p->out, "<div><dt>%s</dt><dd><code>%s</code></dd></div>\n", name, value);
}

static void put_record(struct page *p, const struct export *e)
{
    html(p->out, "<dl>\n");
    put_fact(p, "record", e->id);
    put_fact(p, "recipe", e->recipe);
    put_fact(p, "image, SHA-256", e->image);
    put_fact(p, "bytes", page_number(p, e->record->image_bytes));
    html(p->out, "</dl>\n<p><code>ukc reproduce %s</code> makes the same bytes again.</p>\n", arena_printf(p->a, "%.16s", e->id));
}

/* ---- parts ---- */

static const char *kind_words(const char *kind)
{
    static const char *const words[][2] = {{"unikernel", "the unikernel"},   {"implementation", "of the project"},        {"ukc", "of ukc"},
                                           {"debian", "Debian package"},     {"debian_source", "Debian source package"}, {"git", "git repository"},
                                           {"pkgconfig", "library of the host"}, {"use", "repository in use"}};
    for (size_t k = 0; k < sizeof words / sizeof *words; k++)
        if (string_equal(words[k][0], kind))
            return words[k][1];
    return kind;
}

static void put_hash(struct page *p, const char *what, const char *hex)
{
    if (hex)
        html(p->out, "<div>%s%s<code class=\"hash\">%s</code></div>", what, *what ? " " : "", hex);
}

static void put_part(struct page *p, size_t n, const struct component_fact *f)
{
    const char *anchor = arena_printf(p->a, "p%zu", n);
    html(p->out, "<tr id=\"%s\"><th scope=\"row\">%s</th>", anchor, f->name);
    page_cell_text(p, "version", f->version);
    page_cell_text(p, "licence", f->licence ? f->licence : "not declared");
    page_cell(p, "origin");
    html(p->out, "%s", kind_words(f->kind));
    if (f->origin && !string_equal(f->kind, f->origin))
        html(p->out, ", %s", f->origin);
    if (f->repository)
        html(p->out, "<br>%s", f->repository);
    html(p->out, "</td>");
    if (f->archive || f->contents || f->patch_count)
        page_cell(p, "contents");
    else
        html(p->out, "<td>");
    put_hash(p, "archive", f->archive);
    put_hash(p, "files", f->contents);
    for (size_t k = 0; k < f->patch_count; k++)
        html(p->out, "<div>patch %s</div>", f->patches[k]);
    html(p->out, "</td></tr>\n");
    page_index(p, "part", f->name, f->version, anchor);
}

static void put_parts(struct page *p, const struct export *e)
{
    static const char *const columns[] = {"name", "version", "licence", "origin", "contents", NULL};
    page_table(p, "What the image consists of", columns);
    for (size_t k = 0; k < e->component_count; k++)
        if (e->components[k].used)
            put_part(p, k, e->components[k].fact);
    page_table_end(p);
}

static void put_tools(struct page *p, const struct export *e)
{
    static const char *const columns[] = {"tool", "package", "version", "SHA-256", NULL};
    html(p->out, "<details><summary>%zu tools and their libraries</summary>\n", e->tool_count);
    page_table(p, "Tools that made it", columns);
    for (size_t k = 0; k < e->tool_count; k++) {
        const struct export_tool *t = &e->tools[k];
        const char *hex = hash_text(e->a, &t->sha256), *anchor = arena_printf(p->a, "t%zu", k);
        html(p->out, "<tr id=\"%s\"><th scope=\"row\">%s</th>", anchor, t->name);
        page_cell_text(p, "package", t->package);
        page_cell_text(p, "version", t->version);
        page_cell(p, "SHA-256");
        put_hash(p, "", hex);
        html(p->out, "</td></tr>\n");
        page_index(p, "tool", t->name, t->version, anchor);
    }
    page_table_end(p);
    html(p->out, "</details>\n");
}

/* ---- files ---- */

static const char *owner(const struct export *e, const struct export_file *f)
{
    if (f->owner == EXPORT_GENERATED)
        return "made by ukc";
    return f->owner == EXPORT_HOST ? "of the host" : e->components[f->owner].fact->name;
}

static void put_files(struct page *p, const struct export *e)
{
    static const char *const columns[] = {"file", "part", "#bytes", "SHA-256", NULL};
    html(p->out, "<details><summary>%zu files</summary>\n", e->file_count);
    page_table(p, "Files that its commands read, or that were embedded", columns);
    for (size_t k = 0; k < e->file_count; k++) {
        const struct export_file *f = &e->files[k];
        const char *anchor = arena_printf(p->a, "f%zu", k);
        html(p->out, "<tr id=\"%s\"><th scope=\"row\">%s</th>", anchor, f->path);
        page_cell_text(p, "part", owner(e, f));
        page_cell_number(p, "bytes", f->size);
        page_cell(p, "SHA-256");
        put_hash(p, "", hash_text(e->a, &f->sha256));
        html(p->out, "</td></tr>\n");
        page_index(p, "file", f->path, owner(e, f), anchor);
    }
    page_table_end(p);
    html(p->out, "</details>\n");
}

void page_provenance(struct page *p)
{
    const struct export *e = p->source->made;
    html(p->out, "<section id=\"provenance\" aria-labelledby=\"provenance-h\">\n<h2 id=\"provenance-h\">Provenance</h2>\n");
    if (e) {
        put_record(p, e);
        put_parts(p, e);
        put_tools(p, e);
        put_files(p, e);
    } else {
        html(p->out, "<p>There is no record of this image: %s.</p>\n", p->source->unmade);
    }
    html(p->out, "</section>\n");
}
