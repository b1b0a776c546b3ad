/*
 * map.c - adding to the page tables that entry.S has made.
 *
 * Four levels, virtual = physical.  New tables come from a small reserve in the image, so that the first
 * things can be mapped before there is an allocator; machine_map_reserve() gives more.
 *
 * No page that holds a table is mapped writable anywhere (seal.page_tables). Only here are they written, between open_tables() and
 * close_tables(), after it was seen that nothing of what is sealed changes: the image, and the tables.
 */
#include "map.h"

#include <string.h>
#include <ukc/machine.h>
#include <ukc/small.h>

#include "image.h"
#include "start.h"

SMALL_BEGIN

enum { ENTRIES = 512, RESERVE = 4 /* pages, as in image.ld */ };
static const uint64_t PRESENT = 1, WRITE = 2, NOT_CACHED = 0x18, LARGE = 0x80, NO_EXECUTE = 1ull << 63, ADDRESS = 0x000ffffffffff000;

static unsigned reserve_used; /* of page_tables_reserve */
static uint64_t *more; /* a page that was given */
static uint64_t tables_first = UINT64_MAX, tables_last; /* of all pages that were given */

bool machine_map_wants(void)
{
    return !more;
}

/* The processor writes to read-only pages while CR0.WP (bit 16) is clear. ukc looks for these instructions (ukc/image/hardening_code.c). */
static inline void open_tables(void)
{
#ifdef SEAL_PAGE_TABLES
    __asm__ volatile("movq %%cr0, %%rax\n\tbtrq $16, %%rax\n\tmovq %%rax, %%cr0" : : : "rax", "cc", "memory");
#endif
}

static inline void close_tables(void)
{
#ifdef SEAL_PAGE_TABLES
    __asm__ volatile("movq %%cr0, %%rax\n\tbtsq $16, %%rax\n\tmovq %%rax, %%cr0" : : : "rax", "cc", "memory");
#endif
}

static uint64_t *new_table(bool cleared)
{
    if (reserve_used < RESERVE)
        return &page_tables_reserve[reserve_used++ * ENTRIES];
    uint64_t *table = more;
    more = NULL;
    return table && cleared ? memset(table, 0, MACHINE_PAGE) : table;
}

static void flush(uint64_t address)
{
    __asm__ volatile("invlpg (%0)" : : "r"(address) : "memory");
}

typedef uint64_t pair __attribute__((vector_size(16), aligned(8), may_alias));

/* Writes entries in a row, four at a time; what the processor knows of those that were there is forgotten. */
static void fill(uint64_t *entry, uint64_t count, uint64_t value, uint64_t step)
{
    uint64_t known = count & ~UINT64_C(3) ? PRESENT : 0; /* of many it is not asked */
    for (; count & 3; count--) {
        known |= *entry;
        *entry++ = value;
        value += step;
    }
    pair values = {value, value + step}, next = values + 2 * step;
    for (const uint64_t *end = entry + count; entry != end; entry += 4) {
        *(pair *)entry = values;
        *(pair *)(entry + 2) = next;
        values += 4 * step;
        next += 4 * step;
    }
    if (known & PRESENT)
        __asm__ volatile("movq %%cr3, %0\n\tmovq %0, %%cr3" : "=r"(known) : : "memory");
}

static bool is_table(uint64_t entry)
{
    return (entry & PRESENT) && !(entry & LARGE);
}

/* The table below an entry, made if there is none; a large page is split. */
static uint64_t *below(uint64_t *entry)
{
    uint64_t old = *entry;
    if (is_table(old))
        return (uint64_t *)(uintptr_t)(old & ADDRESS);
    uint64_t *table = new_table(!(old & PRESENT));
    if (!table)
        return NULL;
    if (old & PRESENT)
        fill(table, ENTRIES, old & ~LARGE, MACHINE_PAGE);
    *entry = (uintptr_t)table | PRESENT | WRITE;
    return table;
}

[[gnu::noinline]] static uint64_t *walk_to(uint64_t address, unsigned shift)
{
    uint64_t *table = page_tables;
    for (unsigned at = 39; table && at > shift; at -= 9)
        table = below(&table[address >> at & (ENTRIES - 1)]);
    return table ? &table[address >> shift & (ENTRIES - 1)] : NULL;
}

/* The entry of a page in the lowest level (shift 12) or of 2 MiB (shift 21). The image's are in a row. Tables stay where they are: the last one of pages is remembered. */
static uint64_t *entry_of(uint64_t address, unsigned shift)
{
    static uint64_t *last, last_region;
    uint64_t region = address >> 21;
    if (shift == 12 && region <= (uintptr_t)image_end >> 21)
        return &page_tables_last[address >> 12];
    if (shift == 12 && last && region == last_region)
        return &last[address >> 12 & (ENTRIES - 1)];
    uint64_t *entry = walk_to(address, shift);
    if (shift == 12 && entry) {
        last = entry - (address >> 12 & (ENTRIES - 1));
        last_region = region;
    }
    return entry;
}

/* A page that becomes a table: read-only from now on. Where its region is one large page, it may itself become the table that splits it. */
void machine_map_reserve(void *page)
{
    uint64_t at = (uintptr_t)page;
    more = page;
    tables_first = at < tables_first ? at : tables_first;
    tables_last = at > tables_last ? at : tables_last;
#ifdef SEAL_PAGE_TABLES
    open_tables();
    uint64_t *entry = entry_of(at, 12);
    if (entry)
        *entry &= ~WRITE;
    flush(at);
    close_tables();
#endif
}

/* What of a range may not change: the image is mapped, as what it is, and stays so; so are the tables. */
static bool is_sealed(uint64_t at, uint64_t end)
{
    if (at < (uintptr_t)image_end && end > (uintptr_t)image_start)
        return true;
    at = at > tables_first ? at : tables_first;
    for (; at < end && at <= tables_last; at += MACHINE_PAGE) {
        const uint64_t *entry = page_tables;
        for (unsigned shift = 39; entry && shift >= 12; shift -= 9) {
            uint64_t found = entry[at >> shift & (ENTRIES - 1)];
            if (shift == 12 && (found & (PRESENT | WRITE)) == PRESENT)
                return true;
            entry = is_table(found) ? (const uint64_t *)(uintptr_t)(found & ADDRESS) : NULL;
        }
    }
    return false;
}

/* Maps 2 MiB pages where there are no tables yet, and single ones else: as many at once as have entries in one table. */
static bool map_pages(uint64_t at, uint64_t end, enum machine_access access)
{
    const uint64_t large = 1u << 21;
    while (at < end) {
        unsigned shift = at % large == 0 && end - at >= large ? 21 : 12;
        uint64_t *entry = entry_of(at, shift);
        if (shift == 21 && entry && is_table(*entry))
            entry = entry_of(at, shift = 12);
        if (!entry)
            return false;
        uint64_t most = ENTRIES - (at >> shift) % ENTRIES, wanted = (end - at + (shift == 12 ? MACHINE_PAGE - 1 : 0)) >> shift;
        uint64_t count = wanted < most ? wanted : most;
        for (uint64_t i = 1; shift == 21 && i < count; i++)
            if (is_table(entry[i]))
                count = i;
        fill(entry, count, at | PRESENT | access | (shift == 21 ? LARGE : 0) | NO_EXECUTE, 1ull << shift);
        at += count << shift;
    }
    return true;
}

bool machine_map(uint64_t start, uint64_t size, enum machine_access access)
{
    const uint64_t limit = 1ull << 47;
    if (start >= limit || size > limit - start)
        return false;
    uint64_t at = start & ~(uint64_t)(MACHINE_PAGE - 1), end = start + size;
    if (is_sealed(at, end))
        return false;
    open_tables();
    bool good = map_pages(at ? at : MACHINE_PAGE /* the null page */, end, access);
    close_tables();
    return good;
}

/* Any two neighbours of physical memory behind the image's last pages; how many bytes of them machine_look() has left there, 0: something else is. */
static uint64_t shown;
static size_t shown_size;

static void put_in_window(unsigned index, uint64_t entry)
{
    uint64_t address = (uintptr_t)page_window + index * MACHINE_PAGE, *at = entry_of(address, 12);
    if (*at == entry)
        return;
    open_tables();
    *at = entry;
    close_tables();
    flush(address);
}

static volatile char *open_window(uint64_t page, uint64_t flags)
{
    shown_size = 0;
    put_in_window(0, page | flags | PRESENT | NO_EXECUTE);
    return (volatile char *)(uintptr_t)page_window;
}

void machine_poke8(uint64_t address, uint8_t value)
{
    uint64_t offset = address % MACHINE_PAGE;
    if (!is_sealed(address - offset, address + 1))
        open_window(address - offset, MACHINE_DEVICE)[offset] = (char)value;
}

uint8_t machine_peek8(uint64_t address)
{
    uint64_t offset = address % MACHINE_PAGE;
    return (uint8_t)open_window(address - offset, NOT_CACHED)[offset];
}

uint32_t machine_peek32(uint64_t address)
{
    uint64_t offset = address % MACHINE_PAGE;
    return *(volatile uint32_t *)&open_window(address - offset, NOT_CACHED)[offset];
}

/* How far addresses can reach: beyond that, entries are malformed.  Where nobody says it, 36 bits (Intel SDM, volume 3, 4.1.4). */
static unsigned physical_bits(void)
{
    static unsigned bits;
    if (!bits)
        bits = machine_cpuid(0x80000000, 0).eax >= 0x80000008 ? machine_cpuid(0x80000008, 0).eax & 255 : 36;
    return bits > 47 ? 47 : bits;
}

[[gnu::noinline]] static bool show(uint64_t from, size_t size)
{
    uint64_t limit = UINT64_C(1) << physical_bits(), offset = from % MACHINE_PAGE;
    if (size > MACHINE_PAGE || from == 0 || from >= limit || size > limit - from)
        return false;
    shown = from - offset;
    open_window(shown, 0);
    shown_size = MACHINE_PAGE;
    if (size > MACHINE_PAGE - offset) {
        put_in_window(1, (shown + MACHINE_PAGE) | PRESENT | NO_EXECUTE);
        shown_size += MACHINE_PAGE;
    }
    return true;
}

const void *machine_look(uint64_t from, size_t size)
{
    if ((from - shown >= shown_size || size > shown_size - (from - shown)) && !show(from, size))
        return NULL;
    return page_window + (from - shown);
}

bool machine_read(void *to, uint64_t from, size_t size)
{
    for (size_t piece; size > 0; size -= piece, from += piece, to = (char *)to + piece) {
        piece = size < MACHINE_PAGE ? size : MACHINE_PAGE;
        const void *bytes = machine_look(from, piece);
        if (!bytes)
            return false;
        memcpy(to, bytes, piece);
    }
    return true;
}

void machine_write_sealed(void *to, const void *from, size_t size)
{
    uint64_t cr0; /* other instructions than those of open_tables(), by which ukc tells both apart */
    __asm__ volatile("movq %%cr0, %0\n\tbtrl $16, %k0\n\tmovq %0, %%cr0" : "=r"(cr0) : : "cc", "memory");
    memcpy(to, from, size);
    __asm__ volatile("btsl $16, %k0\n\tmovq %0, %%cr0" : "+r"(cr0) : : "cc", "memory");
}

void image_seal(void)
{
#ifdef SEAL_READ_ONLY_AFTER_START
    for (uintptr_t at = (uintptr_t)sealed_start; at < (uintptr_t)sealed_end; at += MACHINE_PAGE) {
        uint64_t *entry = entry_of(at, 12), value = *entry & ~WRITE; /* of the image: there is one */
        machine_write_sealed(entry, &value, sizeof value);
        flush(at);
    }
#endif
}

bool machine_unmap(uint64_t page)
{
    if (is_sealed(page, page + 1))
        return false;
    open_tables();
    uint64_t *entry = entry_of(page, 12);
    if (entry)
        *entry = 0;
    close_tables();
    flush(page);
    return entry;
}

SMALL_END
