/*
 * secret.c - random numbers, and a hash under a secret key.
 *
 * The hash is SipHash-2-4 (Aumasson, Bernstein: SipHash, a fast short-input PRF, 2012).  Initial sequence numbers are
 * RFC 6528's: a clock, of 64 nanoseconds for fast networks, plus the hash of the connection's addresses and ports.
 */
#include "secret.h"

#include "clock.h"
#include "random.h"

#include <string.h>

#include "lwip/ip_addr.h"
#include "hooks.h"

static uint64_t key[2];

/* Drawn from a supply: one call of the generator for many numbers. */
uint32_t secret_number(void)
{
    static uint32_t supply[16];
    static unsigned left;
    if (!left) {
        random_fill(supply, sizeof supply);
        left = sizeof supply / sizeof supply[0];
    }
    uint32_t number = supply[--left];
    supply[left] = 0;
    return number;
}

void secret_start(void)
{
    for (size_t i = 0; i < 2; i++)
        key[i] = (uint64_t)secret_number() << 32 | secret_number();
}

/* Half of one is enough for a packet. */
uint16_t secret_identification(void)
{
    static uint32_t number;
    static bool second;
    number = second ? number >> 16 : secret_number();
    second = !second;
    return (uint16_t)number;
}

static inline uint64_t rotate(uint64_t x, int by)
{
    return x << by | x >> (64 - by);
}

static inline void round_of(uint64_t v[4])
{
    v[0] += v[1], v[1] = rotate(v[1], 13) ^ v[0], v[0] = rotate(v[0], 32);
    v[2] += v[3], v[3] = rotate(v[3], 16) ^ v[2];
    v[0] += v[3], v[3] = rotate(v[3], 21) ^ v[0];
    v[2] += v[1], v[1] = rotate(v[1], 17) ^ v[2], v[2] = rotate(v[2], 32);
}

uint64_t secret_hash(const uint64_t *words, size_t count)
{
    uint64_t v[4] = {
        key[0] ^ 0x736f6d6570736575, key[1] ^ 0x646f72616e646f6d, key[0] ^ 0x6c7967656e657261, key[1] ^ 0x7465646279746573,
    };
    for (size_t i = 0; i <= count; i++) {
        uint64_t word = i < count ? words[i] : (uint64_t)count * 8 << 56; /* the length comes last */
        v[3] ^= word;
        round_of(v), round_of(v);
        v[0] ^= word;
    }
    v[2] ^= 0xff;
    round_of(v), round_of(v), round_of(v), round_of(v);
    return v[0] ^ v[1] ^ v[2] ^ v[3];
}

u32_t secret_sequence(const ip_addr_t *local, u16_t local_port, const ip_addr_t *remote, u16_t remote_port)
{
    uint64_t words[5] = {[4] = (uint64_t)local_port << 16 | remote_port};
#if LWIP_IPV4
    if (IP_IS_V4(local)) {
        words[0] = ip_2_ip4(local)->addr;
        words[2] = ip_2_ip4(remote)->addr;
    }
#endif
#if LWIP_IPV6
    if (IP_IS_V6(local)) {
        memcpy(words, ip_2_ip6(local)->addr, 16);
        memcpy(words + 2, ip_2_ip6(remote)->addr, 16);
    }
#endif
    return (u32_t)secret_hash(words, 5) + (u32_t)(clock_now() / 64);
}
