/*
 * crash.c - exceptions: where the processor goes when something is wrong.
 *
 * All vectors run on a stack of their own (IST 1), so that a stack that has run into its guard page can be
 * reported too.  Nothing returns from an exception: the image is wrong, and says where (report.c).
 */
#include <ukc/machine.h>
#include <ukc/read_only.h>
#include <ukc/small.h>

#include "image.h"
#include "map.h"
#include "start.h"

SMALL_BEGIN

enum { EXCEPTIONS = 32, VECTORS = 64, STUB_SIZE = 16 };

struct gate {
    uint16_t low, selector, attributes, middle;
    uint32_t high, reserved;
};
struct [[gnu::packed]] task_state {
    uint32_t reserved0;
    uint64_t stacks[3], reserved1, interrupt_stacks[7], reserved2;
    uint16_t reserved3, io_map;
};
struct [[gnu::packed]] table_pointer {
    uint16_t limit;
    uint64_t base;
};
extern const char exception_stubs[];

/* Null, 64-bit code and data: what entry.S begins with. */
[[gnu::used]] const uint64_t machine_gdt[3] = {0, 0x00209b0000000000, 0x0000930000000000};
static uint64_t gdt[5] UKC_READ_ONLY_AFTER_START; /* the same, and two for the task state */
static struct task_state task_state UKC_READ_ONLY_AFTER_START;
static struct gate gates[VECTORS] UKC_READ_ONLY_AFTER_START;

static struct gate gate_to(uintptr_t at)
{
    return (struct gate){
        .low = (uint16_t)at, .selector = 8, .attributes = 0x8e01 /* present, interrupt gate, IST 1 */,
        .middle = (uint16_t)(at >> 16), .high = (uint32_t)(at >> 32),
    };
}

void machine_set_vector(unsigned vector, void (*stub)(void))
{
    struct gate gate = gate_to((uintptr_t)stub);
    machine_write_sealed(&gates[vector], &gate, sizeof gate);
}

void machine_prepare_exceptions(void)
{
    const struct table_pointer table = {sizeof gates - 1, (uintptr_t)gates}, segments = {sizeof gdt - 1, (uintptr_t)gdt};
    uint64_t at = (uintptr_t)&task_state;
    task_state.interrupt_stacks[0] = (uintptr_t)exception_stack_top;
    task_state.io_map = sizeof task_state;
    gdt[1] = machine_gdt[1];
    gdt[2] = machine_gdt[2];
    gdt[3] = (sizeof task_state - 1) | (at & 0xffffff) << 16 | 0x89ull << 40 | (at >> 24 & 0xff) << 56;
    gdt[4] = at >> 32;
    for (unsigned i = 0; i < EXCEPTIONS; i++)
        gates[i] = gate_to((uintptr_t)exception_stubs + i * STUB_SIZE);
    __asm__ volatile("lgdt %2\n\tltr %w0\n\tlidt %1" : : "r"(24), "m"(table), "m"(segments) : "memory");
}

SMALL_END
