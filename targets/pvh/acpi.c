/*
 * acpi.c - finding tables: the root pointer, the list of tables behind it, and the checks that all of them have to pass.
 *
 * References are to ACPI 6.4.  Nothing here is trusted: addresses, lengths and sums are the hypervisor's, or what a broken firmware left.
 */
#include "acpi_known.h"

#include <string.h>
#include <ukc/machine.h>
#include <ukc/small.h>

SMALL_BEGIN

enum {
    ROOT_SIZE_OLD = 20, ROOT_SIZE = 36, ROOT_REVISION = 15, ROOT_RSDT = 16, ROOT_LENGTH = 20, ROOT_XSDT = 24, /* 5.2.5.3 */
    LENGTH = 4,                                                                                               /* 5.2.6 */
    SIZE_MOST = 1 << 20, TABLES_MOST = 256, OVERLAP = 18 /* of a word, and of the lanes at its second and third letter */,
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

const uint8_t *acpi_look(const struct acpi_table *table, uint32_t at, uint32_t size)
{
    return at <= table->size && size <= table->size - at ? machine_look(table->address + at, size) : NULL;
}

bool acpi_read(const struct acpi_table *table, uint32_t at, void *to, uint32_t size)
{
    const uint8_t *bytes = acpi_look(table, at, size);
    if (bytes)
        memcpy(to, bytes, size);
    return bytes;
}

uint64_t acpi_number(const struct acpi_table *table, uint32_t at, unsigned size)
{
    const uint8_t *bytes = acpi_look(table, at, size);
    uint64_t number = 0;
    if (bytes && size == sizeof number)
        memcpy(&number, bytes, sizeof number);
    else
        while (bytes && size > 0)
            number = number << 8 | bytes[--size];
    return number;
}

/* How much can be looked at at once. */
static uint32_t piece_of(const struct acpi_table *table, uint32_t at)
{
    return table->size - at < MACHINE_PAGE ? table->size - at : MACHINE_PAGE;
}

typedef uint8_t lanes __attribute__((vector_size(16), aligned(1), may_alias));
typedef char lanes_signed __attribute__((vector_size(16)));

/* Whether the sum of all bytes is 0 modulo 256 (5.2.6): sixteen at a time. */
static bool sums_to_zero(uint64_t address, uint32_t size)
{
    const struct acpi_table table = {address, size};
    typedef long long pair __attribute__((vector_size(16)));
    uint8_t sum = 0;
    lanes sums = {};
    for (uint32_t at = 0, count; at < size; at += count) {
        count = piece_of(&table, at);
        const uint8_t *bytes = acpi_look(&table, at, count);
        if (!bytes)
            return false;
        const uint8_t *end = bytes + count;
        for (; end - bytes >= (ptrdiff_t)sizeof sums; bytes += sizeof sums)
            sums += *(const lanes *)bytes;
        while (bytes < end)
            sum = (uint8_t)(sum + *bytes++);
    }
    pair halves = (pair)__builtin_ia32_psadbw128((lanes_signed)sums, (lanes_signed){}); /* PSADBW: the sum of eight bytes each */
    return (uint8_t)(sum + halves[0] + halves[1]) == 0;
}

/* Whether it is in these bytes, which are OVERLAP at least.  Names begin alike, with LN or AC: their second and third letters are looked for. */
static bool mentions(const uint8_t *bytes, uint32_t count, const uint8_t *word, uint32_t size)
{
    const lanes second = (lanes){} + word[1], third = (lanes){} + word[2];
    const uint32_t last = count - OVERLAP;
    for (uint32_t i = 0;; i = i + sizeof second < last ? i + sizeof second : last) {
        union {
            lanes is;
            uint64_t half[2];
        } u = {.is = (lanes)((*(const lanes *)&bytes[i + 1] == second) & (*(const lanes *)&bytes[i + 2] == third))};
        for (unsigned k = 0; (u.half[0] | u.half[1]) && k < sizeof second; k++)
            if (u.is[k] && i + k + size <= count && memcmp(&bytes[i + k], word, size) == 0)
                return true;
        if (i == last)
            return false;
    }
}

bool acpi_mentions(const struct acpi_table *table, const void *word, uint32_t size)
{
    for (uint32_t at = 0, count; at + OVERLAP < table->size; at += count - OVERLAP) {
        count = piece_of(table, at);
        const uint8_t *bytes = acpi_look(table, at, count);
        if (!bytes)
            return false;
        if (mentions(bytes, count, word, size))
            return true;
    }
    return false;
}

bool acpi_check(struct acpi_table *table, const char *signature, uint64_t address)
{
    *table = (struct acpi_table){address, LENGTH + sizeof table->size};
    const uint8_t *header = acpi_look(table, 0, table->size);
    if (!header || memcmp(header, signature, LENGTH) != 0)
        return false;
    memcpy(&table->size, header + LENGTH, sizeof table->size);
    if (table->size < ACPI_HEADER || table->size > SIZE_MOST)
        acpi_complain(signature, "its length makes no sense");
    else if (!sums_to_zero(address, table->size))
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
