/* chance.c - integers only, so that every machine draws the same. */
#include "chance.h"

static uint64_t split_mix(uint64_t *state)
{
    uint64_t z = *state += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

static uint64_t rotate(uint64_t value, int by)
{
    return value << by | value >> (64 - by);
}

void chance_start(struct chance *chance, uint64_t seed)
{
    for (int i = 0; i < 4; i++)
        chance->state[i] = split_mix(&seed);
}

uint64_t chance_next(struct chance *chance)
{
    uint64_t *s = chance->state, result = rotate(s[1] * 5, 7) * 9, t = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = rotate(s[3], 45);
    return result;
}

/* The high half of a product of 128 bits: the bias is below limit / 2^64. */
uint64_t chance_below(struct chance *chance, uint64_t limit)
{
    return limit == 0 ? 0 : (uint64_t)((unsigned __int128)chance_next(chance) * limit >> 64);
}

bool chance_happens(struct chance *chance, uint32_t probability)
{
    return probability > 0 && chance_below(chance, CHANCE_CERTAIN) < probability;
}

void chance_key(uint64_t seed, uint64_t number, uint8_t *bytes, size_t size)
{
    uint64_t state = split_mix(&seed);
    state ^= number;
    state = split_mix(&state);
    for (size_t i = 0; i < size; i++)
        bytes[i] = (uint8_t)(split_mix(&state) >> 56);
}
