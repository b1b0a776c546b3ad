/*
 * arena.h - memory that is freed whole.
 *
 * A phase allocates its output in one arena; nothing in it is freed alone.
 * Memory is zeroed.  Under ASan freed arenas, gaps between allocations, and
 * what vec_add moved away from are poisoned.
 *
 * Errors: when memory is exhausted the process ends with status 3 and a
 * message: a compiler run has nothing better to do.
 */
#ifndef UKC_ARENA_H
#define UKC_ARENA_H

#include <stdarg.h>
#include <stddef.h>

struct arena;

[[nodiscard]] struct arena *arena_create(void);
void arena_destroy(struct arena *);

/* `align` is a power of two.  bytes may be 0; the result is never NULL. */
void *arena_alloc(struct arena *, size_t bytes, size_t align);
char *arena_strdup(struct arena *, const char *s);
char *arena_strndup(struct arena *, const char *s, size_t n);
void *arena_memdup(struct arena *, const void *p, size_t bytes);
[[gnu::format(printf, 2, 3)]] char *arena_printf(struct arena *, const char *format, ...);
char *arena_vprintf(struct arena *, const char *format, va_list);

#define arena_new(a, T) ((T *)arena_alloc((a), sizeof(T), _Alignof(T)))
/* n elements; the product must not overflow (checked, ends the process). */
#define arena_array(a, T, n) ((T *)arena_array_alloc((a), (n), sizeof(T), _Alignof(T)))
void *arena_array_alloc(struct arena *, size_t n, size_t size, size_t align);

/*
 * A growing array in an arena:
 *     VEC(struct key) keys = {};
 *     *vec_add(a, &keys) = (struct key){...};
 *     for (size_t i = 0; i < keys.count; i++) use(&keys.items[i]);
 * Growth moves the items: keep indexes across vec_add, not pointers.  vec_reverse(&keys) turns the order round.
 */
#define VEC(T)                                                                                     \
    struct {                                                                                       \
        T *items;                                                                                  \
        size_t count, capacity;                                                                    \
    }
#define vec_add(a, v)                                                                              \
    ((v)->count == (v)->capacity                                                                   \
         ? (void)((v)->items = vec_grow((a), (v)->items, &(v)->capacity, sizeof *(v)->items))      \
         : (void)0, /* a sequence point: the array is looked at after it has grown */               \
     &(v)->items[(v)->count++])
#define vec_reverse(v)                                                                             \
    do                                                                                             \
        for (size_t left_ = 0, right_ = (v)->count; left_ + 1 < right_; left_++) {                 \
            __typeof__(*(v)->items) kept_ = (v)->items[left_];                                     \
            (v)->items[left_] = (v)->items[--right_];                                              \
            (v)->items[right_] = kept_;                                                            \
        }                                                                                          \
    while (0)
void *vec_grow(struct arena *, void *items, size_t *capacity, size_t size);

#endif
