/*
 * kv.c - unit tests of the key-value stores: kv_memory, kv_file, kv_dir.
 *
 * Built by tests/suites/libraries.py, and run in an empty directory.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../../libs/kv_memory/kv_memory.h"
#include "../../../targets/posix/kv_dir/kv_dir.h"
#include "../../../targets/posix/kv_file/kv_file.h"

/* --- keys --- */

static void test_keys(void **state)
{
    (void)state;
    static const char *const good[] = {"a", "a b", "a/b", "...", ".a", "a.", "..a/b..", "\xc3\xa4", "-"};
    static const char *const bad[] = {"", "/", "/a", "a/", "a//b", ".", "..", "a/.", "a/..", "../a", "./a", "a/../b"};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        assert_true(kv_key_valid(view_of(good[i])));
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(kv_key_valid(view_of(bad[i])));
    assert_false(kv_key_valid((struct view){"a\0b", 3}));
    static char longest[KV_KEY_MOST + 1];
    memset(longest, 'k', sizeof longest);
    assert_true(kv_key_valid((struct view){longest, KV_KEY_MOST}));
    assert_false(kv_key_valid((struct view){longest, KV_KEY_MOST + 1}));
    assert_true(kv_key_compare(VIEW("a"), VIEW("a/b")) < 0);
    assert_true(kv_key_compare(VIEW("\xff"), VIEW("a")) > 0);
    assert_int_equal(kv_key_compare(VIEW("ab"), VIEW("ab")), 0);
}

/* --- what both writable stores do --- */

struct store {
    int64_t (*get)(struct view key, void *buffer, size_t size);
    int (*set)(struct view key, struct view value);
    int (*remove)(struct view key);
    int (*next)(struct view after, struct view *key);
};

static const struct store memory = {kv_memory_get, kv_memory_set, kv_memory_remove, kv_memory_next};
static const struct store files = {kv_file_get, kv_file_set, kv_file_remove, kv_file_next};

static void has_value(const struct store *s, const char *key, const char *value)
{
    char buffer[64];
    int64_t size = s->get(view_of(key), buffer, sizeof buffer);
    assert_int_equal(size, strlen(value));
    assert_memory_equal(buffer, value, strlen(value));
}

static void expect_keys(const struct store *s, const char *expected)
{
    char listed[500] = "";
    struct view key = {};
    int error;
    while ((error = s->next(key, &key)) == 0) {
        strncat(listed, key.bytes, key.size);
        strcat(listed, "|");
    }
    assert_int_equal(error, -ENOENT);
    assert_string_equal(listed, expected);
}

static void check_store(const struct store *s)
{
    char buffer[4];
    expect_keys(s, "");
    assert_int_equal(s->get(VIEW("a"), buffer, sizeof buffer), -ENOENT);
    assert_int_equal(s->remove(VIEW("a")), -ENOENT);
    assert_int_equal(s->set(VIEW("b"), VIEW("second")), 0);
    assert_int_equal(s->set(VIEW("a/x y"), VIEW("first")), 0);
    assert_int_equal(s->set(VIEW("a"), VIEW("")), 0);
    assert_int_equal(s->set(VIEW("..."), VIEW("dots")), 0);
    assert_int_equal(s->set(VIEW("\xc3\xa4%41"), VIEW("percent")), 0);
    expect_keys(s, "...|a|a/x y|b|\xc3\xa4%41|");
    has_value(s, "b", "second");
    has_value(s, "a/x y", "first");
    has_value(s, "a", "");
    has_value(s, "...", "dots");
    has_value(s, "\xc3\xa4%41", "percent");
    assert_int_equal(s->get(VIEW("b"), buffer, sizeof buffer), 6);
    assert_memory_equal(buffer, "seco", 4);
    assert_int_equal(s->get(VIEW("b"), NULL, 0), 6);
    assert_int_equal(s->set(VIEW("b"), VIEW("other")), 0);
    has_value(s, "b", "other");
    assert_int_equal(s->set(VIEW("a/../b"), VIEW("x")), -EINVAL);
    assert_int_equal(s->get(VIEW("../b"), NULL, 0), -EINVAL);
    assert_int_equal(s->remove(VIEW("")), -EINVAL);
    assert_int_equal(s->remove(VIEW("a")), 0);
    expect_keys(s, "...|a/x y|b|\xc3\xa4%41|");
    struct view key = {};
    assert_int_equal(s->next(VIEW("a"), &key), 0);
    assert_true(view_equal(key, VIEW("a/x y")));
    assert_int_equal(s->next(VIEW("zz"), &key), 0);
    assert_int_equal(s->next(VIEW("\xff"), &key), -ENOENT);
}

static void test_memory(void **state)
{
    (void)state;
    check_store(&memory);
    /* 100 bytes in all: a replaced value makes room for its own */
    static const char zeros[101];
    kv_memory_stop();
    expect_keys(&memory, "");
    assert_int_equal(kv_memory_set(VIEW("k"), (struct view){zeros, 100}), -ENOSPC);
    assert_int_equal(kv_memory_set(VIEW("k"), (struct view){zeros, 99}), 0);
    assert_int_equal(kv_memory_set(VIEW("l"), VIEW("")), -ENOSPC);
    assert_int_equal(kv_memory_set(VIEW("k"), (struct view){zeros, 98}), 0);
    assert_int_equal(kv_memory_set(VIEW("l"), VIEW("")), 0);
    assert_int_equal(kv_memory_set(VIEW("k"), (struct view){zeros, 99}), -ENOSPC);
    assert_int_equal(kv_memory_get(VIEW("k"), NULL, 0), 98);
    struct kv_rw_limits limits;
    kv_memory_limits(&limits);
    assert_int_equal(limits.value_most, 100);
    kv_memory_stop();
    char name[8];
    for (int i = 0; i < 24; i++) {
        snprintf(name, sizeof name, "%02d", i * 7 % 24);
        assert_int_equal(kv_memory_set(view_of(name), VIEW("v")), 0);
    }
    struct view key = {};
    for (int i = 0; i < 24; i++) {
        snprintf(name, sizeof name, "%02d", i);
        assert_int_equal(kv_memory_next(key, &key), 0);
        assert_true(view_equal(key, view_of(name)));
    }
    kv_memory_stop();
}

static void test_files(void **state)
{
    (void)state;
    assert_int_equal(kv_file_start(), 0);
    check_store(&files);
    /* what others put there is not ours */
    close(open("store/.hidden", O_CREAT | O_WRONLY, 0600));
    close(open("store/%61", O_CREAT | O_WRONLY, 0600));
    close(open("store/half%4", O_CREAT | O_WRONLY, 0600));
    assert_int_equal(symlink("/etc/passwd", "store/link"), 0);
    assert_int_equal(mkdir("store/folder", 0700), 0);
    assert_int_equal(kv_file_get(VIEW("link"), NULL, 0), -EIO);
    assert_int_equal(kv_file_get(VIEW("folder"), NULL, 0), -EIO);
    assert_int_equal(unlink("store/link"), 0);
    assert_int_equal(rmdir("store/folder"), 0);
    expect_keys(&files, "...|a/x y|b|\xc3\xa4%41|");
    /* long keys */
    struct kv_rw_limits limits;
    kv_file_limits(&limits);
    char slashes[200];
    memset(slashes, 'x', sizeof slashes);
    for (size_t i = 1; i < limits.key_most; i++)
        slashes[i] = ' ';
    assert_int_equal(kv_file_set((struct view){slashes, limits.key_most}, VIEW("v")), 0);
    assert_int_equal(kv_file_remove((struct view){slashes, limits.key_most}), 0);
    memset(slashes, ' ', sizeof slashes);
    assert_int_equal(kv_file_set((struct view){slashes, limits.key_most + 1}, VIEW("v")), -ENAMETOOLONG);
    /* long values */
    char *large = calloc(1, 70001);
    assert_non_null(large);
    assert_int_equal(kv_file_set(VIEW("large"), (struct view){large, 70001}), -EFBIG);
    assert_int_equal(kv_file_set(VIEW("large"), (struct view){large, 70000}), 0);
    assert_int_equal(kv_file_get(VIEW("large"), large, 70000), 70000);
    free(large);
    kv_file_stop();
    /* it is all there after a restart, and leftovers are not */
    close(open("store/+new", O_CREAT | O_WRONLY, 0600));
    assert_int_equal(kv_file_start(), 0);
    assert_int_not_equal(access("store/+new", F_OK), 0);
    has_value(&files, "b", "other");
    kv_file_stop();
}

/* A limit on the size of files stands in for a full disk. */
static void test_file_failure(void **state)
{
    (void)state;
    assert_int_equal(kv_file_start(), 0);
    assert_int_equal(kv_file_set(VIEW("kept"), VIEW("old")), 0);
    struct rlimit before, small = {.rlim_cur = 1000};
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    small.rlim_max = before.rlim_max;
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    static const char zeros[5000];
    assert_int_equal(kv_file_set(VIEW("kept"), (struct view){zeros, sizeof zeros}), -EFBIG);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    has_value(&files, "kept", "old");
    assert_int_not_equal(access("store/+new", F_OK), 0);
    kv_file_stop();
}

/* --- kv_dir --- */

static void put(const char *name, const char *content)
{
    FILE *file = fopen(name, "w");
    assert_non_null(file);
    fputs(content, file);
    fclose(file);
}

static void expect_page(const char *key, const char *type, const char *content, char *tag)
{
    struct kv_dir_entry *entry;
    struct representation form;
    assert_int_equal(kv_dir_open(view_of(key), &entry), 0);
    assert_int_equal(kv_dir_describe(entry, &form, 1), 1);
    assert_true(view_equal(form.type, view_of(type)));
    assert_int_equal(form.size, strlen(content));
    assert_memory_equal(form.bytes, content, form.size);
    assert_true(form.etag.size > 2 && form.etag.bytes[0] == '"' && form.etag.bytes[form.etag.size - 1] == '"');
    memcpy(tag, form.etag.bytes, form.etag.size);
    tag[form.etag.size] = '\0';
    struct view piece;
    assert_int_equal(kv_dir_read(entry, 0, 0, 3, &piece), 0);
    assert_true(view_equal(piece, (struct view){content, strlen(content) < 3 ? strlen(content) : 3}));
    assert_int_equal(kv_dir_read(entry, 0, 1000, 3, &piece), 0);
    assert_int_equal(piece.size, 0);
    assert_int_equal(kv_dir_read(entry, 1, 0, 3, &piece), -EINVAL);
    kv_dir_close(entry);
}

static void test_dir(void **state)
{
    (void)state;
    char tag[40], other[40];
    struct kv_dir_entry *entry;
    assert_int_equal(system("rm -rf store && mkdir -p store/a/b store/empty store/a0"), 0);
    put("store/index.html", "<p>");
    put("store/a/b/c.css", "p{}");
    put("store/a.TXT", "");
    put("store/a/\xc3\xa4 b", "umlaut");
    put("store/b.toml", "");
    put("store/b.ico", "");
    put("store/.html", "");
    put("store/a0/z", "z");
    put("outside", "secret");
    assert_int_equal(symlink("../outside", "store/link"), 0);
    assert_int_equal(symlink("..", "store/up"), 0);
    assert_int_equal(mkfifo("store/pipe", 0600), 0);
    assert_int_equal(kv_dir_start(), 0);
    expect_page("index.html", "text/html; charset=utf-8", "<p>", tag);
    expect_page("a/b/c.css", "text/css; charset=utf-8", "p{}", other);
    assert_string_not_equal(tag, other);
    expect_page("a.TXT", "text/plain; charset=utf-8", "", tag);
    expect_page("a/\xc3\xa4 b", "application/octet-stream", "umlaut", tag);
    expect_page("b.toml", "application/toml", "", tag); /* what embed knows, too */
    expect_page("b.ico", "image/vnd.microsoft.icon", "", tag);
    expect_page(".html", "application/octet-stream", "", tag);
    put("store/a/\xc3\xa4 b", "changed");
    expect_page("a/\xc3\xa4 b", "application/octet-stream", "changed", other);
    assert_string_not_equal(tag, other);
    assert_int_equal(kv_dir_open(VIEW("a"), &entry), -EISDIR);
    assert_int_equal(kv_dir_open(VIEW("a/b"), &entry), -EISDIR);
    assert_int_equal(kv_dir_open(VIEW("none"), &entry), -ENOENT);
    assert_int_equal(kv_dir_open(VIEW("index.html/x"), &entry), -ENOENT);
    assert_int_equal(kv_dir_open(VIEW("link"), &entry), -ENOENT);
    assert_int_equal(kv_dir_open(VIEW("up/outside"), &entry), -ENOENT);
    assert_int_equal(kv_dir_open(VIEW("pipe"), &entry), -ENOENT);
    assert_int_equal(kv_dir_open(VIEW("../outside"), &entry), -EINVAL);
    assert_int_equal(kv_dir_open(VIEW("/etc/passwd"), &entry), -EINVAL);
    assert_int_equal(kv_dir_open(VIEW(""), &entry), -EINVAL);
    const struct store listing = {.next = kv_dir_next};
    expect_keys(&listing, ".html|a.TXT|a/b/c.css|a/\xc3\xa4 b|a0/z|b.ico|b.toml|index.html|");
    struct view key;
    assert_int_equal(kv_dir_next(VIEW("a/b"), &key), 0);
    assert_true(view_equal(key, VIEW("a/b/c.css")));
    assert_int_equal(kv_dir_next(VIEW("a/zz"), &key), 0);
    assert_true(view_equal(key, VIEW("a/\xc3\xa4 b")));
    kv_dir_stop();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_keys),         cmocka_unit_test(test_memory), cmocka_unit_test(test_files),
        cmocka_unit_test(test_file_failure), cmocka_unit_test(test_dir),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
