/*
 * host.h - what the files that run Lua share: engine.c, order.c, library.c, words.c, convert.c.
 *
 * The only place where Lua's headers are included.  Functions that take a
 * lua_State run below engine_run's lua_pcall and may not return: they hold no
 * resource but the arena's and Lua's.
 */
#ifndef UKC_HOST_H
#define UKC_HOST_H

#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>
#include "../base/arena.h"
#include "engine.h"
#include "scan.h"

/* Why the libraries have holes. */
#define PURE "a manifest sees no files, time or randomness, so that it always means the same"

struct engine {
    lua_State *lua;
    struct arena *arena;
    struct diag *diag;
    struct engine_options limits;
    size_t used;
    unsigned blocks; /* that lua_newstate asked for; the second is Lua's stack */
    void *stack;
    uint64_t steps;
    bool refused;                          /* memory, in this run */
    bool exhausted;                        /* steps, for good */
    bool full;                             /* memory, for good: what is kept does not become less */
    VEC(struct scan *) scans;              /* by chunk number */
    VEC(const struct scan_table *) tables; /* by the identity in [__at]=ID */
    VEC(const struct source *) required;
    VEC(struct use) uses;
    const char *directory; /* of the file that runs */
    const char *shared;    /* where its `require` looks after that, or NULL */
    const struct known_place *known; /* where it lies, or NULL */
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

/* Registry keys, by address. */
extern const char host_base_key, host_modules_key, host_thing_key;
/*
 * As a light userdata: the key under which a table holds the identity of its
 * constructor, and the value of the word __at.  Nothing shows it to a manifest.
 */
extern const char host_tag_key;

/* ---- engine.c ---- */

struct engine *host_engine(lua_State *);
/* The line of the Lua code that called the running C function, and its scan; NULL when it is not
 * known. */
const struct scan *host_caller(lua_State *, uint32_t *line);
/* Ends the run with a message at `span`; `help` may be NULL.  Strings are the arena's. */
int host_raise_at(lua_State *, struct span, const char *text, const char *help);
/* The same at `word` on the caller's line; NULL: at the line. */
int host_raise_word(lua_State *, const char *word, const char *text, const char *help);
int host_require(lua_State *); /* require "name" */

/* ---- order.c: an order for the keys of tables ---- */

struct host_key {
    int type; /* numbers before strings before booleans */
    bool whole, boolean;
    lua_Integer integer;
    lua_Number real;
    const char *text;
    size_t size;
};

/* A key without an order, a table or function, is an error of `function`. */
void host_read_key(lua_State *, int index, const char *function, struct host_key *);
int host_compare_keys(const void *, const void *);
void host_push_key(lua_State *, const struct host_key *);
bool host_is_tag(lua_State *, int index);
int host_pairs(lua_State *);
int host_next(lua_State *);
int host_sort(lua_State *);

/* ---- length.c: a length that is always the same ---- */

lua_Integer host_length(lua_State *, int index); /* of a table */
void host_add_length(lua_State *);               /* makes __at^x the length of x */
void host_replace_table(lua_State *);            /* in the library `table` on top: what goes by length */

/* ---- library.c: what a manifest sees ---- */

int host_set_up(lua_State *);            /* before the first chunk */
void host_push_environment(lua_State *); /* of one chunk */

/* ---- words.c: unikernel, key, sig ... ---- */

/* Adds the words to the table on top. */
void host_add_words(lua_State *);
/* The constructor that made the table, or NULL. */
const struct scan_table *host_tag(lua_State *, int index);
/* Counts bytes that are taken from the arena; ends the run when they are too many. */
void host_charge(lua_State *, size_t bytes);
/* A copy in the arena; it may hold NULs, one more follows it. */
const char *host_keep_string(lua_State *, int index, size_t *size);
#define NAME_LONGEST 65536
/* The same of a name, a path or a word: a longer one is refused. */
const char *host_keep_name(lua_State *, int index, size_t *size);
const char *host_type_name(lua_State *, int index); /* "a string" */

/* ---- convert.c: values that are handed back ---- */

/* The memo makes one Lua value one C value, and finds cycles. */
struct host_conversion {
    lua_State *lua;
    struct engine *engine;
    int memo; /* stack index: Lua value -> light userdata; false while it is being read */
    bool failed;
};

/* `tag` is the table that holds the value, if its place is known; else NULL. */
struct value host_convert(struct host_conversion *, int index, const struct scan_table *tag,
                          struct span, int depth);

#endif
