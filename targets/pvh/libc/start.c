/*
 * start.c - the C library's own state, in place of what its start-up reads from a kernel: the first thread, its
 * storage and the canary.  Compiled like a file of the library, with its internal headers.
 *
 * The thread pointer is set already (entry.S).  errno and the canary belong to the machine's only thread: tasks
 * share them, and a task switch is a call, across which no one may expect errno to keep its value.
 */
#include <string.h>
#include <unistd.h>

#include "libc.h"
#include "pthread_impl.h"

extern char thread_pointer[], thread_data[], thread_data_end[], thread_zero_end[];
extern void (*const __init_array_start[])(int, char **, char **), (*const __init_array_end[])(int, char **, char **);
extern int main(int, char **, char **);

_Static_assert(sizeof(struct pthread) <= 512, "image.ld keeps 512 bytes for it");

/*
 * Bits of the canary: from the processor where it has a generator; else from how long CPUID takes, again and again, which
 * under a hypervisor leaves the machine each time, and so depends on all that the host does.
 */
static uint64_t entropy(void)
{
    uint32_t ebx, ecx = 0, edx, low, high;
    uint64_t bits = 0;
    unsigned char ok = 0;
    for (int i = 0; i < 64 && !(ecx >> 30 & 1); i++) {
        uint32_t eax = 1;
        __asm__ volatile("cpuid" : "+a"(eax), "=b"(ebx), "=c"(ecx), "=d"(edx) : "2"(0));
        __asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
        bits = (bits << 7 | bits >> 57) ^ ((uint64_t)high << 32 | low) * 0x9e3779b97f4a7c15;
    }
    for (int i = 0; i < 10 && (ecx >> 30 & 1) && !ok; i++) {
        uint64_t word;
        __asm__ volatile("rdrand %0\n\tsetc %1" : "=r"(word), "=qm"(ok) : : "cc");
        bits ^= word;
    }
    return bits;
}

/* Variant II: the storage ends at the thread pointer; image.ld aligns both to 64 bytes. */
static void place_thread_storage(void)
{
    size_t size = (size_t)(thread_zero_end - thread_data), data = (size_t)(thread_data_end - thread_data);
    memcpy(thread_pointer - ((size + 63) & ~(size_t)63), thread_data, data);
}

static void start_thread(void)
{
    struct pthread *self = (struct pthread *)thread_pointer;
    self->self = self->next = self->prev = self;
    self->detach_state = DT_JOINABLE;
    self->tid = 1;
    self->locale = &libc.global_locale;
    self->robust_list.head = &self->robust_list.head;
}

_Noreturn void library_start(int argc, char **argv)
{
    static char *environment[1];
    static size_t auxiliary[2];
    uint64_t random = entropy();
    place_thread_storage();
    start_thread();
    libc.auxv = auxiliary;
    libc.page_size = 4096;
    __environ = environment;
    __progname = __progname_full = argv[0];
    __init_ssp(&random);
    for (void (*const *f)(int, char **, char **) = __init_array_start; f < __init_array_end; f++)
        (*f)(argc, argv, environment);
    exit(main(argc, argv, environment));
}
