/*
 * interrupts.c - sources of interrupts: a vector each for messages, one for all sources of a line.
 *
 * A vector's code notes that it was taken, and no more.  It runs only while the processor is halted or idle_hlt.c opens
 * the window, so nothing here needs a lock.
 */
#include "interrupts.h"

#include <errno.h>
#include <string.h>
#include <ukc/acpi.h>
#include <ukc/device.h>
#include <ukc/machine.h>

#include "apic.h"
#include "idle_hlt.h"

enum { SOURCES = 64, STUB_SIZE = 16, NO_LINE = -1 };

struct idle_hlt_source {
    void *cookie;
    bool claimed, taken;
    uint8_t vector; /* from 0 */
};

static struct idle_hlt_source sources[SOURCES], *sources_end = sources; /* behind the last one that was ever claimed */
static unsigned armed; /* how many have a cookie */

static struct vector {
    unsigned users;
    int64_t line; /* or NO_LINE */
} vectors[SOURCE_VECTORS];

/* What the stubs write. */
[[gnu::used]] uint8_t interrupts_taken[SOURCE_VECTORS]; /* only while idle_hlt.c lets them, behind its barriers */
[[gnu::used]] volatile uint8_t interrupts_any;

/* One stub of 16 bytes for each vector: its number, and what all do (Intel SDM, volume 3, 11.8.5: the end of an interrupt). */
extern const char interrupts_stubs[]; /* not a function of C: with control flow integrity the address of one is that of a jump to it */
__asm__(".pushsection .text.interrupts_stubs, \"ax\", @progbits\n"
        ".balign 16\n"
        ".globl interrupts_stubs, interrupt_end, interrupt_none\n"
        "interrupts_stubs:\n"
        ".set number, 0\n"
        ".rept 30\n"
        "pushq $number\n"
        "jmp interrupt_common\n"
        ".balign 16\n"
        ".set number, number + 1\n"
        ".endr\n"
        "interrupt_common:\n"
        "xchgq %rax, (%rsp)\n"
        "movb $1, interrupts_taken(%rax)\n"
        "movb $1, interrupts_any\n"
        "popq %rax\n"
        "interrupt_end:\n"
        "pushq %rax\n"
        "cmpb $0, apic_is_x2\n"
        "jne 1f\n"
        "movl $0xfee000b0, %eax\n"
        "movl $0, (%rax)\n"
        "popq %rax\n"
        "interrupt_none:\n"
        "iretq\n"
        "1: pushq %rcx\n"
        "pushq %rdx\n"
        "movl $0x80b, %ecx\n"
        "xorl %eax, %eax\n"
        "xorl %edx, %edx\n"
        "wrmsr\n"
        "popq %rdx\n"
        "popq %rcx\n"
        "popq %rax\n"
        "iretq\n"
        ".popsection\n");

static int take_vector(struct idle_hlt_source **out, unsigned vector, int64_t line)
{
    for (struct idle_hlt_source *s = sources; s < sources + SOURCES; s++)
        if (!s->claimed) {
            *s = (struct idle_hlt_source){.claimed = true, .vector = (uint8_t)vector};
            sources_end = s < sources_end ? sources_end : s + 1;
            if (vectors[vector].users++ == 0)
                machine_set_vector(VECTOR_SOURCES + vector, (void (*)(void))((uintptr_t)interrupts_stubs + vector * STUB_SIZE));
            vectors[vector].line = line;
            *out = s;
            return 0;
        }
    return -ENOSPC;
}

static int free_vector(void)
{
    for (int i = 0; i < SOURCE_VECTORS; i++)
        if (vectors[i].users == 0)
            return i;
    return -ENOSPC;
}

/* ---- messages (Intel SDM, volume 3, 11.11) ---- */

int idle_hlt_claim_message(struct idle_hlt_source **source, struct interrupt_message *message)
{
    int vector = free_vector();
    uint32_t id = apic_id();
    if (vector < 0 || id > UINT8_MAX)
        return -ENOSPC;
    *message = (struct interrupt_message){.address = 0xfee00000 | id << 12, .data = VECTOR_SOURCES + (unsigned)vector};
    return take_vector(source, (unsigned)vector, NO_LINE);
}

/* ---- lines (82093AA I/O APIC, 3.1 and 3.2) ---- */

enum {
    SELECT = 0x00, DATA = 0x10, WINDOW = 0x20, IO_APIC_VERSION = 1, IO_APIC_ENTRIES = 16,
    ENTRY_LOW = 1 << 13, ENTRY_LEVEL = 1 << 15, ENTRY_MASKED = 1 << 16, STANDARD = 0xfec00000,
};

static void write_io_apic(volatile uint8_t *registers, unsigned index, uint32_t value)
{
    device_store32(registers + SELECT, index);
    device_store32(registers + DATA, value);
}

/* The controller with the line: its registers, and the line among its own.  NULL: none has it. */
static volatile uint8_t *find_controller(unsigned line, unsigned *own)
{
    struct acpi_io_apic controller;
    unsigned index = 0;
    for (bool said = acpi_io_apic(0, &controller); said || index == 0; said = acpi_io_apic(++index, &controller)) {
        if (!said)
            controller = (struct acpi_io_apic){.address = STANDARD}; /* a machine without tables */
        volatile uint8_t *registers = line >= controller.first_line ? device_map(controller.address, WINDOW) : NULL;
        if (!registers)
            continue;
        device_store32(registers + SELECT, IO_APIC_VERSION);
        *own = line - controller.first_line;
        if (*own <= (device_load32(registers + DATA) >> 16 & 0xff))
            return registers;
    }
    return NULL;
}

/* Whoever shares a line shares its vector, and whether it is triggered by level is the first one's word. */
int interrupts_claim(struct idle_hlt_source **source, const struct acpi_line *line)
{
    unsigned own;
    for (unsigned i = 0; i < SOURCE_VECTORS; i++)
        if (vectors[i].users && vectors[i].line == line->number)
            return take_vector(source, i, line->number);
    int vector = free_vector();
    volatile uint8_t *registers = find_controller(line->number, &own);
    uint32_t id = apic_id();
    if (!registers)
        return -ENODEV;
    if (vector < 0 || id > UINT8_MAX)
        return -ENOSPC;
    int error = take_vector(source, (unsigned)vector, line->number);
    if (error)
        return error;
    write_io_apic(registers, IO_APIC_ENTRIES + 2 * own + 1, id << 24);
    write_io_apic(registers, IO_APIC_ENTRIES + 2 * own, (VECTOR_SOURCES + (unsigned)vector) | (line->low ? ENTRY_LOW : 0) | (line->level ? ENTRY_LEVEL : 0));
    return 0;
}

int idle_hlt_claim_line(struct idle_hlt_source **source, unsigned line)
{
    return interrupts_claim(source, &(struct acpi_line){.number = line});
}

void idle_hlt_release(struct idle_hlt_source *source)
{
    struct vector *vector = &vectors[source->vector];
    unsigned own;
    idle_hlt_arm(source, NULL);
    source->claimed = false;
    if (--vector->users == 0 && vector->line != NO_LINE) {
        volatile uint8_t *registers = find_controller((unsigned)vector->line, &own);
        if (registers)
            write_io_apic(registers, IO_APIC_ENTRIES + 2 * own, ENTRY_MASKED);
    }
}

/* ---- waiting ---- */

bool idle_hlt_taken(struct idle_hlt_source *source)
{
    bool taken = source->taken;
    source->taken = false;
    return taken;
}

void idle_hlt_arm(struct idle_hlt_source *source, void *cookie)
{
    armed += (cookie != NULL) - (source->cookie != NULL);
    source->cookie = cookie;
}

bool interrupts_awaited(unsigned besides)
{
    return armed > besides;
}

/* A source that does not fit into `woken` stays as it is, and so does its vector. */
size_t interrupts_gather(void **woken, size_t capacity)
{
    size_t count = 0;
    if (!interrupts_any)
        return 0;
    interrupts_any = 0;
    for (struct idle_hlt_source *s = sources; s < sources_end; s++) {
        if (!s->claimed || !interrupts_taken[s->vector])
            continue;
        s->taken = true;
        if (!s->cookie)
            continue;
        if (count == capacity) {
            interrupts_any = 1;
            return count; /* with the vectors still noted: whoever was woken has no cookie any more */
        }
        woken[count++] = s->cookie;
        idle_hlt_arm(s, NULL);
    }
    memset(interrupts_taken, 0, sizeof interrupts_taken);
    return count;
}
