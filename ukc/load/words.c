/*
 * words.c - the words of the manifest language as Lua functions and values.
 *
 * A word's value is a userdata, struct thing, with the table of its fields as
 * user value.  Nothing is checked here but its shape; what is done here is to
 * note the place.
 */
#include "host.h"

#include <string.h>
#include "../base/text.h"
#include "read.h"

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

const struct scan_table *host_tag(lua_State *L, int index)
{
    struct engine *e = host_engine(L);
    lua_rawgetp(L, index, &host_tag_key);
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
    struct engine *e = host_engine(L);
    struct thing *t = lua_newuserdatauv(L, sizeof *t, 1);
    memset(t, 0, sizeof *t);
    t->form = form;
    t->id = e->next_id++;
    lua_rawgetp(L, LUA_REGISTRYINDEX, &host_thing_key);
    lua_setmetatable(L, -2);
    return t;
}

/* The arena gives nothing back, and its memory counts like Lua's own. */
void host_charge(lua_State *L, size_t bytes)
{
    struct engine *e = host_engine(L);
    if (e->used > e->limits.memory_limit || bytes > e->limits.memory_limit - e->used)
        lua_gc(L, LUA_GCCOLLECT);
    if (e->used > e->limits.memory_limit || bytes > e->limits.memory_limit - e->used) {
        e->refused = true;
        luaL_error(L, "not enough memory");
    }
    e->used += bytes;
}

/* A Lua string may hold NULs; one more follows it. */
const char *host_keep_string(lua_State *L, int index, size_t *size)
{
    const char *s = lua_tolstring(L, index, size);
    host_charge(L, *size + 1);
    return arena_memdup(host_engine(L)->arena, s, *size + 1);
}

const char *host_keep_name(lua_State *L, int index, size_t *size)
{
    lua_tolstring(L, index, size);
    if (*size > NAME_LONGEST)
        host_raise_word(L, NULL,
                        arena_printf(host_engine(L)->arena,
                                     "a name is %zu bytes long; the limit is %d", *size, NAME_LONGEST),
                        NULL);
    host_charge(L, 256); /* for what is said about it */
    return host_keep_string(L, index, size);
}

static void take_name(lua_State *L, int index, struct thing *t)
{
    t->name = host_keep_name(L, index, &t->name_size);
}

/* Where the running call of a word stands, and the string after it. */
static void place_call(lua_State *L, struct thing *t)
{
    uint32_t line, first;
    const struct scan *scan = host_caller(L, &line);
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
    const struct scan_table *table = host_tag(L, body);
    if (!table || table->callee == NO_TOKEN)
        return;
    const struct scan *s = table->scan;
    const struct token *callee = &s->tokens[table->callee];
    const char *word = form_names[t->form];
    if (callee->length != strlen(word) ||
        memcmp(s->source->bytes + callee->offset, word, callee->length) != 0)
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

const char *host_type_name(lua_State *L, int index)
{
    switch (lua_type(L, index)) {
    case LUA_TNONE:
    case LUA_TNIL:
        return "nothing";
    case LUA_TSTRING:
        return "a string";
    case LUA_TNUMBER:
        return "a number";
    case LUA_TBOOLEAN:
        return "a boolean";
    case LUA_TTABLE:
        return "a table";
    case LUA_TFUNCTION:
        return "a function";
    default:
        return "a declaration";
    }
}

/* upvalue: the form */
static int call_word(lua_State *L)
{
    enum form form = (enum form)lua_tointeger(L, lua_upvalueindex(1));
    const char *word = form_names[form];
    struct arena *a = host_engine(L)->arena;
    int type = lua_type(L, 1);
    enum shape shape = form_shapes[form];
    if (type == LUA_TSTRING && shape == SHAPE_BODY)
        return host_raise_word(L, word, arena_printf(a, "%s takes a table of fields", word),
                               arena_printf(a, "write: %s { ... }", word));
    if (type != LUA_TSTRING && shape == SHAPE_NAMED)
        return host_raise_word(
            L, word, arena_printf(a, "%s takes a name, not %s", word, host_type_name(L, 1)),
            arena_printf(a, "write: %s \"name\" { ... }", word));
    if (type != LUA_TSTRING && type != LUA_TTABLE)
        return host_raise_word(L, word,
                               arena_printf(a, "%s takes %sa table, not %s", word,
                                            shape == SHAPE_EITHER ? "a string or " : "",
                                            host_type_name(L, 1)),
                               NULL);
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
    struct arena *a = host_engine(L)->arena;
    host_charge(L, 64);
    const char *name = self->name ? shown(a, self->name, self->name_size) : "";
    if (self->root)
        return host_raise_word(L, word, arena_printf(a, "'%s' cannot be called", word),
                               self->form == FORM_key ? "write a kind: key.port { ... }"
                                                      : "write the signature's name: sig.clock");
    if (self->has_body || form_shapes[self->form] == SHAPE_EITHER)
        return host_raise_word(
            L, word, arena_printf(a, "this %s is complete; it takes no more fields", word),
            self->form == FORM_embed ? "write: embed { \"directory\", compress = ... }" : NULL);
    if (lua_type(L, 2) != LUA_TTABLE) {
        const char *range = self->form == FORM_sig && lua_type(L, 2) == LUA_TSTRING ? lua_tostring(L, 2) : NULL;
        return host_raise_at(L, self->name_span,
                             arena_printf(a, "%s '%s' takes a table of fields, not %s", word, name,
                                          host_type_name(L, 2)),
                             range ? arena_printf(a, "write: sig.%s { version = \"%s\" }", name, shown(a, range, strlen(range))) : NULL);
    }
    lua_settop(L, 2);
    struct thing *t = push_thing(L, self->form);
    uint32_t id = t->id;
    *t = *self;
    t->id = id;
    t->converted = false;
    set_body(L, 3, 2, t);
    if (t->form <= FORM_target) { /* to be returned; see report_unreturned */
        lua_rawgetp(L, LUA_REGISTRYINDEX, &host_modules_key);
        lua_rawgeti(L, -1, 1);
        lua_pushvalue(L, 3);
        lua_rawseti(L, -2, (lua_Integer)lua_rawlen(L, -2) + 1);
        lua_settop(L, 3);
    }
    return 1;
}

/* The token of `name` in "sig.name" on the host_caller's line. */
static void place_index(lua_State *L, struct thing *t)
{
    uint32_t line;
    const struct scan *scan = host_caller(L, &line);
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
    struct arena *a = host_engine(L)->arena;
    size_t n;
    const char *name = lua_type(L, 2) == LUA_TSTRING ? lua_tolstring(L, 2, &n) : NULL;
    if (self->root && !name)
        return host_raise_word(
            L, form_names[self->form],
            arena_printf(a, "'%s' is followed by a name", form_names[self->form]),
            self->form == FORM_key ? "write a kind: key.port { ... }"
                                   : "write the signature's name: sig.clock");
    if (!self->root)
        return host_raise_word(
            L, name,
            arena_printf(a, "a value made by '%s' has no fields to read", form_names[self->form]),
            NULL);
    struct thing *t = push_thing(L, self->form);
    take_name(L, 2, t);
    place_index(L, t);
    if (t->form == FORM_key) {
        for (size_t i = 0; i < KEY_KIND_COUNT; i++)
            if (string_equal(key_kind_names[i], t->name))
                return 1;
        const char *near = string_related(t->name, key_kind_names, KEY_KIND_COUNT);
        return host_raise_at(
            L, t->name_span,
            arena_printf(a, "there is no kind of key '%s'", shown(a, t->name, t->name_size)),
            near ? arena_printf(a, "did you mean 'key.%s'?", near)
                 : "'ukc help key' lists the kinds");
    }
    return 1;
}

static int set_thing(lua_State *L)
{
    const struct thing *self = lua_touserdata(L, 1);
    return host_raise_word(L, NULL,
                           arena_printf(host_engine(L)->arena,
                                        "a value made by '%s' cannot be changed",
                                        form_names[self->form]),
                           NULL);
}

/* use { git = "URL", commit = "..." }: the fields as data; load.c reads them. */
static int use_fields(lua_State *L)
{
    struct engine *e = host_engine(L);
    uint32_t line;
    const struct scan *scan = host_caller(L, &line);
    const struct scan_table *table = host_tag(L, 1);
    struct span span = scan ? scan_line(scan, line) : SPAN_NONE;
    if (table && table->callee != NO_TOKEN)
        span = scan_span(table->scan, table->callee, table->callee_end);
    lua_settop(L, 1);
    lua_newtable(L);
    struct host_conversion c = {.lua = L, .engine = e, .memo = 2};
    struct value v = host_convert(&c, 1, NULL, span, 0);
    host_charge(L, 2 * sizeof(struct use)); /* it doubles */
    if (!c.failed && v.kind == VALUE_TABLE)
        *vec_add(e->arena, &e->uses) = (struct use){.span = span, .body = v.table};
    return 0;
}

static int use_directory(lua_State *L)
{
    struct engine *e = host_engine(L);
    if (lua_type(L, 1) == LUA_TTABLE)
        return use_fields(L);
    if (lua_type(L, 1) != LUA_TSTRING)
        return host_raise_word(L, "use", "use takes the path of a directory, or a table with a repository",
                               "write: use \"mylib\", or use { git = \"URL\", commit = \"...\" }");
    struct thing t = {0};
    take_name(L, 1, &t);
    uint32_t line;
    const struct scan *scan = host_caller(L, &line);
    struct span span = scan ? scan_line(scan, line) : SPAN_NONE;
    uint32_t i = scan ? scan_find_call(scan, line, "use", t.name) : NO_TOKEN;
    if (i != NO_TOKEN) {
        uint32_t string = i + 1 + (scan->tokens[i + 1].kind == '(');
        span = scan->tokens[string].kind == TOKEN_STRING ? scan_span(scan, string, string)
                                                         : scan_span(scan, i, i);
    }
    if (t.name_size != strlen(t.name) || !string_is_clean_utf8(t.name, t.name_size))
        return host_raise_at(L, span, "the path contains control characters", NULL);
    if (strstr(t.name, "://"))
        return host_raise_at(L, span, "use takes the path of a directory; this is an address",
                             "write: use { git = \"URL\", commit = \"...\" }");
    host_charge(L, 2 * sizeof(struct use)); /* it doubles */
    *vec_add(e->arena, &e->uses) = (struct use){.path = t.name, .span = span};
    return 0;
}

/* ---- registration ---- */

void host_add_words(lua_State *L)
{
    lua_newtable(L);
    lua_pushcfunction(L, call_thing);
    lua_setfield(L, -2, "__call");
    lua_pushcfunction(L, index_thing);
    lua_setfield(L, -2, "__index");
    lua_pushcfunction(L, set_thing);
    lua_setfield(L, -2, "__newindex");
    lua_pushliteral(L, "declaration");
    lua_setfield(L, -2, "__name");
    lua_rawsetp(L, LUA_REGISTRYINDEX, &host_thing_key);
    for (int i = 0; i < FORM_COUNT; i++) {
        if (form_shapes[i] == SHAPE_INDEX) {
            push_thing(L, (enum form)i)->root = true;
        } else {
            lua_pushinteger(L, i);
            lua_pushcclosure(L, call_word, 1);
        }
        lua_setfield(L, -2, form_names[i]);
    }
    lua_pushcfunction(L, use_directory);
    lua_setfield(L, -2, "use");
}
