/* memory.c - lwIP's memory (mem.h, memp.h) in an arena of fixed size. */
#include "memory.h"

#include "arena.h"
#include "table.h"
#include "keys.h"
#include "log.h"
#include "pages.h"
#include "timers.h"

#include <assert.h>
#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "lwip/mem.h"
#include "lwip/memp.h"
/* what memp_std.h measures */
#include "lwip/etharp.h"
#include "lwip/ip4_frag.h"
#include "lwip/ip6_frag.h"
#include "lwip/mld6.h"
#include "lwip/pbuf.h"
#include "lwip/priv/nd6_priv.h"
#include "lwip/priv/tcp_priv.h"
#include "lwip/udp.h"

enum { LEAST = 262144, OTHERS = 524288 /* the tasks of a dozen connections */, CONNECTION_LEAST = 512 /* bytes, of one that only exists */ };
static_assert((uint64_t)MEMP_NUM_TCP_PCB * CONNECTION_LEAST <= KEY_MEMORY, "the key `memory` is too small for as many connections as the key `connections` says: 512 bytes each at least");

static void *block;
static size_t block_size;
static size_t kept_from_frames, kept_from_buffers, kept_for_control;
enum memory_use memory_use;

/* What each kind of structure is, and how many of it may exist. */
static const uint32_t sizes[MEMP_MAX] = {
#define LWIP_MEMPOOL(name, number, size, description) (uint32_t)(size),
#include "lwip/priv/memp_std.h"
};
static const uint32_t limits[MEMP_MAX] = {
#define LWIP_MEMPOOL(name, number, size, description) (uint32_t)(number),
#include "lwip/priv/memp_std.h"
};
static uint32_t counts[MEMP_MAX];

/* A block of so many bytes, where half as much, and OTHERS, is left for others: their tasks, cards and buffers.  The least has to do. */
static void *take(size_t size)
{
    size_t rest = size / 2 > OTHERS ? size / 2 : OTHERS;
    void *memory = pages_allocate(size), *others = memory && size > LEAST ? pages_allocate(rest) : NULL;
    if (others)
        pages_free(others, rest);
    else if (memory && size > LEAST) {
        pages_free(memory, size);
        return NULL;
    }
    return memory;
}

/* A small machine, which does not have all that the key allows, gives half of it, or a quarter, and so on. */
int memory_start(void)
{
    memset(counts, 0, sizeof counts);
    for (block_size = KEY_MEMORY; !(block = take(block_size)); block_size /= 2)
        if (block_size / 2 < LEAST)
            return -ENOMEM;
    if (block_size < KEY_MEMORY)
        log_write(LOG_LEVEL_WARNING, KEY_LOG_NAME, "there is little memory: %zu KiB are for connections and buffers, not %zu", block_size / 1024,
                  (size_t)KEY_MEMORY / 1024);
    size_t table = table_size();
    if (table > block_size / 2 || !arena_start((char *)block + table, block_size - table))
        return -ENOMEM; /* many more connections than there is memory for */
    table_start(block);
    kept_from_buffers = arena_chunks() / 8;
    kept_from_frames = arena_chunks() / 4;
    kept_for_control = arena_chunks() / 32 + 1;
    return 0;
}

void memory_stop(void)
{
    if (block)
        pages_free(block, block_size);
    block = NULL;
}

void *memory_get(size_t size)
{
    return arena_allocate(size, 0);
}

size_t memory_largest(void)
{
    return arena_chunk();
}

void memory_put(void *piece)
{
    arena_free(piece);
}

void memory_fit(void *piece, size_t size)
{
    arena_fit(piece, size);
}

void *memory_get_frame(size_t size)
{
    return arena_allocate(size, kept_from_frames);
}

void *memory_get_urgent_frame(size_t size)
{
    return arena_allocate(size, kept_for_control);
}

bool memory_short(void)
{
    return arena_free_chunks() <= kept_from_frames;
}

size_t memory_share(size_t most, size_t least)
{
    size_t half = arena_chunks() / 2, free = arena_free_chunks();
    if (free >= half)
        return most;
    size_t share = free > kept_from_frames ? most / (half - kept_from_frames) * (free - kept_from_frames) : 0;
    return share > least ? share : least;
}

/* ---- lwIP's heap: buffers with data, and a few large structures ---- */

enum { SMALL = 256 }; /* headers alone: acknowledgements, resets, neighbour discovery */

void mem_init(void)
{
}

void *mem_malloc(mem_size_t size)
{
    bool is_small = memory_use != MEMORY_DATA && size <= SMALL;
    return arena_allocate(size, is_small ? 0 : memory_use == MEMORY_URGENT ? kept_for_control : kept_from_buffers);
}

void *mem_calloc(mem_size_t count, mem_size_t size)
{
    size_t all;
    if (__builtin_mul_overflow((size_t)count, (size_t)size, &all))
        return NULL;
    void *memory = arena_allocate(all, 0);
    return memory ? memset(memory, 0, all) : NULL;
}

/* A piece stays as large as it is. */
void *mem_trim(void *memory, mem_size_t size)
{
    (void)size;
    return memory;
}

void mem_free(void *memory)
{
    if (memory)
        arena_free(memory);
}

/* ---- lwIP's structures ---- */

void memp_init(void)
{
}

static bool is_reassembly(memp_t type)
{
#if LWIP_IPV4 && IP_REASSEMBLY
    if (type == MEMP_REASSDATA)
        return true;
#endif
#if LWIP_IPV6 && LWIP_IPV6_REASS
    if (type == MEMP_IP6_REASSDATA)
        return true;
#endif
    (void)type;
    return false;
}

unsigned memory_count_reassembled(void)
{
    unsigned count = 0;
#if LWIP_IPV4 && IP_REASSEMBLY
    count += counts[MEMP_REASSDATA];
#endif
#if LWIP_IPV6 && LWIP_IPV6_REASS
    count += counts[MEMP_IP6_REASSDATA];
#endif
    return count;
}

void *memp_malloc(memp_t type)
{
    if (counts[type] >= limits[type])
        return NULL;
    void *memory = arena_allocate(sizes[type], 0);
    counts[type] += memory != NULL;
    if (is_reassembly(type))
        timers_look_again();
    return memory;
}

void memp_free(memp_t type, void *memory)
{
    if (!memory)
        return;
    counts[type]--;
    arena_free(memory);
}
