/* runtime_virtio_console.c - what is typed at a console of the tests, and what it shows; what it may do wrong. */
#include "instances.h"

#include "virtio.h"
#include "virtio_bus.h"
#include "virtio_console.h"
#include "virtio_double.h"

#include <string.h>
#include <ukc/machine.h>

enum { RECEIVE = 0, SEND = 1, ROOM = 1 << 16 };

static struct double_device *device;
static char shown[ROOM], printed[64];
static size_t shown_size, longest;
static struct double_chain buffer; /* for what is typed */
static bool has_buffer, deaf;

void machine_print(const char *bytes, size_t size)
{
    assert_true(size < sizeof printed);
    memcpy(printed, bytes, size);
    printed[size] = '\0';
}

static void show(void)
{
    struct double_chain chain;
    do
        while (!deaf && double_pop(device, SEND, &chain)) {
            assert_true(chain.out == 1 && chain.in == 0 && shown_size + chain.parts[0].size <= ROOM);
            memcpy(shown + shown_size, chain.parts[0].bytes, chain.parts[0].size);
            shown_size += chain.parts[0].size;
            if (chain.parts[0].size > longest)
                longest = chain.parts[0].size;
            double_push(device, SEND, chain.head, 0);
            double_tell(device, SEND);
        }
    while (!deaf && !double_want(device, SEND));
}

static void notified(struct double_device *of, unsigned queue)
{
    (void)of;
    if (queue == SEND)
        show();
}

static bool take_buffer(void)
{
    has_buffer = has_buffer || double_pop(device, RECEIVE, &buffer);
    return has_buffer;
}

static void say(uint32_t size)
{
    has_buffer = false;
    double_push(device, RECEIVE, buffer.head, size);
    double_tell(device, RECEIVE);
}

static void type(const char *text)
{
    size_t size = strlen(text);
    assert_true(take_buffer() && buffer.out == 0 && buffer.in == 1 && size <= buffer.parts[0].size);
    memcpy(buffer.parts[0].bytes, text, size);
    say((uint32_t)size);
}

static void set_up(void)
{
    static bool pci;
    double_begin("");
    device = double_add(VIRTIO_CONSOLE, pci = !pci);
    device->notified = notified;
    has_buffer = deaf = false;
    shown_size = longest = 0;
    assert_int_equal(virtio_bus_start(), 0);
    assert_int_equal(virtio_console_start(), 0);
}

static void tear_down(void)
{
    virtio_console_stop();
    virtio_bus_stop();
    double_end();
}

static void nothing_is_lost_without_one(void **state)
{
    (void)state;
    char line[4];
    double_begin("");
    assert_int_equal(virtio_bus_start(), 0);
    assert_int_equal(virtio_console_start(), -ENODEV);
    assert_int_equal(virtio_console_write("help", 4), 0);
    assert_string_equal(printed, "help");
    assert_int_equal(virtio_console_read(line, sizeof line, DEADLINE_NOW), -EIO);
    assert_int_equal(virtio_console_read_line(line, sizeof line, DEADLINE_NOW), -EIO);
    virtio_bus_stop();
    double_end();
}

static void output_is_whole(void **state)
{
    (void)state;
    static char text[20000];
    for (int again = 0; again < 2; again++) { /* on PCI and MMIO */
        set_up();
        for (size_t i = 0; i < sizeof text; i++)
            text[i] = (char)('a' + i % 26);
        assert_int_equal(virtio_console_write(text, 0), 0);
        assert_int_equal(virtio_console_write("first\n", 6), 0);
        assert_int_equal(virtio_console_write(text, sizeof text), 0);
        assert_true(shown_size == 6 + sizeof text && longest <= 2048);
        assert_memory_equal(shown, "first\n", 6);
        assert_memory_equal(shown + 6, text, sizeof text);
        tear_down();
    }
}

/* One second, and then nothing waits until it listens again. */
static void a_host_that_does_not_read(void **state)
{
    (void)state;
    set_up();
    deaf = true;
    assert_int_equal(virtio_console_write("unheard", 7), -EPIPE);
    int64_t before = clock_now();
    for (int i = 0; i < 1000; i++)
        assert_int_equal(virtio_console_write("not even given", 14), -EPIPE);
    assert_true(clock_now() < before + 100 * NANOSECONDS_PER_SECOND); /* a second each would be a thousand */
    deaf = false;
    show();
    assert_int_equal(virtio_console_write(" again", 6), 0);
    assert_true(shown_size == 13);
    assert_memory_equal(shown, "unheard again", 13);
    tear_down();
}

static void type_late(void *text)
{
    task_sleep(in_milliseconds(10));
    type(text);
}

static void input_waits(void **state)
{
    (void)state;
    char line[32];
    set_up();
    assert_int_equal(virtio_console_read(line, 4, DEADLINE_NOW), -ETIMEDOUT);
    type("ab");
    assert_int_equal(virtio_console_read(line, 1, in_milliseconds(5000)), 1);
    assert_int_equal(virtio_console_read(line + 1, 4, DEADLINE_NOW), 1);
    assert_memory_equal(line, "ab", 2);
    assert_int_equal(virtio_console_read_line(line, sizeof line, in_milliseconds(5)), -ETIMEDOUT);
    type("half a ");
    assert_int_equal(virtio_console_read_line(line, sizeof line, in_milliseconds(20)), -ETIMEDOUT);
    assert_int_equal(task_spawn(NULL, 0, type_late, "line\rand\n"), 0);
    assert_int_equal(virtio_console_read_line(line, sizeof line, in_milliseconds(5000)), 11);
    assert_string_equal(line, "half a line");
    assert_int_equal(virtio_console_read_line(line, sizeof line, DEADLINE_NOW), 3);
    assert_string_equal(line, "and");
    tear_down();
}

static void consoles_that_lie(void **state)
{
    (void)state;
    char c;
    static const uint32_t sizes[] = {0, 2049, UINT32_MAX}; /* nothing, and more than there is room for */
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        set_up();
        assert_true(take_buffer());
        say(sizes[i]);
        assert_int_equal(virtio_console_read(&c, 1, in_milliseconds(5000)), -EIO);
        tear_down();
    }
    set_up();
    deaf = true;
    *double_used_index(device, SEND) = 9; /* more than it was given */
    assert_int_equal(virtio_console_write("x", 1), -EIO);
    assert_int_equal(virtio_console_write("x", 1), -EIO);
    tear_down();
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, instances_start, instances_stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(nothing_is_lost_without_one), TEST(output_is_whole), TEST(a_host_that_does_not_read), TEST(input_waits), TEST(consoles_that_lie),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
