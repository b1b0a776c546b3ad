/*
 * sandbox.c - what a hostile manifest tries: other values each time, memory and time without end,
 * files that are none and files elsewhere.
 */
#include "test.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include "../../ukc/base/arena.h"
#include "../../ukc/base/file.h"
#include "../../ukc/base/hash.h"
#include "../../ukc/base/text.h"
#include "../../ukc/load/engine.h"
#include "../../ukc/load/manifest.h"

static void put(const char *path, const char *text)
{
    struct diag *d = diag_create();
    assert_true(file_write(path, text, strlen(text), NULL, d));
    diag_destroy(d);
}

/* What loading ukc.lua prints; the caller frees it. */
static char *load(size_t memory)
{
    struct arena *a = arena_create();
    struct diag *d = diag_create();
    char *printed;
    size_t size;
    const struct manifest *m = manifest_load(a, &(struct manifest_options){.project = "ukc.lua", .memory_limit = memory}, d);
    assert_int_equal(m == NULL, diag_errors(d) > 0);
    FILE *f = open_memstream(&printed, &size);
    diag_print(d, f, DIAG_TEXT);
    fclose(f);
    diag_destroy(d);
    arena_destroy(a);
    return printed;
}

static void expect_failure(const char *text, const char *message)
{
    put("ukc.lua", text);
    char *printed = load(0);
    if (!strstr(printed, message))
        fail_msg("expected '%s' in:\n%s", message, printed);
    free(printed);
}

/* ---- the same each time ---- */

static const char holes[] =
    "local seed, sum = 1, 0\n"
    "local function random(n) seed = (seed * 1103515245 + 12345) % 2147483648 return seed // 65536 % n + 1 end\n"
    "for round = 1, 100 do\n"
    "  local t = {}\n"
    "  for i = 1, 60 do\n"
    "    local k = random(40)\n"
    "    if random(3) == 1 then t[k] = nil else t[k] = i end\n"
    "    if random(4) == 1 then t['k' .. k] = i end\n"
    "    sum = (sum * 31 + #t) % 1000003\n"
    "  end\n"
    "  table.insert(t, 7)\n"
    "  sum = (sum * 31 + select('#', table.unpack(t))) % 1000003\n"
    "  table.remove(t)\n"
    "  table.sort(t, function(a, b) return (a or 0) < (b or 0) end)\n"
    "  sum = (sum * 31 + #t + #table.pack(nil, 1, nil, round)) % 1000003\n"
    "end\n"
    "error('sum ' .. sum)\n";

/* Each run is a process of its own, with addresses of its own: Lua's hashes depend on them. */
static void same_lengths(void **state)
{
    (void)state;
    put("ukc.lua", holes);
    char first[400] = "";
    for (int i = 0; i < 20; i++) {
        FILE *f = popen(getenv("SANDBOX_SELF"), "r");
        assert_non_null(f);
        char text[400] = "";
        assert_true(fread(text, 1, sizeof text - 1, f) > 0);
        pclose(f);
        assert_non_null(strstr(text, "error: sum "));
        if (i == 0)
            strcpy(first, text);
        assert_string_equal(text, first);
    }
}

/* Every check is written in Lua; one that is false is an error. */
static void lengths(void **state)
{
    (void)state;
    put("ukc.lua",
        "local t = {}\n"
        "assert(#t == 0 and #{1, 2, 3} == 3 and #'abc' == 3 and #'a\\0b' == 3 and #{1, 2, nil, 4} == 4)\n"
        "for i = 1, 1000 do t[#t + 1] = i assert(#t == i) end\n"
        "assert(-#t == -1000 and #t .. '' == '1000' and 2^#'ab' == 4 and not (#t == 1) and #t * 2 == 2000)\n"
        "assert(#(function() return {1} end)() == 1)\n"
        "assert(#t<=1000 and #t~=1 and t[#t]==1000)\n"
        "table.insert(t, 'end') assert(t[1001] == 'end' and table.remove(t) == 'end' and #t == 1000)\n"
        "table.insert(t, 1, 0) assert(t[1] == 0 and t[1001] == 1000 and table.remove(t, 1) == 0 and t[1] == 1 and #t == 1000)\n"
        "table.insert(t, 1001, 'x') assert(t[1001] == 'x' and table.remove(t, 1002) == nil and table.remove(t) == 'x')\n"
        "assert(table.remove({}) == nil and table.remove({}, 0) == nil)\n"
        "assert(table.concat({1, 2, 3}) == '123' and table.concat({1, 2, 3}, '-', 2) == '2-3' and table.concat({1, 2}, ',', 1, 1) == '1')\n"
        "assert(select('#', table.unpack({1, 2, 3})) == 3 and select('#', table.unpack({1, 2, 3}, 2)) == 2)\n"
        "assert(select('#', table.unpack({}, 1, 3)) == 3)\n"
        "local far = {} for i = 0, 62 do far[1 << i] = true end assert(#far == 1 << 62)\n"
        "local x = #-- comment\n  t\nassert(x == 1000)\n"
        "return unikernel 'x' { sources = { 'x.c' } }\n");
    char *printed = load(0);
    assert_string_equal(printed, "");
    free(printed);
    expect_failure("local t = {} table.insert(t, 5, 1)", "position out of bounds");
    expect_failure("local t = {} table.insert(t)", "wrong number of arguments to 'insert'");
    expect_failure("local t = {} table.remove(t, 7)", "position out of bounds");
    expect_failure("local t = {} table.insert('x', 1)", "table expected");
    expect_failure("local t = nil\nlocal n = #t", "ukc.lua:2:11: error: '#' takes a table or a string, not nothing");
    expect_failure("local n = 2 #t", "syntax error");
    expect_failure("#t", "syntax error");
    expect_failure("local n = #", "syntax error");
}

static void no_addresses(void **state)
{
    (void)state;
    expect_failure("error(string.format('\\0%s|%p', {}, {}))", "'%p' would print an address");
    expect_failure("error((string.format('\\0%s|%s', {}, error):sub(2)))", "error: table|function");
    expect_failure("error((string.format('%-8s|%.3s\\0%%p %s', {}, {}, {}):gsub('\\0', '_')))", "error: table   |tab_%p table\n");
}

/* ---- limits ---- */

static void kept_memory(void **state)
{
    (void)state;
    struct rusage before, after;
    getrusage(RUSAGE_SELF, &before);
    expect_failure("for i = 1, 1e6 do local y = sig[('a'):rep(1000000)] end",
                   "ukc.lua:1:1: error: a name is 1000000 bytes long; the limit is 65536");
    expect_failure("for i = 1, 1e6 do local y = sig[('a'):rep(60000)] end", "takes more than 64 MiB of memory");
    expect_failure("for i = 1, 1e6 do local y = unikernel(('a'):rep(60000)) end", "takes more than 64 MiB of memory");
    expect_failure("for i = 1, 1e7 do use 'x' end", "takes more than 64 MiB of memory");
    expect_failure("local s = ('a'):rep(1000000) local t = {} for i = 1, 1e5 do t[i] = s end return t",
                   "takes more than 64 MiB of memory");
    expect_failure("use(('a'):rep(70000))", "the limit is 65536");
    expect_failure("require(('a'):rep(70000))", "the limit is 65536");
    getrusage(RUSAGE_SELF, &after);
    assert_true(after.ru_maxrss - before.ru_maxrss < 1000000); /* KB; ASan keeps what is freed */
}

/* One file's end is everybody's: the others are not blamed as well. */
static void memory_ends_all(void **state)
{
    (void)state;
    put("lib/ukc.lua", "return signature 'x' {}");
    put("ukc.lua", "use 'lib' for i = 1, 1e6 do local y = sig[('a'):rep(60000)] end");
    char *printed = load(0), *at = strstr(printed, "error:");
    assert_non_null(at);
    assert_null(strstr(at + 1, "error:"));
    free(printed);
}

/* The system's time counts: a loop that does nothing but make the kernel work. */
static void system_time(void **state)
{
    (void)state;
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        close(STDERR_FILENO);
        watchdog_start(1);
        for (;;)
            getppid();
    }
    int status = 0;
    struct rusage used;
    assert_int_equal(wait4(child, &status, 0, &used), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 1);
    assert_true(used.ru_utime.tv_sec + used.ru_stime.tv_sec < 3);
}

/* ---- files that are none ---- */

/* None of these may wait for a writer: alarm() ends the test. */
static void pipes(void **state)
{
    (void)state;
    alarm(60);
    assert_int_equal(mkfifo("hello.c", 0600), 0);
    assert_int_equal(mkfifo("parts.lua", 0600), 0);
    assert_int_equal(mkfifo("x.h", 0600), 0);
    expect_failure("return unikernel 'x' { sources = { 'hello.c' } }", "'hello.c' is not a regular file");
    expect_failure("return require 'parts'", "cannot read 'parts.lua': not a regular file");
    expect_failure("return signature 'x' {}", "'x.h' is not a regular file");
    struct hash h;
    uint64_t size;
    struct diag *d = diag_create();
    (void)hash_file("hello.c", &h, &size, d);
    diag_destroy(d);
    mkdir("lib", 0700);
    assert_int_equal(mkfifo("lib/ukc.lua", 0600), 0);
    expect_failure("use 'lib'", "cannot read 'lib/ukc.lua': not a regular file");
    unlink("ukc.lua");
    assert_int_equal(mkfifo("ukc.lua", 0600), 0);
    char *printed = load(0);
    assert_string_equal(printed, "error: cannot read 'ukc.lua': not a regular file\n");
    free(printed);
    unlink("ukc.lua");
    assert_int_equal(symlink("/dev/zero", "ukc.lua"), 0);
    printed = load(0);
    assert_string_equal(printed, "error: cannot read 'ukc.lua': not a regular file\n");
    free(printed);
    alarm(0);
}

static void links(void **state)
{
    (void)state;
    struct arena *a = arena_create();
    put("inside/file", "");
    put("inside2/file", "");
    assert_int_equal(symlink("inside", "door"), 0);
    assert_int_equal(symlink("../inside2", "inside/out"), 0);
    assert_int_equal(symlink("file", "inside/same"), 0);
    assert_int_equal(symlink("nowhere", "inside/dangling"), 0);
    assert_null(file_leads_out(a, "inside", "inside/file"));
    assert_null(file_leads_out(a, "inside", "inside/same"));
    assert_null(file_leads_out(a, "inside", "inside/missing/file"));
    assert_null(file_leads_out(a, "inside", "inside/dangling"));
    assert_null(file_leads_out(a, "door", "door/same"));
    assert_null(file_leads_out(a, "inside", "door/file"));
    assert_null(file_leads_out(a, ".", "inside/out/file"));
    assert_null(file_leads_out(a, "/", "inside/out/file"));
    assert_null(file_leads_out(a, "missing", "inside/out/file"));
    assert_true(string_ends(file_leads_out(a, "inside", "inside/out/file"), "/inside2/file"));
    assert_true(string_ends(file_leads_out(a, "door", "door/out/missing.c"), "/inside2"));
    assert_true(string_ends(file_leads_out(a, "door", "door/out"), "/inside2"));
    assert_true(file_is_regular("inside/same"));
    assert_false(file_is_regular("inside") || file_is_regular("inside/dangling") || file_is_regular("/dev/null"));
    arena_destroy(a);
}

#define T(name) cmocka_unit_test_setup_teardown(name, scratch_enter, scratch_leave)

int main(int argc, char **argv)
{
    if (argc > 1 && !strcmp(argv[1], "load")) {
        char *printed = load(0);
        fputs(printed, stdout);
        free(printed);
        return 0;
    }
    struct arena *a = arena_create();
    setenv("SANDBOX_SELF", arena_printf(a, "'%s' load", path_absolute(a, argv[0])), 1);
    arena_destroy(a);
    const struct CMUnitTest tests[] = {
        T(same_lengths), T(lengths), T(no_addresses), T(kept_memory), T(memory_ends_all), T(system_time), T(pipes), T(links),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
