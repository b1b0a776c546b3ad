/*
 * apic.h - the local APIC's registers (Intel SDM, volume 3, 11.4.1 and 11.12.1.2): in memory, or as MSRs where the firmware has
 * switched it to x2APIC, from which there is no way back that is worth going.
 */
#ifndef APIC_H
#define APIC_H

#include <stdbool.h>
#include <stdint.h>

enum {
    APIC_ID = 0x20, APIC_END = 0xb0, APIC_SPURIOUS = 0xf0, APIC_TIMER = 0x320, APIC_INITIAL = 0x380, APIC_DIVIDE = 0x3e0,
    APIC_ENABLED = 1 << 8, APIC_BY_SIXTEEN = 3, APIC_TSC_DEADLINE = 2 << 17,
};

/* The vectors behind those of exceptions: the timer, one for each source, what should not have come. */
enum { VECTOR_TIMER = 32, VECTOR_SOURCES = 33, SOURCE_VECTORS = 30, VECTOR_SPURIOUS = 63 };

/* False: its registers cannot be mapped. */
bool apic_open(void);
uint32_t apic_read(unsigned at);
void apic_write(unsigned at, uint32_t value);
/* Its number, as messages and lines name it. */
uint32_t apic_id(void);

#endif
