/*
 * conformance.c - what every implementation of the signature block must do.
 *
 * A check is a function that returns NULL, or what was wrong.  All of them use the same device, of which they know nothing but its size; a device
 * that cannot be written is read, and has to refuse the rest.
 */
#include "block.h"
#include "keys.h"
#include "task.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <ukc/deadline.h>

int sectors_main(void);

#define TEXT2(x) #x
#define TEXT(x) TEXT2(x)
#define EXPECT(condition) \
    do { \
        if (!(condition)) \
            return "line " TEXT(__LINE__) ": " #condition; \
    } while (0)

enum { LEAST = 64 /* sectors */, TASKS = 12, ROUNDS = 16, ZERO = -1 };

static struct block_info info;
static char *memory; /* LEAST sectors, and room to be at an odd address */

/* ---- sectors of a pattern ---- */

static char pattern(uint64_t sector, uint32_t at, int with)
{
    return with == ZERO ? 0 : (char)(sector * 131 + at * 7 + (at >> 8) + (unsigned)with * 29 + 1);
}

static int put(uint64_t sector, size_t count, int with)
{
    for (size_t i = 0; i < count * info.sector_size; i++)
        memory[i] = pattern(sector + i / info.sector_size, (uint32_t)(i % info.sector_size), with);
    return block_write(sector, memory, count * info.sector_size);
}

static bool has(uint64_t sector, size_t count, int with)
{
    memset(memory, 0x5a, count * info.sector_size);
    if (block_read(sector, memory, count * info.sector_size) != 0)
        return false;
    for (size_t i = 0; i < count * info.sector_size; i++)
        if (memory[i] != pattern(sector + i / info.sector_size, (uint32_t)(i % info.sector_size), with))
            return false;
    return true;
}

/* ---- reading and writing ---- */

static const char *what_is_written_is_read(void)
{
    EXPECT(put(0, LEAST, 1) == 0);
    EXPECT(has(0, LEAST, 1));
    EXPECT(put(3, 5, 2) == 0);
    EXPECT(has(0, 3, 1) && has(3, 5, 2) && has(8, LEAST - 8, 1));
    EXPECT(put(info.sectors - 1, 1, 3) == 0);
    EXPECT(has(info.sectors - 1, 1, 3));
    EXPECT(block_flush() == 0);
    EXPECT(has(3, 5, 2));
    return NULL;
}

static const char *any_address_in_memory_will_do(void)
{
    EXPECT(put(0, 4, 1) == 0);
    memmove(memory + 1, memory, (size_t)4 * info.sector_size);
    EXPECT(block_write(4, memory + 1, (size_t)4 * info.sector_size) == 0);
    EXPECT(block_read(4, memory + 3, (size_t)4 * info.sector_size) == 0);
    for (uint32_t i = 0; i < 4 * info.sector_size; i++)
        EXPECT(memory[3 + i] == pattern(i / info.sector_size, i % info.sector_size, 1));
    return NULL;
}

static const char *nothing_is_nothing(void)
{
    EXPECT(block_read(0, memory, 0) == 0 && block_read(info.sectors, memory, 0) == 0);
    if (info.read_only)
        return NULL;
    EXPECT(put(0, LEAST, 1) == 0);
    EXPECT(block_write(1, memory, 0) == 0 && block_zero(1, 0) == 0 && block_discard(1, 0) == 0);
    EXPECT(block_write(info.sectors, memory, 0) == 0 && block_zero(info.sectors, 0) == 0 && block_discard(info.sectors, 0) == 0);
    EXPECT(has(0, LEAST, 1));
    return NULL;
}

static const char *ranges_outside_are_refused(void)
{
    const uint64_t far[] = {info.sectors, UINT64_MAX / 2, UINT64_MAX};
    EXPECT(block_read(0, memory, info.sector_size - 1) == -EINVAL && block_read(0, memory, 1) == -EINVAL);
    EXPECT(block_read(info.sectors - 1, memory, (size_t)2 * info.sector_size) == -EINVAL);
    for (size_t i = 0; i < sizeof far / sizeof far[0]; i++)
        EXPECT(block_read(far[i], memory, info.sector_size) == -EINVAL);
    if (info.read_only)
        return NULL;
    EXPECT(put(info.sectors - 1, 1, 1) == 0 && put(0, LEAST, 1) == 0);
    EXPECT(block_write(0, memory, info.sector_size + 1) == -EINVAL);
    EXPECT(block_write(info.sectors - 1, memory, (size_t)2 * info.sector_size) == -EINVAL);
    EXPECT(block_zero(info.sectors - 1, 2) == -EINVAL && block_discard(info.sectors - 1, 2) == -EINVAL);
    EXPECT(block_zero(1, UINT64_MAX) == -EINVAL && block_discard(1, UINT64_MAX) == -EINVAL);
    for (size_t i = 0; i < sizeof far / sizeof far[0]; i++) {
        EXPECT(block_write(far[i], memory, info.sector_size) == -EINVAL);
        EXPECT(block_zero(far[i], 1) == -EINVAL && block_discard(far[i], 1) == -EINVAL);
    }
    EXPECT(has(info.sectors - 1, 1, 1) && has(0, LEAST, 1));
    return NULL;
}

/* ---- zeroes, and what is not needed ---- */

static const char *zeroed_sectors_read_as_zeroes(void)
{
    EXPECT(put(0, LEAST, 1) == 0);
    EXPECT(block_zero(7, 1) == 0 && block_zero(9, 31) == 0);
    EXPECT(has(0, 7, 1) && has(7, 1, ZERO) && has(8, 1, 1) && has(9, 31, ZERO) && has(40, LEAST - 40, 1));
    EXPECT(block_flush() == 0);
    EXPECT(has(7, 1, ZERO) && has(9, 31, ZERO));
    EXPECT(put(10, 2, 2) == 0);
    EXPECT(has(9, 1, ZERO) && has(10, 2, 2) && has(12, 28, ZERO));
    EXPECT(block_zero(11, 1) == 0);
    EXPECT(has(10, 1, 2) && has(11, 1, ZERO));
    return NULL;
}

/* What is discarded reads as anything; all else, and what is written later, is not touched by it. */
static const char *discarded_sectors_can_be_used_again(void)
{
    EXPECT(put(0, LEAST, 1) == 0);
    EXPECT(block_discard(5, 33) == 0);
    EXPECT(block_read(5, memory, (size_t)33 * info.sector_size) == 0);
    EXPECT(has(0, 5, 1) && has(38, LEAST - 38, 1));
    EXPECT(put(6, 3, 2) == 0 && block_zero(20, 3) == 0);
    EXPECT(block_flush() == 0);
    EXPECT(has(6, 3, 2) && has(20, 3, ZERO) && has(0, 5, 1) && has(38, LEAST - 38, 1));
    EXPECT(block_discard(5, 33) == 0 && block_discard(5, 33) == 0);
    EXPECT(block_zero(5, 33) == 0);
    EXPECT(has(5, 33, ZERO));
    return NULL;
}

static const char *the_whole_device_can_be_zeroed(void)
{
    EXPECT(put(0, LEAST, 1) == 0 && put(info.sectors - LEAST, LEAST, 1) == 0 && put(info.sectors / 2, 1, 1) == 0);
    EXPECT(block_zero(0, info.sectors) == 0);
    for (uint64_t at = 0; at < info.sectors; at += LEAST)
        EXPECT(has(at, info.sectors - at < LEAST ? (size_t)(info.sectors - at) : LEAST, ZERO));
    EXPECT(put(info.sectors / 2, 1, 1) == 0 && block_flush() == 0);
    return NULL;
}

static const char *the_whole_device_can_be_discarded(void)
{
    EXPECT(put(0, LEAST, 1) == 0 && put(info.sectors - LEAST, LEAST, 1) == 0);
    EXPECT(block_discard(0, info.sectors) == 0);
    EXPECT(block_read(0, memory, (size_t)LEAST * info.sector_size) == 0);
    EXPECT(block_flush() == 0);
    return NULL;
}

/* ---- tasks ---- */

static unsigned wrong;

/* Each has a sector of its own, between those of others. */
static void worker(void *argument)
{
    uint64_t sector = (uint64_t)(uintptr_t)argument;
    char *own = malloc(info.sector_size);
    for (int round = 0; own && round < ROUNDS; round++) {
        int error = 0;
        if (round % 4 == 3)
            error = block_discard(sector, 1);
        if (round % 4 == 2)
            error = block_zero(sector, 1);
        else {
            memset(own, (int)sector + round, info.sector_size);
            error = error ? error : block_write(sector, own, info.sector_size);
        }
        wrong += error || block_read(sector, own, info.sector_size) != 0;
        char expected = round % 4 == 2 ? 0 : (char)((int)sector + round);
        for (uint32_t i = 0; i < info.sector_size; i++)
            wrong += own[i] != expected;
    }
    wrong += own == NULL;
    free(own);
}

static const char *tasks_do_not_disturb_one_another(void)
{
    struct task *tasks[TASKS];
    wrong = 0;
    for (uintptr_t i = 0; i < TASKS; i++)
        EXPECT(task_spawn(&tasks[i], 0, worker, (void *)i) == 0);
    for (unsigned i = 0; i < TASKS; i++)
        EXPECT(task_join(tasks[i], DEADLINE_NEVER) == 0);
    EXPECT(wrong == 0);
    return NULL;
}

/* ---- a device that cannot be written ---- */

static const char *what_cannot_be_written_is_not(void)
{
    EXPECT(block_write(0, memory, info.sector_size) == -EROFS);
    EXPECT(block_zero(0, 1) == -EROFS && block_discard(0, 1) == -EROFS);
    EXPECT(block_read(0, memory, info.sector_size) == 0 && block_flush() == 0);
    return NULL;
}

enum when { WRITABLE = 1, READ_ONLY = 2 };

static const struct {
    const char *name;
    const char *(*run)(void);
    unsigned when;
} checks[] = {
#define CHECK(function, when) {#function, function, when}
    CHECK(what_is_written_is_read, WRITABLE),
    CHECK(any_address_in_memory_will_do, WRITABLE),
    CHECK(nothing_is_nothing, WRITABLE | READ_ONLY),
    CHECK(ranges_outside_are_refused, WRITABLE | READ_ONLY),
    CHECK(zeroed_sectors_read_as_zeroes, WRITABLE),
    CHECK(discarded_sectors_can_be_used_again, WRITABLE),
    CHECK(tasks_do_not_disturb_one_another, WRITABLE),
    CHECK(the_whole_device_can_be_discarded, WRITABLE),
    CHECK(the_whole_device_can_be_zeroed, WRITABLE),
    CHECK(what_cannot_be_written_is_not, READ_ONLY),
};

int sectors_main(void)
{
    int passed = 0, failed = 0;
    if (block_info(&info) != 0 || info.sectors < LEAST || info.sector_size < 512 || (info.sector_size & (info.sector_size - 1)) ||
        (memory = malloc((size_t)LEAST * info.sector_size + 8)) == NULL) {
        printf("no device of at least %d sectors\n0 passed, 1 failed\n", LEAST);
        return 1;
    }
    printf("%llu sectors of %u bytes%s\n", (unsigned long long)info.sectors, info.sector_size, info.read_only ? ", read-only" : "");
    for (size_t i = 0; i < sizeof checks / sizeof checks[0]; i++) {
        if (!(checks[i].when & (info.read_only ? READ_ONLY : WRITABLE)) || !strstr(checks[i].name, KEY_ONLY))
            continue;
        const char *problem = checks[i].run();
        printf("%s %s%s%s\n", problem ? "not ok" : "ok", checks[i].name, problem ? ": " : "", problem ? problem : "");
        passed += !problem;
        failed += !!problem;
    }
    free(memory);
    printf("%d passed, %d failed\n", passed, failed);
    return failed ? 1 : 0;
}
