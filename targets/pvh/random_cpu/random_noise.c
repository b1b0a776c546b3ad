/*
 * random_noise.c - a generator (chacha.h) with a key from noise of the host, and from the processor where it has a generator.
 *
 * Start waits for noise, for ten seconds at most.  Later noise is asked for every 2^20 blocks and when the machine is another one (seed.h), and mixed in when it
 * is there, because nobody waits in random_fill; meanwhile the processor is asked.  A processor without a generator that finds itself in another machine spins
 * until the noise is there: what it would give out otherwise, its twin may give out too.
 */
#include "random_noise.h"

#include <errno.h>
#include <string.h>
#include <ukc/deadline.h>
#include <ukc/machine.h>

#include "chacha.h"
#include "clock.h"
#include "noise.h"
#include "seed.h"

enum { RESEED = 1 << 20, SPINS = 100000000 };
#define PATIENCE (10 * NANOSECONDS_PER_SECOND)

static bool has_processor;
static uint64_t words[SEED_TESTED]; /* noise that has come */
static size_t got;
static bool wanted;

/* 1: noise was mixed in; 0: there is more to come; or an error. */
static int gather(int64_t deadline)
{
    ptrdiff_t n = noise_gather((char *)words + got, sizeof words - got, deadline);
    if (n < 0)
        return (int)n;
    got += (size_t)n;
    if (got < sizeof words)
        return 0;
    bool good = seed_differs(words);
    unsigned char nothing;
    chacha_mix(words);
    chacha_fill(&nothing, sizeof nothing); /* the first half is spread over the key before the second comes */
    chacha_mix(words + CHACHA_KEY);
    memset(words, 0, sizeof words);
    got = 0;
    wanted = false;
    return good ? 1 : -EIO;
}

int random_noise_start(void)
{
    int result = 0;
    seed_is_another();
    has_processor = seed_open() && seed_is_healthy() && seed_take();
    for (int64_t until = clock_now() + PATIENCE; result == 0;)
        result = gather(until);
    return result < 0 ? result : 0;
}

/* Without the processor the noise has to come. */
static void spin(void)
{
    for (unsigned i = 0; wanted; i++) {
        int result = gather(DEADLINE_NOW);
        if (result == -EIO || i == SPINS)
            machine_panic("the host gives no noise any more");
        __asm__ volatile("pause");
    }
}

void random_noise_fill(void *bytes, size_t size)
{
    bool another = seed_is_another();
    if (another || chacha_blocks() >= RESEED) {
        if (has_processor && !seed_take())
            machine_panic("the processor's random number generator has stopped");
        if (another) { /* what had come, here or in the driver, the twin has as well */
            noise_gather(words, sizeof words, DEADLINE_NOW);
            got = 0;
        }
        wanted = true;
    }
    if (another && !has_processor)
        spin();
    else if (wanted)
        gather(DEADLINE_NOW);
    chacha_fill(bytes, size);
}
