/*
 * run_xen.c - ukc run for xen: the domain's configuration, as xl takes it (xl.cfg(5)) and as libvirt does, and its creation on a Xen host.
 */
#include "hypervisor.h"
#include "run.h"
#include "../base/file.h"
#include "../base/process.h"
#include "../project/guard.h"
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

static const uint64_t MIB = 1 << 20;

/* A string of xl's: between apostrophes, where a backslash quotes. */
static void put_quoted(struct text *out, const char *value)
{
    text_putc(out, '\'');
    for (; *value; value++) {
        if (*value == '\'' || *value == '\\')
            text_putc(out, '\\');
        text_putc(out, *value);
    }
    text_putc(out, '\'');
}

static void put_string(struct text *out, const char *name, const char *value)
{
    text_printf(out, "%s = ", name);
    put_quoted(out, value);
    text_putc(out, '\n');
}

const char *xl_disk(struct project *p, size_t number)
{
    return arena_printf(p->a, "xvd%c", (char)('a' + number));
}

/* In their order (xl-disk-configuration(5)); what follows "target=" is the file's name, whatever is in it.  In QEMU dom0 has them under the domain's names. */
static void put_disks(struct project *p, const struct guest *g, bool in_qemu, struct text *out)
{
    for (size_t k = 0; k < g->disks.count; k++) {
        const struct guest_disk *disk = &g->disks.items[k];
        text_puts(out, k ? ", " : "disk = [");
        const char *name = xl_disk(p, k), *target = in_qemu ? arena_printf(p->a, "/job/disk/%s", name) : guest_absolute(p, disk->file);
        const char *script = in_qemu ? "script=/job/block," : "";
        put_quoted(out, arena_printf(p->a, "format=raw,vdev=%s,access=%s,%starget=%s", name, disk->read_only ? "ro" : "rw", script, target));
        text_puts(out, k + 1 == g->disks.count ? "]\n" : "");
    }
}

/* In QEMU dom0 has the image as a file, and a bridge for each card; a domain that has ended stays, so that its status can be read. */
void xl_configuration(struct project *p, const struct guest *g, bool in_qemu, struct text *out)
{
    put_string(out, "name", g->name);
    put_string(out, "type", "pvh");
    put_string(out, "kernel", in_qemu ? "/job/image" : guest_absolute(p, g->image));
    if (*g->arguments)
        put_string(out, "extra", g->arguments);
    text_printf(out, "memory = %" PRIu64 "\nvcpus = 1\n", (g->memory + MIB - 1) / MIB);
    /* the image has its time from Xen's page, which follows the host's counter: to emulate one would cost each look at the clock a visit to Xen */
    put_string(out, "tsc_mode", "native");
    /* one for each driver; where they lead is the host's: its default bridge */
    for (size_t k = 0; k < g->card_drivers; k++) {
        const char *mac = k < g->cards.count ? arena_printf(p->a, "mac=%s", g->cards.items[k].mac) : "";
        const char *bridge = in_qemu ? arena_printf(p->a, ",bridge=xenbr%zu", k) : "";
        text_printf(out, "%s'%s%s'%s", k ? ", " : "vif = [", mac, bridge, k + 1 == g->card_drivers ? "]\n" : "");
    }
    if (in_qemu) {
        put_string(out, "on_poweroff", "preserve");
        put_string(out, "on_reboot", "preserve");
    }
    put_disks(p, g, in_qemu, out);
    /* a crashed domain is not started again and again */
    put_string(out, "on_crash", in_qemu ? "preserve" : "destroy");
}

/* A string of xl's does not go on in the next line, however it is quoted. */
static bool fits_xl(struct project *p, const struct guest *g)
{
    const char *name = guest_absolute(p, g->image);
    for (size_t k = 0; !strchr(name, '\n') && k < g->disks.count; k++)
        name = guest_absolute(p, g->disks.items[k].file);
    if (!strchr(name, '\n'))
        return true;
    diag_fail(p->d, DIAG_USAGE, SPAN_NONE, "xl takes no file with a line end in its name: '%s'", name);
    return diag_help(p->d, "rename it, or give the name of a link to it");
}

/* This system is the one from which a Xen is managed (Linux, drivers/xen/xenfs: capabilities). */
static bool is_xen_host(void)
{
    char said[64] = "";
    FILE *f = fopen("/proc/xen/capabilities", "re");
    if (f) {
        said[fread(said, 1, sizeof said - 1, f)] = 0;
        fclose(f);
    }
    return strstr(said, "control_d") != NULL;
}

static int create(struct project *p, const char *file, const char *const *argv)
{
    const char *program = process_find(p->a, "xl");
    const char *why = !program ? "there is no xl in PATH" : !is_xen_host() ? "this system does not manage a Xen" : NULL;
    if (why) {
        diag_fail(p->d, DIAG_OUTSIDE, SPAN_NONE, "%s: the domain cannot be created here", why);
        diag_help(p->d, "'ukc run --in-qemu' boots a Xen in QEMU for it, without rights");
        diag_help(p->d, "its configuration is written: take '%s' and the image that it names to a Xen host, and there: xl create -c FILE", file);
        return DIAG_OUTSIDE;
    }
    diag_print(p->d, stderr, DIAG_TEXT);
    fflush(NULL);
    guard_leave();
    execv(program, (char *const *)argv);
    diag_fail(p->d, DIAG_OUTSIDE, SPAN_NONE, "cannot run '%s': %s", program, strerror(errno));
    return DIAG_OUTSIDE;
}

/* Of libvirt, or of xl and libvirt as one object. */
static int print_configuration(struct project *p, const char *xl, const char *xml)
{
    struct json j = {};
    const char *with = p->i->value[OPTION_with];
    if (with && !string_equal(with, "libvirt")) {
        diag_fail(p->d, DIAG_USAGE, SPAN_NONE, "%s does not run Xen's domains: --with libvirt prints what libvirt takes", with);
        return DIAG_USAGE;
    }
    if (with) {
        fputs(xml, stdout);
        return 0;
    }
    json_object(&j);
    json_field(&j, "xl", xl);
    json_field(&j, "libvirt", xml);
    json_end_object(&j);
    printf("%s\n", text_string(&j.out));
    text_dispose(&j.out);
    return 0;
}

static int create_on_host(struct project *p, const char *file)
{
    const char *const argv[] = {"xl", "create", "-c", file, NULL};
    if (!given(p->i, OPTION_quiet))
        run_print(argv, stderr);
    return create(p, file, argv);
}

int run_xen(struct project *p, const struct image *image)
{
    struct guest guest;
    struct text xl = {}, xml = {};
    bool dry = given(p->i, OPTION_dry_run), in_qemu = given(p->i, OPTION_in_qemu), print = given(p->i, OPTION_json_config);
    if (given(p->i, OPTION_with) && !print) {
        diag_fail(p->d, DIAG_USAGE, SPAN_NONE, "on target xen --with is for --json-config: a Xen host's xl runs the image");
        diag_help(p->d, "ukc run --with libvirt --json-config >domain.xml && virsh -c xen:///system create domain.xml");
        return DIAG_USAGE;
    }
    if (!guest_make(p, image, &guest) || (!in_qemu && !guest_complete(p, &guest, guest.card_drivers, !dry && !print)) || !fits_xl(p, &guest))
        return (int)diag_status(p->d);
    const char *file = project_file(p, arena_printf(p->a, "%s.xl", guest.name));
    xl_configuration(p, &guest, false, &xl);
    libvirt_xen_xml(p, &guest, &xml);
    bool written = dry || print || (file_write(file, xl.bytes, xl.size, NULL, p->d) &&
                                    file_write(project_file(p, arena_printf(p->a, "%s.xml", guest.name)), xml.bytes, xml.size, NULL, p->d));
    int status = (int)diag_status(p->d);
    if (print)
        status = print_configuration(p, text_string(&xl), text_string(&xml));
    else if (dry && !in_qemu)
        fputs(text_string(&xl), stdout);
    else if (written)
        status = in_qemu ? run_in_qemu(p, image, &guest) : create_on_host(p, file);
    text_dispose(&xl);
    text_dispose(&xml);
    return status;
}
