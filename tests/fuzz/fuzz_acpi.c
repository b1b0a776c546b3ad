/*
 * fuzz_acpi.c - a libFuzzer target: everything that can be asked of ACPI's tables, whose bytes are the input's.
 *
 * The input is the bodies of MADT, MCFG, FADT and DSDT, each behind a length of two bytes; lengths and checksums of the tables are right, or the
 * fuzzer would not get beyond them.  What is answered has to keep the promises of <ukc/acpi.h>.
 *
 * Built by tests/suites/fuzz.py; corpus in corpus/acpi.
 */
#include "../unit/machine/tables.h"
#include "../../targets/pvh/acpi_known.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

const struct machine_range *machine_memory_map(size_t *count)
{
    static const struct machine_range ranges[] = {{0x100000, 0x1000000, 1, 0}};
    *count = 1;
    return ranges;
}

bool machine_map(uint64_t start, uint64_t size, enum machine_access access)
{
    return access == MACHINE_READ && start >= MACHINE_PAGE && start % MACHINE_PAGE + size <= MACHINE_PAGE;
}

static void require(bool condition)
{
    if (!condition)
        abort();
}

static void ask(void)
{
    struct acpi_io_apic controller;
    struct acpi_ecam area;
    struct acpi_device devices[8];
    uint32_t apic;
    acpi_local_apic();
    for (unsigned i = 0; acpi_processor(i, &apic); i++)
        require(i < 4096);
    for (unsigned i = 0; acpi_io_apic(i, &controller); i++)
        require(i < 4096 && controller.address && controller.address % 16 == 0 && controller.first_line < 1024);
    for (unsigned i = 0; i < 256; i++)
        require(acpi_isa_line((uint8_t)i).number < 1024);
    for (unsigned i = 0; acpi_ecam(i, &area); i++)
        require(i < 4096 && area.first_bus <= area.last_bus && area.address % (1 << 20) == 0 && area.address >> 47 == 0);
    unsigned count = acpi_devices("LNRO0005", devices, 8);
    require(count <= 8);
    for (const struct acpi_device *d = devices; d < devices + count; d++)
        require((d->address + d->size) >> 47 == 0 && (!d->has_line || d->line.number < 1024));
    acpi_devices("PNP0501", devices, 1);
    uint64_t generation = (uintptr_t)machine_generation();
    require(generation == 0 || (generation % 8 == 0 && generation >= MEMORY_AT && generation < MEMORY_AT + MEMORY_SIZE));
    const struct acpi_power *power = acpi_power();
    for (unsigned i = 0; power && i < 2; i++)
        require(power->pm1_control[i].space == 0 || power->pm1_control[i].address <= 0xffff);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const names[] = {"APIC", "MCFG", "FACP", "DSDT"};
    uint64_t tables[4];
    memset(memory, 0, sizeof memory);
    acpi_known = (struct acpi_known){0};
    used = 0;
    said_size = 0;
    for (int i = 0; i < 4; i++) {
        size_t part = size >= 2 ? data[0] | (size_t)data[1] << 8 : 0, head = size >= 2 ? 2 : 0;
        part = part > size - head ? size - head : part;
        tables[i] = add_table(names[i], data + head, part);
        data += head + part;
        size -= head + part;
    }
    uint32_t length;
    memcpy(&length, bytes_at(tables[2]) + 4, 4);
    if (length >= 44)
        put_number(bytes_at(tables[2]) + 40, tables[3], 4);
    reseal(tables[2]);
    add_root(tables, 3, 8);
    ask();
    return 0;
}
