/* interrupts.h - what idle_hlt.c asks of interrupts.c. */
#ifndef INTERRUPTS_H
#define INTERRUPTS_H

#include <stdbool.h>
#include <stddef.h>
#include <ukc/acpi.h>

/* Notes what was taken, and stores cookies of who waited for it; how many. */
size_t interrupts_gather(void **woken, size_t capacity);
/* Whether more than so many wait for one. */
bool interrupts_awaited(unsigned besides);
/* Code for vectors: the end of an interrupt, and of one that has none (spurious). */
void interrupt_end(void);
void interrupt_none(void);

/* A source for a line of which it is known how it is triggered. */
struct idle_hlt_source;
int interrupts_claim(struct idle_hlt_source **source, const struct acpi_line *line);

#endif
