/*
 * qemu.c - a guest as QEMU's command line.
 *
 * Everything is named: no default devices, no user's configuration.  virtio devices speak virtio 1 only, on q35 as
 * PCI devices without option ROMs, on microvm at addresses that QEMU appends to the command line.
 */
#include "accelerator.h"
#include "hypervisor.h"
#include "run.h"
#include "../build/budgets.h"
#include <inttypes.h>
#include <string.h>

enum { FIRMWARE_TAKES = 384 << 10 /* bytes at the end of memory, on q35 */ };

static void put_name(struct text *t, const char *name)
{
    for (; *name; name++) {
        text_putc(t, *name);
        if (*name == ',')
            text_putc(t, ',');
    }
}

static const char *kept(struct project *p, struct text *t)
{
    const char *word = text_keep(t, p->a);
    text_dispose(t);
    return word;
}

const char *qemu_name(struct project *p, const char *name)
{
    struct text t = {};
    put_name(&t, name);
    return kept(p, &t);
}

static void add(struct project *p, word_list *argv, const char *option, const char *value)
{
    *vec_add(p->a, argv) = option;
    if (value)
        *vec_add(p->a, argv) = value;
}

/* "-device virtio-net-pci,disable-legacy=on," or "-device virtio-net-device," */
static const char *device(struct project *p, const struct qemu_options *o, const char *kind, const char *more)
{
    bool pci = string_equal(o->machine, "q35");
    return arena_printf(p->a, "virtio-%s-%s%s%s", kind, pci ? "pci,disable-legacy=on" : "device", *more ? "," : "", more);
}

/* User-mode networking, which needs no rights: the addresses of its network are those that the image expects. */
static const char *user_network(struct project *p, const struct guest *g, size_t number)
{
    const struct guest_network *n = &g->cards.items[number].network;
    struct text t = {};
    text_printf(&t, "user,id=net%zu", number);
    if (*n->net)
        text_printf(&t, ",net=%s", n->net);
    if (*n->host)
        text_printf(&t, ",host=%s", n->host);
    if (*n->image)
        text_printf(&t, ",dhcpstart=%s", n->image);
    if (*n->net6)
        text_printf(&t, ",ipv6-net=%s", n->net6);
    if (*n->host6)
        text_printf(&t, ",ipv6-host=%s", n->host6);
    for (size_t k = 0; k < g->ports.count; k++) {
        const struct guest_port *port = &g->ports.items[k];
        text_printf(&t, ",hostfwd=%s:%s:%u-%s:%u", port->udp ? "udp" : "tcp", port->address, port->host, n->image, port->image);
    }
    return kept(p, &t);
}

const char *qemu_network(struct project *p, const struct guest *g, size_t number)
{
    const char *tap = g->cards.items[number].tap;
    return tap ? arena_printf(p->a, "tap,id=net%zu,ifname=%s,script=no,downscript=no", number, tap) : user_network(p, g, number);
}

/* What the machine itself says, and a crash, comes over the serial line; both are on standard output, and input goes to virtio's console. */
static void add_console(struct project *p, const struct guest *g, const struct qemu_options *o, word_list *argv)
{
    if (!g->console_drivers) {
        add(p, argv, "-serial", "stdio");
        return;
    }
    add(p, argv, "-chardev", "stdio,id=console,mux=on,signal=on");
    add(p, argv, "-serial", "chardev:console");
    add(p, argv, "-device", device(p, o, "serial", "max_ports=1"));
    add(p, argv, "-device", "virtconsole,chardev=console");
}

static void add_cards(struct project *p, const struct guest *g, const struct qemu_options *o, word_list *argv)
{
    for (size_t k = 0; k < g->cards.count; k++) {
        const struct guest_card *card = &g->cards.items[k];
        const char *rom = string_equal(o->machine, "q35") ? ",romfile=" : "";
        add(p, argv, "-netdev", qemu_network(p, g, k));
        add(p, argv, "-device", device(p, o, "net", arena_printf(p->a, "netdev=net%zu,mac=%s%s", k, card->mac, rom)));
    }
}

/* A full host disk is an error that the image sees; by default QEMU would stop the machine. */
const char *qemu_drive(struct project *p, const struct guest_disk *disk)
{
    struct text t = {};
    text_printf(&t, "if=none,id=%s,format=raw,discard=unmap,readonly=%s,rerror=report,werror=report,file.driver=%s,file.filename=",
                disk->name, disk->read_only ? "on" : "off", disk->device ? "host_device" : "file");
    put_name(&t, disk->file);
    return kept(p, &t);
}

static void add_disks(struct project *p, const struct guest *g, const struct qemu_options *o, word_list *argv)
{
    for (size_t k = 0; k < g->disks.count; k++) {
        const struct guest_disk *disk = &g->disks.items[k];
        add(p, argv, "-drive", qemu_drive(p, disk));
        add(p, argv, "-device", device(p, o, "blk", arena_printf(p->a, "drive=%s,serial=%s", disk->name, disk->name)));
    }
}

static void add_control(struct project *p, const struct qemu_options *o, word_list *argv)
{
    struct text t = {};
    if (o->control) {
        text_puts(&t, "unix:");
        put_name(&t, o->control);
        text_puts(&t, ",server=on,wait=off");
        add(p, argv, "-qmp", kept(p, &t));
    }
    if (o->crash) {
        t = (struct text){};
        text_puts(&t, "file,id=crash,path=");
        put_name(&t, o->crash);
        add(p, argv, "-chardev", kept(p, &t));
        add(p, argv, "-device", "isa-debugcon,iobase=0xe9,chardev=crash");
    }
    if (o->gdb) {
        t = (struct text){};
        text_puts(&t, "unix:");
        put_name(&t, o->gdb);
        text_puts(&t, ",server=on,wait=off");
        add(p, argv, "-gdb", kept(p, &t));
        add(p, argv, "-S", NULL);
    }
}

/* Found by trial, QEMU 7.2, with images of three sizes: of one that lies there instructions are lost, or all of it, and the machine is reset without a word. */
static void check_firmware(struct project *p, const struct guest *g, const struct qemu_options *o)
{
    uint64_t needs = image_end(p, g->image) + FIRMWARE_TAKES;
    if (!string_equal(o->machine, "q35") || g->memory >= needs)
        return;
    diag_warning(p->d, SPAN_NONE, "with %s of memory the firmware of QEMU's q35 may overwrite the image before it starts", g->memory_word);
    diag_help(p->d, "--memory %" PRIu64 "K, or --machine microvm, whose firmware leaves it alone", (needs + 1023) / 1024);
}

bool qemu_command(struct project *p, const struct guest *g, const struct qemu_options *o, word_list *argv)
{
    /* QEMU 7.2 aborts on some AMD hosts that are guests themselves: KVM offers ARCH_CAPABILITIES there and does not take it back.  No image reads it. */
    const char *processor = string_equal(o->accelerator, "kvm") ? "max,arch-capabilities=off" : "max";
    const char *const words[] = {
        o->program, "-M", o->machine, "-accel", o->accelerator, "-cpu", processor, "-smp", "1", "-m", g->memory_word,
        "-nodefaults", "-no-user-config", "-display", "none", "-no-reboot",
        "-device", "isa-debug-exit,iobase=0xf4,iosize=4",
    };
    for (size_t k = 0; k < sizeof words / sizeof words[0]; k++)
        *vec_add(p->a, argv) = words[k];
    if (string_equal(o->machine, "microvm") && (g->cards.count || g->disks.count || g->noise_drivers || g->console_drivers))
        add(p, argv, "-global", "virtio-mmio.force-legacy=false");
    add_console(p, g, o, argv);
    add_cards(p, g, o, argv);
    add_disks(p, g, o, argv);
    if (g->noise_drivers)
        add(p, argv, "-device", device(p, o, "rng", ""));
    add_control(p, o, argv);
    add(p, argv, "-kernel", g->image);
    if (*g->arguments)
        add(p, argv, "-append", g->arguments);
    *vec_add(p->a, argv) = NULL;
    check_firmware(p, g, o);
    return true;
}

/* ---- options ---- */

static bool choose_accelerator(struct project *p, struct qemu_options *o)
{
    const char *why, *remedy;
    o->accelerator = p->i->value[OPTION_accelerator];
    if (!o->accelerator || string_equal(o->accelerator, "auto")) {
        bool kvm = accelerator_kvm_is_faster(&why);
        o->accelerator = kvm ? "kvm" : "tcg";
        if (given(p->i, OPTION_verbose))
            fprintf(stderr, "%s: %s\n", kvm ? "KVM is used" : "KVM is not used", why);
    } else if (string_equal(o->accelerator, "kvm") && !given(p->i, OPTION_dry_run) && (why = accelerator_kvm_hindrance(&remedy))) {
        diag_fail(p->d, DIAG_OUTSIDE, SPAN_NONE, "KVM cannot be used: %s", why);
        return diag_help(p->d, "%s", remedy);
    }
    return true;
}

const char *qemu_program(struct project *p)
{
    return run_program(p, "qemu-system-x86_64", "qemu-system-x86");
}

bool qemu_options_read(struct project *p, struct qemu_options *o)
{
    *o = (struct qemu_options){.program = qemu_program(p)};
    if (!o->program)
        return false;
    o->machine = given(p->i, OPTION_machine) ? p->i->value[OPTION_machine] : "q35";
    return choose_accelerator(p, o);
}
