/*
 * library.c - what a manifest sees: a closed list of words and functions.
 *
 * Each chunk gets its own copy, so that one manifest cannot change what
 * another sees.  What Lua would offer and a manifest may not have is named in
 * a message of its own.
 */
#include "host.h"

#include <string.h>
#include "../base/text.h"

/* ---- functions that would print addresses ---- */

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
    size_t size;
    const char *format = luaL_checklstring(L, 1, &size);
    for (const char *p = format, *end = p + size; p < end; p++) { /* NULs do not end it */
        if (*p != '%')
            continue;
        p++;
        if (*p == '%')
            continue;
        p += strspn(p, "-+ #0123456789.");
        argument++;
        if (*p == 'p')
            return host_raise_word(
                L, "format", "'%p' would print an address, which is not the same each time", NULL);
        if (*p == 's' && argument <= top) {
            push_plain(L, argument);
            lua_replace(L, argument);
        }
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
    return host_raise_word(
        L, field, arena_printf(host_engine(L)->arena, "'%s' is not available in a manifest", name),
        PURE);
}

/* ---- what a manifest sees ---- */

static const char *const base_words[] = {"assert", "error", "ipairs", "select", "tonumber", "type"};
static const char *const libraries[] = {"table", "string", "math", "utf8"};
static const struct {
    const char *name, *help;
} absent_words[] = {
    {"io", PURE},
    {"os", PURE},
    {"print", PURE},
    {"dofile", PURE},
    {"loadfile", PURE},
    {"package", PURE},
    {"load", "a manifest cannot make code at run time"},
    {"loadstring", "a manifest cannot make code at run time"},
    {"pcall", "an error in a manifest is always reported"},
    {"xpcall", "an error in a manifest is always reported"},
    {"coroutine", "use a function or a loop"},
    {"debug", PURE},
    {"collectgarbage", PURE},
    {"setmetatable", "tables in a manifest are plain data"},
    {"getmetatable", "tables in a manifest are plain data"},
    {"rawget", "tables in a manifest are plain data: index them"},
    {"rawset", "tables in a manifest are plain data: index them"},
    {"rawlen", "use the operator '#'"},
    {"rawequal", "use the operator '=='"},
    {"_G", "globals cannot be listed; use locals"},
};

static int unknown_word(lua_State *L)
{
    struct arena *a = host_engine(L)->arena;
    if (lua_type(L, 2) != LUA_TSTRING)
        return luaL_error(L, "unknown word");
    size_t n;
    const char *s = lua_tolstring(L, 2, &n), *name = shown(a, s, n), *help = NULL;
    for (size_t i = 0; i < sizeof absent_words / sizeof *absent_words; i++)
        if (string_equal(s, absent_words[i].name))
            return host_raise_word(L, s,
                                   arena_printf(a, "'%s' is not available in a manifest", name),
                                   absent_words[i].help);
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
    help = near ? arena_printf(a, "did you mean '%s'?", near)
                : "a text needs quotes; a name needs a 'local' line before it is used";
    return host_raise_word(L, s, arena_printf(a, "unknown word '%s'", name), help);
}

static int refuse_global(lua_State *L)
{
    struct arena *a = host_engine(L)->arena;
    size_t n;
    const char *s = luaL_tolstring(L, 2, &n), *name = shown(a, s, n);
    return host_raise_word(L, s, arena_printf(a, "'%s' is not declared", name),
                           arena_printf(a, "write: local %s = ...", name));
}

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

/* Opens Lua's own libraries, takes out what is not safe, and keeps the rest as the pattern of all
 * environments. */
static void make_base(lua_State *L)
{
    static const luaL_Reg opened[] = {{"_G", luaopen_base},
                                      {"table", luaopen_table},
                                      {"string", luaopen_string},
                                      {"math", luaopen_math},
                                      {"utf8", luaopen_utf8}};
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
    add_function(L, "sort", host_sort);
    host_replace_table(L);
    lua_pop(L, 3);
    add_function(L, "pairs", host_pairs);
    add_function(L, "next", host_next);
    add_function(L, "tostring", safe_tostring);
    add_function(L, "require", host_require);
    host_add_words(L);
    lua_pushlightuserdata(L, (void *)&host_tag_key);
    host_add_length(L);
    lua_setfield(L, -2, "__at");
    lua_rawsetp(L, LUA_REGISTRYINDEX, &host_base_key);
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

void host_push_environment(lua_State *L)
{
    lua_createtable(L, 0, 32);
    lua_rawgetp(L, LUA_REGISTRYINDEX, &host_base_key);
    copy_fields(L, -1, -2);
    lua_pop(L, 1);
    lua_createtable(L, 0, 2);
    add_function(L, "__index", unknown_word);
    add_function(L, "__newindex", refuse_global);
    lua_setmetatable(L, -2);
}

/* Everything that stands before the first chunk. */
int host_set_up(lua_State *L)
{
    lua_newtable(L); /* modules: [1] declarations of this run, path = value */
    lua_rawsetp(L, LUA_REGISTRYINDEX, &host_modules_key);
    make_base(L);
    return 0;
}
