/* socket.c - sockets that tasks can wait in, and addresses as the host writes them. */
#include "socket.h"

#include "stack_host.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

static struct socket *free_sockets;

enum { TURN = 32 };
static unsigned turn; /* operations begun since a task last waited */

/* ---- life ---- */

struct socket *socket_new(void)
{
    struct socket *socket = free_sockets;
    if (socket)
        free_sockets = socket->next_free;
    else
        socket = malloc(sizeof *socket);
    if (socket)
        *socket = (struct socket){.descriptor = -1};
    return socket;
}

void socket_discard(struct socket *socket)
{
    socket->next_free = free_sockets;
    free_sockets = socket;
}

int socket_adopt(struct socket *socket, int descriptor, int family)
{
    int error = events_watch(&socket->source, descriptor);
    if (error) {
        close(descriptor);
        return error;
    }
    socket->descriptor = descriptor;
    socket->family = family;
    return 0;
}

void socket_end(struct socket *socket)
{
    events_close(socket->source);
    socket->descriptor = -1;
    socket->ended = true;
    bool used = false;
    for (int i = 0; i < 2; i++)
        if (socket->waiting[i]) {
            task_wake(socket->waiting[i]);
            used = true;
        }
    if (!used)
        socket_discard(socket);
}

void socket_free_all(void)
{
    while (free_sockets) {
        struct socket *socket = free_sockets;
        free_sockets = socket->next_free;
        free(socket);
    }
}

/* Every connection is a descriptor: take as many as the host grants. */
int stack_host_start(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit); /* less is no reason not to start */
    }
    return 0;
}

void stack_host_stop(void)
{
    task_end_children(0); /* they hold flows */
    socket_free_all();
}

/* ---- waiting ---- */

/* After the task may have slept in the socket. */
static int leave(struct socket *socket, enum events_direction direction, int result)
{
    socket->waiting[direction] = NULL;
    if (!socket->ended)
        return result;
    if (!socket->waiting[EVENTS_READ] && !socket->waiting[EVENTS_WRITE])
        socket_discard(socket);
    return -ECONNABORTED;
}

int socket_pause(struct socket *socket, enum events_direction direction, int64_t deadline)
{
    turn = 0;
    socket->waiting[direction] = task_self();
    return leave(socket, direction, task_park(deadline));
}

int socket_enter(struct socket *socket, enum events_direction direction)
{
    if (socket->waiting[direction])
        return -EBUSY;
    if (++turn < TURN)
        return 0;
    turn = 0;
    socket->waiting[direction] = task_self();
    task_yield();
    return leave(socket, direction, 0);
}

int socket_wait(struct socket *socket, enum events_direction direction, int64_t deadline)
{
    if (deadline <= 0)
        return -ETIMEDOUT;
    events_arm(socket->source, direction, task_self());
    int result = socket_pause(socket, direction, deadline);
    if (result != -ECONNABORTED)
        events_arm(socket->source, direction, NULL); /* also after a stray wake: the cookie must not outlive the task */
    return result;
}

/* ---- addresses ---- */

static const uint8_t v4_mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff}; /* RFC 4291, 2.5.5.2 */

socklen_t socket_address(const struct endpoint *endpoint, int family, struct sockaddr_storage *address)
{
    const struct ip_address *ip = &endpoint->address;
    memset(address, 0, sizeof *address);
    if (family == AF_INET) {
        struct sockaddr_in *v4 = (struct sockaddr_in *)address;
        if (ip->family == IP_V6)
            return 0;
        v4->sin_family = AF_INET;
        v4->sin_port = htons(endpoint->port);
        memcpy(&v4->sin_addr, ip->bytes, 4);
        return sizeof *v4;
    }
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)address;
    v6->sin6_family = AF_INET6;
    v6->sin6_port = htons(endpoint->port);
    v6->sin6_scope_id = ip->zone;
    if (ip->family == IP_V4) {
        memcpy(&v6->sin6_addr, v4_mapped, 12);
        memcpy((char *)&v6->sin6_addr + 12, ip->bytes, 4);
    } else
        memcpy(&v6->sin6_addr, ip->bytes, 16);
    return sizeof *v6;
}

struct endpoint socket_endpoint(const struct sockaddr_storage *address)
{
    struct endpoint endpoint = {0};
    if (address->ss_family == AF_INET) {
        const struct sockaddr_in *v4 = (const struct sockaddr_in *)address;
        endpoint.address.family = IP_V4;
        memcpy(endpoint.address.bytes, &v4->sin_addr, 4);
        endpoint.port = ntohs(v4->sin_port);
    } else if (address->ss_family == AF_INET6) {
        const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)address;
        bool mapped = memcmp(&v6->sin6_addr, v4_mapped, 12) == 0;
        endpoint.address.family = mapped ? IP_V4 : IP_V6;
        endpoint.address.zone = mapped ? 0 : v6->sin6_scope_id;
        memcpy(endpoint.address.bytes, (const char *)&v6->sin6_addr + (mapped ? 12 : 0), mapped ? 4 : 16);
        endpoint.port = ntohs(v6->sin6_port);
    }
    return endpoint;
}

int socket_local(const struct socket *socket, struct endpoint *local)
{
    struct sockaddr_storage address;
    socklen_t size = sizeof address;
    if (getsockname(socket->descriptor, (struct sockaddr *)&address, &size) != 0)
        return -errno;
    *local = socket_endpoint(&address);
    return 0;
}

/* One attempt, for one family; v6_only is for AF_INET6. */
static int bound(int type, const struct endpoint *local, int family, int v6_only)
{
    int descriptor = socket(family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), one = 1;
    if (descriptor < 0)
        return -errno;
    struct sockaddr_storage address;
    socklen_t size = socket_address(local, family, &address);
    if ((type == SOCK_STREAM && setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) != 0) ||
        (family == AF_INET6 && setsockopt(descriptor, IPPROTO_IPV6, IPV6_V6ONLY, &v6_only, sizeof v6_only) != 0) ||
        bind(descriptor, (struct sockaddr *)&address, size) != 0) {
        int error = -errno;
        close(descriptor);
        return error;
    }
    return descriptor;
}

/* A host without IPv6 listens for IPv4 alone when asked for any address. */
int socket_bound(int type, const struct endpoint *local, int *family)
{
    bool any = local->address.family == IP_ANY;
    *family = local->address.family == IP_V4 ? AF_INET : AF_INET6;
    int descriptor = bound(type, local, *family, !any);
    if (any && (descriptor == -EAFNOSUPPORT || descriptor == -EADDRNOTAVAIL)) {
        *family = AF_INET;
        descriptor = bound(type, local, *family, 0);
    }
    return descriptor;
}
