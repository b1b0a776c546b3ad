/* later.c - see later.h. */
#include "later.h"

#include "task.h"

#include <errno.h>
#include <stddef.h>
#include <ukc/deadline.h>

#include "lwip/tcp.h"

#include "flow.h"
#include "link.h"

static struct lwip_flow *first;
static struct task *sender;

void later_send(struct lwip_flow *flow)
{
    if (flow->is_later)
        return;
    flow->is_later = true;
    flow->later = first;
    if (!first && sender)
        task_wake(sender);
    first = flow;
}

void later_forget(struct lwip_flow *flow)
{
    if (!flow->is_later)
        return;
    flow->is_later = false;
    for (struct lwip_flow **at = &first; *at; at = &(*at)->later)
        if (*at == flow) {
            *at = flow->later;
            return;
        }
}

/* Sending may end a connection, but not a flow. */
static void send_all(void)
{
    for (struct lwip_flow *flow; (flow = first);) {
        first = flow->later;
        flow->is_later = false;
        if (flow->pcb)
            tcp_output(flow->pcb);
    }
    link_loop();
}

void later_run(void *unused)
{
    (void)unused;
    sender = task_self();
    int error = 0;
    while (error != -ECANCELED) {
        if (first)
            send_all();
        error = task_park(DEADLINE_NEVER);
    }
    sender = NULL;
    send_all();
}
