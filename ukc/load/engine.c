/*
 * engine.c - Lua, shut in.  See engine.h.
 *
 * Everything that touches Lua runs below one lua_pcall in engine_run, with an
 * allocator that counts and a hook that counts; both end a run that goes too
 * far.  Nothing a manifest can call catches errors, so an end is an end.
 */
#include "host.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "../base/file.h"
#include "../base/text.h"
#include "message.h"

#define HOOK_STEPS 1000

const char host_base_key, host_modules_key, host_thing_key, host_tag_key;

struct engine *host_engine(lua_State *L)
{
    return *(struct engine **)lua_getextraspace(L);
}

/* ---- limits ---- */

/* The innermost Lua function's place.  Allocates nothing: the allocator calls it. */
static void locate(lua_State *L, struct engine *e)
{
    lua_Debug at;
    e->line = 0;
    for (int level = 0; lua_getstack(L, level, &at); level++) {
        if (!lua_getinfo(L, "Sl", &at) || at.currentline <= 0)
            continue;
        e->line = (uint32_t)at.currentline;
        e->chunk = (uint32_t)strtoul(at.source + 2, NULL, 10); /* "=#7" */
        return;
    }
}

/*
 * Is Lua's stack being moved?  Then the state is half taken apart (since Lua 5.4.6), and nothing
 * of it can be asked.  Lua limits the stack itself, to a million slots: it is never refused.
 * There are no coroutines, so there is one stack.
 */
static bool is_stack(struct engine *e, const void *block)
{
    return block ? block == e->stack : !e->lua && ++e->blocks == 2;
}

static void *allocate(void *context, void *block, size_t old, size_t size)
{
    struct engine *e = context;
    bool stack = size > 0 && is_stack(e, block);
    if (!block)
        old = 0;
    if (size == 0) {
        free(block);
        if (block == e->stack) /* Lua before 5.4.6 moves it into a new block */
            e->stack = NULL;
        e->used -= old;
        return NULL;
    }
    size_t left = e->used < e->limits.memory_limit ? e->limits.memory_limit - e->used : 0;
    void *p = !stack && size > old && size - old > left ? NULL : realloc(block, size);
    if (p && stack)
        e->stack = p;
    if (p) {
        e->used = e->used - old + size;
    } else if (e->lua && !stack) {
        e->refused = true;
        locate(e->lua, e);
    }
    return p;
}

static void count_steps(lua_State *L, lua_Debug *at)
{
    struct engine *e = host_engine(L);
    (void)at;
    e->steps += HOOK_STEPS;
    if (e->steps <= e->limits.step_limit)
        return;
    e->exhausted = true;
    luaL_error(L, "too many steps");
}

static int on_error(lua_State *L)
{
    locate(L, host_engine(L));
    return 1;
}

/* The line of the Lua code that called the running C function, and its scan. */
const struct scan *host_caller(lua_State *L, uint32_t *line)
{
    struct engine *e = host_engine(L);
    locate(L, e);
    *line = e->line;
    return e->line ? e->scans.items[e->chunk] : NULL;
}

/* Ends the run with a message at `span`; `help` may be NULL.  Strings are the arena's. */
int host_raise_at(lua_State *L, struct span span, const char *text, const char *help)
{
    struct engine *e = host_engine(L);
    e->failure.set = true;
    e->failure.span = span;
    e->failure.text = text;
    e->failure.help = help;
    return luaL_error(L, "failed");
}

/* The same at `word` on the host_caller's line. */
int host_raise_word(lua_State *L, const char *word, const char *text, const char *help)
{
    uint32_t line;
    const struct scan *scan = host_caller(L, &line);
    uint32_t t = scan && word ? scan_find(scan, line, word, strlen(word), 0) : NO_TOKEN;
    struct span place = t != NO_TOKEN ? scan_span(scan, t, t)
                        : scan        ? scan_line(scan, line)
                                      : SPAN_NONE;
    return host_raise_at(L, place, text, help);
}

/* ---- running ---- */

struct syntax_check {
    lua_State *lua;
    const struct scan *scan;
    const char *message;
};

static bool same_message(void *context, size_t size)
{
    struct syntax_check *c = context;
    lua_State *L = c->lua;
    bool same = luaL_loadbufferx(L, c->scan->source->bytes, size, "=#0", "t") == LUA_ERRSYNTAX &&
                string_equal(lua_tostring(L, -1), c->message);
    lua_pop(L, 1);
    return same;
}

/* The text that Lua refused is ours; the message must be about the user's. */
static void report_syntax(lua_State *L, const struct scan *scan)
{
    struct engine *e = host_engine(L);
    int status = luaL_loadbufferx(L, scan->source->bytes, scan->source->size, "=#0", "t");
    if (status == LUA_OK) { /* only ours is nested too deeply, or the like */
        lua_pop(L, 1);
        lua_pushvalue(L, -1);
    }
    struct syntax_check check = {L, scan, luaL_tolstring(L, -1, NULL)};
    uint32_t chunk = 0, line = 0;
    const char *rest = message_prefix(check.message, &chunk, &line);
    message_syntax(e->arena, scan, line, rest, same_message, &check, e->diag);
    lua_pop(L, 2);
    e->failure.set = e->failure.reported = true;
    luaL_error(L, "syntax");
}

static void report_duplicate(void *context, const struct scan_table *t,
                             const struct scan_field *first, const struct scan_field *second)
{
    struct engine *e = context;
    diag_error(e->diag, scan_span(t->scan, second->key, second->key),
               "'%s' is written twice in one table", shown(e->arena, first->name, first->length));
    diag_note(e->diag, scan_span(t->scan, first->key, first->key), "first written here");
}

/* Pushes the chunk of a source, with its own environment. */
static void push_chunk(lua_State *L, const struct source *source)
{
    struct engine *e = host_engine(L);
    char name[16];
    snprintf(name, sizeof name, "=#%zu", e->scans.count);
    struct scan *scan = scan_source(e->arena, source, (uint32_t)e->tables.count);
    *vec_add(e->arena, &e->scans) = scan;
    for (uint32_t i = 0; i < scan->table_count; i++)
        *vec_add(e->arena, &e->tables) = &scan->tables[i];
    for (uint32_t i = 0; i < scan->token_count; i++) {
        const struct token *t = &scan->tokens[i];
        const char *s = source->bytes + t->offset;
        if (t->kind == TOKEN_NAME && t->length == 4 &&
            (memcmp(s, "__at", 4) == 0 || memcmp(s, "_ENV", 4) == 0))
            host_raise_at(L, scan_span(scan, i, i),
                          arena_printf(e->arena, "'%.4s' is not available in a manifest", s), NULL);
    }
    int status = luaL_loadbufferx(L, scan->text, scan->text_size, name, "t");
    if (status == LUA_ERRMEM)
        lua_error(L);
    if (status != LUA_OK)
        report_syntax(L, scan);
    scan_duplicates(scan, report_duplicate, e);
    host_push_environment(L);
    lua_setupvalue(L, -2, 1);
}

static bool plain_module_name(const char *s, size_t size)
{
    return *s && strlen(s) == size &&
           strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-") ==
               strlen(s);
}

static const char *module_path(lua_State *L, const char *directory, const char *name)
{
    struct engine *e = host_engine(L);
    host_charge(L, 2 * (strlen(name) + strlen(directory) + 8));
    return path_join(e->arena, directory, arena_printf(e->arena, "%s.lua", name));
}

int host_require(lua_State *L)
{
    struct engine *e = host_engine(L);
    size_t size = 0;
    const char *name = lua_type(L, 1) == LUA_TSTRING ? host_keep_name(L, 1, &size) : NULL;
    if (!name || !plain_module_name(name, size))
        return host_raise_word(
            L, "require",
            "require takes the name of a file beside the manifest, without '.lua' "
            "and without a path",
            "to use another directory, write: use \"directory\"");
    const char *directory = e->directory, *path = module_path(L, directory, name);
    if (e->shared && !file_exists(path)) {
        directory = e->shared;
        path = module_path(L, directory, name);
    }
    lua_settop(L, 1);
    lua_rawgetp(L, LUA_REGISTRYINDEX, &host_modules_key);
    int state = lua_getfield(L, 2, path);
    if (state == LUA_TTABLE) { /* { value } */
        lua_rawgeti(L, 3, 1);
        return 1;
    }
    if (state == LUA_TBOOLEAN)
        return host_raise_word(L, "require", arena_printf(e->arena, "'%s' requires itself", name),
                               NULL);
    uint32_t line;
    const struct scan *scan = host_caller(L, &line);
    uint32_t t = scan ? scan_find_call(scan, line, "require", name) : NO_TOKEN;
    struct span span = t != NO_TOKEN ? scan_span(scan, t + 1, t + 1)
                       : scan        ? scan_line(scan, line)
                                     : SPAN_NONE;
    const char *out = file_leads_out(e->arena, directory, path);
    if (out)
        return host_raise_at(
            L, span,
            arena_printf(e->arena, "'%s.lua' leaves the directory of the manifest: a symbolic link leads to '%s'",
                         name, shown_within(e->arena, out, strlen(out), 400)),
            NULL);
    const struct source *source = engine_read(e->arena, path, e->known, span, e->diag);
    if (!source) {
        e->failure.set = e->failure.reported = true;
        return luaL_error(L, "unread");
    }
    *vec_add(e->arena, &e->required) = source;
    lua_pushboolean(L, false);
    lua_setfield(L, 2, path);
    push_chunk(L, source);
    lua_call(L, 0, 1);
    lua_createtable(L, 1, 0);
    lua_pushvalue(L, -2);
    lua_rawseti(L, -2, 1);
    lua_setfield(L, 2, path);
    return 1;
}

/* The i-th declaration of the list on the stack. */
static const struct thing *declared(lua_State *L, lua_Integer i)
{
    lua_rawgeti(L, -1, i);
    const struct thing *t = lua_touserdata(L, -1);
    lua_pop(L, 1);
    return t;
}

/*
 * A declaration that nothing returns has no effect: surely not what was meant.  When nothing is returned at all, or
 * none of the unikernels, that is why the manifest will not do.
 */
static void report_unreturned(lua_State *L, struct engine *e, size_t returned)
{
    lua_rawgetp(L, LUA_REGISTRYINDEX, &host_modules_key);
    lua_rawgeti(L, -1, 1);
    lua_Integer n = (lua_Integer)lua_rawlen(L, -1);
    bool unikernel = false;
    for (lua_Integer i = 1; i <= n; i++)
        unikernel |= declared(L, i)->form == FORM_unikernel && declared(L, i)->converted;
    for (lua_Integer i = 1; i <= n; i++) {
        const struct thing *t = declared(L, i);
        if (t->converted)
            continue;
        bool fatal = (!returned && !e->uses.count) || (t->form == FORM_unikernel && !unikernel);
        bool (*report)(struct diag *, struct span, const char *, ...) = fatal ? diag_error : diag_warning;
        report(e->diag, t->span, "%s '%s' is declared but not returned", form_names[t->form], shown(e->arena, t->name, t->name_size));
        diag_help(e->diag, "write 'return' before it; several declarations are separated by commas");
    }
    lua_pop(L, 2);
}

/* Where the values of the last `return` of a chunk stand: those between its commas. */
static struct span return_place(const struct scan *scan, int number)
{
    uint32_t at = NO_TOKEN, depth = 0;
    for (uint32_t i = 0; scan->whole && i < scan->token_count; i++) {
        const struct token *t = &scan->tokens[i];
        if (t->match != NO_TOKEN && t->match > i)
            i = t->match;
        else if (t->kind == TOKEN_KEYWORD && t->length == 6 &&
                 memcmp(scan->source->bytes + t->offset, "return", 6) == 0)
            at = i + 1;
    }
    for (; at != NO_TOKEN && number > 0; at++) {
        const struct token *t = &scan->tokens[at];
        if (t->kind == TOKEN_END)
            return scan_span(scan, at - 1, at - 1);
        if (t->match != NO_TOKEN && t->match > at)
            at = t->match;
        else if (t->kind == ',' && depth == 0)
            number--;
    }
    if (at == NO_TOKEN)
        return (struct span){.source = scan->source};
    uint32_t last = at;
    for (uint32_t i = at;
         i < scan->token_count && scan->tokens[i].kind != ',' && scan->tokens[i].kind != TOKEN_END;
         i++) {
        if (scan->tokens[i].match != NO_TOKEN && scan->tokens[i].match > i)
            i = scan->tokens[i].match;
        last = i;
    }
    return scan_span(scan, at, last);
}

/* Arguments: the source and the evaluation, as light userdata. */
static int run_file(lua_State *L)
{
    struct engine *e = host_engine(L);
    const struct source *source = lua_touserdata(L, 1);
    struct evaluation *out = lua_touserdata(L, 2);
    lua_settop(L, 0);
    lua_newtable(L); /* the memo, index 1 */
    lua_rawgetp(L, LUA_REGISTRYINDEX, &host_modules_key);
    lua_newtable(L);
    lua_rawseti(L, -2, 1);
    lua_pop(L, 1);
    size_t chunk = e->scans.count;
    push_chunk(L, source);
    lua_call(L, 0, LUA_MULTRET);
    struct host_conversion c = {.lua = L, .engine = e, .memo = 1};
    size_t count = (size_t)lua_gettop(L) - 1;
    host_charge(L, count * sizeof(struct value));
    struct value *values = arena_array(e->arena, struct value, count);
    for (size_t i = 0; i < count; i++)
        values[i] = host_convert(&c, (int)i + 2, NULL,
                                 count < 1000 ? return_place(e->scans.items[chunk], (int)i)
                                              : (struct span){.source = source},
                                 0);
    report_unreturned(L, e, count);
    *out = (struct evaluation){values, count, e->uses.items, e->uses.count};
    lua_pushboolean(L, !c.failed);
    return 1;
}

static struct span error_place(const struct engine *e, const struct source *source)
{
    return e->line ? scan_line(e->scans.items[e->chunk], e->line) : (struct span){.source = source};
}

/* Why the run ended, from the error value on the stack. */
static void report_error(struct engine *e, const struct source *source, int status)
{
    lua_State *L = e->lua;
    const char *text = lua_type(L, -1) == LUA_TSTRING ? lua_tostring(L, -1) : NULL;
    if (e->exhausted) {
        diag_error(e->diag, error_place(e, source),
                   "this does not come to an end: stopped after %llu steps",
                   (unsigned long long)e->limits.step_limit);
        diag_help(e->diag, "look for a loop or recursion without an end");
    } else if (e->failure.set) {
        if (e->failure.reported)
            return;
        diag_error(e->diag, e->failure.span, "%s", e->failure.text);
        if (e->failure.help)
            diag_help(e->diag, "%s", e->failure.help);
    } else if (status == LUA_ERRMEM || (e->refused && text && strstr(text, "not enough memory"))) {
        e->full = true;
        diag_error(e->diag, error_place(e, source),
                   "the manifest takes more than %zu MiB of memory", e->limits.memory_limit >> 20);
    } else if (!text) {
        diag_error(e->diag, error_place(e, source), "'error' was called with %s; it takes a text",
                   host_type_name(L, -1));
        diag_help(e->diag, "write: error(\"what is wrong\")");
    } else {
        const char *rest = message_prefix(text, &e->chunk, &e->line);
        if (e->line && e->chunk < e->scans.count)
            message_runtime(e->arena, e->scans.items[e->chunk], e->line, rest, e->diag);
        else
            diag_error(e->diag, (struct span){.source = source}, "%s",
                       shown(e->arena, rest, strlen(rest)));
    }
}

void engine_know(struct engine *e, const struct known_place *known)
{
    e->known = known;
}

bool engine_run(struct engine *e, const struct source *source, const char *directory, const char *shared, struct evaluation *out)
{
    lua_State *L = e->lua;
    size_t errors = diag_errors(e->diag);
    *out = (struct evaluation){0};
    if (engine_exhausted(e))
        return false;
    e->refused = false;
    e->failure.set = e->failure.reported = false;
    e->directory = directory;
    e->shared = shared;
    e->uses.items = NULL;
    e->uses.count = e->uses.capacity = 0;
    e->line = 0;
    watchdog_file(source->path);
    lua_settop(L, 0);
    lua_pushcfunction(L, on_error);
    lua_pushcfunction(L, run_file);
    lua_pushlightuserdata(L, (void *)source);
    lua_pushlightuserdata(L, out);
    int status = lua_pcall(L, 2, 1, 1);
    if (status != LUA_OK)
        report_error(e, source, status);
    bool ok = status == LUA_OK && lua_toboolean(L, -1) && diag_errors(e->diag) == errors;
    lua_settop(L, 0);
    return ok;
}

struct engine *engine_create(struct arena *a, const struct engine_options *options, struct diag *d)
{
    struct engine *e = arena_new(a, struct engine);
    *e = (struct engine){.arena = a, .diag = d, .limits = *options};
    lua_State *L = lua_newstate(allocate, e);
    int status = LUA_ERRMEM;
    if (L) {
        *(struct engine **)lua_getextraspace(L) = e;
        lua_pushcfunction(L, host_set_up);
        status = lua_pcall(L, 0, 0, 0);
    }
    e->lua = L;
    if (status != LUA_OK) {
        engine_destroy(e);
        diag_fail(d, DIAG_OUTSIDE, SPAN_NONE, "not enough memory to evaluate manifests");
        return NULL;
    }
    lua_gc(
        L, LUA_GCINC, 400, 0,
        0); /* seldom: a manifest keeps nearly all it makes; a full collection precedes a refusal */
    lua_sethook(L, count_steps, LUA_MASKCOUNT, HOOK_STEPS);
    watchdog_start(options->seconds);
    return e;
}

void engine_destroy(struct engine *e)
{
    if (e->lua) {
        watchdog_stop();
        lua_close(e->lua);
    }
    e->lua = NULL;
}

bool engine_exhausted(const struct engine *e)
{
    return e->exhausted || e->full;
}

const struct source *const *engine_required(const struct engine *e, size_t *count)
{
    *count = e->required.count;
    return e->required.items;
}
