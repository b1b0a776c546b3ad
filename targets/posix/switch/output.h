/*
 * output.h - what hosts write to standard output and standard error.
 *
 * All write to one file in memory, which never makes them wait.  One host runs at a
 * time, so what is in it after a turn is that host's.
 */
#ifndef SWITCH_OUTPUT_H
#define SWITCH_OUTPUT_H

#include <stdbool.h>
#include <stdint.h>

/* The descriptor for the hosts, or -1 after a message. */
int output_open(bool quiet);
/* Shows what has been written since the last call, each line with the host's number. */
void output_show(uint32_t host);

#endif
