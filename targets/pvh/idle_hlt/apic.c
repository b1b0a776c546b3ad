/* apic.c - see apic.h. */
#include "apic.h"

#include <ukc/machine.h>

enum { MSR_BASE = 0x1b, BASE_X2APIC = 1 << 10, MSR_REGISTERS = 0x800, REGISTERS = 0xfee00000 };

bool apic_is_x2;

static volatile uint32_t *in_memory(unsigned at)
{
    return (volatile uint32_t *)(uintptr_t)(REGISTERS + at);
}

bool apic_open(void)
{
    apic_is_x2 = machine_read_msr(MSR_BASE) & BASE_X2APIC;
    return apic_is_x2 || machine_map(REGISTERS, MACHINE_PAGE, MACHINE_DEVICE);
}

uint32_t apic_read(unsigned at)
{
    return apic_is_x2 ? (uint32_t)machine_read_msr(MSR_REGISTERS + at / 16) : *in_memory(at);
}

void apic_write(unsigned at, uint32_t value)
{
    if (apic_is_x2)
        machine_write_msr(MSR_REGISTERS + at / 16, value);
    else
        *in_memory(at) = value;
}

uint32_t apic_id(void)
{
    uint32_t id = apic_read(APIC_ID);
    return apic_is_x2 ? id : id >> 24;
}
