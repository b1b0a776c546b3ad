/*
 * engine.c - Lua, shut in.  See engine.h.
 *
 * Everything that touches Lua runs below one lua_pcall in engine_run, with an
 * allocator that counts and a hook that counts; both end a run that goes too
 * far.  Nothing a manifest can call catches errors, so an end is an end.
 * Each chunk gets its own copy of the words and libraries: one manifest cannot
 * change what another sees.
 *
 * Order in this file: limits, the safe library, the words, values, running.
 */
#include "engine.h"

#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>
#include <stdlib.h>
#include <string.h>
#include "../base/arena.h"
#include "../base/file.h"
#include "../base/text.h"
#include "manifest.h"
#include "message.h"
#include "scan.h"

#define NESTING_LIMIT 60 /* of tables that are handed back */
#define HOOK_STEPS 1000
#define PURE "a manifest sees no files, time or randomness, so that it always means the same"

struct engine {
    lua_State *lua;
    struct arena *arena;
    struct diag *diag;
    struct engine_options limits;
    size_t used;
    uint64_t steps;
    bool refused;   /* memory, in this run */
    bool exhausted; /* steps, for good */
    VEC(struct scan *) scans; /* by chunk number */
    VEC(const struct scan_table *) tables; /* by the identity in [__at]=ID */
    VEC(const struct source *) required;
    VEC(struct use) uses;
    const char *directory; /* of the file that runs */
    uint32_t next_id;
    uint32_t chunk, line; /* where the last error was raised; line 0: unknown */
    struct {
        bool set, reported;
        struct span span;
        const char *text, *help;
    } failure; /* raised by this file, with its place */
};

/* A word's value inside Lua: userdata; its body is the user value. */
struct thing {
    enum form form;
    bool root; /* sig and key themselves */
    bool has_body, converted;
    uint32_t id;
    const char *name;
    size_t name_size;
    struct span span, name_span;
};

const char *const form_names[FORM_COUNT] = {
#define X(name, shape, body, doc) #name,
    FORMS(X)
#undef X
};
const char *const form_docs[FORM_COUNT] = {
#define X(name, shape, body, doc) doc,
    FORMS(X)
#undef X
};
static const enum shape form_shapes[FORM_COUNT] = {
#define X(name, shape, body, doc) shape,
    FORMS(X)
#undef X
};
static const char *const kind_names[KEY_KIND_COUNT] = {
#define X(name, doc) #name,
    KEY_KINDS(X)
#undef X
};

/* Registry keys, by address. */
static const char base_key, modules_key, thing_key;
/*
 * As a light userdata: the key under which a table holds the identity of its
 * constructor, and the value of the word __at.  Nothing shows it to a manifest.
 */
static const char tag_key;

static struct engine *engine_of(lua_State *L)
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

static void *allocate(void *context, void *block, size_t old, size_t size)
{
    struct engine *e = context;
    if (!block)
        old = 0;
    if (size == 0) {
        free(block);
        e->used -= old;
        return NULL;
    }
    void *p = size > old && size - old > e->limits.memory_limit - e->used ? NULL : realloc(block, size);
    if (p) {
        e->used = e->used - old + size;
    } else if (e->lua) {
        e->refused = true;
        locate(e->lua, e);
    }
    return p;
}

static void count_steps(lua_State *L, lua_Debug *at)
{
    struct engine *e = engine_of(L);
    (void)at;
    e->steps += HOOK_STEPS;
    if (e->steps <= e->limits.step_limit)
        return;
    e->exhausted = true;
    luaL_error(L, "too many steps");
}

static int on_error(lua_State *L)
{
    locate(L, engine_of(L));
    return 1;
}

/* The line of the Lua code that called the running C function, and its scan. */
static const struct scan *caller(lua_State *L, uint32_t *line)
{
    struct engine *e = engine_of(L);
    locate(L, e);
    *line = e->line;
    return e->line ? e->scans.items[e->chunk] : NULL;
}

/* Ends the run with a message at `span`; `help` may be NULL.  Strings are the arena's. */
static int raise_at(lua_State *L, struct span span, const char *text, const char *help)
{
    struct engine *e = engine_of(L);
    e->failure.set = true;
    e->failure.span = span;
    e->failure.text = text;
    e->failure.help = help;
    return luaL_error(L, "failed");
}

/* The same at `word` on the caller's line. */
static int raise_word(lua_State *L, const char *word, const char *text, const char *help)
{
    uint32_t line;
    const struct scan *scan = caller(L, &line);
    uint32_t t = scan && word ? scan_find(scan, line, word, strlen(word), 0) : NO_TOKEN;
    struct span place = t != NO_TOKEN ? scan_span(scan, t, t) : scan ? scan_line(scan, line) : SPAN_NONE;
    return raise_at(L, place, text, help);
}

/* ---- the safe library: keys in order ---- */

struct sort_key {
    int type; /* numbers before strings before booleans */
    bool whole, boolean;
    lua_Integer integer;
    lua_Number real;
    const char *text;
    size_t size;
};

/* A table has no order among keys that are tables or functions: `function` is refused. */
static void read_sort_key(lua_State *L, int index, const char *function, struct sort_key *out)
{
    *out = (struct sort_key){0};
    switch (lua_type(L, index)) {
    case LUA_TNUMBER:
        out->whole = lua_isinteger(L, index);
        out->integer = out->whole ? lua_tointeger(L, index) : 0;
        out->real = lua_tonumber(L, index);
        break;
    case LUA_TSTRING:
        out->type = 1;
        out->text = lua_tolstring(L, index, &out->size);
        break;
    case LUA_TBOOLEAN:
        out->type = 2;
        out->boolean = lua_toboolean(L, index);
        break;
    default:
        raise_word(L, function, arena_printf(engine_of(L)->arena, "a key of this table is a %s; only numbers, strings and booleans have an order",
                                             luaL_typename(L, index)), NULL);
    }
}

static int compare_text(const char *a, size_t an, const char *b, size_t bn)
{
    int order = memcmp(a, b, an < bn ? an : bn);
    return order ? order : an < bn ? -1 : an > bn;
}

static int compare_keys(const void *pa, const void *pb)
{
    const struct sort_key *a = pa, *b = pb;
    if (a->type != b->type)
        return a->type - b->type;
    if (a->type == 1)
        return compare_text(a->text, a->size, b->text, b->size);
    if (a->type == 2)
        return a->boolean - b->boolean;
    if (a->whole && b->whole)
        return a->integer < b->integer ? -1 : a->integer > b->integer;
    if (a->real != b->real)
        return a->real < b->real ? -1 : 1;
    return a->whole - b->whole;
}

static void push_key(lua_State *L, const struct sort_key *k)
{
    if (k->type == 1)
        lua_pushlstring(L, k->text, k->size);
    else if (k->type == 2)
        lua_pushboolean(L, k->boolean);
    else if (k->whole)
        lua_pushinteger(L, k->integer);
    else
        lua_pushnumber(L, k->real);
}

static bool is_tag(lua_State *L, int index)
{
    return lua_islightuserdata(L, index) && lua_touserdata(L, index) == (const void *)&tag_key;
}

/* Pushes an array of the keys of the table at index 1, in order. */
static void push_sorted_keys(lua_State *L)
{
    size_t count = 0, n = 0;
    for (lua_pushnil(L); lua_next(L, 1); lua_pop(L, 1))
        count++;
    struct sort_key *keys = lua_newuserdatauv(L, (count + 1) * sizeof *keys, 0);
    for (lua_pushnil(L); lua_next(L, 1); lua_pop(L, 1))
        if (!is_tag(L, -2))
            read_sort_key(L, -2, "pairs", &keys[n++]);
    qsort(keys, n, sizeof *keys, compare_keys);
    lua_createtable(L, n < INT32_MAX ? (int)n : 0, 0);
    for (size_t i = 0; i < n; i++) {
        push_key(L, &keys[i]);
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
}

/* upvalues: the keys, the table, how many were returned */
static int pairs_step(lua_State *L)
{
    lua_Integer i = lua_tointeger(L, lua_upvalueindex(3));
    for (;;) {
        if (lua_rawgeti(L, lua_upvalueindex(1), ++i) == LUA_TNIL)
            return 1;
        lua_pushvalue(L, -1);
        if (lua_rawget(L, lua_upvalueindex(2)) != LUA_TNIL)
            break;
        lua_pop(L, 2); /* removed meanwhile */
    }
    lua_pushinteger(L, i);
    lua_replace(L, lua_upvalueindex(3));
    return 2;
}

static int safe_pairs(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TTABLE);
    push_sorted_keys(L);
    lua_pushvalue(L, 1);
    lua_pushinteger(L, 0);
    lua_pushcclosure(L, pairs_step, 3);
    return 1;
}

static int safe_next(lua_State *L)
{
    struct sort_key last, best, k;
    bool found = false, first = lua_isnoneornil(L, 2);
    luaL_checktype(L, 1, LUA_TTABLE);
    if (!first)
        read_sort_key(L, 2, "next", &last);
    for (lua_pushnil(L); lua_next(L, 1); lua_pop(L, 1)) {
        if (is_tag(L, -2))
            continue;
        read_sort_key(L, -2, "next", &k);
        if ((first || compare_keys(&k, &last) > 0) && (!found || compare_keys(&k, &best) < 0)) {
            best = k;
            found = true;
        }
    }
    if (!found) {
        lua_pushnil(L);
        return 1;
    }
    push_key(L, &best);
    lua_pushvalue(L, -1);
    lua_rawget(L, 1);
    return 2;
}

/* ---- the safe library: sort, tostring, format ---- */

/* Stack: 1 the table, 2 the comparison or nil, 3 a second table of the same size. */
static bool sorts_before(lua_State *L)
{
    bool before;
    if (lua_isnil(L, 2)) {
        before = lua_compare(L, -2, -1, LUA_OPLT);
    } else {
        lua_pushvalue(L, 2);
        lua_pushvalue(L, -3);
        lua_pushvalue(L, -3);
        lua_call(L, 2, 1);
        before = lua_toboolean(L, -1);
        lua_pop(L, 1);
    }
    return before;
}

/* Merges [low,middle) and [middle,high) of table `from` into table `to`. */
static void merge(lua_State *L, int from, int to, lua_Integer low, lua_Integer middle, lua_Integer high)
{
    lua_Integer i = low, j = middle;
    for (lua_Integer k = low; k < high; k++) {
        bool right = i >= middle;
        if (i < middle && j < high) {
            lua_rawgeti(L, from, j);
            lua_rawgeti(L, from, i);
            right = sorts_before(L);
            lua_pop(L, 2);
        }
        lua_rawgeti(L, from, right ? j++ : i++);
        lua_rawseti(L, to, k);
    }
}

/* Lua's own sort takes pivots from the clock, which shows among equal elements; this one is stable. */
static int safe_sort(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TTABLE);
    lua_Integer n = luaL_len(L, 1);
    luaL_argcheck(L, n < INT32_MAX / 2, 1, "array too big");
    if (!lua_isnoneornil(L, 2))
        luaL_checktype(L, 2, LUA_TFUNCTION);
    lua_settop(L, 2);
    lua_newtable(L);
    int from = 1, to = 3;
    for (lua_Integer width = 1; width < n; width *= 2) {
        for (lua_Integer low = 1; low <= n; low += 2 * width) {
            lua_Integer middle = low + width <= n + 1 ? low + width : n + 1;
            merge(L, from, to, low, middle, middle + width <= n + 1 ? middle + width : n + 1);
        }
        from = to;
        to = 4 - from;
    }
    for (lua_Integer i = 1; from == 3 && i <= n; i++) {
        lua_rawgeti(L, 3, i);
        lua_rawseti(L, 1, i);
    }
    return 0;
}

/* Lua would print addresses of tables and functions. */
static void push_plain(lua_State *L, int index)
{
    int type = lua_type(L, index);
    if (type == LUA_TNUMBER || type == LUA_TSTRING || type == LUA_TBOOLEAN || type == LUA_TNIL)
        luaL_tolstring(L, index, NULL);
    else
        lua_pushstring(L, type == LUA_TUSERDATA ? "declaration" : luaL_typename(L, index));
}

static int safe_tostring(lua_State *L)
{
    luaL_checkany(L, 1);
    push_plain(L, 1);
    return 1;
}

/* upvalue: Lua's string.format */
static int safe_format(lua_State *L)
{
    int argument = 1, top = lua_gettop(L);
    for (const char *p = luaL_checkstring(L, 1); *p; p++) {
        if (*p != '%')
            continue;
        p++;
        if (*p == '%')
            continue;
        p += strspn(p, "-+ #0123456789.");
        argument++;
        if (*p == 'p')
            return raise_word(L, "format", "'%p' would print an address, which is not the same each time", NULL);
        if (*p == 's' && argument <= top) {
            push_plain(L, argument);
            lua_replace(L, argument);
        }
        if (*p == '\0')
            break;
    }
    lua_pushvalue(L, lua_upvalueindex(1));
    lua_insert(L, 1);
    lua_call(L, top, 1);
    return 1;
}

/* upvalue: the name */
static int absent_function(lua_State *L)
{
    const char *name = lua_tostring(L, lua_upvalueindex(1)), *field = strchr(name, '.') + 1;
    return raise_word(L, field, arena_printf(engine_of(L)->arena, "'%s' is not available in a manifest", name), PURE);
}

/* ---- the words ---- */

static const struct scan_table *tag_of(lua_State *L, int index)
{
    struct engine *e = engine_of(L);
    lua_rawgetp(L, index, &tag_key);
    const struct scan_table *table = NULL;
    if (lua_isinteger(L, -1)) {
        size_t id = (size_t)lua_tointeger(L, -1);
        table = id < e->tables.count ? e->tables.items[id] : NULL;
    }
    lua_pop(L, 1);
    return table;
}

static struct thing *push_thing(lua_State *L, enum form form)
{
    struct engine *e = engine_of(L);
    struct thing *t = lua_newuserdatauv(L, sizeof *t, 1);
    memset(t, 0, sizeof *t);
    t->form = form;
    t->id = e->next_id++;
    lua_rawgetp(L, LUA_REGISTRYINDEX, &thing_key);
    lua_setmetatable(L, -2);
    return t;
}

/* A Lua string may hold NULs; one more follows it. */
static const char *keep_string(lua_State *L, int index, size_t *size)
{
    const char *s = lua_tolstring(L, index, size);
    return arena_memdup(engine_of(L)->arena, s, *size + 1);
}

static void take_name(lua_State *L, int index, struct thing *t)
{
    t->name = keep_string(L, index, &t->name_size);
}

/* Where the running call of a word stands, and the string after it. */
static void place_call(lua_State *L, struct thing *t)
{
    uint32_t line, first;
    const struct scan *scan = caller(L, &line);
    if (!scan)
        return;
    first = scan_find_call(scan, line, form_names[t->form], t->name);
    if (first == NO_TOKEN) {
        t->span = t->name_span = scan_line(scan, line);
        return;
    }
    uint32_t last = first + 1;
    if (scan->tokens[last].kind == '(' && scan->tokens[last].match != NO_TOKEN)
        last = scan->tokens[first + 1].match;
    else if (scan->tokens[last].kind != TOKEN_STRING)
        last = first;
    t->span = scan_span(scan, first, last);
    bool bracket = last > first + 2;
    t->name_span = last == first ? t->span : scan_span(scan, first + 1 + bracket, last - bracket);
}

/* The body knows exactly which call it belongs to, if that call names the word. */
static void place_body(lua_State *L, int body, struct thing *t)
{
    const struct scan_table *table = tag_of(L, body);
    if (!table || table->callee == NO_TOKEN)
        return;
    const struct scan *s = table->scan;
    const struct token *callee = &s->tokens[table->callee];
    const char *word = form_names[t->form];
    if (callee->length != strlen(word) || memcmp(s->source->bytes + callee->offset, word, callee->length) != 0)
        return;
    bool named = table->argument != NO_TOKEN;
    t->span = scan_span(s, table->callee, named ? table->argument_end : table->callee_end);
    t->name_span = named ? scan_span(s, table->argument, table->argument_end) : t->span;
}

static void set_body(lua_State *L, int thing, int body, struct thing *t)
{
    lua_pushvalue(L, body);
    lua_setiuservalue(L, thing, 1);
    t->has_body = true;
    place_body(L, body, t);
}

static const char *type_name(lua_State *L, int index)
{
    switch (lua_type(L, index)) {
    case LUA_TNONE:
    case LUA_TNIL: return "nothing";
    case LUA_TSTRING: return "a string";
    case LUA_TNUMBER: return "a number";
    case LUA_TBOOLEAN: return "a boolean";
    case LUA_TTABLE: return "a table";
    case LUA_TFUNCTION: return "a function";
    default: return "a declaration";
    }
}

/* upvalue: the form */
static int call_word(lua_State *L)
{
    enum form form = (enum form)lua_tointeger(L, lua_upvalueindex(1));
    const char *word = form_names[form];
    struct arena *a = engine_of(L)->arena;
    int type = lua_type(L, 1);
    enum shape shape = form_shapes[form];
    if (type == LUA_TSTRING && shape == SHAPE_BODY)
        return raise_word(L, word, arena_printf(a, "%s takes a table of fields", word),
                          arena_printf(a, "write: %s { ... }", word));
    if (type != LUA_TSTRING && shape == SHAPE_NAMED)
        return raise_word(L, word, arena_printf(a, "%s takes a name, not %s", word, type_name(L, 1)),
                          arena_printf(a, "write: %s \"name\" { ... }", word));
    if (type != LUA_TSTRING && type != LUA_TTABLE)
        return raise_word(L, word, arena_printf(a, "%s takes %sa table, not %s", word, shape == SHAPE_EITHER ? "a string or " : "",
                                                type_name(L, 1)), NULL);
    lua_settop(L, 1);
    struct thing *t = push_thing(L, form);
    if (type == LUA_TSTRING)
        take_name(L, 1, t);
    place_call(L, t);
    if (type == LUA_TTABLE)
        set_body(L, 2, 1, t);
    return 1;
}

/* thing { ... } */
static int call_thing(lua_State *L)
{
    const struct thing *self = lua_touserdata(L, 1);
    const char *word = form_names[self->form];
    struct arena *a = engine_of(L)->arena;
    const char *name = self->name ? shown(a, self->name, self->name_size) : "";
    if (self->root)
        return raise_word(L, word, arena_printf(a, "'%s' cannot be called", word),
                          self->form == FORM_key ? "write a kind: key.port { ... }" : "write the signature's name: sig.clock");
    if (self->has_body || form_shapes[self->form] == SHAPE_EITHER)
        return raise_word(L, word, arena_printf(a, "this %s is complete; it takes no more fields", word),
                          self->form == FORM_embed ? "write: embed { \"directory\", compress = ... }" : NULL);
    if (lua_type(L, 2) != LUA_TTABLE)
        return raise_at(L, self->name_span, arena_printf(a, "%s '%s' takes a table of fields, not %s", word, name, type_name(L, 2)),
                        NULL);
    lua_settop(L, 2);
    struct thing *t = push_thing(L, self->form);
    uint32_t id = t->id;
    *t = *self;
    t->id = id;
    t->converted = false;
    set_body(L, 3, 2, t);
    if (t->form <= FORM_target) { /* to be returned; see warn_unreturned */
        lua_rawgetp(L, LUA_REGISTRYINDEX, &modules_key);
        lua_rawgeti(L, -1, 1);
        lua_pushvalue(L, 3);
        lua_rawseti(L, -2, (lua_Integer)lua_rawlen(L, -2) + 1);
        lua_settop(L, 3);
    }
    return 1;
}

/* The token of `name` in "sig.name" on the caller's line. */
static void place_index(lua_State *L, struct thing *t)
{
    uint32_t line;
    const struct scan *scan = caller(L, &line);
    if (!scan)
        return;
    const char *word = form_names[t->form];
    for (uint32_t i = 0; (i = scan_find(scan, line, word, strlen(word), i)) != NO_TOKEN; i++) {
        const struct token *k = &scan->tokens[i];
        if (k[1].kind == '.' && k[2].kind == TOKEN_NAME && k[2].length == t->name_size &&
            memcmp(scan->source->bytes + k[2].offset, t->name, t->name_size) == 0) {
            t->span = scan_span(scan, i, i + 2);
            t->name_span = scan_span(scan, i + 2, i + 2);
            return;
        }
    }
    t->span = t->name_span = scan_line(scan, line);
}

/* sig.name, key.kind */
static int index_thing(lua_State *L)
{
    const struct thing *self = lua_touserdata(L, 1);
    struct arena *a = engine_of(L)->arena;
    size_t n;
    const char *name = lua_type(L, 2) == LUA_TSTRING ? lua_tolstring(L, 2, &n) : NULL;
    if (self->root && !name)
        return raise_word(L, form_names[self->form], arena_printf(a, "'%s' is followed by a name", form_names[self->form]),
                          self->form == FORM_key ? "write a kind: key.port { ... }" : "write the signature's name: sig.clock");
    if (!self->root)
        return raise_word(L, name, arena_printf(a, "a value made by '%s' has no fields to read", form_names[self->form]), NULL);
    struct thing *t = push_thing(L, self->form);
    take_name(L, 2, t);
    place_index(L, t);
    if (t->form == FORM_key) {
        for (size_t i = 0; i < KEY_KIND_COUNT; i++)
            if (string_equal(kind_names[i], t->name))
                return 1;
        const char *near = string_nearest(t->name, kind_names, KEY_KIND_COUNT);
        return raise_at(L, t->name_span, arena_printf(a, "there is no kind of key '%s'", shown(a, t->name, t->name_size)),
                        near ? arena_printf(a, "did you mean 'key.%s'?", near) : "'ukc help manifest' lists the kinds");
    }
    return 1;
}

static int set_thing(lua_State *L)
{
    const struct thing *self = lua_touserdata(L, 1);
    return raise_word(L, NULL, arena_printf(engine_of(L)->arena, "a value made by '%s' cannot be changed", form_names[self->form]), NULL);
}

static int use_directory(lua_State *L)
{
    struct engine *e = engine_of(L);
    if (lua_type(L, 1) != LUA_TSTRING)
        return raise_word(L, "use", "use takes the path of a directory", "write: use \"mylib\"");
    struct thing t = {0};
    take_name(L, 1, &t);
    uint32_t line;
    const struct scan *scan = caller(L, &line);
    struct span span = scan ? scan_line(scan, line) : SPAN_NONE;
    uint32_t i = scan ? scan_find_call(scan, line, "use", t.name) : NO_TOKEN;
    if (i != NO_TOKEN) {
        uint32_t string = i + 1 + (scan->tokens[i + 1].kind == '(');
        span = scan->tokens[string].kind == TOKEN_STRING ? scan_span(scan, string, string) : scan_span(scan, i, i);
    }
    if (t.name_size != strlen(t.name) || !string_is_clean_utf8(t.name, t.name_size))
        return raise_at(L, span, "the path contains control characters", NULL);
    *vec_add(e->arena, &e->uses) = (struct use){t.name, span};
    return 0;
}

/* ---- what a manifest sees ---- */

static const char *const base_words[] = {"assert", "error", "ipairs", "select", "tonumber", "type"};
static const char *const libraries[] = {"table", "string", "math", "utf8"};
static const struct {
    const char *name, *help;
} absent_words[] = {
    {"io", PURE}, {"os", PURE}, {"print", PURE}, {"dofile", PURE}, {"loadfile", PURE}, {"package", PURE},
    {"load", "a manifest cannot make code at run time"}, {"loadstring", "a manifest cannot make code at run time"},
    {"pcall", "an error in a manifest is always reported"}, {"xpcall", "an error in a manifest is always reported"},
    {"coroutine", "use a function or a loop"}, {"debug", PURE}, {"collectgarbage", PURE},
    {"setmetatable", "tables in a manifest are plain data"}, {"getmetatable", "tables in a manifest are plain data"},
    {"rawget", "tables in a manifest are plain data: index them"}, {"rawset", "tables in a manifest are plain data: index them"},
    {"rawlen", "use the operator '#'"}, {"rawequal", "use the operator '=='"}, {"_G", "globals cannot be listed; use locals"},
};

static int unknown_word(lua_State *L)
{
    struct arena *a = engine_of(L)->arena;
    if (lua_type(L, 2) != LUA_TSTRING)
        return luaL_error(L, "unknown word");
    size_t n;
    const char *s = lua_tolstring(L, 2, &n), *name = shown(a, s, n), *help = NULL;
    for (size_t i = 0; i < sizeof absent_words / sizeof *absent_words; i++)
        if (string_equal(s, absent_words[i].name))
            return raise_word(L, s, arena_printf(a, "'%s' is not available in a manifest", name), absent_words[i].help);
    const char *known[FORM_COUNT + 16];
    size_t count = 0;
    for (size_t i = 0; i < FORM_COUNT; i++)
        known[count++] = form_names[i];
    for (size_t i = 0; i < sizeof base_words / sizeof *base_words; i++)
        known[count++] = base_words[i];
    for (size_t i = 0; i < sizeof libraries / sizeof *libraries; i++)
        known[count++] = libraries[i];
    known[count++] = "use";
    known[count++] = "require";
    known[count++] = "pairs";
    known[count++] = "tostring";
    const char *near = string_nearest(s, known, count);
    help = near ? arena_printf(a, "did you mean '%s'?", near) : "a text needs quotes; a name needs a 'local' line before it is used";
    return raise_word(L, s, arena_printf(a, "unknown word '%s'", name), help);
}

static int refuse_global(lua_State *L)
{
    struct arena *a = engine_of(L)->arena;
    size_t n;
    const char *s = luaL_tolstring(L, 2, &n), *name = shown(a, s, n);
    return raise_word(L, s, arena_printf(a, "'%s' is not declared", name), arena_printf(a, "write: local %s = ...", name));
}

static int require_file(lua_State *L);

static void add_function(lua_State *L, const char *name, lua_CFunction f)
{
    lua_pushcfunction(L, f);
    lua_setfield(L, -2, name);
}

/* Of the library on top: a call says why it is not there. */
static void remove_function(lua_State *L, const char *name)
{
    lua_pushstring(L, name);
    lua_pushcclosure(L, absent_function, 1);
    lua_setfield(L, -2, strchr(name, '.') + 1);
}

/* Opens Lua's own libraries, takes out what is not safe, and keeps the rest as the pattern of all environments. */
static void make_base(lua_State *L)
{
    static const luaL_Reg opened[] = {{"_G", luaopen_base}, {"table", luaopen_table}, {"string", luaopen_string},
                                      {"math", luaopen_math}, {"utf8", luaopen_utf8}};
    for (size_t i = 0; i < sizeof opened / sizeof *opened; i++) {
        luaL_requiref(L, opened[i].name, opened[i].func, 1);
        lua_pop(L, 1);
    }
    lua_newtable(L);
    for (size_t i = 0; i < sizeof base_words / sizeof *base_words; i++) {
        lua_getglobal(L, base_words[i]);
        lua_setfield(L, -2, base_words[i]);
    }
    for (size_t i = 0; i < sizeof libraries / sizeof *libraries; i++) {
        lua_getglobal(L, libraries[i]);
        lua_setfield(L, -2, libraries[i]);
    }
    lua_getfield(L, -1, "string");
    remove_function(L, "string.dump");
    lua_getfield(L, -1, "format");
    lua_pushcclosure(L, safe_format, 1);
    lua_setfield(L, -2, "format");
    lua_getfield(L, -2, "math");
    remove_function(L, "math.random");
    remove_function(L, "math.randomseed");
    lua_getfield(L, -3, "table");
    add_function(L, "sort", safe_sort);
    lua_pop(L, 3);
    add_function(L, "pairs", safe_pairs);
    add_function(L, "next", safe_next);
    add_function(L, "tostring", safe_tostring);
    add_function(L, "require", require_file);
    add_function(L, "use", use_directory);
    for (int i = 0; i < FORM_COUNT; i++) {
        if (form_shapes[i] == SHAPE_INDEX) {
            push_thing(L, (enum form)i)->root = true;
        } else {
            lua_pushinteger(L, i);
            lua_pushcclosure(L, call_word, 1);
        }
        lua_setfield(L, -2, form_names[i]);
    }
    lua_pushlightuserdata(L, (void *)&tag_key);
    lua_setfield(L, -2, "__at");
    lua_rawsetp(L, LUA_REGISTRYINDEX, &base_key);
}

static void copy_fields(lua_State *L, int from, int to)
{
    from = lua_absindex(L, from);
    to = lua_absindex(L, to);
    for (lua_pushnil(L); lua_next(L, from); lua_pop(L, 1)) {
        lua_pushvalue(L, -2);
        if (lua_type(L, -2) == LUA_TTABLE) { /* a library */
            lua_newtable(L);
            copy_fields(L, -3, -1);
        } else {
            lua_pushvalue(L, -2);
        }
        lua_rawset(L, to);
    }
}

static void push_environment(lua_State *L)
{
    lua_createtable(L, 0, 32);
    lua_rawgetp(L, LUA_REGISTRYINDEX, &base_key);
    copy_fields(L, -1, -2);
    lua_pop(L, 1);
    lua_createtable(L, 0, 2);
    add_function(L, "__index", unknown_word);
    add_function(L, "__newindex", refuse_global);
    lua_setmetatable(L, -2);
}

/* Everything that stands before the first chunk. */
static int set_up(lua_State *L)
{
    lua_newtable(L); /* modules: [1] declarations of this run, path = value */
    lua_rawsetp(L, LUA_REGISTRYINDEX, &modules_key);
    lua_newtable(L);
    add_function(L, "__call", call_thing);
    add_function(L, "__index", index_thing);
    add_function(L, "__newindex", set_thing);
    lua_pushliteral(L, "declaration");
    lua_setfield(L, -2, "__name");
    lua_rawsetp(L, LUA_REGISTRYINDEX, &thing_key);
    make_base(L);
    return 0;
}

/* ---- values ---- */

/* What is being handed back: the memo makes one Lua value one C value, and finds cycles. */
struct conversion {
    lua_State *lua;
    struct engine *engine;
    int memo; /* stack index: Lua value -> light userdata; false while it is being read */
    bool failed;
};

/* `tag` is the table that holds the value, if its place is known. */
static struct value convert(struct conversion *, int index, const struct scan_table *tag, struct span, int depth);

struct ranked_key {
    struct sort_key key;
    const struct scan_field *field;
};

static int compare_ranked(const void *pa, const void *pb)
{
    const struct ranked_key *a = pa, *b = pb;
    if (a->field && b->field)
        return a->field < b->field ? -1 : a->field > b->field;
    if (a->field || b->field)
        return a->field ? -1 : 1;
    return compare_keys(&a->key, &b->key);
}

/* The keys of the table at `index`, as they were written, into userdata that is pushed. */
static struct ranked_key *push_ranked_keys(struct conversion *c, int index, const struct scan_table *tag, struct span span,
                                           size_t *count)
{
    lua_State *L = c->lua;
    size_t n = 0;
    for (lua_pushnil(L); lua_next(L, index); lua_pop(L, 1))
        n++;
    struct ranked_key *keys = lua_newuserdatauv(L, (n + 1) * sizeof *keys, 0);
    *count = 0;
    for (lua_pushnil(L); lua_next(L, index); lua_pop(L, 1)) {
        struct ranked_key *k = &keys[*count];
        if (is_tag(L, -2))
            continue;
        int type = lua_type(L, -2);
        if (type != LUA_TSTRING && !lua_isinteger(L, -2)) {
            c->failed = true;
            diag_error(c->engine->diag, span, "a key of this table is neither a name nor a whole number");
            continue;
        }
        read_sort_key(L, -2, "table", &k->key);
        k->field = !tag ? NULL
                   : k->key.type == 1 ? scan_field_named(tag, k->key.text, k->key.size)
                                      : scan_field_at(tag, k->key.integer);
        ++*count;
    }
    qsort(keys, *count, sizeof *keys, compare_ranked);
    return keys;
}

static const struct table *convert_table(struct conversion *c, int index, struct span outer, int depth)
{
    lua_State *L = c->lua;
    struct arena *a = c->engine->arena;
    const struct scan_table *tag = tag_of(L, index);
    struct table *table = arena_new(a, struct table);
    table->span = tag ? scan_span(tag->scan, tag->open, tag->open) : outer;
    size_t count;
    struct ranked_key *keys = push_ranked_keys(c, index, tag, outer, &count);
    struct entry *entries = arena_array(a, struct entry, count);
    for (size_t i = 0; i < count; i++) {
        const struct scan_field *f = keys[i].field;
        struct entry *e = &entries[i];
        struct span place = f ? scan_span(tag->scan, f->value, f->value_end) : outer;
        e->key = f ? scan_span(tag->scan, f->key, f->key) : outer;
        push_key(L, &keys[i].key);
        if (keys[i].key.type == 1) {
            e->name = arena_memdup(a, keys[i].key.text, keys[i].key.size + 1);
            e->name_size = keys[i].key.size;
        } else {
            e->position = keys[i].key.integer;
        }
        lua_rawget(L, index);
        e->value = convert(c, lua_gettop(L), f ? tag : NULL, place, depth + 1);
        lua_pop(L, 1);
    }
    lua_pop(L, 1);
    table->entries = entries;
    table->count = count;
    return table;
}

/*
 * A word's value without a body was placed by its line alone; the field that
 * holds it knows better, if the word is written there.
 */
static void place_by_field(struct thing *t, const struct scan *scan, struct span field)
{
    if (t->has_body || t->converted || field.source != t->span.source || field.line != t->span.line || !scan)
        return;
    uint32_t first = scan_at(scan, field), made = scan_at(scan, t->span), name = scan_at(scan, t->name_span);
    const char *word = form_names[t->form];
    if (first == NO_TOKEN || first == made || made == NO_TOKEN || name == NO_TOKEN || scan->tokens[first].length != strlen(word) ||
        memcmp(scan->source->bytes + scan->tokens[first].offset, word, strlen(word)) != 0)
        return;
    uint32_t last = first + (name - made); /* the same tokens again, from there */
    if (last < scan->token_count && scan->tokens[last].length == scan->tokens[name].length) {
        t->span = field;
        t->name_span = scan_span(scan, last, last);
    }
}

static struct made *convert_thing(struct conversion *c, int index, const struct scan *scan, struct span field, int depth)
{
    lua_State *L = c->lua;
    struct thing *t = lua_touserdata(L, index);
    struct made *m = arena_new(c->engine->arena, struct made);
    place_by_field(t, scan, field);
    *m = (struct made){.form = t->form, .id = t->id, .name = t->name, .name_size = t->name_size, .span = t->span, .name_span = t->name_span};
    t->converted = true;
    if (lua_getiuservalue(L, index, 1) == LUA_TTABLE) {
        struct value body = convert(c, lua_gettop(L), NULL, t->span, depth + 1);
        m->body = body.kind == VALUE_TABLE ? body.table : NULL;
    }
    lua_pop(L, 1);
    return m;
}

/* Tables and things: through the memo. */
static struct value convert_object(struct conversion *c, int index, const struct scan_table *tag, struct value v, int depth)
{
    lua_State *L = c->lua;
    lua_pushvalue(L, index);
    int state = lua_rawget(L, c->memo);
    void *known = lua_touserdata(L, -1);
    lua_pop(L, 1);
    v.kind = VALUE_NIL;
    if (state == LUA_TBOOLEAN || depth > NESTING_LIMIT) {
        c->failed = true;
        diag_error(c->engine->diag, v.span, state == LUA_TBOOLEAN ? "this value contains itself" : "tables are nested too deeply");
        return v;
    }
    bool is_table = lua_type(L, index) == LUA_TTABLE;
    if (!known) {
        luaL_checkstack(L, 20, "values");
        lua_pushvalue(L, index);
        lua_pushboolean(L, false);
        lua_rawset(L, c->memo);
        known = is_table ? (void *)convert_table(c, index, v.span, depth) : (void *)convert_thing(c, index, tag ? tag->scan : NULL, v.span, depth);
        lua_pushvalue(L, index);
        lua_pushlightuserdata(L, known);
        lua_rawset(L, c->memo);
    }
    v.kind = is_table ? VALUE_TABLE : VALUE_MADE;
    if (is_table)
        v.table = known;
    else
        v.made = known;
    return v;
}

static struct value convert(struct conversion *c, int index, const struct scan_table *tag, struct span span, int depth)
{
    lua_State *L = c->lua;
    struct value v = {.span = span};
    switch (lua_type(L, index)) {
    case LUA_TNIL:
        break;
    case LUA_TBOOLEAN:
        v.kind = VALUE_BOOL;
        v.boolean = lua_toboolean(L, index);
        break;
    case LUA_TNUMBER:
        v.kind = lua_isinteger(L, index) ? VALUE_INTEGER : VALUE_FLOAT;
        if (v.kind == VALUE_INTEGER)
            v.integer = lua_tointeger(L, index);
        else
            v.real = lua_tonumber(L, index);
        break;
    case LUA_TSTRING:
        v.kind = VALUE_STRING;
        v.text = keep_string(L, index, &v.size);
        break;
    case LUA_TTABLE:
    case LUA_TUSERDATA:
        return convert_object(c, index, tag, v, depth);
    default:
        v.kind = VALUE_OTHER;
        v.type = lua_typename(L, lua_type(L, index));
    }
    return v;
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
    struct engine *e = engine_of(L);
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

static void report_duplicate(void *context, const struct scan_table *t, const struct scan_field *first, const struct scan_field *second)
{
    struct engine *e = context;
    diag_error(e->diag, scan_span(t->scan, second->key, second->key), "'%s' is written twice in one table",
               shown(e->arena, first->name, first->length));
    diag_note(e->diag, scan_span(t->scan, first->key, first->key), "first written here");
}

/* Pushes the chunk of a source, with its own environment. */
static void push_chunk(lua_State *L, const struct source *source)
{
    struct engine *e = engine_of(L);
    char name[16];
    snprintf(name, sizeof name, "=#%zu", e->scans.count);
    struct scan *scan = scan_source(e->arena, source, (uint32_t)e->tables.count);
    *vec_add(e->arena, &e->scans) = scan;
    for (uint32_t i = 0; i < scan->table_count; i++)
        *vec_add(e->arena, &e->tables) = &scan->tables[i];
    for (uint32_t i = 0; i < scan->token_count; i++) {
        const struct token *t = &scan->tokens[i];
        const char *s = source->bytes + t->offset;
        if (t->kind == TOKEN_NAME && t->length == 4 && (memcmp(s, "__at", 4) == 0 || memcmp(s, "_ENV", 4) == 0))
            raise_at(L, scan_span(scan, i, i), arena_printf(e->arena, "'%.4s' is not available in a manifest", s), NULL);
    }
    int status = luaL_loadbufferx(L, scan->text, scan->text_size, name, "t");
    if (status == LUA_ERRMEM)
        lua_error(L);
    if (status != LUA_OK)
        report_syntax(L, scan);
    scan_duplicates(scan, report_duplicate, e);
    push_environment(L);
    lua_setupvalue(L, -2, 1);
}

static bool plain_module_name(const char *s, size_t size)
{
    return *s && strlen(s) == size && strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-") == strlen(s);
}

static int require_file(lua_State *L)
{
    struct engine *e = engine_of(L);
    size_t size = 0;
    const char *name = lua_type(L, 1) == LUA_TSTRING ? keep_string(L, 1, &size) : NULL;
    if (!name || !plain_module_name(name, size))
        return raise_word(L, "require", "require takes the name of a file beside the manifest, without '.lua' and without a path",
                          "to use another directory, write: use \"directory\"");
    const char *path = path_join(e->arena, e->directory, arena_printf(e->arena, "%s.lua", name));
    lua_settop(L, 1);
    lua_rawgetp(L, LUA_REGISTRYINDEX, &modules_key);
    int state = lua_getfield(L, 2, path);
    if (state == LUA_TTABLE) { /* { value } */
        lua_rawgeti(L, 3, 1);
        return 1;
    }
    if (state == LUA_TBOOLEAN)
        return raise_word(L, "require", arena_printf(e->arena, "'%s' requires itself", name), NULL);
    uint32_t line;
    const struct scan *scan = caller(L, &line);
    uint32_t t = scan ? scan_find_call(scan, line, "require", name) : NO_TOKEN;
    struct span span = t != NO_TOKEN ? scan_span(scan, t + 1, t + 1) : scan ? scan_line(scan, line) : SPAN_NONE;
    const struct source *source = engine_read(e->arena, path, span, e->diag);
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

/* A declaration that nothing returns has no effect: surely not what was meant. */
static void warn_unreturned(lua_State *L, struct engine *e)
{
    lua_rawgetp(L, LUA_REGISTRYINDEX, &modules_key);
    lua_rawgeti(L, -1, 1);
    for (lua_Integer i = 1, n = (lua_Integer)lua_rawlen(L, -1); i <= n; i++) {
        lua_rawgeti(L, -1, i);
        const struct thing *t = lua_touserdata(L, -1);
        if (!t->converted) {
            diag_warning(e->diag, t->span, "%s '%s' is declared but not returned", form_names[t->form],
                         shown(e->arena, t->name, t->name_size));
            diag_help(e->diag, "write 'return' before it; several declarations are separated by commas");
        }
        lua_pop(L, 1);
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
        else if (t->kind == TOKEN_KEYWORD && t->length == 6 && memcmp(scan->source->bytes + t->offset, "return", 6) == 0)
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
    for (uint32_t i = at; i < scan->token_count && scan->tokens[i].kind != ',' && scan->tokens[i].kind != TOKEN_END; i++) {
        if (scan->tokens[i].match != NO_TOKEN && scan->tokens[i].match > i)
            i = scan->tokens[i].match;
        last = i;
    }
    return scan_span(scan, at, last);
}

/* Arguments: the source and the evaluation, as light userdata. */
static int run_file(lua_State *L)
{
    struct engine *e = engine_of(L);
    const struct source *source = lua_touserdata(L, 1);
    struct evaluation *out = lua_touserdata(L, 2);
    lua_settop(L, 0);
    lua_newtable(L); /* the memo, index 1 */
    lua_rawgetp(L, LUA_REGISTRYINDEX, &modules_key);
    lua_newtable(L);
    lua_rawseti(L, -2, 1);
    lua_pop(L, 1);
    size_t chunk = e->scans.count;
    push_chunk(L, source);
    lua_call(L, 0, LUA_MULTRET);
    struct conversion c = {.lua = L, .engine = e, .memo = 1};
    size_t count = (size_t)lua_gettop(L) - 1;
    struct value *values = arena_array(e->arena, struct value, count);
    for (size_t i = 0; i < count; i++)
        values[i] = convert(&c, (int)i + 2, NULL, count < 1000 ? return_place(e->scans.items[chunk], (int)i) : (struct span){.source = source}, 0);
    warn_unreturned(L, e);
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
        diag_error(e->diag, error_place(e, source), "this does not come to an end: stopped after %llu steps",
                   (unsigned long long)e->limits.step_limit);
        diag_help(e->diag, "look for a loop or recursion without an end");
    } else if (e->failure.set) {
        if (e->failure.reported)
            return;
        diag_error(e->diag, e->failure.span, "%s", e->failure.text);
        if (e->failure.help)
            diag_help(e->diag, "%s", e->failure.help);
    } else if (status == LUA_ERRMEM || (e->refused && text && strstr(text, "not enough memory"))) {
        diag_error(e->diag, error_place(e, source), "the manifest takes more than %zu MiB of memory", e->limits.memory_limit >> 20);
    } else if (!text) {
        diag_error(e->diag, error_place(e, source), "'error' was called with %s; it takes a text", type_name(L, -1));
        diag_help(e->diag, "write: error(\"what is wrong\")");
    } else {
        const char *rest = message_prefix(text, &e->chunk, &e->line);
        if (e->line && e->chunk < e->scans.count)
            message_runtime(e->arena, e->scans.items[e->chunk], e->line, rest, e->diag);
        else
            diag_error(e->diag, (struct span){.source = source}, "%s", shown(e->arena, rest, strlen(rest)));
    }
}

bool engine_run(struct engine *e, const struct source *source, const char *directory, struct evaluation *out)
{
    lua_State *L = e->lua;
    size_t errors = diag_errors(e->diag);
    *out = (struct evaluation){0};
    if (e->exhausted)
        return false;
    e->refused = false;
    e->failure.set = e->failure.reported = false;
    e->directory = directory;
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
        lua_pushcfunction(L, set_up);
        status = lua_pcall(L, 0, 0, 0);
    }
    e->lua = L;
    if (status != LUA_OK) {
        engine_destroy(e);
        diag_fail(d, DIAG_OUTSIDE, SPAN_NONE, "not enough memory to evaluate manifests");
        return NULL;
    }
    lua_gc(L, LUA_GCINC, 400, 0, 0); /* seldom: a manifest keeps nearly all it makes; a full collection precedes a refusal */
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
    return e->exhausted;
}

const struct source *const *engine_required(const struct engine *e, size_t *count)
{
    *count = e->required.count;
    return e->required.items;
}
