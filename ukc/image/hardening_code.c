/*
 * hardening_code.c - instructions that only a hardened image has, counted (see hardening.h).
 *
 * No disassembler: the instructions are long enough not to occur by chance.
 *   64 48 8b 04 25 28 00 00 00   mov %fs:0x28,%rax, to any register; likewise add, sub, xor and cmp
 *   67 0f b9 40 02               ud1 0x2(%eax),%eax: clang's trap; its last byte says of which check, 2 of an indirect call
 *   67 0f b9 00                  ud1 (%eax),%eax: the same of check 0, a sum; a displacement of 0 is not written
 *   0f 20 c0 48 0f ba f0 10 0f 22 c0   mov %cr0,%rax; btr $16,%rax; mov %rax,%cr0: read-only pages can be written (targets/pvh/map.c)
 *   0f ba e3 07, 0f ba e3 14, 0f ba e1 02   bt of the bits of CPUID for SMEP, SMAP and UMIP (targets/pvh/entry.S): all three, or it is chance
 */
#include "hardening.h"
#include <string.h>

enum { READ_SIZE = 9, TRAP_SIZE = 4, TRAP_CALL = 2, TRAP_KINDS = 32, OPEN_SIZE = 11, TEST_SIZE = 4, PROTECTIONS = 3 };

static bool reads_canary(const unsigned char *p)
{
    static const unsigned char from[] = {0x25, 0x28, 0, 0, 0};
    bool takes = p[2] == 0x8b || p[2] == 0x03 || p[2] == 0x2b || p[2] == 0x33 || p[2] == 0x3b;
    return p[0] == 0x64 && (p[1] & 0xfb) == 0x48 && takes && (p[3] & 0xc7) == 0x04 && memcmp(p + 4, from, sizeof from) == 0;
}

/* Of which check the trap is, of the `size` bytes at p that are left; TRAP_KINDS where there is none. */
static unsigned trap_kind(const unsigned char *p, size_t size)
{
    static const unsigned char trap[] = {0x67, 0x0f, 0xb9};
    if (size <= sizeof trap || memcmp(p, trap, sizeof trap) != 0)
        return TRAP_KINDS;
    if (p[3] == 0)
        return 0;
    return p[3] == 0x40 && size > TRAP_SIZE && p[4] < TRAP_KINDS ? p[4] : TRAP_KINDS;
}

static bool opens_tables(const unsigned char *p)
{
    static const unsigned char opens[OPEN_SIZE] = {0x0f, 0x20, 0xc0, 0x48, 0x0f, 0xba, 0xf0, 0x10, 0x0f, 0x22, 0xc0};
    return memcmp(p, opens, sizeof opens) == 0;
}

/* One bit for each of the tests that entry.S makes of the processor. */
static unsigned tests_processor(const unsigned char *p)
{
    static const unsigned char tests[PROTECTIONS][TEST_SIZE] = {{0x0f, 0xba, 0xe3, 7}, {0x0f, 0xba, 0xe3, 20}, {0x0f, 0xba, 0xe1, 2}};
    unsigned found = 0;
    for (unsigned i = 0; i < PROTECTIONS; i++)
        found |= (memcmp(p, tests[i], TEST_SIZE) == 0) << i;
    return found;
}

struct code_facts hardening_code(const struct elf_image *e)
{
    struct code_facts facts = {};
    unsigned tests = 0, kind;
    for (size_t i = 0; i < e->f->segment_count; i++) {
        const Elf64_Phdr *s = &e->f->segments[i];
        if (s->p_type != PT_LOAD || !(s->p_flags & PF_X))
            continue;
        const unsigned char *p = (const unsigned char *)e->s->bytes + s->p_offset, *end = p + s->p_filesz;
        for (; end - p >= TRAP_SIZE; p++) {
            if (*p == 0x0f)
                tests |= tests_processor(p);
            if (end - p >= READ_SIZE && reads_canary(p))
                facts.canaries++;
            else if (end - p >= OPEN_SIZE && opens_tables(p))
                facts.openings++;
            else if ((kind = trap_kind(p, (size_t)(end - p))) < TRAP_KINDS)
                *(kind == TRAP_CALL ? &facts.calls : &facts.arithmetic) += 1;
        }
    }
    facts.supervisor = tests == (1u << PROTECTIONS) - 1;
    return facts;
}
