/* apic.c - see apic.h. */
#include "apic.h"

#include <ukc/machine.h>

enum { MSR_BASE = 0x1b, BASE_X2APIC = 1 << 10, MSR_REGISTERS = 0x800, REGISTERS = 0xfee00000 };

bool apic_is_x2;

static uint64_t read_msr(uint32_t msr)
{
    uint32_t low, high;
    __asm__ volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(msr));
    return (uint64_t)high << 32 | low;
}

static void write_msr(uint32_t msr, uint32_t value)
{
    __asm__ volatile("wrmsr" : : "c"(msr), "a"(value), "d"(0) : "memory");
}

static volatile uint32_t *in_memory(unsigned at)
{
    return (volatile uint32_t *)(uintptr_t)(REGISTERS + at);
}

bool apic_open(void)
{
    apic_is_x2 = read_msr(MSR_BASE) & BASE_X2APIC;
    return apic_is_x2 || machine_map(REGISTERS, MACHINE_PAGE, MACHINE_DEVICE);
}

uint32_t apic_read(unsigned at)
{
    return apic_is_x2 ? (uint32_t)read_msr(MSR_REGISTERS + at / 16) : *in_memory(at);
}

void apic_write(unsigned at, uint32_t value)
{
    if (apic_is_x2)
        write_msr(MSR_REGISTERS + at / 16, value);
    else
        *in_memory(at) = value;
}

uint32_t apic_id(void)
{
    uint32_t id = apic_read(APIC_ID);
    return apic_is_x2 ? id : id >> 24;
}
