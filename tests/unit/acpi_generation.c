/* acpi_generation.c - where the identifier is that changes with snapshots, as three hypervisors say it, and lies about it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "machine/tables.h"
#include "../../targets/pvh/acpi_known.h"

static struct machine_range map[] = {{0, 0x9fc00, 1, 0}, {MEMORY_AT, MEMORY_SIZE, 2, 0}, {0x100000, 0x1000000, 1, 0}};
static uint64_t mapped;

const struct machine_range *machine_memory_map(size_t *count)
{
    *count = sizeof map / sizeof map[0];
    return map;
}

bool machine_map(uint64_t start, uint64_t size, enum machine_access access)
{
    assert_int_equal(size, 16);
    assert_int_equal(access, MACHINE_READ);
    mapped = start;
    return true;
}

static int begin(void **state)
{
    (void)state;
    memset(memory, 0, sizeof memory);
    acpi_known = (struct acpi_known){0};
    used = 0;
    root = mapped = 0;
    said_size = 0;
    return 0;
}

/* A DSDT, perhaps an SSDT, and the flags of the FADT. */
static void build(const void *dsdt, size_t dsdt_size, const void *ssdt, size_t ssdt_size, uint32_t flags)
{
    uint8_t body[268 - ACPI_HEADER] = {0};
    put_number(body + 40 - ACPI_HEADER, add_table("DSDT", dsdt, dsdt_size), 4);
    put_number(body + 112 - ACPI_HEADER, flags, 4);
    uint64_t tables[2] = {add_table("FACP", body, sizeof body), ssdt ? add_table("SSDT", ssdt, ssdt_size) : 0};
    add_root(tables, ssdt ? 2 : 1, 8);
}

static void is_at(uint64_t address)
{
    assert_true((uintptr_t)machine_generation() == address && mapped == address);
}

enum { REDUCED = 1 << 20 };

/* Device (VGEN) { Name (_HID, "X") Name (_CID, "VM_Gen_Counter") Name (ADDR, Package () { low, high }) } */
static size_t put_cloud(uint8_t *to, uint64_t address)
{
    static const uint8_t device[] = {
        0x5b, 0x82, 0, 'V', 'G', 'E', 'N', 0x08, '_', 'H', 'I', 'D', 0x0d, 'X', 0,
        0x08, '_', 'C', 'I', 'D', 0x0d, 'V', 'M', '_', 'G', 'e', 'n', '_', 'C', 'o', 'u', 'n', 't', 'e', 'r', 0,
        0x08, 'A', 'D', 'D', 'R', 0x12, 12, 2, 0x0c, 0, 0, 0, 0, 0x0c, 0, 0, 0, 0,
    };
    memcpy(to, device, sizeof device);
    to[2] = sizeof device - 2;
    put_number(to + sizeof device - 9, address & UINT32_MAX, 4);
    put_number(to + sizeof device - 4, address >> 32, 4);
    return sizeof device;
}

static void in_the_dsdt(void **state)
{
    uint8_t aml[128];
    size_t size = put_cloud(aml, MEMORY_AT + 0x8008);
    build(aml, size, NULL, 0, REDUCED);
    is_at(MEMORY_AT + 0x8008);
    begin(state);
    build(aml, size, NULL, 0, 0); /* a PC's is not read */
    assert_null(machine_generation());
    begin(state);
    build("", 0, aml, size, 0);
    is_at(MEMORY_AT + 0x8008);
}

/* As QEMU writes it: a device whose ADDR is a method, and an integer beside it. */
static void as_qemu(void **state)
{
    uint8_t aml[] = {
        0x10, 0x2d, '\\', '_', 'S', 'B', '_', 0x5b, 0x82, 0x25, 'V', 'G', 'E', 'N', 0x08, '_', 'C', 'I', 'D',
        0x0d, 'V', 'M', '_', 'G', 'e', 'n', '_', 'C', 'o', 'u', 'n', 't', 'e', 'r', 0, 0x14, 0x0a, 'A', 'D', 'D', 'R', 0, 0xa4, 0, 0, 0, 0,
        0x08, 'V', 'G', 'I', 'A', 0x0c, 0x00, 0x90, 0x0e, 0x00,
    };
    size_t scope = sizeof aml - 10;
    aml[1] = (uint8_t)(scope - 1);
    aml[9] = (uint8_t)(scope - 9);
    build("", 0, aml, sizeof aml, 0);
    is_at(0xe9000 + 40);
    begin(state);
    aml[sizeof aml - 10] = 'X'; /* without the integer */
    build("", 0, aml, sizeof aml, 0);
    assert_null(machine_generation());
}

static void lies(void **state)
{
    static const uint64_t addresses[] = {
        0, 8, 0x9f000, 0x200000 /* free memory */, MEMORY_AT + 0x8ff8 /* across pages */, MEMORY_AT + 0x8004, UINT64_MAX - 7, MEMORY_AT + MEMORY_SIZE + 0x1000,
    };
    uint8_t aml[128];
    for (size_t i = 0; i < sizeof addresses / sizeof addresses[0]; i++) {
        begin(state);
        size_t size = put_cloud(aml, addresses[i]);
        build(aml, size, NULL, 0, REDUCED);
        assert_null(machine_generation());
    }
    size_t size = put_cloud(aml, MEMORY_AT + 0x8008);
    for (size_t i = 0; i < size; i++)
        for (unsigned bit = 0; bit < 8; bit++) {
            begin(state);
            aml[i] ^= (uint8_t)(1 << bit);
            build(aml, size, NULL, 0, REDUCED);
            uint64_t at = (uintptr_t)machine_generation();
            assert_true(at == 0 || (at >= MEMORY_AT && at < MEMORY_AT + MEMORY_SIZE));
            aml[i] ^= (uint8_t)(1 << bit);
        }
    begin(state);
    assert_null(machine_generation()); /* without ACPI */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(in_the_dsdt, begin), cmocka_unit_test_setup(as_qemu, begin), cmocka_unit_test_setup(lies, begin),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
