/*
 * context.c - switching stacks.
 *
 * What a called function must preserve is what is saved: on x86-64 rbx, rbp,
 * r12 to r15, and the control bits of MXCSR and the x87 control word (System V
 * ABI, AMD64 supplement, 3.2.1); on aarch64 x19 to x30, d8 to d15 (AAPCS64, 6.1)
 * and FPCR.  The compiler has already saved the rest around the call.
 */
#include "context.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <ukc/stack_end.h>

#if defined(__SANITIZE_ADDRESS__)
#define ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ASAN 1
#endif
#endif
#ifndef ASAN
#define ASAN 0
#endif

#if ASAN
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#include <sanitizer/lsan_interface.h>
#endif

#ifdef __clang__
#define NAKED __attribute__((naked, noinline))
#else
#define NAKED __attribute__((naked, noinline, noipa))
#endif

#if defined(__x86_64__)

/* store: where to leave the old stack pointer (rdi); load: the new one (rsi) */
NAKED static void swap_stacks(void ** /*store*/, void * /*load*/)
{
    __asm__("pushq %rbp\n\t"
            "pushq %rbx\n\t"
            "pushq %r12\n\t"
            "pushq %r13\n\t"
            "pushq %r14\n\t"
            "pushq %r15\n\t"
            "subq $8, %rsp\n\t"
            "stmxcsr (%rsp)\n\t"
            "fnstcw 4(%rsp)\n\t"
            "movq %rsp, (%rdi)\n\t"
            "movq %rsi, %rsp\n\t"
            "ldmxcsr (%rsp)\n\t"
            "fldcw 4(%rsp)\n\t"
            "addq $8, %rsp\n\t"
            "popq %r15\n\t"
            "popq %r14\n\t"
            "popq %r13\n\t"
            "popq %r12\n\t"
            "popq %rbx\n\t"
            "popq %rbp\n\t"
            "ret");
}

struct frame {
    uint32_t mxcsr;
    uint16_t x87, unused;
    uint64_t r15, r14, r13, r12, rbx, rbp;
    void (*returns_to)(void);
    uint64_t caller; /* 0: the end of every backtrace */
    uint64_t end[2];
};

/* The floating-point environment is inherited from the creating task. */
static void *first_frame(char *top, void (*function)(void))
{
    struct frame *frame = (struct frame *)top - 1;
    *frame = (struct frame){.returns_to = function, .end = {UKC_STACK_END, UKC_STACK_END}};
    __asm__ volatile("stmxcsr %0\n\tfnstcw %1" : "=m"(frame->mxcsr), "=m"(frame->x87));
    return frame;
}

#elif defined(__aarch64__)

NAKED static void swap_stacks(void ** /*store*/, void * /*load*/)
{
    __asm__("sub sp, sp, #176\n\t"
            "stp x19, x20, [sp, #0]\n\t"
            "stp x21, x22, [sp, #16]\n\t"
            "stp x23, x24, [sp, #32]\n\t"
            "stp x25, x26, [sp, #48]\n\t"
            "stp x27, x28, [sp, #64]\n\t"
            "stp x29, x30, [sp, #80]\n\t"
            "stp d8, d9, [sp, #96]\n\t"
            "stp d10, d11, [sp, #112]\n\t"
            "stp d12, d13, [sp, #128]\n\t"
            "stp d14, d15, [sp, #144]\n\t"
            "mrs x2, fpcr\n\t"
            "str x2, [sp, #160]\n\t"
            "mov x2, sp\n\t"
            "str x2, [x0]\n\t"
            "mov sp, x1\n\t"
            "ldr x2, [sp, #160]\n\t"
            "msr fpcr, x2\n\t"
            "ldp x19, x20, [sp, #0]\n\t"
            "ldp x21, x22, [sp, #16]\n\t"
            "ldp x23, x24, [sp, #32]\n\t"
            "ldp x25, x26, [sp, #48]\n\t"
            "ldp x27, x28, [sp, #64]\n\t"
            "ldp x29, x30, [sp, #80]\n\t"
            "ldp d8, d9, [sp, #96]\n\t"
            "ldp d10, d11, [sp, #112]\n\t"
            "ldp d12, d13, [sp, #128]\n\t"
            "ldp d14, d15, [sp, #144]\n\t"
            "add sp, sp, #176\n\t"
            "ret");
}

struct frame {
    uint64_t x19_to_x28[10], x29;
    void (*x30)(void);
    uint64_t d8_to_d15[8];
    uint64_t fpcr, unused;
};

static void *first_frame(char *top, void (*function)(void))
{
    struct frame *frame = (struct frame *)top - 1;
    *frame = (struct frame){.x30 = function};
    __asm__ volatile("mrs %0, fpcr" : "=r"(frame->fpcr));
    return frame;
}

#else
#error "tasks: no context switch for this processor"
#endif

/*
 * Valgrind's client requests: a sequence of rotations without effect that it
 * recognises, with the request's address in rax (valgrind manual, "The Client
 * Request mechanism").  Its header is not used: what an image is made of must not
 * depend on whether the host has it.
 */
static unsigned long valgrind_request(unsigned long request, uintptr_t first, uintptr_t second)
{
    unsigned long result = 0;
#if defined(__x86_64__)
    volatile uint64_t arguments[6] = {request, first, second, 0, 0, 0};
    __asm__ volatile("rolq $3, %%rdi\n\trolq $13, %%rdi\n\trolq $61, %%rdi\n\trolq $51, %%rdi\n\txchgq %%rbx, %%rbx"
                     : "=d"(result)
                     : "a"(&arguments[0]), "0"(0UL)
                     : "cc", "memory");
#else
    (void)request, (void)first, (void)second;
#endif
    return result;
}
enum { STACK_REGISTER = 0x1501, STACK_DEREGISTER = 0x1502 };

void context_create(struct context *context, void *bottom, size_t size, void (*function)(void))
{
    bool known = context->bottom == bottom;
    char *top = (char *)bottom + (size & ~(size_t)15);
    if (!known)
        *context = (struct context){
            .bottom = bottom,
            .size = size,
            .registered = valgrind_request(STACK_REGISTER, (uintptr_t)bottom, (uintptr_t)bottom + size),
        };
#if ASAN
    if (!known)
        __lsan_register_root_region(bottom, size);
    __asan_unpoison_memory_region(bottom, size); /* the frames of an ended task were never left */
#endif
    context->pointer = first_frame(top, function);
}

void context_destroy(struct context *context)
{
    valgrind_request(STACK_DEREGISTER, context->registered, 0);
#if ASAN
    __lsan_unregister_root_region(context->bottom, context->size);
#endif
}

#if ASAN
static struct context *came_from;

static void arrived(void *fake_stack)
{
    const void *bottom;
    size_t size;
    __sanitizer_finish_switch_fiber(fake_stack, &bottom, &size);
    if (!came_from->bottom) {
        came_from->bottom = bottom;
        came_from->size = size;
    }
}
#endif

void context_switch(struct context *from, struct context *to)
{
    int saved = errno;
#if ASAN
    came_from = from;
    __sanitizer_start_switch_fiber(&from->fake_stack, to->bottom, to->size);
#endif
    swap_stacks(&from->pointer, to->pointer);
#if ASAN
    arrived(from->fake_stack);
#endif
    errno = saved;
}

_Noreturn void context_leave(struct context *from, struct context *to)
{
#if ASAN
    came_from = from;
    __sanitizer_start_switch_fiber(NULL, to->bottom, to->size);
#endif
    swap_stacks(&from->pointer, to->pointer);
    abort();
}

void context_entered(void)
{
#if ASAN
    arrived(NULL);
#endif
    errno = 0;
}
