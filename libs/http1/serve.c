/*
 * serve.c - accept connections, each into a task of its own.
 *
 * A service accepts, and the tasks of connections are its children: what the
 * task that calls serve has spawned itself is neither waited for nor ended.
 * When there are as many connections as may be, or no descriptor or memory for one more, the one that has
 * been idle longest makes place for a new one; when none is idle, the one that has waited longest for
 * the rest of a request's head.  To stop, idle connections are
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
    bool told;       /* that there cannot be as many connections as the keys allow */
    struct waiting idle, begun; /* for a request; for the rest of a head */
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

/* --- connections that wait, in the order they began to --- */

void waiting_enter(struct waiting *list, struct connection *connection)
{
    connection->list = list;
    connection->newer = NULL;
    connection->older = list->newest;
    if (list->newest)
        list->newest->newer = connection;
    else
        list->oldest = connection;
    list->newest = connection;
}

void waiting_leave(struct connection *connection)
{
    struct waiting *list = connection->list;
    if (!list)
        return;
    connection->list = NULL;
    *(connection->newer ? &connection->newer->older : &list->newest) = connection->older;
    *(connection->older ? &connection->older->newer : &list->oldest) = connection->newer;
}

void peer_wait(struct connection *connection, bool begun)
{
    struct server *server = connection->server;
    waiting_enter(begun ? &server->begun : &server->idle, connection);
    if (server->awaits_idle)
        task_wake(server->task);
}

/* Whether there was one. */
static bool give_up_oldest(struct waiting *list)
{
    struct connection *oldest = list->oldest;
    if (!oldest)
        return false;
    waiting_leave(oldest);
    task_cancel(oldest->task);
    return true;
}

/* There is something lacking for as many connections as the keys allow. */
static void tell(struct server *server)
{
    if (!server->told)
        log_write(LOG_LEVEL_WARNING, "http",
                  "no descriptors or memory for more than %u connections: those that wait longest make place for new ones; give it more, or lower the keys connections and stack_bytes",
                  server->connections);
    server->told = true;
}

void give_up_begun(struct server *server)
{
    tell(server);
    give_up_oldest(&server->begun);
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
        free_connections = connection->older;
    else if (connections_made < KEY_CONNECTIONS)
        connection = connection_make();
    return connection;
}

static void connection_free(struct connection *connection)
{
    connection->older = free_connections;
    free_connections = connection;
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
    connection_free(connection);
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

static int connection_try(struct server *server, struct stack_flow *flow)
{
    struct connection *connection = connection_take();
    if (connection == NULL)
        return -ENOMEM; /* another server has them all, or the memory */
    *connection = (struct connection){.server = server, .flow = flow};
    int error = task_spawn(NULL, KEY_STACK_BYTES, connection_run, connection);
    if (error < 0)
        connection_free(connection);
    else
        server->connections++;
    return error;
}

/* Gives up the connection that has waited longest for its peer, or waits until one does so or ends. */
static int make_room(struct server *server)
{
    server->awaits_end = true;
    server->awaits_idle = !give_up_oldest(&server->idle) && !give_up_oldest(&server->begun);
    int error = task_park(DEADLINE_NEVER);
    server->awaits_end = server->awaits_idle = false;
    return error;
}

/* While there is no memory for it, others make place.  Each that ends leaves what a connection needs; without others the new one is reset. */
static int connection_start(struct server *server, struct stack_flow *flow)
{
    int error;
    while ((error = connection_try(server, flow)) < 0 && error != -ECANCELED) {
        if (exchange_spare())
            continue;
        tell(server);
        if (server->connections == 0 || (error = make_room(server)) < 0)
            break;
    }
    if (error < 0)
        stack_abort(flow);
    return error == -ECANCELED ? error : 0;
}

/* The stack cannot have one more, though the keys allow it. */
static int do_with_fewer(struct server *server)
{
    tell(server);
    return server->idle.oldest || server->begun.oldest ? make_room(server) : 0; /* the stack slows the next attempt down */
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
            error = connection_start(server, flow);
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
    while (give_up_oldest(&server->idle))
        ;
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
    exchanges_start();
    error = serve(&server);
    if (--servers == 0) {
        exchanges_free();
        connections_free();
    }
    if (error != -ECANCELED)
        log_write(LOG_LEVEL_ERROR, "http", "no more connections: %s", strerror(-error));
    return error == -ECANCELED ? 0 : error;
}
