/*
 * main.c - ukc-switch: many images as hosts of a simulated network, in virtual time.
 *
 * Reading order: settings.h, simulation.c, network.c, host.c.
 */
#include "settings.h"
#include "simulation.h"

#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>

enum { OTHERS = 64 }; /* descriptors besides one for each host */

static void interrupt(int number)
{
    (void)number;
    simulation_interrupt();
}

static int enough_descriptors(uint32_t hosts)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return 0;
    rlim_t wanted = (rlim_t)hosts + OTHERS;
    if (limit.rlim_cur >= wanted)
        return 0;
    if (limit.rlim_max < wanted) {
        fprintf(stderr, "ukc-switch: %u hosts need %llu descriptors, and this process may have %llu (ulimit -n)\n", hosts,
                (unsigned long long)wanted, (unsigned long long)limit.rlim_max);
        return 3;
    }
    limit.rlim_cur = wanted;
    return setrlimit(RLIMIT_NOFILE, &limit) == 0 ? 0 : 3;
}

/* One host runs at a time, and the switch not then: on one processor a turn needs no interrupt between two. */
static void stay_on_one_processor(void)
{
    cpu_set_t set;
    int here = sched_getcpu();
    if (here < 0)
        return;
    CPU_ZERO(&set);
    CPU_SET((size_t)here, &set);
    sched_setaffinity(0, sizeof set, &set);
}

int main(int argc, char **argv)
{
    static struct settings settings;
    int end = settings_read(&settings, argc, argv);
    if (end != 0)
        return end < 0 ? 0 : end;
    end = enough_descriptors(settings.hosts);
    if (end != 0)
        return end;
    struct sigaction action = {.sa_handler = interrupt, .sa_flags = SA_RESETHAND};
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    stay_on_one_processor();
    return simulation_run(&settings);
}
