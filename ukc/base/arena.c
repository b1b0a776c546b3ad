/*
 * arena.c - blocks of memory, handed out from the front, freed together.
 *
 * Small requests share blocks that double up to BLOCK_MAX; a request that is
 * larger than a quarter of a block gets a block of its own, so that little of
 * the current one is wasted.  Blocks come zeroed from calloc and are never
 * reused, which is what makes allocations zeroed.
 */
#include "arena.h"

#include <assert.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "memory.h"

#if defined(__SANITIZE_ADDRESS__)
#define POISONING 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define POISONING 1
#endif
#endif
#ifdef POISONING
#include <sanitizer/asan_interface.h>
#define REDZONE 16
#define LEAST_ALIGN 8 /* the granularity of ASan's shadow */
#else
#define ASAN_POISON_MEMORY_REGION(p, n) ((void)(p), (void)(n))
#define ASAN_UNPOISON_MEMORY_REGION(p, n) ((void)(p), (void)(n))
#define REDZONE 0
#define LEAST_ALIGN 1
#endif

#define BLOCK_MIN ((size_t)4096)
#define BLOCK_MAX ((size_t)1 << 20)

struct block {
    struct block *next;
    size_t size, used; /* of bytes[] */
    _Alignas(max_align_t) char bytes[];
};

struct arena {
    struct block *current; /* the block small requests come from */
    struct block *large;   /* blocks with one allocation each */
    size_t next_size;
};

struct arena *arena_create(void)
{
    struct arena *a = memory_alloc(sizeof *a);
    a->next_size = BLOCK_MIN;
    return a;
}

static void blocks_free(struct block *b)
{
    while (b) {
        struct block *next = b->next;
        ASAN_UNPOISON_MEMORY_REGION(b->bytes, b->size);
        free(b);
        b = next;
    }
}

void arena_destroy(struct arena *a)
{
    if (!a)
        return;
    blocks_free(a->current);
    blocks_free(a->large);
    free(a);
}

static struct block *block_create(size_t size, struct block *next)
{
    struct block *b = memory_alloc(memory_sum(sizeof *b, size));
    b->size = size;
    b->next = next;
    ASAN_POISON_MEMORY_REGION(b->bytes, size);
    return b;
}

/* NULL when the block has no room. */
static void *block_take(struct block *b, size_t bytes, size_t align)
{
    uintptr_t at = (uintptr_t)b->bytes + b->used;
    size_t padding = (size_t)(-at & (align - 1));
    size_t left = b->size - b->used;
    if (padding > left || bytes > left - padding)
        return NULL;
    char *p = b->bytes + b->used + padding;
    b->used += padding + bytes;
    size_t gap = b->size - b->used, redzone = REDZONE;
    b->used += gap < redzone ? gap : redzone;
    ASAN_UNPOISON_MEMORY_REGION(p, bytes);
    return p;
}

void *arena_alloc(struct arena *a, size_t bytes, size_t align)
{
    assert(align && !(align & (align - 1)));
    if (align < LEAST_ALIGN)
        align = LEAST_ALIGN;
    void *p = a->current ? block_take(a->current, bytes, align) : NULL;
    if (p)
        return p;
    size_t most = memory_sum(memory_sum(bytes, align), REDZONE);
    if (most > a->next_size / 4) {
        a->large = block_create(most, a->large);
        return block_take(a->large, bytes, align);
    }
    a->current = block_create(a->next_size, a->current);
    if (a->next_size < BLOCK_MAX)
        a->next_size *= 2;
    return block_take(a->current, bytes, align);
}

void *arena_array_alloc(struct arena *a, size_t n, size_t size, size_t align)
{
    return arena_alloc(a, memory_product(n, size), align);
}

void *arena_memdup(struct arena *a, const void *p, size_t bytes)
{
    void *copy = arena_alloc(a, bytes, _Alignof(max_align_t));
    if (bytes)
        memcpy(copy, p, bytes);
    return copy;
}

/* At most n bytes of s, which need not be terminated. */
char *arena_strndup(struct arena *a, const char *s, size_t n)
{
    size_t length = strnlen(s, n);
    char *copy = arena_alloc(a, memory_sum(length, 1), 1);
    memcpy(copy, s, length);
    return copy;
}

char *arena_strdup(struct arena *a, const char *s)
{
    return arena_strndup(a, s, strlen(s));
}

char *arena_vprintf(struct arena *a, const char *format, va_list list)
{
    va_list again;
    va_copy(again, list);
    int length = vsnprintf(NULL, 0, format, again);
    va_end(again);
    if (length < 0)
        memory_exhausted();
    char *s = arena_alloc(a, (size_t)length + 1, 1);
    vsnprintf(s, (size_t)length + 1, format, list);
    return s;
}

char *arena_printf(struct arena *a, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    char *s = arena_vprintf(a, format, list);
    va_end(list);
    return s;
}

void *vec_grow(struct arena *a, void *items, size_t *capacity, size_t size)
{
    size_t old = *capacity;
    size_t grown = old ? memory_product(old, 2) : 4;
    void *bytes = arena_array_alloc(a, grown, size, _Alignof(max_align_t));
    if (old) {
        memcpy(bytes, items, old * size);
        /* whoever kept a pointer to an item across vec_add is told */
        ASAN_POISON_MEMORY_REGION(items, old * size);
    }
    *capacity = grown;
    return bytes;
}
