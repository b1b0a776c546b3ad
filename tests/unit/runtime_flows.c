/* runtime_flows.c - the console's input, standard input and output as a flow, a flow over TCP. */
#include "instances.h"

#include "console.h"
#include "flow_stdio.h"
#include "flow_tcp.h"
#include "stack.h"
#include "stack_host.h"

#include <fcntl.h>

int console_posix_start(void);
void console_posix_stop(void);

int test_flow_port;

/* Standard input and output are pipes during a test; these are the other ends. */
static int feed, drain, saved_in, saved_out;

static int start(void **state)
{
    int in[2], out[2];
    fflush(stdout);
    saved_in = dup(0);
    saved_out = dup(1);
    if (pipe(in) != 0 || pipe(out) != 0)
        return -1;
    dup2(in[0], 0);
    dup2(out[1], 1);
    close(in[0]), close(out[1]);
    feed = in[1];
    drain = out[0];
    return instances_start(state) || stack_host_start() || console_posix_start() || flow_stdio_start();
}

static int stop(void **state)
{
    console_posix_stop();
    stack_host_stop();
    int result = instances_stop(state);
    dup2(saved_in, 0);
    dup2(saved_out, 1);
    close(saved_in), close(saved_out), close(drain);
    if (feed >= 0)
        close(feed);
    return result;
}

static void type(const char *text)
{
    assert_int_equal(write(feed, text, strlen(text)), strlen(text));
}

static void end_of_input(void)
{
    close(feed);
    feed = -1;
}

/* ---- console ---- */

static void lines_are_read(void **state)
{
    (void)state;
    char line[8];
    type("one\n\ntwo\n1234567\n12345678\nlast");
    end_of_input();
    assert_int_equal(console_read_line(line, sizeof line, DEADLINE_NEVER), 3);
    assert_string_equal(line, "one");
    assert_int_equal(console_read_line(line, sizeof line, DEADLINE_NEVER), 0);
    assert_string_equal(line, "");
    assert_int_equal(console_read_line(line, sizeof line, DEADLINE_NEVER), 3);
    assert_int_equal(console_read_line(line, sizeof line, DEADLINE_NEVER), 7);
    assert_string_equal(line, "1234567");
    assert_int_equal(console_read_line(line, sizeof line, DEADLINE_NEVER), 7);
    assert_string_equal(line, "1234567");
    assert_int_equal(console_read_line(line, sizeof line, DEADLINE_NEVER), 1);
    assert_string_equal(line, "8");
    assert_int_equal(console_read_line(line, sizeof line, DEADLINE_NEVER), 4);
    assert_string_equal(line, "last");
    assert_int_equal(console_read_line(line, sizeof line, DEADLINE_NEVER), -ENODATA);
    assert_int_equal(console_read_line(line, sizeof line, DEADLINE_NEVER), -ENODATA);
    assert_int_equal(console_read(line, sizeof line, DEADLINE_NEVER), 0);
}

static void type_later(void *text)
{
    task_sleep(in_milliseconds(10));
    ssize_t written = write(feed, text, strlen(text));
    (void)written;
}

static void a_line_may_take_its_time(void **state)
{
    (void)state;
    char line[32];
    assert_int_equal(console_read_line(line, sizeof line, DEADLINE_NOW), -ETIMEDOUT);
    type("ha");
    assert_int_equal(console_read_line(line, sizeof line, in_milliseconds(10)), -ETIMEDOUT);
    assert_int_equal(task_spawn(NULL, 0, type_later, "lf\nrest"), 0);
    assert_int_equal(console_read_line(line, sizeof line, in_milliseconds(5000)), 4);
    assert_string_equal(line, "half");
    assert_int_equal(console_read(line, 2, DEADLINE_NOW), 2);
    assert_memory_equal(line, "re", 2);
    assert_int_equal(console_read(line, sizeof line, DEADLINE_NOW), 2);
    assert_int_equal(console_read(line, sizeof line, in_milliseconds(10)), -ETIMEDOUT);
}

static int second_reader;

static void read_too(void *unused)
{
    char c;
    (void)unused;
    second_reader = (int)console_read(&c, 1, DEADLINE_NEVER);
}

static void one_reader_at_a_time(void **state)
{
    (void)state;
    char c;
    assert_int_equal(task_spawn(NULL, 0, read_too, NULL), 0);
    assert_int_equal(console_read(&c, 1, in_milliseconds(10)), -ETIMEDOUT);
    assert_int_equal(second_reader, -EBUSY);
}

static void a_file_as_input_never_blocks(void **state)
{
    (void)state;
    char line[16];
    FILE *file = tmpfile();
    fputs("from a file\n", file);
    rewind(file);
    dup2(fileno(file), 0);
    fclose(file);
    assert_int_equal(console_read_line(line, sizeof line, DEADLINE_NOW), 11);
    assert_int_equal(console_read_line(line, sizeof line, DEADLINE_NOW), -ENODATA);
}

static void output_goes_out_at_once(void **state)
{
    (void)state;
    char back[16];
    assert_int_equal(console_write("hello\n", 6), 0);
    assert_int_equal(read(drain, back, sizeof back), 6);
    close(drain);
    drain = open("/dev/null", O_RDONLY);
    assert_int_equal(console_write("x", 1), -EPIPE);
}

/* ---- stdio as a flow ---- */

static void stdio_flows(void **state)
{
    (void)state;
    struct flow_stdio *flow, *second;
    char buffer[16];
    assert_int_equal(flow_stdio_open(&flow, DEADLINE_NEVER), 0);
    assert_int_equal(flow_stdio_open(&second, DEADLINE_NEVER), -EBUSY);
    assert_int_equal(flow_stdio_read(flow, buffer, sizeof buffer, in_milliseconds(5)), -ETIMEDOUT);
    assert_int_equal(task_spawn(NULL, 0, type_later, "question"), 0);
    assert_int_equal(flow_stdio_read(flow, buffer, sizeof buffer, in_milliseconds(5000)), 8);
    struct view views[] = {VIEW("ans"), VIEW(""), VIEW("wer")};
    assert_int_equal(flow_stdio_write(flow, views, 3, DEADLINE_NEVER), 6);
    assert_int_equal(read(drain, buffer, sizeof buffer), 6);
    assert_memory_equal(buffer, "answer", 6);
    end_of_input();
    assert_int_equal(flow_stdio_read(flow, buffer, sizeof buffer, DEADLINE_NEVER), 0);

    /* nobody reads: the pipe fills up, and the task waits without blocking the process */
    static char much[1 << 20];
    struct view view = {much, sizeof much};
    ptrdiff_t put = flow_stdio_write(flow, &view, 1, in_milliseconds(20));
    assert_true(put > 0 && put < (ptrdiff_t)sizeof much);
    assert_int_equal(flow_stdio_write(flow, &view, 1, DEADLINE_NOW), -ETIMEDOUT);
    while (put > 0)
        put -= read(drain, much, sizeof much);
    assert_int_equal(flow_stdio_shutdown(flow), 0);
    assert_int_equal(read(drain, buffer, sizeof buffer), 0);
    assert_int_equal(flow_stdio_write(flow, &view, 1, DEADLINE_NOW), -EPIPE);
    flow_stdio_close(flow);
    assert_int_equal(flow_stdio_open(&flow, DEADLINE_NEVER), 0);
    flow_stdio_close(flow);
}

static void console_and_stdio_share_input(void **state)
{
    (void)state;
    struct flow_stdio *flow;
    char buffer[8];
    assert_int_equal(console_read(buffer, 1, in_milliseconds(5)), -ETIMEDOUT);
    assert_int_equal(flow_stdio_open(&flow, DEADLINE_NEVER), 0);
    assert_int_equal(flow_stdio_read(flow, buffer, 1, in_milliseconds(5)), -ETIMEDOUT);
    type("ab");
    assert_int_equal(console_read(buffer, 1, in_milliseconds(5)), 1);
    assert_int_equal(flow_stdio_read(flow, buffer, 1, in_milliseconds(5)), 1);
    assert_int_equal(buffer[0], 'b');
    flow_stdio_close(flow);
}

/* ---- TCP as a flow ---- */

static void echo_once(void *listener)
{
    char buffer[64];
    struct stack_flow *flow;
    if (stack_accept(listener, &flow, in_milliseconds(5000)) != 0)
        return;
    ptrdiff_t got;
    while ((got = stack_read(flow, buffer, sizeof buffer, in_milliseconds(5000))) > 0)
        stack_write(flow, &(struct view){buffer, (size_t)got}, 1, in_milliseconds(5000));
    stack_close(flow);
}

static void tcp_flows(void **state)
{
    (void)state;
    static const uint8_t v6[16] = {[15] = 1};
    struct endpoint at = {.address = ip_v6(v6)};
    struct stack_listener *listener;
    struct flow_tcp *flow;
    char buffer[16];
    assert_int_equal(stack_listen(&listener, &at, 0), 0);
    assert_int_equal(stack_listener_local(listener, &at), 0);
    test_flow_port = at.port;
    assert_int_equal(task_spawn(NULL, 0, echo_once, listener), 0);
    assert_int_equal(flow_tcp_open(&flow, in_milliseconds(5000)), 0);
    struct view view = VIEW("around");
    assert_int_equal(flow_tcp_write(flow, &view, 1, in_milliseconds(5000)), 6);
    assert_int_equal(flow_tcp_read(flow, buffer, sizeof buffer, in_milliseconds(5000)), 6);
    assert_memory_equal(buffer, "around", 6);
    assert_int_equal(flow_tcp_shutdown(flow), 0);
    assert_int_equal(flow_tcp_read(flow, buffer, sizeof buffer, in_milliseconds(5000)), 0);
    flow_tcp_close(flow);
    stack_unlisten(listener);
    assert_int_equal(flow_tcp_open(&flow, in_milliseconds(5000)), -ECONNREFUSED);
}

int main(void)
{
    cmocka_set_message_output(CM_OUTPUT_STDOUT);
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)
        TEST(lines_are_read),
        TEST(a_line_may_take_its_time),
        TEST(one_reader_at_a_time),
        TEST(a_file_as_input_never_blocks),
        TEST(output_goes_out_at_once),
        TEST(stdio_flows),
        TEST(console_and_stdio_share_input),
        TEST(tcp_flows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
