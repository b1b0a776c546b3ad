/*
 * convert.c - values that a chunk returned, as plain data with places.
 *
 * Fields come in the order they are written.  The memo keeps identity: one
 * Lua table or word is one struct, however often it is met; a value that
 * contains itself is refused.
 */
#include "host.h"

#include <stdlib.h>
#include <string.h>

#define NESTING_LIMIT 60

struct ranked_key {
    struct host_key key;
    const struct scan_field *field;
};

static int compare_ranked(const void *pa, const void *pb)
{
    const struct ranked_key *a = pa, *b = pb;
    if (a->field && b->field)
        return a->field < b->field ? -1 : a->field > b->field;
    if (a->field || b->field)
        return a->field ? -1 : 1;
    return host_compare_keys(&a->key, &b->key);
}

/* The keys of the table at `index`, as they were written, into userdata that is pushed. */
static struct ranked_key *push_ranked_keys(struct host_conversion *c, int index,
                                           const struct scan_table *tag, struct span span,
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
        if (host_is_tag(L, -2))
            continue;
        int type = lua_type(L, -2);
        if (type != LUA_TSTRING && !lua_isinteger(L, -2)) {
            c->failed = true;
            diag_error(c->engine->diag, span,
                       "a key of this table is neither a name nor a whole number");
            continue;
        }
        host_read_key(L, -2, "table", &k->key);
        k->field = !tag               ? NULL
                   : k->key.type == 1 ? scan_field_named(tag, k->key.text, k->key.size)
                                      : scan_field_at(tag, k->key.integer);
        ++*count;
    }
    qsort(keys, *count, sizeof *keys, compare_ranked);
    return keys;
}

static const struct table *convert_table(struct host_conversion *c, int index, struct span outer,
                                         int depth)
{
    lua_State *L = c->lua;
    struct arena *a = c->engine->arena;
    const struct scan_table *tag = host_tag(L, index);
    struct table *table = arena_new(a, struct table);
    table->span = tag ? scan_span(tag->scan, tag->open, tag->open) : outer;
    size_t count;
    struct ranked_key *keys = push_ranked_keys(c, index, tag, outer, &count);
    host_charge(L, sizeof *table + count * sizeof(struct entry));
    struct entry *entries = arena_array(a, struct entry, count);
    for (size_t i = 0; i < count; i++) {
        const struct scan_field *f = keys[i].field;
        struct entry *e = &entries[i];
        struct span place = f ? scan_span(tag->scan, f->value, f->value_end) : outer;
        e->key = f ? scan_span(tag->scan, f->key, f->key) : outer;
        host_push_key(L, &keys[i].key);
        if (keys[i].key.type == 1) {
            host_charge(L, keys[i].key.size + 1);
            e->name = arena_memdup(a, keys[i].key.text, keys[i].key.size + 1);
            e->name_size = keys[i].key.size;
        } else {
            e->position = keys[i].key.integer;
        }
        lua_rawget(L, index);
        e->value = host_convert(c, lua_gettop(L), f ? tag : NULL, place, depth + 1);
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
    if (t->has_body || t->converted || field.source != t->span.source ||
        field.line != t->span.line || !scan)
        return;
    uint32_t first = scan_at(scan, field), made = scan_at(scan, t->span),
             name = scan_at(scan, t->name_span);
    const char *word = form_names[t->form];
    if (first == NO_TOKEN || first == made || made == NO_TOKEN || name == NO_TOKEN ||
        scan->tokens[first].length != strlen(word) ||
        memcmp(scan->source->bytes + scan->tokens[first].offset, word, strlen(word)) != 0)
        return;
    uint32_t last = first + (name - made); /* the same tokens again, from there */
    if (last < scan->token_count && scan->tokens[last].length == scan->tokens[name].length) {
        t->span = field;
        t->name_span = scan_span(scan, last, last);
    }
}

static struct made *convert_thing(struct host_conversion *c, int index, const struct scan *scan,
                                  struct span field, int depth)
{
    lua_State *L = c->lua;
    struct thing *t = lua_touserdata(L, index);
    host_charge(L, sizeof(struct made));
    struct made *m = arena_new(c->engine->arena, struct made);
    place_by_field(t, scan, field);
    *m = (struct made){.form = t->form,
                       .id = t->id,
                       .name = t->name,
                       .name_size = t->name_size,
                       .span = t->span,
                       .name_span = t->name_span};
    t->converted = true;
    if (lua_getiuservalue(L, index, 1) == LUA_TTABLE) {
        struct value body = host_convert(c, lua_gettop(L), NULL, t->span, depth + 1);
        m->body = body.kind == VALUE_TABLE ? body.table : NULL;
    }
    lua_pop(L, 1);
    return m;
}

/* Tables and things: through the memo. */
static struct value convert_object(struct host_conversion *c, int index,
                                   const struct scan_table *tag, struct value v, int depth)
{
    lua_State *L = c->lua;
    lua_pushvalue(L, index);
    int state = lua_rawget(L, c->memo);
    void *known = lua_touserdata(L, -1);
    lua_pop(L, 1);
    v.kind = VALUE_NIL;
    if (state == LUA_TBOOLEAN || depth > NESTING_LIMIT) {
        c->failed = true;
        diag_error(c->engine->diag, v.span,
                   state == LUA_TBOOLEAN ? "this value contains itself"
                                         : "tables are nested too deeply");
        return v;
    }
    bool is_table = lua_type(L, index) == LUA_TTABLE;
    if (!known) {
        luaL_checkstack(L, 20, "values");
        lua_pushvalue(L, index);
        lua_pushboolean(L, false);
        lua_rawset(L, c->memo);
        known = is_table ? (void *)convert_table(c, index, v.span, depth)
                         : (void *)convert_thing(c, index, tag ? tag->scan : NULL, v.span, depth);
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

struct value host_convert(struct host_conversion *c, int index, const struct scan_table *tag,
                          struct span span, int depth)
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
        v.text = host_keep_string(L, index, &v.size);
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
