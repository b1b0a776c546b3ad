/*
 * check.c - headers against signatures: what is the same type, what is not, and what is said about it.
 */
#include "check_world.h"

/* One signature "box" with the object box_item, one implementation "tin" of it. */
struct example {
    const char *name, *signature, *implementation;
    const char *expected[6]; /* in this order in the report; none: no complaint */
};

#define BOX "#ifndef BOX_H\n#define BOX_H\n#include <stddef.h>\n#include <stdint.h>\nstruct box_item;\n"
#define TIN "#ifndef TIN_H\n#define TIN_H\n#include <stddef.h>\n#include <stdint.h>\nstruct tin_item;\n"
#define END "#endif\n"

static const struct example examples[] = {
    {"the same", BOX "int box_get(struct box_item *i, const void *b, size_t n);\n" END,
     TIN "int tin_get(struct tin_item *, const void *bytes, size_t size);\n" END, {}},
    {"uint64_t is unsigned long", BOX "uint64_t box_get(uint64_t a, size_t b);\n" END,
     TIN "unsigned long tin_get(unsigned long a, unsigned long b);\n" END, {}},
    {"unsigned long long is another type", BOX "void box_get(uint64_t at);\n" END, TIN "void tin_get(unsigned long long at);\n" END,
     {"lib/tin.h:6:14: error: parameter 1 ('at') of 'tin_get' is 'unsigned long long', signature 'box' says 'uint64_t'",
      "note: that is 'unsigned long long' here, 'unsigned long' in the signature", "sig/box.h:6:14: note: signature 'box' declares 'box_get' here"}},
    {"outer qualifiers of parameters do not count", BOX "int box_get(int a, struct box_item *i);\n" END,
     TIN "int tin_get(const int a, struct tin_item *restrict const i);\n" END, {}},
    {"a const is missing", BOX "int box_get(const void *b);\n" END, TIN "int tin_get(void *b);\n" END,
     {"lib/tin.h:6:13: error: parameter 1 ('b') of 'tin_get' is 'void *', signature 'box' says 'const void *'"}},
    {"a const too many, below a pointer", BOX "int box_get(struct box_item **i);\n" END,
     TIN "int tin_get(struct tin_item *const *i);\n" END,
     {"parameter 1 ('i') of 'tin_get' is 'struct tin_item *const *', signature 'box' says 'struct tin_item **'"}},
    {"volatile", BOX "int box_get(volatile int *i);\n" END, TIN "int tin_get(int *i);\n" END, {"is 'int *', signature 'box' says 'volatile int *'"}},
    {"restrict below a pointer", BOX "int box_get(char *restrict *i);\n" END, TIN "int tin_get(char **i);\n" END,
     {"is 'char **', signature 'box' says 'char *restrict *'"}},
    {"a qualifier through a typedef", BOX "typedef char *word;\nint box_get(const word *i);\n" END,
     TIN "int tin_get(char *const *i);\n" END, {}},
    {"a result", BOX "struct box_item *box_get(void);\n" END, TIN "void *tin_get(void);\n" END,
     {"lib/tin.h:6:7: error: 'tin_get' returns 'void *', signature 'box' says 'struct tin_item *'"}},
    {"too few parameters", BOX "int box_get(struct box_item *i, int n);\n" END, TIN "int tin_get(struct tin_item *i);\n" END,
     {"lib/tin.h:6:5: error: 'tin_get' has 1 parameter, signature 'box' says 2", "sig/box.h:6:5: note: signature 'box' declares 'box_get' here",
      "help: expected: int tin_get(struct tin_item *i, int n);"}},
    {"variadic", BOX "int box_get(const char *f, ...);\n" END, TIN "int tin_get(const char *f);\n" END,
     {"'tin_get' is not variadic, in signature 'box' it is", "help: expected: int tin_get(const char *f, ...);"}},
    {"variadic on both sides", BOX "int box_get(const char *f, ...) __attribute__((format(printf, 1, 2)));\n" END,
     TIN "int tin_get(const char *f, ...);\n" END, {}},
    {"two mistakes, two errors", BOX "int box_get(int a, int b);\n" END, TIN "int tin_get(long a, short b);\n" END,
     {"parameter 1 ('a') of 'tin_get' is 'long', signature 'box' says 'int'", "parameter 2 ('b') of 'tin_get' is 'short', signature 'box' says 'int'"}},
    {"missing", BOX "int box_get(int a);\nvoid box_put(struct box_item *i);\n" END, TIN "int tin_get(int a);\n" END,
     {"lib/tin.h: error: 'tin_put' is missing: 'tin' provides signature 'box'", "sig/box.h:7:6: note: signature 'box' declares 'box_put' here",
      "ukc.lua:3:1: note: 'tin' says that it provides 'box' here", "help: expected: void tin_put(struct tin_item *i);"}},
    {"extra", BOX "int box_get(int a);\n" END, TIN "int tin_get(int a);\nint tin_rummage(void);\n" END,
     {"lib/tin.h:7:5: error: 'tin_rummage' is not an operation of signature 'box'", "help: only operations belong in 'tin.h'"}},
    {"misspelt", BOX "int box_get(int a);\nint box_put(int a);\nint box_flush(void);\n" END,
     TIN "int tin_get(int a);\nint tin_put(int a);\nint tin_flsuh(void);\n" END,
     {"lib/tin.h:8:5: error: 'tin_flsuh' is not an operation of signature 'box', and 'tin_flush' is missing", "help: did you mean 'tin_flush'?"}},
    {"helpers that are not operations", BOX "int box_get(int a);\n" END,
     TIN "int tin_get(int a);\nint other(void);\nstatic inline int tin_helper(void)\n{\n    return 1;\n}\n" END, {}},
    {"static operation", BOX "int box_get(int a);\n" END, TIN "static int tin_get(int a)\n{\n    return a;\n}\n" END,
     {"lib/tin.h:6:12: error: 'tin_get' is static: an operation needs a symbol that others can call"}},
    {"start and stop", BOX "int box_get(int a);\n" END, TIN "int tin_get(int a);\nint tin_start(void);\nvoid tin_stop(void);\n" END, {}},
    {"start with parameters", BOX "int box_get(int a);\n" END, TIN "int tin_get(int a);\nint tin_start(int argc);\n" END,
     {"lib/tin.h:7:5: error: 'int tin_start(int argc)' is called at start-up, and must be 'int tin_start(void)'"}},
    {"stop with a result", BOX "int box_get(int a);\n" END, TIN "int tin_get(int a);\nint tin_stop(void);\n" END,
     {"lib/tin.h:7:5: error: 'int tin_stop(void)' is called at shut-down, and must be 'void tin_stop(void)'"}},
    {"the signature's own object", BOX "void box_put(struct box_item *i);\n" END,
     TIN "struct box_item;\nvoid tin_put(struct box_item *i);\n" END,
     {"is 'struct box_item *', signature 'box' says 'struct tin_item *'",
      "help: 'struct box_item' is abstract in signature 'box': an implementation has its own, 'struct tin_item'"}},
    {"an object nobody declared", BOX "void box_put(struct box_item *i);\n" END,
     "#ifndef TIN_H\n#define TIN_H\nvoid tin_put(struct tin_item *i);\n" END,
     {"lib/tin.h:3:21: error: declaration of 'struct tin_item' will not be visible outside of this function",
      "help: declare it before the function: struct tin_item;",
      "ukc.lua:3:1: note: this is the header of implementation 'tin'"}},
    {"function pointers, the object at depth 3",
     BOX "void box_each(int (*f)(int (*g)(struct box_item **i, void *), void *));\n" END,
     TIN "void tin_each(int (*f)(int (*g)(struct tin_item **i, void *), void *));\n" END, {}},
    {"function pointers, a const at depth 3",
     BOX "void box_each(int (*f)(int (*g)(struct box_item **i, void *), void *));\n" END,
     TIN "void tin_each(int (*f)(int (*g)(struct tin_item *const *i, void *), void *));\n" END,
     {"lib/tin.h:6:15: error: parameter 1 ('f') of 'tin_each' is 'int (*)(int (*)(struct tin_item *const *, void *), void *)', signature 'box' says 'int (*)(int (*)(struct tin_item **, void *), void *)'",
      "note: in parameter 1 of the function pointed to, in parameter 1 of the function pointed to: 'struct tin_item *const' here, 'struct tin_item *' in the signature"}},
    {"arrays in parameters are pointers", BOX "void box_name(char name[16], const int *p);\n" END,
     TIN "void tin_name(char *name, const int p[4]);\n" END, {}},
    {"pointers to arrays", BOX "void box_name(char (*name)[16]);\n" END, TIN "void tin_name(char (*name)[8]);\n" END,
     {"is 'char (*)[8]', signature 'box' says 'char (*)[16]'"}},
    {"arrays of const", BOX "typedef int three[3];\nvoid box_name(const three *a);\n" END,
     TIN "void tin_name(const int (*a)[3]);\n" END, {}},
    {"a struct by the signature's header", BOX "struct box_info { int a; };\nint box_info(struct box_info *i);\n" END,
     TIN "struct box_info;\nint tin_info(struct box_info *i);\n" END, {}},
    {"a struct declared anew", BOX "struct box_info { int a; uint8_t b[3]; };\nint box_info(struct box_info *i);\n" END,
     TIN "struct tin_info { int a; unsigned char b[3]; };\nint tin_info(struct tin_info *i);\n" END, {}},
    {"members in another order", BOX "struct box_info {\n    int sectors;\n    int size;\n};\nint box_info(struct box_info *i);\n" END,
     TIN "struct tin_info {\n    int size;\n    int sectors;\n};\nint tin_info(struct tin_info *i);\n" END,
     {"lib/tin.h:7:5: error: member 1 of 'struct tin_info' is 'size', of 'struct box_info' it is 'sectors'",
      "sig/box.h:7:5: note: signature 'box' declares 'struct box_info' here", "lib/tin.h:10:5: note: used by 'tin_info'"}},
    {"a member of another width", BOX "struct box_info { uint32_t a; };\nint box_info(struct box_info *i);\n" END,
     TIN "struct tin_info { uint16_t a; };\nint tin_info(struct tin_info *i);\n" END,
     {"lib/tin.h:6:19: error: member 'a' of 'struct tin_info' is 'uint16_t', of 'struct box_info' it is 'uint32_t'",
      "that is 'unsigned short' here, 'unsigned int' in the signature"}},
    {"a member is missing", BOX "struct box_info { int a; int b; };\nint box_info(struct box_info *i);\n" END,
     TIN "struct tin_info { int a; };\nint tin_info(struct tin_info *i);\n" END,
     {"lib/tin.h:6:8: error: 'struct tin_info' lacks the member 'b' of 'struct box_info'"}},
    {"a member too many", BOX "struct box_info { int a; };\nint box_info(struct box_info *i);\n" END,
     TIN "struct tin_info { int a; int b; };\nint tin_info(struct tin_info *i);\n" END,
     {"lib/tin.h:6:26: error: 'struct tin_info' has a member 'b', which 'struct box_info' has not"}},
    {"packed", BOX "struct box_info { char a; int b; };\nint box_info(struct box_info *i);\n" END,
     TIN "struct tin_info { char a; int b; } __attribute__((packed));\nint tin_info(struct tin_info *i);\n" END,
     {"member 'b' of 'struct tin_info' is at bit 8, of 'struct box_info' at bit 32"}},
    {"alignment", BOX "struct box_info { int b; };\nint box_info(struct box_info *i);\n" END,
     TIN "struct tin_info { int b; } __attribute__((aligned(16)));\nint tin_info(struct tin_info *i);\n" END,
     {"'struct tin_info' has 16 bytes with alignment 16, 'struct box_info' has 4 with alignment 4"}},
    {"anonymous unions and bit-fields",
     BOX "struct box_info { union { int a; float f; }; unsigned b : 3, : 2, c : 4; };\nint box_info(struct box_info *i);\n" END,
     TIN "struct tin_info { union { int a; float f; }; unsigned b : 3, : 2, c : 4; };\nint tin_info(struct tin_info *i);\n" END, {}},
    {"a bit-field of another width", BOX "struct box_info { unsigned b : 3; };\nint box_info(struct box_info *i);\n" END,
     TIN "struct tin_info { unsigned b : 4; };\nint tin_info(struct tin_info *i);\n" END,
     {"bit-field 'b' of 'struct tin_info' differs in width from that of 'struct box_info'"}},
    {"another anonymous union", BOX "struct box_info { union { int a; float f; }; };\nint box_info(struct box_info *i);\n" END,
     TIN "struct tin_info { union { int a; int f; }; };\nint tin_info(struct tin_info *i);\n" END,
     {"member 1 of 'struct tin_info' is 'union { int a; int f; }', of 'struct box_info' it is 'union { int a; float f; }'"}},
    {"a list that refers to itself", BOX "struct box_list { struct box_list *next; struct box_item *i; };\nint box_all(struct box_list *l);\n" END,
     TIN "struct tin_list { struct tin_list *next; struct tin_item *i; };\nint tin_all(struct tin_list *l);\n" END, {}},
    {"a struct with an object, not redeclared", BOX "struct box_pair { struct box_item *a; };\nint box_all(struct box_pair *l);\n" END,
     TIN "struct box_pair;\nint tin_all(struct box_pair *l);\n" END,
     {"is 'struct box_pair *', signature 'box' says 'struct tin_pair *'", "help: 'struct box_pair' mentions an object of signature 'box'"}},
    {"enums", BOX "enum box_kind { BOX_RED, BOX_BLUE = 4 };\nvoid box_paint(enum box_kind k);\n" END,
     TIN "enum tin_kind { TIN_RED, TIN_BLUE = 4 };\nvoid tin_paint(enum tin_kind k);\n" END, {}},
    {"an enum constant of another value", BOX "enum box_kind { BOX_RED, BOX_BLUE = 4 };\nvoid box_paint(enum box_kind k);\n" END,
     TIN "enum tin_kind { TIN_RED, TIN_BLUE };\nvoid tin_paint(enum tin_kind k);\n" END,
     {"lib/tin.h:6:26: error: constant 'TIN_BLUE' is 1, 'BOX_BLUE' is 4", "sig/box.h:6:26: note: signature 'box' declares 'enum box_kind' here"}},
    {"an enum constant is missing", BOX "enum box_kind { BOX_RED, BOX_BLUE };\nvoid box_paint(enum box_kind k);\n" END,
     TIN "enum tin_kind { TIN_RED };\nvoid tin_paint(enum tin_kind k);\n" END, {"'enum tin_kind' lacks the constant 'BOX_BLUE' of 'enum box_kind'"}},
    {"an integer for an enum", BOX "enum box_kind { BOX_RED };\nvoid box_paint(enum box_kind k);\n" END, TIN "void tin_paint(unsigned k);\n" END,
     {"is 'unsigned int', signature 'box' says 'enum box_kind'"}},
    {"atomics and va_list", BOX "#include <stdarg.h>\nvoid box_a(_Atomic(int) *a, va_list l);\n" END,
     TIN "#include <stdarg.h>\nvoid tin_a(_Atomic int *a, va_list l);\n" END, {}},
    {"calling conventions", BOX "void box_a(int a);\n" END, TIN "__attribute__((ms_abi)) void tin_a(int a);\n" END,
     {"'tin_a' has another calling convention than in signature 'box'"}},
    {"a syntax error", BOX "void box_a(int a);\n" END, TIN "void tin_a(int a;\n" END,
     {"lib/tin.h:6:17: error: expected ')'", "note: to match this '('", "ukc.lua:3:1: note: this is the header of implementation 'tin'"}},
    {"an unknown include", BOX "void box_a(int a);\n" END, "#include \"nowhere.h\"\nvoid tin_a(int a);\n",
     {"lib/tin.h:1:10: error: 'nowhere.h' file not found"}},
    {"keys in an interface", BOX "void box_a(int a);\n" END, "#include \"keys.h\"\nvoid tin_a(int a);\n",
     {"lib/tin.h:1:10: error: 'keys.h' file not found", "help: keys.h is for sources"}},
    {"a header that is not there", BOX "void box_a(int a);\n" END, NULL,
     {"ukc.lua:3:1: error: header 'lib/tin.h' of implementation 'tin' does not exist"}},
    /* the signature's own faults */
    {"object not declared", "struct box_itme;\nvoid box_a(int a);\n", TIN "void tin_a(int a);\n" END,
     {"ukc.lua:2:1: error: object 'box_item' is not declared in 'sig/box.h'", "help: did you mean 'box_itme'?"}},
    {"object complete", "struct box_item { int a; };\nvoid box_a(struct box_item *a);\n", TIN "void tin_a(struct tin_item *a);\n" END,
     {"sig/box.h:1:8: error: object 'struct box_item' must be left incomplete here"}},
    {"object by value", BOX "void box_a(struct box_item i);\n" END, TIN "void tin_a(struct tin_item i);\n" END,
     {"sig/box.h:6:6: error: 'box_a' uses the object 'struct box_item' by value"}},
    {"object by value in a function pointer", BOX "void box_a(void (*f)(struct box_item));\n" END, TIN "void tin_a(int i);\n" END,
     {"error: 'box_a' uses the object 'struct box_item' by value"}},
    {"static operation of a signature", BOX "static inline int box_a(void)\n{\n    return 0;\n}\nint box_b(void);\n" END, TIN "int tin_b(void);\n" END,
     {"sig/box.h:6:19: error: 'box_a' is static: an operation of signature 'box' is only declared here"}},
    {"stray function", BOX "int box_b(void);\nint bx_c(void);\n" END, TIN "int tin_b(void);\n" END,
     {"sig/box.h:7:5: error: 'bx_c' is not an operation of signature 'box': those are named 'box_...'"}},
    {"variable", BOX "int box_b(void);\nextern int box_limit;\n" END, TIN "int tin_b(void);\n" END,
     {"sig/box.h:7:12: error: variable 'box_limit' in a signature's header"}},
    {"incomplete struct that is no object", BOX "struct box_key;\nint box_b(struct box_key *);\n" END, TIN "int tin_b(int);\n" END,
     {"sig/box.h:6:8: error: struct 'box_key' is incomplete and not an object of signature 'box'", "help: objects = { \"box_key\" }"}},
    {"dependent type of another name", BOX "struct pair { struct box_item *a; };\nint box_b(struct pair *);\n" END, TIN "int tin_b(int);\n" END,
     {"sig/box.h:6:8: error: struct 'pair' mentions an object of signature 'box': it must be named 'box_...'"}},
    {"no operation", BOX END, TIN END, {"sig/box.h: error: signature 'box' has no operation"}},
    {"operation named start", BOX "int box_start(void);\n" END, TIN "int tin_start(void);\n" END,
     {"sig/box.h:6:5: error: an operation cannot be named 'start'"}},
    {"nothing said about parameters", BOX "typedef int old(void);\nold box_a;\n" END, TIN "int tin_a(void);\n" END, {}},
    {"a signature's syntax error", BOX "int box_a(;\n" END, TIN "int tin_a(void);\n" END,
     {"sig/box.h:6:11: error:", "ukc.lua:2:1: note: this is the header of signature 'box'"}},
};

/* NULL when all is as expected, else what is not. */
static const char *fault(struct world *w, const struct example *e, const struct bindings *b, const char *report)
{
    const char *at = report;
    if (!e->expected[0])
        return b && !*report ? NULL : "a complaint";
    if (b || diag_status(w->diag) != DIAG_INPUT)
        return "accepted";
    for (size_t i = 0; i < 6 && e->expected[i]; i++) {
        const char *found = strstr(at, e->expected[i]);
        if (!found)
            return e->expected[i];
        at = found;
    }
    return NULL;
}

static bool check_example(const struct example *e)
{
    assert_int_equal(system("rm -rf sig lib build"), 0);
    struct world w;
    world_init(&w);
    struct signature *box = world_signature(&w, "box", "box_item", e->signature);
    struct component *tin = world_component(&w, COMPONENT_IMPLEMENTATION, "tin", "box", e->implementation);
    struct component *app = world_component(&w, COMPONENT_UNIKERNEL, "app", "", NULL);
    struct plan_instance *p = world_instance(&w, "store", tin, NULL);
    world_instance(&w, "app", app, "store", box, p, NULL);
    const struct bindings *b = world_check(&w, "build/posix/cache");
    const char *report = world_report(&w), *wrong = fault(&w, e, b, report);
    if (wrong)
        print_error("%s: %s\n%s", e->name, wrong, report);
    if (getenv("SHOW"))
        printf("---- %s\n%s", e->name, report);
    world_dispose(&w);
    return !wrong;
}

static void differences(void **state)
{
    (void)state;
    size_t failed = 0;
    for (size_t i = 0; i < sizeof examples / sizeof *examples; i++)
        failed += !check_example(&examples[i]);
    assert_int_equal(failed, 0);
}

/* An application of `component` alone, through requirement `name`. */
static const char *check_one(struct world *w, struct signature *signature, struct component *component, const char *name)
{
    struct component *app = world_component(w, COMPONENT_UNIKERNEL, "app", "", NULL);
    struct plan_instance *p = world_instance(w, "store", component, NULL);
    world_instance(w, "app", app, name, signature, p, NULL);
    const struct bindings *b = world_check(w, NULL);
    const char *report = world_report(w);
    assert_int_equal(!b, *report != '\0');
    return report;
}

static void two_signatures(void **state)
{
    (void)state;
    struct world w;
    world_init(&w);
    struct signature *box = world_signature(&w, "box", "box_item", BOX "int box_get(struct box_item *i);\nint box_both(void);\n" END);
    world_signature(&w, "lamp", "", "int lamp_on(void);\nlong lamp_both(void);\n");
    struct component *tin = world_component(&w, COMPONENT_IMPLEMENTATION, "tin", "box lamp",
                                            TIN "int tin_get(struct tin_item *i);\nint tin_on(void);\nint tin_both(void);\n" END);
    assert_string_equal(check_one(&w, box, tin, "store"),
                        "lib/tin.h:8:5: error: 'tin_both' returns 'int', signature 'lamp' says 'long'\n"
                        "    8 | int tin_both(void);\n      |     ^~~~~~~~\n"
                        "sig/lamp.h:2:6: note: signature 'lamp' declares 'lamp_both' here\n"
                        "    2 | long lamp_both(void);\n      |      ^~~~~~~~~\n");
    world_dispose(&w);
}

/* An implementation, its signature and a requirement of one name: everything is still told apart. */
static void one_name(void **state)
{
    (void)state;
    struct world w;
    world_init(&w);
    struct signature *box = world_signature(&w, "box", "box_item", BOX "int box_get(struct box_item *i);\nint box_put(int a);\n" END);
    put_file("lib/tin.h", "#include \"box.h\"\nint box_get(struct box_item *i);\n");
    struct component *tin = world_component(&w, COMPONENT_IMPLEMENTATION, "box", "box", NULL);
    tin->header = world_word(&w, "tin.h", 3);
    assert_non_null(strstr(check_one(&w, box, tin, "box"), "lib/tin.h: error: 'box_put' is missing"));
    put_file("lib/tin.h", "#include \"box.h\"\nint box_get(struct box_item *i);\nint box_put(int a);\n");
    const struct bindings *b = world_check(&w, NULL);
    assert_non_null(b);
    assert_string_equal(b->edges[0].operations[1].symbol, "store.box_put");
    world_dispose(&w);
}

/* Names whose header would be taken for another. */
static void requirement_names(void **state)
{
    (void)state;
    static const char *const names[][2] = {{"exports", "a requirement cannot be named 'exports'"},
                                           {"keys", "a requirement cannot be named 'keys'"},
                                           {"user", "a requirement cannot have the name of its own component, 'user'"},
                                           {"other", "requirement 'other' would have the header 'other.h'"}};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        struct world w;
        world_init(&w);
        struct signature *box = world_signature(&w, "box", "box_item", BOX "int box_get(int a);\n" END);
        struct signature *lamp = world_signature(&w, "lamp", "", "int lamp_on(void);\n");
        struct component *tin = world_component(&w, COMPONENT_IMPLEMENTATION, "tin", "box", TIN "int tin_get(int a);\n" END);
        struct component *user = world_component(&w, COMPONENT_IMPLEMENTATION, "user", "lamp", NULL);
        put_file("lib/other.h", "int user_on(void);\n");
        user->header = world_word(&w, "other.h", 3);
        struct plan_instance *p = world_instance(&w, "store", tin, NULL);
        world_instance(&w, "u", user, names[i][0], box, p, NULL);
        assert_null(world_check(&w, NULL));
        assert_non_null(strstr(world_report(&w), names[i][1]));
        (void)lamp;
        world_dispose(&w);
    }
}

/* An implementation's header may include the headers of its requirements. */
static void requirement_in_interface(void **state)
{
    (void)state;
    struct world w;
    world_init(&w);
    struct signature *box = world_signature(&w, "box", "box_item", BOX "struct box_info { int a; };\nint box_get(struct box_item *i);\n" END);
    struct signature *lamp = world_signature(&w, "lamp", "", "#include \"box.h\"\nint lamp_on(struct box_info *i);\n");
    struct component *tin = world_component(&w, COMPONENT_IMPLEMENTATION, "tin", "box", TIN "int tin_get(struct tin_item *i);\n" END);
    struct component *bulb = world_component(&w, COMPONENT_IMPLEMENTATION, "bulb", "lamp",
                                             "#include \"bulb_store.h\"\nstruct bulb_thing { struct bulb_store_item *item; };\n"
                                             "int bulb_on(struct box_info *i);\n");
    struct component *app = world_component(&w, COMPONENT_UNIKERNEL, "app", "", NULL);
    struct plan_instance *store = world_instance(&w, "light.bulb_store", tin, NULL);
    struct plan_instance *light = world_instance(&w, "light", bulb, "bulb_store", box, store, NULL);
    world_instance(&w, "app", app, "light", lamp, light, NULL);
    const struct bindings *b = world_check(&w, "cache");
    assert_string_equal(world_report(&w), ""); /* bulb_store_get is not taken for an operation of bulb */
    assert_non_null(b);
    world_dispose(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(two_signatures, scratch_enter, scratch_leave),
        cmocka_unit_test_setup_teardown(one_name, scratch_enter, scratch_leave),
        cmocka_unit_test_setup_teardown(requirement_names, scratch_enter, scratch_leave),
        cmocka_unit_test_setup_teardown(requirement_in_interface, scratch_enter, scratch_leave),
        cmocka_unit_test_setup_teardown(differences, scratch_enter, scratch_leave),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
