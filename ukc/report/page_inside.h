/*
 * page_inside.h - the parts of the page, which page.c puts into order.
 */
#ifndef UKC_PAGE_INSIDE_H
#define UKC_PAGE_INSIDE_H

#include "../base/json.h"
#include "html.h"
#include "page.h"

struct page {
    struct arena *a;
    const struct page_source *source;
    const struct plan *plan;
    struct text *out;
    struct json index; /* an array of all that can be searched for: what it is, its name, what it says, where it is */
};

/* page.js, page.css: as they are in the tree (page.S) */
extern const char page_css[], page_js[];
extern const char page_css_end[], page_js_end[];

/* ---- page.c ---- */

void page_index(struct page *, const char *kind, const char *name, const char *text, const char *anchor);
/* Where something was written, from the project or the catalogue: "ukc.lua:7"; "" when nobody knows. */
const char *page_place(struct page *, struct span);
const char *page_key_path(struct page *, const struct plan_instance *, const struct plan_key *);
const char *page_reason(enum plan_reason);
/* A table's head with these columns, up to NULL: "#bytes" is one of numbers. */
void page_table(struct page *, const char *caption, const char *const *columns);
void page_table_end(struct page *);
/* Opens a cell of this column: on a phone, where a row is a block, its name stands before it. */
void page_cell(struct page *, const char *column);
/* A whole cell. */
void page_cell_text(struct page *, const char *column, const char *value);
void page_cell_number(struct page *, const char *column, uint64_t); /* 12,345 */
const char *page_number(struct page *, uint64_t);

/* page_bytes.c: "1,234, which is 5.6 % of the image"; NULL: not known. */
const char *page_instance_bytes(struct page *, const char *instance);

/* ---- the parts ---- */

void page_graph(struct page *);      /* page_graph.c */
void page_bytes(struct page *);      /* page_bytes.c */
void page_instances(struct page *);  /* page_instances.c */
void page_keys(struct page *);       /* page_keys.c */
void page_provenance(struct page *); /* page_provenance.c */
void page_hardening(struct page *);  /* page_hardening.c */

#endif
