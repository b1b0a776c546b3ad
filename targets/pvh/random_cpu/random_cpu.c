/*
 * random_cpu.c - a generator (chacha.h) with a key from the processor's.
 *
 * The processor is asked again every 2^20 blocks.  A machine that continues from a snapshot, or is a copy of another, has the same
 * state as that: where the hypervisor says so the processor is asked again before anything is given out.
 *
 * Start fails without RDSEED and RDRAND, and when what they give repeats.
 */
#include "random_cpu.h"

#include <errno.h>
#include <ukc/machine.h>

#include "chacha.h"
#include "seed.h"

enum { RESEED = 1 << 20 };

int random_cpu_start(void)
{
    seed_is_another();
    if (!seed_open())
        return -ENODEV;
    return seed_is_healthy() && seed_take() ? 0 : -EIO;
}

void random_cpu_fill(void *bytes, size_t size)
{
    if ((seed_is_another() || chacha_blocks() >= RESEED) && !seed_take())
        machine_panic("the processor's random number generator has stopped");
    chacha_fill(bytes, size);
}
