/*
 * graph.c - nodes and candidates of small worlds, and the printers' output
 * against tests/golden/resolve/NAME.graph, .dot and .json.
 */
#include "test.h"
#include "world.h"

static const struct graph *build(struct fixture *f, const char *text)
{
    struct world w = world_read(f->a, "test.world", text);
    return graph_build(f->a, w.manifest, &w.manifest->unikernels[0], f->d);
}

static const char *label(struct fixture *f, const struct graph *g, size_t node, size_t hole, size_t candidate)
{
    assert_true(node < g->node_count && hole < g->nodes[node].hole_count);
    assert_true(candidate < g->nodes[node].holes[hole].candidate_count);
    return graph_node_label(f->a, g, g->nodes[node].holes[hole].candidates[candidate].node);
}

static void open_order(void **state)
{
    struct fixture *f = *state;
    const struct graph *g = build(f, "signature kv\n"
                                     "implementation b 1 provides kv\n"
                                     "implementation a 1 provides kv\n"
                                     "implementation c 1.9 provides kv\n"
                                     "  prefer 1\n"
                                     "implementation c 1.10 provides kv\n"
                                     "  prefer 1\n"
                                     "unikernel app\n"
                                     "  requires x kv\n"
                                     "  requires y kv\n");
    assert_non_null(g);
    assert_int_equal(g->node_count, 5);
    const char *wanted[] = {"c-1.10", "c-1.9", "a", "b"};
    for (size_t h = 0; h < 2; h++)
        for (size_t k = 0; k < 4; k++)
            assert_string_equal(label(f, g, 0, h, k), wanted[k]);
    assert_true(g->nodes[0].holes[0].open);
    assert_false(g->nodes[0].holes[0].candidates[0].explicit);
}

static void one_node_for_all_open_uses(void **state)
{
    struct fixture *f = *state;
    const struct graph *g = build(f, "signature kv\nsignature block\n"
                                     "implementation a 1 provides kv\n  requires disk block\n"
                                     "implementation b 1 provides kv\n  requires disk block\n"
                                     "implementation d 1 provides block\n"
                                     "instance mine a\n"
                                     "unikernel app\n  requires x kv\n  requires y kv\n  choose y @mine\n");
    assert_int_equal(g->node_count, 5); /* app, a, b, a@8, d */
    assert_string_equal(graph_node_label(f->a, g, (node_id){3}), "a@8");
    assert_string_equal(graph_node_place(f->a, g, (node_id){3}), "a (test.world:8)");
    struct source *file = (struct source *)g->nodes[3].instance->span.source;
    file->path = "/elsewhere/libs/web/ukc.lua"; /* no absolute paths in what is printed */
    assert_string_equal(graph_node_place(f->a, g, (node_id){3}), "a (web/ukc.lua:8)");
    assert_string_equal(graph_node_place(f->a, g, (node_id){1}), "a");
    assert_ptr_equal(g->nodes[1].holes[0].candidates, g->nodes[2].holes[0].candidates);
    assert_true(g->nodes[0].holes[1].candidates[0].explicit);
}

static void declared_instances_are_offered_to_shared_requirements(void **state)
{
    struct fixture *f = *state;
    const struct graph *g = build(f, "signature kv shared\n"
                                     "implementation a 1 provides kv\n"
                                     "implementation b 1 provides kv\n"
                                     "instance mine b\n"
                                     "unikernel app\n  requires x kv\n  requires y kv\n  choose y @mine\n");
    assert_int_equal(g->nodes[0].holes[0].candidate_count, 3);
    assert_string_equal(label(f, g, 0, 0, 2), "b@4");
    assert_int_equal(g->nodes[0].holes[1].candidate_count, 1);
}

static void matches_keep_their_cases(void **state)
{
    struct fixture *f = *state;
    const struct graph *g = build(f, "signature log\n"
                                     "implementation a 1 provides log\nimplementation b 1 provides log\n"
                                     "implementation c 1 provides log\n"
                                     "unikernel app\n  key quiet bool = true\n  requires log log\n"
                                     "  choose log match target kvm=(match quiet true=a default=b) default=c\n");
    const struct hole *h = &g->nodes[0].holes[0];
    assert_int_equal(h->candidate_count, 3);
    assert_string_equal(h->candidates[0].selector.text, "quiet");
    assert_string_equal(h->candidates[0].value.text, "true");
    assert_string_equal(h->candidates[0].guard->outer->selector->match->selector.text, "target");
    assert_null(h->candidates[0].guard->outer->selector->key);
    assert_string_equal(h->candidates[2].value.text, "default");
    assert_null(h->candidates[2].guard->outer);
}

static void without_a_choice(void **state)
{
    struct fixture *f = *state;
    struct world w = world_read(f->a, "test.world", "signature kv\nimplementation a 1 provides kv\nimplementation b 1 provides kv\n"
                                                    "unikernel app\n  requires x kv\n  choose x b\n");
    const struct component *app = &w.manifest->unikernels[0];
    const struct graph *g = graph_build_without(f->a, w.manifest, app, app->chosen[0].choice, f->d);
    assert_true(g->nodes[0].holes[0].open);
    assert_int_equal(g->nodes[0].holes[0].candidate_count, 2);
}

static void duplicates(void **state)
{
    struct fixture *f = *state;
    assert_null(build(f, "signature kv\nsignature kv\nimplementation a 1 provides kv\nimplementation a 1 provides kv\n"
                         "unikernel app\n  requires x kv\n"));
    assert_int_equal(diag_errors(f->d), 2);
}

/* As deep as anybody writes: nothing may recurse. */
static void deep_chain(void **state)
{
    struct fixture *f = *state;
    enum { DEPTH = SANITIZED ? 2000 : 20000 };
    struct text t = {};
    for (int i = 0; i < DEPTH; i++) {
        text_printf(&t, "signature s%06d shared\nimplementation i%06d 1 provides s%06d\n", i, i, i);
        if (i + 1 < DEPTH)
            text_printf(&t, "  requires next s%06d\n", i + 1);
    }
    text_puts(&t, "unikernel app\n  requires next s000000\n");
    const struct graph *g = build(f, text_string(&t));
    assert_non_null(g);
    assert_int_equal(g->node_count, DEPTH + 1);
    text_dispose(&t);
}

static char *read_text(struct arena *a, const char *path)
{
    FILE *file = fopen(path, "rb");
    if (!file)
        return NULL;
    struct text t = {};
    char buffer[4096];
    for (size_t n; (n = fread(buffer, 1, sizeof buffer, file));)
        text_append(&t, buffer, n);
    fclose(file);
    char *kept = text_keep(&t, a);
    text_dispose(&t);
    return kept;
}

static void expect(struct fixture *f, const char *path, const struct text *answer)
{
    if (getenv("UKC_ACCEPT")) {
        FILE *file = fopen(path, "wb");
        assert_non_null(file);
        fputs(text_string(answer), file);
        fclose(file);
        return;
    }
    char *wanted = read_text(f->a, path);
    if (!wanted || strcmp(wanted, text_string(answer)))
        fail_msg("%s differs.\n--- wanted\n%s--- got\n%s", path, wanted ? wanted : "", text_string(answer));
}

static void printers(void **state)
{
    struct fixture *f = *state;
    const char *root = getenv("UKC_SOURCE_ROOT");
    const char *worlds[] = {"homepage", "match", "shared_instance", "instance_versions"};
    for (size_t i = 0; i < sizeof worlds / sizeof *worlds; i++) {
        const char *stem = arena_printf(f->a, "%s/tests/golden/resolve/%s", root ? root : ".", worlds[i]);
        char *text = read_text(f->a, arena_printf(f->a, "%s.world", stem));
        assert_non_null(text);
        struct world w = world_read(f->a, "test.world", text);
        const struct graph *g = graph_build(f->a, w.manifest, &w.manifest->unikernels[0], f->d);
        const struct plan *p = resolve(f->a, g, &w.options, f->d);
        struct text t = {}, dot = {};
        graph_print_text(g, NULL, &t);
        if (p) {
            text_puts(&t, "\nwith its plan\n\n");
            graph_print_text(g, p, &t);
        }
        expect(f, arena_printf(f->a, "%s.graph", stem), &t);
        graph_print_dot(g, p, &dot);
        expect(f, arena_printf(f->a, "%s.dot", stem), &dot);
        struct json j = {};
        graph_print_json(g, p, &j);
        if (p)
            plan_print_json(p, &j);
        text_putc(&j.out, '\n');
        expect(f, arena_printf(f->a, "%s.json", stem), &j.out);
        text_dispose(&t);
        text_dispose(&dot);
        text_dispose(&j.out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(open_order, fixture_make, fixture_free),
        cmocka_unit_test_setup_teardown(one_node_for_all_open_uses, fixture_make, fixture_free),
        cmocka_unit_test_setup_teardown(declared_instances_are_offered_to_shared_requirements, fixture_make, fixture_free),
        cmocka_unit_test_setup_teardown(matches_keep_their_cases, fixture_make, fixture_free),
        cmocka_unit_test_setup_teardown(without_a_choice, fixture_make, fixture_free),
        cmocka_unit_test_setup_teardown(duplicates, fixture_make, fixture_free),
        cmocka_unit_test_setup_teardown(deep_chain, fixture_make, fixture_free),
        cmocka_unit_test_setup_teardown(printers, fixture_make, fixture_free),
    };
    return cmocka_run_group_tests_name("graph", tests, NULL, NULL);
}
