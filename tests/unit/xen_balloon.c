/* xen_balloon.c - memory that Xen takes back and gives again, against a double of it: what Xen has, traps when it is touched. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "../../targets/pvh/memory.c"
#include "../../targets/pvh/xen_balloon.c"

enum { PAGES = 4096 /* of the machine */, START_KIB = PAGES * 4 };

const char image_start[1] = "", image_end[1] = "";
static char *memory;
static struct machine_range map;
static uint64_t target;
static bool here[PAGES]; /* what the domain has */
static size_t count_here, room; /* what Xen would give besides */
static unsigned calls, order_most;

const struct machine_range *machine_memory_map(size_t *count)
{
    *count = 1;
    return &map;
}

const struct machine_range *machine_modules(size_t *count)
{
    *count = 0;
    return NULL;
}

bool machine_map(uint64_t start, uint64_t size, enum machine_access access)
{
    assert_true(start >= map.start && start + size <= map.start + map.size && access == MACHINE_WRITE);
    return true;
}

bool machine_map_wants(void)
{
    return false;
}

void machine_map_reserve(void *page)
{
    fail_msg("nobody wants a table: %p", page);
}

uint64_t xen_store_number(const char *path, uint64_t otherwise)
{
    (void)otherwise;
    return strcmp(path, "memory/target") == 0 ? target : START_KIB;
}

long xen_call(enum xen_hypercall number, unsigned long operation, const void *argument)
{
    const struct {
        const uint64_t *frames;
        uint64_t count;
        uint32_t order, flags;
        uint16_t domain;
    } *wanted = argument;
    size_t pages = (size_t)1 << wanted->order, first = wanted->frames[0] - (uintptr_t)memory / MACHINE_PAGE;
    assert_true(number == XEN_MEMORY_OP && wanted->count == 1 && wanted->domain == 0x7ff0 && wanted->flags == 0 && wanted->order <= 9);
    assert_true(wanted->frames[0] % pages == 0 && first + pages <= PAGES && (operation == 1 || operation == 6));
    calls++;
    if (operation == 6 && (room < pages || wanted->order > order_most))
        return 0;
    for (size_t i = first; i < first + pages; i++) {
        assert_true(here[i] == (operation == 1)); /* what is given back is there, and what is asked for is not */
        here[i] = operation == 6;
    }
    count_here += operation == 6 ? pages : -pages;
    room -= operation == 6 ? pages : -pages;
    assert_int_equal(mprotect(memory + first * MACHINE_PAGE, pages * MACHINE_PAGE, operation == 6 ? PROT_READ | PROT_WRITE : PROT_NONE), 0);
    return 1;
}

static int setup(void **state)
{
    (void)state;
    const size_t size = (size_t)PAGES * MACHINE_PAGE, large = 1 << 21;
    char *place = mmap(NULL, size + large, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_true(place != MAP_FAILED);
    memory = (char *)(((uintptr_t)place + large - 1) & ~(uintptr_t)(large - 1));
    assert_int_equal(mprotect(memory, size, PROT_READ | PROT_WRITE), 0);
    map = (struct machine_range){.start = (uintptr_t)memory, .size = size, .type = MACHINE_MEMORY_RAM};
    memset(here, true, sizeof here);
    count_here = PAGES;
    room = calls = 0;
    order_most = 9;
    return 0;
}

static bool reach(uint64_t kib)
{
    target = kib;
    return xen_balloon();
}

/* Pages that are free, all touched. */
static size_t free_pages(void)
{
    size_t count = 0;
    for (const struct run *run = runs; run; run = run->next) {
        count += run->pages;
        memset((char *)(uintptr_t)(run + 1), 1, run->pages * MACHINE_PAGE - sizeof *run);
    }
    return count;
}

static void down_and_up(void **state)
{
    (void)state;
    assert_true(reach(START_KIB));
    assert_int_equal(calls, 0); /* what is wanted is there: Xen is not asked */
    assert_true(reach(START_KIB / 2));
    assert_int_equal(count_here, PAGES / 2);
    assert_int_equal(calls, PAGES / 2 / 512); /* by large pages */
    assert_int_equal(free_pages(), PAGES / 2);
    assert_true(reach(START_KIB / 2 + 12));
    assert_int_equal(count_here, PAGES / 2 + 3);
    assert_true(reach(START_KIB - 4));
    assert_int_equal(count_here, PAGES - 1);
    assert_true(reach(UINT64_MAX / 2)); /* more than there was at the start there is not */
    assert_int_equal(count_here, PAGES);
    assert_int_equal(free_pages(), PAGES);
}

static void what_is_in_use_stays(void **state)
{
    (void)state;
    char *used = machine_pages_take(1000);
    memset(used, 7, 1000 * MACHINE_PAGE);
    assert_false(reach(400));
    assert_int_equal(free_pages(), KEEP);
    assert_int_equal(count_here, 1000 + KEEP);
    for (size_t i = 0; i < 1000 * MACHINE_PAGE; i++)
        assert_int_equal(used[i], 7);
    machine_pages_give(used, 1000);
    assert_false(reach(400)); /* 100 pages, and 128 stay free */
    assert_int_equal(count_here, KEEP);
    assert_true(reach(4 * KEEP));
    assert_true(reach(START_KIB));
    assert_int_equal(free_pages(), PAGES);
}

/* Pieces that are in use all over: there is a limit to what is kept in mind, and nothing is lost. */
static void scattered(void **state)
{
    (void)state;
    static void *held[PAGES];
    for (unsigned i = 0; i < PAGES; i++)
        held[i] = machine_pages_take(1);
    for (unsigned i = 0; i < PAGES; i += 2)
        machine_pages_give(held[i], 1);
    assert_false(reach(START_KIB / 4));
    assert_int_equal(count_here, PAGES - EXTENTS_MOST);
    assert_int_equal(free_pages(), PAGES / 2 - EXTENTS_MOST);
    for (unsigned i = 1; i < PAGES; i += 2)
        machine_pages_give(held[i], 1);
    assert_true(reach(START_KIB / 4));
    assert_true(reach(START_KIB));
    assert_int_equal(free_pages(), PAGES);
}

/* Xen has no large pages, or none at all for a while. */
static void xen_has_less(void **state)
{
    (void)state;
    assert_true(reach(START_KIB / 2));
    order_most = 0;
    room = 100;
    assert_false(reach(START_KIB));
    assert_int_equal(count_here, PAGES / 2 + 100);
    assert_int_equal(free_pages(), PAGES / 2 + 100);
    assert_false(reach(START_KIB));
    room = PAGES;
    assert_true(reach(START_KIB));
    assert_int_equal(free_pages(), PAGES);
}

static void at_random(void **state)
{
    (void)state;
    enum { MOST = 64 };
    static struct {
        char *memory;
        size_t pages;
    } held[MOST];
    size_t used = 0;
    srand(1);
    for (unsigned turn = 0; turn < 3000; turn++) {
        unsigned i = (unsigned)rand() % MOST;
        if (held[i].memory) {
            for (size_t k = 0; k < held[i].pages; k++)
                assert_int_equal((unsigned char)held[i].memory[k * MACHINE_PAGE], i);
            machine_pages_give(held[i].memory, held[i].pages);
            used -= held[i].pages;
            held[i].memory = NULL;
        } else {
            held[i].pages = 1 + (size_t)rand() % 100;
            held[i].memory = machine_pages_take(held[i].pages);
            if (held[i].memory) {
                memset(held[i].memory, (int)i, held[i].pages * MACHINE_PAGE);
                used += held[i].pages;
            }
        }
        order_most = (unsigned)rand() % 10;
        bool reached = reach((uint64_t)(rand() % (2 * START_KIB)));
        assert_true(!reached || count_here == (target < START_KIB ? PAGES - (START_KIB - target) / 4 : PAGES));
        if (turn % 50 == 0)
            assert_int_equal(free_pages() + used, count_here);
    }
}

/* One after the other: what is free is state of the image. */
int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(down_and_up), cmocka_unit_test(what_is_in_use_stays), cmocka_unit_test(scattered), cmocka_unit_test(xen_has_less), cmocka_unit_test(at_random),
    };
    return cmocka_run_group_tests(tests, setup, NULL);
}
