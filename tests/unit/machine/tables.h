/*
 * tables.h - a machine's physical memory for tests of targets/pvh/acpi*.c, and a builder of the tables in it.
 *
 * Includes the implementation of what those files ask of <ukc/machine.h>: one user per program.
 */
#ifndef TESTS_MACHINE_TABLES_H
#define TESTS_MACHINE_TABLES_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <ukc/acpi.h>
#include <ukc/machine.h>

enum { MEMORY_SIZE = 1 << 16, MEMORY_AT = 0xe0000, SAID_MOST = 4096 };
static uint8_t memory[MEMORY_SIZE];
static uint32_t used;
static uint64_t root;
static char said[SAID_MOST];
static size_t said_size;

/* A block of its own, which is gone at the next call: AddressSanitizer sees who reads beyond it, or too late. */
const void *machine_look(uint64_t from, size_t size)
{
    static void *shown;
    free(shown);
    shown = NULL;
    if (from < MEMORY_AT || from - MEMORY_AT > MEMORY_SIZE || size > MEMORY_SIZE - (from - MEMORY_AT) || size > MACHINE_PAGE)
        return NULL;
    shown = malloc(size);
    if (!shown)
        abort();
    return memcpy(shown, memory + (from - MEMORY_AT), size);
}

uint64_t machine_acpi_root(void)
{
    return root;
}

void machine_print(const char *bytes, size_t size)
{
    for (size_t i = 0; i < size && said_size < SAID_MOST - 1; i++)
        said[said_size++] = bytes[i];
    said[said_size] = '\0';
}

static inline void put_number(uint8_t *to, uint64_t n, unsigned size)
{
    for (unsigned i = 0; i < size; i++)
        to[i] = (uint8_t)(n >> 8 * i);
}

/* Makes the sum of the bytes 0. */
static inline void seal(uint8_t *bytes, size_t size, size_t checksum_at)
{
    uint8_t sum = 0;
    bytes[checksum_at] = 0;
    for (size_t i = 0; i < size; i++)
        sum = (uint8_t)(sum + bytes[i]);
    bytes[checksum_at] = (uint8_t)-sum;
}

/* Room for `size` bytes, zeroed, at an address that is no multiple of anything. */
static inline uint64_t reserve(size_t size)
{
    used += 3;
    uint64_t at = MEMORY_AT + used;
    if (size > MEMORY_SIZE - used)
        abort();
    used += (uint32_t)size;
    return at;
}

static inline uint8_t *bytes_at(uint64_t address)
{
    return memory + (address - MEMORY_AT);
}

/* A table with this body behind its header. */
static inline uint64_t add_table(const char *signature, const void *body, size_t size)
{
    uint64_t at = reserve(ACPI_HEADER + size);
    uint8_t *table = bytes_at(at);
    memcpy(table, signature, 4);
    put_number(table + 4, ACPI_HEADER + size, 4);
    if (size)
        memcpy(table + ACPI_HEADER, body, size);
    seal(table, ACPI_HEADER + size, 9);
    return at;
}

static inline void reseal(uint64_t table)
{
    uint32_t size;
    memcpy(&size, bytes_at(table) + 4, 4);
    seal(bytes_at(table), size, 9);
}

/* The list of tables and the root pointer; width 8: XSDT, 4: RSDT and a root pointer of revision 0. */
static inline void add_root(const uint64_t *tables, size_t count, unsigned width)
{
    uint8_t entries[256] = {0};
    for (size_t i = 0; i < count; i++)
        put_number(entries + i * width, tables[i], width);
    uint64_t list = add_table(width == 8 ? "XSDT" : "RSDT", entries, count * width);
    root = reserve(36);
    uint8_t *r = bytes_at(root);
    memcpy(r, "RSD PTR ", 8);
    r[15] = width == 8 ? 2 : 0;
    put_number(r + (width == 8 ? 24 : 16), list, width);
    put_number(r + 20, 36, 4);
    seal(r, 20, 8);
    seal(r, 36, 32);
}

#endif
