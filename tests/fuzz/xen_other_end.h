/*
 * xen_other_end.h - for fuzzers: a domain at the other end of rings that writes anything into them, between two reads of the image as well.
 *
 * The fuzzer is built with calls before each load (clang, SanitizerCoverage: trace-loads).  While the image runs and is raced, a load from a ring
 * finds other bytes each time.
 */
#ifndef XEN_OTHER_END_H
#define XEN_OTHER_END_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#define NOT_TRACED __attribute__((no_sanitize("coverage")))

enum { END_PAGE = 4096, END_HEAD = 64 /* bytes: the indices */, END_RINGS = 2 };

static const uint8_t *input, *input_end;
static char *end_rings[END_RINGS];
static bool image_runs;
static unsigned race; /* loads to come that find something else */

static NOT_TRACED uint8_t next_byte(void)
{
    return input < input_end ? *input++ : 0;
}

static NOT_TRACED void before_load(volatile uint8_t *at, size_t size)
{
    for (unsigned i = 0; image_runs && race > 0 && i < END_RINGS; i++) {
        uintptr_t offset = (uintptr_t)at - (uintptr_t)end_rings[i];
        if (!end_rings[i] || offset >= END_PAGE || input == input_end)
            continue;
        race--;
        uint8_t how = next_byte();
        if (how % (offset < END_HEAD ? 16 : 2) == 0) /* a wrong index ends it all at once */
            at[how / 16 % size] ^= next_byte();
    }
}

void __sanitizer_cov_load1(uint8_t *at);
void __sanitizer_cov_load2(uint16_t *at);
void __sanitizer_cov_load4(uint32_t *at);
void __sanitizer_cov_load8(uint64_t *at);
void __sanitizer_cov_load16(void *at);

NOT_TRACED void __sanitizer_cov_load1(uint8_t *at)
{
    before_load(at, 1);
}

NOT_TRACED void __sanitizer_cov_load2(uint16_t *at)
{
    before_load((uint8_t *)at, 2);
}

NOT_TRACED void __sanitizer_cov_load4(uint32_t *at)
{
    before_load((uint8_t *)at, 4);
}

NOT_TRACED void __sanitizer_cov_load8(uint64_t *at)
{
    before_load((uint8_t *)at, 8);
}

NOT_TRACED void __sanitizer_cov_load16(void *at)
{
    before_load(at, 16);
}

static inline void require(bool condition)
{
    if (!condition)
        abort();
}

/* Writes anything anywhere into a ring, or lets the image be raced. */
static inline void end_scribble(unsigned which)
{
    char *ring = end_rings[which % END_RINGS];
    unsigned kind = next_byte();
    if (kind % 3 == 0)
        race = next_byte();
    else if (ring && kind % 3 == 1)
        ring[(next_byte() | (unsigned)next_byte() << 8) % END_PAGE] = (char)next_byte();
    else if (ring)
        ((uint32_t *)(void *)ring)[next_byte() % 4] += (uint32_t)(int8_t)next_byte(); /* an index */
}

#endif
