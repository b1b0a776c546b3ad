/*
 * count.c - a plugin for QEMU that counts the instructions of a guest with one processor.
 *
 *     cc -O2 -shared -fPIC -DPLUGIN_VERSION=1 count.c -o count.so
 *     qemu-system-x86_64 -plugin count.so,to=FILE,at=0x100000,hlt=1,... ...
 *
 * FILE is mapped: its first 8 bytes are the instructions so far, at any moment.  Then comes a count for each event of the
 * command line, in its order: each is looked for when the one before it has happened, and keeps the count of that moment.
 * at=ADDRESS is the execution of an address, hlt=1 that of hlt, out=1 that of a byte to a port, mark=N that of MARK with N (see below).
 *
 * low=ADDRESS,high=ADDRESS: instructions at those addresses are counted once more by themselves, where nothing else is: behind the counts above
 * come the same for those alone.  profile=FILE: FILE is mapped, too: how often the instruction at each address of the range was executed,
 * 8 bytes for each byte of it (guest/profile.py adds them up by function).
 *
 * host_low=ADDRESS,host_high=ADDRESS: where a hypervisor's code is, which enters guests with VMRUN (AMD64 Architecture Programmer's Manual, volume 2,
 * 15.5).  What is executed from there to the next instruction of the hypervisor is counted once more, behind all that is above.
 *
 * Counts are exact but for one instruction, repeat for repeat: "rep stosb" counts each of its bytes.  blocks=1: the instructions of all are counted by
 * whole blocks, as if none was left by a fault, which lets a large guest run several times as fast; those of the range are counted as ever.
 *
 * The declarations are those of QEMU's documented interface, written down here because Debian packages no header.
 */
#include <fcntl.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#ifndef PLUGIN_VERSION
#define PLUGIN_VERSION 1 /* QEMU 7.2 to 8.2; 3 from QEMU 9.1 on */
#endif

struct qemu_plugin_tb;
struct qemu_plugin_insn;
struct qemu_info_t;
typedef uint64_t plugin_id;
typedef void instruction_call(unsigned processor, void *argument);
enum { CALL_READS_NO_REGISTERS = 0, INLINE_ADD = 0 };

extern void qemu_plugin_register_vcpu_tb_trans_cb(plugin_id, void (*)(plugin_id, struct qemu_plugin_tb *));
extern size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *);
extern struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *, size_t);
extern uint64_t qemu_plugin_insn_vaddr(const struct qemu_plugin_insn *);
extern size_t qemu_plugin_insn_size(const struct qemu_plugin_insn *);
extern void qemu_plugin_register_vcpu_insn_exec_cb(struct qemu_plugin_insn *, instruction_call *, int, void *);
#if PLUGIN_VERSION < 3
extern const void *qemu_plugin_insn_data(const struct qemu_plugin_insn *);
#else
extern size_t qemu_plugin_insn_data(const struct qemu_plugin_insn *, void *, size_t);
#endif
#if PLUGIN_VERSION < 2
extern void qemu_plugin_register_vcpu_insn_exec_inline(struct qemu_plugin_insn *, int, void *, uint64_t);
extern void qemu_plugin_register_vcpu_tb_exec_inline(struct qemu_plugin_tb *, int, void *, uint64_t);
#else
extern void qemu_plugin_register_vcpu_tb_exec_cb(struct qemu_plugin_tb *, instruction_call *, int, void *);
#endif

__attribute__((visibility("default"))) int qemu_plugin_version = PLUGIN_VERSION;
int qemu_plugin_install(plugin_id id, const struct qemu_info_t *info, int argc, char **argv);

enum { EVENTS_MOST = 16, LONGEST = 15, MARK_SIZE = 8 };
enum kind { AT, HLT, OUT, MARK_N };

/* nopl 0x756b6300 + N (%rax,%rax): what a guest's program executes to be seen. */
static const unsigned char mark[MARK_SIZE - 1] = {0x0f, 0x1f, 0x84, 0x00};
static const unsigned char mark_end[3] = {0x63, 0x6b, 0x75};

static struct event {
    enum kind kind;
    uint64_t value;
} events[EVENTS_MOST];
static size_t event_count, reached;

static struct {
    uint64_t executed, at[EVENTS_MOST], own, own_at[EVENTS_MOST], guests;
} *counts;

static struct {
    uint64_t low, high, *executed;
} profile;
static struct {
    uint64_t low, high, entered; /* 0: no guest was, of what there was executed then */
} host;
static int by_block;

#if PLUGIN_VERSION >= 2
static void count_one(unsigned processor, void *argument)
{
    (void)processor;
    (*(uint64_t *)argument)++;
}

static void count_several(unsigned processor, void *argument)
{
    (void)processor;
    counts->executed += (uintptr_t)argument;
}
#endif

static void count_block(struct qemu_plugin_tb *tb, size_t size)
{
#if PLUGIN_VERSION < 2
    qemu_plugin_register_vcpu_tb_exec_inline(tb, INLINE_ADD, &counts->executed, size);
#else
    qemu_plugin_register_vcpu_tb_exec_cb(tb, count_several, CALL_READS_NO_REGISTERS, (void *)(uintptr_t)size);
#endif
}

static void happened(unsigned processor, void *argument)
{
    (void)processor;
    if (reached >= event_count || argument != &events[reached])
        return;
    counts->own_at[reached] = counts->own;
    counts->at[reached++] = counts->executed;
}

static void enter_guest(unsigned processor, void *argument)
{
    (void)processor;
    (void)argument;
    host.entered = counts->executed;
}

static void leave_guest(unsigned processor, void *argument)
{
    (void)processor;
    (void)argument;
    if (host.entered)
        counts->guests += counts->executed - host.entered;
    host.entered = 0;
}

static int is_vmrun(const unsigned char *bytes, size_t size)
{
    return size == 3 && bytes[0] == 0x0f && bytes[1] == 0x01 && bytes[2] == 0xd8;
}

static int is_host(uint64_t address)
{
    return address >= host.low && address < host.high;
}

static void count_in(struct qemu_plugin_insn *i, uint64_t *count)
{
#if PLUGIN_VERSION < 2
    qemu_plugin_register_vcpu_insn_exec_inline(i, INLINE_ADD, count, 1);
#else
    qemu_plugin_register_vcpu_insn_exec_cb(i, count_one, CALL_READS_NO_REGISTERS, count);
#endif
}

static void count_instruction(struct qemu_plugin_insn *i)
{
    uint64_t address = qemu_plugin_insn_vaddr(i);
    if (!by_block)
        count_in(i, &counts->executed);
    if (address < profile.low || address >= profile.high)
        return;
    count_in(i, &counts->own);
    if (profile.executed)
        count_in(i, &profile.executed[address - profile.low]);
}

static int is_event(const struct event *e, uint64_t address, const unsigned char *bytes, size_t size)
{
    switch (e->kind) {
    case AT: return address == e->value;
    case HLT: return size == 1 && bytes[0] == 0xf4;
    case OUT: return (size == 1 && bytes[0] == 0xee) || (size == 2 && bytes[0] == 0xf3 && bytes[1] == 0x6e); /* also repeated */
    case MARK_N: return size == MARK_SIZE && !memcmp(bytes, mark, 4) && bytes[4] == e->value && !memcmp(bytes + 5, mark_end, 3);
    }
    return 0;
}

static void translated(plugin_id id, struct qemu_plugin_tb *tb)
{
    (void)id;
    size_t count = qemu_plugin_tb_n_insns(tb);
    if (is_host(qemu_plugin_insn_vaddr(qemu_plugin_tb_get_insn(tb, 0))))
        qemu_plugin_register_vcpu_insn_exec_cb(qemu_plugin_tb_get_insn(tb, 0), leave_guest, CALL_READS_NO_REGISTERS, NULL);
    if (by_block)
        count_block(tb, count);
    for (size_t k = 0; k < count; k++) {
        struct qemu_plugin_insn *i = qemu_plugin_tb_get_insn(tb, k);
        size_t size = qemu_plugin_insn_size(i);
        unsigned char bytes[LONGEST] = {0};
#if PLUGIN_VERSION < 3
        memcpy(bytes, qemu_plugin_insn_data(i), size < LONGEST ? size : LONGEST);
#else
        qemu_plugin_insn_data(i, bytes, LONGEST);
#endif
        count_instruction(i);
        if (is_vmrun(bytes, size) && is_host(qemu_plugin_insn_vaddr(i)))
            qemu_plugin_register_vcpu_insn_exec_cb(i, enter_guest, CALL_READS_NO_REGISTERS, NULL);
        /* what was reached once does not happen again, and need not be looked for */
        for (size_t e = reached; e < event_count; e++)
            if (is_event(&events[e], qemu_plugin_insn_vaddr(i), bytes, size))
                qemu_plugin_register_vcpu_insn_exec_cb(i, happened, CALL_READS_NO_REGISTERS, &events[e]);
    }
}

static void add_event(enum kind kind, const char *value)
{
    if (event_count < EVENTS_MOST)
        events[event_count++] = (struct event){kind, strtoull(value, NULL, 0)};
}

/* A new file of so many zeroes, in memory. NULL: no path, or it cannot be. */
static void *mapped(const char *path, size_t size)
{
    int file = path ? open(path, O_RDWR | O_CREAT | O_TRUNC, 0600) : -1;
    if (file < 0)
        return NULL;
    void *at = ftruncate(file, (off_t)size) == 0 ? mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0) : MAP_FAILED;
    close(file);
    return at == MAP_FAILED ? NULL : at;
}

__attribute__((visibility("default"))) int qemu_plugin_install(plugin_id id, const struct qemu_info_t *info, int argc, char **argv)
{
    const char *to = NULL, *profiled = NULL;
    (void)info;
    for (int k = 0; k < argc; k++)
        if (!strncmp(argv[k], "to=", 3))
            to = argv[k] + 3;
        else if (!strncmp(argv[k], "profile=", 8))
            profiled = argv[k] + 8;
        else if (!strncmp(argv[k], "low=", 4))
            profile.low = strtoull(argv[k] + 4, NULL, 0);
        else if (!strncmp(argv[k], "high=", 5))
            profile.high = strtoull(argv[k] + 5, NULL, 0);
        else if (!strncmp(argv[k], "host_low=", 9))
            host.low = strtoull(argv[k] + 9, NULL, 0);
        else if (!strncmp(argv[k], "host_high=", 10))
            host.high = strtoull(argv[k] + 10, NULL, 0);
        else if (!strncmp(argv[k], "blocks=", 7))
            by_block = atoi(argv[k] + 7);
        else if (!strncmp(argv[k], "at=", 3))
            add_event(AT, argv[k] + 3);
        else if (!strncmp(argv[k], "hlt=", 4))
            add_event(HLT, argv[k] + 4);
        else if (!strncmp(argv[k], "out=", 4))
            add_event(OUT, argv[k] + 4);
        else if (!strncmp(argv[k], "mark=", 5))
            add_event(MARK_N, argv[k] + 5);
    counts = mapped(to, sizeof *counts);
    if (!counts) {
        fprintf(stderr, "count: to=FILE is missing, or FILE cannot be written\n");
        return -1;
    }
    profile.executed = mapped(profiled, (profile.high - profile.low) * sizeof *profile.executed);
    qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
    return 0;
}
