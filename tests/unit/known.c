/*
 * Files whose ids are known: right while nothing was touched, computed anew when anything was.
 */
#include <fcntl.h>
#include <time.h>
#include "test.h"
#include "../../provenance/gitoid.h"
#include "../../provenance/known.h"
#include "../../provenance/objects.h"
#include "../../ukc/base/arena.h"
#include "../../ukc/base/diag.h"
#include "../../ukc/base/text.h"

static void write_text(const char *path, const char *text)
{
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    assert_true(fputs(text, f) >= 0);
    assert_int_equal(fclose(f), 0);
}

/* Two files as a tree: what their ids are, with a repository that was opened for it. */
static void write_both(char tree[OBJECT_HEX], struct hash blobs[2])
{
    struct diag *d = diag_create();
    struct objects *o = objects_open("r", d);
    assert_non_null(o);
    const struct object_source sources[] = {{.path = "a", .file = "a", .contents = true}, {.path = "b", .file = "b", .contents = true}};
    assert_true(objects_write_tree(o, sources, 2, tree, blobs, d));
    objects_close(o);
    assert_int_equal(diag_errors(d), 0);
    diag_destroy(d);
}

static void expect_both(const char *a, const char *b)
{
    char tree[OBJECT_HEX], command[200];
    struct hash blobs[2], wanted[2] = {gitoid_blob(a, strlen(a)), gitoid_blob(b, strlen(b))};
    write_both(tree, blobs);
    assert_true(hash_equal(&blobs[0], &wanted[0]) && hash_equal(&blobs[1], &wanted[1]));
    snprintf(command, sizeof command, "test \"$(git -C r cat-file blob %s:a; git -C r cat-file blob %s:b)\" = '%s%s'", tree, tree, a, b);
    assert_int_equal(system(command), 0);
}

static void truncate_objects(void)
{
    assert_int_equal(system("find r/objects -type f -path '*/[0-9a-f][0-9a-f]/*' -exec chmod u+w {} + -exec truncate -s 5 {} +"), 0);
}

/* The length of time after which a file counts as settled. */
static void settle(void)
{
    nanosleep(&(struct timespec){.tv_sec = 2, .tv_nsec = 100000000}, NULL);
}

static bool is_remembered(const char *file)
{
    struct known *k = known_open("r/ukc.files");
    struct known_file f;
    struct stat st;
    assert_int_equal(stat(file, &st), 0);
    bool there = known_find(k, &st, &f);
    known_close(k);
    return there;
}

static void flip(const char *path, long at)
{
    FILE *f = fopen(path, "r+");
    assert_non_null(f);
    assert_int_equal(fseek(f, at, SEEK_SET), 0);
    int c = fgetc(f);
    assert_int_equal(fseek(f, at, SEEK_SET), 0);
    fputc(c ^ 1, f);
    fclose(f);
}

static void what_changes_is_seen(void **)
{
    write_text("a", "one");
    write_text("b", "two");
    struct timespec later;
    assert_int_equal(clock_gettime(CLOCK_REALTIME, &later), 0);
    later.tv_sec += 1000;
    assert_int_equal(utimensat(AT_FDCWD, "a", (struct timespec[]){later, later}, 0), 0);
    expect_both("one", "two");
    assert_false(is_remembered("a")); /* too young, however slow this machine is */
    later.tv_sec -= 5000;
    assert_int_equal(utimensat(AT_FDCWD, "a", (struct timespec[]){later, later}, 0), 0);
    settle();
    expect_both("one", "two");
    assert_true(is_remembered("a") && is_remembered("b"));
    expect_both("one", "two");

    struct stat st; /* the same size and time of modification */
    assert_int_equal(stat("a", &st), 0);
    write_text("a", "six");
    assert_int_equal(utimensat(AT_FDCWD, "a", (struct timespec[]){st.st_atim, st.st_mtim}, 0), 0);
    assert_false(is_remembered("a"));
    expect_both("six", "two");

    truncate_objects(); /* an object that was damaged is written again, though its file is known */
    expect_both("six", "two");
    assert_int_equal(system("rm -rf r/objects/??"), 0);
    expect_both("six", "two");
    settle();
    expect_both("six", "two");
    assert_int_equal(system("git -C r -c gc.pruneExpire=never gc -q && git -C r fsck --full --strict"), 0);
    expect_both("six", "two");
}

static void a_damaged_list_is_none(void **)
{
    settle();
    expect_both("six", "two");
    struct stat st;
    assert_int_equal(stat("r/ukc.files", &st), 0);
    for (long at = 0; at < st.st_size; at += 7) {
        assert_true(is_remembered("b"));
        flip("r/ukc.files", at);
        assert_false(is_remembered("b"));
        flip("r/ukc.files", at);
    }
    assert_int_equal(truncate("r/ukc.files", st.st_size - 1), 0);
    assert_false(is_remembered("b"));
    expect_both("six", "two");
    assert_true(is_remembered("b"));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {cmocka_unit_test(what_changes_is_seen), cmocka_unit_test(a_damaged_list_is_none)};
    return cmocka_run_group_tests(tests, scratch_enter, scratch_leave);
}
