/* acpi.c - the tables of ACPI as targets/pvh reads them: good, truncated, lying. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "machine/tables.h"
#include "../../targets/pvh/acpi_known.h"

static int begin(void **state)
{
    (void)state;
    memset(memory, 0, sizeof memory);
    acpi_known = (struct acpi_known){0};
    used = 0;
    root = 0;
    said_size = 0;
    said[0] = '\0';
    return 0;
}

static void tells(const char *words)
{
    if (!strstr(said, words))
        fail_msg("'%s' is not said, but: %s", words, said);
}

static void is_quiet(void)
{
    assert_string_equal(said, "");
}

/* Number `index`, from 0, of the devices with this _HID. */
static bool find_device(const char *hid, unsigned index, struct acpi_device *device)
{
    struct acpi_device all[4];
    if (acpi_devices(hid, all, index + 1) <= index)
        return false;
    *device = all[index];
    return true;
}

/* ---- the list ---- */

static void no_acpi(void **state)
{
    struct acpi_table table;
    struct acpi_io_apic controller;
    struct acpi_device device = {0};
    uint32_t apic;
    (void)state;
    assert_false(acpi_find(&table, "APIC", 0));
    assert_int_equal(acpi_local_apic(), 0);
    assert_false(acpi_io_apic(0, &controller));
    assert_false(acpi_processor(0, &apic));
    assert_false(find_device("LNRO0005", 0, &device));
    assert_null(acpi_power());
    assert_int_equal(acpi_isa_line(9).number, 9);
    is_quiet();
}

static void both_lists(void **state)
{
    for (unsigned width = 4; width <= 8; width += 4) {
        struct acpi_table table;
        begin(state);
        uint64_t tables[] = {add_table("AAAA", "x", 1), add_table("BBBB", "yz", 2), add_table("AAAA", "12345678901234567890", 20)};
        add_root(tables, 3, width);
        assert_true(acpi_find(&table, "BBBB", 0));
        assert_int_equal(table.address, tables[1]);
        assert_int_equal(table.size, ACPI_HEADER + 2);
        assert_int_equal(acpi_number(&table, ACPI_HEADER, 2), 'y' | 'z' << 8);
        assert_int_equal(acpi_number(&table, ACPI_HEADER + 1, 2), 0);
        assert_int_equal(acpi_number(&table, UINT32_MAX, 8), 0);
        assert_true(acpi_find(&table, "AAAA", 1));
        assert_int_equal(table.address, tables[2]);
        assert_false(acpi_find(&table, "AAAA", 2));
        is_quiet();
    }
}

/* Firecracker has tables and does not say where. */
static void root_unsaid(void **state)
{
    struct acpi_table table;
    (void)state;
    used = 64;
    uint64_t tables[] = {add_table("AAAA", "x", 1)};
    add_root(tables, 1, 8);
    memcpy(memory, bytes_at(root), 36);
    memset(bytes_at(root), 0, 36);
    root = 0;
    assert_true(acpi_find(&table, "AAAA", 0));
    assert_int_equal(table.address, tables[0]);
    is_quiet();
}

static void lying_roots(void **state)
{
    struct acpi_table table;
    for (int what = 0; what < 7; what++) {
        begin(state);
        uint64_t tables[] = {add_table("AAAA", "x", 1)};
        add_root(tables, 1, 8);
        uint8_t *r = bytes_at(root);
        uint64_t list;
        memcpy(&list, r + 24, 8);
        switch (what) {
        case 0: r[0] = 'r'; break;
        case 1: r[9]++; break;
        case 2: r[33]++; break;               /* of the extended part only */
        case 3: put_number(r + 20, 20, 4); seal(r, 20, 8); break;
        case 4: put_number(bytes_at(list) + 4, 35, 4); break;
        case 5: put_number(bytes_at(list) + 4, UINT32_MAX, 4); break;
        case 6: root = UINT64_MAX - 3; break; /* wraps around */
        }
        assert_false(acpi_find(&table, "AAAA", 0));
        tells(what < 4 || what == 6 ? "acpi: RSDP: " : "acpi: XSDT: its length makes no sense");
        size_t before = said_size;
        assert_false(acpi_find(&table, "AAAA", 0));
        assert_int_equal(said_size, before); /* once */
    }
}

static void lying_tables(void **state)
{
    struct acpi_table table;
    (void)state;
    uint64_t tables[] = {0, UINT64_MAX, MEMORY_AT + MEMORY_SIZE - 4, add_table("AAAA", "x", 1), add_table("AAAA", "y", 1), 1};
    add_root(tables, 6, 8);
    bytes_at(tables[3])[20]++;
    assert_true(acpi_find(&table, "AAAA", 0));
    assert_int_equal(table.address, tables[4]);
    tells("acpi: AAAA: its checksum is wrong; it is not used\n");
    /* a table that reaches beyond memory has no sum */
    put_number(bytes_at(tables[4]) + 4, 1 << 20, 4);
    assert_false(acpi_find(&table, "AAAA", 0));
}

/* ---- the MADT ---- */

static void add_madt(const uint8_t *entries, size_t size)
{
    uint8_t body[512] = {0x00, 0x00, 0xe0, 0xfe, 1};
    memcpy(body + 8, entries, size);
    uint64_t tables[] = {add_table("APIC", body, 8 + size)};
    add_root(tables, 1, 8);
}

static void good_madt(void **state)
{
    static const uint8_t entries[] = {
        0, 8, 0, 0, 1, 0, 0, 0,                                 /* a processor */
        0, 8, 1, 7, 0, 0, 0, 0,                                 /* one that is not there */
        1, 12, 2, 0, 0, 0, 0xc0, 0xfe, 0, 0, 0, 0,              /* IO APICs */
        1, 12, 3, 0, 0, 0x10, 0xc0, 0xfe, 24, 0, 0, 0,
        2, 10, 0, 0, 2, 0, 0, 0, 0, 0,                          /* the timer is on 2 */
        2, 10, 0, 9, 9, 0, 0, 0, 0x0d, 0,                       /* 9 by level, active high */
        2, 10, 0, 11, 20, 0, 0, 0, 0x0f, 0,                     /* 11 is 20, by level, active low */
        2, 10, 1, 5, 6, 0, 0, 0, 0, 0,                          /* of another bus */
        77, 6, 1, 2, 3, 4,                                      /* unknown */
        9, 16, 0, 0, 0x34, 0x12, 0, 0, 1, 0, 0, 0, 5, 0, 0, 0,  /* an x2APIC */
    };
    struct acpi_io_apic controller;
    uint32_t apic;
    (void)state;
    add_madt(entries, sizeof entries);
    assert_int_equal(acpi_local_apic(), 0xfee00000);
    assert_true(acpi_processor(0, &apic));
    assert_int_equal(apic, 0);
    assert_true(acpi_processor(0, &apic));
    assert_int_equal(apic, 0);
    assert_true(acpi_io_apic(1, &controller));
    assert_true(controller.address == 0xfec01000 && controller.first_line == 24 && controller.id == 3);
    assert_false(acpi_io_apic(2, &controller));
    struct acpi_line line = acpi_isa_line(0);
    assert_true(line.number == 2 && !line.level && !line.low);
    line = acpi_isa_line(9);
    assert_true(line.number == 9 && line.level && !line.low);
    line = acpi_isa_line(11);
    assert_true(line.number == 20 && line.level && line.low);
    line = acpi_isa_line(5);
    assert_true(line.number == 5 && !line.level && !line.low);
    is_quiet();
}

static void x2apic_and_moved(void **state)
{
    static const uint8_t entries[] = {
        5, 12, 0, 0, 0, 0, 0, 0xfe, 1, 0, 0, 0, 9, 16, 0, 0, 0x34, 0x12, 0, 0, 1, 0, 0, 0, 5, 0, 0, 0,
    };
    uint32_t apic;
    (void)state;
    add_madt(entries, sizeof entries);
    assert_int_equal(acpi_local_apic(), 0x1fe000000);
    assert_true(acpi_processor(0, &apic));
    assert_int_equal(apic, 0x1234);
    assert_false(acpi_processor(1, &apic));
}

static void lying_madts(void **state)
{
    static const uint8_t still[] = {1, 0, 0}, beyond[] = {1, 13, 0, 0, 0, 0, 0xc0, 0xfe, 0, 0, 0, 0}, nowhere[] = {1, 12, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0},
                         far[] = {2, 10, 0, 9, 0, 0, 0, 0x80, 0, 0}, shorter[] = {1, 4, 0, 0};
    struct acpi_io_apic controller;
    add_madt(still, sizeof still);
    assert_false(acpi_io_apic(0, &controller));
    tells("an entry's length makes no sense");
    begin(state);
    add_madt(beyond, sizeof beyond);
    assert_false(acpi_io_apic(0, &controller));
    tells("an entry's length makes no sense");
    begin(state);
    add_madt(nowhere, sizeof nowhere);
    assert_false(acpi_io_apic(0, &controller));
    tells("at no sensible place");
    begin(state);
    add_madt(far, sizeof far);
    assert_int_equal(acpi_isa_line(9).number, 9);
    tells("a line is moved");
    begin(state);
    add_madt(shorter, sizeof shorter);
    assert_false(acpi_io_apic(0, &controller));
    is_quiet();
}

/* ---- the MCFG ---- */

static void mcfg(void **state)
{
    uint8_t body[8 + 3 * 16 + 7] = {0};
    struct acpi_ecam area;
    (void)state;
    put_number(body + 8, 0xb0000000, 8);
    body[8 + 11] = 255;
    put_number(body + 24, 0xb0000001, 8); /* not on a bus's boundary */
    put_number(body + 40, 0x7fff00000000, 8);
    body[40 + 8] = 1;
    body[40 + 10] = 1;
    body[40 + 11] = 2;
    uint64_t tables[] = {add_table("MCFG", body, sizeof body)};
    add_root(tables, 1, 8);
    assert_true(acpi_ecam(0, &area));
    assert_true(area.address == 0xb0000000 && area.segment == 0 && area.first_bus == 0 && area.last_bus == 255);
    is_quiet();
    assert_true(acpi_ecam(1, &area));
    assert_true(area.address == 0x7fff00000000 && area.segment == 1 && area.first_bus == 1 && area.last_bus == 2);
    tells("acpi: MCFG: ");
    assert_false(acpi_ecam(2, &area));
}

/* ---- FADT and DSDT ---- */

/* A DSDT with this body, and a FADT of this size that leads to it. */
static uint8_t *add_fadt(const void *aml, size_t aml_size, size_t fadt_size, uint64_t *at)
{
    uint8_t body[300] = {0};
    uint64_t dsdt = add_table("DSDT", aml, aml_size);
    put_number(body + 40 - ACPI_HEADER, dsdt, 4);
    put_number(body + 112 - ACPI_HEADER, 1 << 20, 4); /* hardware-reduced */
    uint64_t tables[] = {add_table("FACP", body, fadt_size - ACPI_HEADER), 0};
    add_root(tables, 2, 8);
    *at = tables[0];
    return bytes_at(tables[0]);
}

static void old_power(void **state)
{
    uint64_t at;
    (void)state;
    uint8_t *fadt = add_fadt("", 0, 116, &at);
    put_number(fadt + 46, 9, 2);
    put_number(fadt + 56, 0x600, 4);
    put_number(fadt + 64, 0x604, 4);
    put_number(fadt + 68, 0x12345, 4); /* no port */
    fadt[88] = 4;
    put_number(fadt + 112, 1 << 10, 4); /* a reset register, beyond this table */
    reseal(at);
    const struct acpi_power *p = acpi_power();
    assert_non_null(p);
    assert_true(!p->reduced && p->has_power_button && p->line == 9 && p->pm1_event_size == 4);
    assert_true(p->pm1_event[0].space == 1 && p->pm1_event[0].address == 0x600 && p->pm1_event[1].address == 0);
    assert_true(p->pm1_control[0].space == 1 && p->pm1_control[0].address == 0x604 && p->pm1_control[1].address == 0);
    assert_int_equal(p->reset.address, 0);
    assert_int_equal(acpi_dsdt()->size, ACPI_HEADER);
    is_quiet();
}

static void new_power(void **state)
{
    uint64_t at;
    (void)state;
    uint8_t *fadt = add_fadt("", 0, 268, &at);
    put_number(fadt + 112, 1 << 10 | 1 << 20 | 1 << 4, 4);
    put_number(fadt + 64, 0x604, 4); /* not there on hardware-reduced machines */
    fadt[116] = 1;
    put_number(fadt + 120, 0xcf9, 8);
    fadt[128] = 6;
    put_number(fadt + 248, 0xfea00200, 8);
    reseal(at);
    const struct acpi_power *p = acpi_power();
    assert_non_null(p);
    assert_true(p->reduced && !p->has_power_button && p->pm1_control[0].address == 0);
    assert_true(p->sleep_control.space == 0 && p->sleep_control.address == 0xfea00200);
    assert_true(p->reset.space == 1 && p->reset.address == 0xcf9 && p->reset_value == 6);
    /* an address that no port has, and a space that is not known */
    for (int k = 0; k < 2; k++) {
        acpi_known = (struct acpi_known){0};
        fadt[116] = k ? 3 : 1;
        put_number(fadt + 120, 0x10cf9, 8);
        reseal(at);
        assert_int_equal(acpi_power()->reset.address, 0);
    }
}

/* Scope(\_SB) { Name(X, 1) Method(M) {...} Device(V0) {...} Device(V1) {...} } as Firecracker and QEMU's microvm write them. */
static size_t put_device(uint8_t *to, uint8_t number, uint32_t address, uint32_t line)
{
    static const uint8_t device[] = {
        0x5b, 0x82, 0x3c, 'V', 'R', '0', '0',
        0x08, '_', 'H', 'I', 'D', 0x0d, 'L', 'N', 'R', 'O', '0', '0', '0', '5', 0,
        0x08, '_', 'U', 'I', 'D', 0x0a, 0,
        0x08, '_', 'C', 'R', 'S', 0x11, 0x1a, 0x0a, 0x17,
        0x86, 9, 0, 1, 0, 0, 0, 0, 0, 2, 0, 0,
        0x89, 6, 0, 3, 1, 0, 0, 0, 0,
        0x79, 0,
    };
    memcpy(to, device, sizeof device);
    to[2] = sizeof device - 2;
    to[6] = (uint8_t)('0' + number);
    put_number(to + 38 + 4, address, 4);
    put_number(to + 38 + 12 + 5, line, 4);
    return sizeof device;
}

static size_t put_devices(uint8_t aml[256])
{
    static const uint8_t head[] = {
        0x10, 0x40, 0x00, '\\', '_', 'S', 'B', '_',
        0x14, 0x0b, 'M', '0', '0', '0', 0, 0xa4, 0xff, 0x5b, 0x82, 0x7f, /* what looks like a device in a method is none */
        0x5b, 0x80, 'R', 'E', 'G', '0', 1, 0x0b, 0x00, 0x06, 0x0a, 4,
    };
    memcpy(aml, head, sizeof head);
    size_t size = sizeof head;
    size += put_device(aml + size, 0, 0xfeb00e00, 5);
    size += put_device(aml + size, 1, 0xfeb00c00, 70);
    aml[1] = (uint8_t)(0x40 | ((size - 1) & 15));
    aml[2] = (uint8_t)((size - 1) >> 4);
    return size;
}

static void good_devices(void **state)
{
    uint8_t aml[256];
    struct acpi_device device = {0};
    uint64_t at;
    (void)state;
    add_fadt(aml, put_devices(aml), 276, &at);
    assert_true(find_device("LNRO0005", 0, &device));
    assert_true(device.address == 0xfeb00e00 && device.size == 0x200);
    assert_true(device.has_line && device.line.number == 5 && !device.line.level && !device.line.low);
    assert_true(find_device("LNRO0005", 1, &device));
    assert_true(device.address == 0xfeb00c00 && device.line.number == 70);
    assert_false(find_device("LNRO0005", 2, &device));
    assert_false(find_device("LNRO0006", 0, &device));
    assert_false(find_device("LNRO00050", 0, &device));
    is_quiet();
    /* a PC's DSDT is not stepped through */
    acpi_known = (struct acpi_known){0};
    put_number(bytes_at(at) + 112, 0, 4);
    reseal(at);
    assert_false(find_device("LNRO0005", 0, &device));
}

/* More devices than are remembered: each kind is found all the same, whichever is asked for first. */
static void many_devices(void **state)
{
    enum { MANY = ACPI_DEVICES_KNOWN + 8 };
    static uint8_t aml[64 * (MANY + 1)];
    struct acpi_device all[MANY + 1], other;
    uint64_t at;
    for (unsigned count = ACPI_DEVICES_KNOWN - 2; count <= MANY; count++) {
        size_t size = 0;
        begin(state);
        for (unsigned i = 0; i < count; i++)
            size += put_device(aml + size, (uint8_t)(i % 10), 0xfeb00000 + i * 0x200, 16 + i);
        size_t last = put_device(aml + size, 0, 0xfec00000, 9);
        memcpy(aml + size + 13, "ACPI0013", 8);
        size += last;
        add_fadt(aml, size, 276, &at);
        assert_int_equal(acpi_devices("LNRO0005", all, MANY + 1), count);
        for (unsigned i = 0; i < count; i++)
            assert_true(all[i].address == 0xfeb00000 + i * 0x200 && all[i].line.number == 16 + i);
        assert_int_equal(acpi_devices("ACPI0013", &other, 1), 1);
        assert_true(other.address == 0xfec00000 && other.line.number == 9);
        assert_int_equal(acpi_devices("ACPI0014", &other, 1), 0);
        assert_int_equal(acpi_devices("LNRO0005", all, 3), 3);
    }
}

/* A page is looked at at once, and tables are longer: objects lie across its end, and packages go beyond it. */
static void long_tables(void **state)
{
    enum { FILLED_MOST = 5000, DEVICES = 3 };
    static uint8_t aml[FILLED_MOST + 256];
    struct acpi_device all[DEVICES];
    uint64_t at;
    for (uint32_t filled = 8; filled <= FILLED_MOST; filled += filled > 3700 && filled < 4200 ? 1 : 300) {
        /* Scope(\_SB) { Name(FILL, Buffer() {}) Device(V0) {...} ... } */
        static const uint8_t scope[] = {0x10, 0xc0, 0, 0, 0, '\\', '_', 'S', 'B', '_'}, name[] = {0x08, 'F', 'I', 'L', 'L', 0x11, 0xc0, 0, 0, 0};
        size_t size = sizeof scope;
        begin(state);
        memset(aml, 0x5b, sizeof aml);
        memcpy(aml, scope, sizeof scope);
        memcpy(aml + size, name, sizeof name);
        put_number(aml + size + 7, filled >> 4, 3);
        aml[size + 6] |= filled & 15;
        size += 6 + filled;
        for (unsigned i = 0; i < DEVICES; i++)
            size += put_device(aml + size, (uint8_t)i, 0xfeb00000 + i * 0x200, 16 + i);
        put_number(aml + 2, (size - 1) >> 4, 3);
        aml[1] |= (size - 1) & 15;
        add_fadt(aml, size, 276, &at);
        assert_int_equal(acpi_devices("LNRO0005", all, DEVICES), DEVICES);
        for (unsigned i = 0; i < DEVICES; i++)
            assert_true(all[i].address == 0xfeb00000 + i * 0x200 && all[i].line.number == 16 + i);
        is_quiet();
    }
}

/* A word is seen wherever it is: among others like it, at the end, across a page; and not when it is cut off there. */
static void mentioned(void **state)
{
    static uint8_t body[4200];
    static const char word[] = "ACPI_ACPJ", *const others[] = {"ACPI", "ACPI_ACPI", "XCPI_ACPJ"};
    struct acpi_table table;
    for (size_t size = sizeof word - 1; size <= sizeof body; size += size < 80 ? 1 : 1373) {
        size_t last = size - (sizeof word - 1);
        for (size_t where = 0; where <= last; where += where > 100 && where + 100 < last && (where < 4000 || where > 4070) ? 61 : 1) {
            begin(state);
            memset(body, 0, sizeof body);
            for (size_t i = 0; i + 9 <= where; i += 9)
                strncpy((char *)body + i, others[i % 3], 9);
            memcpy(body + where, word, sizeof word - 1);
            assert_true(acpi_check(&table, "AAAA", add_table("AAAA", body, size)));
            assert_true(acpi_mentions(&table, word, sizeof word - 1));
            body[where]++;
            assert_true(acpi_check(&table, "AAAA", add_table("AAAA", body, size)));
            assert_false(acpi_mentions(&table, word, sizeof word - 1));
        }
        begin(state);
        memset(body, 0, sizeof body);
        memcpy(body + last + 1, word, sizeof word - 2);
        assert_true(acpi_check(&table, "AAAA", add_table("AAAA", body, size)));
        assert_false(acpi_mentions(&table, word, sizeof word - 1));
    }
}

/* What ends the list ends only the list that it is in, and an SSDT has devices too. */
static void second_table(void **state)
{
    uint8_t aml[256];
    struct acpi_device device = {0};
    (void)state;
    size_t size = put_devices(aml);
    uint64_t dsdt = add_table("DSDT", "\x70garbage", 8), ssdt = add_table("SSDT", aml, size);
    uint8_t body[80] = {0};
    put_number(body + 4, dsdt, 4);
    uint64_t tables[] = {add_table("FACP", body, sizeof body), ssdt};
    add_root(tables, 2, 4);
    assert_true(find_device("LNRO0005", 1, &device));
    assert_int_equal(device.address, 0xfeb00c00);
}

/* That of QEMU 7.2's microvm: COM1 has an EISA number, ports and an old line. */
static void microvm(void **state)
{
    static const char dsdt[] =
        "104a115f53425f5b822e46574346085f4849440d51454d553030303200085f5354410a0b085f435253110d0a0a470110051005010c79005b8232434f4d31"
        "085f4849440c41d00501085f55494401085f5354410a0f085f43525311100a0d4701f803f803000822100079005b82255254435f085f4849440c41d00b00"
        "085f43525311100a0d470170007000010822000179005b824c064745445f085f4849440d414350493030313300085f5549440d47454400085f435253110e"
        "0a0b89060003010900000079005b8045524547000c0000a0fe0a045b810b45524547434553454c20141d5f45565409704553454c60a010937b600a02000a"
        "0286505752420a805b821950575242085f4849440d504e503043304300085f5549440010105c00085f53355f1207040a05000000";
    uint8_t aml[sizeof dsdt / 2];
    struct acpi_device device = {0};
    uint64_t at;
    (void)state;
    for (size_t i = 0; i < sizeof aml; i++) {
        char digits[3] = {dsdt[2 * i], dsdt[2 * i + 1]};
        aml[i] = (uint8_t)strtoul(digits, NULL, 16);
    }
    add_fadt(aml, sizeof aml, 268, &at);
    assert_true(find_device("PNP0501", 0, &device));
    assert_true(device.size == 0 && device.has_line && device.line.number == 4);
    assert_true(find_device("ACPI0013", 0, &device));
    assert_true(device.has_line && device.line.number == 9);
    assert_true(find_device("PNP0C0C", 0, &device));
    assert_false(device.has_line);
    assert_false(find_device("LNRO0005", 0, &device));
}

/* Cut off anywhere, and with any byte changed: never more than what is there, and no endless loop. */
static void damaged_devices(void **state)
{
    uint8_t aml[256];
    struct acpi_device device = {0};
    uint64_t at;
    size_t size = put_devices(aml);
    for (size_t cut = 0; cut < size; cut++) {
        begin(state);
        add_fadt(aml, cut, 276, &at);
        assert_false(find_device("LNRO0005", 1, &device));
    }
    for (size_t i = 0; i < size; i++)
        for (unsigned bit = 0; bit < 8; bit++) {
            begin(state);
            aml[i] ^= (uint8_t)(1 << bit);
            add_fadt(aml, size, 276, &at);
            struct acpi_device all[4];
            unsigned count = acpi_devices("LNRO0005", all, 4);
            assert_true(count <= 2);
            for (unsigned k = 0; k < count; k++)
                assert_true(all[k].address <= UINT32_MAX);
            aml[i] ^= (uint8_t)(1 << bit);
        }
}

/* Scopes in scopes end at a depth. */
static void deep(void **state)
{
    static uint8_t aml[8000];
    struct acpi_device device = {0};
    size_t count = sizeof aml / 8;
    uint64_t at;
    (void)state;
    for (size_t i = 0; i < count; i++) {
        size_t left = sizeof aml - 8 * i - 1;
        memcpy(aml + 8 * i, (uint8_t[]){0x10, (uint8_t)(0x80 | (left & 15)), (uint8_t)(left >> 4), (uint8_t)(left >> 12), 'A', 'A', 'A', 'A'}, 8);
    }
    add_fadt(aml, sizeof aml, 276, &at);
    assert_false(find_device("LNRO0005", 0, &device));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(no_acpi, begin), cmocka_unit_test_setup(both_lists, begin), cmocka_unit_test_setup(root_unsaid, begin), cmocka_unit_test_setup(lying_roots, begin),
        cmocka_unit_test_setup(lying_tables, begin), cmocka_unit_test_setup(good_madt, begin), cmocka_unit_test_setup(x2apic_and_moved, begin),
        cmocka_unit_test_setup(lying_madts, begin), cmocka_unit_test_setup(mcfg, begin), cmocka_unit_test_setup(old_power, begin),
        cmocka_unit_test_setup(new_power, begin), cmocka_unit_test_setup(good_devices, begin), cmocka_unit_test_setup(many_devices, begin),
        cmocka_unit_test_setup(second_table, begin), cmocka_unit_test_setup(long_tables, begin), cmocka_unit_test_setup(mentioned, begin),
        cmocka_unit_test_setup(microvm, begin), cmocka_unit_test_setup(damaged_devices, begin), cmocka_unit_test_setup(deep, begin),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
