/* host.c - messages of switch_host/protocol.h, from the switch's side. */
#include "host.h"

#include "../switch_host/protocol.h"
#include "chance.h"
#include "frame.h"
#include "memory.h"
#include "process.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

enum { FRAMES_MOST = 1 << 20 }; /* that a host sends in one turn */

/* ---- its end ---- */

static void forget(struct host *host)
{
    if (host->link >= 0)
        close(host->link);
    host->link = -1;
    host->state = HOST_ENDED;
    for (size_t i = 0; i < host->inbox_count; i++)
        frame_drop(host->inbox[i]);
    free(host->inbox);
    free(host->arguments);
    host->inbox = NULL;
    host->inbox_count = host->inbox_room = 0;
    host->arguments = NULL;
}

static void judge(struct host *host, bool said)
{
    int status = host->status;
    if (WIFSIGNALED(status))
        snprintf(host->failure, sizeof host->failure, "was killed by signal %d (%s)", WTERMSIG(status), strsignal(WTERMSIG(status)));
    else if (WEXITSTATUS(status) != 0)
        snprintf(host->failure, sizeof host->failure, "ended with status %d", WEXITSTATUS(status));
    else if (!said)
        snprintf(host->failure, sizeof host->failure, "ended with status 0, but not by returning from its program");
}

/* It has closed its socket; `said`: after its last report. */
static bool ended(struct host *host, const struct settings *settings, bool said)
{
    if (host->process > 0) {
        host->status = process_wait(host->process, settings->patience);
        if (host->status < 0)
            snprintf(host->failure, sizeof host->failure, "has left the simulation and does not end: killed");
        else
            judge(host, said);
    } else if (!said)
        snprintf(host->failure, sizeof host->failure, "has gone away");
    forget(host);
    return false;
}

void host_kill(struct host *host, const char *why)
{
    snprintf(host->failure, sizeof host->failure, "%s", why);
    if (host->process > 0) {
        kill(host->process, SIGKILL);
        host->status = process_wait(host->process, INT64_MAX);
    }
    forget(host);
}

/* ---- messages ---- */

static bool say(struct host *host, const void *bytes, size_t size)
{
    ssize_t sent;
    do
        sent = send(host->link, bytes, size, MSG_NOSIGNAL);
    while (sent < 0 && errno == EINTR);
    return sent == (ssize_t)size; /* if it is not, the next receive says why */
}

static void hand_over(struct host *host, int64_t now)
{
    static _Alignas(8) uint8_t bytes[PROTOCOL_BYTES];
    struct message head = {.kind = PROTOCOL_TURN, .time = now, .flags = host->stop ? PROTOCOL_STOP : 0};
    size_t size = sizeof head;
    bool gone = false;
    for (size_t i = 0; i < host->inbox_count; i++) {
        struct frame *frame = host->inbox[i];
        if (sizeof bytes - size < sizeof frame->size + frame->size) {
            struct message first = head;
            first.flags |= PROTOCOL_MORE;
            memcpy(bytes, &first, sizeof first);
            gone = gone || !say(host, bytes, size);
            size = sizeof head;
            head.count = 0;
        }
        memcpy(bytes + size, &frame->size, sizeof frame->size);
        memcpy(bytes + size + sizeof frame->size, frame->bytes, frame->size);
        size += sizeof frame->size + frame->size;
        head.count++;
        frame_drop(frame);
    }
    host->inbox_count = 0;
    host->stop = false;
    memcpy(bytes, &head, sizeof head);
    if (!gone)
        say(host, bytes, size);
}

/* One message, into `bytes`: its size, 0 at the end, -1 when the host hangs. */
static ssize_t hear(struct host *host, uint8_t *bytes)
{
    for (;;) {
        ssize_t got = recv(host->link, bytes, PROTOCOL_BYTES, MSG_TRUNC);
        if (got >= 0)
            return got;
        if (errno == EAGAIN)
            return -1;
        if (errno != EINTR)
            return 0;
    }
}

static bool frames_valid(const struct settings *settings, const uint8_t *bytes, size_t size, uint32_t count)
{
    size_t at = sizeof(struct message);
    for (; count > 0; count--) {
        uint32_t frame;
        if (size - at < sizeof frame)
            return false;
        memcpy(&frame, bytes + at, sizeof frame);
        if (frame < PROTOCOL_SHORTEST || frame > settings->mtu + 18u || frame > size - at - sizeof frame)
            return false;
        at += sizeof frame + frame;
    }
    return at == size;
}

static void send_frames(struct host *host, const uint8_t *bytes, uint32_t count, host_sender *sender, void *context)
{
    for (size_t at = sizeof(struct message); count > 0; count--) {
        uint32_t size;
        memcpy(&size, bytes + at, sizeof size);
        sender(context, host->number - 1, bytes + at + sizeof size, size);
        at += sizeof size + size;
    }
}

/* Hears until the turn is over. */
static bool listen_to(struct host *host, const struct settings *settings, struct host_report *report, host_sender *sender, void *context)
{
    static _Alignas(8) uint8_t bytes[PROTOCOL_BYTES];
    report->unread = 0;
    for (size_t frames = 0;;) {
        struct message head;
        ssize_t size = hear(host, bytes);
        if (size == 0)
            return ended(host, settings, false);
        if (size < 0) {
            host_kill(host, "hangs: it did not end its turn in time, and was killed");
            return false;
        }
        memcpy(&head, bytes, sizeof head);
        if (size < (ssize_t)sizeof head || size > PROTOCOL_BYTES || head.kind != PROTOCOL_REPORT ||
            !frames_valid(settings, bytes, (size_t)size, head.count)) {
            host_kill(host, "said what it must not, and was killed");
            return false;
        }
        if ((frames += head.count) > FRAMES_MOST) {
            host_kill(host, "sends and sends without waiting for time to go by, and was killed");
            return false;
        }
        send_frames(host, bytes, head.count, sender, context);
        report->unread += head.unread;
        report->deadline = head.time;
        if (head.flags & PROTOCOL_LAST)
            return ended(host, settings, true);
        if (!(head.flags & PROTOCOL_MORE))
            return true;
    }
}

/* ---- turns ---- */

static bool greet(struct host *host, const struct settings *settings, int64_t now, int64_t wall)
{
    uint32_t n = host->number;
    struct welcome welcome = {
        .kind = PROTOCOL_WELCOME, .host = n, .now = now, .wall = wall, .mtu = settings->mtu,
        .mac = {2, 0, 0, (uint8_t)(n >> 16), (uint8_t)(n >> 8), (uint8_t)n},
    };
    chance_key(settings->seed, n, welcome.random, sizeof welcome.random);
    struct timeval limit = {.tv_sec = settings->patience / 1000000000, .tv_usec = settings->patience % 1000000000 / 1000};
    if (limit.tv_sec == 0 && limit.tv_usec == 0)
        limit.tv_usec = 1;
    if (host->process > 0) { /* somebody else's may be in a debugger */
        setsockopt(host->link, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
        setsockopt(host->link, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
    }
    host->state = HOST_ALIVE;
    return say(host, &welcome, sizeof welcome);
}

static void launch(struct host *host, int output)
{
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0) {
        snprintf(host->failure, sizeof host->failure, "could not be started: %s", strerror(errno));
        return;
    }
    host->link = pair[0];
    host->process = process_start(host->group->image, host->arguments, pair[1], output);
    if (host->process < 0)
        snprintf(host->failure, sizeof host->failure, "could not be started: %s", strerror(errno));
    close(pair[1]);
}

static int listener = -1;
static const char *listener_path;

void host_unlisten(void)
{
    if (listener >= 0)
        close(listener);
    if (listener_path)
        unlink(listener_path);
    listener = -1;
    listener_path = NULL;
}

/* Kept for the next host of the same path. */
static int listen_at(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (listener_path && strcmp(listener_path, path) == 0)
        return listener;
    host_unlisten();
    if (strlen(path) >= sizeof address.sun_path) {
        errno = ENAMETOOLONG;
        return -1;
    }
    strcpy(address.sun_path, path);
    listener = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    if (listener < 0 || bind(listener, (struct sockaddr *)&address, sizeof address) != 0)
        return -1;
    listener_path = path;
    if (listen(listener, 1024) != 0)
        return -1;
    fprintf(stderr, "ukc-switch: waiting for hosts at %s\n", path);
    return listener;
}

static void await(struct host *host)
{
    int from = listen_at(host->group->image + 1);
    if (from >= 0)
        host->link = accept4(from, NULL, NULL, SOCK_CLOEXEC);
    if (host->link < 0)
        snprintf(host->failure, sizeof host->failure, "could not be waited for: %s", strerror(errno));
}

bool host_start(struct host *host, const struct settings *settings, int64_t now, int64_t wall, int output, struct host_report *report,
                host_sender *sender, void *context)
{
    if (host->group->image[0] == '@')
        await(host);
    else
        launch(host, output);
    if (host->failure[0]) {
        forget(host);
        return false;
    }
    greet(host, settings, now, wall);
    return listen_to(host, settings, report, sender, context);
}

bool host_turn(struct host *host, const struct settings *settings, int64_t now, struct host_report *report, host_sender *sender, void *context)
{
    hand_over(host, now);
    return listen_to(host, settings, report, sender, context);
}
