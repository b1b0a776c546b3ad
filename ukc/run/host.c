/*
 * host.c - is this host as the machine needs it?  Asked before the machine starts; of one that is only printed nothing is asked.
 */
#include "hypervisor.h"
#include <inttypes.h>
#include <sys/sysinfo.h>

/* Memory is taken when it is touched: a machine with more than there is may start, or not. */
static void check_memory(struct project *p, const struct guest *g)
{
    struct sysinfo host;
    if (sysinfo(&host) != 0)
        return;
    uint64_t all = ((uint64_t)host.totalram + host.totalswap) * host.mem_unit;
    if (g->memory <= all)
        return;
    diag_warning(p->d, SPAN_NONE, "the machine is to have %s of memory, and this host has %" PRIu64 "M: it may refuse to start", g->memory_word, all >> 20);
    if (g->budgets > all)
        diag_help(p->d, "the image's keys say that it needs %" PRIu64 "M: 'ukc plan' lists them", g->budgets >> 20);
    else
        diag_help(p->d, "--memory SIZE gives it less");
}

bool host_check(struct project *p, const struct guest *g)
{
    if (!host_disks_check(p, g) || !host_ports_check(p, g))
        return false;
    check_memory(p, g);
    host_addresses_check(p, g);
    return true;
}
