/* runtime_lwip.c - the parts of the native stack that know nothing of lwIP: its memory, and the Internet checksum. */
#include "test.h"

#include <sys/mman.h>

#include "arena.h"
#include "checksum.h"

/* ---- memory ---- */

enum { CHUNK = 8192, CHUNKS = 10 };
static char *block;

static int make(void **state)
{
    (void)state;
    enum { SIZE = CHUNKS * CHUNK + 4096 }; /* with room for the table of chunks */
    if (posix_memalign((void **)&block, 16, SIZE) != 0)
        return -1;
    return !arena_start(block, SIZE);
}

static int drop(void **state)
{
    (void)state;
    free(block);
    return 0;
}

static size_t fill_with(size_t size, size_t keep, void **pieces, size_t most)
{
    size_t count = 0;
    while (count < most && (pieces[count] = arena_allocate(size, keep))) {
        memset(pieces[count], (int)count, size);
        count++;
    }
    return count;
}

static void is_of_its_size(void **state)
{
    (void)state;
    assert_int_equal(arena_chunk(), CHUNK);
    assert_int_equal(arena_chunks(), CHUNKS);
    assert_int_equal(arena_free_chunks(), CHUNKS);
    assert_false(arena_start(block, 3 * CHUNK));
    assert_true(arena_start(block, 4 * (CHUNK + 80)));
    assert_int_equal(arena_chunks(), 4);
}

/* All sizes: what is given out is aligned, does not overlap, and stays what was written to it. */
static void pieces_are_apart(void **state)
{
    (void)state;
    enum { PIECES = 400 };
    static struct {
        unsigned char *at;
        size_t size;
    } p[PIECES];
    uint32_t seed = 7;
    for (unsigned round = 0; round < 20000; round++) {
        seed = seed * 1664525 + 1013904223;
        unsigned i = (seed >> 8) % PIECES;
        if (p[i].at) {
            for (size_t k = 0; k < p[i].size; k += p[i].size > 64 ? 61 : 1)
                assert_int_equal(p[i].at[k], i % 251);
            arena_free(p[i].at);
            p[i].at = NULL;
            continue;
        }
        p[i].size = 1 + (seed >> 16) % (round % 50 == 0 ? CHUNK : 3000);
        p[i].at = arena_allocate(p[i].size, 0);
        if (p[i].at) {
            assert_int_equal((uintptr_t)p[i].at % 16, 0);
            assert_true((char *)p[i].at >= block && (char *)p[i].at + p[i].size <= block + CHUNKS * CHUNK + 4096);
            memset(p[i].at, (int)(i % 251), p[i].size);
        }
    }
    for (unsigned i = 0; i < PIECES; i++)
        if (p[i].at)
            arena_free(p[i].at);
}

static void is_never_larger_than_its_block(void **state)
{
    (void)state;
    static void *pieces[CHUNKS * CHUNK / 32];
    size_t count = fill_with(32, 0, pieces, sizeof pieces / sizeof pieces[0]);
    assert_int_equal(count, CHUNKS * CHUNK / 32);
    assert_null(arena_allocate(1, 0));
    assert_null(arena_allocate(CHUNK + 1, 0));
    while (count)
        arena_free(pieces[--count]);
}

/* A burst of small pieces does not take the memory from large ones. */
static void chunks_serve_other_sizes(void **state)
{
    (void)state;
    static void *pieces[CHUNKS * CHUNK / 32];
    static const size_t sizes[] = {32, 100, 1600, CHUNK, 64, CHUNK};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        size_t count = fill_with(sizes[i], 0, pieces, sizeof pieces / sizeof pieces[0]);
        assert_true(count * arena_usable(sizes[i]) > CHUNKS * CHUNK / 100 * 85);
        while (count)
            arena_free(pieces[--count]);
    }
}

static void the_last_is_kept(void **state)
{
    (void)state;
    static void *pieces[CHUNKS];
    assert_int_equal(fill_with(CHUNK, 3, pieces, CHUNKS), CHUNKS - 3);
    assert_int_equal(arena_free_chunks(), 3);
    assert_null(arena_allocate(48, 3));
    void *last = arena_allocate(48, 2);
    assert_non_null(last);
    assert_int_equal(arena_free_chunks(), 2);
    arena_free(last);
    arena_free(pieces[0]);
    assert_non_null(pieces[0] = arena_allocate(CHUNK, 3)); /* the chunk that 48 had kept is gathered */
}

static void usable_is_what_was_asked_for_or_a_little_more(void **state)
{
    (void)state;
    for (size_t size = 1; size <= CHUNK; size += size < 4096 ? 1 : 1000) {
        assert_true(arena_usable(size) >= size);
        if (size >= 256 && size <= CHUNK / 6)
            assert_true(arena_usable(size) <= size + size / 4 + 32);
    }
    assert_int_equal(arena_usable(CHUNK + 1), 0);
}

/* A large block has large chunks; nothing of it but the table is touched, so that this one needs no memory. */
static void chunks_grow_with_the_block(void **state)
{
    (void)state;
    size_t size = (size_t)1 << 36;
    void *large = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (large == MAP_FAILED)
        skip();
#if !SANITIZED
    assert_true(arena_start(large, size));
    assert_int_equal(arena_chunk(), ARENA_LARGEST);
    assert_true(arena_chunks() > size / ARENA_LARGEST / 100 * 99);
    void *piece = arena_allocate(ARENA_LARGEST, 0);
    assert_non_null(piece);
    memset(piece, 1, ARENA_LARGEST);
    arena_free(piece);
#endif
    munmap(large, size);
}

/* ---- checksum ---- */

/* RFC 1071, section 4.1, as it stands there but for the order of bytes in memory. */
static uint16_t by_the_book(const unsigned char *p, size_t size)
{
    uint32_t sum = 0;
    for (size_t i = 0; i < size; i += 2)
        sum += (uint32_t)p[i] << 8 | (i + 1 < size ? p[i + 1] : 0);
    while (sum >> 16)
        sum = (sum & 0xffff) + (sum >> 16);
    return (uint16_t)sum;
}

static uint16_t as_in_memory(uint16_t sum)
{
    unsigned char bytes[2] = {(unsigned char)(sum >> 8), (unsigned char)sum};
    memcpy(&sum, bytes, 2);
    return sum;
}

static void the_example_of_the_rfc(void **state)
{
    (void)state;
    static const unsigned char data[] = {0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7}; /* section 3 */
    assert_int_equal(checksum_of(data, sizeof data), as_in_memory(0xddf2));
}

static void every_length_and_alignment(void **state)
{
    (void)state;
    static unsigned char data[70000];
    uint32_t seed = 1;
    for (size_t i = 0; i < sizeof data; i++) {
        seed = seed * 1664525 + 1013904223;
        data[i] = (unsigned char)(i % 3 ? seed >> 24 : 0xff); /* many carries */
    }
    for (size_t at = 0; at < 9; at++)
        for (size_t size = 0; size < 300; size++)
            assert_int_equal(checksum_of(data + at, (int)size), as_in_memory(by_the_book(data + at, size)));
    assert_int_equal(checksum_of(data, sizeof data), as_in_memory(by_the_book(data, sizeof data)));
    memset(data, 0xff, sizeof data);
    for (size_t size = 0; size < sizeof data; size += 997)
        assert_int_equal(checksum_of(data + 1, (int)size), as_in_memory(by_the_book(data + 1, size)));
}

#define MEMORY(name) cmocka_unit_test_setup_teardown(name, make, drop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        MEMORY(is_of_its_size),
        MEMORY(pieces_are_apart),
        MEMORY(is_never_larger_than_its_block),
        MEMORY(chunks_serve_other_sizes),
        MEMORY(the_last_is_kept),
        MEMORY(usable_is_what_was_asked_for_or_a_little_more),
        cmocka_unit_test(chunks_grow_with_the_block),
        cmocka_unit_test(the_example_of_the_rfc),
        cmocka_unit_test(every_length_and_alignment),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
