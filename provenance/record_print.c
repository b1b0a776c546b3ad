/*
 * record_print.c - records as people and scripts read them.  Times are UTC.
 */
#include <inttypes.h>
#include <stdio.h>
#include <time.h>
#include "../ukc/base/json.h"
#include "../ukc/base/text.h"
#include "record.h"

static const char *when(int64_t ms, char out[40])
{
    time_t seconds = (time_t)(ms / 1000);
    struct tm tm;
    if (!gmtime_r(&seconds, &tm) || strftime(out, 40, "%Y-%m-%d %H:%M:%SZ", &tm) == 0)
        snprintf(out, 40, "%" PRId64 " ms", ms);
    return out;
}

static const char *hex(const struct hash *h, char out[HASH_HEX])
{
    hash_hex(h, out);
    return out;
}

static const char *or_none(const char *s)
{
    return s && *s ? s : "-";
}

void record_print_list(const struct record *r, size_t count, struct text *out)
{
    char id[HASH_HEX], image[HASH_HEX], time[40];
    if (count)
        text_printf(out, "%-12s  %-20s  %-16s  %-6s  %-8s  %9s  %-12s  %s\n", "record", "built", "unikernel", "target", "profile", "bytes", "image",
                    "builds, reproduced");
    for (size_t i = 0; i < count; i++)
        text_printf(out, "%.12s  %-20s  %-16s  %-6s  %-8s  %9" PRIu64 "  %.12s  %" PRIu64 ", %" PRIu64 "%s\n", hex(&r[i].id, id), when(r[i].run.started_ms, time),
                    or_none(r[i].run.unikernel), r[i].target, r[i].profile, r[i].image_bytes, hex(&r[i].image_sha256, image), r[i].builds, r[i].reproduced,
                    r[i].other_images ? "  (its recipe gave other images too)" : "");
}

void record_print_text(const struct record *r, struct text *out)
{
    char buf[HASH_HEX], time[40];
    text_printf(out, "record     %s\n", hex(&r->id, buf));
    text_printf(out, "recipe     %s\n", hex(&r->recipe, buf));
    text_printf(out, "unikernel  %s for %s, %s\n", or_none(r->run.unikernel), r->target, r->profile);
    text_printf(out, "image      %s\n", or_none(r->run.image));
    text_printf(out, "sha256     %s\n", hex(&r->image_sha256, buf));
    text_printf(out, "bytes      %" PRIu64 "\n", r->image_bytes);
    text_printf(out, "built      %s, in %" PRId64 " ms, by ukc %s\n", when(r->run.started_ms, time), r->run.ended_ms - r->run.started_ms, or_none(r->run.version));
    text_printf(out, "where      %s, by %s on %s\n", or_none(r->run.project), or_none(r->run.user), or_none(r->run.host));
    text_printf(out, "audit      %s\n", or_none(r->run.audit));
    text_printf(out, "builds     %" PRIu64 "\n", r->builds);
    if (r->reproduced)
        text_printf(out, "reproduced %" PRIu64 " time%s, last %s\n", r->reproduced, r->reproduced == 1 ? "" : "s", when(r->reproduced_ms, time));
    if (r->differed)
        text_printf(out, "differed   %" PRIu64 " time%s, when it was to be reproduced\n", r->differed, r->differed == 1 ? "" : "s");
    if (r->other_images)
        text_printf(out, "differs    the same recipe gave %" PRIu64 " other image%s\n", r->other_images, r->other_images == 1 ? "" : "s");
    if (r->other_records)
        text_printf(out, "also       %" PRIu64 " other record%s this image; 'ukc log' lists %s\n", r->other_records, r->other_records == 1 ? " has" : "s have", r->other_records == 1 ? "it" : "them");
}

static void field_hash(struct json *j, const char *name, const struct hash *h)
{
    char buf[HASH_HEX];
    json_field(j, name, hex(h, buf));
}

void record_print_json(const struct record *r, struct json *j)
{
    field_hash(j, "record", &r->id);
    field_hash(j, "recipe", &r->recipe);
    json_field(j, "unikernel", r->run.unikernel);
    json_field(j, "target", r->target);
    json_field(j, "profile", r->profile);
    json_field(j, "image", r->run.image);
    field_hash(j, "sha256", &r->image_sha256);
    json_field_number(j, "bytes", (int64_t)r->image_bytes);
    json_field(j, "ukc", r->run.version);
    json_field(j, "project", r->run.project);
    json_field(j, "host", r->run.host);
    json_field(j, "user", r->run.user);
    json_field_number(j, "started_ms", r->run.started_ms);
    json_field_number(j, "ended_ms", r->run.ended_ms);
    json_field(j, "audit", r->run.audit);
    json_field_number(j, "builds", (int64_t)r->builds);
    json_field_number(j, "reproduced", (int64_t)r->reproduced);
    json_field_number(j, "differed", (int64_t)r->differed);
    if (r->reproduced)
        json_field_number(j, "reproduced_ms", r->reproduced_ms);
    json_field_number(j, "other_images", (int64_t)r->other_images);
    json_field_number(j, "other_records", (int64_t)r->other_records);
}
