/*
 * run_kvm.c - ukc run for kvm: the image in a hypervisor, or the configuration that the hypervisor needs.
 *
 * A virtual machine has no exit status.  QEMU's isa-debug-exit device makes one of a byte that the image
 * writes to port 0xf4: 2 * byte + 1.  The image writes 16 + its status (targets/pvh/machine_kvm.c), so that a
 * failure of QEMU itself (1) and a machine that went away without a word (0) are not taken for the image's.
 * Firecracker and cloud-hypervisor have no such device: their own status is all there is.
 */
#include "hypervisor.h"
#include "run.h"
#include "../base/process.h"
#include "../project/guard.h"
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { EXIT_FIRST = 16, EXIT_CODE_FIRST = 2 * EXIT_FIRST + 1 };

static const char *const names[] = {"qemu", "firecracker", "cloud-hypervisor", "libvirt"}; /* the words of --with */
enum { HYPERVISORS = sizeof names / sizeof names[0] };

static bool choose_hypervisor(struct project *p, enum hypervisor *with)
{
    const char *word = p->i->value[OPTION_with];
    *with = HYPERVISOR_qemu;
    for (size_t k = 0; k < HYPERVISORS; k++)
        if (string_equal(names[k], word))
            *with = (enum hypervisor)k;
    if (*with == HYPERVISOR_libvirt && !given(p->i, OPTION_json_config)) {
        diag_fail(p->d, DIAG_USAGE, SPAN_NONE, "libvirt is given the machine's description: ukc does not run it");
        return diag_help(p->d, "ukc run --with libvirt --json-config >domain.xml && virsh create domain.xml");
    }
    if (*with != HYPERVISOR_qemu && *with != HYPERVISOR_libvirt && (given(p->i, OPTION_machine) || given(p->i, OPTION_accelerator)))
        return diag_fail(p->d, DIAG_USAGE, SPAN_NONE, "--machine and --accelerator are for QEMU: %s has one machine, and needs KVM", names[*with]);
    return true;
}

/* Firecracker and cloud-hypervisor have no network of their own: cards without a device of this host are left out. */
static size_t card_count(const struct guest *g, bool taps_only)
{
    size_t n = 0;
    for (size_t k = 0; k < g->cards.count; k++)
        n += !taps_only || g->cards.items[k].tap;
    return n;
}

/* ---- configurations ---- */

static const char *machine_word(struct project *p)
{
    const char *machine = p->i->value[OPTION_machine];
    return machine ? machine : "q35";
}

static void print_json(struct json *j)
{
    printf("%s\n", text_string(&j->out));
    text_dispose(&j->out);
}

/* What libvirt cannot do is an error where it is meant, else a reason to leave it out. */
static bool libvirt_fits(struct project *p, bool meant)
{
    static const char why[] = "libvirt gives devices PCI addresses, and microvm has no PCI";
    if (!string_equal(machine_word(p), "microvm"))
        return true;
    if (!meant)
        return diag_warning(p->d, SPAN_NONE, "there is no configuration for libvirt: %s", why);
    diag_fail(p->d, DIAG_USAGE, SPAN_NONE, "%s", why);
    return diag_help(p->d, "without --machine it is a q35");
}

/* Of one hypervisor as it takes it, or of all as one object. */
static int print_configuration(struct project *p, enum hypervisor with, const struct guest *g)
{
    struct json j = {};
    struct text xml = {};
    bool all = !given(p->i, OPTION_with);
    if (with == HYPERVISOR_qemu && !all) {
        diag_fail(p->d, DIAG_USAGE, SPAN_NONE, "QEMU has no such configuration: its command is its configuration");
        diag_help(p->d, "ukc run --dry-run prints it");
        return DIAG_USAGE;
    }
    if ((with == HYPERVISOR_firecracker || with == HYPERVISOR_cloud_hypervisor) && !microvm_check(p, with, g))
        return (int)diag_status(p->d);
    if (with == HYPERVISOR_libvirt && !libvirt_fits(p, true))
        return (int)diag_status(p->d);
    if (!guest_fits_text(p, g))
        return (int)diag_status(p->d);
    guest_complete(p, g, card_count(g, with != HYPERVISOR_libvirt), false);
    guest_check_ports(p, g);
    libvirt_xml(p, g, string_equal(p->i->value[OPTION_accelerator], "tcg"), machine_word(p), &xml);
    if (with == HYPERVISOR_libvirt) {
        fputs(text_string(&xml), stdout);
    } else if (with == HYPERVISOR_firecracker) {
        firecracker_json(p, g, &j);
        print_json(&j);
    } else if (with == HYPERVISOR_cloud_hypervisor) {
        cloud_hypervisor_json(p, g, &j);
        print_json(&j);
    } else {
        json_object(&j);
        if (microvm_fits(p, HYPERVISOR_firecracker, g)) {
            json_key(&j, names[HYPERVISOR_firecracker]);
            firecracker_json(p, g, &j);
        }
        if (microvm_fits(p, HYPERVISOR_cloud_hypervisor, g)) {
            json_key(&j, names[HYPERVISOR_cloud_hypervisor]);
            cloud_hypervisor_json(p, g, &j);
        }
        if (libvirt_fits(p, false))
            json_field(&j, names[HYPERVISOR_libvirt], text_string(&xml));
        json_end_object(&j);
        print_json(&j);
    }
    text_dispose(&xml);
    return 0;
}

/* ---- running ---- */

static int stopped_by_user(const struct watch_end *end)
{
    fprintf(stderr, end->second ? "ukc: a second signal has stopped the machine, before it ended by itself\n"
                                : "ukc: the machine did not end when it was asked to, and was stopped\n");
    return 128 + end->asked;
}

int run_image_status(int code)
{
    return code >= EXIT_CODE_FIRST && code % 2 == 1 ? code / 2 - EXIT_FIRST : -1;
}

int run_status(struct project *p, const char *name, const struct watch_end *end)
{
    bool qemu = string_equal(name, "qemu");
    if (end->halt) {
        diag_fail(p->d, DIAG_OUTSIDE, SPAN_NONE, "%s has stopped the machine: %s", name, end->halt);
        return DIAG_OUTSIDE;
    }
    int code = WIFEXITED(end->status) ? WEXITSTATUS(end->status) : -1;
    if (qemu && run_image_status(code) >= 0)
        return run_image_status(code);
    if (end->killed)
        return stopped_by_user(end);
    if (code < 0) {
        int number = WTERMSIG(end->status);
        if (!end->asked)
            diag_fail(p->d, DIAG_OUTSIDE, SPAN_NONE, "%s was ended by signal %d (%s)", name, number, strsignal(number));
        return 128 + number;
    }
    if (end->asked && code == 0)
        return 128 + end->asked;
    if (!qemu && code == 0)
        return 0;
    if (code == 0)
        diag_fail(p->d, DIAG_OUTSIDE, SPAN_NONE, "the machine was switched off or reset, and the image has left no status");
    else
        diag_fail(p->d, DIAG_OUTSIDE, SPAN_NONE, "%s failed with status %d", name, code);
    return DIAG_OUTSIDE;
}

static bool microvm_prepare(struct project *p, enum hypervisor with, const struct guest *g, const char **control, bool dry, word_list *argv)
{
    const char *found = process_find(p->a, names[with]), *program = found || !dry ? found : names[with];
    if (!program) {
        diag_fail(p->d, DIAG_OUTSIDE, SPAN_NONE, "%s is not in PATH", names[with]);
        return diag_help(p->d, "without --with the image runs in QEMU; ukc run --with %s --json-config prints a configuration for elsewhere", names[with]);
    }
    *control = with == HYPERVISOR_cloud_hypervisor ? watch_socket(p, g, "api") : NULL;
    return microvm_check(p, with, g) && microvm_command(p, with, g, program, *control, dry, argv);
}

static int execute(struct project *p, enum hypervisor with, const struct guest *g, const char *const *argv, const char *control)
{
    struct tap_made *made;
    struct watch_end end;
    enum control kind = with == HYPERVISOR_qemu ? CONTROL_QMP : with == HYPERVISOR_cloud_hypervisor ? CONTROL_HTTP : CONTROL_NONE;
    if (!tap_prepare(p, g, &made))
        return (int)diag_status(p->d);
    diag_print(p->d, stderr, DIAG_TEXT); /* warnings, before the image speaks */
    guard_leave();
    bool ran = watch_run(argv, kind, control, WATCH_PATIENCE_MS, &end, p->d);
    tap_finish(made);
    if (control)
        unlink(control);
    return ran ? run_status(p, names[with], &end) : (int)diag_status(p->d);
}

int run_kvm(struct project *p, const struct image *image)
{
    struct invocation *i = p->i;
    bool dry = given(i, OPTION_dry_run);
    enum hypervisor with;
    struct guest guest;
    struct qemu_options qemu;
    word_list argv = {};
    const char *control = NULL;
    if (!choose_hypervisor(p, &with) || !guest_make(p, image, &guest))
        return (int)diag_status(p->d);
    if (given(i, OPTION_json_config))
        return print_configuration(p, with, &guest);
    bool good;
    if (with == HYPERVISOR_qemu) {
        good = qemu_options_read(p, &qemu);
        if (good) {
            qemu.control = control = watch_socket(p, &guest, "qmp");
            qemu.crash = arena_printf(p->a, "%s.crash", control);
            good = qemu_command(p, &guest, &qemu, &argv);
        }
    } else {
        good = microvm_prepare(p, with, &guest, &control, dry, &argv);
    }
    size_t cards = card_count(&guest, with != HYPERVISOR_qemu);
    if (!good || !guest_complete(p, &guest, cards, !dry) || (!dry && !host_check(p, &guest)))
        return (int)diag_status(p->d);
    guest_check_ports(p, &guest);
    if (dry || !given(i, OPTION_quiet))
        run_print(argv.items, dry ? stdout : stderr);
    if (dry)
        return 0;
    if (with == HYPERVISOR_qemu && !given(i, OPTION_quiet))
        guest_tell_ports(p, &guest);
    int status = execute(p, with, &guest, argv.items, control);
    if (with == HYPERVISOR_qemu) {
        crash_explain(p, image->path, qemu.crash);
        unlink(qemu.crash);
    }
    return status;
}
