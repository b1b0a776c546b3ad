/*
 * libvirt.c - a guest as a libvirt domain: the XML that `virsh define` and `virsh create` take.
 *
 * Elements and their values are those of libvirt's formatdomain.html; forwarded ports need its passt backend (libvirt 9).
 */
#include "hypervisor.h"
#include <arpa/inet.h>
#include <inttypes.h>
#include <string.h>

static const char *escaped(struct project *p, const char *s)
{
    struct text t = {};
    for (; *s; s++)
        switch (*s) {
        case '&': text_puts(&t, "&amp;"); break;
        case '<': text_puts(&t, "&lt;"); break;
        case '>': text_puts(&t, "&gt;"); break;
        case '\'': text_puts(&t, "&apos;"); break;
        case '"': text_puts(&t, "&quot;"); break;
        case '\t': text_puts(&t, "&#9;"); break;
        default: text_putc(&t, *s);
        }
    const char *word = text_keep(&t, p->a);
    text_dispose(&t);
    return word;
}

/* Of a machine in QEMU, or of a Xen domain: its backend is QEMU there, too. */
static void print_disk(struct project *p, const struct guest_disk *disk, size_t number, bool xen, struct text *out)
{
    text_printf(out, "    <disk type='%s' device='disk'>\n", disk->device ? "block" : "file");
    text_printf(out, "      <driver name='qemu' type='raw'%s/>\n", xen ? "" : " error_policy='report' discard='unmap'");
    text_printf(out, "      <source %s='%s'/>\n", disk->device ? "dev" : "file", escaped(p, guest_absolute(p, disk->file)));
    text_printf(out, "      <target dev='%svd%c' bus='%s'/>\n", xen ? "x" : "", (char)('a' + number), xen ? "xen" : "virtio");
    if (disk->read_only)
        text_puts(out, "      <readonly/>\n");
    if (!xen)
        text_printf(out, "      <serial>%s</serial>\n", disk->name);
    text_puts(out, "    </disk>\n");
}

static void print_user_card(const struct guest *g, const struct guest_card *card, struct text *out)
{
    const struct guest_network *n = &card->network;
    const char *slash = strchr(n->net, '/');
    text_printf(out, "    <interface type='user'>\n      <backend type='passt'/>\n      <mac address='%s'/>\n", card->mac);
    if (*n->image && slash)
        text_printf(out, "      <ip family='ipv4' address='%s' prefix='%s'/>\n", n->image, slash + 1);
    for (size_t k = 0; k < g->ports.count; k++) {
        const struct guest_port *port = &g->ports.items[k];
        text_printf(out, "      <portForward proto='%s' address='%s'>\n        <range start='%u' to='%u'/>\n      </portForward>\n",
                    port->udp ? "udp" : "tcp", port->address, port->host, port->image);
    }
    text_puts(out, "      <model type='virtio'/>\n    </interface>\n");
}

static void print_card(const struct guest *g, const struct guest_card *card, struct text *out)
{
    if (!card->tap) {
        print_user_card(g, card, out);
        return;
    }
    text_printf(out, "    <interface type='ethernet'>\n      <mac address='%s'/>\n      <target dev='%s' managed='no'/>\n", card->mac, card->tap);
    text_puts(out, "      <model type='virtio'/>\n    </interface>\n");
}

static void print_devices(struct project *p, const struct guest *g, bool q35, struct text *out)
{
    text_puts(out, "  <devices>\n");
    for (size_t k = 0; k < g->disks.count; k++)
        print_disk(p, &g->disks.items[k], k, false, out);
    if (q35)
        text_puts(out, "    <controller type='usb' model='none'/>\n");
    for (size_t k = 0; k < g->cards.count; k++)
        print_card(g, &g->cards.items[k], out);
    text_puts(out, "    <serial type='pty'>\n      <target port='0'/>\n    </serial>\n");
    text_puts(out, "    <console type='pty'>\n      <target type='serial' port='0'/>\n    </console>\n");
    if (g->console_drivers)
        text_puts(out, "    <console type='pty'>\n      <target type='virtio' port='1'/>\n    </console>\n");
    text_puts(out, "    <memballoon model='none'/>\n");
    if (g->noise_drivers)
        text_puts(out, "    <rng model='virtio'>\n      <backend model='random'>/dev/urandom</backend>\n    </rng>\n");
    text_puts(out, "  </devices>\n");
}

/* An interface for each driver, on the bridge that libvirt's hosts have; what xl's file says else. */
void libvirt_xen_xml(struct project *p, const struct guest *g, struct text *out)
{
    text_printf(out, "<domain type='xen'>\n  <name>%s</name>\n", escaped(p, g->name));
    text_printf(out, "  <memory unit='b'>%" PRIu64 "</memory>\n  <vcpu>1</vcpu>\n", g->memory);
    text_puts(out, "  <os>\n    <type arch='x86_64' machine='xenpvh'>xenpvh</type>\n");
    text_printf(out, "    <kernel>%s</kernel>\n", escaped(p, guest_absolute(p, g->image)));
    if (*g->arguments)
        text_printf(out, "    <cmdline>%s</cmdline>\n", escaped(p, g->arguments));
    text_puts(out, "  </os>\n  <clock offset='utc'>\n    <timer name='tsc' mode='native'/>\n  </clock>\n");
    text_puts(out, "  <on_poweroff>destroy</on_poweroff>\n  <on_reboot>restart</on_reboot>\n  <on_crash>destroy</on_crash>\n  <devices>\n");
    for (size_t k = 0; k < g->disks.count; k++)
        print_disk(p, &g->disks.items[k], k, true, out);
    for (size_t k = 0; k < g->card_drivers; k++) {
        text_puts(out, "    <interface type='bridge'>\n      <source bridge='xenbr0'/>\n");
        if (k < g->cards.count)
            text_printf(out, "      <mac address='%s'/>\n", g->cards.items[k].mac);
        text_puts(out, "    </interface>\n");
    }
    text_puts(out, "    <console type='pty'>\n      <target type='xen' port='0'/>\n    </console>\n  </devices>\n</domain>\n");
}

void libvirt_xml(struct project *p, const struct guest *g, bool software, const char *machine, struct text *out)
{
    text_printf(out, "<domain type='%s'>\n  <name>%s</name>\n", software ? "qemu" : "kvm", escaped(p, g->name));
    text_printf(out, "  <memory unit='b'>%" PRIu64 "</memory>\n  <vcpu>1</vcpu>\n", g->memory);
    text_printf(out, "  <os>\n    <type arch='x86_64' machine='%s'>hvm</type>\n", machine);
    text_printf(out, "    <kernel>%s</kernel>\n", escaped(p, guest_absolute(p, g->image)));
    if (*g->arguments)
        text_printf(out, "    <cmdline>%s</cmdline>\n", escaped(p, g->arguments));
    text_puts(out, "  </os>\n  <features>\n    <acpi/>\n    <apic/>\n  </features>\n");
    text_printf(out, "  <cpu mode='%s'/>\n", software ? "maximum" : "host-passthrough");
    text_puts(out, "  <clock offset='utc'/>\n");
    text_puts(out, "  <on_poweroff>destroy</on_poweroff>\n  <on_reboot>destroy</on_reboot>\n  <on_crash>destroy</on_crash>\n");
    print_devices(p, g, string_equal(machine, "q35"), out);
    text_puts(out, "</domain>\n");
}
