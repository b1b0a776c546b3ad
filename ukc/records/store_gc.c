/*
 * store_gc.c - see store_gc.h.
 */
#include "store_gc.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "../base/json.h"
#include "../base/text.h"
#include "../../provenance/gc.h"

/* "12h": a number, and a letter of `units`, each worth `worth`; without a letter the first unit's. */
static bool parse(const char *word, const char *units, const uint64_t *worth, uint64_t *out)
{
    char *end;
    unsigned long long n = strtoull(word, &end, 10);
    const char *unit = *end ? strchr(units, *end) : units;
    return *word >= '0' && *word <= '9' && unit && (!*end || !end[1]) && !__builtin_mul_overflow(n, worth[unit - units], out) && *out <= INT64_MAX;
}

static bool parse_bounds(struct invocation *i, struct gc *want)
{
    static const uint64_t seconds[] = {86400, 3600, 60, 1}, bytes[] = {1, 1 << 10, 1 << 20, 1 << 30};
    uint64_t age = 0;
    *want = (struct gc){.dry_run = given(i, OPTION_dry_run), .aged = given(i, OPTION_older), .bounded = given(i, OPTION_keep)};
    if (want->aged && !parse(i->value[OPTION_older], "dhms", seconds, &age))
        return diag_fail(i->diag, DIAG_USAGE, SPAN_NONE, "--older is an age, as 30d or 12h, not '%s'", i->value[OPTION_older]);
    if (want->bounded && !parse(i->value[OPTION_keep], "bKMG", bytes, &want->bytes))
        return diag_fail(i->diag, DIAG_USAGE, SPAN_NONE, "--keep is a size, as 500M or 2G, not '%s'", i->value[OPTION_keep]);
    want->age_s = (int64_t)age;
    return true;
}

static const char *short_hash(const struct hash *h, char out[HASH_HEX])
{
    hash_hex(h, out);
    out[12] = '\0';
    return out;
}

static void print_images(const struct collected *c, bool all)
{
    char image[HASH_HEX], record[HASH_HEX];
    for (size_t k = 0; k < c->image_count; k++) {
        const struct gc_image *x = &c->images[k];
        if (!x->kept || all)
            printf("  image %s of record %s, %s for %s, %" PRIu64 " bytes%s%s\n", short_hash(&x->record->image_sha256, image),
                   short_hash(&x->record->id, record), x->record->run.unikernel, x->record->target, x->record->image_bytes, x->kept ? ": stays, " : "",
                   x->kept ? x->kept : "");
    }
}

static const char *plural(size_t n)
{
    return n == 1 ? "" : "s";
}

static void print_text(struct invocation *i, const struct gc *want, const struct collected *c)
{
    bool dry = given(i, OPTION_dry_run);
    if (dry || given(i, OPTION_verbose))
        print_images(c, given(i, OPTION_verbose));
    if (dry || given(i, OPTION_verbose))
        for (size_t k = 0; k < c->source_count; k++)
            printf("  sources %s, %" PRIu64 " bytes unpacked\n", c->sources[k].reference + strlen("refs/ukc/"), c->sources[k].bytes);
    printf("%zu image%s, %" PRIu64 " bytes, which 'ukc reproduce' makes again; %zu stay%s\n", c->evicted, plural(c->evicted), c->image_bytes,
           c->image_count - c->evicted, c->image_count - c->evicted == 1 ? "s" : "");
    if (c->results)
        printf("%zu result%s of actions, %" PRIu64 " bytes, which builds make again\n", c->results, plural(c->results), c->result_bytes);
    if (c->source_count)
        printf("%zu import%s of sources, %" PRIu64 " bytes unpacked, which 'ukc fetch' gets again\n", c->source_count, plural(c->source_count), c->source_bytes);
    if (c->unnamed)
        printf("%zu file%s or director%s that nothing names, %" PRIu64 " bytes\n", c->unnamed, plural(c->unnamed), c->unnamed == 1 ? "y" : "ies", c->unnamed_bytes);
    if (c->objects || c->packed)
        printf("%zu object%s that nothing names; %zu object%s packed: %" PRIu64 " bytes\n", c->objects, plural(c->objects), c->packed, plural(c->packed), c->object_bytes);
    printf(dry ? "the store would go from %" PRIu64 " to %" PRIu64 " bytes, and less by packing\n" : "the store went from %" PRIu64 " to %" PRIu64 " bytes\n", c->before,
           c->after);
    if (want->bounded && c->after > want->bytes)
        puts("that is more than --keep says: what is left are records and what they are made of, kept tools, sources used within a day, and images that cannot be made again");
}

static void print_json(struct invocation *i, const struct collected *c)
{
    struct json j = {};
    char hex[HASH_HEX];
    json_object(&j);
    json_field_bool(&j, "dry_run", given(i, OPTION_dry_run));
    json_key(&j, "images");
    json_array(&j);
    for (size_t k = 0; k < c->image_count; k++) {
        json_object(&j);
        hash_hex(&c->images[k].record->image_sha256, hex);
        json_field(&j, "sha256", hex);
        hash_hex(&c->images[k].record->id, hex);
        json_field(&j, "record", hex);
        json_field_number(&j, "bytes", (int64_t)c->images[k].record->image_bytes);
        json_field(&j, "kept", c->images[k].kept);
        json_end_object(&j);
    }
    json_end_array(&j);
    json_key(&j, "sources");
    json_array(&j);
    for (size_t k = 0; k < c->source_count; k++)
        json_string(&j, c->sources[k].reference);
    json_end_array(&j);
    json_field_number(&j, "evicted", (int64_t)c->evicted);
    json_field_number(&j, "image_bytes", (int64_t)c->image_bytes);
    json_field_number(&j, "source_bytes", (int64_t)c->source_bytes);
    json_field_number(&j, "results", (int64_t)c->results);
    json_field_number(&j, "result_bytes", (int64_t)c->result_bytes);
    json_field_number(&j, "unnamed", (int64_t)c->unnamed);
    json_field_number(&j, "unnamed_bytes", (int64_t)c->unnamed_bytes);
    json_field_number(&j, "objects", (int64_t)c->objects);
    json_field_number(&j, "packed", (int64_t)c->packed);
    json_field_number(&j, "object_bytes", (int64_t)c->object_bytes);
    json_field_number(&j, "before", (int64_t)c->before);
    json_field_number(&j, "after", (int64_t)c->after);
    json_end_object(&j);
    answer_json(i, &j);
}

void store_gc(struct invocation *i, const struct store *s)
{
    struct gc want;
    struct collected c;
    struct records *r = parse_bounds(i, &want) ? records_open(store_directory(s), i->diag) : NULL;
    bool good = r && gc_run(s, r, i->arena, &want, &c, i->diag);
    good = good || (r && c.before != c.after && !want.dry_run); /* what has left is said, of a damaged store as well */
    if (good && given(i, OPTION_json))
        print_json(i, &c);
    else if (good && !given(i, OPTION_quiet))
        print_text(i, &want, &c);
    records_close(r);
}
