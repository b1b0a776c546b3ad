/*
 * recorded.c - tests of what a record is made of: canonical texts, their ids, trees in the store, damage.
 */
#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>
#include "test.h"

#include "../../provenance/action.h"
#include "../../provenance/cache.h"
#include "../../provenance/canon.h"
#include "../../provenance/gitoid.h"
#include "../../provenance/recipe.h"
#include "../../provenance/toolset.h"
#include "../../ukc/base/arena.h"
#include "../../ukc/base/text.h"

static void expect_hex(struct hash h, const char *expected)
{
    char hex[HASH_HEX];
    hash_hex(&h, hex);
    assert_string_equal(hex, expected);
}

/* What git 2.39 says in a repository made with --object-format=sha256. */
static void ids_are_git_s(void **)
{
    expect_hex(gitoid_blob("", 0), "473a0f4c3be8a93681a267e3b1e9a7dcda1185436fe141f7749120a303721813");
    expect_hex(gitoid_blob("hello world", 11), "fee53a18d32820613c0527aa79be5cb30173c823a9b448fa4817767cc84c6f03");
    expect_hex(gitoid_tree(NULL, 0), "6ef19b41225c5369f1c104d45d8d85efa9b057b53b14b4b9b939dd74decc5321");
}

/* The same repository, asked for real: names whose order is not that of strcmp, and all three modes. */
static void trees_are_git_s(void **)
{
    struct gitoid_file files[] = {
        {"a", OBJECT_FILE, gitoid_blob("1", 1)},   {"b-c", OBJECT_EXECUTABLE, gitoid_blob("2", 1)}, {"b.c", OBJECT_FILE, gitoid_blob("3", 1)},
        {"b/x/y", OBJECT_FILE, gitoid_blob("4", 1)}, {"b/z", OBJECT_LINK, gitoid_blob("a", 1)},      {"b0", OBJECT_FILE, gitoid_blob("5", 1)},
    };
    const char *script = "git init -q --object-format=sha256 r && cd r && mkdir -p b/x && printf 1 >a && printf 2 >b-c && chmod +x b-c &&"
                         " printf 3 >b.c && printf 4 >b/x/y && ln -s a b/z && printf 5 >b0 && git add -A && git write-tree >../id";
    assert_int_equal(system(script), 0);
    char id[80] = "", hex[HASH_HEX];
    FILE *f = fopen("id", "r");
    assert_non_null(f);
    assert_non_null(fgets(id, sizeof id, f));
    fclose(f);
    id[strcspn(id, "\n")] = 0;
    struct hash h = gitoid_tree(files, sizeof files / sizeof files[0]);
    hash_hex(&h, hex);
    assert_string_equal(hex, id);
}

/* ---- texts ---- */

static const char recipe[] = "ukc-recipe 2\n"
                             "target posix\n"
                             "profile release\n"
                             "image build/posix/a%20name\n"
                             "environment A=1\n"
                             "environment LC_ALL=C\n"
                             "tools 0000000000000000000000000000000000000000000000000000000000000001\n"
                             "actions 0000000000000000000000000000000000000000000000000000000000000002\n"
                             "host 0000000000000000000000000000000000000000000000000000000000000003\n"
                             "inputs 0000000000000000000000000000000000000000000000000000000000000004\n"
                             "large 0000000000000000000000000000000000000000000000000000000000000005 20000000 build/posix/obj/embed.o\n";

static bool parses(const char *text, size_t size)
{
    struct arena *a = arena_create();
    struct recipe r;
    bool good = recipe_parse(a, text, size, &r);
    arena_destroy(a);
    return good;
}

/* The version says whether there is a note. */
static void notes(void **)
{
    static const struct { const char *version, *note; bool good; } cases[] = {
        {"2", "", true}, {"3", "note .note.ukc\n", true}, {"3", "", false}, {"2", "note .note.ukc\n", false}, {"3", "note .note.other\n", false},
        {"3", "note .note.ukc\nnote .note.ukc\n", false}, {"3", "note\n", false}, {"4", "note .note.ukc\n", false},
    };
    const char *rest = strchr(recipe, '\n'), *after = strstr(recipe, "environment A");
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct text t = {};
        struct recipe r;
        struct arena *a = arena_create();
        text_printf(&t, "ukc-recipe %s%.*s%s%s", cases[i].version, (int)(after - rest), rest, cases[i].note, after);
        if (recipe_parse(a, t.bytes, t.size, &r) != cases[i].good)
            fail_msg("version %s with '%s'", cases[i].version, cases[i].note);
        if (cases[i].good)
            assert_int_equal(r.note, *cases[i].note != 0);
        text_dispose(&t);
        arena_destroy(a);
    }
}

static void recipes(void **)
{
    struct arena *a = arena_create();
    struct recipe r;
    assert_true(recipe_parse(a, recipe, strlen(recipe), &r));
    assert_string_equal(r.image, "build/posix/a name");
    assert_int_equal(r.environment_count, 2);
    assert_int_equal(r.large_count, 1);
    assert_int_equal(r.large[0].size, 20000000);
    assert_true(r.has_host);
    arena_destroy(a);
}

/* One meaning has one text: whatever is written otherwise is refused. */
static void only_canonical(void **)
{
    static const struct { const char *from, *to; } changes[] = {
        {"ukc-recipe 2", "ukc-recipe 3"}, {"ukc-recipe 2", "ukc-recipe  2"}, {"target posix\n", ""}, {"a%20name", "a%2520%"}, {"a%20name", "a%2"},
        {"a%20name", "%61"}, {"a%20name", "a%00"}, {"a%20name", "../x"}, {"a%20name", "./x"}, {"build/posix/a%20name", "/x"}, {"20000000", "020000000"},
        {"20000000", "-1"}, {"20000000", "99999999999999999999"}, {"environment A=1", "environment Z=1"}, {"environment A=1", "environment LC_ALL=C"},
        {"environment A=1", "environment A"}, {"environment A=1", "environment =1"}, {"profile release", "profile release x"},
        {"0000000000000000000000000000000000000000000000000000000000000002", "000000000000000000000000000000000000000000000000000000000000000A"},
        {"0000000000000000000000000000000000000000000000000000000000000002", "2"}, {"build/posix/obj/embed.o\n", "build/posix/obj/embed.o"},
        {"build/posix/obj/embed.o\n", "build/posix/obj/embed.o\n\n"}, {"build/posix/obj/embed.o\n", "build/posix/obj/../embed.o\n"},
        {"build/posix/obj/embed.o\n", "build/posix/obj/embed.o\nmore\n"}, {"inputs ", "input "},
    };
    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
        struct text t = {};
        const char *at = strstr(recipe, changes[i].from);
        assert_non_null(at);
        text_append(&t, recipe, (size_t)(at - recipe));
        text_puts(&t, changes[i].to);
        text_puts(&t, at + strlen(changes[i].from));
        if (parses(t.bytes, t.size))
            fail_msg("accepted '%s' for '%s'", changes[i].to, changes[i].from);
        text_dispose(&t);
    }
    for (size_t cut = 0; cut < strlen(recipe); cut++) /* what ends with a line may be whole: only "large" may be absent */
        if (cut != (size_t)(strstr(recipe, "large") - recipe))
            assert_false(parses(recipe, cut));
    /* a flipped bit gives another text or none, never this meaning */
    for (size_t i = 0; i < 8 * strlen(recipe); i++) {
        char bad[sizeof recipe];
        memcpy(bad, recipe, sizeof bad);
        bad[i / 8] ^= (char)(1 << i % 8);
        struct arena *a = arena_create();
        struct recipe r;
        struct text again = {};
        if (recipe_parse(a, bad, strlen(recipe), &r)) {
            recipe_text(&r, &again);
            assert_memory_equal(again.bytes, bad, again.size);
        }
        text_dispose(&again);
        arena_destroy(a);
    }
}

static void groups(void **)
{
    static const char text[] = "ukc-actions 1\n"
                               "header a.h\n"
                               "run clang-19 -c a%20b.c -o obj/a.o\n"
                               "in a%20b.c\n"
                               "out obj/a.o\n"
                               "run ld.lld-19\n"
                               "out obj/b.o\n";
    static const char *const bad[] = {
        "ukc-actions 2\n", "ukc-actions 1\nrun clang\n", "ukc-actions 1\nout a\n", "ukc-actions 1\nrun\nout a\n",
        "ukc-actions 1\nrun /bin/sh -c x\nout a\n", "ukc-actions 1\nrun ../sh\nout a\n", "ukc-actions 1\nrun c\nout /etc/x\n",
        "ukc-actions 1\nrun c\nout ../x\n", "ukc-actions 1\nrun c\nin b a\nout x\n", "ukc-actions 1\nrun c\nin a a\nout x\n",
        "ukc-actions 1\nrun c\nout b\nrun c\nout a\n", "ukc-actions 1\nrun c\nout a\nheader x\n", "ukc-actions 1\nheader ..\n",
        "ukc-actions 1\nrun c\nin\nout a\n", "",
    };
    struct arena *a = arena_create();
    struct action_group g;
    struct text again = {};
    assert_true(action_group_parse(a, "g", text, strlen(text), &g));
    assert_int_equal(g.action_count, 2);
    assert_string_equal(g.actions[0].words[2], "a b.c");
    assert_string_equal(g.actions[0].inputs[0], "a b.c");
    assert_int_equal(g.actions[1].input_count, 0);
    action_group_text(&g, &again);
    assert_string_equal(text_string(&again), text);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        if (action_group_parse(a, "g", bad[i], strlen(bad[i]), &g))
            fail_msg("accepted %s", bad[i]);
    text_dispose(&again);
    arena_destroy(a);
}

static void only_compilers(void **)
{
    static const char *const good[] = {"clang", "clang-19", "ld.lld-19", "llvm-link-20", "llvm-objcopy", "opt-19"};
    static const char *const bad[] = {"sh", "clang-19x", "clang-", "clang-19/x", "", "opt ", "llvm-ar-19", "rm", "ld", "clang++"};
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        assert_true(toolset_is_program(good[i]));
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_false(toolset_is_program(bad[i]));
}

/* The one entry of the cache in this directory: its bytes with `more` before its last text, "<size>\n" and as many bytes. */
static void insert_text(struct arena *a, size_t last, const char *more)
{
    struct diag *d = diag_create();
    DIR *dir = opendir("actions");
    assert_non_null(dir);
    size_t found = 0;
    for (struct dirent *e; (e = readdir(dir));) {
        struct hash key;
        size_t size;
        if (!hash_parse(e->d_name, &key))
            continue;
        const char *bytes = cache_read(a, ".", &key, &size, d);
        assert_non_null(bytes);
        struct text t = {};
        text_append(&t, bytes, size - last);
        text_puts(&t, more);
        text_append(&t, bytes + size - last, last);
        cache_write(".", &key, t.bytes, t.size);
        text_dispose(&t);
        found++;
    }
    closedir(dir);
    assert_int_equal(found, 1);
    diag_destroy(d);
}

/* An entry that another ukc wrote, with a text more or less, is none. */
static void entries_of_others_are_none(void **)
{
    struct arena *a = arena_create();
    struct diag *d = diag_create();
    const char *const programs[] = {"true"};
    const struct toolset *first = toolset_find(a, ".", programs, 1, d);
    assert_non_null(first);
    char last[32];
    size_t n = strlen(first->packages);
    insert_text(a, (size_t)snprintf(last, sizeof last, "%zu\n", n) + n, "4\nabc\n");
    const struct toolset *second = toolset_find(a, ".", programs, 1, d);
    assert_non_null(second);
    assert_string_equal(second->text, first->text);
    assert_string_equal(second->packages, first->packages);
    diag_destroy(d);
    arena_destroy(a);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, scratch_enter, scratch_leave)
    const struct CMUnitTest tests[] = {
        TEST(ids_are_git_s), TEST(trees_are_git_s), TEST(recipes), TEST(notes), TEST(only_canonical), TEST(groups), TEST(only_compilers), TEST(entries_of_others_are_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
