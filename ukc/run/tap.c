/*
 * tap.c - the network devices of this host that --tap names.
 *
 * A device that is there is used as it is: it is somebody's, with an address, or in a bridge.  One that is not there
 * is made, for as long as the machine runs, with the address that the image takes for its router's.  The hypervisor opens it
 * by name, so the command that is printed works without us too.
 */
#include "hypervisor.h"
#include "../base/process.h"
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum { MADE_MOST = 8 };

struct tap_made {
    const char *names[MADE_MOST];
    size_t count;
};

static void remedy(struct project *p, const struct guest_card *card)
{
    const struct guest_network *n = &card->network;
    const char *name = card->tap, *slash = strchr(n->net, '/');
    diag_help(p->d, "once, as root: ip tuntap add dev %s mode tap user \"$USER\" && ip link set %s up", name, name);
    if (*n->host && slash)
        diag_help(p->d, "and an address for this host: ip addr add %s%s dev %s", n->host, slash, name);
}

static bool open_device(struct project *p, const struct guest_card *card, int *descriptor)
{
    const char *name = card->tap;
    struct ifreq request = {.ifr_flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR};
    memcpy(request.ifr_name, name, strlen(name));
    *descriptor = open("/dev/net/tun", O_RDWR | O_CLOEXEC);
    if (*descriptor < 0) {
        diag_fail(p->d, DIAG_OUTSIDE, SPAN_NONE, "--tap: cannot open /dev/net/tun: %s", strerror(errno));
        return diag_help(p->d, errno == ENOENT ? "as root: modprobe tun" : "the file must be readable and writable for you");
    }
    if (ioctl(*descriptor, TUNSETIFF, &request) == 0)
        return true;
    int error = errno;
    close(*descriptor);
    if (error == EBUSY)
        return diag_fail(p->d, DIAG_OUTSIDE, SPAN_NONE, "--tap: device '%s' is in use: another program has it open", name);
    if (error == EINVAL)
        return diag_fail(p->d, DIAG_USAGE, SPAN_NONE, "--tap: '%s' is a device of this host, but no tap device", name);
    diag_fail(p->d, DIAG_OUTSIDE, SPAN_NONE, "--tap: cannot use device '%s': %s", name, strerror(error));
    if (error == EPERM)
        remedy(p, card);
    return false;
}

/* Before anything is made. */
static bool ip_there(struct project *p)
{
    if (process_there("ip"))
        return true;
    diag_fail(p->d, DIAG_OUTSIDE, SPAN_NONE, "--tap: ip, which configures network devices, is not in PATH");
    return diag_help(p->d, "on Debian: apt-get install iproute2");
}

/* `ip` as a user would call it: what it says of an error is shown. */
static bool ip(struct project *p, const char *const *words)
{
    const char *argv[10] = {"ip"};
    for (size_t k = 0; words[k]; k++)
        argv[k + 1] = words[k];
    struct process run = {.argv = argv};
    return process_run(&run, p->d) == 0;
}

static bool make_device(struct project *p, const struct guest_card *card)
{
    const struct guest_network *n = &card->network;
    const char *name = card->tap, *slash = strchr(n->net, '/'), *slash6 = strchr(n->net6, '/');
    if (*n->host && slash && !ip(p, (const char *const[]){"addr", "add", arena_printf(p->a, "%s%s", n->host, slash), "dev", name, NULL}))
        return false;
    if (*n->host6 && slash6)
        ip(p, (const char *const[]){"addr", "add", arena_printf(p->a, "%s%s", n->host6, slash6), "dev", name, "nodad", NULL});
    return ip(p, (const char *const[]){"link", "set", name, "up", NULL});
}

/* A device that is not persistent goes with its last user. */
void tap_finish(struct tap_made *made)
{
    for (size_t k = 0; k < made->count; k++) {
        struct ifreq request = {.ifr_flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR};
        memcpy(request.ifr_name, made->names[k], strlen(made->names[k]));
        int descriptor = open("/dev/net/tun", O_RDWR | O_CLOEXEC);
        if (descriptor >= 0 && ioctl(descriptor, TUNSETIFF, &request) == 0)
            ioctl(descriptor, TUNSETPERSIST, 0);
        if (descriptor >= 0)
            close(descriptor);
    }
    made->count = 0;
}

bool tap_prepare(struct project *p, const struct guest *g, struct tap_made **made)
{
    *made = arena_array(p->a, struct tap_made, 1);
    for (size_t k = 0; k < g->cards.count && (*made)->count < MADE_MOST; k++) {
        const char *name = g->cards.items[k].tap;
        int descriptor;
        if (!name)
            continue;
        bool there = if_nametoindex(name) != 0;
        if (!open_device(p, &g->cards.items[k], &descriptor))
            return false;
        if (there || !ip_there(p)) {
            close(descriptor);
            if (there)
                continue;
            return false;
        }
        bool good = ioctl(descriptor, TUNSETPERSIST, 1) == 0;
        close(descriptor); /* the hypervisor must be able to attach */
        (*made)->names[(*made)->count++] = name;
        if (!good || !make_device(p, &g->cards.items[k])) {
            diag_fail(p->d, DIAG_OUTSIDE, SPAN_NONE, "--tap: device '%s' was made, but cannot be configured", name);
            tap_finish(*made);
            return false;
        }
    }
    return true;
}
