/*
 * bounded.c - see bounded.h.
 *
 * Time is counted in ticks that were really waited, so that a stopped process
 * or a sleeping machine is no slow one.
 */
#include "bounded.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

enum { TICK_MS = 100, IDLE_TICKS = 50, IDLE_CPU_MS = 25, TICKS = 600 };
#define MEMORY_MOST (INT64_C(2) << 30)

/* Static: a thread that was given up may still come to its end. */
static struct {
    pthread_mutex_t mutex;
    pthread_cond_t ended;
    bool done;
    void (*work)(void *);
    void *argument;
} job = {.mutex = PTHREAD_MUTEX_INITIALIZER};

static void *run(void *)
{
    job.work(job.argument);
    pthread_mutex_lock(&job.mutex);
    job.done = true;
    pthread_cond_signal(&job.ended);
    pthread_mutex_unlock(&job.mutex);
    return NULL;
}

static int64_t milliseconds(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static int64_t resident_bytes(void)
{
    FILE *f = fopen("/proc/self/statm", "re");
    long long size, resident = 0;
    if (f && fscanf(f, "%lld %lld", &size, &resident) != 2)
        resident = 0;
    if (f)
        fclose(f);
    return resident * sysconf(_SC_PAGESIZE);
}

/* With the mutex held. */
static void wait_tick(void)
{
    int64_t end = milliseconds(CLOCK_MONOTONIC) + TICK_MS;
    struct timespec until = {.tv_sec = end / 1000, .tv_nsec = end % 1000 * 1000000};
    while (!job.done && pthread_cond_timedwait(&job.ended, &job.mutex, &until) == 0)
        ;
}

static const char *watch(void)
{
    int64_t memory = 0, cpu = milliseconds(CLOCK_PROCESS_CPUTIME_ID);
    for (int tick = 0, idle = 0; tick < TICKS; tick++) {
        wait_tick();
        if (job.done)
            return NULL;
        int64_t now = milliseconds(CLOCK_PROCESS_CPUTIME_ID), bytes = resident_bytes();
        if (memory == 0)
            memory = bytes;
        if (bytes - memory > MEMORY_MOST)
            return "it read more than 2 GiB";
        idle++;
        if (now - cpu > IDLE_CPU_MS) {
            cpu = now;
            idle = 0;
        }
        if (idle == IDLE_TICKS)
            return "it waited for 5 seconds";
    }
    return "it took more than 60 seconds";
}

const char *bounded_run(void (*work)(void *), void *argument)
{
    pthread_condattr_t attributes;
    pthread_t thread;
    job.work = work;
    job.argument = argument;
    job.done = false;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&job.ended, &attributes);
    pthread_condattr_destroy(&attributes);
    if (pthread_create(&thread, NULL, run, NULL) != 0) {
        work(argument);
        return NULL;
    }
    pthread_mutex_lock(&job.mutex);
    const char *why = watch();
    pthread_mutex_unlock(&job.mutex);
    if (why)
        return why;
    pthread_join(thread, NULL);
    pthread_cond_destroy(&job.ended);
    return NULL;
}
