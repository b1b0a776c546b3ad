/* chance.h - the switch's random numbers: xoshiro256** (Blackman and Vigna, 2018), seeded through SplitMix64. */
#ifndef SWITCH_CHANCE_H
#define SWITCH_CHANCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { CHANCE_CERTAIN = 1000000000 }; /* probabilities are in parts of this */

struct chance {
    uint64_t state[4];
};

void chance_start(struct chance *chance, uint64_t seed);
uint64_t chance_next(struct chance *chance);

/* Uniform from 0 to limit - 1; 0 if limit is 0. */
uint64_t chance_below(struct chance *chance, uint64_t limit);

/* Draws nothing when the probability is 0. */
bool chance_happens(struct chance *chance, uint32_t probability);

/* Bytes that depend on the seed and a number alone. */
void chance_key(uint64_t seed, uint64_t number, uint8_t *bytes, size_t size);

#endif
