/* advice.c - the commands of ip(8) that do what the image would have done itself. */
#include "advice.h"

#include "keys.h"
#include "plan.h"

#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* The name of whoever runs this, or the number if the name is none to be pasted into a shell. */
static void put_user(void)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-";
    const struct passwd *user = getpwuid(geteuid());
    bool usable = user && user->pw_name[0] != '\0' && user->pw_name[0] != '-' && user->pw_name[strspn(user->pw_name, plain)] == '\0';
    if (usable)
        fprintf(stderr, "%s", user->pw_name);
    else
        fprintf(stderr, "%u", (unsigned)geteuid());
}

void advise(const struct advice *advice)
{
    const char *device = KEY_DEVICE;
    fprintf(stderr, "netif_tap: %s: %s\n", advice->what, strerror(-advice->error));
    fprintf(stderr, "Run the image as root, with CAP_NET_ADMIN; or, once, as root:\n");
    if (advice->device_file)
        fprintf(stderr, "    %s\n", advice->error == -ENOENT || advice->error == -ENODEV ? "modprobe tun" : "chmod 666 /dev/net/tun");
    if (advice->remove)
        fprintf(stderr, "    ip tuntap del dev %s mode tap\n", device);
    if (advice->make) {
        fprintf(stderr, "    ip tuntap add dev %s mode tap user ", device);
        put_user();
        fprintf(stderr, "\n");
    }
    if (plan_ipv4())
        fprintf(stderr, "    ip addr add %s dev %s\n", KEY_HOST_IPV4, device);
    if (plan_ipv6())
        fprintf(stderr, "    ip addr add %s dev %s nodad\n", KEY_HOST_IPV6, device);
    fprintf(stderr, "    ip link set %s mtu %u up\n", device, (unsigned)KEY_MTU);
}
