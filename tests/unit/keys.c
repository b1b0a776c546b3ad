/*
 * keys.c - every kind of key as C: compiled by both compilers, run, and compared; and read at boot.
 */
#include "plan.h"

static struct arena *arena;
static struct diag *diag;

static int enter(void **state)
{
    arena = arena_create();
    diag = diag_create();
    return scratch_enter(state);
}

static int leave(void **state)
{
    diag_destroy(diag);
    arena_destroy(arena);
    return scratch_leave(state);
}

static const char nasty[] = "\"quoted\" \\back ?" "?/ ?" "?' new\nline tab\t \x01\x7f" "9 ü ∀ /* */ %s $HOME";
static const char not_utf8[] = "\xff\xfe" "7";

static struct word words[] = {{.text = "host"}, {.text = "native-ip"}, {.text = "off"}};

/* name, kind, element, value's text, number */
#define KEYS(X)                                                        \
    X("flag", bool, bool, "true", 1)                                   \
    X("no-flag", bool, bool, "false", 0)                               \
    X("least", integer, integer, "-9223372036854775808", INT64_MIN)    \
    X("most", integer, integer, "9223372036854775807", INT64_MAX)      \
    X("minus", integer, integer, "-5", -5)                             \
    X("port", port, port, "8080", 8080)                                \
    X("size", size, size, "1099511627776", INT64_C(1) << 40)           \
    X("text", string, string, nasty, 0)                                \
    X("raw", string, string, not_utf8, 0)                              \
    X("empty", string, string, "", 0)                                  \
    X("file", path, path, "a b/ü.txt", 0)                              \
    X("net", enum, enum, "native-ip", 0)                               \
    X("v4", ipv4, ipv4, "10.0.0.2", 0)                                 \
    X("v6", ipv6, ipv6, "fd00::2", 0)                                  \
    X("v4-net", ipv4_prefix, ipv4_prefix, "10.0.0.2/24", 0)            \
    X("v6-net", ipv6_prefix, ipv6_prefix, "fd00::2/64", 0)             \
    X("card", mac, mac, "02:00:00:00:00:af", 0)

/* A list of two of each kind that can be one, and an empty list. */
#define LISTS(X)                                                                             \
    X("ports", port, "80", 80, "443", 443)                                                   \
    X("names", string, "a\"", 0, "ü", 0)                                                     \
    X("nets", enum, "off", 0, "host", 0)                                                     \
    X("servers", ipv6, "::1", 0, "fd00::1", 0)                                               \
    X("routes", ipv4_prefix, "10.0.0.0/8", 0, "192.168.1.0/24", 0)                           \
    X("flags", bool, "true", 1, "false", 0)

static struct plan_key *all_keys(enum key_phase phase, size_t *count)
{
    VEC(struct plan_key) list = {};
#define X(n, k, e, t, v)                                                                                                        \
    {                                                                                                                           \
        struct key *key = arena_new(arena, struct key);                                                                         \
        struct key_value *value = arena_new(arena, struct key_value);                                                           \
        *value = (struct key_value){.text = t, .number = v};                                                                    \
        *key = (struct key){.name = WORD(n), .kind = KEY_KIND_##k, .element = KEY_KIND_##e, .phase = phase, .doc = "about */ " n, \
                            .min = INT64_MIN, .max = INT64_MAX, .defaults = {{value}}};                                                \
        if (key->kind == KEY_KIND_enum)                                                                                         \
            key->choices = words, key->choice_count = 3;                                                                        \
        *vec_add(arena, &list) = (struct plan_key){.key = key, .value = value};                                                 \
    }
    KEYS(X)
#undef X
#define X(n, e, t1, v1, t2, v2)                                                                                                 \
    {                                                                                                                           \
        struct key *key = arena_new(arena, struct key);                                                                         \
        struct key_value *value = arena_new(arena, struct key_value), *items = arena_array(arena, struct key_value, 2);          \
        items[0] = (struct key_value){.text = t1, .number = v1};                                                                \
        items[1] = (struct key_value){.text = t2, .number = v2};                                                                \
        *value = (struct key_value){.text = t1 "," t2, .items = items, .item_count = 2};                                        \
        *key = (struct key){.name = WORD(n), .kind = KEY_KIND_list, .element = KEY_KIND_##e, .phase = phase, .min = INT64_MIN,   \
                            .max = INT64_MAX, .defaults = {{value}}};                                                                  \
        if (key->element == KEY_KIND_enum)                                                                                      \
            key->choices = words, key->choice_count = 3;                                                                        \
        *vec_add(arena, &list) = (struct plan_key){.key = key, .value = value};                                                 \
    }
    LISTS(X)
#undef X
    struct key *none = arena_new(arena, struct key);
    struct key_value *value = arena_new(arena, struct key_value);
    value->text = "";
    *none = (struct key){.name = WORD("none"), .kind = KEY_KIND_list, .element = KEY_KIND_integer, .phase = phase, .min = INT64_MIN,
                         .max = INT64_MAX, .defaults = {{value}}};
    *vec_add(arena, &list) = (struct plan_key){.key = none, .value = value};
    *count = list.count;
    return list.items;
}

static struct generation world(struct plan_key *keys, size_t count)
{
    struct plan_instance *app = arena_new(arena, struct plan_instance);
    *app = plan_instance_make(arena, 0, "app", "app", ".");
    ((struct component *)app->component)->kind = COMPONENT_UNIKERNEL;
    app->keys = keys;
    app->key_count = count;
    struct layout *l = arena_new(arena, struct layout);
    *l = (struct layout){.project = "/", .build = "build/posix"};
    struct bindings *b = arena_new(arena, struct bindings);
    *b = (struct bindings){.plan = plan_make(arena, app, 1, NULL), .instances = arena_new(arena, struct checked_instance)};
    return (struct generation){.a = arena, .bindings = b, .plan = b->plan, .layout = l, .d = diag};
}

static bool header(const struct generation *g)
{
    struct text t = {};
    bool good = keys_header(g, &g->plan->instances[0], &t);
    assert_true(file_write("keys.h", text_string(&t), t.size, NULL, diag));
    text_dispose(&t);
    return good;
}

static void run(const char *format, ...)
{
    va_list list;
    va_start(list, format);
    char *command = arena_vprintf(arena, format, list);
    va_end(list);
    if (system(command) != 0)
        fail_msg("%s", command);
}

static const char *root(void)
{
    const char *path = getenv("UKC_SOURCE_ROOT");
    return path ? path : "/nowhere";
}

static const char checks[] =
    "#include <assert.h>\n#include <stdbool.h>\n#include <stdint.h>\n#include <stdio.h>\n#include <string.h>\n"
    "#include \"keys.h\"\n#include \"keys.h\"\n"
    "static const char nasty[] = {%s};\n"
    "int check(void);\n"
    "int check(void)\n{\n"
    "    assert(KEY_FLAG == 1 && KEY_NO_FLAG == 0 && KEY_LEAST == INT64_MIN && KEY_MOST == INT64_MAX && KEY_MINUS * 2 == -10);\n"
    "    assert(KEY_PORT == 8080 && KEY_SIZE == INT64_C(1) << 40 && strcmp(KEY_TEXT, nasty) == 0 && KEY_EMPTY[0] == 0);\n"
    "    assert(memcmp(KEY_RAW, \"\\xff\\xfe\" \"7\", 4) == 0 && strcmp(KEY_FILE, \"a b/\\xc3\\xbc.txt\") == 0);\n"
    "    assert(KEY_NET == KEY_NET_NATIVE_IP && KEY_NET_HOST == 0 && KEY_NET_OFF == 2);\n"
    "    assert(strcmp(KEY_V4, \"10.0.0.2\") == 0 && strcmp(KEY_V6_NET, \"fd00::2/64\") == 0 && strcmp(KEY_CARD, \"02:00:00:00:00:af\") == 0);\n"
    "    assert(KEY_V4_NET_LENGTH == 24 && KEY_V6_NET_LENGTH == 64 && KEY_PORTS_COUNT == 2 && KEY_NONE_COUNT == 0);\n";

static const char constants[] =
    "#if !KEY_FLAG || KEY_NO_FLAG || KEY_PORT != 8080 || KEY_LEAST >= KEY_MOST || KEY_NET != KEY_NET_NATIVE_IP\n#error keys in #if\n#endif\n"
    "    static const uint8_t v4[] = KEY_V4_BYTES, v6[] = KEY_V6_BYTES, mac[] = KEY_CARD_BYTES, net[] = KEY_V6_NET_BYTES;\n"
    "    assert(sizeof v4 == 4 && v4[0] == 10 && v4[3] == 2 && sizeof v6 == 16 && v6[0] == 0xfd && v6[15] == 2);\n"
    "    assert(sizeof mac == 6 && mac[5] == 0xaf && sizeof net == 16);\n"
    "    static const uint16_t ports[] = KEY_PORTS_ITEMS;\n    static const char *const names[] = KEY_NAMES_ITEMS;\n"
    "    static const int nets[] = KEY_NETS_ITEMS, none[] = KEY_NONE_ITEMS;\n    static const uint8_t servers[][16] = KEY_SERVERS_BYTES;\n"
    "    static const uint8_t routes[][4] = KEY_ROUTES_BYTES, lengths[] = KEY_ROUTES_LENGTHS;\n    static const char *const text[] = KEY_ROUTES_ITEMS;\n"
    "    static const bool flags[] = KEY_FLAGS_ITEMS;\n"
    "    assert(sizeof ports / 2 == KEY_PORTS_COUNT && ports[1] == 443 && strcmp(names[0], \"a\\\"\") == 0 && sizeof none == 0);\n"
    "    assert(nets[0] == KEY_NETS_OFF && nets[1] == KEY_NETS_HOST && servers[0][15] == 1 && sizeof servers == 32);\n"
    "    assert(routes[1][0] == 192 && lengths[1] == 24 && strcmp(text[0], \"10.0.0.0/8\") == 0 && flags[0] && !flags[1]);\n"
    "    return 0;\n}\n";

static const char variables[] =
    "    assert(KEY_V4_BYTES[3] == 2 && KEY_V6_BYTES[0] == 0xfd && KEY_CARD_BYTES[5] == 0xaf && KEY_V6_NET_BYTES[15] == 2);\n"
    "    assert(KEY_PORTS_ITEMS[1] == 443 && strcmp(KEY_NAMES_ITEMS[0], \"a\\\"\") == 0 && KEY_NETS_ITEMS[0] == KEY_NETS_OFF);\n"
    "    assert(KEY_SERVERS_ITEMS[0].bytes[15] == 1 && KEY_ROUTES_ITEMS[1].length == 24 && KEY_FLAGS_ITEMS[0] && !KEY_FLAGS_ITEMS[1]);\n"
    "    return 0;\n}\n";

static void write_program(const char *path, const char *rest)
{
    struct text bytes = {}, t = {};
    for (size_t i = 0; i < sizeof nasty; i++)
        text_printf(&bytes, "%d, ", nasty[i]);
    text_printf(&t, checks, text_string(&bytes));
    text_puts(&t, rest);
    assert_true(file_write(path, t.bytes, t.size, NULL, diag));
    text_dispose(&t);
    text_dispose(&bytes);
}

#define FLAGS "-std=gnu2x -O1 -Wall -Wextra -Werror -I. -I\"%s/libs/include\" -iquote \"%s/libs/boot\""

static void test_constants(void **)
{
    size_t count;
    struct plan_key *keys = all_keys(KEY_CONFIGURE, &count);
    struct generation g = world(keys, count);
    assert_true(header(&g));
    write_program("check.c", constants);
    assert_true(file_write("main.c", "int check(void); int main(void) { return check(); }", 51, NULL, diag));
    run("gcc " FLAGS " -trigraphs -o check check.c main.c && ./check", root(), root());
    run("clang-19 " FLAGS " -Wno-trigraphs -o check check.c main.c && ./check", root(), root());
    run("gcc " FLAGS " -include keys.h -fsyntax-only main.c", root(), root());
    /* C23 knows no trigraphs, but a component may be compiled as what it likes */
    run("gcc -std=c11 -Wall -Werror -I. -include keys.h -fsyntax-only main.c");
}

/* The same program, its keys in variables that start-up code defines. */
static void test_variables(void **)
{
    size_t count;
    struct plan_key *keys = all_keys(KEY_BOTH, &count);
    struct generation g = world(keys, count);
    assert_true(header(&g));
    write_program("check.c", variables);
    struct text t = {};
    start_source(&g, &t);
    assert_true(file_write("start.c", t.bytes, t.size, NULL, diag));
    text_dispose(&t);
    static const char program[] = "int app_main(void) __asm__(\"app.app_main\");\nint check(void);\nint app_main(void) { return check(); }\n";
    assert_true(file_write("main.c", program, sizeof program - 1, NULL, diag));
    static const char *const compilers[] = {"gcc", "clang-19"};
    for (int i = 0; i < 2; i++) {
        run("%s " FLAGS " -fsanitize=address,undefined -fno-sanitize-recover=all -o app check.c main.c start.c \"%s\"/libs/boot/*.c", compilers[i],
            root(), root(), root());
        run("./app");
        run("./app --net=native-ip --ports 80,443 --v4-net=10.0.0.2/24 --flag");
        run("! ./app --port=8081 2>err"); /* the assertion sees another value */
        run("grep -q 'KEY_PORT == 8080' err");
        run("./app --v4=1.2.3 2>err; test $? = 64 && grep -q \"^app: v4: '1.2.3' does not fit: IPv4 address$\" err");
        run("./app --port=0 --nets=host,on stray 2>err; test $? = 64 && test $(wc -l <err) = 3");
        run("./app --help >out; test $? = 0 && grep -q -- '--v6-net=fd00::2/64' out && grep -q 'about \\*/ port; port, 1 to 65535' out");
        run("test $(./app --help | grep -c '^  --') = %zu", count);
    }
    static const char in_if[] = "#include \"keys.h\"\n#if KEY_PORT\n#endif\n";
    assert_true(file_write("if.c", in_if, sizeof in_if - 1, NULL, diag));
    run("! clang-19 " FLAGS " -fsyntax-only if.c 2>err", root(), root());
}

/* An argument that makes a part larger than the whole is refused, whichever of them is read at boot. */
static void test_budgets(void **)
{
    static const struct key memory = {.name = {.text = "memory"}, .kind = KEY_KIND_size, .phase = KEY_BOTH, .max = INT64_MAX, .budget = 1};
    static const struct key peers = {.name = {.text = "peers"}, .kind = KEY_KIND_integer, .phase = KEY_BOTH, .min = INT64_MIN, .max = INT64_MAX, .budget = 512,
                                     .within = {.text = "memory"}};
    static const struct key names = {.name = {.text = "names"}, .kind = KEY_KIND_integer, .max = INT64_MAX, .budget = 100, .within = {.text = "memory"}};
    static const struct key_value values[] = {{.text = "4096", .number = 4096}, {.text = "4", .number = 4}, {.text = "1", .number = 1}};
    struct plan_key keys[] = {{.key = &memory, .value = &values[0]}, {.key = &peers, .value = &values[1]}, {.key = &names, .value = &values[2]}};
    struct generation g = world(keys, 3);
    assert_int_equal(plan_boot_budgets(g.plan), 1);
    struct text t = {};
    start_source(&g, &t);
    assert_true(file_write("start.c", t.bytes, t.size, NULL, diag));
    text_dispose(&t);
    static const char program[] = "int app_main(void) __asm__(\"app.app_main\");\nint app_main(void) { return 0; }\n";
    assert_true(file_write("main.c", program, sizeof program - 1, NULL, diag));
    run("gcc " FLAGS " -fsanitize=address,undefined -fno-sanitize-recover=all -o app main.c start.c \"%s\"/libs/boot/*.c", root(), root(), root());
    run("./app && ./app --peers=7 && ./app --memory=2148 && ./app --memory=1TiB --peers=1000000 && ./app --peers=-1");
    run("./app --peers=8 2>err; test $? = 64");
    run("grep -q '^app: memory is 4096 bytes, and what it has to hold needs 4196: "
        "peers is 8, of at least 512 bytes each; names is 1, of at least 100 bytes each$' err");
    run("! ./app --memory=2147 2>err");
    run("./app --peers=18014398509481985 --memory=9223372036854775807 2>err; test $? = 64 && grep -q 'needs more than there can be: peers is 18014398509481985' err");
    run("./app --peers=8 --help | grep -q peers");
    keys[0].key = &(struct key){.name = {.text = "memory"}, .kind = KEY_KIND_size, .max = INT64_MAX, .budget = 1};
    assert_int_equal(plan_boot_budgets(g.plan), 1); /* a part is read */
    keys[1].key = &names;
    assert_int_equal(plan_boot_budgets(g.plan), 0);
}

static void test_required_and_aliases(void **)
{
    static const struct key key = {.name = {.text = "port"}, .kind = KEY_KIND_port, .phase = KEY_BOOT};
    struct plan_key keys[] = {{.key = &key}};
    struct plan_instance instances[2] = {plan_instance_make(arena, 0, "stack", "stack_host", "."), plan_instance_make(arena, 1, "app", "app", ".")};
    ((struct component *)instances[1].component)->kind = COMPONENT_UNIKERNEL;
    instances[0].paths = (const char *const[]){"http.stack", "stack"};
    instances[0].path_count = 2;
    instances[0].keys = keys;
    instances[0].key_count = 1;
    struct generation g = world(NULL, 0);
    struct bindings b = {.plan = plan_make(arena, instances, 2, NULL), .instances = (struct checked_instance[]){{.start = true, .stop = true}, {}}};
    g.bindings = &b;
    g.plan = b.plan;
    assert_true(header(&g));
    struct text t = {};
    start_source(&g, &t);
    assert_true(file_write("start.c", t.bytes, t.size, NULL, diag));
    text_dispose(&t);
    static const char program[] =
        "#include <stdio.h>\n#include \"keys.h\"\nint app_main(void) __asm__(\"app.app_main\");\nint start(void) __asm__(\"stack.stack_host_start\");\n"
        "void stop(void) __asm__(\"stack.stack_host_stop\");\nint start(void) { printf(\"start %d\\n\", KEY_PORT); return KEY_PORT == 7 ? -98 : 0; }\n"
        "void stop(void) { puts(\"stop\"); }\nint app_main(void) { puts(\"main\"); return 42; }\n";
    assert_true(file_write("main.c", program, sizeof program - 1, NULL, diag));
    run("clang-19 " FLAGS " -Wno-missing-prototypes -o app main.c start.c \"%s\"/libs/boot/*.c", root(), root(), root());
    run("./app 2>err; test $? = 64 && test \"$(cat err)\" = 'app: stack.port: this key must be given'");
    run("./app --port 80 >out; test $? = 42 && test \"$(tr '\\n' ' ' <out)\" = 'start 80 main stop '");
    run("./app --http.stack.port=80 >out; test $? = 42");
    run("./app --port=7 >out 2>err; test $? = 1 && test \"$(cat out)\" = 'start 7' && "
        "test \"$(cat err)\" = 'app: stack did not start: Address already in use, error 98'");
    run("test $(./app --help | grep -c required) = 1");

    /* where strerror would be too large the errors that are common have words all the same */
    struct plan small = *b.plan;
    small.target = TARGET_kvm;
    b.plan = g.plan = &small;
    struct text s = {};
    start_source(&g, &s);
    assert_true(file_write("start.c", s.bytes, s.size, NULL, diag));
    text_dispose(&s);
    run("sed -i 's/KEY_PORT == 7 ? -98 : 0/-KEY_PORT/' main.c");
    run("clang-19 " FLAGS " -Wno-missing-prototypes -o app main.c start.c \"%s\"/libs/boot/*.c", root(), root(), root());
    run("./app --port=19 2>err; test $? = 1 && test \"$(cat err)\" = 'app: stack did not start: No such device, error 19'");
    run("./app --port=74 2>err; test $? = 1 && test \"$(cat err)\" = 'app: stack did not start: Bad message, error 74'");
    run("./app --port=98 2>err; test $? = 1 && test \"$(cat err)\" = 'app: stack did not start: error 98'");
}

static void check_clash(const char *a, enum key_kind kind, const char *b)
{
    struct key_value value = {.text = "host"};
    struct key keys[] = {{.name = WORD(a), .kind = kind, .element = KEY_KIND_string, .choices = words, .choice_count = 3},
                         {.name = WORD(b), .kind = KEY_KIND_string}};
    struct plan_key plan_keys[] = {{.key = &keys[0], .value = &value}, {.key = &keys[1], .value = &value}};
    struct generation g = world(plan_keys, 2);
    size_t before = diag_errors(diag);
    assert_false(header(&g));
    assert_int_equal(diag_errors(diag), before + 1);
}

static void test_clashes(void **)
{
    check_clash("a-b", KEY_KIND_string, "a_b");
    check_clash("net", KEY_KIND_enum, "net_host");
    check_clash("items", KEY_KIND_list, "items_count");
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, enter, leave)
    const struct CMUnitTest tests[] = {TEST(test_constants), TEST(test_variables), TEST(test_budgets), TEST(test_required_and_aliases), TEST(test_clashes)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
