/*
 * load.c - the manifest loader: places, the sandbox, key values, files and directories.
 *
 * What each mistake looks like is in tests/golden/load.
 */
#include "test.h"

#include <signal.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include "../../ukc/base/arena.h"
#include "../../ukc/base/file.h"
#include "../../ukc/base/text.h"
#include "../../ukc/load/engine.h"
#include "../../ukc/load/manifest.h"
#include "../../ukc/load/scan.h"

/* One load: everything it gave, and what it printed. */
struct load {
    struct arena *arena;
    struct diag *diag;
    const struct manifest *manifest;
    char *printed;
};

static void put(const char *path, const char *text)
{
    struct diag *d = diag_create();
    assert_true(file_write(path, text, strlen(text), NULL, d));
    diag_destroy(d);
}

static struct load load_with(struct manifest_options options)
{
    struct load l = {.arena = arena_create(), .diag = diag_create()};
    size_t size;
    l.manifest = manifest_load(l.arena, &options, l.diag);
    assert_int_equal(l.manifest == NULL, diag_status(l.diag) != DIAG_OK); /* a report, or a manifest */
    FILE *f = open_memstream(&l.printed, &size);
    diag_print(l.diag, f, DIAG_TEXT);
    fclose(f);
    return l;
}

static struct load load_text(const char *text)
{
    put("ukc.lua", text);
    return load_with((struct manifest_options){.project = "ukc.lua"});
}

static void done(struct load *l)
{
    diag_destroy(l->diag);
    arena_destroy(l->arena);
    free(l->printed);
}

/* The only unikernel of a text that must load without a word. */
static const struct component *unikernel_of(struct load *l, const char *text)
{
    *l = load_text(text);
    assert_string_equal(l->printed, "");
    assert_int_equal(l->manifest->unikernel_count, 1);
    return &l->manifest->unikernels[0];
}

static void expect_failure(const char *text, const char *message)
{
    struct load l = load_text(text);
    assert_null(l.manifest);
    if (!strstr(l.printed, message))
        fail_msg("expected '%s' in:\n%s", message, l.printed);
    done(&l);
}

static void expect_span(struct span s, unsigned line, unsigned column, unsigned length)
{
    assert_int_equal(s.line, line);
    assert_int_equal(s.column, column);
    assert_int_equal(s.length, length);
}

/* ---- places ---- */

static void places_of_fields(void **state)
{
    (void)state;
    struct load l;
    const struct component *u = unikernel_of(&l,
        "local common = { idle = 30 }\n"                                        /* 1 */
        "return unikernel \"web\" {\n"                                          /* 2 */
        "  sources  = { \"a.c\", -- }\n"                                        /* 3 */
        "               [[b.c]] },\n"                                           /* 4 */
        "  requires = { http = sig.http_server { version = \">= 1\" }, log = sig.log },\n" /* 5 */
        "  set      = common,\n"                                                /* 6 */
        "  choose   = { log = 'log_ring', http = instance \"http1\" { set = { ['x.y'] = 1 } } },\n" /* 7 */
        "  keys     = { port = key.port { default = 80 + 8000, doc = \"port\" } },\n"             /* 8 */
        "}\n");
    expect_span(u->span, 2, 8, 15);
    expect_span(u->name.span, 2, 18, 5);
    expect_span(u->sources[0].path.span, 3, 16, 5);
    expect_span(u->sources[1].path.span, 4, 16, 7);
    expect_span(u->requires[0].name.span, 5, 16, 4);
    expect_span(u->requires[0].signature.span, 5, 23, 15);
    expect_span(u->requires[0].version.span, 5, 51, 6);
    expect_span(u->requires[1].signature.span, 5, 67, 7);
    expect_span(u->settings[0].path.span, 1, 18, 4); /* through a variable */
    expect_span(u->settings[0].text.span, 1, 25, 2);
    assert_string_equal(u->chosen[1].requirement.text, "log");
    expect_span(u->chosen[1].choice->span, 7, 22, 10);
    expect_span(u->chosen[0].choice->instance->span, 7, 41, 16);
    expect_span(u->chosen[0].choice->instance->implementation.span, 7, 50, 7);
    expect_span(u->chosen[0].choice->instance->settings[0].path.span, 7, 69, 5);
    expect_span(u->keys[0].name.span, 8, 16, 4);
    expect_span(u->keys[0].defaults[TARGET_posix].span, 8, 44, 9); /* the whole expression */
    assert_int_equal(u->keys[0].defaults[TARGET_posix].value->number, 8080);
    done(&l);
}

static void places_in_helpers(void **state)
{
    (void)state;
    struct load l = load_text("local function make(name, body)\n"
                              "  return implementation(name)(body)\n"
                              "end\n"
                              "local list = {}\n"
                              "for i = 1, 3 do\n"
                              "  list[i] = make('disk' .. i, { provides = sig.block, sources = { 'disk' .. i .. '.c' } })\n"
                              "end\n"
                              "return list, implementation('one') { provides = sig.a }\r\n, implementation 'two' { provides = sig.b }\n");
    assert_string_equal(l.printed, "");
    assert_int_equal(l.manifest->implementation_count, 5);
    expect_span(l.manifest->implementations[1].name.span, 2, 25, 4); /* the argument of implementation( */
    expect_span(l.manifest->implementations[1].sources[0].path.span, 6, 67, 19);
    assert_string_equal(l.manifest->implementations[1].sources[0].path.text, "disk2.c");
    expect_span(l.manifest->implementations[3].name.span, 8, 29, 5);
    expect_span(l.manifest->implementations[4].name.span, 9, 18, 5);
    done(&l);
}

/* Whatever Lua accepts, the scan must index; lines must not move. */
static void scan_survives(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool whole;
        unsigned tables;
    } cases[] = {
        {"return {}", true, 1},
        {"return {{},{},[{}]={};{}}", true, 6},
        {"f{}{}.x{} ('a'){} [[x]] .. {}", true, 5},
        {"local t = { f = function(a, b) local x, y = 1, 2; if a then return { 1 } else repeat until b end end, 3 }", true, 2},
        {"return { [ [[k]] ] = 1, [ [==[ ]] ]==] ] = 2 }", true, 1},
        {"--[[ { ]] --[==[ } ]] ]==] return { --{\n}", true, 1},
        {"return { '\\\n', '\\z  \n \\'', \"\\\\\" }", true, 1},
        {"return { 0x1p-3, 3..2, 1e+5, a .. b, c == d, x = 1 == 1 }", true, 1},
        {"while f{} do for i in g{} do end end goto done ::done::", true, 2},
        {"return {", false, 0},
        {"return }", false, 0},
        {"return { ( }", false, 0},
        {"return { 'x }", false, 0},
        {"--[[ no end", false, 0},
        {"return {} end", false, 0},
        {"", true, 0},
    };
    struct arena *a = arena_create();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct source s = {"x", cases[i].text, strlen(cases[i].text)};
        const struct scan *scan = scan_source(a, &s, 7);
        assert_int_equal(scan->whole, cases[i].whole);
        assert_int_equal(scan->table_count, cases[i].tables);
        size_t before = 0, after = 0;
        for (const char *p = s.bytes; *p; p++)
            before += *p == '\n';
        for (const char *p = scan->text; *p; p++)
            after += *p == '\n';
        assert_int_equal(before, after);
    }
    struct source s = {"x", "return f{ a = 1, 2, ['b'] = 3, [5] = 4, [x] = 6 }", 49};
    const struct scan *scan = scan_source(a, &s, 7);
    assert_string_equal(scan->text, "return f{[__at]=7, a = 1, 2, ['b'] = 3, [5] = 4, [x] = 6 }");
    assert_non_null(scan_field_named(&scan->tables[0], "a", 1));
    assert_non_null(scan_field_named(&scan->tables[0], "b", 1));
    assert_null(scan_field_named(&scan->tables[0], "x", 1));
    assert_non_null(scan_field_at(&scan->tables[0], 1));
    assert_non_null(scan_field_at(&scan->tables[0], 5));
    assert_null(scan_field_at(&scan->tables[0], 2));
    arena_destroy(a);
}

/* The text that runs is correct Lua only if the source is. */
static void scan_accepts_nothing_more(void **state)
{
    (void)state;
    static const char *const wrong[] = {"{}", "{} {}", "local x {}{}", "local x = 1; {}", "local k = key.{ doc = 'x' }", "local x <const> {}{}",
                                        "goto x {}{}", "return {,}", "return { , 1 }", "return {;;}", "return { 1,, 2 }", "x:{}", "f{}{"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        expect_failure(wrong[i], "error: syntax error: ");
    struct load l;
    const struct component *u = unikernel_of(&l,
        "local function three() return 'a.c', 'b.c', 'c.c' end\n"
        "local t = { three() } assert(#t == 3 and #{ three(), } == 3 and #{ three(), 1 } == 2 and #{ ... } == 0 and next {} == nil)\n"
        "for k in pairs { 1 } do assert(k == 1) end\n"
        "return unikernel 'x' { sources = { three() } }");
    assert_int_equal(u->source_count, 3);
    done(&l);
}

/* ---- the sandbox ---- */

#define CHECKED(code) code "\nreturn unikernel 'x' { sources = { 'x.c' } }\n"

static void library_is_in_order(void **state)
{
    (void)state;
    struct load l;
    unikernel_of(&l, CHECKED(
        "local t = { c = 1, a = 2, [10] = 3, [2] = 4, [1.5] = 5, b = 6, [true] = 7, [-1] = 8 }\n"
        "local seen = {}\n"
        "for k, v in pairs(t) do seen[#seen + 1] = tostring(k) .. '=' .. v end\n"
        "assert(table.concat(seen, ' ') == '-1=8 1.5=5 2=4 10=3 a=2 b=6 c=1 true=7', table.concat(seen, ' '))\n"
        "local k, n = nil, {}\n"
        "repeat local v; k, v = next(t, k); n[#n + 1] = k and tostring(k) .. '=' .. v until k == nil\n"
        "assert(table.concat(n, ' ') == table.concat(seen, ' '))\n"
        "assert(next({}) == nil)\n"
        "local removed = {}\n"
        "for k in pairs(t) do t[k] = nil t.b = nil removed[#removed + 1] = tostring(k) end\n"
        "assert(table.concat(removed, ' ') == '-1 1.5 2 10 a c true')\n"
        "assert(next(t) == nil)"));
    done(&l);
    unikernel_of(&l, CHECKED(
        "local t = {}\n"
        "for i = 1, 1000 do t[i] = { key = (i * 7919) % 10, at = i } end\n"
        "table.sort(t, function(a, b) return a.key < b.key end)\n"
        "for i = 2, 1000 do\n"
        "  assert(t[i - 1].key < t[i].key or (t[i - 1].key == t[i].key and t[i - 1].at < t[i].at), i)\n"
        "end\n"
        "local s = { 'b', 'a', 'c' } table.sort(s) assert(table.concat(s) == 'abc')\n"
        "table.sort(s, function(a, b) return a > b end) assert(table.concat(s) == 'cba')\n"
        "table.sort({}) table.sort({ 1 })\n"
        "for n = 0, 40 do local u = {} for i = 1, n do u[i] = n - i end table.sort(u) for i = 1, n do assert(u[i] == i - 1) end end"));
    done(&l);
    unikernel_of(&l, CHECKED(
        "assert(tostring({}) == 'table' and tostring(pairs) == 'function' and tostring(1.5) == '1.5' and tostring(nil) == 'nil')\n"
        "assert(string.format('%s %5s|%-3d|%%|%q', {}, pairs, 4, 'x') == 'table function|4  |%|\"x\"')\n"
        "assert(('%s'):format({}) == 'table')\n"
        "assert(tostring(sig.x) == 'declaration' and type(key.port) == 'userdata')\n"
        "string.upper = nil assert(('a'):upper() == 'A')"));
    done(&l);
    unikernel_of(&l, "assert(string.upper) return unikernel 'x' { sources = { 'x.c' } }"); /* nothing leaks from the file before */
    done(&l);
}

static void nothing_dangerous(void **state)
{
    (void)state;
    static const char *const absent[] = {"io", "os", "debug", "load", "loadstring", "loadfile", "dofile", "package", "pcall", "xpcall",
                                         "coroutine", "collectgarbage", "setmetatable", "getmetatable", "rawset", "rawget", "_G", "print"};
    for (size_t i = 0; i < sizeof absent / sizeof *absent; i++) {
        char text[100], message[100];
        snprintf(text, sizeof text, "local x = %s", absent[i]);
        snprintf(message, sizeof message, "ukc.lua:1:11: error: '%s' is not available in a manifest", absent[i]);
        expect_failure(text, message);
    }
    expect_failure("local _ENV = { x = 1 }", "'_ENV' is not available");
    expect_failure("local f = __at", "'__at' is not available");
    expect_failure("string.dump(function() end)", "'string.dump' is not available");
    expect_failure("math.randomseed(1)", "'math.randomseed' is not available");
    expect_failure("sig.x = 1", "cannot be changed");
    expect_failure("local a = {} a.b = a return a", "contains itself");
    expect_failure("\x1bLua", "control character");
    /* NULs that only escapes can make: never the end of a name */
    expect_failure("return unikernel 'x\\0y' { sources = { 'a.c' } }", "'unikernel' contains control characters");
    expect_failure("return unikernel 'x' { ['doc\\0'] = 1, sources = { 'a.c\\0' }, keys = { ['a\\0'] = key.bool { doc = 'a' } } }", "'doc?'");
    expect_failure("return unikernel 'x' { sources = { 'a.c' }, requires = { a = sig['b\\0c'] }, choose = { ['a\\0'] = 'b\\0' } }", "control");
    expect_failure("return unikernel 'x' { sources = { match 'tar\\0get' { kvm = 'a.c' }, match 'k' { ['\\0'] = 'b.c' } } }", "control");
    expect_failure("return unikernel 'x' { doc = 'a\\0b c', sources = { 'a.c' } }", "'doc' contains control characters");
    expect_failure("require 'a\\0b'", "without a path");
    expect_failure("use 'a\\0b'", "control characters");
}

static void limits(void **state)
{
    (void)state;
    put("ukc.lua", "local n = 0\nfor i = 1, 1e6 do n = n + i end return unikernel 'x' { sources = { 'x.c' } }");
    struct load l = load_with((struct manifest_options){.project = "ukc.lua", .instruction_limit = 100000});
    assert_null(l.manifest);
    assert_non_null(strstr(l.printed, "ukc.lua:2:1: error: this does not come to an end: stopped after 100000 steps"));
    done(&l);
    l = load_with((struct manifest_options){.project = "ukc.lua"});
    assert_non_null(l.manifest);
    done(&l);
    put("ukc.lua", "local t = {}\nfor i = 1, 1e6 do t[i] = 'x' .. i end");
    l = load_with((struct manifest_options){.project = "ukc.lua", .memory_limit = 4 << 20});
    assert_null(l.manifest);
    assert_non_null(strstr(l.printed, "ukc.lua:2:1: error: the manifest takes more than 4 MiB of memory"));
    done(&l);
    for (size_t limit = 1000; limit < 200000; limit += 3001) { /* wherever memory ends, the end is clean */
        put("ukc.lua", "return unikernel 'x' { sources = { 'x.c' }, set = { a = { b = ('x'):rep(30000) } } }");
        l = load_with((struct manifest_options){.project = "ukc.lua", .memory_limit = limit});
        assert_true(l.manifest || strstr(l.printed, "memory"));
        done(&l);
    }
    expect_failure("local function f(n) return 1 + f(n + 1) end f(1)", "calls are nested too deeply");
    expect_failure("local s = ('x'):rep(1 << 30)", "takes more than 64 MiB of memory");
    expect_failure("error()", "'error' was called with nothing");
    expect_failure("local t = {} for i = 1, 300000 do t[i] = i end return table.unpack(t)", "returns declarations, not a number");
}

static void large_file(void **state)
{
    (void)state;
    const char *preload = getenv("LD_PRELOAD");
    bool slow = preload && strstr(preload, "valgrind"); /* the loader counts its seconds */
    size_t size = slow ? 1 << 20 : 10 << 20;
    char *text = malloc(size + 200);
    const char *head = "return unikernel 'x' { sources = { 'x.c' } } --";
    strcpy(text, head);
    memset(text + strlen(head), 'x', size);
    text[strlen(head) + size] = '\0';
    struct load l = load_text(text);
    assert_non_null(l.manifest);
    done(&l);
    memset(text, '{', size); /* millions of brackets */
    text[size] = '\0';
    l = load_text(text);
    assert_null(l.manifest);
    done(&l);
    free(text);
}

/* A pattern that backtracks for years, in a process of its own with one second to live. */
static void watchdog(void **state)
{
    (void)state;
    put("bomb.lua", "local s = ('a'):rep(40) s:find(('a?'):rep(40) .. ('.*a'):rep(30) .. 'b')");
    int out[2], status;
    assert_int_equal(pipe(out), 0);
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        dup2(out[1], STDERR_FILENO);
        struct arena *a = arena_create();
        struct diag *d = diag_create();
        struct engine *e = engine_create(a, &(struct engine_options){64 << 20, 50000000, 1}, d);
        struct evaluation v;
        engine_run(e, engine_read(a, "bomb.lua", NULL, SPAN_NONE, d), ".", NULL, &v);
        _exit(42);
    }
    close(out[1]);
    char text[400] = "";
    size_t n = 0;
    for (ssize_t got; n < sizeof text - 1 && (got = read(out[0], text + n, sizeof text - 1 - n)) > 0;)
        n += (size_t)got;
    close(out[0]);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 1);
    assert_string_equal(text, "bomb.lua: error: evaluating this file takes more than 1 seconds of processor time\n"
                              "help: a loop, or a pattern that tries too much (string.find, gsub)? others take milliseconds\n");
}

/* ---- key values ---- */

static const struct {
    enum key_kind kind;
    const char *text, *canonical; /* NULL: refused */
    int64_t number;
} values[] = {
    {KEY_KIND_bool, "true", "true", 1},
    {KEY_KIND_bool, "false", "false", 0},
    {KEY_KIND_bool, "yes", NULL, 0},
    {KEY_KIND_bool, "", NULL, 0},
    {KEY_KIND_integer, "-5", "-5", -5},
    {KEY_KIND_integer, "0x1F", "31", 31},
    {KEY_KIND_integer, "9223372036854775807", "9223372036854775807", INT64_MAX},
    {KEY_KIND_integer, "-9223372036854775808", "-9223372036854775808", INT64_MIN},
    {KEY_KIND_integer, "9223372036854775808", NULL, 0},
    {KEY_KIND_integer, "010", NULL, 0},
    {KEY_KIND_integer, "+1", NULL, 0},
    {KEY_KIND_integer, "1 ", NULL, 0},
    {KEY_KIND_integer, "0x", NULL, 0},
    {KEY_KIND_integer, "-", NULL, 0},
    {KEY_KIND_integer, "1e3", NULL, 0},
    {KEY_KIND_port, "1", "1", 1},
    {KEY_KIND_port, "65535", "65535", 65535},
    {KEY_KIND_port, "0", NULL, 0},
    {KEY_KIND_port, "65536", NULL, 0},
    {KEY_KIND_size, "512", "512", 512},
    {KEY_KIND_size, "64KiB", "65536", 65536},
    {KEY_KIND_size, "2MiB", "2097152", 2097152},
    {KEY_KIND_size, "1GiB", "1073741824", 1073741824},
    {KEY_KIND_size, "0", "0", 0},
    {KEY_KIND_size, "64K", NULL, 0},
    {KEY_KIND_size, "64kb", NULL, 0},
    {KEY_KIND_size, "1M", NULL, 0},
    {KEY_KIND_size, "1 MiB", NULL, 0},
    {KEY_KIND_size, "1.5MiB", NULL, 0},
    {KEY_KIND_size, "-1", NULL, 0},
    {KEY_KIND_size, "9223372036854775807GiB", NULL, 0},
    {KEY_KIND_string, "", "", 0},
    {KEY_KIND_string, "grüße, \"you\"", "grüße, \"you\"", 0},
    {KEY_KIND_string, "a\nb", NULL, 0},
    {KEY_KIND_string, "\xff", NULL, 0},
    {KEY_KIND_enum, "host", "host", 0},
    {KEY_KIND_enum, "native", "native", 1},
    {KEY_KIND_enum, "Native", NULL, 0},
    {KEY_KIND_path, "data/./x//y", "data/x/y", 0},
    {KEY_KIND_path, "/var/../lib", "/lib", 0},
    {KEY_KIND_path, "", NULL, 0},
    {KEY_KIND_ipv4, "10.0.0.2", "10.0.0.2", 0},
    {KEY_KIND_ipv4, "10.0.0.02", NULL, 0},
    {KEY_KIND_ipv4, "10.0.2", NULL, 0},
    {KEY_KIND_ipv4, "10.0.0.256", NULL, 0},
    {KEY_KIND_ipv4, "10.0.0.2 ", NULL, 0},
    {KEY_KIND_ipv6, "FD00:0:0:0:0:0:0:2", "fd00::2", 0},
    {KEY_KIND_ipv6, "2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1", 0}, /* RFC 5952, 4.2.3 */
    {KEY_KIND_ipv6, "2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1", 0}, /* 4.2.2: one group stays */
    {KEY_KIND_ipv6, "2001:0:0:1:0:0:0:1", "2001:0:0:1::1", 0},
    {KEY_KIND_ipv6, "::", "::", 0},
    {KEY_KIND_ipv6, "::1", "::1", 0},
    {KEY_KIND_ipv6, "1::", "1::", 0},
    {KEY_KIND_ipv6, "0:0:1::", "0:0:1::", 0},
    {KEY_KIND_ipv6, "::ffff:192.0.2.1", "::ffff:192.0.2.1", 0},
    {KEY_KIND_ipv6, "64:ff9b::192.0.2.33", "64:ff9b::c000:221", 0},
    {KEY_KIND_ipv6, "fe80::1%eth0", NULL, 0},
    {KEY_KIND_ipv6, "1::2::3", NULL, 0},
    {KEY_KIND_ipv6, "fd00::2/64", NULL, 0},
    {KEY_KIND_ipv4_prefix, "10.0.0.2/24", "10.0.0.2/24", 24}, /* host bits stay */
    {KEY_KIND_ipv4_prefix, "10.0.0.2/0", "10.0.0.2/0", 0},
    {KEY_KIND_ipv4_prefix, "10.0.0.2/33", NULL, 0},
    {KEY_KIND_ipv4_prefix, "10.0.0.2/024", NULL, 0},
    {KEY_KIND_ipv4_prefix, "10.0.0.2/", NULL, 0},
    {KEY_KIND_ipv4_prefix, "10.0.0.2/-1", NULL, 0},
    {KEY_KIND_ipv4_prefix, "10.0.0.2/0x8", NULL, 0},
    {KEY_KIND_ipv4_prefix, "/24", NULL, 0},
    {KEY_KIND_ipv6_prefix, "FD00::0:2/64", "fd00::2/64", 64},
    {KEY_KIND_ipv6_prefix, "fd00::2/128", "fd00::2/128", 128},
    {KEY_KIND_ipv6_prefix, "fd00::2/129", NULL, 0},
    {KEY_KIND_mac, "02:00:5E:aB:00:01", "02:00:5e:ab:00:01", 0},
    {KEY_KIND_mac, "02-00-00-00-00-01", NULL, 0},
    {KEY_KIND_mac, "2:0:0:0:0:1", NULL, 0},
    {KEY_KIND_mac, "02:00:00:00:00:0g", NULL, 0},
};

static struct key key_of(enum key_kind kind)
{
    static const struct word words[] = {{.text = "host"}, {.text = "native"}};
    return (struct key){.name = {.text = "k"}, .kind = kind, .min = INT64_MIN, .max = INT64_MAX, .choices = words, .choice_count = 2};
}

static void key_values(void **state)
{
    (void)state;
    struct arena *a = arena_create();
    struct diag *d = diag_create();
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        struct key key = key_of(values[i].kind);
        size_t errors = diag_errors(d);
        const struct key_value *v = key_parse(a, &key, values[i].text, SPAN_NONE, d);
        if ((v != NULL) != (values[i].canonical != NULL))
            fail_msg("'%s' was %s", values[i].text, v ? "accepted" : "refused");
        assert_int_equal(diag_errors(d) - errors, v == NULL);
        if (!v)
            continue;
        assert_string_equal(v->text, values[i].canonical);
        assert_int_equal(v->number, values[i].number);
        const struct key_value *again = key_parse(a, &key, v->text, SPAN_NONE, d); /* the canonical form is its own */
        assert_non_null(again);
        assert_string_equal(again->text, v->text);
    }
    diag_destroy(d);
    arena_destroy(a);
}

static void key_lists_and_ranges(void **state)
{
    (void)state;
    struct arena *a = arena_create();
    struct diag *d = diag_create();
    struct key list = key_of(KEY_KIND_list);
    list.element = KEY_KIND_size;
    const struct key_value *v = key_parse(a, &list, "1KiB, 7 ,2MiB", SPAN_NONE, d);
    assert_non_null(v);
    assert_string_equal(v->text, "1024,7,2097152");
    assert_int_equal(v->item_count, 3);
    assert_int_equal(v->items[2].number, 2097152);
    v = key_parse(a, &list, "", SPAN_NONE, d);
    assert_non_null(v);
    assert_int_equal(v->item_count, 0);
    assert_null(key_parse(a, &list, "1,,2", SPAN_NONE, d));
    assert_null(key_parse(a, &list, "1,x", SPAN_NONE, d));
    struct key range = key_of(KEY_KIND_integer);
    range.min = -3;
    range.max = 3;
    assert_non_null(key_parse(a, &range, "-3", SPAN_NONE, d));
    assert_non_null(key_parse(a, &range, "3", SPAN_NONE, d));
    assert_null(key_parse(a, &range, "4", SPAN_NONE, d));
    assert_null(key_parse(a, &range, "-4", SPAN_NONE, d));
    diag_destroy(d);
    arena_destroy(a);
}

static void key_declarations(void **state)
{
    (void)state;
    struct load l;
    const struct component *u = unikernel_of(&l,
        "return unikernel 'x' { sources = { 'x.c' }, keys = {\n"
        "  b = key.enum { 'host', 'native', default = 'native', doc = [[which\n    one]], group = 'Network', phase = 'both' },\n"
        "  a = key.list { of = key.integer { min = 1, max = 9 }, default = { 3, 5 }, doc = 'a' },\n"
        "  c = key.size { min = '1KiB', max = '1GiB', doc = 'c' },\n"
        "  d = key.list { of = key.enum { 'u', 'v' }, doc = 'd', default = {} },\n"
        "} }");
    assert_int_equal(u->key_count, 4);
    const struct key *k = u->keys;
    assert_string_equal(k[0].name.text, "a");
    assert_int_equal(k[0].element, KEY_KIND_integer);
    assert_int_equal(k[0].max, 9);
    assert_string_equal(k[0].defaults[0].value->text, "3,5");
    assert_string_equal(k[1].doc, "which one");
    assert_string_equal(k[1].group, "Network");
    assert_int_equal(k[1].phase, KEY_BOTH);
    assert_int_equal(k[1].choice_count, 2);
    assert_string_equal(k[1].defaults[0].value->text, "native");
    assert_int_equal(k[2].min, 1024);
    assert_int_equal(k[2].max, 1 << 30);
    assert_null(k[2].defaults[0].value);
    assert_string_equal(k[3].defaults[0].value->text, "");
    assert_string_equal(k[3].choices[1].text, "v");
    done(&l);
    u = unikernel_of(&l, "return unikernel 'x' { sources = { 'x.c' }, keys = {\n"
                         "  a = key.size { default = match 'target' { kvm = '1MiB', default = 64 }, doc = 'a' },\n"
                         "  b = key.bool { default = match 'target' { posix = true }, doc = 'b' },\n"
                         "} }");
    k = u->keys;
    assert_string_equal(k[0].defaults[TARGET_kvm].value->text, "1048576");
    assert_int_equal(k[0].defaults[TARGET_posix].value->number, 64);
    assert_int_equal(k[0].defaults[TARGET_xen].value->number, 64);
    assert_string_equal(k[1].defaults[TARGET_posix].value->text, "true");
    assert_null(k[1].defaults[TARGET_kvm].value);
    done(&l);
    expect_failure("return unikernel 'x' { sources = { 'x.c' }, keys = { a = key.size { default = match 'target' { kmv = 1 }, doc = 'a' } } }",
                   "there is no target 'kmv'");
    expect_failure("return unikernel 'x' { sources = { 'x.c' }, keys = { a = key.size { default = match 'net' { kvm = 1 }, doc = 'a' } } }",
                   "a default depends on the target, or on nothing");
}

/* ---- declarations ---- */

static void settings_and_choices(void **state)
{
    (void)state;
    struct load l;
    const struct component *u = unikernel_of(&l,
        "local store = instance 'kv_file >= 1.2' { set = { path = 'data' } }\n"
        "local pages = embed { 'htdocs/', compress = 'zstd' }\n"
        "return unikernel 'two-ways' {\n"
        "  sources = { 'x.c', match 'target' { kvm = 'k.c', default = { 'a.c', 'b.S' } } },\n"
        "  requires = { a = sig.kv, b = sig.kv, c = sig.kv, p = sig.kv, l = sig.log },\n"
        "  choose = { a = store, b = store, c = instance 'kv_file' {}, p = pages,\n"
        "             l = match 'target' { xen = 'ring < 2', posix = match 'net' { host = 'x' }, default = pages } },\n"
        "  set = { stack = { tcp = { window = 65535, fast = true }, names = { 'a', 2, false } }, ['http.idle'] = 30, n = 1e3, e = {}, s = '' },\n"
        "}");
    assert_string_equal(u->identifier, "two_ways");
    assert_int_equal(u->targets, 7);
    assert_string_equal(u->provides[0].text, "program");
    static const char *const expected[] = {"e=", "http.idle=30", "n=1000", "s=", "stack.names=a,2,false", "stack.tcp.fast=true",
                                           "stack.tcp.window=65535"};
    assert_int_equal(u->setting_count, 7);
    for (size_t i = 0; i < 7; i++) {
        char text[100];
        snprintf(text, sizeof text, "%s=%s", u->settings[i].path.text, u->settings[i].text.text);
        assert_string_equal(text, expected[i]);
    }
    const struct chosen *c = u->chosen; /* a b c l p */
    assert_int_equal(u->chosen_count, 5);
    assert_ptr_equal(c[0].choice->instance, c[1].choice->instance);
    assert_ptr_not_equal(c[0].choice->instance, c[2].choice->instance);
    assert_true(c[0].choice->instance->id < c[2].choice->instance->id);
    assert_string_equal(c[0].choice->instance->implementation.text, "kv_file");
    assert_string_equal(c[0].choice->instance->version.text, ">= 1.2");
    const struct choice *m = c[3].choice;
    assert_int_equal(m->kind, CHOICE_MATCH);
    assert_string_equal(m->selector.text, "target");
    assert_int_equal(m->case_count, 3);
    assert_string_equal(m->cases[0].value.text, "posix");
    assert_int_equal(m->cases[0].choice->kind, CHOICE_MATCH);
    assert_string_equal(m->cases[1].choice->version.text, "< 2");
    assert_string_equal(m->cases[2].value.text, "default");
    assert_ptr_equal(m->cases[2].choice->instance, c[4].choice->instance);
    assert_string_equal(c[4].choice->instance->embed.text, "htdocs");
    assert_string_equal(c[4].choice->instance->compress, "zstd");
    assert_int_equal(u->source_count, 2);
    assert_null(u->sources[1].path.text);
    assert_string_equal(u->sources[1].cases[0].paths[0].text, "k.c");
    assert_string_equal(u->sources[1].cases[1].value.text, "default");
    assert_string_equal(u->sources[1].cases[1].paths[1].text, "b.S");
    done(&l);
}

static void other_declarations(void **state)
{
    (void)state;
    struct load l = load_text(
        "return signature 'stack' { version = '1.0', objects = { 'stack_flow' }, shared = true, keys = { net = key.enum { 'a', 'b', default = 'a', doc = 'n' } } },\n"
        "  implementation 'disk' { version = '1.9', provides = { sig.block, sig.kv }, targets = { 'xen', 'kvm' }, conflicts = { 'zstd < 1.5', 'y' },\n"
        "    when = { net = { 'a', 'b' }, on = true }, prefer = -3, flags = { '-DX=1', '-Wall', '-fno-common', '-Iinclude' },\n"
        "    imports = { debian { package = 'node-llhttp', versions = { '8.1.0~dfsg-1' }, include = { 'i' }, sources = { 'a.c' }, files = {\n"
        "      ['a.c'] = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855' } }, pkgconfig 'libzstd', pkgconfig { 'zlib', version = '>= 1.2' } } },\n"
        "  implementation 'disk' { version = '1.10', provides = sig.block }");
    assert_string_equal(l.printed, "");
    const struct component *c = l.manifest->implementations;
    assert_int_equal(l.manifest->implementation_count, 2);
    assert_string_equal(c[0].version.text, "1.10"); /* newest first */
    assert_string_equal(c[0].header.text, "disk.h");
    assert_int_equal(c[0].targets, 7);
    c++;
    assert_int_equal(c->targets, 1u << TARGET_kvm | 1u << TARGET_xen);
    assert_int_equal(c->provides_count, 2);
    assert_int_equal(c->conflict_count, 2);
    assert_int_equal(c->condition_count, 2);
    assert_string_equal(c->conditions[1].values[0].text, "true");
    assert_int_equal(c->preference, -3);
    assert_int_equal(c->flag_count, 4);
    assert_int_equal(c->import_count, 3);
    assert_string_equal(c->imports[0].files[0].path.text, "a.c");
    assert_string_equal(c->imports[1].name.text, "libzstd");
    assert_string_equal(c->imports[2].versions[0].text, ">= 1.2");
    const struct signature *s = l.manifest->signatures;
    assert_true(s->shared && !s->exclusive);
    assert_string_equal(s->header.text, "stack.h");
    assert_int_equal(s->key_count, 1);
    done(&l);
}

/* ---- files and directories ---- */

static void files_and_order(void **state)
{
    (void)state;
    put("ukc.lua", "use 'mine' use './mine' local p = require 'parts' assert(p == require 'parts')\n"
                   "return unikernel 'x' { sources = p.sources }");
    put("parts.lua", "use 'more' return { sources = { 'x.c' } }");
    put("mine/ukc.lua", "use '../mine' use '..' use 'deep' return implementation 'own' { provides = sig.s }");
    put("mine/deep/ukc.lua", "return signature 'deep' {}");
    put("more/b/ukc.lua", "return implementation 'b' { provides = sig.s }");
    put("more/a/ukc.lua", "return implementation 'a' { provides = sig.s }");
    put("more/none/README", "");
    put("catalogue/ukc.lua", "return target 'kvm' { link = { '-static-pie' }, sources = { 'entry.S' } }");
    put("catalogue/s/ukc.lua", "return signature 's' {}");
    static const char *const roots[] = {"catalogue"};
    struct load l = load_with((struct manifest_options){.project = "ukc.lua", .catalogue = roots, .catalogue_count = 1});
    assert_string_equal(l.printed, "");
    const struct manifest *m = l.manifest;
    static const char *const files[] = {"catalogue/s/ukc.lua", "catalogue/ukc.lua", "mine/deep/ukc.lua", "mine/ukc.lua",
                                        "more/a/ukc.lua", "more/b/ukc.lua", "parts.lua", "ukc.lua"};
    static const char *const directories[] = {"catalogue", "catalogue/s", "more", "more/a", "more/b", "more/none"};
    assert_int_equal(m->source_count, 8);
    for (size_t i = 0; i < 8; i++)
        assert_string_equal(m->sources[i]->path, files[i]);
    assert_int_equal(m->directory_count, 6);
    for (size_t i = 0; i < 6; i++)
        assert_string_equal(m->directories[i], directories[i]);
    assert_string_equal(m->unikernels[0].directory, ".");
    assert_false(m->unikernels[0].in_tree);
    assert_string_equal(m->implementations[0].name.text, "a");
    assert_string_equal(m->implementations[0].directory, "more/a");
    assert_false(m->implementations[0].in_tree);
    assert_string_equal(m->implementations[2].directory, "mine");
    assert_string_equal(m->signatures[0].directory, "mine/deep");
    assert_int_equal(m->signatures[1].directory[0], '/');
    assert_true(m->signatures[1].in_tree);
    assert_int_equal(m->target_count, 1);
    assert_int_equal(m->targets[0].target, TARGET_kvm);
    assert_int_equal(m->targets[0].link_count, 1);
    assert_string_equal(m->targets[0].sources[0].text, "entry.S");
    done(&l);
    /* the catalogue's manifests share a folder, which is not the project's */
    put("shared/common.lua", "return { doc = 'shared', s = require 'more' }");
    put("shared/more.lua", "return { 'entry.S' }");
    put("shared/parts.lua", "return 'not the one beside the manifest'");
    put("catalogue/parts.lua", "return '-static-pie'");
    put("catalogue/ukc.lua", "local c = require 'common' return target 'kvm' { doc = c.doc, link = { require 'parts' }, sources = c.s }");
    l = load_with((struct manifest_options){.project = "ukc.lua", .catalogue = roots, .catalogue_count = 1, .shared = "shared"});
    assert_string_equal(l.printed, "");
    assert_string_equal(l.manifest->targets[0].sources[0].text, "entry.S");
    assert_string_equal(l.manifest->targets[0].link[0].text, "-static-pie");
    assert_int_equal(l.manifest->source_count, 11); /* what was required is among what the plan depends on */
    done(&l);
    l = load_with((struct manifest_options){.project = "ukc.lua", .catalogue = roots, .catalogue_count = 1});
    assert_null(l.manifest);
    assert_non_null(strstr(l.printed, "common.lua"));
    done(&l);
    put("ukc.lua", "require 'common' return unikernel 'x' { sources = { 'x.c' } }");
    l = load_with((struct manifest_options){.project = "ukc.lua", .catalogue = roots, .catalogue_count = 1, .shared = "shared"});
    assert_null(l.manifest);
    assert_non_null(strstr(l.printed, "common.lua"));
    done(&l);
    put("elsewhere.lua", "return 1");
    assert_int_equal(symlink("../elsewhere.lua", "shared/link.lua"), 0);
    put("ukc.lua", "return unikernel 'x' { sources = { 'x.c' } }");
    put("catalogue/ukc.lua", "require 'link' return target 'kvm' {}");
    l = load_with((struct manifest_options){.project = "ukc.lua", .catalogue = roots, .catalogue_count = 1, .shared = "shared"});
    assert_null(l.manifest);
    assert_non_null(strstr(l.printed, "a symbolic link leads to"));
    done(&l);
    put("catalogue/ukc.lua", "return target 'kvm' {}");
    static const char *const missing[] = {"catalogue", "nowhere"};
    l = load_with((struct manifest_options){.project = "ukc.lua", .catalogue = missing, .catalogue_count = 2});
    assert_null(l.manifest);
    assert_int_equal(diag_status(l.diag), DIAG_OUTSIDE);
    done(&l);
    l = load_with((struct manifest_options){.project = "nowhere/ukc.lua"});
    assert_null(l.manifest);
    done(&l);
}

static void odd_texts(void **state)
{
    (void)state;
    struct load l;
    const struct component *u = unikernel_of(&l, "\xef\xbb\xbfreturn unikernel 'x' {\r\n  sources = {\r\n'x.c' } }\r\n");
    expect_span(u->span, 1, 8, 13);
    expect_span(u->sources[0].path.span, 3, 1, 5);
    done(&l);
    l = load_text("return { unikernel 'x' { sources = { 'x.c' } }, { unikernel 'y' { sources = { 'y.c' } } } }");
    assert_int_equal(l.manifest->unikernel_count, 2);
    done(&l);
    l = load_with((struct manifest_options){0});
    assert_non_null(l.manifest);
    done(&l);
}

static void the_same_twice(void **state)
{
    (void)state;
    const char *text = "local t = {} for i = 1, 50 do t['k' .. i] = 'bad value ' .. i .. '\\n' end\n"
                       "return unikernel 'x' { keys = t, set = t, require = t, choose = t, flags = { 'x' } }";
    struct load a = load_text(text), b = load_text(text);
    assert_string_equal(a.printed, b.printed);
    assert_true(diag_errors(a.diag) > 20);
    done(&a);
    done(&b);
}

static void fields_table(void **state)
{
    (void)state;
    size_t count;
    const struct manifest_field *f = manifest_fields(&count);
    struct arena *a = arena_create();
    const char *annotations = manifest_annotations(a);
    assert_true(count > 50);
    for (size_t i = 0; i < count; i++) {
        assert_true(*f[i].declaration && *f[i].name && *f[i].type && *f[i].doc);
        for (size_t j = 0; j < i; j++)
            assert_false(string_equal(f[i].name, f[j].name) && string_equal(f[i].declaration, f[j].declaration));
        bool word = strpbrk(f[i].name, "[. ") || string_equal(f[i].declaration, "lua"); /* words of the language */
        if (word)
            continue;
        char line[100];
        snprintf(line, sizeof line, "---@field %s", f[i].name);
        assert_non_null(strstr(annotations, line));
    }
    static const char *const spoken_of[] = {"match", "use", "embed", "instance", "key", "debian", "pkgconfig", "sig", "range", "lua",
                                            "first_of", "require"};
    for (size_t w = 0; w < sizeof spoken_of / sizeof *spoken_of; w++) {
        size_t found = 0;
        for (size_t i = 0; i < count; i++)
            found += string_equal(f[i].declaration, spoken_of[w]) && (i == 0 || !string_equal(f[i - 1].declaration, spoken_of[w]));
        assert_int_equal(found, 1); /* listed, in one piece */
    }
    static const char *const kinds[][2] = {
#define X(name, doc) {"key." #name, doc},
        KEY_KINDS(X)
#undef X
    };
    for (size_t k = 0; k < KEY_KIND_COUNT; k++) {
        bool found = false;
        for (size_t i = 0; i < count; i++)
            found |= string_equal(f[i].declaration, "key") && string_equal(f[i].name, kinds[k][0]) && string_equal(f[i].doc, kinds[k][1]);
        assert_true(found);
    }
    assert_int_equal(target_find("kvm"), TARGET_kvm);
    assert_int_equal(target_find("linux"), TARGET_COUNT);
    assert_string_equal(target_names[TARGET_xen], "xen");
    arena_destroy(a);
}

/* The time that a network takes is none of a manifest's. */
static const char *get_slowly(void *context, struct arena *a, const struct used_repository *use, struct diag *d)
{
    struct itimerval left[2];
    assert_int_equal(getitimer(ITIMER_REAL, &left[0]), 0);
    assert_int_equal(getitimer(ITIMER_PROF, &left[1]), 0);
    for (int i = 0; i < 2; i++)
        assert_true(left[i].it_value.tv_sec == 0 && left[i].it_value.tv_usec == 0);
    ++*(int *)context;
    (void)d;
    put("them/ukc.lua", "return signature \"theirs\" {}");
    assert_string_equal(use->commit.text, "0123456789012345678901234567890123456789");
    return arena_strdup(a, "them");
}

static void watchdog_waits_for_repositories(void **state)
{
    (void)state;
    int asked = 0;
    put("ukc.lua", "use { git = \"https://localhost/x\", commit = \"0123456789012345678901234567890123456789\" }\n"
                   "return unikernel \"x\" { sources = { \"x.c\" } }");
    put("x.c", "");
    struct load l = load_with((struct manifest_options){.project = "ukc.lua", .use_repository = get_slowly, .context = &asked});
    if (!l.manifest)
        fail_msg("%s", l.printed);
    assert_int_equal(asked, 1);
    assert_int_equal(l.manifest->signature_count, 1);
    done(&l);
}

/* manifests/README.md says what fields.c says. */
static void reference(void **state)
{
    (void)state;
    const char *root = getenv("UKC_SOURCE_ROOT");
    if (!root)
        skip();
    size_t count;
    const struct manifest_field *f = manifest_fields(&count);
    struct arena *a = arena_create();
    struct diag *d = diag_create();
    const struct source *page = file_read(a, path_join(a, root, "manifests/README.md"), SPAN_NONE, 0, d);
    assert_non_null(page);
    for (size_t i = 0; i < count; i++) {
        const char *row = arena_printf(a, "\n| `%s` | %s%s | %s |\n", f[i].name, f[i].type, f[i].required ? ", required" : "", f[i].doc);
        if (!strstr(page->bytes, row))
            fail_msg("manifests/README.md, section %s, lacks the line%s", f[i].declaration, row);
        assert_non_null(strstr(page->bytes, arena_printf(a, "\n### %s\n", f[i].declaration)));
    }
    size_t rows = 0;
    for (const char *p = strstr(page->bytes, "\n## Reference\n"); (p = strstr(p, "\n| `")); p++)
        rows++;
    assert_int_equal(rows, count); /* and nothing more */
    diag_destroy(d);
    arena_destroy(a);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, scratch_enter, scratch_leave)
        T(places_of_fields),   T(places_in_helpers),    T(scan_survives),   T(scan_accepts_nothing_more), T(library_is_in_order), T(nothing_dangerous),
        T(limits),             T(large_file),           T(watchdog),        T(key_values),          T(key_lists_and_ranges),
        T(key_declarations),   T(settings_and_choices), T(other_declarations), T(files_and_order),  T(odd_texts),
        T(the_same_twice),     T(fields_table),         T(reference),         T(watchdog_waits_for_repositories),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
