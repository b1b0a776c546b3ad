/*
 * conformance.h - what the checks of a stack share.
 *
 * A check is a function that returns NULL, or what was wrong; EXPECT leaves it with the expression that did not hold, after
 * the tasks that it started have ended (they use its variables).  The objects of a check that failed stay open.
 *
 * The program is both ends of every connection, over the loopback addresses.
 */
#ifndef CONFORMANCE_H
#define CONFORMANCE_H

#include "clock.h"
#include "keys.h"
#include "stack.h"
#include "task.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <ukc/deadline.h>

struct check {
    const char *name; /* NULL: the last one */
    const char *(*run)(int family);
};
#define CHECK(function) {#function, function}

extern const struct check opening_checks[], ending_checks[], waiting_checks[], stopping_checks[], transfer_checks[], many_checks[],
    datagram_checks[], configuration_checks[];

#define TEXT2(x) #x
#define TEXT(x) TEXT2(x)
#define EXPECT(condition) \
    do { \
        if (!(condition)) \
            return wrong_at(__FILE_NAME__ ":" TEXT(__LINE__) ": " #condition); \
    } while (0)
#ifndef __FILE_NAME__
#define __FILE_NAME__ __FILE__
#endif
/* For what returns like a check. */
#define PASS(call) \
    do { \
        const char *wrong = (call); \
        if (wrong) \
            return wrong; \
    } while (0)

const char *wrong_at(const char *text);

/* ---- time ---- */

int64_t in_milliseconds(int64_t n);
#define SOON in_milliseconds(10000) /* for what must happen */
#define A_MOMENT in_milliseconds(20) /* for what must not */
int64_t milliseconds_since(int64_t before);

/* ---- connections ---- */

struct endpoint loopback(int family);

struct pair {
    struct stack_listener *listener;
    struct endpoint at; /* where it listens */
    struct stack_flow *client, *server;
};

const char *pair_open(struct pair *pair, int family);
/* Connects once more to a pair's listener. */
const char *pair_connect(struct pair *pair);
void pair_close(struct pair *pair);

/* A listener that takes no more: whoever connects to it waits, as for a host that does not answer. */
struct full {
    struct stack_listener *listener;
    struct endpoint at;
    struct stack_flow *held[16];
    unsigned count;
};

const char *full_open(struct full *full, int family);
void full_close(struct full *full);

ptrdiff_t say(struct stack_flow *flow, const char *text, int64_t deadline);
/* Reads until `size` bytes have come, or the end or an error: how many came. */
size_t hear(struct stack_flow *flow, void *buffer, size_t size);
/* What is heard first is this text. */
bool hears(struct stack_flow *flow, const char *text);

/* ---- data ---- */

/* The byte at this place of a long stream. */
static inline char pattern(uint64_t at)
{
    return (char)(at * 131 + (at >> 8) * 7 + (at >> 16));
}
void fill(char *buffer, size_t size, uint64_t at);
bool is_pattern(const char *buffer, size_t size, uint64_t at);

/* ---- one blocking call, in a task of its own ---- */

struct call {
    enum { CALL_READ, CALL_WRITE, CALL_ACCEPT, CALL_CONNECT, CALL_RECEIVE, CALLS } what;
    void *object; /* the flow, listener or udp */
    struct endpoint to;
    int64_t deadline;
    struct task *task;
    ptrdiff_t result;
    struct stack_flow *flow; /* from accept or connect */
    char buffer[16];
};

enum { WAITING = 1 << 30 };

/* Makes the call right here; a write offers the pattern, far more than a stack takes when nobody reads. */
ptrdiff_t call_make(struct call *call);
/* Starts a task that makes it, and lets it come to wait; the result is WAITING until it returns. */
const char *call_begin(struct call *call);
const char *call_end(struct call *call);

#endif
