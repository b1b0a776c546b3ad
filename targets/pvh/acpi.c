/*
 * acpi.c - finding tables: the root pointer, the list of tables behind it, and the checks that all of them have to pass.
 *
 * References are to ACPI 6.4.  Nothing here is trusted: addresses, lengths and sums are the hypervisor's, or what a broken firmware left.
 */
#include "acpi_known.h"

#include <string.h>
#include <ukc/machine.h>
#include <ukc/small.h>
#include <ukc/uncleared.h>

SMALL_BEGIN

enum {
    ROOT_SIZE_OLD = 20, ROOT_SIZE = 36, ROOT_REVISION = 15, ROOT_RSDT = 16, ROOT_LENGTH = 20, ROOT_XSDT = 24, /* 5.2.5.3 */
    LENGTH = 4,                                                                                               /* 5.2.6 */
    SIZE_MOST = 1 << 20, TABLES_MOST = 256, WORD_MOST = 18 /* and its place in a group of lanes */,
    ROOT_UNSAID = 0xe0000,
};

struct acpi_known acpi_known;

static void say(const char *text)
{
    machine_print(text, strlen(text));
}

/* Machines have a dozen tables: each has its own bit among 32, so that a complaint is not repeated at every question. */
void acpi_complain(const char *signature, const char *why)
{
    unsigned bit = 0;
    for (unsigned i = 0; i < 4; i++)
        bit = bit * 5 + (unsigned char)signature[i];
    for (const char *c = why; *c; c++)
        bit = bit * 5 + (unsigned char)*c;
    if (acpi_known.told >> bit % 32 & 1)
        return;
    acpi_known.told |= 1u << bit % 32;
    say("acpi: ");
    for (unsigned i = 0; i < 4; i++)
        machine_print(signature[i] >= ' ' && signature[i] <= '~' ? &signature[i] : "?", 1);
    say(": ");
    say(why);
    say("; it is not used\n");
}

typedef uint8_t lanes __attribute__((vector_size(16), aligned(1), may_alias));
enum { PIECE = 256 };

/* Whether the sum of all bytes is 0 modulo 256 (5.2.6): sixteen at a time. */
static bool sums_to_zero(uint64_t at, uint32_t size)
{
    UKC_UNCLEARED uint8_t piece[PIECE];
    uint8_t sum = 0;
    lanes sums = {};
    for (uint32_t part; size > 0; at += part, size -= part) {
        part = size < PIECE ? size : PIECE;
        if (part < PIECE)
            memset(piece, 0, PIECE);
        if (!machine_read(piece, at, part))
            return false;
        for (unsigned i = 0; i < PIECE; i += sizeof sums)
            sums += *(const lanes *)&piece[i];
    }
    for (unsigned i = 0; i < sizeof sums; i++)
        sum = (uint8_t)(sum + sums[i]);
    return sum == 0;
}

bool acpi_mentions(const struct acpi_table *table, const void *bytes, uint32_t size)
{
    UKC_UNCLEARED uint8_t piece[PIECE + WORD_MOST];
    const uint8_t *word = bytes;
    const lanes first = (lanes){} + word[1], second = (lanes){} + word[2]; /* names begin alike, with LN or AC */
    for (uint32_t at = ACPI_HEADER; at < table->size; at += PIECE) {
        uint32_t left = table->size - at;
        if (left < sizeof piece)
            memset(piece, 0, sizeof piece);
        if (!acpi_read(table, at, piece, left < sizeof piece ? left : sizeof piece))
            return false;
        for (unsigned i = 0; i < PIECE; i += sizeof first) {
            union {
                lanes is;
                uint64_t half[2];
            } u = {.is = (lanes)((*(const lanes *)&piece[i + 1] == first) & (*(const lanes *)&piece[i + 2] == second))};
            for (unsigned k = 0; (u.half[0] | u.half[1]) && k < sizeof first; k++)
                if (u.is[k] && memcmp(&piece[i + k], word, size) == 0)
                    return true;
        }
    }
    return false;
}

bool acpi_read(const struct acpi_table *table, uint32_t at, void *to, uint32_t size)
{
    return at <= table->size && size <= table->size - at && machine_read(to, table->address + at, size);
}

uint64_t acpi_number(const struct acpi_table *table, uint32_t at, unsigned size)
{
    uint64_t number = 0;
    return acpi_read(table, at, &number, size) ? number : 0;
}

bool acpi_check(struct acpi_table *table, const char *signature, uint64_t address)
{
    struct {
        char signature[4];
        uint32_t length;
    } header;
    if (!machine_read(&header, address, sizeof header) || memcmp(header.signature, signature, sizeof header.signature) != 0)
        return false;
    *table = (struct acpi_table){address, header.length};
    if (header.length < ACPI_HEADER || header.length > SIZE_MOST)
        acpi_complain(signature, "its length makes no sense");
    else if (!sums_to_zero(address, header.length))
        acpi_complain(signature, "its checksum is wrong");
    else
        return true;
    return false;
}

/*
 * Firecracker's start_info says nothing of tables: its root pointer is at the beginning of what 5.2.5.1 lets one search, and no more
 * than this place is looked at.
 */
static void find_list(void)
{
    struct acpi_known *k = &acpi_known;
    uint64_t said = machine_acpi_root(), root_address = said ? said : ROOT_UNSAID;
    struct acpi_table root = {root_address, ROOT_SIZE_OLD};
    char signature[8];
    if (k->list_known)
        return;
    k->list_known = true;
    if (!acpi_read(&root, 0, signature, sizeof signature) || memcmp(signature, "RSD PTR ", sizeof signature) != 0) {
        if (said)
            acpi_complain("RSDP", "the root pointer has no signature");
        return;
    }
    if (!sums_to_zero(root_address, ROOT_SIZE_OLD)) {
        acpi_complain("RSDP", "its checksum is wrong");
        return;
    }
    if (acpi_number(&root, ROOT_REVISION, 1) >= 2) {
        root.size = ROOT_SIZE;
        uint64_t length = acpi_number(&root, ROOT_LENGTH, 4), xsdt = acpi_number(&root, ROOT_XSDT, 8);
        if (length < ROOT_SIZE || length > MACHINE_PAGE || !sums_to_zero(root_address, (uint32_t)length))
            acpi_complain("RSDP", "its extended part is malformed");
        else if (xsdt && acpi_check(&k->list, "XSDT", xsdt)) {
            k->width = 8;
            return;
        }
    }
    k->width = 4;
    if (!acpi_check(&k->list, "RSDT", acpi_number(&root, ROOT_RSDT, 4)))
        k->list.size = 0;
}

bool acpi_find(struct acpi_table *table, const char *signature, unsigned index)
{
    find_list();
    const struct acpi_known *k = &acpi_known;
    for (uint32_t at = ACPI_HEADER, count = 0; at + k->width <= k->list.size && count < TABLES_MOST; at += k->width, count++) {
        uint64_t address = acpi_number(&k->list, at, k->width);
        if (address && acpi_check(table, signature, address) && index-- == 0)
            return true;
    }
    return false;
}

SMALL_END
