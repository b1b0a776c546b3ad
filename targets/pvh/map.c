/*
 * map.c - adding to the page tables that entry.S has made.
 *
 * Four levels, virtual = physical.  New tables come from a small reserve in the image, so that the first
 * things can be mapped before there is an allocator; machine_map_reserve() gives more.
 */
#include "map.h"

#include <string.h>
#include <ukc/machine.h>
#include <ukc/small.h>

#include "image.h"

SMALL_BEGIN

enum { ENTRIES = 512, RESERVE = 4 /* pages, as in image.ld */ };
static const uint64_t PRESENT = 1, WRITE = 2, LARGE = 0x80, NO_EXECUTE = 1ull << 63, ADDRESS = 0x000ffffffffff000;

static unsigned reserve_used; /* of page_tables_reserve */
static uint64_t *more; /* a page that was given */

bool machine_map_wants(void)
{
    return !more;
}

void machine_map_reserve(void *page)
{
    more = page;
}

static uint64_t *new_table(void)
{
    if (reserve_used < RESERVE)
        return &page_tables_reserve[reserve_used++ * ENTRIES];
    uint64_t *table = more;
    more = NULL;
    return table;
}

static void flush(uint64_t address)
{
    __asm__ volatile("invlpg (%0)" : : "r"(address) : "memory");
}

/* The table below an entry, made if there is none; a large page is split. */
static uint64_t *below(uint64_t *entry)
{
    uint64_t old = *entry;
    if ((old & PRESENT) && !(old & LARGE))
        return (uint64_t *)(uintptr_t)(old & ADDRESS);
    uint64_t *table = new_table();
    if (!table)
        return NULL;
    for (unsigned i = 0; (old & PRESENT) && i < ENTRIES; i++)
        table[i] = (old & ~LARGE) + (uint64_t)i * MACHINE_PAGE;
    *entry = (uintptr_t)table | PRESENT | WRITE;
    return table;
}

/* The entry of a page in the lowest level (shift 12) or of 2 MiB (shift 21). */
static uint64_t *entry_of(uint64_t address, unsigned shift)
{
    uint64_t *table = page_tables;
    for (unsigned at = 39; table && at > shift; at -= 9)
        table = below(&table[address >> at & (ENTRIES - 1)]);
    return table ? &table[address >> shift & (ENTRIES - 1)] : NULL;
}

/* Maps 2 MiB pages where nothing is mapped yet, and single ones else. */
bool machine_map(uint64_t start, uint64_t size, enum machine_access access)
{
    const uint64_t large = 1u << 21, limit = 1ull << 47;
    uint64_t at = start & ~(uint64_t)(MACHINE_PAGE - 1);
    if (start >= limit || size > limit - start)
        return false;
    for (uint64_t step; at < start + size; at += step) {
        uint64_t *entry = at % large == 0 && start + size - at >= large ? entry_of(at, 21) : NULL;
        bool whole = entry && (!(*entry & PRESENT) || (*entry & LARGE));
        step = whole ? large : MACHINE_PAGE;
        if (at == 0)
            continue; /* the null page */
        if (!whole)
            entry = entry_of(at, 12);
        if (!entry)
            return false;
        *entry = at | PRESENT | access | (whole ? LARGE : 0) | NO_EXECUTE;
        flush(at);
    }
    return true;
}

/* A page of the image, behind which is any page of physical memory. */
static volatile char *open_window(uint64_t page, uint64_t flags)
{
    static uint64_t seen;
    uint64_t entry = page | flags | PRESENT | NO_EXECUTE;
    if (entry != seen) {
        *entry_of((uintptr_t)page_window, 12) = entry; /* a part of the image: there is a table */
        flush((uintptr_t)page_window);
        seen = entry;
    }
    return (volatile char *)(uintptr_t)page_window;
}

const char *machine_look(uint64_t page)
{
    return (const char *)open_window(page, 0);
}

void machine_poke8(uint64_t address, uint8_t value)
{
    uint64_t offset = address % MACHINE_PAGE;
    open_window(address - offset, MACHINE_DEVICE)[offset] = (char)value;
}

uint8_t machine_peek8(uint64_t address)
{
    uint64_t offset = address % MACHINE_PAGE;
    return (uint8_t)open_window(address - offset, MACHINE_DEVICE)[offset];
}

uint32_t machine_peek32(uint64_t address)
{
    uint64_t offset = address % MACHINE_PAGE;
    return *(volatile uint32_t *)&open_window(address - offset, MACHINE_DEVICE)[offset];
}

/* How far addresses can reach: beyond that, entries are malformed.  Where nobody says it, 36 bits (Intel SDM, volume 3, 4.1.4). */
static unsigned physical_bits(void)
{
    static unsigned bits;
    if (!bits)
        bits = machine_cpuid(0x80000000, 0).eax >= 0x80000008 ? machine_cpuid(0x80000008, 0).eax & 255 : 36;
    return bits > 47 ? 47 : bits;
}

bool machine_read(void *to, uint64_t from, size_t size)
{
    uint64_t limit = UINT64_C(1) << physical_bits();
    if (from == 0 || from >= limit || size > limit - from)
        return false;
    for (size_t done = 0, piece; done < size; done += piece) {
        size_t offset = (from + done) % MACHINE_PAGE;
        piece = MACHINE_PAGE - offset < size - done ? MACHINE_PAGE - offset : size - done;
        memcpy((char *)to + done, machine_look(from + done - offset) + offset, piece);
    }
    return true;
}

bool machine_unmap(uint64_t page)
{
    uint64_t *entry = entry_of(page, 12);
    if (!entry)
        return false;
    *entry = 0;
    flush(page);
    return true;
}

SMALL_END
