/* runtime_devices.c - clocks, randomness, pages, log lines, a file as sectors. */
#include "instances.h"

#include "block.h"
#include "block_file.h"
#include "log.h"
#include "pages.h"
#include "random.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

int random_posix_start(void);
int console_posix_start(void);
void console_posix_stop(void);

/* ---- clock, random, pages ---- */

static void clocks_advance(void **state)
{
    (void)state;
    int64_t first = clock_now(), wall = clock_wall();
    assert_true(first >= 0 && clock_resolution() >= 1);
    for (int i = 0; i < 1000; i++) {
        int64_t next = clock_now();
        assert_true(next >= first);
        first = next;
    }
    assert_true(wall > INT64_C(1600000000) * NANOSECONDS_PER_SECOND);
}

static void random_bytes_fill_everything(void **state)
{
    (void)state;
    enum { SIZE = 1000 };
    static unsigned char seen[SIZE], bytes[SIZE + 2];
    assert_int_equal(random_posix_start(), 0);
    for (int round = 0; round < 40; round++) {
        memset(bytes, 0, sizeof bytes);
        random_fill(bytes + 1, SIZE);
        assert_true(bytes[0] == 0 && bytes[SIZE + 1] == 0);
        for (int i = 0; i < SIZE; i++)
            seen[i] |= bytes[i + 1];
    }
    for (int i = 0; i < SIZE; i++)
        assert_int_equal(seen[i], 0xff); /* misses by chance once in 2^40 / 8000 */
    random_fill(NULL, 0);
}

static void pages_are_guarded(void **state)
{
    (void)state;
    size_t unit = pages_unit();
    char *memory = pages_allocate(unit + 1);
    assert_non_null(memory);
    assert_int_equal((uintptr_t)memory % unit, 0);
    memset(memory, 1, 2 * unit);
    pid_t child = fork();
    if (child == 0) {
        close(2);
        signal(SIGSEGV, SIG_DFL); /* not cmocka's */
        ((volatile char *)memory)[-1] = 1;
        _exit(0);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_false(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    pages_free(memory, unit + 1);
    assert_null(pages_allocate(SIZE_MAX - 1));
    assert_null(pages_allocate(0));
}

/* ---- log ---- */

int test_log_level = LOG_LEVEL_INFO;

/* Runs speak() with standard output in a file and returns what it wrote. */
static const char *heard(void (*speak)(void))
{
    static char text[8192];
    FILE *file = tmpfile();
    int saved = dup(1);
    fflush(stdout);
    dup2(fileno(file), 1);
    speak();
    dup2(saved, 1);
    close(saved);
    rewind(file);
    text[fread(text, 1, sizeof text - 1, file)] = '\0';
    fclose(file);
    return text;
}

static void say_things(void)
{
    log_write(LOG_LEVEL_INFO, "web", "%d requests", 3);
    log_write(LOG_LEVEL_DEBUG, "web", "not %s", "seen");
    log_write(LOG_LEVEL_ERROR, "web", "evil\n\x1b[31m%s\x7f", "\r");
}

static void log_lines(void **state)
{
    (void)state;
    const char *text = heard(say_things);
    int year, month, day, hour, minute, second, thousandth, length = 0;
    assert_int_equal(sscanf(text, "%4d-%2d-%2dT%2d:%2d:%2d.%3dZ %n", &year, &month, &day, &hour, &minute, &second, &thousandth, &length), 7);
    assert_int_equal(length, 25);
    assert_true(year >= 2020 && month <= 12 && day <= 31 && hour < 24 && minute < 60);
    assert_memory_equal(text + length, "info web: 3 requests\n", 21);
    text += length + 21;
    assert_string_equal(text + 25, "error web: evil\\x0a\\x1b[31m\\x0d\\x7f\n");
}

static void say_much(void)
{
    static char long_text[5000];
    memset(long_text, '\n', sizeof long_text - 1);
    log_write(LOG_LEVEL_ERROR, "a component with a name that is far too long to be one", "%s", long_text);
}

static void long_messages_are_cut(void **state)
{
    (void)state;
    const char *text = heard(say_much);
    size_t size = strlen(text);
    assert_true(size > 256 && size <= 1024);
    assert_ptr_equal(strchr(text, '\n'), text + size - 1);
}

static void log_levels(void **state)
{
    (void)state;
    assert_true(log_enabled(LOG_LEVEL_ERROR) && log_enabled(LOG_LEVEL_INFO) && !log_enabled(LOG_LEVEL_DEBUG));
    test_log_level = LOG_LEVEL_DEBUG;
    assert_true(log_enabled(LOG_LEVEL_DEBUG));
    test_log_level = LOG_LEVEL_INFO;
}

/* ---- block ---- */

const char *test_block_path(void);
static const char *block_path = "disk";

const char *test_block_path(void)
{
    return block_path;
}

static void sectors_keep_what_is_written(void **state)
{
    (void)state;
    struct block_info info;
    static char data[1024], back[1024];
    block_path = "disk";
    assert_int_equal(block_file_start(), 0);
    assert_int_equal(block_file_info(&info), 0);
    assert_true(info.sectors == 16 && info.sector_size == 512 && !info.read_only);
    for (size_t i = 0; i < sizeof data; i++)
        data[i] = (char)(i * 7);
    assert_int_equal(block_file_write(14, data, sizeof data), 0);
    assert_int_equal(block_file_flush(), 0);
    block_file_stop();
    assert_int_equal(block_file_start(), 0);
    assert_int_equal(block_file_read(14, back, sizeof back), 0);
    assert_memory_equal(data, back, sizeof data);
    assert_int_equal(block_file_read(0, back, 512), 0);
    assert_int_equal(back[0] | back[511], 0);
    block_file_stop();
}

static void ranges_are_checked(void **state)
{
    (void)state;
    static char data[1024];
    block_path = "ranges";
    assert_int_equal(block_file_start(), 0);
    assert_int_equal(block_file_read(15, data, 1024), -EINVAL);
    assert_int_equal(block_file_write(16, data, 512), -EINVAL);
    assert_int_equal(block_file_write(UINT64_MAX, data, 512), -EINVAL);
    assert_int_equal(block_file_read(UINT64_MAX / 512 + 1, data, 512), -EINVAL);
    assert_int_equal(block_file_read(0, data, 100), -EINVAL);
    assert_int_equal(block_file_read(16, data, 0), 0);
    struct stat status;
    assert_int_equal(stat(block_path, &status), 0);
    assert_int_equal(status.st_size, 8192);
    block_file_stop();
}

static void ranges_become_holes(void **state)
{
    (void)state;
    static char data[8192], back[8192];
    block_path = "holes";
    memset(data, 7, sizeof data);
    assert_int_equal(block_file_start(), 0);
    assert_int_equal(block_file_write(0, data, sizeof data), 0);
    assert_int_equal(block_file_zero(3, 9), 0);
    memset(data + 3 * 512, 0, 9 * 512);
    assert_int_equal(block_file_read(0, back, sizeof back), 0);
    assert_memory_equal(data, back, sizeof data);
    assert_int_equal(block_file_discard(14, 1), 0);
    assert_int_equal(block_file_read(0, back, 14 * 512), 0);
    assert_memory_equal(data, back, 14 * 512);
    assert_int_equal(block_file_read(15, back, 512), 0);
    assert_memory_equal(data + 15 * 512, back, 512);
    assert_int_equal(block_file_discard(0, 16), 0);
    assert_int_equal(block_file_flush(), 0);
    struct stat status;
    assert_int_equal(stat(block_path, &status), 0);
    assert_int_equal(status.st_size, 8192);
    assert_int_equal(status.st_blocks, 0);
    static const struct { uint64_t sector, count; } outside[] = {{16, 1}, {17, 0}, {1, 16}, {UINT64_MAX, 2}, {2, UINT64_MAX}, {UINT64_MAX / 512 + 1, 1}};
    for (size_t i = 0; i < sizeof outside / sizeof outside[0]; i++) {
        assert_int_equal(block_file_zero(outside[i].sector, outside[i].count), -EINVAL);
        assert_int_equal(block_file_discard(outside[i].sector, outside[i].count), -EINVAL);
    }
    assert_int_equal(block_file_zero(16, 0), 0);
    assert_int_equal(block_file_discard(16, 0), 0);
    block_file_stop();
}

/* The C library's, which a file system need not know. */
static int refuse_holes; /* an error */

int fallocate(int descriptor, int mode, off_t offset, off_t size)
{
    errno = refuse_holes;
    return refuse_holes ? -1 : (int)syscall(SYS_fallocate, descriptor, mode, offset, size);
}

static void file_systems_without_holes(void **state)
{
    (void)state;
    static char data[8192], back[8192];
    block_path = "no-holes";
    static const int errors[] = {EOPNOTSUPP, ENOSYS, ENODEV};
    for (int i = 0; i < 3; i++) {
        refuse_holes = errors[i];
        memset(data, 7, sizeof data);
        assert_int_equal(block_file_start(), 0);
        assert_int_equal(block_file_write(0, data, sizeof data), 0);
        assert_int_equal(block_file_discard(0, 16), 0);
        assert_int_equal(block_file_zero(3, 9), 0);
        memset(data + 3 * 512, 0, 9 * 512);
        assert_int_equal(block_file_read(0, back, sizeof back), 0);
        assert_memory_equal(data, back, sizeof data);
        block_file_stop();
    }
    refuse_holes = ENOSPC;
    assert_int_equal(block_file_start(), 0);
    assert_int_equal(block_file_zero(3, 9), -ENOSPC);
    assert_int_equal(block_file_discard(3, 9), -ENOSPC);
    block_file_stop();
    refuse_holes = 0;
}

static void a_file_is_used_once_and_can_shrink(void **state)
{
    (void)state;
    static char data[512];
    block_path = "shared";
    assert_int_equal(block_file_start(), 0);
    int other = open(block_path, O_RDWR);
    assert_int_equal(truncate(block_path, 1024), 0);
    assert_int_equal(block_file_read(8, data, 512), -EIO);
    block_file_stop();
    close(other);
    block_path = "no/such/directory";
    assert_int_equal(block_file_start(), -ENOENT);
    assert_int_equal(block_file_read(0, data, 512), -EINVAL);

    block_path = "locked";
    assert_int_equal(block_file_start(), 0);
    pid_t child = fork();
    if (child == 0) {
        /* the same file, opened again */
        int descriptor = open(block_path, O_RDWR);
        _exit(descriptor >= 0 && block_file_start() == -EBUSY ? 0 : 1);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    block_file_stop();
}

static int start(void **state)
{
    return scratch_enter(state) || instances_start(NULL) || console_posix_start();
}

static int stop(void **state)
{
    console_posix_stop();
    return instances_stop(NULL) | scratch_leave(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(clocks_advance),
        cmocka_unit_test(random_bytes_fill_everything),
        cmocka_unit_test(pages_are_guarded),
        cmocka_unit_test(log_lines),
        cmocka_unit_test(long_messages_are_cut),
        cmocka_unit_test(log_levels),
        cmocka_unit_test(sectors_keep_what_is_written),
        cmocka_unit_test(ranges_are_checked),
        cmocka_unit_test(ranges_become_holes),
        cmocka_unit_test(file_systems_without_holes),
        cmocka_unit_test(a_file_is_used_once_and_can_shrink),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
