/*
 * cache.c - results of actions that the store keeps: an entry is whole or not there.
 */
#include "test.h"
#include "kill.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>

#include "../../provenance/cache.h"
#include "../../ukc/base/arena.h"
#include "../../ukc/base/file.h"

enum { LIMIT = 1 << 20 };

static const char body[] = "some bytes\0and more";
static struct hash key_of(const char *name)
{
    return hash_bytes(name, strlen(name));
}

static char *path_of(const char *name)
{
    static char path[200];
    char hex[HASH_HEX];
    struct hash key = key_of(name);
    hash_hex(&key, hex);
    snprintf(path, sizeof path, "store/actions/%s", hex);
    return path;
}

/* 1: there, with the right bytes; 0: not there, not a word; -1: reported as damaged. */
static int look(const char *name)
{
    struct arena *a = arena_create();
    struct diag *d = diag_create();
    struct hash key = key_of(name);
    size_t size = 0;
    const char *bytes = cache_read(a, "store", &key, &size, d);
    char *said = NULL;
    size_t length = 0;
    FILE *out = open_memstream(&said, &length);
    diag_print(d, out, DIAG_TEXT);
    fclose(out);
    if (bytes) {
        assert_int_equal(size, sizeof body);
        assert_memory_equal(bytes, body, sizeof body);
        assert_string_equal(said, "");
    }
    assert_int_equal(diag_errors(d), 0);
    int result = bytes ? 1 : strstr(said, "is damaged: it is made anew") ? -1 : 0;
    free(said);
    diag_destroy(d);
    arena_destroy(a);
    return result;
}

static void keep(const char *name, size_t limit)
{
    struct hash key = key_of(name);
    cache_write("store", &key, body, sizeof body);
    cache_make_room("store", limit);
}

static void keeps_and_finds(void **)
{
    assert_int_equal(look("a"), 0); /* there is no store yet */
    keep("a", LIMIT);
    keep("b", LIMIT);
    assert_int_equal(look("a"), 1);
    assert_int_equal(look("b"), 1);
    assert_int_equal(look("c"), 0);
    keep("a", LIMIT);
    assert_int_equal(look("a"), 1);
}

static void overwrite(const char *path, const char *bytes, size_t size)
{
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(bytes, 1, size, f), size);
    assert_int_equal(fclose(f), 0);
}

static void finds_damage(void **)
{
    keep("d", LIMIT);
    struct arena *a = arena_create();
    struct diag *d = diag_create();
    const struct source *s = file_read(a, path_of("d"), SPAN_NONE, 0, d);
    assert_non_null(s);
    char *bytes = malloc(s->size + 1);
    memcpy(bytes, s->bytes, s->size);
    for (size_t i = 0; i < s->size; i++) { /* any byte */
        bytes[i] ^= 1;
        overwrite(path_of("d"), bytes, s->size);
        bytes[i] ^= 1;
        assert_int_equal(look("d"), -1);
        assert_int_equal(look("d"), 0); /* it is gone */
    }
    for (size_t n = 0; n <= s->size + 1; n++) { /* any length but the right one */
        bytes[s->size] = 0;
        overwrite(path_of("d"), bytes, n);
        assert_int_equal(look("d"), n == s->size ? 1 : -1);
    }
    overwrite(path_of("e"), s->bytes, s->size); /* that of another key */
    assert_int_equal(look("e"), -1);
    mkdir(path_of("f"), 0755);
    assert_int_equal(look("f"), -1);
    free(bytes);
    diag_destroy(d);
    arena_destroy(a);
}

static bool write_one(void)
{
    keep("killed", LIMIT);
    return true;
}

static void survives_a_kill(void **)
{
    for (long n = 0;; n++) {
        unlink(path_of("killed"));
        bool ended = kill_at(n, write_one) < n;
        int found = look("killed");
        assert_true(found == 1 || (found == 0 && !ended));
        if (ended)
            break;
    }
}

static void survives_a_disk_without_room(void **)
{
    struct rlimit saved, small = {60, RLIM_INFINITY};
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &saved), 0);
    small.rlim_max = saved.rlim_max;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    keep("full", LIMIT);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &saved), 0);
    assert_int_equal(look("full"), 0);
    struct hash key = key_of("x");
    cache_write("/dev/null/store", &key, body, sizeof body);
    assert_int_equal(cache_lock("/dev/null/store"), -1);
    assert_int_equal(file_remove_tree("store", NULL), true);
    overwrite("store", "", 0); /* a file where the store should be */
    keep("full", LIMIT);
    assert_int_equal(look("full"), 0);
    assert_int_equal(cache_lock("store"), -1);
    unlink("store");
}

static void set_age(const char *name, int seconds)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    now.tv_sec -= seconds;
    assert_int_equal(utimensat(AT_FDCWD, path_of(name), (struct timespec[]){now, now}, 0), 0);
}

static void the_oldest_leave(void **)
{
    file_remove_tree("store", NULL);
    keep("one", LIMIT);
    struct stat st;
    assert_int_equal(stat(path_of("one"), &st), 0);
    size_t each = (size_t)st.st_size;
    keep("two", LIMIT);
    keep("three", LIMIT);
    set_age("one", 300);
    set_age("two", 200);
    set_age("three", 100);
    assert_int_equal(look("one"), 1); /* read now */
    keep("four", 3 * each);
    assert_int_equal(look("two"), 0);
    assert_int_equal(look("one") + look("three") + look("four"), 3);
    set_age("one", 30);
    set_age("three", 20);
    set_age("four", 10);
    keep("five", 0); /* larger than the limit alone: it stays */
    assert_int_equal(look("five"), 1);
    assert_int_equal(look("one") + look("three") + look("four"), 0);
}

static void one_makes_others_wait(void **)
{
    int ready[2];
    assert_int_equal(pipe(ready), 0);
    int lock = cache_lock("store");
    assert_true(lock >= 0);
    pid_t child = fork();
    if (child == 0) {
        close(lock); /* it is the parent's */
        int mine = cache_lock("store");
        ssize_t n = write(ready[1], "x", 1);
        cache_unlock(mine);
        _exit(mine >= 0 && n == 1 ? 0 : 1);
    }
    close(ready[1]);
    fd_set set;
    FD_ZERO(&set);
    FD_SET(ready[0], &set);
    assert_int_equal(select(ready[0] + 1, &set, NULL, NULL, &(struct timeval){0, 300000}), 0); /* it waits */
    cache_unlock(lock);
    char byte;
    assert_int_equal(read(ready[0], &byte, 1), 1);
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    close(ready[0]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keeps_and_finds),
        cmocka_unit_test(finds_damage),
        cmocka_unit_test(survives_a_kill),
        cmocka_unit_test(survives_a_disk_without_room),
        cmocka_unit_test(the_oldest_leave),
        cmocka_unit_test(one_makes_others_wait),
    };
    return cmocka_run_group_tests(tests, scratch_enter, scratch_leave);
}
