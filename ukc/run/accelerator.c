/*
 * accelerator.c - a trial guest: two million instructions under KVM, against the clock.
 *
 * /dev/kvm being there says little: inside some virtual machines it interprets its guests instruction by
 * instruction, and QEMU's own emulation is faster by far; elsewhere it stops with an internal error.  A
 * processor runs the loop in about a millisecond, TCG in about five.
 *
 * The trial is a process of its own, which is killed when it takes too long: KVM cannot then hold us.  What is
 * found is not kept: a host may be rebooted, moved, or its rights changed between two runs.
 */
#include "accelerator.h"
#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { ROUNDS = 3, LOOPS = 1000000, PATIENCE_MS = 300, FAST_US = 3000, PLACE = 0x1000, PAGE = 4096 };
enum verdict { FAST, SLOW, BROKEN };

static int64_t now_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * INT64_C(1000000) + t.tv_nsec / 1000;
}

/* mov $loops, %ecx; 1: dec %ecx; jnz 1b; hlt: in real mode, which needs no preparation */
static void write_loop(unsigned char *to, uint32_t loops)
{
    static const unsigned char code[] = {0x66, 0xb9, 0, 0, 0, 0, 0x66, 0x49, 0x75, 0xfc, 0xf4};
    memcpy(to, code, sizeof code);
    memcpy(to + 2, &loops, sizeof loops);
}

/* How long it took, or -1. */
static int64_t run_loop(int cpu, const struct kvm_run *run)
{
    struct kvm_regs registers = {.rip = PLACE, .rflags = 2};
    struct kvm_mp_state runnable = {.mp_state = KVM_MP_STATE_RUNNABLE};
    ioctl(cpu, KVM_SET_MP_STATE, &runnable);
    if (ioctl(cpu, KVM_SET_REGS, &registers) != 0)
        return -1;
    int64_t start = now_us();
    if (ioctl(cpu, KVM_RUN, 0) != 0 || run->exit_reason != KVM_EXIT_HLT)
        return -1;
    return now_us() - start;
}

/* The best of some rounds, because a busy host makes a round slower and never faster; -1 when it does not run. */
static int64_t best_time(int cpu, const struct kvm_run *run, unsigned char *memory, uint32_t loops, int64_t enough)
{
    int64_t best = INT64_MAX;
    write_loop(memory, loops);
    for (int k = 0; k < ROUNDS && best > enough; k++) {
        int64_t us = run_loop(cpu, run);
        if (us < 0)
            return -1;
        best = us < best ? us : best;
    }
    return best;
}

/* A short loop first, so that a slow host does not take long to say so. */
static enum verdict measure(int cpu, const struct kvm_run *run, unsigned char *memory)
{
    int64_t us = best_time(cpu, run, memory, LOOPS / 100, FAST_US / 3);
    if (us >= 0 && us <= FAST_US / 3)
        us = best_time(cpu, run, memory, LOOPS, FAST_US);
    return us < 0 ? BROKEN : us <= FAST_US ? FAST : SLOW;
}

static enum verdict try_guest(int kvm)
{
    int vm = ioctl(kvm, KVM_CREATE_VM, 0), size = ioctl(kvm, KVM_GET_VCPU_MMAP_SIZE, 0);
    unsigned char *memory = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (ioctl(kvm, KVM_GET_API_VERSION, 0) != KVM_API_VERSION || vm < 0 || size < (int)sizeof(struct kvm_run) || memory == MAP_FAILED)
        return BROKEN;
    ioctl(vm, KVM_SET_TSS_ADDR, 0xfffbd000ul); /* what processors without real mode for guests need */
    struct kvm_userspace_memory_region region = {.guest_phys_addr = PLACE, .memory_size = PAGE, .userspace_addr = (uintptr_t)memory};
    int cpu = ioctl(vm, KVM_SET_USER_MEMORY_REGION, &region) == 0 ? ioctl(vm, KVM_CREATE_VCPU, 0) : -1;
    struct kvm_run *run = cpu >= 0 ? mmap(NULL, (size_t)size, PROT_READ | PROT_WRITE, MAP_SHARED, cpu, 0) : MAP_FAILED;
    struct kvm_sregs special;
    if (run == MAP_FAILED || ioctl(cpu, KVM_GET_SREGS, &special) != 0)
        return BROKEN;
    special.cs.base = special.cs.selector = 0;
    return ioctl(cpu, KVM_SET_SREGS, &special) == 0 ? measure(cpu, run, memory) : BROKEN;
}

const char *accelerator_kvm_hindrance(const char **remedy)
{
    *remedy = NULL;
    int kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
    if (kvm >= 0) {
        close(kvm);
        return NULL;
    }
    if (errno == EACCES || errno == EPERM) {
        *remedy = "on most systems: sudo usermod -aG kvm \"$USER\", then log in again";
        return "/dev/kvm is not yours to use";
    }
    *remedy = "the module kvm_intel or kvm_amd is not loaded, or the processor's virtualisation is switched off";
    return errno == ENOENT ? "there is no /dev/kvm" : "/dev/kvm cannot be opened";
}

/* The child's answer, or SLOW when it has not come in time. */
static enum verdict answer_of(pid_t child, int from)
{
    struct pollfd wait = {.fd = from, .events = POLLIN};
    unsigned char verdict = BROKEN;
    int64_t end = now_us() + PATIENCE_MS * 1000;
    int ready;
    do {
        int64_t left = (end - now_us()) / 1000;
        ready = poll(&wait, 1, left > 0 ? (int)left : 0);
    } while (ready < 0 && errno == EINTR);
    if (ready == 0)
        verdict = SLOW;
    else if (read(from, &verdict, 1) != 1)
        verdict = BROKEN;
    kill(child, SIGKILL);
    while (waitpid(child, NULL, 0) < 0 && errno == EINTR)
        ;
    return verdict;
}

bool accelerator_kvm_is_faster(const char **why)
{
    static const char *const said[] = {
        [FAST] = "a trial guest ran at the processor's speed",
        [SLOW] = "a trial guest ran slower under KVM than it does without",
        [BROKEN] = "a trial guest did not run",
    };
    const char *remedy;
    int ends[2];
    *why = accelerator_kvm_hindrance(&remedy);
    if (*why)
        return false;
    if (pipe2(ends, O_CLOEXEC) != 0) {
        *why = "there was no trial";
        return false;
    }
    pid_t child = fork();
    if (child == 0) {
        unsigned char verdict = (unsigned char)try_guest(open("/dev/kvm", O_RDWR | O_CLOEXEC));
        _exit(write(ends[1], &verdict, 1) != 1);
    }
    close(ends[1]);
    enum verdict verdict = child < 0 ? BROKEN : answer_of(child, ends[0]);
    close(ends[0]);
    *why = said[verdict];
    return verdict == FAST;
}
