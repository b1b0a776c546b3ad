/*
 * build_summary.c - what ukc build says when it has built: a few lines, or JSON.
 */
#include "build.h"
#include "../image/pruned.h"
#include "../image/size.h"
#include <stdio.h>
#include "../base/json.h"

enum { FEW = 3 }; /* names on a line */

static const char *kib(const struct project *p, uint64_t bytes)
{
    return arena_strdup(p->a, grouped((bytes + 1023) / 1024));
}

/* ---- what was left out ---- */

/* What a build that made nothing left out was said by the one that made it. In the dev profile nothing is pruned across files. */
static struct pruned_list read_pruned(struct project *p, const struct image *image)
{
    struct pruned_list pruned = {};
    if (!image->report || p->configuration.profile != PROFILE_RELEASE)
        return pruned;
    struct diag *quiet = diag_create();
    if (!pruned_read(p->a, image->report, &pruned, quiet)) {
        diag_warning(p->d, SPAN_NONE, "what was left out of '%s' cannot be told: %s", image->path, diag_first(quiet));
        pruned = (struct pruned_list){};
    }
    diag_destroy(quiet);
    return pruned;
}

static void put_pruned(struct project *p, const struct image *image, struct json *j)
{
    const struct pruned_list pruned = read_pruned(p, image);
    json_key(j, "pruned");
    if (pruned.count == 0) {
        json_null(j);
        return;
    }
    json_array(j);
    for (size_t k = 0; k < pruned.count; k++) {
        json_object(j);
        json_field(j, "name", pruned.items[k].instance);
        json_field_number(j, "bytes", (int64_t)pruned.items[k].pruned);
        json_end_object(j);
    }
    json_end_array(j);
}

static void print_pruned(struct project *p, const struct image *image)
{
    const struct pruned_list pruned = read_pruned(p, image);
    if (pruned.count == 0)
        return;
    printf("left out: %s bytes of code and data", grouped(pruned.pruned));
    for (size_t k = 0; k < pruned.count && k < FEW && pruned.items[k].pruned; k++)
        printf("%s %s %s", k ? "," : ", the most of", pruned.items[k].instance, grouped(pruned.items[k].pruned));
    puts(pruned.pruned ? "; 'ukc size --pruned' has it all" : "");
}

/* ---- what is there ---- */

static void put_sizes(const struct project *p, const struct image *image, struct json *j)
{
    size_t count;
    const struct size_change *changes = sizes_changes(p->a, &image->before, &image->sizes, &count);
    size_print_json(j, SIZE_BY_instance, image->sizes.instances, image->sizes.count);
    json_key(j, "changes");
    if (!changes) {
        json_null(j);
        return;
    }
    json_array(j);
    for (size_t k = 0; k < count; k++) {
        json_object(j);
        json_field(j, "name", changes[k].name);
        json_field_number(j, "before", (int64_t)changes[k].before);
        json_field_number(j, "bytes", (int64_t)changes[k].now);
        json_end_object(j);
    }
    json_end_array(j);
}

/* "1,204 more", or "12 fewer" */
static const char *difference(const struct project *p, uint64_t before, uint64_t now)
{
    const char *number = arena_strdup(p->a, grouped(now > before ? now - before : before - now));
    return now == before ? "as many" : arena_printf(p->a, "%s %s", number, now > before ? "more" : "fewer");
}

/* A few lines: where most bytes are, and what became of them since the last build. */
static void print_sizes(const struct project *p, const struct image *image)
{
    size_t count;
    uint64_t before = 0;
    const struct size_change *changes = sizes_changes(p->a, &image->before, &image->sizes, &count);
    for (size_t k = 0; k < image->sizes.count && k < FEW; k++)
        printf("%s %s %s", k ? "," : "largest:", image->sizes.instances[k].name, grouped(image->sizes.instances[k].bytes));
    if (image->sizes.count)
        puts(image->sizes.count > FEW ? "; 'ukc size' has them all" : "");
    for (size_t k = 0; k < image->before.count; k++)
        before += image->before.instances[k].bytes;
    for (size_t k = 0; k < count && k < FEW; k++)
        printf("%s %s %s", k ? "," : arena_printf(p->a, "since the last build %s bytes:", difference(p, before, image->bytes)), changes[k].name,
               difference(p, changes[k].before, changes[k].now));
    if (count)
        puts(count > FEW ? ", ..." : "");
}

void build_print(struct project *p, const struct image *image)
{
    if (given(p->i, OPTION_json)) {
        struct json j = {};
        json_object(&j);
        json_field(&j, "target", target_names[p->configuration.target]);
        json_field(&j, "profile", p->configuration.profile == PROFILE_DEV ? "dev" : "release");
        json_field(&j, "image", path_join(p->a, p->directory, image->path));
        json_field_number(&j, "bytes", (int64_t)image->bytes);
        json_field(&j, "sha256", image->sha256);
        json_field(&j, "record", image->record[0] ? image->record : NULL);
        json_field_bool(&j, "made", image->made);
        if (image->end) {
            json_key(&j, "memory");
            json_object(&j);
            json_field_number(&j, "image", (int64_t)image->end);
            json_field_number(&j, "least", (int64_t)(image->end + image->budget_least));
            json_field_number(&j, "most", (int64_t)(image->end + image->budget_most));
            json_end_object(&j);
        }
        put_sizes(p, image, &j);
        put_pruned(p, image, &j);
        json_end_object(&j);
        answer_json(p->i, &j);
    } else if (!given(p->i, OPTION_quiet)) {
        printf("%s: %s bytes%s%.12s\n", image->path, grouped(image->bytes), image->record[0] ? ", record " : ", not recorded",
               image->record);
        if (image->end && image->budget_most)
            printf("memory: at least %s KiB, of which %s are the image; its keys allow %s\n", kib(p, image->end + image->budget_least),
                   kib(p, image->end), kib(p, image->end + image->budget_most));
        else if (image->end)
            printf("memory: at least %s KiB\n", kib(p, image->end));
        if (image->made) {
            print_sizes(p, image);
            print_pruned(p, image);
        }
    }
}
