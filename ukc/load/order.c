/*
 * order.c - pairs, next and table.sort with an order that is always the same.
 *
 * Lua's tables have the order of their hashes, and its sort takes pivots from
 * the clock.  Here keys come as numbers, then strings by their bytes, then
 * booleans; sorting is stable.
 */
#include "host.h"

#include <stdlib.h>
#include <string.h>

/* ---- keys ---- */

/* A table has no order among keys that are tables or functions: `function` is refused. */
void host_read_key(lua_State *L, int index, const char *function, struct host_key *out)
{
    *out = (struct host_key){0};
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
        host_raise_word(
            L, function,
            arena_printf(
                host_engine(L)->arena,
                "a key of this table is a %s; only numbers, strings and booleans have an order",
                luaL_typename(L, index)),
            NULL);
    }
}

static int compare_text(const char *a, size_t an, const char *b, size_t bn)
{
    int order = memcmp(a, b, an < bn ? an : bn);
    return order ? order : an < bn ? -1 : an > bn;
}

int host_compare_keys(const void *pa, const void *pb)
{
    const struct host_key *a = pa, *b = pb;
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

void host_push_key(lua_State *L, const struct host_key *k)
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

bool host_is_tag(lua_State *L, int index)
{
    return lua_islightuserdata(L, index) && lua_touserdata(L, index) == (const void *)&host_tag_key;
}

/* Pushes an array of the keys of the table at index 1, in order. */
static void push_sorted_keys(lua_State *L)
{
    size_t count = 0, n = 0;
    for (lua_pushnil(L); lua_next(L, 1); lua_pop(L, 1))
        count++;
    struct host_key *keys = lua_newuserdatauv(L, (count + 1) * sizeof *keys, 0);
    for (lua_pushnil(L); lua_next(L, 1); lua_pop(L, 1))
        if (!host_is_tag(L, -2))
            host_read_key(L, -2, "pairs", &keys[n++]);
    qsort(keys, n, sizeof *keys, host_compare_keys);
    lua_createtable(L, n < INT32_MAX ? (int)n : 0, 0);
    for (size_t i = 0; i < n; i++) {
        host_push_key(L, &keys[i]);
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

int host_pairs(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TTABLE);
    push_sorted_keys(L);
    lua_pushvalue(L, 1);
    lua_pushinteger(L, 0);
    lua_pushcclosure(L, pairs_step, 3);
    return 1;
}

int host_next(lua_State *L)
{
    struct host_key last, best, k;
    bool found = false, first = lua_isnoneornil(L, 2);
    luaL_checktype(L, 1, LUA_TTABLE);
    if (!first)
        host_read_key(L, 2, "next", &last);
    for (lua_pushnil(L); lua_next(L, 1); lua_pop(L, 1)) {
        if (host_is_tag(L, -2))
            continue;
        host_read_key(L, -2, "next", &k);
        if ((first || host_compare_keys(&k, &last) > 0) &&
            (!found || host_compare_keys(&k, &best) < 0)) {
            best = k;
            found = true;
        }
    }
    if (!found) {
        lua_pushnil(L);
        return 1;
    }
    host_push_key(L, &best);
    lua_pushvalue(L, -1);
    lua_rawget(L, 1);
    return 2;
}

/* ---- sort ---- */

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
static void merge(lua_State *L, int from, int to, lua_Integer low, lua_Integer middle,
                  lua_Integer high)
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

/* Lua's own sort takes pivots from the clock, which shows among equal elements; this one is stable.
 */
int host_sort(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TTABLE);
    lua_Integer n = host_length(L, 1);
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
