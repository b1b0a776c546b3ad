/*
 * check_layout.c - where things are: labels, links, relative paths, the include path.
 */
#include "check_world.h"

/* A catalogue beside the project, as it is installed. */
static void make_catalogue(struct world *w, const char *top)
{
    world_init(w);
    put_file("libs/include/ukc/view.h", "");
    put_file("libs/signatures/box.h", "");
    put_file("libs/tin/tin.h", "");
    put_file("elsewhere/tin/tin.h", "");
    put_file("mine/tin/tin.h", "");
    put_file("project/ukc.lua", "");
    assert_int_equal(chdir("project"), 0);
    struct signature *box = world_signature(w, "box", "", NULL);
    box->directory = arena_printf(w->arena, "%s/libs/signatures", top);
    box->in_tree = true;
    static const char *const places[] = {"libs/tin", "elsewhere/tin", "mine/tin"};
    for (size_t i = 0; i < 3; i++) {
        struct component *c = world_component(w, COMPONENT_IMPLEMENTATION, "tin", "box", NULL);
        c->directory = i == 1 ? "../elsewhere/tin" : arena_printf(w->arena, "%s/%s", top, places[i]);
        c->in_tree = i == 0;
        world_instance(w, arena_printf(w->arena, "i%zu", i), c, NULL);
    }
    struct component *app = world_component(w, COMPONENT_UNIKERNEL, "app", "", NULL);
    app->directory = ".";
    world_instance(w, "app", app, NULL);
}

static void expect_path(struct world *w, const char *directory, const char *file, const char *expected)
{
    assert_string_equal(layout_path(w->arena, w->layout, directory, file), expected);
}

static void paths(void **state)
{
    const char *top = *state;
    struct world w;
    make_catalogue(&w, top);
    w.layout = layout_create(w.arena, &w.plan, "build/posix", NULL, 0, w.diag);
    assert_non_null(w.layout);
    static const char *const labels[] = {"libs.include", "libs.signatures", "libs.tin", "use.tin", "use.tin.2"};
    assert_int_equal(w.layout->root_count, 5);
    for (size_t i = 0; i < 5; i++)
        assert_string_equal(w.layout->roots[i].label, labels[i]);
    expect_path(&w, ".", "app.c", "app.c");
    expect_path(&w, "sub", "./a/../b.c", "sub/b.c");
    expect_path(&w, ".", NULL, ".");
    expect_path(&w, w.components[0].directory, "tin.h", "build/posix/root/libs.tin/tin.h");
    expect_path(&w, w.components[0].directory, NULL, "build/posix/root/libs.tin");
    expect_path(&w, "../elsewhere/tin", "x/y.c", "build/posix/root/use.tin/x/y.c");
    expect_path(&w, w.components[2].directory, "y.c", "build/posix/root/use.tin.2/y.c");
    expect_path(&w, ".", arena_printf(w.arena, "%s/libs/tin/z.c", top), "build/posix/root/libs.tin/z.c");
    expect_path(&w, ".", arena_printf(w.arena, "%s/project/deep/z.c", top), "deep/z.c");
    expect_path(&w, w.components[0].directory, "../include/ukc/view.h", "build/posix/root/libs.include/ukc/view.h");
    assert_string_equal(layout_generated(w.arena, w.layout, &w.instances[3], "keys.h"), "build/posix/gen/app/keys.h");
    assert_string_equal(layout_generated(w.arena, w.layout, &w.instances[3], NULL), "build/posix/gen/app");
    world_dispose(&w);
}

static void expect_link(struct world *w, const char *label, const char *target)
{
    char found[4096];
    ssize_t n = readlink(arena_printf(w->arena, "build/posix/root/%s", label), found, sizeof found - 1);
    assert_int_equal(n >= 0, target != NULL);
    if (n >= 0) {
        found[n] = '\0';
        assert_string_equal(found, target);
    }
}

static void links(void **state)
{
    const char *top = *state;
    struct world w;
    make_catalogue(&w, top);
    w.layout = layout_create(w.arena, &w.plan, "build/posix", NULL, 0, w.diag);
    assert_non_null(w.layout);
    for (size_t i = 0; i < 2; i++) { /* the second time everything is there */
        assert_true(layout_prepare(w.layout, w.diag));
        expect_link(&w, "libs.tin", arena_printf(w.arena, "%s/libs/tin", top));
        expect_link(&w, "use.tin", arena_printf(w.arena, "%s/elsewhere/tin", top));
    }
    assert_int_equal(symlink("/nowhere", "build/posix/root/old"), 0);
    assert_int_equal(unlink("build/posix/root/libs.tin"), 0);
    assert_int_equal(symlink("/nowhere", "build/posix/root/libs.tin"), 0);
    assert_true(layout_prepare(w.layout, w.diag));
    expect_link(&w, "old", NULL);
    expect_link(&w, "libs.tin", arena_printf(w.arena, "%s/libs/tin", top));
    static const char *const made[] = {"build/posix/gen", "build/posix/obj", "build/posix/cache"};
    for (size_t i = 0; i < 3; i++)
        assert_true(file_is_directory(made[i]));
    assert_int_equal(diag_errors(w.diag), 0);
    world_dispose(&w);
}

static void include_path(void **state)
{
    struct world w;
    make_catalogue(&w, *state);
    struct layout_root package = {"debian.zeta", arena_printf(w.arena, "%s/elsewhere", (char *)*state)};
    struct word flags[] = {world_word(&w, "-DX", 1), world_word(&w, "-Iinner", 1)}, include[] = {world_word(&w, "usr/include", 1)};
    struct import import = {.kind = IMPORT_DEBIAN, .name = world_word(&w, "zeta", 1), .include = include, .include_count = 1};
    w.components[0].flags = flags;
    w.components[0].flag_count = 2;
    w.components[0].imports = &import;
    w.components[0].import_count = 1;
    w.layout = layout_create(w.arena, &w.plan, "build/posix", &package, 1, w.diag);
    assert_non_null(w.layout);
    static const char *const expected[] = {"-iquotebuild/posix/gen/i0",
                                           "-iquotebuild/posix/root/libs.tin",
                                           "-iquotebuild/posix/root/libs.signatures",
                                           "-Ibuild/posix/root/libs.tin/inner",
                                           "-Ibuild/posix/root/debian.zeta/usr/include",
                                           "-Ibuild/posix/root/libs.include"};
    size_t count;
    const char *const *found = layout_include(w.arena, w.layout, &w.plan, &w.instances[0], &count);
    assert_int_equal(count, 6);
    for (size_t i = 0; i < 6; i++)
        assert_string_equal(found[i], expected[i]);
    layout_include(w.arena, w.layout, &w.plan, NULL, &count);
    assert_int_equal(count, 2);
    world_dispose(&w);
}

static void missing_directory(void **state)
{
    struct world w;
    make_catalogue(&w, *state);
    w.components[2].directory = "/nowhere/at/all";
    assert_null(layout_create(w.arena, &w.plan, "build/posix", NULL, 0, w.diag));
    assert_int_equal(diag_status(w.diag), DIAG_OUTSIDE);
    assert_string_equal(world_report(&w), "error: directory '/nowhere/at/all' is missing\n");
    w.components[2].directory = ".";
    w.layout = layout_create(w.arena, &w.plan, "build/posix", NULL, 0, w.diag);
    put_file("build/posix", "in the way");
    assert_false(layout_prepare(w.layout, w.diag));
    world_dispose(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, scratch_enter, scratch_leave)
        T(paths), T(links), T(include_path), T(missing_directory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
