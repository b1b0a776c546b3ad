/*
 * ninja.c - what is written is what Ninja reads, and what Ninja does is what is shown.
 */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "../../ninja/ninja.h"
#include "../../ninja/progress.h"
#include "../../ukc/base/arena.h"
#include "../../ukc/base/environment.h"
#include "../../ukc/base/file.h"

/* Names that Ninja, the shell or both could misread. */
static const char *const names[] = {
    "plain.c", "a b.c", "a:b.c", "a$b.c", "a|b.c", "grüße/ß ∀.c", "it's.c", "a\"b.c", "a#b.c", "a\\b.c", "-x", "a;b&c", "$out", "*", "~", "%f",
};
enum { NAME_COUNT = sizeof names / sizeof names[0] };

struct place {
    char directory[64], before[512];
    struct arena *a;
    struct diag *d;
};

static int enter(void **state)
{
    struct place *p = calloc(1, sizeof *p);
    strcpy(p->directory, "/tmp/ukc ninja ä XXXXXX");
    assert_non_null(getcwd(p->before, sizeof p->before));
    assert_non_null(mkdtemp(p->directory));
    assert_int_equal(chdir(p->directory), 0);
    p->a = arena_create();
    p->d = diag_create();
    *state = p;
    return 0;
}

static int leave(void **state)
{
    struct place *p = *state;
    assert_int_equal(chdir(p->before), 0);
    assert_true(file_remove_tree(p->directory, p->d));
    diag_destroy(p->d);
    arena_destroy(p->a);
    free(p);
    return 0;
}

static void save(struct place *p, const char *path, struct text *t)
{
    assert_true(file_write(path, t->bytes, t->size, NULL, p->d));
    text_dispose(t);
}

static const char *load(struct place *p, const char *path)
{
    const struct source *s = file_read(p->a, path, SPAN_NONE, 0, p->d);
    assert_non_null(s);
    return s->bytes;
}

struct outcome {
    int status;
    bool ran;
    size_t edges;
    char *out;
};

static struct outcome run(struct place *p, struct ninja_run options)
{
    struct outcome o = {};
    size_t size;
    options.file = "build.ninja";
    options.out = open_memstream(&o.out, &size);
    options.edges = &o.edges;
    o.status = ninja_run(&options, &o.ran, p->d);
    fclose(options.out);
    char *kept = arena_strdup(p->a, o.out);
    free(o.out);
    o.out = kept;
    return o;
}

static void add_copy(struct text *t, const char *to, const char *from)
{
    ninja_build(t, &(struct ninja_build){.rule = "copy", .outputs = &to, .output_count = 1, .inputs = &from, .input_count = 1});
}

static void test_paths_arrive(void **state)
{
    struct place *p = *state;
    struct text t = {};
    ninja_begin(&t);
    ninja_comment(&t, "two\nlines");
    ninja_rule(&t, &(struct ninja_rule){.name = "copy", .command = "cp -- $in $out", .description = "copy $in"});
    for (size_t i = 0; i < NAME_COUNT; i++) {
        const char *from = arena_printf(p->a, "from/%s", names[i]);
        assert_true(file_write(from, names[i], strlen(names[i]), NULL, p->d));
        add_copy(&t, arena_printf(p->a, "to/%s", names[i]), from);
    }
    save(p, "build.ninja", &t);
    struct outcome o = run(p, (struct ninja_run){});
    assert_int_equal(o.status, 0);
    assert_int_equal(o.edges, NAME_COUNT);
    for (size_t i = 0; i < NAME_COUNT; i++)
        assert_string_equal(load(p, arena_printf(p->a, "to/%s", names[i])), names[i]);
    o = run(p, (struct ninja_run){});
    assert_int_equal(o.status, 0);
    assert_false(o.ran);
    assert_string_equal(o.out, "");
}

static void test_words_reach_the_program(void **state)
{
    struct place *p = *state;
    struct text t = {}, command = {};
    text_puts(&command, "printf '%s\\n'");
    for (size_t i = 0; i < NAME_COUNT; i++) {
        text_putc(&command, i % 2 ? '\n' : ' '); /* a line's end in a value is a space */
        ninja_shell_word(&command, names[i]);
    }
    text_putc(&command, ' ');
    ninja_shell_word(&command, "");
    text_puts(&command, " > $out");
    ninja_begin(&t);
    ninja_rule(&t, &(struct ninja_rule){.name = "say", .command = text_string(&command)});
    ninja_build(&t, &(struct ninja_build){.rule = "say", .outputs = (const char *[]){"said"}, .output_count = 1});
    ninja_default(&t, "said");
    text_dispose(&command);
    save(p, "build.ninja", &t);
    assert_int_equal(run(p, (struct ninja_run){}).status, 0);
    struct text expected = {};
    for (size_t i = 0; i < NAME_COUNT; i++)
        text_printf(&expected, "%s\n", names[i]);
    text_puts(&expected, "\n");
    assert_string_equal(load(p, "said"), text_string(&expected));
    text_dispose(&expected);
}

static void test_every_field_is_written(void **state)
{
    struct place *p = *state;
    struct text t = {};
    ninja_variable(&t, &(struct ninja_variable){"cc", "clang"});
    ninja_rule(&t, &(struct ninja_rule){.name = "r", .command = "x\ny", .description = "d", .depfile = "$out.d", .restat = true,
                                        .generator = true, .pool = "console", .rspfile = "$out.rsp", .rspfile_content = "$in"});
    ninja_build(&t, &(struct ninja_build){
        .rule = "r",
        .outputs = (const char *[]){"o 1"}, .output_count = 1,
        .implicit_outputs = (const char *[]){"o2"}, .implicit_output_count = 1,
        .inputs = (const char *[]){"i1", "i2"}, .input_count = 2,
        .implicit = (const char *[]){"h"}, .implicit_count = 1,
        .order_only = (const char *[]){"z"}, .order_only_count = 1,
        .variables = (struct ninja_variable[]){{"flags", "-DA=$$1"}}, .variable_count = 1,
    });
    assert_string_equal(text_string(&t), "cc = clang\n"
                                         "\nrule r\n  command = x $\n      y\n  description = d\n  depfile = $out.d\n  deps = gcc\n"
                                         "  restat = 1\n  generator = 1\n  pool = console\n  rspfile = $out.rsp\n"
                                         "  rspfile_content = $in\n"
                                         "\nbuild o$ 1 | o2: r i1 i2 | h || z\n  flags = -DA=$$1\n");
    text_dispose(&t);
    (void)p;
}

static void write_failing(struct place *p)
{
    struct text t = {};
    ninja_begin(&t);
    ninja_rule(&t, &(struct ninja_rule){.name = "say", .command = "echo said: $what; echo \"no newline: $what\" | tr -d '\\n'; touch $out; exit $end",
                                        .description = "SAY $what"});
    for (int i = 0; i < 3; i++)
        ninja_build(&t, &(struct ninja_build){
            .rule = "say",
            .outputs = (const char *[]){arena_printf(p->a, "o%d", i)}, .output_count = 1,
            .implicit = (const char *[]){i ? arena_printf(p->a, "o%d", i - 1) : "build.ninja"}, .implicit_count = 1,
            .variables = (struct ninja_variable[]){{"what", i == 0 ? "one" : i == 1 ? "two $$LC_ALL" : "three"},
                                                   {"end", i == 1 ? "7" : "0"}}, .variable_count = 2});
    save(p, "build.ninja", &t);
}

static void test_failure_is_passed_through(void **state)
{
    struct place *p = *state;
    write_failing(p);
    struct outcome o = run(p, (struct ninja_run){.jobs = 1});
    assert_int_not_equal(o.status, 0);
    assert_true(o.ran);
    assert_int_equal(o.edges, 2);
    assert_string_equal(o.out, "[1/3] SAY one\nsaid: one\nno newline: one\n[2/3] SAY two $LC_ALL\nfailed: SAY two $LC_ALL\n"
                               "said: two C\nno newline: two C\n");
    assert_false(file_exists("o2"));
}

static void test_quiet_says_only_what_matters(void **state)
{
    struct place *p = *state;
    write_failing(p);
    struct outcome o = run(p, (struct ninja_run){.jobs = 1, .quiet = true});
    assert_non_null(strstr(o.out, "SAY one\nsaid: one\n")); /* it said something: whose words they are */
    assert_null(strstr(o.out, "[1/3]"));
    assert_non_null(strstr(o.out, "failed: SAY two"));
    assert_null(strstr(o.out, "echo said"));
    o = run(p, (struct ninja_run){.jobs = 1, .verbose = true});
    assert_non_null(strstr(o.out, "echo said"));
}

static char *feed(struct progress p, const char *bytes, size_t piece, size_t *edges)
{
    char *out = NULL;
    size_t size, n = strlen(bytes);
    p.out = open_memstream(&out, &size);
    for (size_t i = 0; i < n; i += piece)
        progress_feed(&p, bytes + i, piece < n - i ? piece : n - i);
    progress_finish(&p);
    fclose(p.out);
    *edges = p.edges;
    return out;
}

static void test_terminal_line_overwrites_itself(void **)
{
    static const char bytes[] = "\0361 3 CC a\n\0362 3 CC b\nwarning\n\0363 3 CC c\n\033[31mFAILED: \033[0mc.o \ncc -c c\nbad\nninja: build stopped: subcommand failed.\n";
    for (size_t piece = 1; piece < sizeof bytes; piece++) {
        size_t edges;
        char *out = feed((struct progress){.terminal = true}, bytes, piece, &edges);
        assert_string_equal(out, "\r\033[K[1/3] CC a\r\033[K[2/3] CC b\nwarning\n\r\033[K[3/3] CC c\r\033[Kfailed: CC c\nbad\n");
        assert_int_equal(edges, 3);
        free(out);
    }
}

static void test_failed_generator_speaks_for_itself(void **state)
{
    struct place *p = *state;
    struct text t = {};
    ninja_begin(&t);
    ninja_rule(&t, &(struct ninja_rule){.name = "configure", .command = "echo ukc.lua:3: error: no; exit 1", .description = "CONFIGURE", .generator = true});
    ninja_build(&t, &(struct ninja_build){.rule = "configure", .outputs = (const char *[]){"build.ninja"}, .output_count = 1,
                                          .implicit = (const char *[]){"ukc.lua"}, .implicit_count = 1});
    save(p, "build.ninja", &t);
    usleep(20000);
    assert_true(file_write("ukc.lua", "new", 3, NULL, p->d));
    struct outcome o = run(p, (struct ninja_run){});
    assert_int_equal(o.status, 1);
    assert_string_equal(o.out, "[1/1] CONFIGURE\nfailed: CONFIGURE\nukc.lua:3: error: no\n");
    /* the same words from elsewhere are shown */
    size_t edges;
    char *out = feed((struct progress){}, "ninja: error: rebuilding 'build.ninja': subcommand failed\n", 1000, &edges);
    assert_string_equal(out, "ninja: error: rebuilding 'build.ninja': subcommand failed\n");
    free(out);
}

static void test_undefined_symbols_are_collected(void **)
{
    static const char bytes[] =
        "\0361 2 CC a\nld.lld-19: error: undefined symbol: of_a_command_that_did_not_fail\n"
        "\0362 2 LINK\nFAILED: x \nld.lld-19: error: undefined symbol: in_the_command\n"
        "ld.lld-19: error: undefined symbol: alpha\n>>> referenced by m.c:1 (m.c:1)\n>>>               m.o:(main)\n\n"
        "/usr/bin/ld.lld: \033[0;31merror: \033[0mundefined hidden symbol: notes.notes_main\r\n"
        "ld.lld-19: error: undefined symbol: my-site.http_1.stack_listen\n"
        "a.c:3:1: error: undefined symbol: not_the_linkers\nld.lld-19: error: undefined symbol: two words\n"
        "ld.lld-19: error: undefined symbol: \nld.lld-19: error: duplicate symbol: twice\n"
        "clang-19: error: linker command failed with exit code 1\n\0362 2 CC b\nld.lld-19: error: undefined symbol: late\n";
    for (size_t piece = 1; piece < sizeof bytes; piece += 7) {
        struct text undefined = {};
        size_t edges;
        char *out = feed((struct progress){.undefined = &undefined}, bytes, piece, &edges);
        assert_string_equal(text_string(&undefined), "alpha\nnotes.notes_main\nmy-site.http_1.stack_listen\n");
        assert_non_null(strstr(out, ">>> referenced by m.c:1"));
        text_dispose(&undefined);
        free(out);
    }
}

static void test_absent_headers_are_collected(void **)
{
    static const char bytes[] =
        "\0361 2 CC a\na.c:1:1: fatal error: 'of/one_that_did_not_fail.h' file not found\n"
        "\0362 2 CC b\nFAILED: x \ncc 'in/the_command.h' file not found\n"
        "b.c:3:10: fatal error: 'linux/if.h' file not found\n    3 | #include <linux/if.h>\n"
        "c.c:4:10: \033[0;1;31mfatal error: \033[0m'two.h' file not found\r\n"
        "d.c:4:10: error: 'three.h' file not found\nd.c:4:10: fatal error: 'four.h' is no file\n";
    for (size_t piece = 1; piece < sizeof bytes; piece += 7) {
        struct text absent = {};
        size_t edges;
        free(feed((struct progress){.absent = &absent}, bytes, piece, &edges));
        assert_string_equal(text_string(&absent), "linux/if.h\ntwo.h\n");
        text_dispose(&absent);
    }
}

/* The words of the installed lld. */
static void test_undefined_symbols_of_lld(void **state)
{
    struct place *p = *state;
    static const char source[] = "void gone(void); void op(void) __asm__(\"notes.notes_main\"); int main(void) { gone(); op(); }\n";
    for (int lto = 0; lto < 2; lto++) {
        assert_true(file_write("m.c", source, sizeof source - 1, NULL, p->d));
        struct text t = {}, undefined = {};
        ninja_begin(&t);
        ninja_rule(&t, &(struct ninja_rule){.name = "link", .command = lto ? "clang-19 -flto -fuse-ld=lld --ld-path=ld.lld-19 -o $out $in"
                                                                            : "clang-19 -g -fuse-ld=lld --ld-path=ld.lld-19 -o $out $in"});
        ninja_build(&t, &(struct ninja_build){.rule = "link", .outputs = (const char *[]){"m"}, .output_count = 1,
                                              .inputs = (const char *[]){"m.c"}, .input_count = 1});
        save(p, "build.ninja", &t);
        struct outcome o = run(p, (struct ninja_run){.undefined = &undefined});
        assert_int_not_equal(o.status, 0);
        assert_string_equal(text_string(&undefined), "gone\nnotes.notes_main\n");
        text_dispose(&undefined);
    }
}

static void test_hostile_output(void **)
{
    size_t edges;
    char *out = feed((struct progress){}, "\036\n\0361\n\036x y\nFAILED: not ours\nlast without end", 3, &edges);
    assert_string_equal(out, "\036\n\0361\n\036x y\nFAILED: not ours\nlast without end");
    assert_int_equal(edges, 0);
    free(out);
    struct text t = {};
    for (int i = 0; i < 300000; i++)
        text_putc(&t, 'x');
    out = feed((struct progress){}, text_string(&t), 1000, &edges);
    assert_string_equal(out, text_string(&t));
    free(out);
    text_dispose(&t);
    /* a description wider than the terminal is cut between characters */
    text_puts(&t, "\0361 1 ");
    for (int i = 0; i < 200; i++)
        text_puts(&t, "ü");
    text_puts(&t, "\n");
    out = feed((struct progress){.terminal = true}, text_string(&t), 1000, &edges);
    assert_int_equal(strlen(out), strlen("\r\033[K[1/1] \n") + 2 * (79 - strlen("[1/1] ")));
    free(out);
    text_dispose(&t);
}

/* Forks: the child runs a build that waits for ever, the parent sends the signal to the child alone. */
static void check_signal(struct place *p, int signal)
{
    struct text t = {};
    ninja_begin(&t);
    ninja_rule(&t, &(struct ninja_rule){.name = "wait", .command = "echo half > $out && : > started && exec sleep 60"});
    ninja_build(&t, &(struct ninja_build){.rule = "wait", .outputs = (const char *[]){"late"}, .output_count = 1});
    save(p, "build.ninja", &t);
    unlink("started");
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        sigaction(signal, &(struct sigaction){.sa_handler = SIG_DFL}, NULL); /* whoever started the test may ignore it, as nohup does */
        _exit(run(p, (struct ninja_run){}).status);
    }
    for (int i = 0; i < 1000 && !file_exists("started"); i++)
        usleep(10000);
    assert_true(file_exists("started"));
    kill(pid, signal);
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 128 + signal);
    assert_false(file_exists("late"));
}

static void test_signals_are_handed_on(void **state)
{
    check_signal(*state, SIGINT);
    check_signal(*state, SIGTERM);
    check_signal(*state, SIGHUP);
}

/* Nothing of the user's, but in what a ukc below takes. */
static void test_environment_is_that_of_actions(void **state)
{
    struct place *p = *state;
    struct text t = {};
    ninja_begin(&t);
    ninja_rule(&t, &(struct ninja_rule){.name = "env", .command = "env > $out"});
    ninja_build(&t, &(struct ninja_build){.rule = "env", .outputs = (const char *[]){"env"}, .output_count = 1});
    save(p, "build.ninja", &t);
    static const char *const hidden[] = {"CPATH", "LANG", "LC_ALL", "TZ", "SOURCE_DATE_EPOCH", "CLANG_CONFIG_FILE_SYSTEM_DIR", "LD_LIBRARY_PATH", "ANYTHING"};
    for (size_t i = 0; i < sizeof hidden / sizeof hidden[0]; i++)
        setenv(hidden[i], "/somewhere", 1);
    assert_int_equal(run(p, (struct ninja_run){}).status, 0);
    for (size_t i = 0; i < sizeof hidden / sizeof hidden[0]; i++)
        unsetenv(hidden[i]);
    const char *said = load(p, "env");
    assert_null(strstr(said, "/somewhere"));
    assert_null(strstr(said, "HOME="));
    assert_non_null(strstr(said, "LC_ALL=C\n"));
    assert_non_null(strstr(said, "PATH="));
    assert_non_null(strstr(said, "UKC_ENVIRONMENT="));
}

static void test_environment_is_handed_over(void **)
{
    struct arena *a = arena_create();
    setenv("UKC_KEPT", "a value\nof two lines", 1);
    setenv("CPATH", "/somewhere", 1);
    int fd = environment_hand_over();
    assert_true(fd > 2);
    const char *before = getenv("HOME");
    before = arena_strdup(a, before ? before : "");
    unsetenv("UKC_KEPT");
    setenv("LC_ALL", "C", 1);
    setenv("HOME", "/elsewhere/still", 1);
    putenv((char *)environment_handed(a, fd));
    environment_settle();
    assert_string_equal(getenv("UKC_KEPT"), "a value\nof two lines");
    assert_string_equal(getenv("HOME"), before);
    assert_null(getenv("LC_ALL"));
    assert_null(getenv("CPATH"));
    assert_null(getenv("UKC_ENVIRONMENT"));
    unsetenv("UKC_KEPT");
    /* what is none of ours changes nothing */
    setenv("UKC_ENVIRONMENT", "0", 1);
    environment_settle();
    assert_string_equal(getenv("HOME"), before);
    assert_null(getenv("UKC_ENVIRONMENT"));
    arena_destroy(a);
}

static void test_dependencies_are_escaped(void **)
{
    struct text t = {};
    ninja_escape_dependency(&t, "a b#c\\d$e:f");
    assert_string_equal(text_string(&t), "a\\ b\\#c\\\\d$$e:f");
    text_dispose(&t);
}

static void test_no_ninja(void **state)
{
    struct place *p = *state;
    setenv("NINJA", "/nonexistent/ninja", 1);
    struct outcome o = run(p, (struct ninja_run){});
    unsetenv("NINJA");
    assert_int_equal(o.status, -1);
    assert_int_equal(diag_status(p->d), DIAG_OUTSIDE);
}

static void test_ninjas_own_error_is_shown(void **state)
{
    struct place *p = *state;
    struct outcome o = run(p, (struct ninja_run){});
    assert_int_not_equal(o.status, 0);
    assert_non_null(strstr(o.out, "ninja: error: loading 'build.ninja'"));
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, enter, leave)
    setenv("HOME", "/elsewhere", 1);
    const struct CMUnitTest tests[] = {
        TEST(test_paths_arrive), TEST(test_words_reach_the_program), TEST(test_every_field_is_written),
        TEST(test_failure_is_passed_through), TEST(test_quiet_says_only_what_matters),
        cmocka_unit_test(test_terminal_line_overwrites_itself), cmocka_unit_test(test_hostile_output),
        TEST(test_failed_generator_speaks_for_itself), cmocka_unit_test(test_undefined_symbols_are_collected),
        cmocka_unit_test(test_absent_headers_are_collected),
        TEST(test_undefined_symbols_of_lld), TEST(test_signals_are_handed_on), TEST(test_environment_is_that_of_actions), cmocka_unit_test(test_environment_is_handed_over), cmocka_unit_test(test_dependencies_are_escaped), TEST(test_no_ninja),
        TEST(test_ninjas_own_error_is_shown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
