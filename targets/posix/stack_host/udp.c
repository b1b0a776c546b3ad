/* udp.c - datagrams. */
#include "stack_host.h"

#include "socket.h"

struct stack_host_udp {
    struct socket socket;
};

int stack_host_udp_open(struct stack_host_udp **udp, const struct endpoint *local)
{
    int family;
    struct socket *socket = socket_new();
    if (!socket)
        return -ENOMEM;
    int descriptor = socket_bound(SOCK_DGRAM, local, &family);
    int error = descriptor < 0 ? descriptor : socket_adopt(socket, descriptor, family);
    if (error) {
        socket_discard(socket);
        return error;
    }
    socket->v6_only = local->address.family == IP_V6;
    *udp = (struct stack_host_udp *)socket;
    return 0;
}

int stack_host_udp_local(const struct stack_host_udp *udp, struct endpoint *local)
{
    return socket_local(&udp->socket, local);
}

int stack_host_udp_send(struct stack_host_udp *udp, const struct endpoint *to, struct view datagram, int64_t deadline)
{
    struct socket *socket = &udp->socket;
    struct sockaddr_storage address;
    bool impossible = to->address.family == IP_ANY || (to->address.family == IP_V4 && socket->v6_only);
    socklen_t size = impossible ? 0 : socket_address(to, socket->family, &address);
    if (size == 0)
        return -EAFNOSUPPORT;
    int error = socket_enter(socket, EVENTS_WRITE);
    while (!error) {
        ssize_t sent = sendto(socket->descriptor, datagram.bytes, datagram.size, MSG_NOSIGNAL, (struct sockaddr *)&address, size);
        if (sent >= 0)
            return 0;
        if (errno == EINTR)
            continue;
        error = errno == EAGAIN ? socket_wait(socket, EVENTS_WRITE, deadline) : -errno;
    }
    return error;
}

ptrdiff_t stack_host_udp_receive(struct stack_host_udp *udp, void *buffer, size_t size, struct endpoint *from, int64_t deadline)
{
    struct socket *socket = &udp->socket;
    int error = socket_enter(socket, EVENTS_READ);
    while (!error) {
        struct sockaddr_storage address;
        socklen_t address_size = sizeof address;
        ssize_t got = recvfrom(socket->descriptor, buffer, size, MSG_TRUNC, (struct sockaddr *)&address, &address_size);
        if (got >= 0) {
            if (from)
                *from = socket_endpoint(&address);
            return got;
        }
        if (errno == EINTR)
            continue;
        error = errno == EAGAIN ? socket_wait(socket, EVENTS_READ, deadline) : -errno;
    }
    return error;
}

void stack_host_udp_close(struct stack_host_udp *udp)
{
    socket_end(&udp->socket);
}
