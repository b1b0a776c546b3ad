/*
 * report.c - ukc report: the page of an image.
 */
#include "hardening.h"
#include "pruned.h"
#include "size.h"
#include "../project/project.h"
#include <stdio.h>
#include <string.h>
#include "../base/json.h"
#include "../report/page.h"
#include "../../provenance/export.h"

struct made {
    struct store *store;
    struct records *records;
    const struct export *export;
    const char *why_not;
};

/* The newest record of the project's image, by its bytes: an image without one is shown without. */
static const struct record *find_record(struct project *p, struct records *records)
{
    struct hash h;
    size_t count = 0;
    if (!hash_file(project_image(p), &h, NULL, p->d))
        return NULL;
    const struct record *all = record_list(records, p->a, p->unikernel->name.text, target_names[p->configuration.target], 0, &count, p->d);
    for (size_t k = 0; all && k < count; k++)
        if (memcmp(all[k].image_sha256.bytes, h.bytes, sizeof h.bytes) == 0)
            return &all[k];
    return NULL;
}

/* The page says of one plan where its bytes come from: of another, it would not be true. */
static bool is_of_plan(struct project *p, const struct recorded *r)
{
    struct text t = {};
    plan_print_text(p->plan, &t);
    bool same = false;
    for (size_t k = 0; k < r->intent_count; k++)
        if (string_equal(r->intent[k].path, "plan"))
            same = r->intent[k].size == t.size && memcmp(r->intent[k].bytes, t.bytes, t.size) == 0;
    text_dispose(&t);
    return same;
}

static void read_record(struct project *p, struct made *m)
{
    m->store = store_open(NULL, p->d);
    m->records = m->store ? records_open(store_directory(m->store), p->d) : NULL;
    const struct record *record = m->records ? find_record(p, m->records) : NULL;
    if (!record || !record->tree) {
        m->why_not = "this store has none";
        return;
    }
    const struct recorded *r = record_read(m->records, p->a, record, true, p->d);
    if (r && !is_of_plan(p, r)) {
        m->why_not = "the image was built from another plan";
        diag_warning(p->d, SPAN_NONE, "'%s' was built from another plan than the manifest gives now", project_image(p));
        diag_help(p->d, "'ukc build' first: until then the page says nothing of the image");
    } else if (r) {
        m->export = export_open(p->a, record, r, store_directory(m->store), UKC_VERSION, p->d);
    }
}

/* What the image's file shows of how it is hardened. */
static void read_features(struct project *p, struct page_source *source)
{
    static const enum page_holds as[] = {[HELD_NO] = PAGE_HOLDS_NOT, [HELD_YES] = PAGE_HOLDS, [HELD_UNSEEN] = PAGE_HOLDS_UNSEEN};
    const struct source *file = elf_image_read(p->a, project_image(p), p->d);
    const struct hardening *h = file ? hardening_read(p->a, file, p->d) : NULL;
    if (!h)
        return;
    struct page_feature *features = arena_array(p->a, struct page_feature, h->count);
    for (size_t k = 0; k < h->count; k++)
        features[k] = (struct page_feature){h->features[k].name, as[h->features[k].held], h->features[k].evidence};
    source->features = features;
    source->feature_count = h->count;
    source->machine = h->machine;
}

/* Whose the bytes are.  What was not kept of the build is no error: the page says less. */
static void read_size(struct project *p, struct page_source *source)
{
    struct size_sources from;
    size_find_sources(p->a, project_image(p), &from);
    source->size = size_read(p->a, &from, p->d);
    struct pruned_list *pruned = arena_new(p->a, struct pruned_list);
    struct diag *quiet = diag_create();
    if (source->size && pruned_read(p->a, source->size, pruned, quiet))
        source->pruned = pruned;
    diag_destroy(quiet);
}

static void forget(struct made *m)
{
    records_close(m->records);
    store_close(m->store);
}

static void say(struct invocation *i, const char *file, const struct export *made, size_t bytes, struct page_size size)
{
    if (given(i, OPTION_json)) {
        struct json j = {};
        json_object(&j);
        json_field(&j, "page", file);
        json_field_number(&j, "bytes", (int64_t)bytes);
        json_field_number(&j, "instances", (int64_t)size.instances);
        json_field_number(&j, "keys", (int64_t)size.keys);
        json_field(&j, "record", made ? made->id : NULL);
        json_end_object(&j);
        answer_json(i, &j);
    } else if (!given(i, OPTION_quiet)) {
        fprintf(answer_stream(i), "%s: %zu instances, %zu keys, %s\n", file, size.instances, size.keys, made ? arena_printf(i->arena, "record %.16s", made->id) : "no record");
    }
}

static void write_report(struct project *p, const char *output)
{
    struct invocation *i = p->i;
    struct made m = {.why_not = "it is not built"};
    struct text out = {};
    const char *file = output ? output : arena_printf(p->a, "%s.html", project_image(p));
    if (file_is_regular(project_image(p)))
        read_record(p, &m);
    struct page_source source = {
        .plan = p->plan,
        .profile = p->configuration.profile == PROFILE_DEV ? "dev" : "release",
        .c_library = p->c_library.import ? p->c_library.import->name.text : "the host's",
        .c_library_why = p->c_library.why,
        .image = project_image(p),
        .made = m.export,
        .unmade = m.why_not,
        .project = p->directory,
    };
    if (m.export) {
        read_features(p, &source);
        read_size(p, &source);
    }
    source.roots = p->configuration.catalogues.items;
    source.root_count = p->configuration.catalogues.count;
    if (!source.root_count && (source.catalogue = catalogue_file(i, "libs")))
        source.catalogue = path_directory(p->a, source.catalogue);
    if (!diag_errors(p->d)) {
        struct page_size size = page_write(p->a, &source, &out);
        if (file_write_output(file, out.bytes, out.size, FILE_SHARED, p->d))
            say(i, output ? i->value[OPTION_output] : file, m.export, out.size, size);
    }
    text_dispose(&out);
    forget(&m);
}

int command_report(struct invocation *i)
{
    struct project p;
    /* as seen from where the user is: opening a project goes to its directory */
    const char *output = given(i, OPTION_output) ? path_absolute(i->arena, i->value[OPTION_output]) : NULL;
    if (project_open(&p, i, i->argument_count ? i->arguments[0] : NULL, true) && project_load(&p) && project_graph(&p) && project_plan(&p))
        write_report(&p, output);
    return (int)diag_status(i->diag);
}
