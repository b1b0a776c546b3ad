/*
 * flow.h - one byte stream in both directions, to somewhere the configuration says.
 *
 * Where it leads is the implementation's business (standard input and
 * output, a TCP connection to a configured address): the program only opens it.
 *
 * Ownership: flow_open gives a flow, flow_close takes it, whatever its state.
 * At most one task reads a flow and one writes it at a time; another gets -EBUSY.
 *
 * Errors are negative errno values; -ETIMEDOUT and -ECANCELED as everywhere.
 */
#ifndef FLOW_H
#define FLOW_H

#include <stddef.h>
#include <stdint.h>
#include <ukc/view.h>

struct flow;

/* -EBUSY when only one can be open at a time and one is. */
int flow_open(struct flow **flow, int64_t deadline);

/* At least one byte, at most `size`: how many; 0 at the end of the stream. */
ptrdiff_t flow_read(struct flow *flow, void *buffer, size_t size, int64_t deadline);

/*
 * Writes the views in order and returns the number of bytes taken: all of them, or fewer when the deadline passed,
 * the task was cancelled or the flow failed after some were taken; an error when none was.
 */
ptrdiff_t flow_write(struct flow *flow, const struct view *views, size_t count, int64_t deadline);

/* Ends the outgoing direction: the other side reads the end of the stream.  Reading goes on. */
int flow_shutdown(struct flow *flow);

void flow_close(struct flow *flow);

#endif
