/*
 * random_cpu.c - ChaCha20 (RFC 8439, 2.3) with a key from the processor's generator.
 *
 * After every call the key is replaced by the generator's next output, so that what was given out cannot be
 * recomputed from the state (fast key erasure).  The processor is asked again every 2^20 blocks.
 *
 * A machine that continues from a snapshot, or is a copy of another, has the same state as that: where the hypervisor says
 * so (machine_generation) the processor is asked again before anything is given out.
 *
 * Start fails without RDSEED and RDRAND, and when what they give repeats: a generator that is broken gives the same
 * word again and again (AMD erratum 1361 and others, all ones).
 */
#include "random_cpu.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <ukc/machine.h>

#include "keys.h"

enum { BLOCK = 64, KEY_WORDS = 8, TRIES = 100, RESEED = 1 << 20, TESTED = 8 };

static uint32_t key[KEY_WORDS];
static uint64_t blocks; /* since the last seed */
static bool has_seed;
#if KEY_SNAPSHOTS
static const volatile uint64_t *generation; /* NULL: nobody says */
static uint64_t known[2];
#endif

/* ---- the processor ---- */

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

/* Mixes into the key: what was there is not worse for it. */
static bool seed(void)
{
    for (int i = 0; i < KEY_WORDS; i += 2) {
        uint64_t word;
        if (!take_word(&word))
            return false;
        key[i] ^= (uint32_t)word;
        key[i + 1] ^= (uint32_t)(word >> 32);
    }
    blocks = 0;
    return true;
}

static bool is_healthy(void)
{
    uint64_t words[TESTED];
    for (int i = 0; i < TESTED; i++) {
        if (!take_word(&words[i]) || words[i] == 0 || words[i] == UINT64_MAX)
            return false;
        for (int k = 0; k < i; k++)
            if (words[k] == words[i])
                return false;
    }
    return true;
}

/* ---- ChaCha20 ---- */

/* A row of the state: its four columns, or diagonals, are worked on at once. */
typedef uint32_t row __attribute__((vector_size(16)));

[[gnu::always_inline]] static inline row turn(row n, int by)
{
    return n << by | n >> (32 - by);
}

[[gnu::always_inline]] static inline void quarters(row s[4])
{
    s[0] += s[1], s[3] = turn(s[3] ^ s[0], 16);
    s[2] += s[3], s[1] = turn(s[1] ^ s[2], 12);
    s[0] += s[1], s[3] = turn(s[3] ^ s[0], 8);
    s[2] += s[3], s[1] = turn(s[1] ^ s[2], 7);
}

static void make_block(uint64_t number, uint32_t out[16])
{
    row in[4] = {{0x61707865, 0x3320646e, 0x79622d32, 0x6b206574}, [3] = {(uint32_t)number, (uint32_t)(number >> 32)}};
    memcpy(&in[1], key, sizeof key);
    row s[4] = {in[0], in[1], in[2], in[3]};
    for (int i = 0; i < 10; i++) {
        quarters(s);
        s[1] = __builtin_shufflevector(s[1], s[1], 1, 2, 3, 0);
        s[2] = __builtin_shufflevector(s[2], s[2], 2, 3, 0, 1);
        s[3] = __builtin_shufflevector(s[3], s[3], 3, 0, 1, 2);
        quarters(s);
        s[1] = __builtin_shufflevector(s[1], s[1], 3, 0, 1, 2);
        s[2] = __builtin_shufflevector(s[2], s[2], 2, 3, 0, 1);
        s[3] = __builtin_shufflevector(s[3], s[3], 1, 2, 3, 0);
    }
    for (int i = 0; i < 4; i++)
        s[i] += in[i];
    memcpy(out, s, sizeof s);
    memset(s, 0, sizeof s);
    __asm__ volatile("" : : "r"(s) : "memory");
}

/* Whether the machine is another one since the last call. */
static bool is_another(void)
{
#if KEY_SNAPSHOTS
    if (generation && (generation[0] != known[0] || generation[1] != known[1])) {
        known[0] = generation[0];
        known[1] = generation[1];
        key[0] ^= (uint32_t)known[0];
        key[1] ^= (uint32_t)known[1];
        return true;
    }
#endif
    return false;
}

int random_cpu_start(void)
{
#if KEY_SNAPSHOTS
    generation = machine_generation();
#endif
    is_another();
    has_seed = machine_cpuid(0, 0).eax >= 7 && (machine_cpuid(7, 0).ebx >> 18 & 1);
    if (!has_seed && !(machine_cpuid(1, 0).ecx >> 30 & 1))
        return -ENODEV;
    return is_healthy() && seed() ? 0 : -EIO;
}

void random_cpu_fill(void *bytes, size_t size)
{
    uint32_t block[16];
    char *at = bytes;
    uint64_t number = 1;
    if ((is_another() || blocks >= RESEED) && !seed())
        machine_panic("the processor's random number generator has stopped");
    for (size_t piece; size > 0; at += piece, size -= piece) {
        make_block(number++, block);
        piece = size < BLOCK ? size : BLOCK;
        memcpy(at, block, piece);
    }
    make_block(0, block);
    memcpy(key, block, sizeof key);
    memset(block, 0, sizeof block);
    __asm__ volatile("" : : "r"(block) : "memory"); /* the memset is not to be dropped */
    blocks += number;
}
