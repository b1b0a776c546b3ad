/* acpi_power.c - switching off, reset and the power button, against registers of the test's own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "machine/tables.h"

/* What was written, in order: "o604=2001 m80=34 ". */
static char written[512];
static uint16_t pm1_status, pm1_control;
static uint32_t events;

static void note(char kind, uint64_t at, unsigned value)
{
    size_t used_up = strlen(written);
    if (strlen(written) < sizeof written - 40)
        snprintf(written + used_up, sizeof written - used_up, "%c%llx=%x ", kind, (unsigned long long)at, value);
}

static void fake_out8(uint16_t port, uint8_t value)
{
    note('o', port, value);
    if (port == 0xb2)
        pm1_control |= 1;
}

static void fake_out16(uint16_t port, uint16_t value)
{
    note('O', port, value);
    if (port == 0x600)
        pm1_status &= (uint16_t)~value;
}

static uint16_t fake_in16(uint16_t port)
{
    return port == 0x604 ? pm1_control : port == 0x600 ? pm1_status : 0;
}

void machine_poke8(uint64_t address, uint8_t value)
{
    note('m', address, value);
}

static uint32_t read_event(void)
{
    uint32_t was = events;
    events = 0;
    return was;
}

uint8_t machine_peek8(uint64_t address)
{
    assert_int_equal(address, 0xfea00000);
    return (uint8_t)read_event();
}

uint32_t machine_peek32(uint64_t address)
{
    assert_int_equal(address, 0xfea00000);
    return read_event();
}

#define machine_out8 fake_out8
#define machine_out16 fake_out16
#define machine_in16 fake_in16
#include "../../targets/pvh/acpi_known.h"
#include "../../targets/pvh/acpi_off.c"
#include "../../targets/pvh/acpi_button.c"

static uint64_t fadt_at;

static void put_fadt(uint32_t at, uint64_t n, unsigned size)
{
    put_number(bytes_at(fadt_at) + at, n, size);
    reseal(fadt_at);
}

static int begin(void **state)
{
    (void)state;
    memset(memory, 0, sizeof memory);
    memset(&button, 0, sizeof button);
    acpi_known = (struct acpi_known){0};
    used = 0;
    root = 0;
    said_size = 0;
    written[0] = '\0';
    pm1_status = pm1_control = 0;
    events = 0;
    return 0;
}

static void build(const void *aml, size_t size)
{
    static const uint8_t body[268 - ACPI_HEADER];
    uint64_t dsdt = add_table("DSDT", aml, size), tables[] = {fadt_at = add_table("FACP", body, sizeof body)};
    put_fadt(40, dsdt, 4);
    add_root(tables, 1, 8);
}

/* ---- off ---- */

static const uint8_t s5[] = {0x10, 0x11, '\\', 0, 0x08, '_', 'S', '5', '_', 0x12, 0x08, 0x04, 0x0a, 0x05, 0x0a, 0x06, 0x00, 0x00};

static void off_by_pm1(void **state)
{
    (void)state;
    build(s5, sizeof s5);
    put_fadt(64, 0x604, 4);
    put_fadt(68, 0x704, 4);
    pm1_control = 0x1c03;
    machine_acpi_off();
    assert_string_equal(written, "O604=3403 O704=3800 ");
    machine_acpi_reset();
    assert_string_equal(written, "O604=3403 O704=3800 ");
}

static void off_by_sleep_register(void **state)
{
    (void)state;
    build(s5, sizeof s5);
    put_fadt(112, 1 << 20 | 1 << 10, 4);
    put_fadt(64, 0x604, 4);
    put_fadt(248, 0xfea00200, 8);
    put_fadt(116, 1, 1);
    put_fadt(120, 0xcf9, 8);
    put_fadt(128, 0xe, 1);
    machine_acpi_off();
    machine_acpi_reset();
    assert_string_equal(written, "mfea00200=34 ocf9=e ");
}

static void no_off(void **state)
{
    static const uint8_t lies[][12] = {
        {0x08, '_', 'S', '5', '_', 0x12, 0x48, 0x00, 0x04, 0x0a, 0x05, 0x00}, /* a long length */
        {0x08, '_', 'S', '5', '_', 0x12, 0x06, 0x01, 0x0a, 0x05, 0x00, 0x00}, /* one element */
        {0x08, '_', 'S', '5', '_', 0x12, 0x06, 0x04, 0x0a, 0x08, 0x00, 0x00}, /* there are three bits */
        {0x08, '_', 'S', '5', '_', 0x12, 0x06, 0x04, 0x0b, 0x05, 0x00, 0x00}, /* a word */
        {0x09, '_', 'S', '5', '_', 0x12, 0x06, 0x04, 0x0a, 0x05, 0x00, 0x00}, /* not a name */
    };
    machine_acpi_off(); /* without ACPI */
    machine_acpi_reset();
    for (size_t i = 0; i <= sizeof lies / sizeof lies[0]; i++) {
        begin(state);
        build(i ? lies[i - 1] : (const uint8_t *)"", i ? sizeof lies[0] : 0);
        put_fadt(64, 0x604, 4);
        machine_acpi_off();
        assert_string_equal(written, "");
    }
    for (size_t cut = 0; cut < sizeof s5 - 4; cut++) {
        begin(state);
        build(s5, cut);
        put_fadt(64, 0x604, 4);
        machine_acpi_off();
        assert_string_equal(written, "");
    }
}

/* Wherever it is in the table, also across the pieces that are looked at. */
static void off_anywhere(void **state)
{
    uint8_t aml[600];
    for (size_t at = 0; at < sizeof aml - sizeof s5; at++) {
        begin(state);
        memset(aml, 0x08, sizeof aml);
        memcpy(aml + at, s5, sizeof s5);
        build(aml, sizeof aml);
        put_fadt(64, 0x604, 4);
        machine_acpi_off();
        assert_string_equal(written, "O604=3400 ");
    }
}

/* ---- the button ---- */

static void fixed_button(void **state)
{
    struct acpi_line line;
    (void)state;
    build("", 0);
    put_fadt(46, 9, 2);
    put_fadt(48, 0xb2, 4);
    put_fadt(52, 2, 1);
    put_fadt(56, 0x600, 4);
    put_fadt(64, 0x604, 4);
    put_fadt(88, 4, 1);
    assert_true(machine_button(&line));
    assert_string_equal(written, "ob2=2 O602=100 ");
    assert_int_equal(line.number, 9);
    assert_false(machine_button_pressed());
    pm1_status = 0x100; /* pressed while this machine was still being set up */
    assert_true(machine_button(&line));
    assert_true(machine_button_pressed());
    pm1_status = 0x101;
    assert_true(machine_button_pressed());
    assert_int_equal(pm1_status, 1);
    assert_false(machine_button_pressed());
}

static void no_fixed_button(void **state)
{
    struct acpi_line line;
    assert_false(machine_button(&line));
    for (int what = 0; what < 4; what++) {
        begin(state);
        build("", 0);
        put_fadt(46, what == 0 ? 0 : 9, 2);
        put_fadt(48, what == 1 ? 0 : 0xb2, 4); /* nobody to ask for ACPI's mode */
        put_fadt(52, 2, 1);
        put_fadt(56, 0x600, 4);
        put_fadt(64, 0x604, 4);
        put_fadt(88, what == 2 ? 2 : 4, 1);
        put_fadt(112, what == 3 ? 1 << 4 : 0, 4);
        assert_false(machine_button(&line));
    }
}

static void generic_buttons(void **state)
{
    static const uint8_t event_device[] = {
        0x5b, 0x82, 0, 'G', 'E', 'D', '_', 0x08, '_', 'H', 'I', 'D', 0x0d, 'A', 'C', 'P', 'I', '0', '0', '1', '3', 0,
        0x08, '_', 'C', 'R', 'S', 0x11, 0x0e, 0x0a, 0x0b, 0x89, 6, 0, 3, 1, 9, 0, 0, 0, 0x79, 0, 0x14, 0x06, '_', 'E', 'V', 'T', 1,
    };
    static const uint8_t qemu[] = {0x5b, 0x80, 'E', 'R', 'E', 'G', 0, 0x0c, 0, 0, 0xa0, 0xfe, 0x0a, 4};
    static const uint8_t cloud[] = {
        0x5b, 0x82, 0, 'G', 'E', 'C', '_', 0x08, '_', 'H', 'I', 'D', 0x0c, 0x41, 0xd0, 0x0a, 0x06,
        0x5b, 0x80, 'G', 'D', 'S', 'T', 0, 0x0c, 0, 0, 0xa0, 0xfe, 0x01,
    };
    uint8_t aml[128];
    struct acpi_line line;
    for (int is_cloud = 0; is_cloud < 2; is_cloud++) {
        begin(state);
        memcpy(aml, event_device, sizeof event_device);
        memcpy(aml + sizeof event_device, is_cloud ? cloud : qemu, is_cloud ? sizeof cloud : sizeof qemu);
        aml[2] = (uint8_t)(sizeof event_device - 2 + (is_cloud ? 0 : sizeof qemu));
        aml[sizeof event_device + 2] = is_cloud ? sizeof cloud - 2 : aml[sizeof event_device + 2];
        build(aml, sizeof event_device + (is_cloud ? sizeof cloud : sizeof qemu));
        put_fadt(112, 1 << 20 | 1 << 4, 4);
        assert_true(machine_button(&line));
        assert_int_equal(line.number, 9);
        assert_false(machine_button_pressed());
        events = is_cloud ? 2 : 8; /* memory, or something else */
        assert_false(machine_button_pressed());
        events = is_cloud ? 8 : 2;
        assert_true(machine_button_pressed());
        assert_false(machine_button_pressed());
    }
    begin(state);
    memcpy(aml, event_device, sizeof event_device);
    aml[2] = sizeof event_device - 2;
    build(aml, sizeof event_device); /* nothing tells what the event was */
    put_fadt(112, 1 << 20, 4);
    assert_false(machine_button(&line));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(off_by_pm1, begin), cmocka_unit_test_setup(off_by_sleep_register, begin), cmocka_unit_test_setup(no_off, begin),
        cmocka_unit_test_setup(off_anywhere, begin), cmocka_unit_test_setup(fixed_button, begin), cmocka_unit_test_setup(no_fixed_button, begin),
        cmocka_unit_test_setup(generic_buttons, begin),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
