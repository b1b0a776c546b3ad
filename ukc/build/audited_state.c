/*
 * audited_state.c - <build>/audit.state: what watched commands left, and what they looked for in vain.
 *
 *     output <sha256> <size> <mtime> <inode> <path>
 *     absent <path>                                   of the output above
 *
 * Size, time and inode save the hashing; a copy of a project has others, and the same contents.
 */
#include "audited.h"
#include "../base/file.h"
#include "../base/hash.h"
#include "../base/map.h"
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char first_line[] = "ukc-audit 1\n";

struct entry {
    const char *path, *sha256;
    struct file_stat stat;
    VEC(const char *) absent;
};

struct state {
    VEC(struct entry) entries;
    struct map places; /* of outputs */
};

static bool take_output(struct project *p, const char *line, struct entry *e)
{
    char hex[HASH_HEX];
    int used = 0;
    if (sscanf(line, "output %64[0-9a-f] %" SCNu64 " %" SCNd64 " %" SCNu64 " %n", hex, &e->stat.size, &e->stat.mtime_ns, &e->stat.inode, &used) != 4 || !used)
        return false;
    e->sha256 = arena_strdup(p->a, hex);
    e->path = line + used;
    return true;
}

static void read_state(struct project *p, struct state *state)
{
    const char *path = project_file(p, "audit.state");
    struct diag *quiet = diag_create();
    const struct source *s = file_exists(path) ? file_read(p->a, path, SPAN_NONE, 0, quiet) : NULL;
    diag_destroy(quiet);
    if (!s || !string_starts(s->bytes, first_line))
        return;
    for (const char *next = s->bytes + strlen(first_line); *next;) {
        size_t n = strcspn(next, "\n");
        const char *line = arena_strndup(p->a, next, n);
        struct entry e = {};
        next += n + (next[n] == '\n');
        if (string_starts(line, "absent ") && state->entries.count) {
            *vec_add(p->a, &state->entries.items[state->entries.count - 1].absent) = line + strlen("absent ");
        } else if (take_output(p, line, &e)) {
            map_set(&state->places, e.path, (uint32_t)state->entries.count);
            *vec_add(p->a, &state->entries) = e;
        }
    }
}

static const struct entry *find(const struct state *state, const char *path)
{
    uint32_t at = map_get(&state->places, path);
    return at == MAP_ABSENT ? NULL : &state->entries.items[at];
}

static const char *hash_of(struct project *p, const char *path)
{
    struct hash h;
    char *hex = arena_array(p->a, char, HASH_HEX);
    struct diag *quiet = diag_create();
    bool good = hash_file(path, &h, NULL, quiet);
    diag_destroy(quiet);
    if (good)
        hash_hex(&h, hex);
    return good ? hex : NULL;
}

static bool is_unchanged(struct project *p, const struct entry *e, const struct file_stat *now)
{
    if (e->stat.size == now->size && e->stat.mtime_ns == now->mtime_ns && e->stat.inode == now->inode)
        return true;
    return e->stat.size == now->size && string_equal(hash_of(p, e->path), e->sha256);
}

/* ---- noting ---- */

static void put_entry(struct text *t, const char *sha256, const struct file_stat *s, const char *path, const char *const *absent, size_t count)
{
    text_printf(t, "output %s %" PRIu64 " %" PRId64 " %" PRIu64 " %s\n", sha256, s->size, s->mtime_ns, s->inode, path);
    for (size_t i = 0; i < count; i++)
        if (!strchr(absent[i], '\n'))
            text_printf(t, "absent %s\n", absent[i]);
}

bool audited_is_made(struct project *p, const char *output, const char *path)
{
    return string_starts(path, project_file(p, "obj/")) || string_starts(path, output);
}

static const struct audited_output *without_made(struct project *p, const struct audited_output *o)
{
    VEC(const char *) kept = {};
    for (size_t i = 0; i < o->absent_count; i++)
        if (!audited_is_made(p, o->path, o->absent[i]))
            *vec_add(p->a, &kept) = o->absent[i];
    struct audited_output *out = arena_new(p->a, struct audited_output);
    *out = (struct audited_output){o->path, kept.items, kept.count};
    return out;
}

bool audited_note(struct project *p, const struct edges *edges, const struct audited_output *outputs, size_t count)
{
    struct state before = {};
    struct map fresh = {};
    struct text t = {};
    read_state(p, &before);
    for (size_t i = 0; i < count; i++)
        map_set(&fresh, outputs[i].path, (uint32_t)i);
    text_puts(&t, first_line);
    for (size_t i = 0; i < edges->count; i++) {
        const char *path = edges->items[i].output;
        uint32_t at = map_get(&fresh, path);
        const struct entry *e = at == MAP_ABSENT ? find(&before, path) : NULL;
        const struct audited_output *o = at == MAP_ABSENT ? NULL : without_made(p, &outputs[at]);
        struct file_stat now;
        const char *sha256 = (e || o) && file_stat(path, &now) ? e ? e->sha256 : hash_of(p, path) : NULL;
        if (sha256 && o)
            put_entry(&t, sha256, &now, path, o->absent, o->absent_count);
        else if (sha256 && is_unchanged(p, e, &now))
            put_entry(&t, sha256, &now, path, e->absent.items, e->absent.count);
    }
    bool good = file_write(project_file(p, "audit.state"), t.bytes, t.size, NULL, p->d);
    text_dispose(&t);
    map_dispose(&before.places);
    map_dispose(&fresh);
    return good;
}

/* ---- asking ---- */

const struct edges *audited_missing(struct project *p, const struct edges *needed)
{
    struct state state = {};
    VEC(struct edge) missing = {};
    read_state(p, &state);
    for (size_t i = 0; i < needed->count; i++) {
        const char *output = needed->items[i].output;
        const struct entry *e = find(&state, output);
        struct file_stat now;
        if (!string_equal(needed->items[i].rule, "configure") && file_stat(output, &now) && !(e && is_unchanged(p, e, &now)))
            *vec_add(p->a, &missing) = needed->items[i];
    }
    map_dispose(&state.places);
    struct edges *e = arena_new(p->a, struct edges);
    *e = (struct edges){missing.items, missing.count};
    return e;
}

static const char *first_there(const struct entry *e, struct map *there)
{
    for (size_t i = 0; i < e->absent.count; i++) {
        uint32_t known = map_get(there, e->absent.items[i]);
        if (known == MAP_ABSENT) {
            known = file_exists(e->absent.items[i]);
            map_add(there, e->absent.items[i], known);
        }
        if (known)
            return e->absent.items[i];
    }
    return NULL;
}

bool audited_appeared(struct project *p, bool quiet)
{
    struct state state = {};
    struct map there = {};
    bool good = true;
    read_state(p, &state);
    for (size_t i = 0; i < state.entries.count && good; i++) {
        const char *appeared = first_there(&state.entries.items[i], &there), *path = state.entries.items[i].path;
        if (!appeared || !file_exists(path))
            continue;
        if (!quiet)
            fprintf(given(p->i, OPTION_json) ? stderr : stdout, "'%s' is there now, which '%s' was made without: making it again\n", appeared, path);
        good = unlink(path) == 0 || diag_fail(p->d, DIAG_OUTSIDE, SPAN_NONE, "cannot remove '%s': %s", path, strerror(errno));
    }
    map_dispose(&state.places);
    map_dispose(&there);
    return good;
}
