/* two-networks.c - a connection that comes in front goes on at the back, each direction until its end. */
#include "back.h"
#include "clock.h"
#include "front.h"
#include "keys.h"
#include "log.h"
#include "task.h"

#include <stdbool.h>
#include <string.h>
#include <ukc/deadline.h>

int two_networks_main(void);

struct pair {
    struct front_flow *front;
    struct back_flow *back;
    struct task *task;
    int open;    /* directions that have not ended */
    bool failed; /* one of them, by an error */
};

enum { PIECE = 16384, PATIENCE = 10 };

static void ended(struct pair *pair, bool failed)
{
    pair->open--;
    pair->failed |= failed;
    task_wake(pair->task);
}

static void forth(void *argument)
{
    struct pair *pair = argument;
    char buffer[PIECE];
    ptrdiff_t got;
    while ((got = front_read(pair->front, buffer, sizeof buffer, DEADLINE_NEVER)) > 0)
        if (back_write(pair->back, &(struct view){buffer, (size_t)got}, 1, DEADLINE_NEVER) != got)
            break;
    ended(pair, got != 0 || back_shutdown(pair->back) < 0);
}

static void back(void *argument)
{
    struct pair *pair = argument;
    char buffer[PIECE];
    ptrdiff_t got;
    while ((got = back_read(pair->back, buffer, sizeof buffer, DEADLINE_NEVER)) > 0)
        if (front_write(pair->front, &(struct view){buffer, (size_t)got}, 1, DEADLINE_NEVER) != got)
            break;
    ended(pair, got != 0 || front_shutdown(pair->front) < 0);
}

/* Whether both directions came to their end. */
static bool pass_on(struct pair *pair)
{
    pair->task = task_self();
    if (task_spawn(NULL, 0, forth, pair) == 0 && ++pair->open && task_spawn(NULL, 0, back, pair) == 0)
        pair->open++;
    else
        pair->failed = true;
    while (pair->open > 0 && !pair->failed)
        pair->failed |= task_park(DEADLINE_NEVER) < 0;
    task_end_children(DEADLINE_NOW);
    return !pair->failed;
}

static void serve(void *argument)
{
    struct pair pair = {.front = argument};
    struct endpoint server = {.address = {.family = IP_V4}, .port = KEY_PORT};
    memcpy(server.address.bytes, KEY_SERVER_BYTES, 4);
    int error = back_connect(&pair.back, &server, deadline_after(clock_now(), PATIENCE * NANOSECONDS_PER_SECOND));
    if (error) {
        log_write(LOG_LEVEL_WARNING, "two-networks", "cannot connect to %s: %s", KEY_SERVER, strerror(-error));
        front_abort(pair.front);
    } else if (pass_on(&pair)) {
        front_close(pair.front);
        back_close(pair.back);
    } else {
        front_abort(pair.front);
        back_abort(pair.back);
    }
}

int two_networks_main(void)
{
    struct front_listener *listener;
    struct front_flow *flow;
    int error = front_listen(&listener, &(struct endpoint){.port = KEY_PORT}, 0);
    if (error) {
        log_write(LOG_LEVEL_ERROR, "two-networks", "cannot listen on port %u: %s", (unsigned)KEY_PORT, strerror(-error));
        return 1;
    }
    log_write(LOG_LEVEL_INFO, "two-networks", "port %u of the front goes to %s", (unsigned)KEY_PORT, KEY_SERVER);
    while ((error = front_accept(listener, &flow, DEADLINE_NEVER)) == 0)
        if (task_spawn(NULL, 0, serve, flow) != 0)
            front_abort(flow);
    task_end_children(DEADLINE_NOW);
    front_unlisten(listener);
    return 0;
}
