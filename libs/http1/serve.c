/*
 * serve.c - accept connections, each into a task of its own.
 *
 * A service accepts, and the tasks of connections are its children: what the
 * task that calls serve has spawned itself is neither waited for nor ended.
 * When there are as many connections as may be, the one that has
 * been idle longest makes place for a new one; likewise when the stack has no
 * descriptor or memory for one more.  To stop, idle connections are
 * cancelled, the others get a bounded time to finish their answers.
 */
#include "exchange.h"

#include <assert.h>
#include <errno.h>
#include <ukc/address.h>
#include "clock.h"
#include "log.h"
#include "pages.h"
#include "stack.h"
#include "task.h"

enum { ACCEPTOR_STACK = 16384 };

struct server {
    int (*handler)(struct http1_exchange *exchange, void *context);
    void *context;
    struct stack_listener *listener;
    struct task *caller, *task; /* who called serve; the service, which accepts */
    int error;                  /* why it accepts no more; 0 while it does */
    unsigned connections;
    bool stopping;
    bool awaits_end, awaits_idle; /* the task waits until a connection ends, or also until one becomes idle */
    bool told;       /* that the stack cannot have as many connections as the keys allow */
    struct connection *newest, *oldest; /* idle ones */
};

/* Connections that have been used once are used again. New ones come from a few that are there, then from pages. */
enum { FEW = 16, GROUP = 63 };
struct group {
    struct group *next;
    struct connection connections[GROUP];
};
static_assert(sizeof(struct group) <= 4096);

static struct connection few[FEW];
static struct group *groups;
static struct connection *free_connections;
static unsigned connections_made;
static unsigned servers;

int64_t now_monotonic(void)
{
    return clock_now();
}

int64_t now_wall(void)
{
    return clock_wall() / NANOSECONDS_PER_SECOND;
}

bool stopping(const struct connection *connection)
{
    return connection->server->stopping;
}

int handle(struct http1_exchange *x)
{
    struct server *server = x->connection->server;
    return server->handler(x, server->context);
}

/* --- idle connections, in the order they became so --- */

void idle_enter(struct connection *connection)
{
    struct server *server = connection->server;
    connection->idle = true;
    connection->newer = NULL;
    connection->older = server->newest;
    if (server->newest)
        server->newest->newer = connection;
    else
        server->oldest = connection;
    server->newest = connection;
    if (server->awaits_idle)
        task_wake(server->task);
}

void idle_leave(struct connection *connection)
{
    struct server *server = connection->server;
    if (!connection->idle)
        return;
    connection->idle = false;
    *(connection->newer ? &connection->newer->older : &server->newest) = connection->older;
    *(connection->older ? &connection->older->newer : &server->oldest) = connection->newer;
}

static void give_up_oldest(struct server *server)
{
    struct connection *oldest = server->oldest;
    if (oldest) {
        idle_leave(oldest);
        task_cancel(oldest->task);
    }
}

/* --- connections --- */

/* One that has never been used; NULL: there is no memory. */
static struct connection *connection_make(void)
{
    unsigned at = connections_made;
    if (at >= FEW && (at - FEW) % GROUP == 0) {
        struct group *group = pages_allocate(sizeof *group);
        if (!group)
            return NULL;
        group->next = groups;
        groups = group;
    }
    connections_made++;
    return at < FEW ? &few[at] : &groups->connections[(at - FEW) % GROUP];
}

static struct connection *connection_take(void)
{
    struct connection *connection = free_connections;
    if (connection)
        free_connections = connection->next_free;
    else if (connections_made < KEY_CONNECTIONS)
        connection = connection_make();
    return connection;
}

static void connections_free(void)
{
    for (struct group *group = groups, *next; group; group = next) {
        next = group->next;
        pages_free(group, sizeof *group);
    }
    groups = NULL;
    free_connections = NULL;
    connections_made = 0;
}

static void connection_end(struct connection *connection)
{
    struct server *server = connection->server;
    if (connection->reset)
        stack_abort(connection->flow);
    else
        stack_close(connection->flow);
    connection->next_free = free_connections;
    free_connections = connection;
    server->connections--;
    if (server->awaits_end)
        task_wake(server->task);
}

static void connection_run(void *argument)
{
    struct connection *connection = argument;
    connection->task = task_self();
    connection_talk(connection);
    connection_end(connection);
}

static void connection_start(struct server *server, struct stack_flow *flow)
{
    struct connection *connection = connection_take();
    if (connection == NULL) {
        stack_abort(flow); /* another server has them all, or the memory */
        return;
    }
    *connection = (struct connection){.server = server, .flow = flow};
    server->connections++;
    if (task_spawn(NULL, KEY_STACK_BYTES, connection_run, connection) < 0) {
        connection->reset = true;
        connection_end(connection);
    }
}

/* Gives up the connection that has been idle longest, or waits until one is idle or ends. */
static int make_room(struct server *server)
{
    server->awaits_end = true;
    server->awaits_idle = server->oldest == NULL;
    give_up_oldest(server);
    int error = task_park(DEADLINE_NEVER);
    server->awaits_end = server->awaits_idle = false;
    return error;
}

/* The stack cannot have one more, though the keys allow it. */
static int do_with_fewer(struct server *server)
{
    if (!server->told)
        log_write(LOG_LEVEL_WARNING, "http", "no descriptors or memory for more than %u connections: idle ones make place for new ones",
                  server->connections);
    server->told = true;
    return server->oldest ? make_room(server) : 0; /* the stack slows the next attempt down */
}

static int accept_all(struct server *server)
{
    for (;;) {
        struct stack_flow *flow;
        int error = task_cancelled();
        if (error == 0 && server->connections >= KEY_CONNECTIONS) {
            error = make_room(server);
            if (error == 0)
                continue;
        }
        if (error == 0)
            error = stack_accept(server->listener, &flow, DEADLINE_NEVER);
        if (error == -EMFILE)
            error = do_with_fewer(server);
        else if (error == 0)
            connection_start(server, flow);
        if (error < 0)
            return error;
    }
}

/* The service: accepts until it is cancelled or can no more, then ends the connections. */
static void accept_run(void *argument)
{
    struct server *server = argument;
    server->error = accept_all(server);
    task_wake(server->caller);
    server->stopping = true;
    stack_unlisten(server->listener);
    while (server->oldest)
        give_up_oldest(server);
    task_end_children(deadline_after(clock_now(), KEY_STOP_TIME * NANOSECONDS_PER_SECOND));
}

/* Waits until the calling task is cancelled or no more connections can be accepted, and says which. */
static int serve(struct server *server)
{
    int error = task_start_service(&server->task, ACCEPTOR_STACK, accept_run, server);
    if (error < 0) {
        stack_unlisten(server->listener);
        return error;
    }
    while (error == 0 && server->error == 0)
        error = task_park(DEADLINE_NEVER);
    task_end_service(server->task, DEADLINE_NOW);
    return error < 0 ? error : server->error;
}

/* The port it got, which matters when it asked for any. */
static unsigned port_of(const struct stack_listener *listener, uint16_t asked)
{
    struct endpoint local;
    return stack_listener_local(listener, &local) < 0 ? asked : local.port;
}

int http1_serve(uint16_t port, int (*handler)(struct http1_exchange *exchange, void *context), void *context)
{
    struct server server = {.handler = handler, .context = context, .caller = task_self()};
    struct endpoint local = {.address = {.family = IP_ANY}, .port = port};
    int error = stack_listen(&server.listener, &local, 0);
    if (error < 0) {
        log_write(LOG_LEVEL_ERROR, "http", "cannot listen on port %u: %s%s", port, strerror(-error),
                  error == -EADDRINUSE ? "; a key may choose another: ukc run -- --help, ukc configure --help" : "");
        return error;
    }
    log_write(LOG_LEVEL_NOTICE, "http", "listening on port %u", port_of(server.listener, port));
    servers++;
    error = serve(&server);
    if (--servers == 0) {
        exchanges_free();
        connections_free();
    }
    if (error != -ECANCELED)
        log_write(LOG_LEVEL_ERROR, "http", "no more connections: %s", strerror(-error));
    return error == -ECANCELED ? 0 : error;
}
