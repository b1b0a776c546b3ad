/*
 * record.c - an image that was built becomes a record.
 */
#include "gather.h"
#include "../base/file.h"
#include <pwd.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

const char *user_name(void)
{
    const struct passwd *pw = getpwuid(getuid());
    return pw ? pw->pw_name : "unknown";
}

const char *host_name(struct arena *a)
{
    char host[256] = "unknown";
    gethostname(host, sizeof host - 1);
    return arena_strdup(a, host);
}

int64_t unix_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/*
 * The next build watches, beside what went into the image, what configure read, everything whose change ninja
 * could overlook; and what configure was told and wrote, as far as the record has it.
 */
static bool remember(struct project *p, const struct gathered *g)
{
    static const char *const wanted[] = {"components", "configure.args", "configure.inputs", "plan.txt"};
    VEC(const char *) paths = {};
    const struct source *s = file_read(p->a, project_file(p, "configure.inputs"), SPAN_NONE, 0, p->d);
    for (size_t i = 0; i < g->file_count; i++)
        *vec_add(p->a, &paths) = g->files[i];
    for (const char *line = s ? s->bytes : ""; *line;) {
        size_t n = strcspn(line, "\n");
        const char *path = arena_strndup(p->a, line, n);
        if (!file_is_directory(path))
            *vec_add(p->a, &paths) = path;
        line += n + (line[n] == '\n');
    }
    if (!s)
        return false;
    for (size_t k = 0; k < sizeof wanted / sizeof wanted[0]; k++)
        *vec_add(p->a, &paths) = project_file(p, wanted[k]);
    paths.count = paths.count ? string_sort_unique(paths.items, paths.count) : 0;
    return inputs_remember(p, paths.items, paths.count);
}

/* "<tree> <record>": what ukc reproduce --from-manifest compares. */
static bool keep_unlogged(struct project *p, struct records *records, const struct recording *recording, struct record *record)
{
    char tree[OBJECT_HEX], id[HASH_HEX];
    if (!record_keep(records, recording, tree, record, p->d))
        return false;
    hash_hex(&record->id, id);
    const char *line = arena_printf(p->a, "%s %s\n", tree, id);
    return file_write(p->i->value[OPTION_unlogged], line, strlen(line), NULL, p->d);
}

/* Of an image that this build has not made: is its record the one that it had?  Then no run is noted: nothing was built. */
static bool keep_known(struct project *p, struct records *records, const struct recording *recording, const struct run *run, const struct image *image,
                       struct record *record)
{
    struct hash known;
    char tree[OBJECT_HEX];
    if (!hash_parse(image->record, &known))
        return record_add(records, recording, run, image->path, record, p->d);
    return record_keep(records, recording, tree, record, p->d) &&
           (hash_equal(&record->id, &known) || record_add(records, recording, run, image->path, record, p->d));
}

static bool add_record(struct project *p, const struct image *image, const struct run *run, struct record *record)
{
    struct store *store = store_open(NULL, p->d);
    if (!store)
        return false;
    const struct gathered *g = gather(p, image, store_directory(store));
    struct records *records = g && remember(p, g) ? records_open(store_directory(store), p->d) : NULL;
    bool ok = records && (given(p->i, OPTION_unlogged) ? keep_unlogged(p, records, &g->recording, record)
                                                       : keep_known(p, records, &g->recording, run, image, record));
    records_close(records);
    store_close(store);
    return ok;
}

bool record_image(struct project *p, struct image *image, int64_t started_ms)
{
    struct run run = {
        .unikernel = path_base(image->path),
        .version = UKC_VERSION,
        .image = image->path,
        .project = p->directory,
        .host = host_name(p->a),
        .user = user_name(),
        .started_ms = started_ms,
        .ended_ms = unix_ms(),
        .audit = p->unwatched ? arena_printf(p->a, "none: %s", p->unwatched) : "complete",
    };
    if (p->unwatched) {
        diag_warning(p->d, SPAN_NONE, "nobody watched what the compilers read: %s", p->unwatched);
        diag_note(p->d, SPAN_NONE, "the run's audit says so; 'ukc reproduce' elsewhere finds what was not declared");
    }
    struct record r;
    if (!add_record(p, image, &run, &r))
        return false;
    hash_hex(&r.image_sha256, image->sha256); /* its note may have been filled in */
    hash_hex(&r.id, image->record);
    if (r.other_images)
        diag_warning(p->d, SPAN_NONE, "the same recipe has made %zu other image%s before: the build is not deterministic",
                     (size_t)r.other_images, r.other_images == 1 ? "" : "s");
    return true;
}
