/*
 * run_in_qemu.c - ukc run --in-qemu: the image as a domain of a real Xen, with a small Debian as its dom0, all of it in QEMU.
 *
 * targets/xen/in-qemu has the parts: `assemble` puts Xen and dom0 together once, from packages; `run` is what dom0 does.  It is given
 * the image and xl's file as disks, as well as the domain's own, has the domain's console on the machine's second serial line, which is our terminal, and leaves
 * the status as a kvm image does.  The first line, with what Xen and dom0 say, goes to a file; a crash report too, since Xen listens at its port.  The processor is one that Xen's
 * hardware domains start on in emulation: SVM with nested paging, and no SMAP.
 */
#include "hypervisor.h"
#include "run.h"
#include "../base/file.h"
#include "../base/process.h"
#include "../project/guard.h"
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <unistd.h>

/* Xen, its dom0 and what a domain takes beside its own; once it is asked to end, dom0 has more to do than a machine has. */
enum { MEMORY_DOM0 = 256, MEMORY_XEN = 192, PATIENCE_MS = 40000, RUNS_MOST = 1000 };
enum { NOT_CREATED = 3, NO_STATUS = 5 }; /* 2 * byte + 1, of what the script leaves */
static const uint64_t MIB = 1 << 20;

struct rig {
    const char *script, *directory; /* what assembles it, and where it is */
    const char *domain, *log;       /* files beside the image */
    int own;                        /* the log, locked: another run of the image takes another; -1: not yet */
};

static const char *cache_directory(struct project *p)
{
    const char *cache = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
    if (cache && *cache == '/')
        return path_join(p->a, cache, "ukc/xen-in-qemu");
    if (home && *home == '/')
        return path_join(p->a, home, ".cache/ukc/xen-in-qemu");
    diag_fail(p->d, DIAG_OUTSIDE, SPAN_NONE, "there is no place for Xen and dom0: neither XDG_CACHE_HOME nor HOME is set");
    diag_help(p->d, "set XDG_CACHE_HOME to a directory");
    return NULL;
}

static void name_files(struct project *p, const struct guest *g, unsigned number, struct rig *r)
{
    const char *of = number == 1 ? "in-qemu" : arena_printf(p->a, "in-qemu-%u", number);
    r->domain = project_file(p, arena_printf(p->a, "%s.%s.xl", g->name, of));
    r->log = project_file(p, arena_printf(p->a, "%s.%s.log", g->name, of));
}

static bool rig_find(struct project *p, const struct guest *g, struct rig *r)
{
    *r = (struct rig){.script = catalogue_file(p->i, "targets/xen/in-qemu/assemble"), .directory = cache_directory(p), .own = -1};
    name_files(p, g, 1, r);
    return r->script && r->directory;
}

/* The first files that no other run of the image has; what an earlier one left in the log is gone. */
static bool rig_take(struct project *p, const struct guest *g, struct rig *r)
{
    for (unsigned number = 1; number <= RUNS_MOST; number++) {
        name_files(p, g, number, r);
        r->own = open(r->log, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
        if (r->own < 0 || (flock(r->own, LOCK_EX | LOCK_NB) == 0 && ftruncate(r->own, 0) == 0))
            break;
        close(r->own);
        r->own = -1;
        errno = EBUSY;
    }
    return r->own >= 0 || diag_fail(p->d, DIAG_OUTSIDE, SPAN_NONE, "'%s' cannot be written: %s", r->log, strerror(errno));
}

/* ---- putting Xen and dom0 together ---- */

/* What the script leaves. */
enum { COMPLETE = 0, ANOTHER_WORKS = 3, CANNOT_WRITE = 4 };

static int run_script(struct project *p, const char *const *argv, struct text *said)
{
    int status = process_run(&(struct process){.argv = argv, .out = said, .err = said}, p->d);
    while (said->size && said->bytes[said->size - 1] == '\n')
        said->size--;
    return status;
}

static void explain_script(struct project *p, const struct rig *r, int status, const struct text *said)
{
    diag_fail(p->d, DIAG_OUTSIDE, SPAN_NONE, "Xen and dom0 cannot be put together: %s", said->size ? arena_strndup(p->a, said->bytes, said->size) : "no reason was given");
    if (status == CANNOT_WRITE) {
        diag_help(p->d, "they are kept in '%s': set XDG_CACHE_HOME to a directory that you may write to", r->directory);
        return;
    }
    diag_help(p->d, "they come from the archive of Debian or Ubuntu, once: apt-get needs the network and its lists ('apt-get update', as root)");
    diag_help(p->d, "without them: take the image and its xl file to a Xen host, and there: xl create -c FILE");
}

/* That takes minutes, for which the project is left to others; the script has a lock of its own, and ends when we do. */
static bool assemble(struct project *p, const struct rig *r)
{
    struct text said = {};
    int status = run_script(p, (const char *const[]){"sh", r->script, "--is-complete", r->directory, NULL}, &said);
    if (status > 0) {
        fprintf(stderr, status == ANOTHER_WORKS ? "ukc: waiting for another that puts Xen and a Debian for it together in %s\n"
                                                : "ukc: putting Xen and a Debian for it together from packages (100 MB, once) in %s\n",
                r->directory);
        guard_leave();
        text_clear(&said);
        status = run_script(p, (const char *const[]){"sh", r->script, "--for", arena_printf(p->a, "%ld", (long)getpid()), r->directory, NULL}, &said);
        if (status > 0)
            explain_script(p, r, status, &said);
    }
    text_dispose(&said);
    return status == COMPLETE;
}

/* ---- the machine ---- */

static void add(struct project *p, word_list *argv, const char *option, const char *value)
{
    *vec_add(p->a, argv) = option;
    *vec_add(p->a, argv) = value;
}

/* What dom0 knows by its serial number. */
static void add_file(struct project *p, word_list *argv, const char *serial, const char *file)
{
    add(p, argv, "-drive", arena_printf(p->a, "if=none,id=%s,format=raw,readonly=on,file.driver=file,file.locking=off,file.filename=%s", serial, qemu_name(p, file)));
    add(p, argv, "-device", arena_printf(p->a, "virtio-blk-pci,drive=%s,serial=%s", serial, serial));
}

static void command(struct project *p, const struct guest *g, const struct rig *r, const char *program, const char *control, word_list *argv)
{
    uint64_t memory = MEMORY_DOM0 + MEMORY_XEN + (g->memory + MIB - 1) / MIB;
    const char *directory = qemu_name(p, r->directory);
    const char *const words[] = {
        program, "-M", "pc", "-accel", "tcg", "-cpu", "qemu64,+svm,+npt,+rdrand", "-smp", "1", "-m", arena_printf(p->a, "%" PRIu64 "M", memory),
        "-nodefaults", "-no-user-config", "-display", "none", "-no-reboot",
        "-device", "isa-debug-exit,iobase=0xf4,iosize=4",
        "-serial", arena_printf(p->a, "file:%s", r->log), "-serial", "stdio",
    };
    for (size_t k = 0; k < sizeof words / sizeof words[0]; k++)
        *vec_add(p->a, argv) = words[k];
    for (size_t k = 0; k < g->cards.count; k++) {
        add(p, argv, "-netdev", qemu_network(p, g, k));
        add(p, argv, "-device", arena_printf(p->a, "e1000,netdev=net%zu,romfile=", k));
    }
    for (size_t k = 0; k < g->disks.count; k++) {
        add(p, argv, "-drive", qemu_drive(p, &g->disks.items[k]));
        add(p, argv, "-device", arena_printf(p->a, "virtio-blk-pci,drive=%s,serial=%s", g->disks.items[k].name, xl_disk(p, k)));
    }
    add_file(p, argv, "ukc.image", g->image);
    add_file(p, argv, "ukc.domain", r->domain);
    if (control)
        add(p, argv, "-qmp", arena_printf(p->a, "unix:%s,server=on,wait=off", qemu_name(p, control)));
    add(p, argv, "-kernel", path_join(p->a, r->directory, "xen.elf"));
    add(p, argv, "-initrd", arena_printf(p->a, "%s/vmlinux console=hvc0 panic=1 quiet loglevel=4,%s/initrd.gz", directory, directory));
    add(p, argv, "-append", arena_printf(p->a, "console=com1 com1=115200,8n1 dom0_mem=%dM,max:%dM loglvl=warning guest_loglvl=all", MEMORY_DOM0, MEMORY_DOM0));
    *vec_add(p->a, argv) = NULL;
}

static bool write_domain(struct project *p, const struct guest *g, const struct rig *r)
{
    struct text text = {};
    xl_configuration(p, g, true, &text);
    bool written = file_write(r->domain, text.bytes, text.size, NULL, p->d);
    text_dispose(&text);
    return written;
}

static int status_of(struct project *p, const struct rig *r, const struct watch_end *end)
{
    int code = WIFEXITED(end->status) && !end->killed ? WEXITSTATUS(end->status) : 0;
    if (code == NOT_CREATED || code == NO_STATUS) {
        diag_fail(p->d, DIAG_OUTSIDE, SPAN_NONE, "%s", code == NOT_CREATED ? "Xen's xl did not create the domain" : "the domain has ended, and the image has left no status");
        diag_help(p->d, "what xl printed is above; what Xen and dom0 said is in '%s'", r->log);
        return DIAG_OUTSIDE;
    }
    size_t errors = diag_errors(p->d);
    int status = run_status(p, "qemu", end);
    if (diag_errors(p->d) > errors)
        diag_help(p->d, "what Xen and dom0 said is in '%s'", r->log);
    return status;
}

static int execute(struct project *p, const struct guest *g, const struct rig *r, const char *control, const word_list *argv)
{
    struct tap_made *made;
    struct watch_end end;
    if (!tap_prepare(p, g, &made))
        return (int)diag_status(p->d);
    diag_print(p->d, stderr, DIAG_TEXT);
    guard_leave();
    bool ran = watch_run(argv->items, CONTROL_QMP, control, PATIENCE_MS, &end, p->d);
    tap_finish(made);
    unlink(control);
    return ran ? status_of(p, r, &end) : (int)diag_status(p->d);
}

int run_in_qemu(struct project *p, const struct image *image, struct guest *g)
{
    bool dry = given(p->i, OPTION_dry_run), quiet = given(p->i, OPTION_quiet);
    struct rig rig;
    word_list argv = {};
    const char *program = qemu_program(p), *control = watch_socket(p, g, "qmp");
    if (!program || !rig_find(p, g, &rig) || !guest_complete(p, g, g->cards.count, !dry) || (!dry && !host_check(p, g)))
        return (int)diag_status(p->d);
    guest_check_ports(p, g);
    if (!dry && !rig_take(p, g, &rig))
        return (int)diag_status(p->d);
    command(p, g, &rig, program, control, &argv);
    if (dry) {
        run_print((const char *const[]){"sh", rig.script, rig.directory, NULL}, stdout);
        run_print(argv.items, stdout);
        return 0;
    }
    if (!write_domain(p, g, &rig) || !assemble(p, &rig))
        return (int)diag_status(p->d);
    if (!quiet) {
        run_print(argv.items, stderr);
        guest_tell_ports(p, g);
    }
    int status = execute(p, g, &rig, control, &argv);
    crash_explain(p, image->path, rig.log);
    close(rig.own);
    return status;
}
