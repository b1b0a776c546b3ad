/*
 * program.c - uses the stack as the input says, and looks whether everything is as it was when the input is over.
 *
 * A connection is either the main task's, which never waits in it, or belongs to a task that echoes.  The
 * main task may end it in both cases.
 */
#include "actions.h"
#include "clock.h"
#include "stack.h"
#include "task.h"

#include <errno.h>
#include <string.h>
#include <ukc/deadline.h>

enum { FLOWS = 8, LISTENERS = 3, ECHO = 7, MANUAL = 80, LATE = 81 };

struct slot {
    struct stack_flow *flow;
    struct endpoint remote; /* of a connection that is being opened */
    bool opening;
};

static struct slot slots[FLOWS];
static struct stack_listener *listeners[LISTENERS];
static struct stack_udp *udp[2];
static char buffer[32768];
static const char constant[20000] = "a constant is sent from where it lies";
static size_t pieces_before;

static struct endpoint remote_of(const struct action *action)
{
    struct endpoint remote = {.port = (uint16_t)(action->size % 64 < 8 ? ECHO : 5000 + action->size % 64)};
    const uint8_t *bytes = world_address(action->version6, action->remote);
    remote.address.family = action->version6 ? IP_V6 : IP_V4;
    memcpy(remote.address.bytes, bytes, action->version6 ? 16 : 4);
    remote.address.zone = action->version6 && bytes[0] == 0xfe;
    return remote;
}

/* ---- connections with a task ---- */

static void serve(struct slot *slot, bool answer)
{
    char bytes[3000];
    struct stack_flow *flow = slot->flow;
    ptrdiff_t got;
    while ((got = stack_read(flow, bytes, sizeof bytes, DEADLINE_NEVER)) > 0)
        if (answer && (got = stack_write(flow, &(struct view){bytes, (size_t)got}, 1, DEADLINE_NEVER)) <= 0)
            break;
    if (got == -ECONNABORTED || slot->flow != flow)
        return; /* it was ended, and is no more */
    slot->flow = NULL;
    stack_close(flow);
}

static void echo(void *argument)
{
    serve(argument, true);
}

/* Reads only: the other end may be one that echoes. */
static void open_and_read(void *argument)
{
    struct slot *slot = argument;
    struct stack_flow *flow = NULL;
    int error = stack_connect(&flow, &slot->remote, deadline_after(clock_now(), 30 * NANOSECONDS_PER_SECOND));
    slot->opening = false;
    if (error)
        return;
    slot->flow = flow;
    serve(slot, false);
}

static struct slot *free_slot(void)
{
    for (int i = 0; i < FLOWS; i++)
        if (!slots[i].flow && !slots[i].opening)
            return &slots[i];
    return NULL;
}

/* ---- actions ---- */

static void accept_one(const struct action *action, bool serve)
{
    struct slot *slot = free_slot();
    struct stack_listener *listener = listeners[action->remote % LISTENERS];
    if (!slot || !listener || stack_accept(listener, &slot->flow, DEADLINE_NOW) != 0)
        return;
    struct endpoint end;
    stack_peer(slot->flow, &end);
    stack_local(slot->flow, &end);
    if (serve && task_spawn(NULL, 0, echo, slot) != 0) {
        stack_abort(slot->flow);
        slot->flow = NULL;
    }
}

static void listen(unsigned which)
{
    static const struct endpoint locals[LISTENERS] = {
        {{.family = IP_ANY}, ECHO}, {{.family = IP_V6}, MANUAL}, {{.family = IP_V4}, LATE},
    };
    static const unsigned backlogs[LISTENERS] = {0, 2, 4};
    if (!listeners[which] && stack_listen(&listeners[which], &locals[which], backlogs[which]) != 0)
        listeners[which] = NULL;
}

static void unlisten(unsigned which)
{
    struct stack_listener *listener = listeners[which];
    listeners[which] = NULL;
    if (listener)
        stack_unlisten(listener);
}

static void connect_to(const struct action *action)
{
    struct slot *slot = free_slot();
    if (!slot)
        return;
    slot->remote = remote_of(action);
    slot->opening = task_spawn(NULL, 0, open_and_read, slot) == 0;
}

static void write_to(struct stack_flow *flow, const struct action *action)
{
    size_t size = action->size, part = size / 3;
    const char *bytes = action->kind == ACT_WRITE ? buffer : constant;
    if (size > sizeof constant)
        size = sizeof constant, part = 0;
    struct view views[] = {{bytes, part}, {bytes + part, 0}, {buffer + part, size - part}};
    stack_write(flow, views, 3, DEADLINE_NOW);
}

static void end(struct slot *slot, bool politely)
{
    struct stack_flow *flow = slot->flow;
    slot->flow = NULL;
    if (!flow)
        return;
    if (politely)
        stack_close(flow);
    else
        stack_abort(flow);
}

static void send_datagram(const struct action *action)
{
    struct endpoint to = remote_of(action);
    size_t size = action->size < sizeof buffer ? action->size : sizeof buffer;
    struct stack_udp *from = udp[action->flow % 2];
    if (from)
        stack_udp_send(from, &to, (struct view){buffer, size}, DEADLINE_NOW);
}

static void receive_datagram(const struct action *action)
{
    struct endpoint from;
    struct stack_udp *at = udp[action->flow % 2];
    ptrdiff_t got = at ? stack_udp_receive(at, buffer, sizeof buffer, &from, DEADLINE_NOW) : -1;
    if (got >= 0 && (size_t)got <= sizeof buffer && action->version6)
        stack_udp_send(at, &from, (struct view){buffer, (size_t)got}, DEADLINE_NOW);
}

static void act(const struct action *action)
{
    struct slot *slot = &slots[action->flow % FLOWS];
    struct stack_configuration now;
    switch ((enum action_kind)action->kind) {
    case ACT_ACCEPT: accept_one(action, false); break;
    case ACT_SERVE: accept_one(action, true); break;
    case ACT_CONNECT: connect_to(action); break;
    case ACT_LISTEN: listen(action->remote % LISTENERS); break;
    case ACT_UNLISTEN: unlisten(action->remote % LISTENERS); break;
    case ACT_SEND: send_datagram(action); break;
    case ACT_RECEIVE: receive_datagram(action); break;
    case ACT_LOOK: stack_configuration(&now); break;
    case ACT_CLOSE: end(slot, true); break;
    case ACT_ABORT: end(slot, false); break;
    default: break;
    }
    if (!slot->flow)
        return;
    switch ((enum action_kind)action->kind) {
    case ACT_READ: stack_read(slot->flow, buffer, action->size < sizeof buffer ? action->size : sizeof buffer, DEADLINE_NOW); break;
    case ACT_WRITE:
    case ACT_WRITE_CONSTANT: write_to(slot->flow, action); break;
    case ACT_SHUTDOWN: stack_shutdown(slot->flow); break;
    default: break;
    }
}

/* ---- the end ---- */

static void end_all(void)
{
    for (int i = 0; i < FLOWS; i++)
        end(&slots[i], i % 2);
    task_end_children(DEADLINE_NOW); /* those that were opening one have none */
    for (int i = 0; i < FLOWS; i++)
        end(&slots[i], true);
    for (unsigned i = 0; i < LISTENERS; i++)
        unlisten(i);
    for (int i = 0; i < 2; i++) {
        struct stack_udp *closing = udp[i];
        udp[i] = NULL;
        if (closing)
            stack_udp_close(closing);
    }
}

static void pass(int64_t seconds)
{
    task_sleep(deadline_after(clock_now(), seconds * NANOSECONDS_PER_SECOND));
}

/* When nothing comes any more, all connections end, and their memory is free. */
static void check(void)
{
    for (int minutes = 0; minutes < 60 && world_pieces() != pieces_before; minutes++)
        pass(60);
    if (world_pieces() != pieces_before) {
        world_show_pieces();
        world_fail("memory is left behind");
    }
    world_ask();
    for (int i = 0; i < 20 && !world_answered(); i++)
        pass(1);
    if (!world_answered())
        world_fail("the stack does not answer any more");
}

static void await_action(struct action *action)
{
    while (!actions_get(action)) {
        actions_notify(task_self());
        if (task_park(DEADLINE_NEVER) < 0) {
            *action = (struct action){.kind = ACT_END};
            return;
        }
    }
}

int fuzz_frames_main(void)
{
    struct action action;
    task_yield(), task_yield(); /* the stack's services have what they need */
    pieces_before = world_pieces();
    for (unsigned i = 0; i < 2; i++)
        listen(i);
    stack_udp_open(&udp[0], &(struct endpoint){{.family = IP_ANY}, ECHO});
    stack_udp_open(&udp[1], &(struct endpoint){{.family = IP_V4}, 0});
    for (await_action(&action); action.kind < ACT_END; await_action(&action))
        act(&action);
    end_all();
    if (action.kind == ACT_CHECK)
        check();
    return 0;
}
