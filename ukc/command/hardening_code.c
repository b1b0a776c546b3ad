/*
 * hardening_code.c - instructions that only a hardened image has, counted (see hardening.h).
 *
 * No disassembler: the instructions are long enough not to occur by chance.
 *   64 48 8b 04 25 28 00 00 00   mov %fs:0x28,%rax, to any register; likewise add, sub, xor and cmp
 *   67 0f b9 40 02               ud1 0x2(%eax),%eax: clang's trap; its last byte says of which check, 2 of an indirect call
 */
#include "hardening.h"
#include <string.h>

enum { READ_SIZE = 9, TRAP_SIZE = 5, TRAP_CALL = 2, TRAP_KINDS = 32 };

static bool reads_canary(const unsigned char *p)
{
    static const unsigned char from[] = {0x25, 0x28, 0, 0, 0};
    bool takes = p[2] == 0x8b || p[2] == 0x03 || p[2] == 0x2b || p[2] == 0x33 || p[2] == 0x3b;
    return p[0] == 0x64 && (p[1] & 0xfb) == 0x48 && takes && (p[3] & 0xc7) == 0x04 && memcmp(p + 4, from, sizeof from) == 0;
}

static bool is_trap(const unsigned char *p)
{
    static const unsigned char trap[] = {0x67, 0x0f, 0xb9, 0x40};
    return memcmp(p, trap, sizeof trap) == 0 && p[4] < TRAP_KINDS;
}

struct code_facts hardening_code(const struct elf_image *e)
{
    struct code_facts facts = {};
    for (size_t i = 0; i < e->segment_count; i++) {
        const Elf64_Phdr *s = &e->segments[i];
        if (s->p_type != PT_LOAD || !(s->p_flags & PF_X))
            continue;
        const unsigned char *p = (const unsigned char *)e->s->bytes + s->p_offset, *end = p + s->p_filesz;
        for (; end - p >= TRAP_SIZE; p++) {
            if (end - p >= READ_SIZE && reads_canary(p))
                facts.canaries++;
            else if (is_trap(p))
                *(p[4] == TRAP_CALL ? &facts.calls : &facts.arithmetic) += 1;
        }
    }
    return facts;
}
