/*
 * tcp.c - listeners and connections.
 *
 * Every operation tries first and waits only when the host would block.  A
 * read that got less than it asked for has emptied the socket's buffer, so the
 * next one waits without trying in vain (epoll(7)); a request and its answer on an
 * idle connection cost one read and one write, and a share of an epoll_wait.
 */
#include "stack_host.h"

#include "clock.h"
#include "keys.h"
#include "socket.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/uio.h>
#include <ukc/deadline.h>
#include <unistd.h>

struct stack_host_listener {
    struct socket socket;
};
struct stack_host_flow {
    struct socket socket;
};

enum {
    PAUSE = 10 * NANOSECONDS_PER_MILLISECOND, /* between attempts to accept when the host lacks resources */
    GATHERED = 16, /* views per system call */
};

/* ---- listening ---- */

int stack_host_listen(struct stack_host_listener **listener, const struct endpoint *local, unsigned backlog)
{
    int family, one = 1;
    struct socket *socket = socket_new();
    if (!socket)
        return -ENOMEM;
    int descriptor = socket_bound(SOCK_STREAM, local, &family);
    int error = descriptor < 0 ? descriptor : 0;
    /* accepted sockets inherit TCP_NODELAY */
    if (!error && (setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one) != 0 ||
                   listen(descriptor, backlog ? (int)(backlog > 65535 ? 65535 : backlog) : KEY_BACKLOG) != 0)) {
        error = -errno;
        close(descriptor);
    }
    if (!error)
        error = socket_adopt(socket, descriptor, family);
    if (error) {
        socket_discard(socket);
        return error;
    }
    *listener = (struct stack_host_listener *)socket;
    return 0;
}

int stack_host_listener_local(const struct stack_host_listener *listener, struct endpoint *local)
{
    return socket_local(&listener->socket, local);
}

void stack_host_unlisten(struct stack_host_listener *listener)
{
    socket_end(&listener->socket);
}

/* What accept4 says when one connection failed, not the listener (accept(2), "Error handling"). */
static bool lost_connection(int error)
{
    return error == ECONNABORTED || error == EINTR || error == EPROTO || error == ENETDOWN || error == ENOPROTOOPT ||
           error == EHOSTDOWN || error == ENONET || error == EHOSTUNREACH || error == ENETUNREACH || error == EOPNOTSUPP ||
           error == ETIMEDOUT || error == EPERM;
}

static bool lacks_resources(int error)
{
    return error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM;
}

/* accept4 takes a descriptor before it looks: without one it fails also when nobody is there. */
static bool somebody_is_there(const struct socket *listener)
{
    struct pollfd one = {.fd = listener->descriptor, .events = POLLIN};
    return poll(&one, 1, 0) != 0;
}

/* No edge tells that resources are back: try again a little later. */
static int wait_for_resources(struct socket *listener, int64_t deadline)
{
    int64_t later = deadline_after(clock_now(), PAUSE);
    int error = socket_pause(listener, EVENTS_READ, later < deadline ? later : deadline);
    return error == -ETIMEDOUT && later < deadline ? 0 : error;
}

/* The caller hears of it at once only when the last connection was accepted without: it may not do anything about it. */
static int lack(struct socket *listener, bool *waited, int64_t deadline)
{
    if (listener->lacking && !*waited) {
        *waited = true;
        return wait_for_resources(listener, deadline);
    }
    listener->lacking = true;
    return -EMFILE;
}

int stack_host_accept(struct stack_host_listener *listener, struct stack_host_flow **flow, int64_t deadline)
{
    struct socket *from = &listener->socket;
    int error = socket_enter(from, EVENTS_READ);
    bool waited = false;
    while (!error) {
        struct socket *socket = socket_new();
        int descriptor = socket ? accept4(from->descriptor, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC) : -1;
        int failure = socket ? errno : ENOMEM;
        if (descriptor >= 0 && socket_adopt(socket, descriptor, from->family) == 0) {
            *flow = (struct stack_host_flow *)socket;
            from->lacking = false;
            return 0;
        }
        if (socket)
            socket_discard(socket);
        if (descriptor >= 0 || lost_connection(failure))
            continue;
        if (lacks_resources(failure) && somebody_is_there(from))
            error = lack(from, &waited, deadline);
        else if (failure == EAGAIN || lacks_resources(failure))
            error = socket_wait(from, EVENTS_READ, deadline);
        else
            error = -failure;
    }
    return error;
}

/* ---- connecting ---- */

static int connected(struct socket *socket, int64_t deadline)
{
    events_exhausted(socket->source, EVENTS_WRITE);
    while (!events_ready(socket->source, EVENTS_WRITE)) {
        int error = socket_wait(socket, EVENTS_WRITE, deadline);
        if (error)
            return error;
    }
    int error = 0;
    socklen_t size = sizeof error;
    if (getsockopt(socket->descriptor, SOL_SOCKET, SO_ERROR, &error, &size) != 0)
        return -errno;
    return -error;
}

int stack_host_connect(struct stack_host_flow **flow, const struct endpoint *remote, int64_t deadline)
{
    int family = remote->address.family == IP_V4 ? AF_INET : AF_INET6, one = 1;
    if (remote->address.family == IP_ANY)
        return -EAFNOSUPPORT;
    struct sockaddr_storage address;
    socklen_t size = socket_address(remote, family, &address);
    struct socket *new = socket_new();
    if (!new)
        return -ENOMEM;
    int descriptor = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    int error = descriptor < 0 ? -errno : 0;
    if (!error) {
        setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        if (connect(descriptor, (struct sockaddr *)&address, size) != 0 && errno != EINPROGRESS && errno != EINTR) {
            error = -errno;
            close(descriptor);
        } else
            error = socket_adopt(new, descriptor, family);
    }
    if (error) {
        socket_discard(new);
        return error;
    }
    error = connected(new, deadline);
    if (error) {
        socket_end(new);
        return error;
    }
    *flow = (struct stack_host_flow *)new;
    return 0;
}

/* ---- reading and writing ---- */

/* EPIPE says no more than that writing is over. */
static int failed(struct socket *socket, int error)
{
    if (error != EPIPE)
        socket->failure = error;
    return -error;
}

ptrdiff_t stack_host_read(struct stack_host_flow *flow, void *buffer, size_t size, int64_t deadline)
{
    struct socket *socket = &flow->socket;
    int error = socket_enter(socket, EVENTS_READ);
    if (size == 0)
        return error;
    while (!error) {
        if (events_ready(socket->source, EVENTS_READ)) {
            ssize_t got = recv(socket->descriptor, buffer, size, 0);
            if (got > 0 && (size_t)got < size)
                events_exhausted(socket->source, EVENTS_READ);
            if (got > 0)
                return got;
            if (got == 0) /* also when the other direction has taken the error already */
                return -socket->failure;
            if (errno == EINTR)
                continue;
            if (errno != EAGAIN)
                return failed(socket, errno);
            events_exhausted(socket->source, EVENTS_READ);
        }
        error = socket_wait(socket, EVENTS_READ, deadline);
    }
    return error;
}

/* The views from byte `done` on, as far as one system call takes them. */
static size_t gather(struct iovec *vectors, const struct view *views, size_t count, size_t done, size_t *total)
{
    size_t used = 0;
    *total = 0;
    for (size_t i = 0; i < count && used < GATHERED; i++) {
        if (done >= views[i].size) {
            done -= views[i].size;
            continue;
        }
        vectors[used].iov_base = (char *)(uintptr_t)views[i].bytes + done;
        vectors[used].iov_len = views[i].size - done;
        *total += vectors[used++].iov_len;
        done = 0;
    }
    return used;
}

ptrdiff_t stack_host_write(struct stack_host_flow *flow, const struct view *views, size_t count, int64_t deadline)
{
    struct socket *socket = &flow->socket;
    struct iovec vectors[GATHERED];
    size_t done = 0, offered;
    int error = socket_enter(socket, EVENTS_WRITE);
    while (!error) {
        struct msghdr message = {.msg_iov = vectors, .msg_iovlen = gather(vectors, views, count, done, &offered)};
        if (offered == 0)
            return (ptrdiff_t)done;
        if (events_ready(socket->source, EVENTS_WRITE)) {
            ssize_t sent = sendmsg(socket->descriptor, &message, MSG_NOSIGNAL);
            if (sent >= 0) {
                done += (size_t)sent;
                if ((size_t)sent == offered)
                    continue;
            } else if (errno == EINTR)
                continue;
            else if (errno != EAGAIN) {
                error = failed(socket, errno);
                break;
            }
            events_exhausted(socket->source, EVENTS_WRITE);
        }
        error = socket_wait(socket, EVENTS_WRITE, deadline);
    }
    return done > 0 && error != -ECONNABORTED ? (ptrdiff_t)done : error;
}

/* ---- ending ---- */

int stack_host_shutdown(struct stack_host_flow *flow)
{
    return shutdown(flow->socket.descriptor, SHUT_WR) == 0 ? 0 : -errno;
}

void stack_host_close(struct stack_host_flow *flow)
{
    socket_end(&flow->socket);
}

void stack_host_abort(struct stack_host_flow *flow)
{
    struct linger linger = {.l_onoff = 1, .l_linger = 0};
    setsockopt(flow->socket.descriptor, SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
    socket_end(&flow->socket);
}

int stack_host_local(const struct stack_host_flow *flow, struct endpoint *local)
{
    return socket_local(&flow->socket, local);
}

int stack_host_peer(const struct stack_host_flow *flow, struct endpoint *peer)
{
    struct sockaddr_storage address;
    socklen_t size = sizeof address;
    if (getpeername(flow->socket.descriptor, (struct sockaddr *)&address, &size) != 0)
        return -errno;
    *peer = socket_endpoint(&address);
    return 0;
}
