/*
 * exchange.c - a report is built in place, and sent when it is full or the turn ends.
 *
 * Frames that have come wait in a ring of INBOX bytes, as in that of a
 * network card: when the image does not take them, the next ones are lost, and counted.
 */
#include "exchange.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { INBOX = 1 << 20 };

static int link_socket = -1;

static _Alignas(8) uint8_t report[PROTOCOL_BYTES], turn[PROTOCOL_BYTES];
static size_t report_size;
static uint32_t report_count, unread;

static uint8_t inbox[INBOX]; /* frames as in a message */
static size_t inbox_from, inbox_to;

static _Noreturn void die(const char *why)
{
    ssize_t written = write(STDERR_FILENO, why, strlen(why));
    (void)written;
    _exit(70);
}

/* ---- messages ---- */

static void send_report(uint32_t flags, int64_t deadline)
{
    struct message head = {
        .kind = PROTOCOL_REPORT, .flags = flags, .time = deadline, .count = report_count, .unread = unread,
    };
    memcpy(report, &head, sizeof head);
    ssize_t sent;
    do
        sent = send(link_socket, report, report_size, MSG_NOSIGNAL);
    while (sent < 0 && errno == EINTR);
    if (sent != (ssize_t)report_size && !(flags & PROTOCOL_LAST))
        die("the switch of this simulated host is gone\n");
    report_size = sizeof head;
    report_count = unread = 0;
}

static size_t receive(void *buffer, size_t size)
{
    ssize_t got;
    do
        got = recv(link_socket, buffer, size, 0);
    while (got < 0 && errno == EINTR);
    return got < 0 ? 0 : (size_t)got;
}

/* Room for a frame and its size at the end of the inbox; NULL if there is none. */
static uint8_t *inbox_room(size_t size)
{
    if (inbox_from == inbox_to)
        inbox_from = inbox_to = 0;
    if (size > sizeof inbox - inbox_to && inbox_from > 0) {
        memmove(inbox, inbox + inbox_from, inbox_to - inbox_from);
        inbox_to -= inbox_from;
        inbox_from = 0;
    }
    if (size > sizeof inbox - inbox_to)
        return NULL;
    inbox_to += size;
    return inbox + inbox_to - size;
}

static bool accept_frames(size_t size, uint32_t count)
{
    size_t at = sizeof(struct message);
    for (; count > 0; count--) {
        uint32_t frame;
        if (size - at < sizeof frame)
            return false;
        memcpy(&frame, turn + at, sizeof frame);
        if (frame < PROTOCOL_SHORTEST || frame > PROTOCOL_LONGEST || frame > size - at - sizeof frame)
            return false;
        uint8_t *room = inbox_room(sizeof frame + frame);
        if (room)
            memcpy(room, turn + at, sizeof frame + frame);
        else
            unread++;
        at += sizeof frame + frame;
    }
    return at == size;
}

int64_t exchange_turn(int64_t deadline, bool *stop)
{
    struct message head;
    send_report(0, deadline);
    *stop = false;
    do {
        size_t size = receive(turn, sizeof turn);
        if (size == 0)
            die("the switch of this simulated host is gone\n");
        memcpy(&head, turn, sizeof head);
        if (size < sizeof head || head.kind != PROTOCOL_TURN || head.time < 0 || !accept_frames(size, head.count))
            die("the switch of this simulated host says what it must not\n");
        *stop |= (head.flags & PROTOCOL_STOP) != 0;
    } while (head.flags & PROTOCOL_MORE);
    return head.time;
}

/* ---- frames ---- */

uint8_t *exchange_frame(size_t size)
{
    uint32_t number = (uint32_t)size;
    if (sizeof report - report_size < sizeof number + size)
        send_report(PROTOCOL_MORE, 0);
    memcpy(report + report_size, &number, sizeof number);
    report_size += sizeof number + size;
    report_count++;
    return report + report_size - size;
}

const uint8_t *exchange_first(size_t *size)
{
    uint32_t number;
    if (inbox_from == inbox_to)
        return NULL;
    memcpy(&number, inbox + inbox_from, sizeof number);
    *size = number;
    return inbox + inbox_from + sizeof number;
}

void exchange_drop(void)
{
    size_t size;
    if (exchange_first(&size))
        inbox_from += sizeof(uint32_t) + size;
}

/* ---- start and stop ---- */

static int connect_to(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof address.sun_path)
        return -ENAMETOOLONG;
    strcpy(address.sun_path, path);
    int descriptor = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    if (descriptor < 0)
        return -errno;
    if (connect(descriptor, (struct sockaddr *)&address, sizeof address) == 0)
        return descriptor;
    int error = errno;
    close(descriptor);
    return -error;
}

static int inherited(void)
{
    static const char message[] = "this image is a simulated host (link = switch): start it with ukc-switch\n";
    const char *text = getenv(PROTOCOL_VARIABLE);
    int type = 0;
    socklen_t size = sizeof type;
    int descriptor = text ? atoi(text) : -1;
    if (descriptor >= 3 && getsockopt(descriptor, SOL_SOCKET, SO_TYPE, &type, &size) == 0 && type == SOCK_SEQPACKET)
        return descriptor;
    ssize_t written = write(STDERR_FILENO, message, sizeof message - 1);
    (void)written;
    return -ENOTCONN;
}

int exchange_open(const char *path, struct welcome *welcome)
{
    link_socket = path[0] ? connect_to(path) : inherited();
    if (link_socket < 0)
        return link_socket;
    report_size = sizeof(struct message);
    report_count = unread = 0;
    inbox_from = inbox_to = 0;
    bool valid = receive(welcome, sizeof *welcome) == sizeof *welcome && welcome->kind == PROTOCOL_WELCOME && welcome->now >= 0 &&
                 welcome->wall >= 0 && welcome->mtu >= 576 && welcome->mtu <= 9216 && (welcome->mac[0] & 1) == 0;
    if (valid)
        return 0;
    close(link_socket);
    link_socket = -1;
    return -EPROTO;
}

void exchange_close(void)
{
    if (link_socket < 0)
        return;
    send_report(PROTOCOL_LAST, 0);
    close(link_socket);
    link_socket = -1;
}
