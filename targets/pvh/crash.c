/*
 * crash.c - exceptions, and the report that a machine leaves behind.
 *
 * All vectors run on a stack of their own (IST 1), so that a stack that has run into its guard page can be
 * reported too.  Nothing returns from an exception: the image is wrong, and says where.
 */
#include <string.h>
#include <ukc/machine.h>
#include <ukc/small.h>

#include "image.h"
#include "start.h"

SMALL_BEGIN

enum { EXCEPTIONS = 32, VECTORS = 48, STUB_SIZE = 16, STATUS_CRASHED = 111 };

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
struct frame {
    uint64_t rax, rbx, rcx, rdx, rsi, rdi, rbp, r8, r9, r10, r11, r12, r13, r14, r15;
    uint64_t vector, error, rip, cs, rflags, rsp, ss;
};

extern const char exception_stubs[];
/* entry.S calls it. */
[[noreturn]] void machine_crash(const struct frame *);

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

/* ---- the report ---- */

static void say(const char *s)
{
    machine_print(s, strlen(s));
}

static void say_hex(const char *name, uint64_t n)
{
    char digits[17];
    for (int i = 15; i >= 0; i--, n >>= 4)
        digits[i] = "0123456789abcdef"[n & 15];
    digits[16] = '\0';
    say(name);
    say(digits);
}

static const char *const names[] = {
    [0] = "division error", [1] = "debug", [2] = "non-maskable interrupt", [3] = "breakpoint", [4] = "overflow",
    [5] = "bound exceeded", [6] = "invalid instruction", [7] = "no floating-point unit", [8] = "double fault",
    [10] = "invalid task state", [11] = "segment not present", [12] = "stack segment fault", [13] = "general protection",
    [14] = "page fault", [16] = "floating-point error", [17] = "alignment", [18] = "machine check",
    [19] = "vector floating-point error", [21] = "control protection",
};

static bool is_between(uint64_t address, const char *from, const char *to)
{
    return address >= (uintptr_t)from && address < (uintptr_t)to;
}

/* What a page fault means, in words. */
static void explain_fault(const struct frame *f, uint64_t address)
{
    say(f->error & 16 ? ": executing " : f->error & 2 ? ": writing " : ": reading ");
    say_hex("", address);
    if (address < MACHINE_PAGE)
        say(" (null)");
    else if (is_between(address, stack_bottom - MACHINE_PAGE, stack_bottom))
        say(" (the stack is full)");
    else
        say(f->error & 1 ? " (not permitted)" : " (nothing is there)");
}

/* Frame pointers lead to the callers, as long as they point into the stack in use and upwards. */
static void say_callers(uint64_t rip, uint64_t rbp)
{
    say_hex("\n  at   ", rip);
    for (int depth = 0; depth < 32 && rbp % 8 == 0 && is_between(rbp, stack_bottom, stack_top - 15); depth++) {
        const uint64_t *caller = (const uint64_t *)(uintptr_t)rbp;
        if (!is_between(caller[1], image_start, image_text_end) || caller[0] <= rbp)
            break;
        say_hex("\n  from ", caller[1]);
        rbp = caller[0];
    }
}

[[noreturn]] static void end(void)
{
    say("\n");
    machine_end(STATUS_CRASHED);
}

[[gnu::used, noreturn]] void machine_crash(const struct frame *f)
{
    static const char *const registers[] = {"rax ", "rbx ", "rcx ", "rdx ", "rsi ", "rdi ", "rbp ", "r8  ",
                                            "r9  ", "r10 ", "r11 ", "r12 ", "r13 ", "r14 ", "r15 "};
    static bool crashed;
    if (crashed)
        machine_end(STATUS_CRASHED);
    crashed = true;
    uint64_t address;
    __asm__ volatile("movq %%cr2, %0" : "=r"(address));
    const char *name = f->vector < sizeof names / sizeof names[0] ? names[f->vector] : NULL;
    say("\ncrash: ");
    say(name ? name : "unknown exception");
    if (f->vector == 14)
        explain_fault(f, address);
    else
        say_hex(", error code ", f->error);
    say_callers(f->rip, f->rbp);
    for (unsigned i = 0; i < sizeof registers / sizeof registers[0]; i++) {
        say(i % 4 == 0 ? "\n  " : "  ");
        say_hex(registers[i], (&f->rax)[i]);
    }
    say_hex("  rsp ", f->rsp);
    say_hex("\n  rflags ", f->rflags);
    end();
}

void machine_panic(const char *why)
{
    say("\nimpossible: ");
    say(why);
    end();
}

SMALL_END
