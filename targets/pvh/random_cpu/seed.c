/* seed.c - see seed.h. */
#include "seed.h"

#include <ukc/machine.h>

#include "chacha.h"
#include "keys.h"

enum { TRIES = 100 };

static bool has_seed;

static bool take_word(uint64_t *word)
{
    unsigned char ok = 0;
    for (int i = 0; i < TRIES && !ok; i++) {
        if (has_seed)
            __asm__ volatile("rdseed %0\n\tsetc %1" : "=r"(*word), "=qm"(ok) : : "cc");
        else
            __asm__ volatile("rdrand %0\n\tsetc %1" : "=r"(*word), "=qm"(ok) : : "cc");
        if (!ok)
            __asm__ volatile("pause");
    }
    return ok;
}

bool seed_open(void)
{
    has_seed = machine_cpuid(0, 0).eax >= 7 && (machine_cpuid(7, 0).ebx >> 18 & 1);
    return has_seed || (machine_cpuid(1, 0).ecx >> 30 & 1);
}

bool seed_take(void)
{
    uint64_t words[CHACHA_KEY];
    for (int i = 0; i < CHACHA_KEY; i++)
        if (!take_word(&words[i]))
            return false;
    chacha_mix(words);
    return true;
}

bool seed_differs(const uint64_t words[SEED_TESTED])
{
    for (int i = 0; i < SEED_TESTED; i++) {
        if (words[i] == 0 || words[i] == UINT64_MAX)
            return false;
        for (int k = 0; k < i; k++)
            if (words[k] == words[i])
                return false;
    }
    return true;
}

bool seed_is_healthy(void)
{
    uint64_t words[SEED_TESTED];
    for (int i = 0; i < SEED_TESTED; i++)
        if (!take_word(&words[i]))
            return false;
    return seed_differs(words);
}

bool seed_is_another(void)
{
#if KEY_SNAPSHOTS
    static const volatile uint64_t *generation; /* NULL: nobody says */
    static uint64_t known[2];
    static bool looked;
    if (!looked)
        generation = machine_generation();
    looked = true;
    if (generation && (generation[0] != known[0] || generation[1] != known[1])) {
        known[0] = generation[0];
        known[1] = generation[1];
        chacha_mix((uint64_t[CHACHA_KEY]){known[0], known[1]});
        return true;
    }
#endif
    return false;
}
