/*
 * host_ports.c - the ports of this host that --publish names.
 *
 * The hypervisor opens them itself, but of a port that another program has it says only the text of its own option.  So they
 * are tried before it starts; should one be taken in between, the hypervisor's message is all there is.
 */
#include "hypervisor.h"
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { FIRST_FREE_FOR_ALL = 1024, LAST = 65535, TRIES = 100, NUMBERS_OF_OTHERS = 8000 };

/* 0, or why the port cannot be opened. */
static int attempt(const struct guest_port *port, unsigned number)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons((uint16_t)number)};
    int one = 1, error = 0, s = socket(AF_INET, (port->udp ? SOCK_DGRAM : SOCK_STREAM) | SOCK_CLOEXEC, 0);
    if (s < 0)
        return errno;
    inet_pton(AF_INET, port->address, &at.sin_addr);
    if (!port->udp) /* connections of an earlier run may linger */
        setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (bind(s, (struct sockaddr *)&at, sizeof at) != 0 || (!port->udp && listen(s, 1) != 0))
        error = errno;
    close(s);
    return error;
}

/* Another port of this host that would do; 0 if none was found. */
static unsigned another(const struct guest_port *port)
{
    unsigned first = port->host < FIRST_FREE_FOR_ALL ? port->host + NUMBERS_OF_OTHERS : port->host + 1;
    for (unsigned number = first; number <= LAST && number < first + TRIES; number++)
        if (attempt(port, number) == 0)
            return number;
    return 0;
}

static bool refuse(struct project *p, const struct guest_port *port, int error)
{
    const char *kind = port->udp ? "UDP port" : "port";
    if (error == EADDRNOTAVAIL) {
        diag_fail(p->d, DIAG_OUTSIDE, SPAN_NONE, "--publish: %s is no address of this host", port->address);
        return diag_help(p->d, "0.0.0.0 stands for all that it has; without an address only this host reaches the port");
    }
    if (error == EADDRINUSE)
        diag_fail(p->d, DIAG_OUTSIDE, SPAN_NONE, "--publish: another program has %s %u of this host", kind, port->host);
    else
        diag_fail(p->d, DIAG_OUTSIDE, SPAN_NONE, "--publish: %s %u of this host cannot be opened: %s", kind, port->host, strerror(error));
    unsigned number = another(port);
    bool local = string_equal(port->address, "127.0.0.1");
    return number && diag_help(p->d, "-p %s%s%u:%u%s would lead to the same port of the image", local ? "" : port->address, local ? "" : ":",
                               number, port->image, port->udp ? "/udp" : "");
}

bool host_ports_check(struct project *p, const struct guest *g)
{
    for (size_t k = 0; k < g->ports.count; k++) {
        int error = attempt(&g->ports.items[k], g->ports.items[k].host);
        if (error)
            refuse(p, &g->ports.items[k], error);
    }
    return diag_errors(p->d) == 0;
}
