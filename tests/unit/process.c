/*
 * process.c - status, output, input, directory, environment; much output on
 * both pipes; programs that do not exist, or die.
 */
#include "test.h"

#include <errno.h>
#include <signal.h>
#include <sys/time.h>

#include "../../ukc/base/arena.h"
#include "../../ukc/base/process.h"

#define SH(script) (const char *[]){"sh", "-c", (script), NULL}

static void statuses(void **state)
{
    (void)state;
    struct diag *d = diag_create();
    assert_int_equal(process_run(&(struct process){.argv = SH("exit 0")}, d), 0);
    assert_int_equal(process_run(&(struct process){.argv = SH("exit 42")}, d), 42);
    assert_int_equal(process_run(&(struct process){.argv = SH("kill -TERM $$")}, d), 128 + SIGTERM);
    assert_int_equal(diag_errors(d), 0);
    assert_int_equal(process_run(&(struct process){.argv = (const char *[]){"ukc-no-such-program", NULL}}, d), -1);
    assert_int_equal(process_run(&(struct process){.argv = SH("true"), .directory = "/no/such/directory"}, d), -1);
    assert_int_equal(process_run(&(struct process){.argv = (const char *[]){"/etc/passwd", NULL}}, d), -1);
    assert_int_equal(diag_errors(d), 3);
    assert_int_equal(diag_status(d), DIAG_OUTSIDE);
    diag_destroy(d);
}

static void output(void **state)
{
    (void)state;
    struct diag *d = diag_create();
    struct text out = {}, err = {};
    assert_int_equal(process_run(&(struct process){.argv = SH("echo one; echo two >&2"), .out = &out, .err = &err}, d), 0);
    assert_string_equal(text_string(&out), "one\n");
    assert_string_equal(text_string(&err), "two\n");
    text_clear(&out);
    assert_int_equal(process_run(&(struct process){.argv = SH("echo 1; echo 2 >&2; echo 3"), .out = &out, .err = &out}, d), 0);
    assert_string_equal(text_string(&out), "1\n2\n3\n");
    text_dispose(&out);
    text_dispose(&err);
    diag_destroy(d);
}

/* More than any pipe holds, on both at once: a reader of one after the other would block. */
static void much_output(void **state)
{
    (void)state;
    struct diag *d = diag_create();
    struct text out = {}, err = {};
    const char *script = "head -c 700000 /dev/zero >&2; head -c 900000 /dev/zero; head -c 300000 /dev/zero >&2";
    assert_int_equal(process_run(&(struct process){.argv = SH(script), .out = &out, .err = &err}, d), 0);
    assert_int_equal(out.size, 900000);
    assert_int_equal(err.size, 1000000);
    text_dispose(&out);
    text_dispose(&err);
    diag_destroy(d);
}

static void input(void **state)
{
    (void)state;
    struct diag *d = diag_create();
    struct text out = {}, big = {};
    assert_int_equal(process_run(&(struct process){.argv = (const char *[]){"cat", NULL}, .out = &out, .input = "in\n"}, d), 0);
    assert_string_equal(text_string(&out), "in\n");
    text_clear(&out);
    assert_int_equal(process_run(&(struct process){.argv = (const char *[]){"cat", NULL}, .out = &out}, d), 0);
    assert_string_equal(text_string(&out), "");
    for (int i = 0; i < 100000; i++)
        text_puts(&big, "0123456789");
    assert_int_equal(process_run(&(struct process){.argv = SH("wc -c | tr -d ' '"), .out = &out, .input = big.bytes}, d), 0);
    assert_string_equal(text_string(&out), "1000000\n");
    /* a program that does not read its input does us no harm */
    assert_int_equal(process_run(&(struct process){.argv = (const char *[]){"true", NULL}, .input = big.bytes}, d), 0);
    text_dispose(&out);
    text_dispose(&big);
    diag_destroy(d);
}

static void surroundings(void **state)
{
    (void)state;
    struct diag *d = diag_create();
    struct text out = {};
    const char *const environment[] = {"NAME=value", "PATH=/usr/bin:/bin", NULL};
    assert_int_equal(process_run(&(struct process){.argv = SH("pwd; echo $NAME$HOME"),
                                                   .directory = "/",
                                                   .environment = environment,
                                                   .out = &out},
                                 d),
                     0);
    assert_string_equal(text_string(&out), "/\nvalue\n");
    /* SIGPIPE is not handed down ignored */
    text_clear(&out);
    signal(SIGPIPE, SIG_IGN);
    assert_int_equal(process_run(&(struct process){.argv = SH("kill -PIPE $$; echo alive"), .out = &out}, d), 128 + SIGPIPE);
    signal(SIGPIPE, SIG_DFL);
    assert_string_equal(text_string(&out), "");
    text_dispose(&out);
    diag_destroy(d);
}

/* A child gets no descriptor of ours: what it sees is what a plain shell sees here. */
static void no_stray_descriptors(void **state)
{
    (void)state;
    struct diag *d = diag_create();
    struct text out = {}, err = {};
    const char *script = "ls /proc/self/fd | tr '\\n' ' '";
    char plain[4096] = "";
    FILE *f = popen(script, "r");
    assert_non_null(f);
    plain[fread(plain, 1, sizeof plain - 1, f)] = '\0';
    assert_int_equal(pclose(f), 0);
    assert_int_equal(process_run(&(struct process){.argv = SH(script), .out = &out, .err = &err, .input = "x"}, d), 0);
    assert_string_equal(text_string(&out), plain);
    text_dispose(&out);
    text_dispose(&err);
    diag_destroy(d);
}

static void ignore(int number)
{
    (void)number;
}

static void interrupted(void **state)
{
    (void)state;
    struct diag *d = diag_create();
    struct text out = {};
    struct sigaction action = {.sa_handler = ignore};
    sigaction(SIGALRM, &action, NULL);
    struct itimerval often = {{0, 2000}, {0, 2000}};
    setitimer(ITIMER_REAL, &often, NULL);
    int status = process_run(&(struct process){.argv = SH("sleep 0.2; echo done"), .out = &out}, d);
    setitimer(ITIMER_REAL, &(struct itimerval){}, NULL);
    assert_int_equal(status, 0);
    assert_string_equal(text_string(&out), "done\n");
    text_dispose(&out);
    diag_destroy(d);
}

static void finding(void **state)
{
    (void)state;
    struct arena *a = arena_create();
    const char *sh = process_find(a, "sh");
    assert_non_null(sh);
    assert_int_equal(sh[0], '/');
    assert_string_equal(process_find(a, sh), sh);
    assert_true(process_there(sh) && process_there("sh"));
    for (const char *const *none = (const char *const[]){"ukc-no-such-program", "", "/etc", "/etc/passwd", NULL}; *none; none++) {
        assert_null(process_find(a, *none));
        assert_false(process_there(*none));
    }
    FILE *f = fopen("tool", "w");
    fputs("#!/bin/sh\n", f);
    fclose(f);
    assert_null(process_find(a, "./tool"));
    assert_int_equal(system("chmod +x tool"), 0);
    const char *here = process_find(a, "./tool");
    assert_non_null(here);
    assert_int_equal(here[0], '/');
    arena_destroy(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(statuses),
        cmocka_unit_test(output),
        cmocka_unit_test(much_output),
        cmocka_unit_test(input),
        cmocka_unit_test(surroundings),
        cmocka_unit_test(no_stray_descriptors),
        cmocka_unit_test(interrupted),
        cmocka_unit_test_setup_teardown(finding, scratch_enter, scratch_leave),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
