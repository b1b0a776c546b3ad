/*
 * generate.c - a plan made by hand, through generate() and the real Ninja, compilers and linker.
 *
 * The project: one implementation applied twice, an upstream package, a host
 * library, assembler, an embedded directory, keys read at boot; in a directory
 * whose name has spaces and is not ASCII.  What the interface check would
 * write (requirement headers, exports.h) is written here.
 *
 * build.ninja calls this test back as ukc: see main().
 */
#include "plan.h"

#include <sys/stat.h>

#include "../../ninja/ninja.h"
#include <errno.h>
#include "../../ukc/base/audit.h"
#include "../../ukc/generate/embed.h"
#include "../../ukc/base/process.h"

static struct arena *arena;
static struct diag *diag;
static char self[4096];

static int enter(void **state)
{
    arena = arena_create();
    diag = diag_create();
    if (scratch_enter(state) != 0 || mkdir("a project ü $x", 0777) != 0)
        return -1;
    return chdir("a project ü $x");
}

static int leave(void **state)
{
    if (diag_errors(diag))
        diag_print(diag, stderr, DIAG_TEXT);
    diag_destroy(diag);
    arena_destroy(arena);
    return scratch_leave(state);
}

static void save(const char *path, const char *s)
{
    assert_true(file_write(path, s, strlen(s), NULL, diag));
}

static int shell(const char *format, ...)
{
    va_list list;
    va_start(list, format);
    char *command = arena_vprintf(arena, format, list);
    va_end(list);
    int status = system(command);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

#define MUST(...)                                                                                                      \
    do {                                                                                                               \
        if (shell(__VA_ARGS__) != 0)                                                                                   \
            fail_msg(__VA_ARGS__);                                                                                     \
    } while (0)

static const char *root(const char *path)
{
    const char *source = getenv("UKC_SOURCE_ROOT");
    assert_non_null(source);
    return path_join(arena, source, path);
}

/* ---- the project ---- */

static void write_sources(void)
{
    save("app.c",
         "#include <stdio.h>\n#include <string.h>\n#include <unistd.h>\n#include \"keys.h\"\n#include \"left.h\"\n#include \"right.h\"\n#include \"pages.h\"\n#include <ukc/view.h>\n"
         "int answer(void);\nint two_ways_main(void)\n{\n"
         "    for (int i = 0; i < KEY_ROUNDS; i++)\n        left_add(1);\n    right_add(10);\n"
         "    struct pages_entry *e;\n    struct view v;\n"
         "    if (pages_open(VIEW(\"a b.txt\"), &e) != 0 || pages_read(e, 0, 0, 100, &v) != 0)\n        return 3;\n"
         "    printf(\"left %d right %d upstream %d assembler %d zlib %c page %.*s file %s\\n\", left_get(), right_get(), left_upstream(), answer(), left_zlib()[0], (int)v.size, v.bytes, left_file());\n"
         "    return KEY_STATUS;\n}\n");
    save("lib/counter/counter.h", "#pragma once\nvoid counter_add(int);\nint counter_get(void);\nint counter_upstream(void);\nint counter_flag(void);\nconst char *counter_zlib(void);\n"
                                  "const char *counter_file(void);\nint counter_start(void);\nvoid counter_stop(void);\n");
    save("lib/counter/counter.c", "#include \"counter.h\"\n#include \"keys.h\"\n#include \"state.h\"\n#include <upstream.h>\n#include <zlib.h>\n#include <stdio.h>\n"
                                  "int counter_start(void)\n{\n    total = KEY_FIRST;\n    return KEY_FIRST < 0 ? -22 : 0;\n}\n"
                                  "void counter_stop(void)\n{\n    printf(\"stop %d\\n\", total);\n}\n"
                                  "__attribute__((noinline)) void counter_add(int n)\n{\n    total += n;\n}\nint counter_get(void)\n{\n    return total;\n}\n"
                                  "int counter_upstream(void)\n{\n    return upstream(total);\n}\nint counter_flag(void)\n{\n    return WITH_FLAG;\n}\n"
                                  "const char *counter_zlib(void)\n{\n    return zlibVersion();\n}\nconst char *counter_file(void)\n{\n    return __FILE__;\n}\n");
    /* globals that are not static: they must not collide with those of the twin */
    save("lib/counter/state.h", "extern int total;\n");
    save("lib/counter/state.c", "#include \"state.h\"\nint total;\n");
    save("package/src/upstream.c", "#include <upstream.h>\nint upstream_calls;\nint unused_but_warned(){ int x; return 1; }\nint upstream(int n) { upstream_calls++; return n + upstream_calls; }\n");
    save("package/include/upstream.h", "int upstream(int n);\n");
    save("answer.S", "#define ANSWER $42\n.text\n.globl answer\nanswer: movl ANSWER, %eax\n ret\n.section .note.GNU-stack,\"\",@progbits\n");
    save("htdocs/a b.txt", "hello");
    save("htdocs/ü/index.html", "<p>");
}

static void write_checked(const char *build)
{
    static const struct {
        const char *path, *text;
    } files[] = {
        {"two-ways/exports.h", "#pragma once\nint two_ways_main(void) __asm__(\"two-ways.two_ways_main\");\n"},
#define SIDE(s)                                                                                                                     \
    {"two-ways/" s ".h", "#pragma once\nvoid " s "_add(int) __asm__(\"" s ".counter_add\");\nint " s "_get(void) __asm__(\"" s      \
                         ".counter_get\");\nint " s "_upstream(void) __asm__(\"" s ".counter_upstream\");\nint " s                  \
                         "_flag(void) __asm__(\"" s ".counter_flag\");\nconst char *" s "_zlib(void) __asm__(\"" s        \
                         ".counter_zlib\");\nconst char *" s "_file(void) __asm__(\"" s ".counter_file\");\n"},                     \
    {s "/exports.h", "#pragma once\n#include \"counter.h\"\n#define L(f) __typeof__(f) f __asm__(\"" s ".\" #f)\nL(counter_add);\n" \
                     "L(counter_get);\nL(counter_upstream);\nL(counter_flag);\nL(counter_zlib);\nL(counter_file);\nL(counter_start);\nL(counter_stop);\n#undef L\n"}
        SIDE("left"),
        SIDE("right"),
        {"two-ways/pages.h", "#pragma once\n#include <stddef.h>\n#include <stdint.h>\n#include <ukc/view.h>\nstruct pages_entry;\n"
                             "int pages_open(struct view, struct pages_entry **) __asm__(\"pages.embed_open\");\n"
                             "int pages_read(struct pages_entry *, size_t, uint64_t, size_t, struct view *) __asm__(\"pages.embed_read\");\n"},
        {"pages/exports.h", "#pragma once\n#include \"embed.h\"\n__typeof__(embed_open) embed_open __asm__(\"pages.embed_open\");\n"
                            "__typeof__(embed_read) embed_read __asm__(\"pages.embed_read\");\n"},
    };
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++)
        save(arena_printf(arena, "%s/gen/%s", build, files[i].path), files[i].text);
}

struct world {
    struct bindings bindings;
    const struct layout *layout;
    struct generate_options options;
    struct component *counter, *app;
};

static struct word posix_flags[] = {{.text = "--target=x86_64-linux-gnu"}, {.text = "-fPIE"}, {.text = "-DQUOTE=\"it's $x\""}};
static struct word posix_link[] = {{.text = "--target=x86_64-linux-gnu"}, {.text = "-pie"}, {.text = "-Wl,-z,relro,-z,now"}};

static struct plan_key key_of(const char *name, enum key_phase phase, int64_t number)
{
    struct key *key = arena_new(arena, struct key);
    struct key_value *value = arena_new(arena, struct key_value);
    *value = (struct key_value){.text = arena_printf(arena, "%lld", (long long)number), .number = number};
    *key = (struct key){.name = WORD(name), .kind = KEY_KIND_integer, .phase = phase, .min = INT64_MIN, .max = INT64_MAX, .defaults = {{value}}};
    return (struct plan_key){.key = key, .value = value};
}

static struct plan_key *keys_of(struct plan_key a, struct plan_key b)
{
    struct plan_key *keys = arena_array(arena, struct plan_key, 2);
    keys[0] = a;
    keys[1] = b;
    return keys;
}

static struct import imports[2];

static struct component *make_counter(void)
{
    static struct source_file sources[] = {{.path = {.text = "counter.c"}}, {.path = {.text = "state.c"}}};
    static struct word flags[] = {{.text = "-DWITH_FLAG=1"}}, package_sources[] = {{.text = "src/upstream.c"}}, include[] = {{.text = "include"}};
    imports[0] = (struct import){.kind = IMPORT_DEBIAN, .name = WORD("upstream"), .sources = package_sources, .source_count = 1, .include = include, .include_count = 1};
    imports[1] = (struct import){.kind = IMPORT_PKGCONFIG, .name = WORD("zlib")};
    struct component *c = arena_new(arena, struct component);
    *c = (struct component){.kind = COMPONENT_IMPLEMENTATION, .name = WORD("counter"), .identifier = "counter", .directory = "lib/counter", .sources = sources, .source_count = 2,
                            .flags = flags, .flag_count = 1, .imports = imports, .import_count = 2};
    return c;
}

static void make_world(struct world *w, enum profile profile, bool sanitize)
{
    static struct source app_lua = {.path = "ukc.lua", .bytes = "x", .size = 1};
    static struct signature kv_ro = {.name = {.text = "kv_ro"}, .identifier = "kv_ro", .in_tree = true};
    static struct requirement requirements[3] = {{.name = {.text = "left"}}, {.name = {.text = "pages"}}, {.name = {.text = "right"}}};
    static struct instance_decl site = {.embed = {.text = "htdocs"}, .compress = "gzip"};
    static struct source_file app_sources[] = {{.path = {.text = "app.c"}}, {.path = {.text = "answer.S"}}}, embed_sources[] = {{.path = {.text = "embed.c"}}};
    static struct target_description posix = {.target = TARGET_posix, .flags = posix_flags, .flag_count = 3, .link = posix_link, .link_count = 3};
    static struct plan_binding bindings[3];
    struct plan_instance *i = arena_array(arena, struct plan_instance, 4);
    i[0] = plan_instance_make(arena, 0, "left", "counter", "lib/counter");
    i[1] = plan_instance_make(arena, 1, "right", "counter", "lib/counter");
    i[2] = plan_instance_make(arena, 2, "pages", "embed", root("libs/embed"));
    i[3] = plan_instance_make(arena, 3, "two-ways", "two-ways", ".");
    w->counter = make_counter();
    i[0].component = i[1].component = w->counter;
    for (int k = 0; k < 2; k++) {
        i[k].keys = keys_of(key_of("first", KEY_BOTH, 100 * k), (struct plan_key){});
        i[k].key_count = 1;
    }
    struct component *embed = (struct component *)i[2].component;
    embed->in_tree = true;
    embed->sources = embed_sources;
    embed->source_count = 1;
    i[2].declaration = &site;
    w->app = (struct component *)i[3].component;
    w->app->kind = COMPONENT_UNIKERNEL;
    w->app->identifier = "two_ways";
    w->app->sources = app_sources;
    w->app->source_count = 2;
    w->app->span = (struct span){&app_lua, 1, 1, 1};
    for (uint32_t k = 0; k < 3; k++)
        bindings[k] = (struct plan_binding){.requirement = &requirements[k], .provider = {k == 0 ? 0 : k == 1 ? 2 : 1}, .span = {&app_lua, 4 + k, 3, 1}};
    i[3].bindings = bindings;
    i[3].binding_count = 3;
    i[3].keys = keys_of(key_of("rounds", KEY_CONFIGURE, 5), key_of("status", KEY_BOOT, 0));
    i[3].key_count = 2;
    struct plan *plan = plan_make(arena, i, 4, &posix);
    struct manifest *m = (struct manifest *)plan->graph->manifest;
    kv_ro.directory = root("libs/signatures");
    posix.directory = root("targets/posix");
    m->signatures = &kv_ro;
    m->signature_count = 1;
    static const struct source *sources[] = {&app_lua};
    static const char *directories[] = {"lib"};
    m->sources = sources;
    m->source_count = 1;
    m->directories = directories;
    m->directory_count = 1;
    struct checked_instance *checked = arena_array(arena, struct checked_instance, 4);
    static const char *const left[] = {"left.counter_add", "left.counter_flag", "left.counter_file", "left.counter_get", "left.counter_upstream", "left.counter_zlib"};
    static const char *const right[] = {"right.counter_add", "right.counter_get"};
    static const char *const pages[] = {"pages.embed_open", "pages.embed_read"};
    checked[0] = (struct checked_instance){.start = true, .stop = true, .symbols = left, .symbol_count = 6};
    checked[1] = (struct checked_instance){.start = true, .stop = true, .symbols = right, .symbol_count = 2};
    checked[2] = (struct checked_instance){.symbols = pages, .symbol_count = 2};
    w->bindings = (struct bindings){.plan = plan, .instances = checked};
    struct layout_root extra = {"debian.upstream", path_absolute(arena, "package")};
    w->layout = layout_create(arena, plan, "build/posix", &extra, 1, diag);
    assert_non_null(w->layout);
    assert_true(layout_prepare(w->layout, diag));
    static struct imported imported[2];
    imported[0] = (struct imported){.import = &imports[0], .label = "debian.upstream"};
    imported[1] = (struct imported){.import = &imports[1], .cflags = "-DUNUSED=1 -I/usr/include ", .libs = "-lz"};
    static const char *const arguments[] = {"--target=posix", "--set=motd=it's $HOME"}, *const inputs[] = {"ukc.lock"};
    w->options = (struct generate_options){.profile = profile, .sanitize = sanitize, .ukc = self, .arguments = arguments, .argument_count = 2,
                                           .imports = imported, .import_count = 2, .inputs = inputs, .input_count = 1};
}

static bool configure(struct world *w)
{
    return generate(arena, &w->bindings, w->layout, &w->options, diag);
}

static void prepare(struct world *w, enum profile profile, bool sanitize)
{
    write_sources();
    save("ukc.lua", "x");
    save("ukc.lock", "ukc-lock 1\n");
    write_checked("build/posix");
    make_world(w, profile, sanitize);
    assert_true(configure(w));
}

static size_t edges;
static char *said;

static int build(void)
{
    size_t size;
    free(said);
    FILE *out = open_memstream(&said, &size);
    int status = ninja_run(&(struct ninja_run){.file = "build/posix/build.ninja", .out = out, .edges = &edges}, NULL, diag);
    fclose(out);
    return status;
}

static void must_build(void)
{
    if (build() != 0)
        fail_msg("%s", said);
    if (strstr(said, "warning"))
        fail_msg("%s", said);
}

static void check_runs(void)
{
    MUST("./build/posix/two-ways > out; test $? = 0");
    MUST("printf 'left 5 right 110 upstream 6 assembler 42 zlib 1 page hello file lib/counter/counter.c\\nstop 110\\nstop 5\\n' | cmp - out");
    MUST("./build/posix/two-ways --status=9 --left.first 20 > out; test $? = 9 && grep -q 'left 25 right 110' out");
    MUST("./build/posix/two-ways --right.first=-1 > out 2> err; test $? = 1 && grep -q '^two-ways: right did not start: Invalid argument, error 22$' err");
    MUST("test \"$(cat out)\" = 'stop 0'"); /* what was started is stopped */
    MUST("./build/posix/two-ways --first=1 2> err; test $? = 64 && grep -q 'first: several keys end with this' err");
    MUST("./build/posix/two-ways --help > out; test $? = 0 && grep -q -- --right.first out && ! grep -q rounds out");
}

static void check_no_work(void)
{
    must_build();
    assert_int_equal(edges, 0);
}

/* No argument of a compiler or linker is an absolute path or holds the project's; ukc itself and pkg-config's are exempt. */
static void check_relative(void)
{
    MUST("ninja -f build/posix/build.ninja -t commands > commands && test $(wc -l < commands) -gt 10");
    MUST("! grep -v ' embed --output' commands | sed -e 's/^exec .*test-generate-compile //' -e 's/-I.usr.include//' | grep -E \"(^|[ '\\\"=])/|-[IL]/|iquote/\"");
    MUST("! grep -v ' embed --output' commands | grep -F 'a project'");
}

static void check_rebuilds(struct world *w)
{
    MUST("sleep 0.01; sed -i 's/KEY_STATUS;/KEY_STATUS + 0;/' app.c");
    must_build();
    assert_true(edges >= 4); /* cc, two steps of the module, link */
    assert_null(strstr(said, "left/counter.c"));
    check_no_work();
    MUST("sleep 0.01; printf '/* */\\n' >> lib/counter/state.h"); /* found by the depfile: both twins */
    must_build();
    assert_non_null(strstr(said, "left/counter.c"));
    assert_non_null(strstr(said, "right/state.c"));
    ((struct word *)w->counter->flags)[0].text = "-DWITH_FLAG=2"; /* a flag in the command */
    assert_true(configure(w));
    must_build();
    assert_non_null(strstr(said, "right/counter.c"));
    assert_null(strstr(said, "two-ways/app.c"));
    ((struct word *)w->counter->flags)[0].text = "-DWITH_FLAG=1";
    MUST("sleep 0.01; printf HELLO > 'htdocs/a b.txt'");
    must_build();
    assert_non_null(strstr(said, "EMBED pages: htdocs (ukc.lua:5 pages)"));
    assert_null(strstr(said, "CC"));
    MUST("./build/posix/two-ways | grep -q 'page HELLO'");
    MUST("printf hello > 'htdocs/a b.txt'");
}

static void check_configures_again(void)
{
    static const char *const changes[] = {"touch ukc.lua", "touch ukc.lock", "touch 'htdocs/new page.html' && rm 'htdocs/new page.html'", "mkdir -p lib/new && rmdir lib/new", "mkdir -p htdocs/ü/x"};
    must_build();
    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
        MUST("rm -f configured; sleep 0.01; %s", changes[i]);
        must_build();
        if (!file_exists("configured"))
            fail_msg("not configured again after: %s", changes[i]);
        MUST("printf 'configure\\n--quiet\\n--target=posix\\n--set=motd=it'\\''s $HOME\\n' | cmp - configured");
        check_no_work();
    }
}

static void check_vanished(void)
{
    MUST("mv app.c away.c");
    assert_int_not_equal(build(), 0);
    assert_non_null(strstr(said, "failed: CC two-ways/app.c (ukc.lua:1)"));
    assert_non_null(strstr(said, "app.c"));
    MUST("mv away.c app.c");
    MUST("mv 'htdocs/a b.txt' away.txt");
    assert_int_not_equal(build(), 0);
    assert_non_null(strstr(said, "failed: EMBED pages"));
    MUST("mv away.txt 'htdocs/a b.txt'");
    must_build();
}

static void check_failure(void)
{
    MUST("cp app.c kept.c; echo 'int broken(' >> app.c");
    assert_int_not_equal(build(), 0);
    assert_non_null(strstr(said, "failed: CC two-ways/app.c (ukc.lua:1)\n"));
    assert_non_null(strstr(said, "app.c:")); /* the compiler's own words */
    assert_null(strstr(said, "clang-19 "));  /* but not its command */
    MUST("mv kept.c app.c");
    must_build();
}

static void test_release(void **)
{
    struct world w;
    prepare(&w, PROFILE_RELEASE, false);
    must_build();
    assert_non_null(strstr(said, "CC left/counter.c (ukc.lua:4 left)"));
    assert_non_null(strstr(said, "CC left/upstream: upstream.c (ukc.lua:4 left)"));
    check_runs();
    check_no_work();
    assert_true(configure(&w)); /* the same files: untouched */
    check_no_work();
    check_relative();
    MUST("readelf -lW build/posix/two-ways | grep -q GNU_RELRO && readelf -dW build/posix/two-ways | grep -q 'FLAGS_1.*NOW.*PIE'");
    MUST("! readelf -SW build/posix/two-ways | grep -qE 'symtab|debug_info|build-id'");
    MUST("readelf -SW build/posix/two-ways | grep -q gnu_debuglink && readelf -SW build/posix/two-ways.debug 2>/dev/null | grep -q debug_info");
    MUST("python3 -c \"import json; c = json.load(open('build/compile_commands.json')); assert len(c) == 14, len(c); assert any(x['file'] == 'lib/counter/state.c' for x in c)\"");
    MUST("python3 - <<'X'\nimport json, subprocess\nfor c in json.load(open('build/posix/compile_commands.json')):\n"
         "    subprocess.run(c['command'] + ' -fsyntax-only', shell=True, cwd=c['directory'], check=True)\nX");
    check_rebuilds(&w);
    assert_true(configure(&w));
    check_configures_again();
    check_vanished();
    check_failure();
    /* not inlined, so a debugger can stop there, under the name of C; and find the source */
    MUST("gdb -q -batch -nx -iex 'set backtrace past-main on' -ex 'break counter_add' -ex run -ex bt build/posix/two-ways > gdb.out 2>&1; grep -q '^#0.*counter_add (n=.*) at lib/counter/counter.c:' gdb.out");
    MUST("grep -q '2 locations' gdb.out"); /* of both twins */
}

static void test_dev(void **)
{
    struct world w;
    prepare(&w, PROFILE_DEV, false);
    must_build();
    check_runs();
    check_no_work();
    check_relative();
    MUST("gdb -q -batch -nx -iex 'set backtrace past-main on' -ex 'break counter_get' -ex run -ex bt build/posix/two-ways > gdb.out 2>&1; grep -q '^#0.*counter_get () at lib/counter/counter.c:' gdb.out");
    MUST("grep -q 'two_ways_main () at app.c' gdb.out");
    MUST("test $(nm build/posix/two-ways | grep -c ' b total$') = 2 && ! nm build/posix/two-ways | grep -q ' B total$'");
    check_rebuilds(&w);
}

static void all_built(bool expected)
{
    must_build();
    assert_int_equal(strstr(said, "CC left/counter.c") != NULL, expected);
    assert_int_equal(strstr(said, "LINK two-ways") != NULL, expected);
    assert_null(strstr(said, "EMBED"));
}

/* A linker that counts how often it is asked for its version.  COMMENT: a word of any text. */
#define PUT_LINKER(comment) \
    MUST("mkdir -p bin && printf '#!/bin/sh\n# %%s\ntest \"$1\" = --version && echo >> asked\nexec %%s \"$@\"\n' " comment " \"$UKC_TEST_LD\" > bin/new && " \
         "chmod +x bin/new && mv bin/new bin/ld.lld-19")

static void assert_asked(int times)
{
    MUST("test $(cat asked 2>/dev/null | wc -l) = %d", times);
}

/* Another program under the name of a tool builds everything anew; looking costs nothing while it is the same. */
static void test_tools(void **)
{
    struct world w;
    char *before = strdup(getenv("PATH"));
    const char *ld = process_find(arena, "ld.lld-19");
    setenv("UKC_TEST_LD", ld, 1);
    prepare(&w, PROFILE_DEV, false);
    must_build();
    PUT_LINKER("one");
    setenv("PATH", arena_printf(arena, "%s/bin:%s", w.layout->project, before), 1);
    assert_true(configure(&w));
    all_built(true);
    assert_asked(1);
    assert_true(configure(&w));
    all_built(false);
    assert_asked(1);
    MUST("grep -q '^ld.lld-19 [0-9]* [0-9a-f]\\{16\\} .*LLD 19' build/posix/tools.txt && ! grep -q / build/posix/tools.txt");
    MUST("rm -f configured; sleep 0.01");
    PUT_LINKER("two"); /* newer: Ninja notices */
    must_build();
    assert_true(file_exists("configured"));
    assert_true(configure(&w));
    all_built(true);
    assert_asked(2);
    PUT_LINKER("six");
    MUST("touch -d 2001-01-01 bin/ld.lld-19"); /* older, of the same size */
    assert_true(configure(&w));
    all_built(true);
    assert_asked(3);
    MUST("touch -d 2002-02-02 bin/ld.lld-19"); /* the same program */
    assert_true(configure(&w));
    all_built(false);
    assert_asked(4);
    MUST("rm build/posix/tools.txt");
    assert_true(configure(&w));
    all_built(true);
    MUST("printf '#!/bin/sh\nexit 3\n' > bin/ld.lld-19");
    assert_false(configure(&w));
    assert_int_equal(diag_status(diag), DIAG_OUTSIDE);
    MUST("rm bin/ld.lld-19");
    setenv("PATH", before, 1);
    free(before);
}

static void test_sanitizers(void **)
{
    struct world w;
    prepare(&w, PROFILE_DEV, true);
    must_build();
    check_runs();
    MUST("sed -i 's/KEY_STATUS;/(int[]){1}[KEY_STATUS];/' app.c");
    must_build();
    MUST("./build/posix/two-ways --status=5 2> err; test $? != 0 && grep -q 'app.c:.*out of bounds' err");
}

/* The same image from another directory, by another path to ukc's catalogue. */
static void test_reproducible(void **)
{
    struct world w;
    prepare(&w, PROFILE_RELEASE, false);
    must_build();
    MUST("sha256sum build/posix/two-ways.debug | cut -c1-64 > ../debug.sum; cp build/posix/two-ways ../first");
    MUST("mkdir ../elsewhere && ln -s \"%s\" ../'the catalogue'", root("."));
    assert_int_equal(chdir("../elsewhere"), 0);
    const char *before = arena_strdup(arena, getenv("UKC_SOURCE_ROOT"));
    setenv("UKC_SOURCE_ROOT", path_absolute(arena, "../the catalogue"), 1);
    prepare(&w, PROFILE_RELEASE, false);
    must_build();
    setenv("UKC_SOURCE_ROOT", before, 1);
    MUST("cmp build/posix/two-ways ../first");
    MUST("sha256sum build/posix/two-ways.debug | cut -c1-64 | cmp - ../debug.sum");
    MUST("! grep -a elsewhere build/posix/two-ways.debug > /dev/null");
}

static void refuse(struct world *w, const char *message)
{
    struct diag *kept = diag;
    diag = diag_create();
    char *out;
    size_t size;
    assert_false(configure(w));
    FILE *f = open_memstream(&out, &size);
    diag_print(diag, f, DIAG_TEXT);
    fclose(f);
    if (!strstr(out, message))
        fail_msg("'%s' is not in:\n%s", message, out);
    free(out);
    diag_destroy(diag);
    diag = kept;
}

static void test_refusals(void **)
{
    struct world w;
    prepare(&w, PROFILE_RELEASE, false);
    static const char *const bad_flags[] = {"-Wl,-rpath,/x", "-fplugin=x", "x.o", "-I", "@file", "-l\x01"};
    struct imported *library = (struct imported *)&w.options.imports[1];
    for (size_t i = 0; i < sizeof bad_flags / sizeof bad_flags[0]; i++) {
        library->libs = bad_flags[i];
        refuse(&w, "only -I, -D, -l, -L and -pthread");
    }
    library->libs = "-lz";
    w.app->name.text = "gen";
    ((struct plan_instance *)w.bindings.plan->instances)[3].name = "gen";
    refuse(&w, "cannot be named 'gen'");
    ((struct plan_instance *)w.bindings.plan->instances)[3].name = "two-ways";
    ((struct source_file *)w.app->sources)[0].path.text = "missing.c";
    refuse(&w, "source 'missing.c' does not exist");
    ((struct source_file *)w.app->sources)[0].path.text = "../x.c";
    refuse(&w, "outside the component's directory");
    ((struct source_file *)w.app->sources)[0].path.text = "ukc.lua";
    refuse(&w, "neither C (.c) nor assembler");
    ((struct source_file *)w.app->sources)[0].path.text = "app.c";
    ((struct instance_decl *)w.bindings.plan->instances[2].declaration)->embed.text = ".";
    refuse(&w, "cannot be embedded in itself");
    ((struct instance_decl *)w.bindings.plan->instances[2].declaration)->embed.text = "htdocs";
    static struct requirement hidden = {.name = {.text = "state"}};
    w.counter->requires = &hidden;
    w.counter->requires_count = 1;
    refuse(&w, "hides the header of its requirement 'state'");
    w.counter->requires_count = 0;
    const char *path = arena_strdup(arena, getenv("PATH"));
    setenv("PATH", "/nonexistent", 1);
    refuse(&w, "the program 'clang-19' is not installed");
    setenv("PATH", path, 1);
    assert_true(configure(&w));
}

/* As ukc: build.ninja calls `embed --output X --list Y` and `configure ...`. */
static int as_ukc(int argc, char **argv)
{
    if (strcmp(argv[1], "embed") == 0) {
        struct diag *d = diag_create();
        struct arena *a = arena_create();
        bool good = argc == 6 && embed_write(a, &(struct embed_options){.output = argv[3], .list = argv[5]}, d);
        diag_print(d, stderr, DIAG_TEXT);
        diag_destroy(d);
        arena_destroy(a);
        return good ? 0 : 1;
    }
    FILE *f = fopen("configured", "w");
    for (int i = 1; f && i < argc; i++)
        fprintf(f, "%s\n", argv[i]);
    return f && fclose(f) == 0 ? 0 : 1;
}

int main(int argc, char **argv)
{
    if (argc > 1 && (strcmp(argv[1], "embed") == 0 || strcmp(argv[1], "configure") == 0))
        return as_ukc(argc, argv);
    size_t n = strlen(argv[0]), suffix = strlen(PROGRAM_COMPILE);
    if (argc > 1 && n > suffix && strcmp(argv[0] + n - suffix, PROGRAM_COMPILE) == 0)
        return execvp(argv[1], argv + 1);
    char *path = realpath(argv[0], NULL), compile[sizeof self + 16]; /* valgrind 3.24 gives a wrong length for /proc/self/exe */
    if (!path || snprintf(self, sizeof self, "%s", path) >= (int)sizeof self)
        return 1;
    free(path);
    snprintf(compile, sizeof compile, "%s" PROGRAM_COMPILE, self);
    if (symlink(self, compile) != 0 && errno != EEXIST)
        return 1;
#define TEST(f) cmocka_unit_test_setup_teardown(f, enter, leave)
    const struct CMUnitTest tests[] = {TEST(test_release), TEST(test_dev), TEST(test_tools), TEST(test_sanitizers), TEST(test_reproducible), TEST(test_refusals)};
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    free(said);
    return failed;
}
