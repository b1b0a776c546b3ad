/*
 * file.c - reading, writing aside, walking and removing trees; paths as text.
 */
#include "test.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "../../ukc/base/arena.h"
#include "../../ukc/base/file.h"
#include "../../ukc/base/text.h"

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
    arena_destroy(arena);
    diag_destroy(diag);
    return scratch_leave(state);
}

static void put(const char *path, const char *text)
{
    assert_true(file_write(path, text, strlen(text), NULL, diag));
}

static void expect_content(const char *path, const char *text)
{
    const struct source *s = file_read(arena, path, SPAN_NONE, 0, diag);
    assert_non_null(s);
    assert_int_equal(s->size, strlen(text));
    assert_string_equal(s->bytes, text);
    assert_string_equal(s->path, path);
}

/* What was reported since the last call. */
static void expect_report(const char *text)
{
    char *bytes = NULL;
    size_t size = 0;
    FILE *f = open_memstream(&bytes, &size);
    diag_print(diag, f, DIAG_TEXT);
    fclose(f);
    assert_string_equal(bytes, text);
    free(bytes);
}

static size_t entries(const char *directory)
{
    const struct file_list *l = file_walk(arena, directory, SPAN_NONE, diag);
    assert_non_null(l);
    return l->count;
}

static void writing(void **state)
{
    (void)state;
    bool changed;
    assert_true(file_write("a/b/c", "one", 3, &changed, diag));
    assert_true(changed);
    expect_content("a/b/c", "one");
    struct stat before, after;
    assert_int_equal(stat("a/b/c", &before), 0);
    assert_true(file_write("a/b/c", "one", 3, &changed, diag));
    assert_false(changed);
    assert_int_equal(stat("a/b/c", &after), 0);
    assert_int_equal(before.st_ino, after.st_ino);
    assert_true(file_write("a/b/c", "two!", 4, &changed, diag));
    assert_true(changed);
    expect_content("a/b/c", "two!");
    assert_true(file_write("a/b/c", "twO!", 4, &changed, diag));
    assert_true(changed);
    assert_true(file_write("a/b/c", "", 0, &changed, diag));
    assert_true(changed);
    expect_content("a/b/c", "");
    assert_int_equal(entries("a"), 1);
}

static void mode_follows_umask(void **state)
{
    (void)state;
    struct stat st;
    mode_t old = umask(0027);
    put("m", "x");
    assert_true(file_write_output("p", "x", 1, FILE_PROGRAM, NULL));
    umask(0777);
    assert_true(file_write_output("s", "x", 1, FILE_PRIVATE, NULL));
    umask(old);
    assert_int_equal(stat("m", &st), 0);
    assert_int_equal(st.st_mode & 0777, 0640);
    assert_int_equal(stat("p", &st), 0);
    assert_int_equal(st.st_mode & 0777, 0750);
    assert_int_equal(stat("s", &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600); /* as it is, whatever the umask is */
}

static void failed_write_leaves_the_old(void **state)
{
    (void)state;
    put("d/old", "old");
    enum { BIG = 1 << 20 };
    char *big = calloc(1, BIG);
    struct rlimit saved, small;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &saved), 0);
    small = saved;
    small.rlim_cur = 65536;
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    bool changed = true;
    bool ok = file_write("d/old", big, BIG, &changed, diag);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &saved), 0);
    free(big);
    assert_false(ok);
    assert_false(changed);
    expect_report("error: cannot write 'd/old': File too large\n");
    assert_int_equal(diag_status(diag), DIAG_OUTSIDE);
    expect_content("d/old", "old");
    assert_int_equal(entries("d"), 1);
    /* a directory stands where the file should go */
    put("d/sub/x", "x");
    assert_false(file_write("d/sub", "y", 1, NULL, diag));
    expect_report("error: cannot write 'd/sub': Is a directory\n");
    /* a file stands where a directory should be */
    assert_false(file_write("d/old/x", "y", 1, NULL, diag));
    expect_report("error: cannot make directory 'd/old': something else is there\nhelp: move it away\n");
    assert_int_equal(entries("d"), 2);
}

/* A symlink in the place of a file is replaced; one in the place of the file aside is not written through. */
static void writing_over_symlinks(void **state)
{
    (void)state;
    put("target", "safe");
    assert_int_equal(symlink("target", "link"), 0);
    put("link", "safe");
    struct stat st;
    assert_int_equal(lstat("link", &st), 0);
    assert_true(S_ISREG(st.st_mode));
    char aside[64];
    snprintf(aside, sizeof aside, ".ukc-%ld.tmp", (long)getpid());
    assert_int_equal(symlink("target", aside), 0);
    put("other", "new");
    expect_content("target", "safe");
    expect_content("other", "new");
    assert_int_not_equal(lstat(aside, &st), 0);
}

static void expect_mode(const char *path, mode_t mode)
{
    struct stat st;
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 07777, mode);
}

/* What the user names: links are followed, what is no file stays what it is. */
static void writing_outputs(void **state)
{
    (void)state;
    assert_true(file_write_output("d/new", "1", 1, FILE_PRIVATE_PROGRAM, diag));
    expect_content("d/new", "1");
    expect_mode("d/new", 0700);
    assert_int_equal(symlink("d/new", "link"), 0);
    assert_true(file_write_output("link", "22", 2, FILE_PROGRAM, diag));
    expect_content("d/new", "22");
    expect_mode("d/new", 0755);
    assert_int_equal(symlink("d/later", "dangling"), 0);
    assert_true(file_write_output("dangling", "3", 1, FILE_SHARED, diag));
    expect_content("d/later", "3");
    assert_int_equal(symlink("loop", "loop"), 0);
    assert_false(file_write_output("loop", "4", 1, FILE_SHARED, diag));
    expect_report("error: cannot write 'loop': Too many levels of symbolic links\n");
    assert_int_equal(mkfifo("pipe", 0600), 0);
    int fd = open("pipe", O_RDONLY | O_NONBLOCK);
    char got[8];
    assert_true(fd >= 0);
    assert_true(file_write_output("pipe", "55555", 5, FILE_PROGRAM, diag));
    assert_int_equal(read(fd, got, sizeof got), 5);
    close(fd);
    struct stat st;
    assert_int_equal(lstat("pipe", &st), 0);
    assert_true(S_ISFIFO(st.st_mode));
    expect_mode("pipe", 0600);
    assert_int_equal(symlink("/dev/full", "full"), 0); /* by a link: this device is the machine's */
    assert_false(file_write_output("full", "6", 1, FILE_SHARED, diag));
    expect_report("error: cannot write 'full': No space left on device\n");
    assert_int_equal(lstat("full", &st), 0);
    assert_true(S_ISLNK(st.st_mode));
}

static void reading(void **state)
{
    (void)state;
    struct source manifest = {.path = "ukc.lua"};
    struct span place = {.source = &manifest};
    assert_null(file_read(arena, "absent", SPAN_NONE, 0, diag));
    expect_report("error: cannot read 'absent': No such file or directory\n");
    assert_int_equal(diag_status(diag), DIAG_OUTSIDE);
    struct diag *named = diag_create();
    assert_null(file_read(arena, "absent", place, 0, named));
    assert_int_equal(diag_status(named), DIAG_INPUT);
    diag_destroy(named);
    assert_null(file_read(arena, ".", SPAN_NONE, 0, diag));
    expect_report("error: cannot read '.': it is a directory\n");
    assert_null(file_read(arena, "/dev/zero", SPAN_NONE, 0, diag));
    expect_report("error: cannot read '/dev/zero': not a regular file\n");
    assert_int_equal(mkfifo("fifo", 0600), 0);
    assert_null(file_read(arena, "fifo", SPAN_NONE, 0, diag));
    expect_report("error: cannot read 'fifo': not a regular file\n");
    put("five", "12345");
    assert_non_null(file_read(arena, "five", SPAN_NONE, 5, diag));
    assert_null(file_read(arena, "five", SPAN_NONE, 4, diag));
    expect_report("error: 'five' is larger than 4 bytes\n");
    /* /proc says size 0: never a short read that looks whole */
    assert_null(file_read(arena, "/proc/self/status", SPAN_NONE, 0, diag));
}

static void walking(void **state)
{
    (void)state;
    put("r/b", "");
    put("r/a/z", "");
    put("r/a-b", "");
    put("r/\xc3\xa9 space", "");
    assert_true(file_make_directories("r/empty/deep", diag));
    const struct file_list *l = file_walk(arena, "r", SPAN_NONE, diag);
    assert_non_null(l);
    const char *paths[] = {"a-b", "a/z", "b", "\xc3\xa9 space"}, *directories[] = {".", "a", "empty", "empty/deep"};
    assert_int_equal(l->count, 4);
    assert_int_equal(l->directory_count, 4);
    for (int i = 0; i < 4; i++) {
        assert_string_equal(l->paths[i], paths[i]);
        assert_string_equal(l->directories[i], directories[i]);
    }
    assert_true(file_make_directories("none", diag));
    assert_int_equal(entries("none"), 0);
    assert_null(file_walk(arena, "absent", SPAN_NONE, diag));
    expect_report("error: cannot read directory 'absent': No such file or directory\n");
    assert_null(file_walk(arena, "r/b", SPAN_NONE, diag));
    expect_report("error: cannot read directory 'r/b': Not a directory\n");
}

static void walking_refuses(void **state)
{
    (void)state;
    assert_true(file_make_directories("s", diag));
    assert_int_equal(symlink("/etc", "s/link"), 0);
    assert_null(file_walk(arena, "s", SPAN_NONE, diag));
    expect_report("error: 's/link' is a symbolic link, not a regular file\n");
    assert_true(file_make_directories("p", diag));
    assert_int_equal(mkfifo("p/pipe", 0600), 0);
    assert_null(file_walk(arena, "p", SPAN_NONE, diag));
    expect_report("error: 'p/pipe' is a special file, not a regular file\n");
    put("u/bad\xff", "");
    assert_null(file_walk(arena, "u", SPAN_NONE, diag));
    expect_report("error: file name 'bad\\xff' in 'u' is no UTF-8, or holds control characters\n");
    put("n/new\nline", "");
    assert_null(file_walk(arena, "n", SPAN_NONE, diag));
    expect_report("error: file name 'new\\nline' in 'n' is no UTF-8, or holds control characters\n");
    struct text deep = {};
    text_puts(&deep, "deep");
    for (int i = 0; i < 150; i++)
        text_puts(&deep, "/d");
    assert_true(file_make_directories(deep.bytes, diag));
    text_dispose(&deep);
    assert_null(file_walk(arena, "deep", SPAN_NONE, diag));
    expect_report("error: 'deep' is nested deeper than 100 directories\n");
}

static void removing(void **state)
{
    (void)state;
    put("keep/x", "x");
    put("t/a/b/c", "c");
    put("t/d", "d");
    assert_int_equal(symlink("../keep", "t/link"), 0);
    assert_true(file_remove_tree("t", diag));
    assert_false(file_exists("t"));
    expect_content("keep/x", "x");
    assert_true(file_remove_tree("t", diag));
    assert_int_equal(symlink("keep", "outer"), 0);
    assert_true(file_remove_tree("outer", diag));
    assert_false(file_exists("outer"));
    expect_content("keep/x", "x");
    assert_true(file_remove_tree("keep/x", diag));
    assert_int_equal(diag_errors(diag), 0);
    if (geteuid() != 0) {
        put("ro/x", "x");
        assert_int_equal(chmod("ro", 0555), 0);
        assert_false(file_remove_tree("ro", diag));
        expect_report("error: cannot remove 'ro': Permission denied\n");
    }
}

static void facts(void **state)
{
    (void)state;
    struct file_stat s;
    assert_false(file_stat("absent", &s));
    put("f", "four");
    assert_true(file_stat("f", &s));
    assert_int_equal(s.size, 4);
    struct stat st;
    assert_int_equal(stat("f", &st), 0);
    assert_int_equal(s.inode, st.st_ino);
    assert_int_equal(s.mtime_ns / 1000000000, st.st_mtim.tv_sec);
    assert_true(file_exists("f"));
    assert_false(file_is_directory("f"));
    assert_true(file_is_directory("."));
    assert_true(file_make_directories(".", diag));
    assert_true(file_make_directories("x//y/", diag));
    assert_true(file_is_directory("x/y"));
    assert_false(file_make_directories("", diag));
}

static void path_parts(void **state)
{
    (void)state;
    struct arena *a = arena_create();
    assert_string_equal(path_join(a, "a", "b"), "a/b");
    assert_string_equal(path_join(a, "a/", "./b"), "a/b");
    assert_string_equal(path_join(a, ".", "b"), "b");
    assert_string_equal(path_join(a, "", "b"), "b");
    assert_string_equal(path_join(a, "a", "/b"), "/b");
    assert_string_equal(path_join(a, "a", "."), "a");
    assert_string_equal(path_join(a, ".", "."), ".");
    assert_string_equal(path_join(a, "a", ""), "a");
    assert_string_equal(path_directory(a, "a"), ".");
    assert_string_equal(path_directory(a, "a/b"), "a");
    assert_string_equal(path_directory(a, "a//b"), "a");
    assert_string_equal(path_directory(a, "/a"), "/");
    assert_string_equal(path_base("a/b.c"), "b.c");
    assert_string_equal(path_base("b"), "b");
    assert_string_equal(path_extension("a.d/b.c"), ".c");
    assert_string_equal(path_extension("a.d/b"), "");
    assert_string_equal(path_extension(".hidden"), "");
    assert_string_equal(path_extension("x.tar.gz"), ".gz");
    arena_destroy(a);
}

static void path_normals(void **state)
{
    (void)state;
    static const struct {
        const char *in, *out;
    } cases[] = {
        {"", "."},        {".", "."},         {"./a", "a"},          {"a/", "a"},         {"a//b", "a/b"},
        {"a/./b", "a/b"}, {"a/../b", "b"},    {"a/..", "."},         {"..", ".."},        {"../a", "../a"},
        {"a/../..", ".."}, {"../..", "../.."}, {"../a/../..", "../.."}, {"/", "/"},         {"/..", "/"},
        {"/a/..", "/"},   {"/a/../../b", "/b"}, {"//a", "/a"},        {"a/b/../../c", "c"}, {"...", "..."},
        {"a/b/..", "a"},  {"/a/b/..", "/a"},
    };
    struct arena *a = arena_create();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_string_equal(path_normal(a, cases[i].in), cases[i].out);
    arena_destroy(a);
}

static void path_relatives(void **state)
{
    (void)state;
    static const struct {
        const char *from, *path, *out;
    } cases[] = {
        {"a", "a/b", "b"},         {"a", "a", "."},          {"a/b", "a", ".."},       {"a/b", "c", "../../c"},
        {".", "a", "a"},           {"a", ".", ".."},         {".", ".", "."},          {"/a/b", "/a/c", "../c"},
        {"/", "/a", "a"},          {"/a", "/", ".."},        {"a", "ab", "../ab"},     {"a", "../b", "../../b"},
        {"a//b/.", "a/c/../d", "../d"},
    };
    struct arena *a = arena_create();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_string_equal(path_relative(a, cases[i].from, cases[i].path), cases[i].out);
    const char *here = path_absolute(a, ".");
    assert_string_equal(here, *state);
    assert_string_equal(path_absolute(a, "x/../y"), path_join(a, here, "y"));
    assert_string_equal(path_relative(a, here, "y"), "y");
    assert_string_equal(path_relative(a, "..", "y"), path_join(a, path_base(here), "y"));
    arena_destroy(a);
}

static void path_inside(void **state)
{
    (void)state;
    const char *inside[] = {"a", "a/b", ".", "a/..", "a/../b", "...", "..a"};
    const char *outside[] = {"", "/a", "..", "../a", "a/../..", "a/../../b"};
    for (size_t i = 0; i < sizeof inside / sizeof *inside; i++)
        assert_true(path_is_inside(inside[i]));
    for (size_t i = 0; i < sizeof outside / sizeof *outside; i++)
        assert_false(path_is_inside(outside[i]));
}

int main(void)
{
#define IN_SCRATCH(test) cmocka_unit_test_setup_teardown(test, enter, leave)
    const struct CMUnitTest tests[] = {
        IN_SCRATCH(writing),
        IN_SCRATCH(mode_follows_umask),
        IN_SCRATCH(failed_write_leaves_the_old),
        IN_SCRATCH(writing_over_symlinks),
        IN_SCRATCH(writing_outputs),
        IN_SCRATCH(reading),
        IN_SCRATCH(walking),
        IN_SCRATCH(walking_refuses),
        IN_SCRATCH(removing),
        IN_SCRATCH(facts),
        cmocka_unit_test(path_parts),
        cmocka_unit_test(path_normals),
        cmocka_unit_test_setup_teardown(path_relatives, scratch_enter, scratch_leave),
        cmocka_unit_test(path_inside),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
