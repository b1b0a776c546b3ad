/*
 * context.h - the place where a task is: its stack and its saved registers.
 *
 * AddressSanitizer, LeakSanitizer and valgrind are told about every stack and every
 * switch; without them this costs nothing (valgrind: six instructions per
 * stack, none per switch).
 */
#ifndef TASKS_CONTEXT_H
#define TASKS_CONTEXT_H

#include <stdbool.h>
#include <stddef.h>

struct context {
    void *pointer;      /* of the stack, while another context runs */
    const void *bottom; /* lowest address and size of the stack; of the first context only learnt (and needed) under ASan */
    size_t size;
    void *fake_stack;   /* ASan's */
    unsigned long registered; /* valgrind's number of the stack */
};

/* Prepares a context that will run `function` on the stack; function must never return, and must first call context_entered. */
void context_create(struct context *, void *bottom, size_t size, void (*function)(void));
/* Before the memory of its stack is given back. */
void context_destroy(struct context *);
/* Goes from the running context to another and returns when somebody comes back; errno stays with its context. */
void context_switch(struct context *from, struct context *to);
/* The same, never to come back; the stack may be reused at once. */
_Noreturn void context_leave(struct context *from, struct context *to);
/* First thing in a new context. */
void context_entered(void);

/*
 * After that, in the same function: to debuggers and unwinders nobody has called it (DWARF 4, 6.4.1: a
 * return address without a value ends a backtrace).  Where the compiler writes no tables there is nothing to say.
 */
#if defined(__GCC_HAVE_DWARF2_CFI_ASM) && defined(__x86_64__)
#define CONTEXT_FIRST_FRAME() __asm__ volatile(".cfi_undefined rip")
#elif defined(__GCC_HAVE_DWARF2_CFI_ASM) && defined(__aarch64__)
#define CONTEXT_FIRST_FRAME() __asm__ volatile(".cfi_undefined x30")
#else
#define CONTEXT_FIRST_FRAME() ((void)0)
#endif

#endif
