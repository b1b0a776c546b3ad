/*
 * run_kvm.c - ukc run for kvm: the image in QEMU.
 *
 * A virtual machine has no exit status.  QEMU's isa-debug-exit device makes one of a byte that the image
 * writes to port 0xf4: 2 * byte + 1.  The image writes 16 + its status (targets/pvh/machine_kvm.c), so that a
 * failure of QEMU itself (1) and a machine that went away without a word (0) are not taken for the image's.
 */
#include "run.h"
#include "guard.h"
#include "../base/process.h"
#include <errno.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

enum { EXIT_FIRST = 16, EXIT_CODE_FIRST = 2 * EXIT_FIRST + 1 };

typedef VEC(const char *) word_list;

/* "64M", "1100K", "1G": what QEMU's -m takes, and nothing else. */
static const char *memory_of(struct invocation *i)
{
    const char *memory = i->value[OPTION_memory];
    if (!memory)
        return "64M";
    size_t digits = strspn(memory, "0123456789");
    if (digits > 0 && digits < 8 && (memory[digits] == 'K' || memory[digits] == 'M' || memory[digits] == 'G') && !memory[digits + 1])
        return memory;
    diag_fail(i->diag, DIAG_USAGE, SPAN_NONE, "--memory is a number with K, M or G, not '%s'", memory);
    return NULL;
}

static const char *one_of(struct invocation *i, enum option_id option, const char *first, const char *second)
{
    const char *value = i->value[option];
    if (!value || string_equal(value, first))
        return first;
    if (string_equal(value, second))
        return second;
    diag_fail(i->diag, DIAG_USAGE, SPAN_NONE, "--%s is %s or %s, not '%s'", options[option].name, first, second, value);
    return NULL;
}

/* The image splits its command line at blanks outside double quotes (targets/pvh/start.c). */
static const char *command_line(struct invocation *i)
{
    struct text line = {};
    bool good = true;
    for (size_t k = 0; k < i->passed_count; k++) {
        const char *word = i->passed[k];
        if (strpbrk(word, "\"\n"))
            good = diag_fail(i->diag, DIAG_USAGE, SPAN_NONE, "an argument of a kvm image cannot hold double quotes or line ends");
        bool quote = !*word || strpbrk(word, " \t");
        text_printf(&line, "%s%s%s%s", k ? " " : "", quote ? "\"" : "", word, quote ? "\"" : "");
    }
    const char *kept = text_keep(&line, i->arena);
    text_dispose(&line);
    return good ? kept : NULL;
}

static bool make_command(struct invocation *i, const struct image *image, const char *program, word_list *argv)
{
    const char *machine = one_of(i, OPTION_machine, "q35", "microvm"), *accelerator = one_of(i, OPTION_accelerator, "tcg", "kvm");
    const char *memory = memory_of(i), *arguments = command_line(i);
    if (!machine || !accelerator || !memory || !arguments)
        return false;
    const char *const words[] = {
        program, "-M", machine, "-accel", accelerator, "-cpu", "max", "-smp", "1", "-m", memory,
        "-nodefaults", "-no-user-config", "-display", "none", "-no-reboot", "-serial", "stdio",
        "-device", "isa-debug-exit,iobase=0xf4,iosize=4", "-kernel", image->path,
    };
    for (size_t k = 0; k < sizeof words / sizeof words[0]; k++)
        *vec_add(i->arena, argv) = words[k];
    if (*arguments) {
        *vec_add(i->arena, argv) = "-append";
        *vec_add(i->arena, argv) = arguments;
    }
    *vec_add(i->arena, argv) = NULL;
    return true;
}

static int wait_for(pid_t child, struct diag *d)
{
    int status;
    while (waitpid(child, &status, 0) < 0)
        if (errno != EINTR) {
            diag_fail(d, DIAG_OUTSIDE, SPAN_NONE, "cannot wait for QEMU: %s", strerror(errno));
            return DIAG_OUTSIDE;
        }
    if (WIFSIGNALED(status))
        return 128 + WTERMSIG(status);
    int code = WEXITSTATUS(status);
    if (code >= EXIT_CODE_FIRST && code % 2 == 1)
        return code / 2 - EXIT_FIRST;
    if (code == 0)
        diag_fail(d, DIAG_OUTSIDE, SPAN_NONE, "the machine was switched off or reset, and the image has left no status");
    else
        diag_fail(d, DIAG_OUTSIDE, SPAN_NONE, "QEMU failed with status %d", code);
    return DIAG_OUTSIDE;
}

/* QEMU has the terminal, and gets the terminal's signals itself; those that only this process gets are handed on. */
static pid_t child;

static void hand_on(int number)
{
    kill(child, number);
}

static int execute(struct invocation *i, const char *const *argv)
{
    static const int signals[] = {SIGINT, SIGTERM, SIGHUP};
    sigset_t mask, old;
    fflush(NULL);
    sigemptyset(&mask);
    for (size_t k = 0; k < sizeof signals / sizeof signals[0]; k++)
        sigaddset(&mask, signals[k]);
    sigprocmask(SIG_BLOCK, &mask, &old);
    posix_spawnattr_t attributes;
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
    posix_spawnattr_setsigmask(&attributes, &old);
    int error = posix_spawn(&child, argv[0], NULL, &attributes, (char *const *)argv, environ);
    posix_spawnattr_destroy(&attributes);
    if (!error)
        for (size_t k = 0; k < sizeof signals / sizeof signals[0]; k++)
            signal(signals[k], hand_on);
    sigprocmask(SIG_SETMASK, &old, NULL);
    if (!error)
        return wait_for(child, i->diag);
    diag_fail(i->diag, DIAG_OUTSIDE, SPAN_NONE, "cannot run '%s': %s", argv[0], strerror(error));
    return DIAG_OUTSIDE;
}

int run_kvm(struct project *p, const struct image *image)
{
    struct invocation *i = p->i;
    word_list argv = {};
    char *found = process_find("qemu-system-x86_64");
    const char *program = found ? arena_strdup(p->a, found) : NULL;
    free(found);
    if (!program) {
        diag_fail(i->diag, DIAG_OUTSIDE, SPAN_NONE, "qemu-system-x86_64 is not in PATH");
        diag_help(i->diag, "on Debian: apt-get install qemu-system-x86");
        return DIAG_OUTSIDE;
    }
    if (!make_command(i, image, program, &argv))
        return (int)diag_status(i->diag);
    if (given(i, OPTION_dry_run) || !given(i, OPTION_quiet))
        run_print(argv.items, given(i, OPTION_dry_run) ? stdout : stderr);
    if (given(i, OPTION_dry_run))
        return 0;
    guard_leave();
    return execute(i, argv.items);
}
