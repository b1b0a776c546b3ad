/*
 * machine.h - what the machine offers to the implementations of targets/pvh, targets/kvm and targets/xen,
 * and to the C library below them.  Not for libraries: those have signatures.
 *
 * A function that nothing calls is not in the image: only console output, exceptions and the end of the
 * machine always are, because a crash must be able to say so.
 *
 * Virtual addresses are physical ones.  Mapped are the image and what machine_map() or the allocator added;
 * page 0 never is.
 */
#ifndef PVH_MACHINE_H
#define PVH_MACHINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <ukc/acpi.h>

enum { MACHINE_PAGE = 4096 };

/* ---- start_info.c: what the loader said ---- */

enum machine_memory { MACHINE_MEMORY_RAM = 1 }; /* other types are not ours to use */
struct machine_range {
    uint64_t start, size;
    uint32_t type, reserved;
};
/* The map of memory, in the loader's order, and how many entries there are; what is memory overlaps nothing. */
const struct machine_range *machine_memory_map(size_t *count);
/* Modules (an initial ram disk): they lie in memory, and are kept out of what is free. */
const struct machine_range *machine_modules(size_t *count);
/* Physical address of the ACPI root pointer; 0: the loader said none. */
uint64_t machine_acpi_root(void);

/* ---- map.c: page tables ---- */

enum machine_access { MACHINE_READ = 0, MACHINE_WRITE = 2, MACHINE_DEVICE = 2 | 0x18 /* write, not cached */ };
/* Maps whole pages around the range, never executable.  False: no memory for tables. */
bool machine_map(uint64_t start, uint64_t size, enum machine_access);
/* Physical memory, which need not be mapped: at most a page of bytes, to be read until the next call of these five.  NULL: no processor has memory there. */
const void *machine_look(uint64_t from, size_t size);
/* Copies from there, however much. */
bool machine_read(void *to, uint64_t from, size_t size);
/* Registers at physical addresses, which need not be mapped, once in a while: they must not cross a page. */
void machine_poke8(uint64_t address, uint8_t value);
uint8_t machine_peek8(uint64_t address);
uint32_t machine_peek32(uint64_t address);
/* Makes one page trap. */
bool machine_unmap(uint64_t page);

/* ---- memory.c: whole pages of the machine's memory ---- */

/* Contiguous, with whatever was there; NULL: there are none. */
void *machine_pages_take(size_t count);
void machine_pages_give(void *, size_t count);
/* Takes the last ones that are free, `*count` at most, and stores how many; `keep` stay free.  They lie in a row, mapped.  NULL: there are none. */
void *machine_pages_take_last(size_t *count, size_t keep);

/* ---- crash.c ---- */

/* Prints why and where, and ends the machine with status 111. */
[[gnu::noreturn]] void machine_panic(const char *why);
/* Calls from interrupts: `stub` is assembler that ends with iretq, and runs on the stack of exceptions. */
void machine_set_vector(unsigned vector, void (*stub)(void));

/* ---- machine_kvm.c or machine_xen.c: what differs below the same entry ---- */

/* Text to whoever looks: the serial line.  Works from the first instruction of C on. */
void machine_print(const char *bytes, size_t size);
[[gnu::noreturn]] void machine_end(int status);
/* Some milliseconds at most, for images without tasks; on Xen the processor is others' meanwhile, until a line (0: none) has risen, and `for_ever` if need be. */
void machine_rest(unsigned line, bool for_ever);

/* ---- acpi_off.c: both return if the machine does not do it, or has no ACPI ---- */

void machine_acpi_off(void);
void machine_acpi_reset(void);

/* ---- acpi_button.c: the power button, by which the outside asks the image to stop ---- */

/* Makes it able to interrupt, and says on which line.  False: there is none, or none that is known here. */
bool machine_button(struct acpi_line *line);
/* Its line was raised: whether it was the button.  Lowers the line. */
bool machine_button_pressed(void);

/* ---- acpi_generation.c ---- */

/* Sixteen bytes, mapped, that change when the machine continues from a snapshot or as a copy of another; NULL: nobody says. */
const volatile void *machine_generation(void);

/* ---- pause.c ---- */

/*
 * Lets ten milliseconds pass, in which other tasks run if the image has any: for whoever must look again and
 * again.  0, -ETIMEDOUT when the deadline has come, -ECANCELED.
 */
int machine_pause(int64_t deadline);
/*
 * Waits until a line has risen since the call before; other tasks run meanwhile.  The first call claims the line, for good, and stores the
 * source, which was NULL.  Where the image has no tasks, or takes no interrupts, it is a pause (on Xen: until the line
 * has risen).  0: look again; -ETIMEDOUT, -ECANCELED.
 */
struct interrupt_source;
int machine_await_line(struct interrupt_source **source, unsigned line, int64_t deadline);

/* ---- instructions ---- */

static inline void machine_out8(uint16_t port, uint8_t value)
{
    __asm__ volatile("outb %0, %1" : : "a"(value), "Nd"(port));
}

static inline void machine_out16(uint16_t port, uint16_t value)
{
    __asm__ volatile("outw %0, %1" : : "a"(value), "Nd"(port));
}

static inline uint8_t machine_in8(uint16_t port)
{
    uint8_t value;
    __asm__ volatile("inb %1, %0" : "=a"(value) : "Nd"(port));
    return value;
}

static inline uint16_t machine_in16(uint16_t port)
{
    uint16_t value;
    __asm__ volatile("inw %1, %0" : "=a"(value) : "Nd"(port));
    return value;
}

static inline uint64_t machine_tsc(void)
{
    uint32_t low, high;
    __asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
    return (uint64_t)high << 32 | low;
}

static inline uint64_t machine_read_msr(uint32_t msr)
{
    uint32_t low, high;
    __asm__ volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(msr) : "memory");
    return (uint64_t)high << 32 | low;
}

static inline void machine_write_msr(uint32_t msr, uint64_t value)
{
    __asm__ volatile("wrmsr" : : "c"(msr), "a"((uint32_t)value), "d"((uint32_t)(value >> 32)) : "memory");
}

struct machine_cpuid {
    uint32_t eax, ebx, ecx, edx;
};

static inline struct machine_cpuid machine_cpuid(uint32_t leaf, uint32_t subleaf)
{
    struct machine_cpuid r;
    __asm__ volatile("cpuid" : "=a"(r.eax), "=b"(r.ebx), "=c"(r.ecx), "=d"(r.edx) : "a"(leaf), "c"(subleaf));
    return r;
}

#endif
