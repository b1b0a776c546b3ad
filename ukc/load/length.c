/*
 * length.c - the length of tables, always the same.
 *
 * Of a table with holes Lua may give any border (Lua 5.4, section 3.4.7); which
 * one depends on where its hash puts the keys, and that on addresses and the
 * clock.  Here the border is a function of the content.  The operator # is
 * written as a power of __at in the text that runs (scan.c); the functions of
 * the library `table` that go by length are replaced.  No table of a manifest
 * has a metatable, so access is raw.
 */
#include "host.h"

#include <string.h>

static bool is_nil_at(lua_State *L, int index, lua_Integer i)
{
    bool nil = lua_rawgeti(L, index, i) == LUA_TNIL;
    lua_pop(L, 1);
    return nil;
}

/* Doubles until there is nothing, then halves: of a table without holes the count of its items. */
lua_Integer host_length(lua_State *L, int index)
{
    lua_Integer there = 0, absent = 1;
    index = lua_absindex(L, index);
    while (!is_nil_at(L, index, absent)) {
        there = absent;
        if (absent > LUA_MAXINTEGER / 2)
            return there; /* 2^62: no table has all before it */
        absent *= 2;
    }
    while (absent - there > 1) {
        lua_Integer middle = there + (absent - there) / 2;
        if (is_nil_at(L, index, middle))
            absent = middle;
        else
            there = middle;
    }
    return there;
}

/* __at^x */
static int length_of(lua_State *L)
{
    if (!host_is_tag(L, 1))
        return luaL_error(L, "attempt to perform arithmetic on a %s value", luaL_typename(L, 1));
    if (lua_type(L, 2) == LUA_TSTRING)
        lua_pushinteger(L, (lua_Integer)lua_rawlen(L, 2));
    else if (lua_type(L, 2) == LUA_TTABLE)
        lua_pushinteger(L, host_length(L, 2));
    else
        return host_raise_word(L, "#",
                               arena_printf(host_engine(L)->arena, "'#' takes a table or a string, not %s",
                                            host_type_name(L, 2)),
                               NULL);
    return 1;
}

/* The metatable of light userdata: the tag is the only one that is ever an operand. */
void host_add_length(lua_State *L)
{
    lua_createtable(L, 0, 1);
    lua_pushcfunction(L, length_of);
    lua_setfield(L, -2, "__pow");
    lua_setmetatable(L, -2);
}

/* ---- table ---- */

static int insert(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TTABLE);
    int given = lua_gettop(L);
    lua_Integer end = host_length(L, 1) + 1, position = end;
    if (given != 2 && given != 3)
        return luaL_error(L, "wrong number of arguments to 'insert'");
    if (given == 3) {
        position = luaL_checkinteger(L, 2);
        luaL_argcheck(L, position >= 1 && position <= end, 2, "position out of bounds");
    }
    for (lua_Integer i = end; i > position; i--) {
        lua_rawgeti(L, 1, i - 1);
        lua_rawseti(L, 1, i);
    }
    lua_settop(L, given);
    lua_rawseti(L, 1, position);
    return 0;
}

static int take_out(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TTABLE);
    lua_Integer size = host_length(L, 1), position = luaL_optinteger(L, 2, size);
    if (lua_gettop(L) > 1) /* of an empty table 0 may be removed as well */
        luaL_argcheck(L, (position >= 1 && position <= size + 1) || (size == 0 && position == 0), 2,
                      "position out of bounds");
    lua_rawgeti(L, 1, position);
    for (; position < size; position++) {
        lua_rawgeti(L, 1, position + 1);
        lua_rawseti(L, 1, position);
    }
    lua_pushnil(L);
    lua_rawseti(L, 1, position);
    return 1;
}

/* upvalues: Lua's function, and which of its arguments is the last position */
static int give_last(lua_State *L)
{
    int last = (int)lua_tointeger(L, lua_upvalueindex(2));
    luaL_checktype(L, 1, LUA_TTABLE);
    lua_settop(L, last);
    if (lua_isnil(L, last)) {
        lua_pushinteger(L, host_length(L, 1));
        lua_replace(L, last);
    }
    lua_pushvalue(L, lua_upvalueindex(1));
    lua_insert(L, 1);
    lua_call(L, last, LUA_MULTRET);
    return lua_gettop(L);
}

static void give_last_to(lua_State *L, const char *name, int last)
{
    lua_getfield(L, -1, name);
    lua_pushinteger(L, last);
    lua_pushcclosure(L, give_last, 2);
    lua_setfield(L, -2, name);
}

void host_replace_table(lua_State *L)
{
    lua_pushcfunction(L, insert);
    lua_setfield(L, -2, "insert");
    lua_pushcfunction(L, take_out);
    lua_setfield(L, -2, "remove");
    give_last_to(L, "concat", 4);
    give_last_to(L, "unpack", 3);
}
