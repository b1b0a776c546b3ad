/*
 * crash.c - exceptions: where the processor goes when something is wrong.
 *
 * All vectors run on a stack of their own (IST 1), so that a stack that has run into its guard page can be
 * reported too.  Nothing returns from an exception: the image is wrong, and says where (report.c).
 */
#include <ukc/machine.h>
#include <ukc/small.h>

#include "image.h"
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

/* Null, 64-bit code, data, and two for the task state; entry.S loads it. */
[[gnu::used]] uint64_t machine_gdt[5] = {0, 0x00209b0000000000, 0x0000930000000000, 0, 0};
static struct task_state task_state;
static struct gate gates[VECTORS];

static void set_gate(unsigned vector, uintptr_t at)
{
    gates[vector] = (struct gate){
        .low = (uint16_t)at, .selector = 8, .attributes = 0x8e01 /* present, interrupt gate, IST 1 */,
        .middle = (uint16_t)(at >> 16), .high = (uint32_t)(at >> 32),
    };
}

void machine_set_vector(unsigned vector, void (*stub)(void))
{
    set_gate(vector, (uintptr_t)stub);
}

void machine_prepare_exceptions(void)
{
    const struct table_pointer table = {sizeof gates - 1, (uintptr_t)gates};
    uint64_t at = (uintptr_t)&task_state;
    task_state.interrupt_stacks[0] = (uintptr_t)exception_stack_top;
    task_state.io_map = sizeof task_state;
    machine_gdt[3] = (sizeof task_state - 1) | (at & 0xffffff) << 16 | 0x89ull << 40 | (at >> 24 & 0xff) << 56;
    machine_gdt[4] = at >> 32;
    for (unsigned i = 0; i < EXCEPTIONS; i++)
        set_gate(i, (uintptr_t)exception_stubs + i * STUB_SIZE);
    __asm__ volatile("ltr %w0\n\tlidt %1" : : "r"(24), "m"(table) : "memory");
}

SMALL_END
