/*
 * check_cache.c - what has not changed costs no libclang; what has changed, or is damaged, is never believed.
 */
#include <sys/wait.h>

#include "check_world.h"
#include "../../ukc/base/hash.h"
#include "../../ukc/check/libclang.h"
#include "../../ukc/check/model.h"

static const char box_h[] = "#ifndef BOX_H\n#define BOX_H\n#include <stddef.h>\n#include <stdint.h>\n#include \"kinds.h\"\n"
                            "struct box_item;\n"
                            "struct box_list { struct box_list *next; struct box_item *item; union { int a; float b; }; };\n"
                            "/* Takes.\t100% \\ */\nint box_take(struct box_item *item, enum kind kind, const uint64_t *at);\n"
                            "int box_walk(int (*visit)(struct box_item **item, void *context), const struct box_list *list);\n#endif\n";
static const char tin_h[] = "#ifndef TIN_H\n#define TIN_H\n#include <stddef.h>\n#include <stdint.h>\n#include \"kinds.h\"\n"
                            "struct tin_item;\n"
                            "struct tin_list { struct tin_list *next; struct tin_item *item; union { int a; float b; }; };\n"
                            "int tin_take(struct tin_item *item, enum kind kind, const uint64_t *at);\n"
                            "int tin_walk(int (*visit)(struct tin_item **item, void *context), const struct tin_list *list);\n#endif\n";
static const char kinds_h[] = "#ifndef KINDS_H\n#define KINDS_H\nenum kind { KIND_A, KIND_B };\n#endif\n";

static const char *instance_names[2] = {"one", "two"};

/* Two instances of tin; what the check says, as one string. */
static const char *check(struct world *w, unsigned *parsed)
{
    world_init(w);
    struct signature *box = world_signature(w, "box", "box_item", NULL);
    struct component *tin = world_component(w, COMPONENT_IMPLEMENTATION, "tin", "box", NULL);
    struct component *app = world_component(w, COMPONENT_UNIKERNEL, "app", "", NULL);
    struct plan_instance *one = world_instance(w, instance_names[0], tin, NULL);
    struct plan_instance *two = world_instance(w, instance_names[1], tin, NULL);
    world_instance(w, "app", app, "first", box, one, "second", box, two, NULL);
    unsigned before = clang_parse_count();
    const struct bindings *b = world_check(w, "cache");
    *parsed = clang_parse_count() - before;
    const char *report = world_report(w);
    assert_int_equal(b != NULL, *report == '\0');
    if (!b)
        return report;
    struct text t = {};
    bindings_print(b, &t);
    for (size_t i = 0; i < b->header_count; i++)
        text_printf(&t, "header %s\n", b->headers[i]);
    const char *kept = text_keep(&t, w->arena);
    text_dispose(&t);
    return kept;
}

static void expect(unsigned parses, const char *part)
{
    struct world w;
    unsigned parsed;
    usleep(10000); /* a file changed in the very tick in which parsing starts is not remembered */
    const char *said = check(&w, &parsed);
    if (parsed != parses || !strstr(said, part))
        fail_msg("parsed %u headers instead of %u, expected '%s' in:\n%s", parsed, parses, part, said);
    world_dispose(&w);
}

static void write_headers(void)
{
    put_file("sig/box.h", box_h);
    put_file("lib/tin.h", tin_h);
    put_file("sig/kinds.h", kinds_h);
}

static void age_headers(void)
{
    age_file("sig/box.h");
    age_file("lib/tin.h");
    age_file("sig/kinds.h");
}

#define GOOD "first_take(struct first_item *item, enum kind kind, const uint64_t *at)"

/* Runs the check in a process that has not loaded libclang. */
static int in_child(bool loads)
{
    usleep(10000); /* as in expect */
    pid_t pid = fork();
    if (pid == 0) {
        struct world w;
        unsigned parsed;
        bool good = strstr(check(&w, &parsed), GOOD) && (clang_library() != NULL) == loads && (parsed != 0) == loads;
        world_dispose(&w);
        _exit(!good);
    }
    int status = -1;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return status;
}

/* First in this program: libclang stays unloaded here. */
static void unchanged(void **state)
{
    (void)state;
    write_headers();
    assert_int_equal(in_child(true), 0);
    assert_int_equal(in_child(false), 0); /* young headers: by content */
    age_headers();
    assert_int_equal(in_child(false), 0); /* another time, the same content */
    assert_int_equal(in_child(false), 0); /* by time */
    assert_null(clang_library());
}

static void once_for_all_instances(void **state)
{
    (void)state;
    write_headers();
    expect(2, GOOD); /* the signature and the implementation */
    instance_names[0] = "uno"; /* other symbols in the requirement headers */
    expect(0, "uno.tin_take");
    instance_names[0] = "one";
    expect(0, "header lib/tin.h\nheader sig/box.h\nheader sig/kinds.h\n");
}

static void changes(void **state)
{
    (void)state;
    write_headers();
    age_headers();
    expect(2, GOOD);
    put_file("sig/kinds.h", "#ifndef KINDS_H\n#define KINDS_H\nenum kind { KIND_A, KIND_C };\n#endif\n");
    expect(2, GOOD); /* read by both */
    put_file("lib/tin.h", "#include \"kinds.h\"\nint tin_take(void);\n");
    expect(1, "'tin_take' has 0 parameters, signature 'box' says 3");
    expect(0, "'tin_take' has 0 parameters, signature 'box' says 3"); /* the model is cached, the error is found again */
    put_file("lib/tin.h", "int tin_take(void;\n");
    expect(1, "lib/tin.h:1:18: error: expected ')'");
    expect(1, "lib/tin.h:1:18: error: expected ')'"); /* errors of the compiler are not cached */
    put_file("lib/tin.h", tin_h);
    expect(1, GOOD);
    assert_int_equal(unlink("sig/kinds.h"), 0);
    expect(1, "sig/box.h:5:10: error: 'kinds.h' file not found");
}

/* A new file that comes earlier in the include path. */
static void hidden(void **state)
{
    (void)state;
    write_headers();
    age_headers();
    expect(2, GOOD);
    put_file("lib/kinds.h", "#ifndef KINDS_H\n#define KINDS_H\nenum kind { KIND_A, KIND_B = 7 };\n#endif\n");
    expect(1, "lib/kinds.h:3:21: error: constant 'KIND_B' is 7, 'KIND_B' is 1");
    assert_int_equal(unlink("lib/kinds.h"), 0);
    expect(1, GOOD);
    put_file("lib/unrelated.txt", ""); /* not a header */
    expect(0, GOOD);
}

static void without_a_cache(void **state)
{
    (void)state;
    write_headers();
    put_file("cache", "a file where the directory should be");
    expect(2, GOOD);
    expect(2, GOOD);
}

/* ---- damage ---- */

static struct source entries[4];
static size_t entry_count;

static void read_entries(struct arena *a, struct diag *d)
{
    const struct file_list *list = file_walk(a, "cache", SPAN_NONE, d);
    assert_non_null(list);
    entry_count = 0;
    for (size_t i = 0; i < list->count; i++) {
        const struct source *s = file_read(a, path_join(a, "cache", list->paths[i]), SPAN_NONE, 0, d);
        assert_non_null(s);
        entries[entry_count++] = *s;
    }
    assert_int_equal(entry_count, 2);
}

static void put_bytes(const char *path, const char *bytes, size_t size)
{
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fwrite(bytes, 1, size, f);
    fclose(f);
}

static void damaged_entries(void **state)
{
    (void)state;
    struct arena *a = arena_create();
    struct diag *d = diag_create();
    write_headers();
    age_headers();
    expect(2, GOOD);
    read_entries(a, d);
    for (size_t e = 0; e < entry_count; e++) {
        const struct source *s = &entries[e];
        for (size_t n = 0; n < 8; n++) { /* cut off: nothing, the first bytes, most of it */
            put_bytes(s->path, s->bytes, s->size * n / 8);
            expect(1, GOOD);
        }
        char *copy = arena_memdup(a, s->bytes, s->size);
        for (size_t n = 0; n < 20; n++) {
            size_t at = s->size * n / 20;
            copy[at] ^= 1;
            put_bytes(s->path, copy, s->size);
            expect(1, GOOD);
            copy[at] ^= 1;
        }
        put_bytes(s->path, arena_printf(a, "%s\n", s->bytes), s->size + 1);
        expect(1, GOOD);
    }
    expect(0, GOOD);
    diag_destroy(d);
    arena_destroy(a);
}

/* What follows in an entry when everything else, the sum too, is right. */
static void put_with_sum(const char *path, const char *bytes, size_t size)
{
    struct text t = {};
    char hex[HASH_HEX];
    struct hash h = hash_bytes(bytes, size);
    hash_hex(&h, hex);
    text_append(&t, bytes, size);
    text_printf(&t, "sum %s\n", hex);
    put_bytes(path, t.bytes, t.size);
    text_dispose(&t);
}

static uint32_t random_state = 1;
static uint32_t random_number(uint32_t below)
{
    random_state ^= random_state << 13; /* Marsaglia, xorshift */
    random_state ^= random_state >> 17;
    random_state ^= random_state << 5;
    return random_state % below;
}

/* Uses everything in a model that was accepted. */
static void use(struct arena *a, const struct interface *i, const char *bytes, size_t size)
{
    struct text t = {};
    interface_encode(i, &t);
    if (t.size != size || memcmp(t.bytes, bytes, size))
        fail_msg("accepted\n%.*s\nbut writes\n%s", (int)size, bytes, text_string(&t));
    for (size_t n = 0; n < i->type_count; n++) {
        type_print_whole(&t, i, (struct type_use){(uint32_t)n, 0}, "x", NULL);
        type_print_canonical(&t, i, (struct type_use){(uint32_t)n, 0}, NULL);
    }
    for (size_t n = 0; n < i->function_count; n++)
        function_print(&t, i, &i->functions[n], i->functions[n].name, NULL);
    text_dispose(&t);
    (void)a;
}

static void hostile_models(void **state)
{
    (void)state;
    struct arena *a = arena_create();
    struct diag *d = diag_create();
    write_headers();
    age_headers();
    expect(2, GOOD);
    read_entries(a, d);
    const char *text = strstr(entries[0].bytes, "interface "), *end = entries[0].bytes + entries[0].size - 69;
    size_t size = (size_t)(end - text);
    assert_non_null(interface_decode(a, text, size));
    size_t accepted = 0;
    for (size_t n = 0; n < 20000; n++) {
        struct arena *b = arena_create();
        char *copy = arena_memdup(b, text, size);
        size_t length = size;
        switch (random_number(4)) {
        case 0: /* another digit, where most references are */
            for (size_t k = 1 + random_number(3); k; k--) {
                size_t at = random_number((uint32_t)size);
                if (copy[at] >= '0' && copy[at] <= '9')
                    copy[at] = (char)('0' + random_number(10));
            }
            break;
        case 1:
            copy[random_number((uint32_t)size)] = (char)random_number(256);
            break;
        case 2:
            length = random_number((uint32_t)size);
            break;
        default: { /* a piece moved */
            size_t from = random_number((uint32_t)size), to = random_number((uint32_t)size), most = size - (from > to ? from : to);
            memmove(copy + to, copy + from, random_number((uint32_t)most + 1) % 40 % (most + 1));
        }
        }
        const struct interface *i = interface_decode(b, copy, length);
        if (i) {
            accepted++;
            use(b, i, copy, length);
        }
        arena_destroy(b);
    }
    assert_in_range(accepted, 100, 19900); /* a changed line number is a sound model, most changes are not */
    /* with a right sum: a cycle of types, a count that would need more memory than there is */
    const char *bad[] = {"interface 1 1 1 0 0\npath =x\ntype named 0\ndeclaration typedef =t 0 1 1 1 0 0 0 0 0 0 0 0 0\n",
                         "interface 1 1 0 0 0\npath =x\ntype pointer 0 0 0\n",
                         "interface 99999999999 0 0 0 0\n", "interface 1 0 0 9223372036854775807 0\npath =x\n",
                         ("interface 1 1 1 0 0\npath =x\ntype named 0\ndeclaration struct = 0 1 1 1 0 1 0 0 4 4 4294967295 0 1\n"
                          "member =m 0 1 1 1 0 0 0 -1\n")};
    for (size_t n = 0; n < sizeof bad / sizeof *bad; n++) {
        assert_null(interface_decode(a, bad[n], strlen(bad[n])));
        struct text t = {};
        text_append(&t, entries[0].bytes, (size_t)(text - entries[0].bytes));
        text_puts(&t, bad[n]);
        put_with_sum(entries[0].path, t.bytes, t.size);
        expect(1, GOOD);
        text_dispose(&t);
    }
    diag_destroy(d);
    arena_destroy(a);
}

/* The entry of another version of libclang. */
static void another_libclang(void **state)
{
    (void)state;
    struct arena *a = arena_create();
    struct diag *d = diag_create();
    write_headers();
    age_headers();
    expect(2, GOOD);
    read_entries(a, d);
    for (size_t e = 0; e < entry_count; e++) {
        char *copy = arena_memdup(a, entries[e].bytes, entries[e].size);
        char *size = (char *)memmem(copy, entries[e].size, "library ", 8) + 8;
        *size = *size == '9' ? '8' : (char)(*size + 1);
        put_with_sum(entries[e].path, copy, entries[e].size - 69);
    }
    expect(2, GOOD);
    expect(0, GOOD);
    diag_destroy(d);
    arena_destroy(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, scratch_enter, scratch_leave)
        T(unchanged), T(once_for_all_instances), T(changes), T(hidden), T(without_a_cache), T(damaged_entries), T(hostile_models),
        T(another_libclang),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
