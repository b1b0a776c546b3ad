/*
 * microvm.c - a guest for Firecracker and for cloud-hypervisor.
 *
 * Firecracker reads one JSON file (--config-file; the objects of its API, firecracker.yaml).  It appends words of its own
 * to the command line, and has words for an image that brings none: boot_args is always there, and never a root device.
 * cloud-hypervisor takes options; the JSON is what PUT /api/v1/vm.create takes (VmConfig in cloud-hypervisor.yaml).
 */
#include "hypervisor.h"
#include "../base/file.h"
#include <inttypes.h>
#include <string.h>

static const uint64_t MIB = 1 << 20;
/* Of the command line; " pci=off", which it appends; and what it may append for a device: " virtio_mmio.device=4K@0xc0001000:10" */
enum { FIRECRACKER_LINE_MOST = 2048 - 1, FIRECRACKER_WORD = 8, FIRECRACKER_DEVICE = 36 };

static const char *const titles[] = {"QEMU", "Firecracker", "cloud-hypervisor", "libvirt"};

/* Both read the command line with rust-vmm's linux-loader, which takes printable ASCII only. */
static bool plain_ascii(const char *s)
{
    for (; *s; s++)
        if (*s < ' ' || *s > '~')
            return false;
    return true;
}

/* Cards that only QEMU and libvirt could connect are left out. */
static size_t tap_count(const struct guest *g)
{
    size_t n = 0;
    for (size_t k = 0; k < g->cards.count; k++)
        n += g->cards.items[k].tap != NULL;
    return n;
}

/* What the hypervisor cannot do, or NULL. */
struct hindrance {
    const char *what, *help;
    enum diag_class status;
};

static struct hindrance of_network(struct project *p, enum hypervisor with, const struct guest *g)
{
    if (!g->ports.count)
        return (struct hindrance){};
    return (struct hindrance){.what = arena_printf(p->a, "%s has no network of its own that could lead a port to the image", titles[with]),
                              .help = "--tap DEVICE instead of --publish: a network device of this host", .status = DIAG_USAGE};
}

static struct hindrance of_firecracker(struct project *p, const struct guest *g)
{
    if (g->console_drivers)
        return (struct hindrance){.what = "the image's console is virtio's, and Firecracker has a serial line only",
                                  .help = "choose = { console = \"console_serial\" }", .status = DIAG_INPUT};
    if (g->memory % MIB != 0)
        return (struct hindrance){.what = arena_printf(p->a, "Firecracker counts memory in MiB: --memory %" PRIu64 "M", (g->memory + MIB - 1) / MIB),
                                  .status = DIAG_USAGE};
    size_t most = FIRECRACKER_LINE_MOST - FIRECRACKER_WORD - FIRECRACKER_DEVICE * (g->disks.count + tap_count(g) + (g->noise_drivers > 0));
    if (strlen(g->arguments) > most)
        return (struct hindrance){.what = arena_printf(p->a, "Firecracker takes at most %zu bytes of arguments, beside those that it adds itself", most),
                                  .status = DIAG_USAGE};
    return (struct hindrance){};
}

static struct hindrance find_hindrance(struct project *p, enum hypervisor with, const struct guest *g)
{
    struct hindrance network = of_network(p, with, g);
    if (network.what)
        return network;
    if (!plain_ascii(g->arguments))
        return (struct hindrance){.what = arena_printf(p->a, "%s takes printable ASCII characters only as arguments of an image", titles[with]),
                                  .status = DIAG_USAGE};
    return with == HYPERVISOR_firecracker ? of_firecracker(p, g) : (struct hindrance){};
}

bool microvm_check(struct project *p, enum hypervisor with, const struct guest *g)
{
    struct hindrance h = find_hindrance(p, with, g);
    if (!h.what)
        return true;
    diag_fail(p->d, h.status, SPAN_NONE, "%s", h.what);
    return h.help && diag_help(p->d, "%s", h.help);
}

bool microvm_fits(struct project *p, enum hypervisor with, const struct guest *g)
{
    struct hindrance h = find_hindrance(p, with, g);
    if (h.what)
        diag_warning(p->d, SPAN_NONE, "there is no configuration for %s: %s", titles[with], h.what);
    return !h.what;
}

/* ---- Firecracker ---- */

static void firecracker_drives(struct project *p, const struct guest *g, struct json *j)
{
    json_key(j, "drives");
    json_array(j);
    for (size_t k = 0; k < g->disks.count; k++) {
        const struct guest_disk *disk = &g->disks.items[k];
        json_object(j);
        json_field(j, "drive_id", disk->name);
        json_field_bool(j, "is_root_device", false);
        json_field_bool(j, "is_read_only", disk->read_only);
        json_field(j, "path_on_host", guest_absolute(p, disk->file));
        json_field(j, "cache_type", "Writeback"); /* else a flush writes nothing */
        json_end_object(j);
    }
    json_end_array(j);
}

void firecracker_json(struct project *p, const struct guest *g, struct json *j)
{
    json_object(j);
    json_key(j, "boot-source");
    json_object(j);
    json_field(j, "kernel_image_path", guest_absolute(p, g->image));
    json_field(j, "boot_args", g->arguments);
    json_end_object(j);
    firecracker_drives(p, g, j);
    json_key(j, "machine-config");
    json_object(j);
    json_field_number(j, "vcpu_count", 1);
    json_field_number(j, "mem_size_mib", (int64_t)(g->memory / MIB));
    json_end_object(j);
    json_key(j, "network-interfaces");
    json_array(j);
    for (size_t k = 0; k < g->cards.count; k++) {
        if (!g->cards.items[k].tap)
            continue;
        json_object(j);
        json_field(j, "iface_id", arena_printf(p->a, "net%zu", k));
        json_field(j, "host_dev_name", g->cards.items[k].tap);
        json_field(j, "guest_mac", g->cards.items[k].mac);
        json_end_object(j);
    }
    json_end_array(j);
    if (g->noise_drivers) {
        json_key(j, "entropy");
        json_object(j);
        json_end_object(j);
    }
    json_end_object(j);
}

/* ---- cloud-hypervisor ---- */

static void cloud_disks(struct project *p, const struct guest *g, struct json *j)
{
    if (!g->disks.count)
        return;
    json_key(j, "disks");
    json_array(j);
    for (size_t k = 0; k < g->disks.count; k++) {
        json_object(j);
        json_field(j, "path", guest_absolute(p, g->disks.items[k].file));
        json_field_bool(j, "readonly", g->disks.items[k].read_only);
        json_field(j, "image_type", "Raw"); /* of a type that it has to guess it refuses to write the first sector */
        json_field(j, "id", g->disks.items[k].name);
        json_field(j, "serial", g->disks.items[k].name);
        json_end_object(j);
    }
    json_end_array(j);
}

static void cloud_cards(struct project *p, const struct guest *g, struct json *j)
{
    if (!tap_count(g))
        return;
    json_key(j, "net");
    json_array(j);
    for (size_t k = 0; k < g->cards.count; k++) {
        if (!g->cards.items[k].tap)
            continue;
        json_object(j);
        json_field(j, "tap", g->cards.items[k].tap);
        json_field(j, "mac", g->cards.items[k].mac);
        json_field(j, "id", arena_printf(p->a, "net%zu", k));
        json_end_object(j);
    }
    json_end_array(j);
}

static void mode(struct json *j, const char *key, const char *value)
{
    json_key(j, key);
    json_object(j);
    json_field(j, "mode", value);
    json_end_object(j);
}

void cloud_hypervisor_json(struct project *p, const struct guest *g, struct json *j)
{
    json_object(j);
    json_key(j, "cpus");
    json_object(j);
    json_field_number(j, "boot_vcpus", 1);
    json_field_number(j, "max_vcpus", 1);
    json_end_object(j);
    json_key(j, "memory");
    json_object(j);
    json_field_number(j, "size", (int64_t)g->memory);
    json_end_object(j);
    json_key(j, "payload");
    json_object(j);
    json_field(j, "kernel", guest_absolute(p, g->image));
    json_field(j, "cmdline", g->arguments);
    json_end_object(j);
    cloud_disks(p, g, j);
    cloud_cards(p, g, j);
    json_key(j, "rng");
    json_object(j);
    json_field(j, "src", "/dev/urandom");
    json_end_object(j);
    mode(j, "serial", g->console_drivers ? "Null" : "Tty"); /* one of them has the terminal */
    mode(j, "console", g->console_drivers ? "Tty" : "Off");
    json_end_object(j);
}

/* ---- commands ---- */

static void add(struct project *p, word_list *argv, const char *option, const char *value)
{
    *vec_add(p->a, argv) = option;
    if (value)
        *vec_add(p->a, argv) = value;
}

/* A value in cloud-hypervisor's lists: in double quotes, commas and equals signs are its own. */
static const char *quoted(struct project *p, const char *value)
{
    return strpbrk(value, ",=[]") ? arena_printf(p->a, "\"%s\"", value) : value;
}

/* A list has no way to say a double quote. */
static bool cloud_names(struct project *p, const struct guest *g)
{
    for (size_t k = 0; k < g->disks.count; k++)
        if (strchr(g->disks.items[k].file, '"')) {
            diag_fail(p->d, DIAG_USAGE, SPAN_NONE, "cloud-hypervisor cannot be given a file whose name holds double quotes: '%s'", g->disks.items[k].file);
            return diag_help(p->d, "give it another name, or ukc run --with cloud-hypervisor --json-config, and then use its API");
        }
    return true;
}

static void cloud_command(struct project *p, const struct guest *g, const char *program, const char *control, word_list *argv)
{
    add(p, argv, program, NULL);
    add(p, argv, "--kernel", g->image);
    if (*g->arguments)
        add(p, argv, "--cmdline", g->arguments);
    add(p, argv, "--cpus", "boot=1");
    add(p, argv, "--memory", arena_printf(p->a, "size=%s", g->memory_word));
    if (g->disks.count)
        add(p, argv, "--disk", NULL); /* once, with several values */
    for (size_t k = 0; k < g->disks.count; k++) {
        const struct guest_disk *disk = &g->disks.items[k];
        add(p, argv, arena_printf(p->a, "path=%s,readonly=%s,image_type=raw,serial=%s", quoted(p, disk->file), disk->read_only ? "on" : "off", disk->name), NULL);
    }
    if (tap_count(g))
        add(p, argv, "--net", NULL);
    for (size_t k = 0; k < g->cards.count; k++)
        if (g->cards.items[k].tap)
            add(p, argv, arena_printf(p->a, "tap=%s,mac=%s", g->cards.items[k].tap, g->cards.items[k].mac), NULL);
    add(p, argv, "--serial", g->console_drivers ? "null" : "tty");
    add(p, argv, "--console", g->console_drivers ? "tty" : "off");
    if (control)
        add(p, argv, "--api-socket", arena_printf(p->a, "path=%s", quoted(p, control)));
}

static bool firecracker_command(struct project *p, const struct guest *g, const char *program, bool dry, word_list *argv)
{
    const char *file = project_file(p, arena_printf(p->a, "%s.firecracker.json", g->name));
    struct json j = {};
    firecracker_json(p, g, &j);
    text_putc(&j.out, '\n');
    bool good = dry || file_write(file, j.out.bytes, j.out.size, NULL, p->d);
    text_dispose(&j.out);
    add(p, argv, program, NULL);
    add(p, argv, "--no-api", NULL);
    add(p, argv, "--config-file", file);
    return good;
}

bool microvm_command(struct project *p, enum hypervisor with, const struct guest *g, const char *program, const char *control, bool dry, word_list *argv)
{
    if (with == HYPERVISOR_firecracker ? !guest_fits_text(p, g) : !cloud_names(p, g))
        return false;
    if (with == HYPERVISOR_firecracker && !firecracker_command(p, g, program, dry, argv))
        return false;
    if (with == HYPERVISOR_cloud_hypervisor)
        cloud_command(p, g, program, control, argv);
    *vec_add(p->a, argv) = NULL;
    return true;
}
