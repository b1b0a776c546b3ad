/*
 * run.c - ukc run: a posix image as a process, in its own place; run_kvm.c and run_xen.c have the machines.
 */
#include "run.h"
#include "../base/file.h"
#include "../base/process.h"
#include "../build/build.h"
#include "../image/sealed.h"
#include "../project/guard.h"
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
    argv[0] = arena_strdup(p->a, image->runs ? image->runs : image->path);
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

const char *run_program(struct project *p, const char *program, const char *package)
{
    const char *found = process_find(p->a, program);
    if (found || given(p->i, OPTION_dry_run))
        return found ? found : program;
    diag_fail(p->d, DIAG_OUTSIDE, SPAN_NONE, "%s is not in PATH", program);
    diag_help(p->d, "on Debian: apt-get install %s", package);
    return NULL;
}

bool run_check_options(struct project *p)
{
    static const struct {
        enum option_id option;
        bool on_xen, in_qemu; /* for a Xen domain; for one that is in QEMU */
    } machines[] = {
        {OPTION_machine}, {OPTION_accelerator}, {OPTION_block, true, true}, {OPTION_memory, true, true}, {OPTION_with, true}, {OPTION_json_config, true},
        {OPTION_publish, .in_qemu = true}, {OPTION_tap, .in_qemu = true},
    };
    enum target target = p->configuration.target;
    bool in_qemu = given(p->i, OPTION_in_qemu);
    if (in_qemu && target != TARGET_xen)
        return diag_fail(p->d, DIAG_USAGE, SPAN_NONE, "--in-qemu is for target xen: a %s image needs no Xen", target_names[target]);
    for (size_t k = 0; target != TARGET_kvm && k < sizeof machines / sizeof machines[0]; k++) {
        const char *name = options[machines[k].option].name;
        if (!given(p->i, machines[k].option) || (target == TARGET_xen && (in_qemu ? machines[k].in_qemu : machines[k].on_xen)))
            continue;
        if (target == TARGET_posix) {
            diag_fail(p->d, DIAG_USAGE, SPAN_NONE, "--%s is for target kvm: a process has no machine", name);
            return diag_help(p->d, machines[k].option == OPTION_publish ? "it listens on this host by itself, where its key of the port says: 'ukc run -- --help'"
                                                                        : "ukc configure --target kvm");
        }
        if (machines[k].on_xen)
            return diag_fail(p->d, DIAG_USAGE, SPAN_NONE, "--%s is for a domain on a Xen host: leave out --in-qemu, which runs the image here", name);
        if (!machines[k].in_qemu || in_qemu)
            return diag_fail(p->d, DIAG_USAGE, SPAN_NONE, "--%s is for target kvm: a Xen domain%s has none of it", name, in_qemu ? " in QEMU" : "");
        diag_fail(p->d, DIAG_USAGE, SPAN_NONE, "--%s needs --in-qemu on target xen: on a Xen host its own bridge leads to the domain", name);
        return diag_help(p->d, "without it the domain has an interface on the host's default bridge");
    }
    return true;
}

/* Sealed, and of the image that was built; false after reporting. */
static bool take_sealed(struct project *p, const char *file, struct image *image)
{
    struct hash of, built;
    bool sealed;
    if (!sealed_image(p->a, file, &sealed, &of, p->d))
        return false;
    image->runs = file;
    if (sealed && hash_parse(image->sha256, &built) && hash_equal(&of, &built))
        return true;
    diag_error(p->d, SPAN_NONE, sealed ? "'%s' was sealed from another image than '%s'" : "'%s' has no secrets: it was not made by ukc seal", file, image->path);
    return diag_help(p->d, "ukc seal %s --secret NAME=FILE -o %s", image->path, file);
}

int command_run(struct invocation *i)
{
    const char *sealed = given(i, OPTION_sealed) ? path_absolute(i->arena, i->value[OPTION_sealed]) : NULL; /* before the project's directory is entered */
    struct project p;
    struct image image;
    int status = 0;
    if (!project_open(&p, i, i->argument_count ? i->arguments[0] : NULL, true) || !run_check_options(&p))
        return (int)diag_status(i->diag);
    if (!build_image(&p, true, &image, &status))
        return status;
    if (sealed && !take_sealed(&p, sealed, &image))
        return (int)diag_status(i->diag);
    switch (p.configuration.target) {
    case TARGET_kvm: return run_kvm(&p, &image);
    case TARGET_xen: return run_xen(&p, &image);
    default: return execute(&p, &image);
    }
}
