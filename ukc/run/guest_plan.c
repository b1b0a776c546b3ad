/*
 * guest_plan.c - what the image needs of a machine, from <build>/plan.txt, which configure wrote.
 *
 * The plan itself would mean reading every manifest again.  Of its text these lines matter:
 *
 *     http.stack.netif: virtio_net 0.1 (ukc)
 *       key index = -1 (default, also at boot)
 *
 *     http.stack: lwip 0.1 (ukc; ...)
 *       netif: sig.netif = http.stack.netif [virtio_net] (shared)
 *       key address = 10.0.0.2/24 (default, also at boot)
 *       key port = 8080 (port, default)
 *
 *     memory beside the image: at least 524288 bytes, at most 4194304
 *
 * Of instances the unikernel comes last; its keys have no instance in front of their names.
 */
#include "guest.h"
#include "../base/file.h"
#include "../build/budgets.h"
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LINE_MOST = 512 };

/* A driver of a network card. */
struct driver {
    const char *instance;
    long index;
};
typedef VEC(struct driver) driver_list;

/* A stack's own addresses, as far as they are fixed, and its driver's card. */
struct fixed {
    long card;
    char ipv4[16], address[64], router[64], ipv6[16], address6[64], router6[64];
};

static void keep(char *to, size_t size, const char *from, const char *end)
{
    size_t n = (size_t)(end - from);
    if (n >= size)
        n = 0;
    memcpy(to, from, n);
    to[n] = 0;
}

static void read_key(struct fixed *f, const char *line)
{
    static const char prefix[] = "  key ";
    const struct {
        const char *name;
        char *to;
        size_t size;
    } keys[] = {
        {"ipv4", f->ipv4, sizeof f->ipv4},       {"address", f->address, sizeof f->address},    {"router", f->router, sizeof f->router},
        {"ipv6", f->ipv6, sizeof f->ipv6},       {"address6", f->address6, sizeof f->address6}, {"router6", f->router6, sizeof f->router6},
    };
    if (!string_starts(line, prefix))
        return;
    line += sizeof prefix - 1;
    size_t length = strcspn(line, " ");
    if (strncmp(line + length, " = ", 3) != 0)
        return;
    const char *value = line + length + 3, *end = strstr(value, " (");
    for (size_t k = 0; end && k < sizeof keys / sizeof keys[0]; k++)
        if (strlen(keys[k].name) == length && strncmp(keys[k].name, line, length) == 0)
            keep(keys[k].to, keys[k].size, value, end);
}

static void read_port(struct project *p, struct guest *g, const char *instance, const char *line)
{
    const char *name = line + strlen("  key "), *equals = strstr(name, " = "), *end = equals ? strstr(equals, " (port, ") : NULL;
    if (!string_starts(line, "  key ") || !end)
        return;
    const char *path = arena_printf(p->a, "%s.%.*s", instance, (int)(equals - name), name);
    *vec_add(p->a, &g->port_keys) = (struct guest_port_key){.path = path, .values = arena_strndup(p->a, equals + 3, (size_t)(end - equals - 3))};
}

/* Drivers come before the stacks that have them. */
static void read_driver(struct fixed *f, const driver_list *drivers, const char *line)
{
    static const char prefix[] = "  netif: sig.netif = ";
    if (!string_starts(line, prefix))
        return;
    line += sizeof prefix - 1;
    size_t length = strcspn(line, " ");
    for (size_t k = 0; k < drivers->count; k++)
        if (strlen(drivers->items[k].instance) == length && strncmp(drivers->items[k].instance, line, length) == 0)
            f->card = drivers->items[k].index;
}

/* A driver that was not told which of several devices is its own. */
static void read_index(struct project *p, const char **index, const char *instance, const char *line)
{
    const char *path = arena_printf(p->a, "%s.index", instance);
    if (!*index && string_starts(line, "  key index = -1 "))
        *index = path;
    else if (string_starts(line, "  key mac = ") && !string_starts(line, "  key mac = 00:00:00:00:00:00 ") && string_equal(*index, path))
        *index = NULL;
}

/* Those of the last instance in the plan. */
static void own_ports(struct guest *g, const char *instance)
{
    size_t length = strlen(instance) + 1;
    for (size_t k = 0; k < g->port_keys.count; k++) {
        struct guest_port_key *key = &g->port_keys.items[k];
        key->own = strncmp(key->path, instance, length - 1) == 0 && key->path[length - 1] == '.' && !strchr(key->path + length, '.');
        key->path += key->own ? length : 0;
    }
}

/* The implementation that an instance's line names, or "". */
static void implementation_of(const char *line, char *name, size_t size)
{
    const char *colon = *line == ' ' ? NULL : strstr(line, ": ");
    *name = 0;
    if (colon)
        keep(name, size, colon + 2, colon + 2 + strcspn(colon + 2, " "));
}

/* "10.0.0.2/24" and "10.0.0.1": the network 10.0.0.0/24, where the host is the router, or leaves it to QEMU. */
static bool split_prefix(int family, const char *prefix, unsigned char *address, unsigned *bits)
{
    char plain[64];
    const char *slash = strchr(prefix, '/');
    if (!slash || (size_t)(slash - prefix) >= sizeof plain)
        return false;
    keep(plain, sizeof plain, prefix, slash);
    *bits = (unsigned)strtoul(slash + 1, NULL, 10);
    return inet_pton(family, plain, address) == 1;
}

static void mask(unsigned char *address, unsigned bytes, unsigned bits)
{
    for (unsigned k = 0; k < bytes; k++) {
        unsigned kept = bits > 8 * k ? bits - 8 * k : 0;
        if (kept < 8)
            address[k] &= (unsigned char)(0xff00 >> kept);
    }
}

/* net, and host when the router is in it */
static bool network(int family, const char *prefix, const char *router, char net[NETWORK_TEXT], char host[NETWORK_TEXT])
{
    unsigned char own[16], other[16], first[16];
    unsigned bits, bytes = family == AF_INET ? 4 : 16;
    char text[INET6_ADDRSTRLEN];
    if (!split_prefix(family, prefix, own, &bits) || bits > 8 * bytes - 2 || bits < 8)
        return false;
    memcpy(first, own, bytes);
    mask(first, bytes, bits);
    inet_ntop(family, first, text, sizeof text);
    snprintf(net, NETWORK_TEXT, "%s/%u", text, bits);
    if (inet_pton(family, router, other) == 1 && memcmp(own, other, bytes) != 0) {
        mask(other, bytes, bits);
        if (memcmp(other, first, bytes) == 0)
            snprintf(host, NETWORK_TEXT, "%s", router);
    }
    return true;
}

struct guest_network guest_network_of(const struct guest *g, size_t card)
{
    for (size_t k = 0; k < g->stacks.count; k++)
        if (g->stacks.items[k].card == (long)card)
            return g->stacks.items[k].network;
    return g->stacks.count ? g->stacks.items[0].network : (struct guest_network){};
}

static void fix_network(struct guest_network *n, const struct fixed *f)
{
    if (string_equal(f->ipv4, "static") && network(AF_INET, f->address, f->router, n->net, n->host))
        keep(n->image, sizeof n->image, f->address, strchr(f->address, '/'));
    if (string_equal(f->ipv6, "static") && network(AF_INET6, f->address6, f->router6, n->net6, n->host6))
        keep(n->image6, sizeof n->image6, f->address6, strchr(f->address6, '/'));
}

bool guest_read_plan(struct project *p, struct guest *g)
{
    const struct source *plan = file_read(p->a, project_file(p, "plan.txt"), SPAN_NONE, PLAN_LIMIT, p->d);
    if (!plan)
        return false;
    VEC(struct fixed) stacks = {};
    driver_list drivers = {};
    struct fixed *stack = NULL;
    struct driver *driver = NULL;
    uint64_t most;
    budgets_of(plan->bytes, &g->budgets, &most);
    const char *instance = "", **index = NULL;
    for (const char *at = plan->bytes; *at;) {
        char line[LINE_MOST], name[64];
        size_t length = strcspn(at, "\n");
        keep(line, sizeof line, at, at + length);
        at += length + (at[length] == '\n');
        if (string_starts(line, "memory beside the image: "))
            break;
        if (*line && *line != ' ') {
            implementation_of(line, name, sizeof name);
            instance = arena_strndup(p->a, line, strcspn(line, ":"));
            bool disk = string_equal(name, "virtio_blk") || string_equal(name, "blkfront"), card = string_equal(name, "virtio_net") || string_equal(name, "netfront");
            g->disk_drivers += disk;
            g->card_drivers += card;
            index = disk ? &g->disk_index : card ? &g->card_index : NULL;
            g->noise_drivers += string_equal(name, "virtio_rng");
            g->console_drivers += string_equal(name, "virtio_console");
            driver = card ? vec_add(p->a, &drivers) : NULL;
            stack = string_equal(name, "lwip") ? vec_add(p->a, &stacks) : NULL;
            if (driver)
                *driver = (struct driver){.instance = instance, .index = -1};
            if (stack)
                *stack = (struct fixed){.card = -1};
            continue;
        }
        read_port(p, g, instance, line);
        if (index)
            read_index(p, index, instance, line);
        if (driver && string_starts(line, "  key index = "))
            driver->index = strtol(line + strlen("  key index = "), NULL, 10);
        if (stack) {
            read_driver(stack, &drivers, line);
            read_key(stack, line);
        }
    }
    own_ports(g, instance);
    for (size_t k = 0; k < stacks.count; k++) {
        struct guest_stack *s = vec_add(p->a, &g->stacks);
        *s = (struct guest_stack){.card = stacks.items[k].card};
        fix_network(&s->network, &stacks.items[k]);
    }
    return true;
}
