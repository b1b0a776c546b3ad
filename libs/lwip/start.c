/* start.c - the stack begins and ends. */
#include "lwip.h"

#include "clock.h"
#include "keys.h"
#include "log.h"
#include "task.h"

#include <stdlib.h>
#include <string.h>
#include <ukc/deadline.h>

#include "lwip/init.h"
#include "lwip/priv/tcp_priv.h"

#include "addresses.h"
#include "later.h"
#include "link.h"
#include "memory.h"
#include "secret.h"
#include "timers.h"

enum { SENDER_STACK = 16384 };

static struct task *receiver, *timer, *sender;

void stack_complaint(const char *text, const char *file, int line)
{
    log_write(LOG_LEVEL_ERROR, KEY_LOG_NAME, "%s (%s:%d)", text, file, line);
    abort();
}

static int start_all(void)
{
    secret_start();
    int error = memory_start();
    if (error)
        return error;
    lwip_init();
    error = link_start();
    if (!error)
        error = addresses_start();
    if (!error)
        error = task_start_service(&receiver, 0, link_run, NULL);
    if (!error)
        error = task_start_service(&timer, 0, timers_run, NULL);
    if (!error)
        error = task_start_service(&sender, SENDER_STACK, later_run, NULL);
    return error;
}

int lwip_start(void)
{
    int error = start_all();
    if (error)
        log_write(LOG_LEVEL_ERROR, KEY_LOG_NAME, "cannot start: %s", strerror(-error));
    return error;
}

/* What was written to connections that were closed since is sent, and acknowledged, before the image ends. */
static void finish(void *unused)
{
    (void)unused;
    for (;;) {
        const struct tcp_pcb *pcb = tcp_active_pcbs;
        while (pcb && (pcb->state < ESTABLISHED || (!pcb->unsent && !pcb->unacked)))
            pcb = pcb->next;
        if (!pcb || task_sleep(deadline_after(clock_now(), NANOSECONDS_PER_MILLISECOND)) < 0)
            return;
    }
}

void lwip_stop(void)
{
    struct task *finisher;
    task_end_children(DEADLINE_NOW); /* they hold flows */
    if (tcp_active_pcbs && task_start_service(&finisher, 0, finish, NULL) == 0)
        task_end_service(finisher, deadline_after(clock_now(), KEY_LINGER * NANOSECONDS_PER_MILLISECOND));
    while (tcp_active_pcbs)
        tcp_abort(tcp_active_pcbs);
    addresses_stop();
    task_end_service(sender, DEADLINE_NOW);
    task_end_service(timer, DEADLINE_NOW);
    task_end_service(receiver, DEADLINE_NOW);
    link_stop();
    memory_stop();
}
