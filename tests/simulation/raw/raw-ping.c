/* raw-ping.c - sends frames to another host and waits for each to come back; or sends back what comes. */
#include "clock.h"
#include "keys.h"
#include "log.h"
#include "netif.h"
#include "random.h"
#include "task.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <ukc/deadline.h>

enum { HEADER = 14, MOST = 1514 };

static unsigned char frame[MOST + 4], sent[MOST];
static struct netif_info self;

static void fail_on_purpose(void)
{
    if (KEY_FAULT == KEY_FAULT_CRASH)
        __builtin_trap();
    if (KEY_FAULT == KEY_FAULT_HANG)
        for (volatile int forever = 1; forever;)
            ;
    if (KEY_FAULT == KEY_FAULT_LEAVE)
        _Exit(0);
    while (KEY_FAULT == KEY_FAULT_SPIN)
        task_sleep(clock_now());
    while (KEY_FAULT == KEY_FAULT_FLOOD)
        netif_send(&(struct view){(char *)sent, 60}, 1, DEADLINE_NEVER);
}

/* 1 when the answer came, 0 when the request is to be sent again. */
static int wait_for_answer(size_t size)
{
    int64_t deadline = deadline_after(clock_now(), 100 * NANOSECONDS_PER_MILLISECOND);
    for (;;) {
        ptrdiff_t got = netif_receive(frame, sizeof frame, deadline);
        if (got == -ETIMEDOUT)
            return 0;
        if (got < 0)
            return (int)got;
        if ((size_t)got == size && memcmp(frame + HEADER, sent + HEADER, size - HEADER) == 0)
            return 1;
    }
}

static int ask(void)
{
    int64_t lost = 0, begun = clock_now();
    for (int64_t i = 0; i < KEY_COUNT; i++) {
        if (KEY_FAULT != KEY_FAULT_NONE && i == KEY_COUNT / 2)
            fail_on_purpose();
        size_t size = 60 + (size_t)i % 1400;
        random_fill(sent + HEADER, size - HEADER);
        memcpy(sent, (unsigned char[]){2, 0, 0, 0, (unsigned char)(KEY_PEER >> 8), (unsigned char)KEY_PEER}, 6);
        memcpy(sent + 6, self.mac, 6);
        memcpy(sent + 12, "\x88\xb5", 2); /* an EtherType for experiments (IEEE 802, 9.2.3) */
        int answered = 0;
        while (answered == 0) {
            netif_send(&(struct view){(char *)sent, size}, 1, DEADLINE_NOW);
            answered = wait_for_answer(size);
            lost += answered == 0;
        }
        if (answered < 0)
            return 1;
    }
    log_write(LOG_LEVEL_INFO, "ping", "%" PRId64 " answered, %" PRId64 " lost, %" PRId64 " us", KEY_COUNT, lost, (clock_now() - begun) / 1000);
    return 0;
}

static int answer(void)
{
    for (;;) {
        ptrdiff_t got = netif_receive(frame, sizeof frame, DEADLINE_NEVER);
        if (got == -ECANCELED)
            return 0;
        if (got < HEADER)
            return 1;
        memcpy(frame, frame + 6, 6);
        memcpy(frame + 6, self.mac, 6);
        netif_send(&(struct view){(char *)frame, (size_t)got}, 1, DEADLINE_NOW);
    }
}

int raw_ping_main(void)
{
    netif_info(&self);
    return KEY_PEER ? ask() : answer();
}
