/*
 * run.c - ukc run: a posix image as a process, in its own place; run_kvm.c and run_xen.c have the machines.
 */
#include "build.h"
#include "run.h"
#include "guard.h"
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

void run_print(const char *const *argv, FILE *out)
{
    struct text line = {};
    for (size_t k = 0; argv[k]; k++) {
        if (k)
            text_putc(&line, ' ');
        text_shell_word(&line, argv[k]);
    }
    fprintf(out, "%s\n", text_string(&line));
    fflush(out);
    text_dispose(&line);
}

/* Replaces this process: signals and the exit status are the program's own. */
static int execute(struct project *p, const struct image *image)
{
    struct invocation *i = p->i;
    char **argv = arena_array(p->a, char *, i->passed_count + 2);
    argv[0] = arena_strdup(p->a, image->path);
    for (size_t k = 0; k < i->passed_count; k++)
        argv[k + 1] = arena_strdup(p->a, i->passed[k]);
    if (given(i, OPTION_verbose) || given(i, OPTION_dry_run))
        run_print((const char *const *)argv, given(i, OPTION_dry_run) ? stdout : stderr);
    if (given(i, OPTION_dry_run))
        return 0;
    fflush(NULL);
    signal(SIGPIPE, SIG_DFL);
    guard_leave();
    execv(argv[0], argv);
    diag_fail(i->diag, DIAG_OUTSIDE, SPAN_NONE, "cannot run '%s': %s", argv[0], strerror(errno));
    return DIAG_OUTSIDE;
}

bool run_check_options(struct project *p)
{
    static const enum option_id machines[] = {OPTION_machine,  OPTION_memory, OPTION_accelerator, OPTION_with, OPTION_publish,
                                              OPTION_tap,      OPTION_block,  OPTION_json_config};
    enum target target = p->configuration.target;
    for (size_t k = 0; target != TARGET_kvm && k < sizeof machines / sizeof machines[0]; k++) {
        if (!given(p->i, machines[k]) || (target == TARGET_xen && (machines[k] == OPTION_memory || machines[k] == OPTION_block)))
            continue;
        const char *why = target == TARGET_posix ? "a process has no machine" : "a Xen domain has none of it yet";
        return diag_fail(p->d, DIAG_USAGE, SPAN_NONE, "--%s is for target kvm: %s", options[machines[k]].name, why);
    }
    return true;
}

int command_run(struct invocation *i)
{
    struct project p;
    struct image image;
    int status = 0;
    if (!project_open(&p, i, i->argument_count ? i->arguments[0] : NULL, true) || !run_check_options(&p))
        return (int)diag_status(i->diag);
    if (!build_image(&p, true, &image, &status))
        return status;
    switch (p.configuration.target) {
    case TARGET_kvm: return run_kvm(&p, &image);
    case TARGET_xen: return run_xen(&p, &image);
    default: return execute(&p, &image);
    }
}
