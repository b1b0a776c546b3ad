/*
 * report.c - what a machine leaves behind that cannot go on: what, where, and who called.
 *
 * Addresses have no names here, so that no image carries a table of them.  What goes to the console goes to a
 * port as well, behind which `ukc run` (ukc/run/crash.c) listens, and resolves them from NAME.debug.
 */
#include <string.h>
#include <ukc/machine.h>
#include <ukc/small.h>
#include <ukc/stack_end.h>

#include "image.h"
#include "start.h"

SMALL_BEGIN

enum { STATUS_CRASHED = 111, REPORT_PORT = 0xe9 /* QEMU's isa-debugcon */, BUILD_ID_HEADER = 16 };

struct frame {
    uint64_t rax, rbx, rcx, rdx, rsi, rdi, rbp, r8, r9, r10, r11, r12, r13, r14, r15;
    uint64_t vector, error, rip, cs, rflags, rsp, ss;
};

/* entry.S calls it. */
[[noreturn]] void machine_crash(const struct frame *);

static void say(const char *s)
{
    machine_print(s, strlen(s));
    for (; *s; s++)
        machine_out8(REPORT_PORT, (uint8_t)*s);
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
    else if (is_between(address, (const char *)page_tables, image_end))
        say(" (page tables)");
    else
        say(f->error & 1 ? " (not permitted)" : " (nothing is there)");
}

static bool is_code(uint64_t address)
{
    return is_between(address, image_start, image_text_end);
}

/* Whether an instruction ends here that calls: one with a distance to code, or through a pointer (Intel SDM, volume 2, CALL). */
static bool is_return(uint64_t address)
{
    enum { LONGEST = 7, SHORTEST = 2 };
    if (!is_code(address) || !is_code(address - LONGEST))
        return false;
    const uint8_t *end = (const uint8_t *)(uintptr_t)address;
    int32_t distance;
    memcpy(&distance, end - 4, sizeof distance);
    if (end[-5] == 0xe8 && is_code(address + (uint64_t)(int64_t)distance))
        return true;
    for (int size = SHORTEST; size <= LONGEST; size++)
        if (end[-size] == 0xff && (end[1 - size] & 0x38) == 0x10)
            return true;
    return false;
}

/*
 * No frame leads to the next one: what is on the stack and is where a call returns to is a caller, or was one before.
 * `ukc run` can tell them apart (ukc/run/crash.c).  Read through the window, which no address makes fault.
 */
static void say_callers(uint64_t rip, uint64_t rsp)
{
    enum { CALLERS = 40, WORDS = 4096 };
    uint64_t word;
    unsigned callers = 0;
    say_hex("\n  at   ", rip);
    rsp &= ~UINT64_C(7);
    for (unsigned n = 0; n < WORDS && callers < CALLERS && machine_read(&word, rsp, sizeof word); n++, rsp += sizeof word) {
        if (word == UKC_STACK_END)
            break;
        if (!is_return(word))
            continue;
        say_hex("\n  from ", word);
        callers++;
    }
}

/* The linker's hash of the image, behind the header of its note: which NAME.debug belongs to it. */
static void say_build(void)
{
    say("\n  build ");
    for (const char *c = build_id + BUILD_ID_HEADER; c < build_id_end; c++) {
        const char digits[] = {"0123456789abcdef"[*c >> 4 & 15], "0123456789abcdef"[*c & 15], '\0'};
        say(digits);
    }
}

[[noreturn]] static void end(void)
{
    say_build();
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
    say_callers(f->rip, f->rsp);
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
    /* its caller has nothing behind the call, where another function may begin */
    say_callers((uintptr_t)__builtin_return_address(0) - 1, (uintptr_t)__builtin_frame_address(0) + 2 * sizeof(uint64_t));
    end();
}

SMALL_END
