/*
 * store.c - ukc store and ukc verify: the user's store as a whole.
 */
#include "store_gc.h"
#include "verify_signed.h"
#include "../base/file.h"
#include "../base/json.h"
#include "../base/text.h"
#include "../../provenance/exchange.h"
#include "../../provenance/store.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A damaged index leaves its place, with its journal, and is kept. */
static bool set_aside(struct invocation *i, const char *store)
{
    static const char *const endings[] = {"", "-wal", "-shm"};
    const char *aside = NULL;
    for (unsigned n = 1; n < 1000 && !aside; n++) {
        const char *path = arena_printf(i->arena, "%s/records.db.damaged-%u", store, n);
        aside = file_exists(path) ? NULL : path;
    }
    for (size_t k = 0; aside && k < 3; k++) {
        const char *from = arena_printf(i->arena, "%s/records.db%s", store, endings[k]);
        struct stat st;
        if (lstat(from, &st) == 0 && rename(from, arena_printf(i->arena, "%s%s", aside, endings[k])) != 0)
            return diag_fail(i->diag, DIAG_OUTSIDE, SPAN_NONE, "'%s' cannot be set aside: %s", from, strerror(errno));
    }
    if (aside)
        printf("the index as it was is kept as '%s'\n", aside);
    return aside;
}

static struct records *open_or_replace(struct invocation *i, const char *store)
{
    struct diag *first = diag_create();
    struct records *r = records_open(store, first);
    bool damaged = !r && diag_status(first) == DIAG_INTEGRITY;
    diag_destroy(first);
    if (r || (damaged && !set_aside(i, store)))
        return r;
    return records_open(store, i->diag);
}

/* The log first, for it is what the index is made of. */
static void reindex(struct invocation *i, const struct store *opened)
{
    const char *store = store_directory(opened);
    size_t added = 0;
    struct returned back = {};
    struct records *r = open_or_replace(i, store);
    bool good = r && records_return(r, &back, i->diag);
    if (good && (back.returned + back.gone + back.astray || !records_index_is_right(r))) {
        records_close(r);
        r = set_aside(i, store) ? records_open(store, i->diag) : NULL;
        good = r;
    }
    good = good && records_reindex(r, &added, i->diag);
    if (good && !given(i, OPTION_quiet)) {
        if (back.returned + back.gone)
            printf("%zu added to the log again, %zu gone\n", back.returned, back.gone);
        printf("%zu runs and reproductions added to the index\n", added);
    }
    records_close(r);
}

static void print_exchanged(struct invocation *i, const struct exchanged *x, const char *where)
{
    if (given(i, OPTION_json)) {
        struct json j = {};
        json_object(&j);
        json_field(&j, "remote", i->arguments[1]);
        json_field_number(&j, "records", (int64_t)x->records);
        json_field_number(&j, "runs", (int64_t)x->runs);
        json_field_number(&j, "reproductions", (int64_t)x->reproductions);
        json_end_object(&j);
        answer_json(i, &j);
    } else if (!given(i, OPTION_quiet)) {
        printf("%zu record%s, %zu run%s and %zu reproduction%s were new %s\n", x->records, x->records == 1 ? "" : "s", x->runs, x->runs == 1 ? "" : "s",
               x->reproductions, x->reproductions == 1 ? "" : "s", where);
    }
}

static bool parse_patience(struct invocation *i, unsigned *seconds)
{
    *seconds = EXCHANGE_PATIENCE;
    return invocation_number(i, OPTION_timeout, "--timeout", 86400, seconds);
}

static void push(struct invocation *i, const struct store *store)
{
    struct exchanged x;
    unsigned patience;
    struct records *r = parse_patience(i, &patience) ? records_open(store_directory(store), i->diag) : NULL;
    if (r && exchange_push(r, i->arguments[1], patience, &x, i->diag))
        print_exchanged(i, &x, "there");
    records_close(r);
}

static void pull(struct invocation *i, const struct store *store)
{
    struct exchanged x;
    unsigned patience;
    struct records *r = parse_patience(i, &patience) ? records_open(store_directory(store), i->diag) : NULL;
    if (r && exchange_pull(r, i->arguments[1], patience, &x, i->diag))
        print_exchanged(i, &x, "here");
    records_close(r);
}

int command_store(struct invocation *i)
{
    static const struct {
        const char *word;
        size_t arguments;
        void (*run)(struct invocation *, const struct store *);
    } actions[] = {{"reindex", 1, reindex}, {"push", 2, push}, {"pull", 2, pull}, {"gc", 1, store_gc}};
    for (size_t k = 0; k < sizeof actions / sizeof actions[0]; k++) {
        if (!string_equal(i->arguments[0], actions[k].word))
            continue;
        if (i->argument_count != actions[k].arguments) {
            diag_fail(i->diag, DIAG_USAGE, SPAN_NONE, actions[k].arguments == 2 ? "ukc store %s needs a remote" : "ukc store %s takes no words", actions[k].word);
            if (actions[k].arguments == 2)
                diag_help(i->diag, "a remote is a git repository: a directory, or an address");
            return DIAG_USAGE;
        }
        struct store *s = store_open(NULL, i->diag);
        if (s)
            actions[k].run(i, s);
        store_close(s);
        return (int)diag_status(i->diag);
    }
    diag_fail(i->diag, DIAG_USAGE, SPAN_NONE, "'ukc store %s' is nothing that can be done", i->arguments[0]);
    diag_help(i->diag, "there are 'ukc store push', 'ukc store pull', 'ukc store gc' and 'ukc store reindex'");
    return DIAG_USAGE;
}

static void print_verified_json(struct invocation *i, const struct verified *v, bool deep)
{
    struct json j = {};
    json_object(&j);
    json_field_number(&j, "runs", (int64_t)v->runs);
    json_field_number(&j, "records", (int64_t)v->records);
    json_field_bool(&j, "deep", deep);
    if (deep) {
        json_field_number(&j, "imports", (int64_t)v->imports);
        json_field_number(&j, "tools", (int64_t)v->tools);
        json_field_number(&j, "files", (int64_t)v->files);
    }
    json_end_object(&j);
    answer_json(i, &j);
}

static void print_verified(const struct verified *v, bool deep)
{
    printf("%zu run%s of %zu record%s: %s\n", v->runs, v->runs == 1 ? "" : "s", v->records, v->records == 1 ? "" : "s",
           deep ? "every object and image is what it says" : "records, recipes, actions and intents are what they say (--deep: all else in the store too)");
    if (deep && v->imports + v->tools)
        printf("and so are %zu import%s of sources and %zu set%s of kept tools\n", v->imports, v->imports == 1 ? "" : "s", v->tools, v->tools == 1 ? "" : "s");
}

int command_verify(struct invocation *i)
{
    if (given(i, OPTION_signed) || given(i, OPTION_key))
        return verify_signed(i);
    struct verified v = {};
    struct store *s = store_open(NULL, i->diag);
    struct records *r = s ? records_open(store_directory(s), i->diag) : NULL;
    bool deep = given(i, OPTION_deep);
    bool good = r && records_verify(r, deep, &v, i->diag);
    if (good && given(i, OPTION_json))
        print_verified_json(i, &v, deep);
    else if (good && !given(i, OPTION_quiet))
        print_verified(&v, deep);
    records_close(r);
    store_close(s);
    return (int)diag_status(i->diag);
}
