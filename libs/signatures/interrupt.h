/*
 * interrupt.h - interrupts of devices, as something that tasks wait for.
 *
 * No code of a driver runs in an interrupt, and none is taken while tasks run: only idle_wait lets them in.  A source
 * is claimed once, for the life of a device.  The pattern is that of events.h: look at the device; if there is
 * nothing, arm with the calling task as cookie, park, look again.  Arming is a store in memory.  No interrupt is
 * lost between the look and the arming, because one that comes then stays pending until a task parks.
 *
 * An interrupt that was taken while its source was not armed wakes nobody; interrupt_taken tells of it.  A device whose line stays
 * raised until the driver has answered it has to be answered then, before the driver looks.
 *
 * Ownership: a source belongs to the caller until interrupt_release; cookies are only handed back, through
 * idle_wait.  Errors are negative errno values.
 */
#ifndef INTERRUPT_H
#define INTERRUPT_H

#include <stdbool.h>
#include <stdint.h>

struct interrupt_source;

/* What a device writes, and where, to interrupt (PCI 3.0, 6.8: MSI and MSI-X). */
struct interrupt_message {
    uint64_t address;
    uint32_t data;
};

/* Claims a source for a device that sends messages.  -ENOSPC: no vector is left. */
int interrupt_claim_message(struct interrupt_source **source, struct interrupt_message *message);

/*
 * Claims a line, by its number among all interrupt controllers (ACPI 6.4, 5.2.13: a global system interrupt).  It is
 * edge-triggered and active high.  Several sources may share a line: each interrupt is for all of them.
 * -ENODEV: no controller has that line; -ENOSPC.
 */
int interrupt_claim_line(struct interrupt_source **source, unsigned line);

/* Forgets the source; the device has to be silent by then.  An armed cookie is not handed back any more. */
void interrupt_release(struct interrupt_source *source);

/* Whether an interrupt was taken since the last call. */
bool interrupt_taken(struct interrupt_source *source);

/* The next interrupt hands back `cookie`, once.  NULL: no longer wanted. */
void interrupt_arm(struct interrupt_source *source, void *cookie);

#endif
