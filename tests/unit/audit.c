/*
 * audit.c - what programs do is in the log: what they read, run, look for; what is refused is refused.
 */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <errno.h>
#include <linux/sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "../../ukc/base/arena.h"
#include "../../ukc/base/audit.h"
#include "../../ukc/base/file.h"

struct start {
    const char *command;
    int status;
};

/* As Ninja starts its commands: the shell, in a group of its own. */
static void start(void *context)
{
    struct start *s = context;
    pid_t pid = fork();
    if (pid == 0) {
        setpgid(0, 0);
        execl("/bin/sh", "/bin/sh", "-c", s->command, (char *)NULL);
        _exit(127);
    }
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    s->status = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static bool not_the_secret(void *, const char *path)
{
    return !strstr(path, "secret");
}

/* The log of one command, or NULL: this system does not let it be watched. */
static const char *watch(struct arena *a, const char *command, int status, bool refuse)
{
    const char *why = NULL;
    struct audit *audit = audit_begin(&(struct audit_options){.log = "log", .allowed = refuse ? not_the_secret : NULL}, &why);
    if (!audit) {
        print_message("not tried: %s\n", why);
        assert_non_null(why);
        return NULL;
    }
    struct start s = {.command = command};
    audit_call(audit, start, &s);
    assert_true(audit_end(audit));
    assert_int_equal(s.status, status);
    struct diag *d = diag_create();
    const struct source *log = file_read(a, "log", SPAN_NONE, 0, d);
    diag_destroy(d);
    assert_non_null(log);
    return log->bytes;
}

static bool has(const char *log, const char *kind, const char *what)
{
    for (const char *line = log; *line; line += strcspn(line, "\n") + 1) {
        size_t n = strlen(kind), digits = strncmp(line, kind, n) == 0 && line[n] == ' ' ? strspn(line + n + 1, "0123456789") : 0;
        const char *rest = line + n + 1 + digits;
        if (digits && *rest == ' ' && strncmp(rest + 1, what, strlen(what)) == 0 && rest[1 + strlen(what)] == '\n')
            return true;
    }
    return false;
}

static void put(const char *name, const char *text)
{
    FILE *f = fopen(name, "w");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
}

static int enter(void **state)
{
    char directory[] = "/tmp/ukc-audit-XXXXXX";
    *state = arena_create();
    assert_non_null(mkdtemp(directory));
    assert_int_equal(chdir(directory), 0);
    put("in the tree", "1\n");
    put("secret", "2\n");
    return 0;
}

static int leave(void **state)
{
    char directory[4096];
    struct diag *d = diag_create();
    assert_non_null(getcwd(directory, sizeof directory));
    assert_int_equal(chdir("/"), 0);
    file_remove_tree(directory, d);
    diag_destroy(d);
    arena_destroy(*state);
    return 0;
}

static void reads_are_noted(void **state)
{
    const char *log = watch(*state, "cat 'in the tree' ./secret /etc/passwd nowhere.h 2>/dev/null; echo x >made; cat made; cd /usr && cat ../etc/group", 0, false);
    if (!log)
        return;
    assert_true(has(log, "read", "in the tree"));
    assert_true(has(log, "read", "secret"));
    assert_true(has(log, "read", "/etc/passwd"));
    assert_true(has(log, "read", "/etc/group"));
    assert_true(has(log, "absent", "nowhere.h"));
    assert_true(has(log, "run", "/bin/sh"));
    assert_false(has(log, "read", "made"));
    assert_false(has(log, "read", "/dev/null"));
    assert_non_null(strstr(log, " cat 'in the tree' ./secret"));
}

/* A directory opened before, another process, another group, what a script's first line starts. */
static void ways_around_are_seen(void **state)
{
    put("script", "#!/bin/sh\ncat 'in the tree'\n");
    chmod("script", 0755);
    const char *log = watch(*state, "(setsid cat /etc/passwd; cd / ; ( cat etc/group ) | cat ); ./script", 0, false);
    if (!log)
        return;
    assert_true(has(log, "read", "/etc/passwd"));
    assert_true(has(log, "read", "/etc/group"));
    assert_true(has(log, "run", "script"));
    assert_true(has(log, "read", "in the tree"));
}

static void what_is_not_allowed_is_refused(void **state)
{
    const char *log = watch(*state, "cat 'in the tree' && ! cat secret 2>/dev/null", 0, true);
    if (log)
        assert_true(has(log, "read", "secret"));
}

static void hostile_names(void **state)
{
    put("two\nlines\\", "3\n");
    const char *log = watch(*state, "cat 'two\nlines\\'", 0, false);
    if (log)
        assert_true(has(log, "read", "two\\nlines\\\\"));
}

/* One watches; the next says why it cannot. */
static void nested(void *context)
{
    const char *why = NULL;
    struct audit *inner = audit_begin(&(struct audit_options){.log = "inner"}, &why);
    assert_null(inner);
    assert_string_equal(why, "a program above ukc watches already");
    *(bool *)context = true;
}

static void only_one_watches(void **)
{
    const char *why;
    bool called = false;
    struct audit *audit = audit_begin(&(struct audit_options){.log = "log"}, &why);
    if (!audit)
        return;
    audit_call(audit, nested, &called);
    assert_true(called);
    assert_true(audit_end(audit));
    assert_null(audit_begin(&(struct audit_options){.log = "no/directory"}, &why));
    assert_string_equal(why, "its log cannot be written");
}

static void look(void *)
{
    int nothing = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (nothing >= 0)
        close(nothing);
}

/* The last question of a call is answered right before the one that ends the watch: which is which is no race. */
static void ends_right_after_a_question(void **)
{
    const char *why;
    for (int i = 0; i < 200; i++) {
        struct audit *audit = audit_begin(&(struct audit_options){.log = "log"}, &why);
        if (!audit)
            return;
        audit_call(audit, look, NULL);
        assert_true(audit_end(audit));
    }
}

/* A project may come with anything in the place of the log. */
static void log_in_another_place(void **state)
{
    char text[16] = "";
    assert_int_equal(symlink("secret", "log"), 0);
    watch(*state, "cat 'in the tree'", 0, false);
    FILE *f = fopen("secret", "r");
    assert_non_null(f);
    assert_non_null(fgets(text, sizeof text, f));
    fclose(f);
    assert_string_equal(text, "2\n");
    assert_int_equal(unlink("log"), 0);
    assert_int_equal(mkfifo("log", 0666), 0);
    const char *log = watch(*state, "cat 'in the tree'", 0, false);
    assert_true(!log || has(log, "read", "in the tree"));
}

/* ---- actions of actions, and pids that come again ---- */

static char self[4096];

/* What an action's ukc starts in a group of its own is an action as well; what it reads itself is not seen. */
static int be_ukc(void)
{
    pid_t pid = fork();
    FILE *f = fopen("in the tree", "r");
    if (pid == 0) {
        setpgid(0, 0);
        execl("/bin/sh", "/bin/sh", "-c", "cat secret", (char *)NULL);
        _exit(127);
    }
    if (f)
        fclose(f);
    int status;
    return waitpid(pid, &status, 0) == pid && status == 0 ? 0 : 1;
}

static void actions_of_an_action(void **state)
{
    char command[5000];
    snprintf(command, sizeof command, "%s ukc", self);
    const char *alone = watch(*state, command, 0, false);
    snprintf(command, sizeof command, "%s ukc; true", self); /* the shell stays beside it */
    const char *beside = watch(*state, command, 0, false);
    for (int i = 0; i < 2 && alone; i++) {
        const char *log = i ? beside : alone;
        assert_true(has(log, "action", "cat secret"));
        assert_true(has(log, "read", "secret"));
        assert_false(has(log, "read", "in the tree"));
    }
}

/* A command with this very pid; false: it cannot be had. */
static bool run_as(pid_t pid, const char *command, bool leads)
{
    struct clone_args how = {.exit_signal = SIGCHLD, .set_tid = (uintptr_t)&pid, .set_tid_size = 1};
    long made = syscall(SYS_clone3, &how, sizeof how);
    if (made == 0) {
        if (leads)
            setpgid(0, 0);
        execl("/bin/sh", "/bin/sh", "-c", command, (char *)NULL);
        _exit(127);
    }
    int status;
    return made == pid && waitpid(pid, &status, 0) == pid && status == 0;
}

/* A number that was free a moment ago. */
static void start_again(void *context)
{
    pid_t pid = fork();
    if (pid == 0)
        _exit(0);
    int status;
    waitpid(pid, &status, 0);
    *(bool *)context = run_as(pid, "cat secret", true) && run_as(pid, "cat ./secret 'in the tree'", true);
}

static void pids_come_again(void **state)
{
    const char *why;
    bool good = false;
    struct audit *audit = audit_begin(&(struct audit_options){.log = "log"}, &why);
    if (!audit)
        return;
    audit_call(audit, start_again, &good);
    assert_true(audit_end(audit));
    if (!good) {
        print_message("not tried: only root chooses pids\n");
        return;
    }
    struct diag *d = diag_create();
    const struct source *log = file_read(*state, "log", SPAN_NONE, 0, d);
    diag_destroy(d);
    assert_non_null(log);
    const char *second = strstr(log->bytes, "'in the tree'");
    assert_non_null(second);
    assert_true(has(log->bytes, "read", "secret"));
    assert_true(has(strchr(second, '\n') + 1, "read", "secret")); /* each action's own */
}

int main(int argc, char **)
{
    if (argc > 1)
        return be_ukc();
    ssize_t length = readlink("/proc/self/exe", self, sizeof self - 1);
    if (length > 0)
        self[length] = 0;
#define TEST(f) cmocka_unit_test_setup_teardown(f, enter, leave)
    const struct CMUnitTest tests[] = {
        TEST(reads_are_noted), TEST(ways_around_are_seen), TEST(what_is_not_allowed_is_refused), TEST(hostile_names), TEST(log_in_another_place), TEST(only_one_watches), TEST(ends_right_after_a_question), TEST(actions_of_an_action), TEST(pids_come_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
