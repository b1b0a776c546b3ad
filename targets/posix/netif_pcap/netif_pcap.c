/*
 * netif_pcap.c - when frames of the replay are received, and what is recorded.
 *
 * In lock step a frame is received only when every task waits, so that an
 * image does the same in each run.  The scheduler looks at the clock when nobody can run:
 * so a sleep of a nanosecond ends when the others wait.
 */
#include "netif_pcap.h"

#include "clock.h"
#include "keys.h"
#include "log.h"
#include "recording.h"
#include "replay.h"
#include "task.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <ukc/deadline.h>
#include <ukc/one_receiver.h>

enum { HEADER = REPLAY_HEADER, TAG = 4 };
#define LONG (3600 * NANOSECONDS_PER_SECOND) /* a cable on which nobody speaks is no deadlock: so no wait is without end */

static struct task *first_task; /* that of the program */
static int64_t begun;           /* when the first frame was asked for; -1: not yet */
static bool receiving, stopped;
static bool settled; /* since the last frame all others have come to wait */
static uint64_t number;

int netif_pcap_start(void)
{
    first_task = task_self();
    begun = -1;
    receiving = stopped = settled = false;
    number = 0;
    int error = KEY_REPLAY[0] ? replay_open(KEY_REPLAY) : 0;
    if (!error && KEY_RECORD[0])
        error = recording_open(KEY_RECORD);
    if (error)
        netif_pcap_stop();
    return error;
}

void netif_pcap_stop(void)
{
    replay_close();
    recording_close();
}

int netif_pcap_info(struct netif_info *info)
{
    *info = (struct netif_info){.mtu = KEY_MTU};
    memcpy(info->mac, KEY_MAC_BYTES, sizeof info->mac);
    return 0;
}

static void record(const struct view *views, size_t count, size_t size)
{
    number++;
    recording_add(KEY_TIMES == KEY_TIMES_NUMBER ? (int64_t)number * 1000 : clock_wall(), views, count, size);
}

/* ---- receiving ---- */

static bool is_due(const struct replay_frame *frame)
{
    switch (KEY_PACE) {
    case KEY_PACE_AT_ONCE: return true;
    case KEY_PACE_LOCK_STEP: return settled;
    default: return deadline_after(begun, frame->after) <= clock_now();
    }
}

static ptrdiff_t take(const struct replay_frame *frame, void *to, size_t size)
{
    settled = false;
    replay_take();
    if (frame->size > size || frame->size > REPLAY_MOST)
        return -EMSGSIZE;
    memcpy(to, frame->bytes, frame->size);
    record(&(struct view){(const char *)frame->bytes, frame->size}, 1, frame->size);
    return (ptrdiff_t)frame->size;
}

static void stop_image(void)
{
    stopped = true;
    log_write(LOG_LEVEL_NOTICE, "netif", "%s is at its end: the image stops", KEY_REPLAY);
    task_cancel(first_task);
}

/* Waits a while, at most until the deadline: for the others to settle, else for the next frame (NULL: for nothing). */
static int wait_for(const struct replay_frame *frame, int64_t deadline)
{
    int64_t now = clock_now(), until = deadline_after(now, LONG);
    bool ending = !frame && KEY_REPLAY[0] && KEY_AFTER == KEY_AFTER_STOP && !stopped;
    if (ending && settled) {
        stop_image();
        return 0;
    }
    if (ending || (frame && KEY_PACE == KEY_PACE_LOCK_STEP)) {
        int error = task_sleep(now + 1);
        settled = error == 0;
        return error;
    }
    if (frame)
        until = deadline_after(begun, frame->after);
    return task_sleep(until < deadline ? until : deadline);
}

static ptrdiff_t receive(void *to, size_t size, int64_t deadline)
{
    if (begun < 0)
        begun = clock_now();
    for (;;) {
        struct replay_frame frame;
        bool there = replay_next(&frame);
        if (there && is_due(&frame))
            return take(&frame, to, size);
        if (deadline <= clock_now())
            return -ETIMEDOUT;
        int error = wait_for(there ? &frame : NULL, deadline);
        if (error)
            return error;
    }
}

ptrdiff_t netif_pcap_receive(void *frame, size_t size, int64_t deadline)
{
    return one_receiver(&receiving, receive, frame, size, deadline);
}

/* ---- sending ---- */

int netif_pcap_send(const struct view *views, size_t count, int64_t deadline)
{
    (void)deadline; /* there is always room */
    size_t size = 0;
    for (size_t i = 0; i < count; i++)
        if (views[i].size > REPLAY_MOST || (size += views[i].size) > HEADER + TAG + KEY_MTU)
            return -EMSGSIZE;
    if (size < HEADER || count > RECORDING_VIEWS)
        return -EMSGSIZE;
    record(views, count, size);
    return 0;
}
