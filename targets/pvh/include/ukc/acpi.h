/*
 * acpi.h - what the firmware's tables say about the machine (ACPI 6.4), for drivers and for the machine's end.
 *
 * The tables are read where they lie, through a window, whenever something is asked: nothing is mapped, allocated or
 * interpreted.  A table whose length or checksum is wrong is reported once on the console and is as good as absent;
 * so is all that reaches beyond its table.  What is asked for and not there is false: a machine may have no ACPI.
 *
 * A function that nothing calls is not in the image.
 */
#ifndef PVH_ACPI_H
#define PVH_ACPI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* ---- acpi.c: tables ---- */

enum { ACPI_HEADER = 36 };
struct acpi_table {
    uint64_t address; /* physical */
    uint32_t size;
};

/* Finds the table number `index`, from 0, of those with this signature of four letters; checked. */
bool acpi_find(struct acpi_table *table, const char *signature, unsigned index);
/* The table at an address has this signature, and a length and a checksum that are right. */
bool acpi_check(struct acpi_table *table, const char *signature, uint64_t address);
/* Bytes of a table, a page at most, where they lie, until something is asked again; NULL: it does not have them. */
const uint8_t *acpi_look(const struct acpi_table *table, uint32_t at, uint32_t size);
/* Copies bytes of a table, a page at most; false: it does not have them. */
bool acpi_read(const struct acpi_table *table, uint32_t at, void *to, uint32_t size);
/* Whether 3 to 16 bytes are anywhere in it: quicker than stepping through it in vain. */
bool acpi_mentions(const struct acpi_table *table, const void *bytes, uint32_t size);
/* A little-endian number of 1 to 8 bytes; 0 where the table does not have it, as older ones are shorter. */
uint64_t acpi_number(const struct acpi_table *table, uint32_t at, unsigned size);
/* Something in a table makes no sense, and is not used. */
void acpi_complain(const char *signature, const char *why);

/* ---- acpi_madt.c: interrupt controllers (5.2.12) ---- */

/* Physical address of the local APIC's registers; 0: there is no MADT. */
uint64_t acpi_local_apic(void);
/* The local APIC's (or x2APIC's) number of each processor that can be used. */
bool acpi_processor(unsigned index, uint32_t *apic);

struct acpi_io_apic {
    uint64_t address;
    uint32_t first_line; /* its first input, among those of all controllers */
    uint8_t id;
};
bool acpi_io_apic(unsigned index, struct acpi_io_apic *controller);

/* An interrupt line; 0 to 15 of the PC's old controllers may be other lines now, or work in another way. */
struct acpi_line {
    uint32_t number; /* among those of all controllers */
    bool level;      /* triggered, else by an edge */
    bool low;        /* active low, else active high */
};
/* What became of an old line; itself, by an edge, active high, unless the MADT says otherwise. */
struct acpi_line acpi_isa_line(uint8_t line);

/* ---- acpi_mcfg.c: configuration of PCI in memory (PCI Firmware 3.3, 4.1.2) ---- */

struct acpi_ecam {
    uint64_t address; /* of bus 0, even if first_bus is another */
    uint16_t segment;
    uint8_t first_bus, last_bus;
};
bool acpi_ecam(unsigned index, struct acpi_ecam *area);

/* ---- acpi_device.c: devices that only the DSDT and SSDTs describe ---- */

struct acpi_device {
    uint64_t address, size;        /* the first range of memory of its _CRS; size 0: none */
    uint64_t region, region_size;  /* the first operation region that it defines in memory, likewise */
    struct acpi_line line;
    bool has_line;
};
/*
 * The devices with this _HID, e.g. "LNRO0005" (virtio over registers in memory), in the order of the tables: how many, at most `most`.  Only what is written out as
 * constants is seen: no method is run.  The DSDT is looked at on hardware-reduced machines only: those of PCs
 * are large, and have nothing here that is not found in another way.
 */
unsigned acpi_devices(const char *hid, struct acpi_device *devices, unsigned most);

/* ---- acpi_fadt.c: power (4.8, 5.2.9) ---- */

enum { ACPI_MEMORY = 0, ACPI_PORTS = 1 }; /* 5.2.3.2 */
struct acpi_register {
    uint8_t space;
    uint64_t address; /* 0: there is none */
};
struct acpi_power {
    struct acpi_table fadt;
    bool reduced; /* hardware-reduced: the two sleep registers instead of PM1's */
    struct acpi_register pm1_control[2], pm1_event[2], sleep_control, reset;
    uint8_t pm1_event_size, reset_value;
    bool has_power_button; /* the fixed one, of PM1 */
    uint16_t line;         /* the SCI, an old line */
};
/* NULL: there is no FADT. */
const struct acpi_power *acpi_power(void);
/* The DSDT, to which only the FADT leads; size 0: there is none. */
const struct acpi_table *acpi_dsdt(void);

#endif
