/*
 * device.h - what drivers need of the machine: registers of devices in memory and in ports, and where a device finds our memory.
 *
 * Every load and store here is one access of that width, and is not reordered with others: a device may do something at each.
 * The memory of the image is where it seems to be, so what is contiguous here is contiguous for a device.
 *
 * A test on the host has a header of this name with the same functions, behind which are devices of its own.
 */
#ifndef PVH_DEVICE_H
#define PVH_DEVICE_H

#include <stddef.h>
#include <stdint.h>
#include <ukc/machine.h>

/*
 * Makes registers reachable, for good, and as often as one likes.  NULL: the range is empty, wraps around, is in the first page or
 * overlaps the machine's memory, or there is no memory for page tables.
 */
static inline volatile void *device_map(uint64_t address, size_t size)
{
    size_t count;
    uint64_t end;
    if (size == 0 || address < MACHINE_PAGE || __builtin_add_overflow(address, size, &end))
        return NULL;
    const struct machine_range *ranges = machine_memory_map(&count);
    for (size_t i = 0; i < count; i++)
        if (ranges[i].type == MACHINE_MEMORY_RAM && address < ranges[i].start + ranges[i].size && end > ranges[i].start)
            return NULL;
    return machine_map(address, size, MACHINE_DEVICE) ? (volatile void *)(uintptr_t)address : NULL;
}

/* Where a device finds what is in our memory. */
static inline uint64_t device_address(const volatile void *memory)
{
    return (uintptr_t)memory;
}

/*
 * A device sees what was stored before, and only then is loaded what comes after.
 *
 * mfence says so to a processor, but not to QEMU before 8.1: it leaves fences out of what it translates for a machine with one processor,
 * although its devices run beside that.  popf ends a piece of its translation, and between two of them it has a fence of its own.
 */
static inline void device_fence(void)
{
    __asm__ volatile("mfence\n\tpushfq\n\tpopfq" : : : "memory", "cc");
}

/* The words of the command line that describe devices, in their order, or NULL behind the last one. */
const char *device_word(size_t index);

static inline uint8_t device_load8(const volatile void *at)
{
    uint8_t value;
    __asm__ volatile("movb %1, %0" : "=q"(value) : "m"(*(const volatile uint8_t *)at) : "memory");
    return value;
}

static inline uint16_t device_load16(const volatile void *at)
{
    uint16_t value;
    __asm__ volatile("movw %1, %0" : "=r"(value) : "m"(*(const volatile uint16_t *)at) : "memory");
    return value;
}

static inline uint32_t device_load32(const volatile void *at)
{
    uint32_t value;
    __asm__ volatile("movl %1, %0" : "=r"(value) : "m"(*(const volatile uint32_t *)at) : "memory");
    return value;
}

static inline void device_store8(volatile void *at, uint8_t value)
{
    __asm__ volatile("movb %1, %0" : "=m"(*(volatile uint8_t *)at) : "q"(value) : "memory");
}

static inline void device_store16(volatile void *at, uint16_t value)
{
    __asm__ volatile("movw %1, %0" : "=m"(*(volatile uint16_t *)at) : "r"(value) : "memory");
}

static inline void device_store32(volatile void *at, uint32_t value)
{
    __asm__ volatile("movl %1, %0" : "=m"(*(volatile uint32_t *)at) : "r"(value) : "memory");
}

static inline uint32_t device_in32(uint16_t port)
{
    uint32_t value;
    __asm__ volatile("inl %1, %0" : "=a"(value) : "Nd"(port) : "memory");
    return value;
}

static inline void device_out32(uint16_t port, uint32_t value)
{
    __asm__ volatile("outl %0, %1" : : "a"(value), "Nd"(port) : "memory");
}

#endif
