/*
 * check_link.c - the generated headers compile, bind, and keep two instances of one implementation apart,
 * with the tools that images are made with.
 */
#include "check_world.h"

static const char counter_h[] = "#ifndef COUNTER_H\n#define COUNTER_H\n"
                                "#include <stddef.h>\n#include <stdint.h>\n"
                                "struct counter_item;\n"
                                "enum counter_mode { COUNTER_UP, COUNTER_DOWN };\n"
                                "struct counter_limits { uint64_t least, most; };\n"
                                "/* Two items that belong together. */\n"
                                "struct counter_pair {\n"
                                "    struct counter_item *first, *second;\n"
                                "    union { uint32_t tag; uint8_t bytes[4]; };\n"
                                "    unsigned small : 3, : 2, large : 20;\n"
                                "    struct counter_pair *next;\n"
                                "    int (*visit)(struct counter_item *const *items, size_t count);\n"
                                "    enum { COUNTER_RAW } form;\n"
                                "};\n"
                                "typedef struct { struct counter_item *item; struct { int x, y; } at; } counter_spot;\n"
                                "typedef int (*counter_visitor)(struct counter_item *item, void *context);\n"
                                "struct counter_tight { char c; struct counter_item *item; } __attribute__((packed));\n"
                                "/* Opens an item.\n * It starts at 0. */\n"
                                "int counter_open(struct counter_item **item, enum counter_mode mode);\n"
                                "int counter_add(struct counter_item *item, int by);\n"
                                "int counter_each(counter_visitor visit, void *context);\n"
                                "[[nodiscard]] int counter_pair_up(struct counter_pair *pair, const counter_spot *spot, struct counter_tight *);\n"
                                "int counter_limits(struct counter_limits *limits);\n"
                                "int counter_format(char out[32], const char *format, ...) __attribute__((format(printf, 2, 3)));\n"
                                "#define COUNTER_PRINTF(a, b) __attribute__((format(printf, a, b)))\n"
                                "COUNTER_PRINTF(1, 2) int counter_say(const char *format, ...);\n"
                                "int counter_copy(const char *from) __attribute__((nonnull(1), cold));\n"
                                "_Noreturn void counter_die(void);\n__attribute__((noreturn)) void counter_end(void);\n"
                                "[[noreturn]] void counter_go(void);\n"
                                "#endif\n";

static const char tally_h[] = "#ifndef TALLY_H\n#define TALLY_H\n#include \"counter.h\"\n"
                              "struct tally_item;\n"
                              "struct tally_pair {\n    struct tally_item *first, *second;\n    union { uint32_t tag; uint8_t bytes[4]; };\n"
                              "    unsigned small : 3, : 2, large : 20;\n    struct tally_pair *next;\n"
                              "    int (*visit)(struct tally_item *const *items, size_t count);\n    enum { TALLY_RAW } form;\n};\n"
                              "typedef struct { struct tally_item *item; struct { int x, y; } at; } tally_spot;\n"
                              "struct tally_tight { char c; struct tally_item *item; } __attribute__((packed));\n"
                              "int tally_start(void);\nvoid tally_stop(void);\n"
                              "int tally_open(struct tally_item **item, enum counter_mode mode);\n"
                              "int tally_add(struct tally_item *item, int by);\n"
                              "int tally_each(int (*visit)(struct tally_item *item, void *context), void *context);\n"
                              "int tally_pair_up(struct tally_pair *pair, const tally_spot *spot, struct tally_tight *);\n"
                              "int tally_limits(struct counter_limits *limits);\n"
                              "int tally_format(char *out, const char *format, ...);\n"
                              "int tally_say(const char *format, ...);\nint tally_copy(const char *from);\n"
                              "void tally_die(void);\nvoid tally_end(void);\nvoid tally_go(void);\n"
                              "#endif\n";

static const char tally_c[] = "#include \"tally.h\"\n#include <stdarg.h>\n#include <stdio.h>\n"
                              "struct tally_item { int value; };\n"
                              "int shared_name;\n" /* a global that its twin has as well */
                              "static struct tally_item items[4];\nstatic int count;\n"
                              "int tally_start(void) { shared_name = 100; return 0; }\nvoid tally_stop(void) { shared_name = -1; }\n"
                              "int tally_open(struct tally_item **item, enum counter_mode mode)\n"
                              "{ *item = &items[count++]; return mode == COUNTER_UP ? 0 : -1; }\n"
                              "int tally_add(struct tally_item *item, int by) { shared_name++; return item->value += by; }\n"
                              "int tally_each(int (*visit)(struct tally_item *item, void *context), void *context)\n"
                              "{ int sum = 0; for (int i = 0; i < count; i++) sum += visit(&items[i], context); return sum; }\n"
                              "int tally_pair_up(struct tally_pair *pair, const tally_spot *spot, struct tally_tight *tight)\n"
                              "{ pair->second = spot->item; pair->large = 7; tight->item = spot->item; return shared_name; }\n"
                              "int tally_limits(struct counter_limits *l) { *l = (struct counter_limits){0, 9}; return count; }\n"
                              "int tally_format(char *out, const char *format, ...)\n"
                              "{ va_list l; va_start(l, format); int n = vsnprintf(out, 32, format, l); va_end(l); return n; }\n"
                              "int tally_say(const char *format, ...) { return format[0]; }\nint tally_copy(const char *from) { return *from; }\n"
                              "void tally_die(void) {}\nvoid tally_end(void) {}\nvoid tally_go(void) {}\n";

/* Its one requirement has the name of the signature. */
static const char app_c[] = "#include \"left.h\"\n#include \"right.h\"\n#include \"counter.h\"\n#include <stdio.h>\n"
                            "static int visit_left(struct left_item *i, void *c) { (void)c; return left_add(i, 1); }\n"
                            "int app_main(void)\n{\n"
                            "    struct left_item *a; struct right_item *b; struct counter_item *c;\n"
                            "    if (left_open(&a, COUNTER_UP) || right_open(&b, COUNTER_UP) || counter_open(&c, COUNTER_UP)) return 1;\n"
                            "    left_visitor v = visit_left;\n"
                            "    int x = left_add(a, 5), y = right_add(b, 70), z = counter_add(c, 1), e = left_each(v, 0);\n"
                            "    struct right_pair pair = {0}; right_spot spot = {.item = b}; struct right_tight tight;\n"
                            "    int g = right_pair_up(&pair, &spot, &tight);\n"
                            "    struct counter_limits l; char text[32];\n"
                            "    int n = counter_limits(&l); left_format(text, \"%d\", 42);\n"
                            "    printf(\"%d %d %d %d %d %d %s %d\\n\", x, y, z, e, g, n, text, pair.second == b && tight.item == b && pair.large == 7);\n"
                            "    return 0;\n}\n";

static const char start_c[] = "int left_start(void) __asm__(\"left.tally_start\");\nint right_start(void) __asm__(\"right.tally_start\");\n"
                              "int app(void) __asm__(\"app.app_main\");\n"
                              "int main(void) { return left_start() || right_start() || app(); }\n";

static const struct bindings *make(struct world *w)
{
    world_init(w);
    struct signature *counter = world_signature(w, "counter", "counter_item", counter_h);
    struct component *tally = world_component(w, COMPONENT_IMPLEMENTATION, "tally", "counter", tally_h);
    struct component *app = world_component(w, COMPONENT_UNIKERNEL, "app", "", NULL);
    struct plan_instance *left = world_instance(w, "left", tally, NULL);
    struct plan_instance *right = world_instance(w, "right", tally, NULL);
    /* requirement "counter" shares left's instance */
    world_instance(w, "app", app, "counter", counter, left, "left", counter, left, "right", counter, right, NULL);
    put_file("lib/tally.c", tally_c);
    put_file("lib/app.c", app_c);
    put_file("start.c", start_c);
    const struct bindings *b = world_check(w, NULL);
    if (!b)
        print_error("%s", world_report(w));
    assert_non_null(b);
    return b;
}

static void run(const char *command)
{
    if (system(command) != 0)
        fail_msg("failed: %s", command);
}

/* Compiles one source of an instance; the object's name is that of the instance. */
static void compile(struct world *w, size_t at, const char *source, const char *flags)
{
    size_t count;
    const char *const *include = layout_include(w->arena, w->layout, &w->plan, &w->instances[at], &count);
    struct text t = {};
    text_printf(&t, "clang-19 --target=x86_64-linux-gnu -std=gnu2x -O1 -Wall -Wextra -Werror %s -include %s", flags,
                layout_generated(w->arena, w->layout, &w->instances[at], "exports.h"));
    for (size_t i = 0; i < count; i++)
        text_printf(&t, " %s", include[i]);
    text_printf(&t, " -c %s -o %s.o", source, w->instances[at].name);
    run(text_string(&t));
    text_dispose(&t);
}

static void write_symbols(const struct bindings *b, size_t at)
{
    struct text t = {};
    for (size_t i = 0; i < b->instances[at].symbol_count; i++)
        text_printf(&t, "%s\n", b->instances[at].symbols[i]);
    put_file("symbols.txt", text_string(&t));
    text_dispose(&t);
}

static void expect_output(void)
{
    run("./image > out.txt");
    char line[128] = "";
    FILE *f = fopen("out.txt", "r");
    assert_non_null(f);
    assert_non_null(fgets(line, sizeof line, f));
    fclose(f);
    /* left: 5, then 1 more in its second item, both visited; right: started at 100, one addition */
    assert_string_equal(line, "5 70 1 8 101 2 42 1\n");
}

static void two_instances_dev(void **state)
{
    (void)state;
    struct world w;
    const struct bindings *b = make(&w);
    for (size_t i = 0; i < 3; i++) {
        compile(&w, i, i < 2 ? "lib/tally.c" : "lib/app.c", "-g");
        write_symbols(b, i);
        const char *name = w.instances[i].name;
        run(arena_printf(w.arena, "ld.lld-19 -r -o %s.r.o %s.o && llvm-objcopy-19 --keep-global-symbols=symbols.txt %s.r.o", name, name,
                         name));
    }
    run("clang-19 --target=x86_64-linux-gnu -fuse-ld=lld-19 start.c left.r.o right.r.o app.r.o -o image");
    expect_output();
    /* without the step that keeps private globals apart the twins collide */
    assert_int_not_equal(system("clang-19 --target=x86_64-linux-gnu -fuse-ld=lld-19 start.c left.o right.o app.o -o collide 2> collide.txt"), 0);
    run("grep -q 'duplicate symbol: shared_name' collide.txt");
    world_dispose(&w);
}

static void two_instances_release(void **state)
{
    (void)state;
    struct world w;
    const struct bindings *b = make(&w);
    for (size_t i = 0; i < 3; i++) {
        compile(&w, i, i < 2 ? "lib/tally.c" : "lib/app.c", "-flto");
        write_symbols(b, i);
        const char *name = w.instances[i].name;
        run(arena_printf(w.arena, "llvm-link-19 %s.o -o %s.bc && opt-19 -passes=internalize -internalize-public-api-file=symbols.txt %s.bc -o %s.r.o",
                         name, name, name, name));
    }
    run("clang-19 --target=x86_64-linux-gnu -flto -O2 -fuse-ld=lld-19 start.c left.r.o right.r.o app.r.o -o image");
    expect_output();
    world_dispose(&w);
}

/* Undefined symbols of the application are exactly the provider's. */
static void symbols_and_files(void **state)
{
    (void)state;
    struct world w;
    const struct bindings *b = make(&w);
    static const char *const symbols[] = {"left.tally_add",  "left.tally_copy",   "left.tally_die",    "left.tally_each", "left.tally_end",
                                          "left.tally_format", "left.tally_go",   "left.tally_limits", "left.tally_open",
                                          "left.tally_pair_up", "left.tally_say", "left.tally_start",  "left.tally_stop"};
    assert_int_equal(b->instances[0].symbol_count, 13);
    for (size_t i = 0; i < 13; i++)
        assert_string_equal(b->instances[0].symbols[i], symbols[i]);
    assert_true(b->instances[0].start && b->instances[0].stop);
    assert_false(b->instances[2].start || b->instances[2].stop);
    assert_int_equal(b->instances[2].symbol_count, 1);
    assert_string_equal(b->instances[2].symbols[0], "app.app_main");
    static const char *const files[] = {"build/posix/gen/app/counter.h", "build/posix/gen/app/exports.h", "build/posix/gen/app/left.h",
                                        "build/posix/gen/app/right.h"};
    assert_int_equal(b->instances[2].generated_count, 4);
    for (size_t i = 0; i < 4; i++)
        assert_string_equal(b->instances[2].generated[i], files[i]);
    assert_int_equal(b->header_count, 2);
    assert_string_equal(b->headers[0], "lib/tally.h");
    assert_string_equal(b->headers[1], "sig/counter.h");
    struct text t = {};
    bindings_print(b, &t);
    assert_non_null(strstr(text_string(&t), "app.right -> right (tally provides counter)\n    int right_add(struct right_item *item, int by)\n"
                                            "        right.tally_add\n"));
    assert_non_null(strstr(text_string(&t), "    int right_format(char out[32], const char *format, ...)\n        right.tally_format\n"));
    text_dispose(&t);
    world_dispose(&w);
}

/* The text itself: what an editor shows. */
static void requirement_header(void **state)
{
    (void)state;
    struct world w;
    make(&w);
    const struct source *s = file_read(w.arena, "build/posix/gen/app/right.h", SPAN_NONE, 0, w.diag);
    assert_non_null(s);
    static const char *const parts[] = {
        "/*\n * right.h - signature counter (sig/counter.h)\n * as requirement right of instance app,\n * provided by instance right of tally.\n */\n",
        "#ifndef UKC_REQUIREMENT_right_H\n#define UKC_REQUIREMENT_right_H\n\n#include \"../../../../sig/counter.h\"\n",
        "struct right_item;\n",
        "struct right_pair {\n    struct right_item *first;\n    struct right_item *second;\n"
        "    union { uint32_t tag; uint8_t bytes[4]; };\n    unsigned int small : 3;\n    unsigned int : 2;\n    unsigned int large : 20;\n"
        "    struct right_pair *next;\n    int (*visit)(struct right_item *const *, size_t);\n    unsigned int form;\n};\n",
        "typedef struct { struct right_item *item; struct { int x; int y; } at; } right_spot;\n",
        "typedef int (*right_visitor)(struct right_item *, void *);\n",
        "} __attribute__((packed));\n",
        "/* Opens an item.\n * It starts at 0. */\nint right_open(struct right_item **item, enum counter_mode mode)\n"
        "    __asm__(\"right.tally_open\");\n",
        "int right_pair_up(struct right_pair *pair, const right_spot *spot, struct right_tight *)\n"
        "    __asm__(\"right.tally_pair_up\") __attribute__((warn_unused_result));\n",
        "    __asm__(\"right.tally_format\") __attribute__((format(printf, 2, 3)));\n",
        "    __asm__(\"right.tally_say\") __attribute__((format(printf, 1, 2)));\n",
        "    __asm__(\"right.tally_copy\") __attribute__((nonnull(1), cold));\n",
        "    __asm__(\"right.tally_die\") __attribute__((noreturn));\n",
        "    __asm__(\"right.tally_end\") __attribute__((noreturn));\n",
        "    __asm__(\"right.tally_go\") __attribute__((noreturn));\n",
    };
    const char *at = s->bytes;
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        const char *found = strstr(at, parts[i]);
        if (!found)
            fail_msg("expected\n%s\nin\n%s", parts[i], s->bytes);
        at = found;
    }
    /* a requirement that has gone leaves no header behind, other generated files stay */
    put_file("build/posix/gen/left/keys.h", "int kept;\n");
    assert_true(rename("build/posix/gen/app/right.h", "build/posix/gen/left/old.h") == 0);
    assert_non_null(world_check(&w, NULL));
    assert_false(file_exists("build/posix/gen/left/old.h"));
    assert_true(file_exists("build/posix/gen/left/keys.h"));
    assert_true(file_exists("build/posix/gen/app/right.h"));
    world_dispose(&w);
}

/* The exit status of compiling the instance's source with what generated builds give the compiler; its messages are in err.txt. */
static int compile_alone(struct world *w, const char *source)
{
    size_t count;
    const char *const *include = layout_include(w->arena, w->layout, &w->plan, &w->instances[0], &count);
    struct text t = {};
    put_file("lib/lamp.c", source);
    text_printf(&t, "clang-19 -std=gnu2x -O1 -Wall -Wextra -Werror -include %s",
                layout_generated(w->arena, w->layout, &w->instances[0], "exports.h"));
    for (size_t i = 0; i < count; i++)
        text_printf(&t, " %s", include[i]);
    text_puts(&t, " -c lib/lamp.c -o lamp.o 2> err.txt");
    int status = system(text_string(&t));
    text_dispose(&t);
    return status;
}

/* start and stop that no header declares would silently never be called. */
static void undeclared_start_is_refused(void **state)
{
    (void)state;
    static const char *const headers[] = {"int lamp_light(void);\n", "int lamp_light(void);\nint lamp_start(void);\n"};
    static const char both[] = "#include \"lamp.h\"\nint lamp_light(void) { return 0; }\n"
                               "int lamp_start(void) { return 0; }\nvoid lamp_stop(void) {}\n";
    static const char one[] = "#include \"lamp.h\"\nint lamp_light(void) { return 0; }\nint lamp_start(void) { return 0; }\n";
    static const char none[] = "#include \"lamp.h\"\nint lamp_light(void) { return 0; }\n";
    for (int declared = 0; declared < 2; declared++) {
        struct world w;
        world_init(&w);
        struct signature *light = world_signature(&w, "light", "", "int light_light(void);\n");
        struct component *lamp = world_component(&w, COMPONENT_IMPLEMENTATION, "lamp", "light", headers[declared]);
        struct component *app = world_component(&w, COMPONENT_UNIKERNEL, "app", "", NULL);
        struct plan_instance *instance = world_instance(&w, "lamp", lamp, NULL);
        world_instance(&w, "app", app, "light", light, instance, NULL);
        assert_non_null(world_check(&w, NULL));
        assert_int_equal(compile_alone(&w, none), 0);
        assert_int_equal(compile_alone(&w, one) == 0, declared);
        assert_int_not_equal(compile_alone(&w, both), 0);
        const struct source *s = file_read(w.arena, "err.txt", SPAN_NONE, 0, w.diag);
        assert_non_null(s);
        const char *start = strstr(s->bytes, "lamp.c:3:5: error: redefinition of 'lamp_start' as different kind of symbol");
        assert_int_equal(start == NULL, declared);
        assert_int_equal(strstr(s->bytes, "/* to be called at start-up, declare it in lamp.h: int lamp_start(void); */") == NULL, declared);
        assert_non_null(strstr(s->bytes, "lamp.c:4:6: error: redefinition of 'lamp_stop' as different kind of symbol"));
        assert_non_null(strstr(s->bytes, "/* to be called at shut-down, declare it in lamp.h: void lamp_stop(void); */"));
        world_dispose(&w);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(two_instances_dev, scratch_enter, scratch_leave),
        cmocka_unit_test_setup_teardown(two_instances_release, scratch_enter, scratch_leave),
        cmocka_unit_test_setup_teardown(symbols_and_files, scratch_enter, scratch_leave),
        cmocka_unit_test_setup_teardown(requirement_header, scratch_enter, scratch_leave),
        cmocka_unit_test_setup_teardown(undeclared_start_is_refused, scratch_enter, scratch_leave),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
