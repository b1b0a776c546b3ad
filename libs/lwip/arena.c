/* arena.c - pieces of a fixed block of memory. */
#include "arena.h"

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#if defined(__SANITIZE_ADDRESS__)
#define CHECKED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define CHECKED 1
#endif
#endif
#ifdef CHECKED
#include <sanitizer/asan_interface.h>
#define HIDE(piece, size) __asan_poison_memory_region((piece), (size))
#define SHOW(piece, size) __asan_unpoison_memory_region((piece), (size))
#else
#define HIDE(piece, size) ((void)(size))
#define SHOW(piece, size) ((void)0)
#endif

enum { UNIT = 16, SIZES = 64, SHIFT_LEAST = 13, SHIFT = 15, CHUNKS_FEW = 64, CHUNKS = 256 /* about so many at least */ };

struct piece {
    struct piece *next;
};

struct chunk {
    struct piece *free;           /* given back */
    struct chunk *next, *previous; /* of those of this size that have room; or of the free ones (next alone) */
    uint32_t carved, used;        /* pieces that were ever given out since the chunk was free; that are out now */
    uint8_t class;
    bool listed;
};

static struct {
    char *base;
    struct chunk *table;
    size_t chunk; /* bytes: a power of two, 1 << shift */
    unsigned shift;
    size_t count, untouched, free_count; /* chunks; the first that was never used; those that hold nothing */
    struct chunk *free;                  /* used before, hold nothing */
    struct chunk *with_room[SIZES];
    /* what make_classes() writes */
    unsigned classes;
    uint32_t sizes[SIZES];
    uint8_t class_of[ARENA_LARGEST / UNIT + sizeof(uint64_t)];
} arena;

/* Sizes grow by about an eighth; the large ones fill a chunk with a whole number of pieces. */
static void make_classes(void)
{
    unsigned n = 0;
    uint32_t size = 32;
    while (size < 1024) {
        arena.sizes[n++] = size;
        uint32_t step = size / 8 < UNIT ? UNIT : size / 8 / UNIT * UNIT;
        size += step;
    }
    for (unsigned pieces = (unsigned)(arena.chunk / 1088); pieces; pieces -= pieces > 8 ? (pieces + 7) / 8 : 1)
        arena.sizes[n++] = arena.chunk / pieces / UNIT * UNIT;
    arena.classes = n;
    unsigned units = 0;
    for (unsigned class = 0; class < n; class++) {
        unsigned end = arena.sizes[class] / UNIT + 1;
        uint64_t eight = class * UINT64_C(0x0101010101010101); /* most are no more; the next class writes over what is too many */
        memcpy(&arena.class_of[units], &eight, sizeof eight);
        if (end - units > sizeof eight)
            memset(&arena.class_of[units], (int)class, end - units);
        units = end;
    }
}

bool arena_start(void *memory, size_t size)
{
    memset(&arena, 0, offsetof(typeof(arena), classes));
    arena.shift = SHIFT_LEAST;
    while (1u << arena.shift < ARENA_LARGEST && size >> arena.shift > (arena.shift < SHIFT ? CHUNKS_FEW : CHUNKS))
        arena.shift++;
    arena.chunk = (size_t)1 << arena.shift;
    size_t count = size / (arena.chunk + sizeof(struct chunk));
    size_t head = (count * sizeof(struct chunk) + UNIT - 1) & ~(size_t)(UNIT - 1);
    if (count && head + count * arena.chunk > size)
        count--;
    if (count < 4)
        return false;
    arena.table = memory;
    arena.base = (char *)memory + head;
    arena.count = arena.free_count = count;
    make_classes();
    HIDE(arena.base, count * arena.chunk);
    return true;
}

static void list(struct chunk *chunk)
{
    struct chunk **head = &arena.with_room[chunk->class];
    chunk->previous = NULL;
    chunk->next = *head;
    if (*head)
        (*head)->previous = chunk;
    *head = chunk;
    chunk->listed = true;
}

static void unlist(struct chunk *chunk)
{
    if (chunk->previous)
        chunk->previous->next = chunk->next;
    else
        arena.with_room[chunk->class] = chunk->next;
    if (chunk->next)
        chunk->next->previous = chunk->previous;
    chunk->listed = false;
}

static void release(struct chunk *chunk)
{
    unlist(chunk);
    chunk->next = arena.free;
    arena.free = chunk;
    arena.free_count++;
}

/* Takes back the empty chunks that sizes have kept. */
static void gather(void)
{
    for (unsigned class = 0; class < arena.classes; class++) {
        struct chunk *chunk = arena.with_room[class];
        if (chunk && !chunk->used)
            release(chunk);
    }
}

static struct chunk *chunk_new(unsigned class, size_t keep)
{
    if (arena.free_count <= keep)
        gather();
    if (arena.free_count <= keep)
        return NULL;
    struct chunk *chunk = arena.free;
    if (chunk)
        arena.free = chunk->next;
    else
        chunk = &arena.table[arena.untouched++];
    arena.free_count--;
    *chunk = (struct chunk){.class = (uint8_t)class};
    list(chunk);
    return chunk;
}

static char *start_of(const struct chunk *chunk)
{
    return arena.base + ((size_t)(chunk - arena.table) << arena.shift);
}

void *arena_allocate(size_t size, size_t keep)
{
    if (size > arena.chunk)
        return NULL;
    unsigned class = arena.class_of[(size + UNIT - 1) / UNIT];
    struct chunk *chunk = arena.with_room[class];
    if (!chunk && !(chunk = chunk_new(class, keep)))
        return NULL;
    struct piece *piece = chunk->free;
    size_t each = arena.sizes[class];
    if (piece) {
        SHOW(piece, sizeof *piece);
        chunk->free = piece->next;
    } else
        piece = (struct piece *)(start_of(chunk) + chunk->carved++ * each);
    chunk->used++;
    if (!chunk->free && (chunk->carved + 1) * each > arena.chunk)
        unlist(chunk);
    SHOW(piece, size);
    return piece;
}

void arena_free(void *memory)
{
    struct chunk *chunk = &arena.table[(size_t)((char *)memory - arena.base) >> arena.shift];
    struct piece *piece = memory;
    SHOW(piece, sizeof *piece);
    piece->next = chunk->free;
    HIDE(piece, arena.sizes[chunk->class]);
    chunk->free = piece;
    if (!chunk->listed)
        list(chunk);
    if (--chunk->used)
        return;
    /* one empty chunk of a size is kept as it is, so that a piece that comes and goes costs nothing else */
    if (!chunk->next && !chunk->previous)
        return;
    release(chunk);
}

void arena_fit(void *memory, size_t size)
{
    const struct chunk *chunk = &arena.table[(size_t)((char *)memory - arena.base) >> arena.shift];
    size_t each = arena.sizes[chunk->class];
    (void)each;
    SHOW(memory, size);
    if (size < each)
        HIDE((char *)memory + size, each - size);
}

size_t arena_usable(size_t size)
{
    return size > arena.chunk ? 0 : arena.sizes[arena.class_of[(size + UNIT - 1) / UNIT]];
}

size_t arena_chunk(void)
{
    return arena.chunk;
}

size_t arena_chunks(void)
{
    return arena.count;
}

size_t arena_free_chunks(void)
{
    return arena.free_count;
}
