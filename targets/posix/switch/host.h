/*
 * host.h - a simulated host: a process, and turns with it.
 *
 * A host that dies, hangs or says what it must not is ended, and `failure` says why.
 */
#ifndef SWITCH_HOST_H
#define SWITCH_HOST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "settings.h"

struct frame;

enum host_state { HOST_NEW, HOST_ALIVE, HOST_ENDED };

struct host {
    uint32_t number; /* from 1 */
    const struct group *group;
    char *arguments;
    enum host_state state;
    pid_t process; /* 0: somebody else's */
    int link;
    struct frame **inbox; /* to be told in the next turn */
    size_t inbox_count, inbox_room;
    bool stop;      /* to be told in the next turn */
    int status;     /* wait status, once it has ended */
    char failure[96]; /* empty: it ended with status 0 */
    int64_t last_turn;
    unsigned repeated; /* turns without time going by */
};

struct host_report {
    int64_t deadline;
    uint32_t unread;
};

/* What a host has sent. */
typedef void host_sender(void *context, uint32_t host, const uint8_t *frame, size_t size);

/* Starts the process and lets it run until its first report.  `output`: its standard output. */
bool host_start(struct host *host, const struct settings *settings, int64_t now, int64_t wall, int output, struct host_report *report,
                host_sender *sender, void *context);

/* Hands over the inbox and lets the host run until its next report.  False: it has ended. */
bool host_turn(struct host *host, const struct settings *settings, int64_t now, struct host_report *report, host_sender *sender, void *context);

/* Kills it. */
void host_kill(struct host *host, const char *why);

/* Forgets the socket at which hosts were waited for, if there was one. */
void host_unlisten(void);

#endif
