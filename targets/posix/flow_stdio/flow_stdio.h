/* flow_stdio.h - standard input and output as one byte stream; the contract is libs/signatures/flow.h. */
#ifndef FLOW_STDIO_H
#define FLOW_STDIO_H

#include <stddef.h>
#include <stdint.h>
#include <ukc/view.h>

struct flow_stdio;

int flow_stdio_start(void);
int flow_stdio_open(struct flow_stdio **flow, int64_t deadline);
ptrdiff_t flow_stdio_read(struct flow_stdio *flow, void *buffer, size_t size, int64_t deadline);
ptrdiff_t flow_stdio_write(struct flow_stdio *flow, const struct view *views, size_t count, int64_t deadline);
int flow_stdio_shutdown(struct flow_stdio *flow);
void flow_stdio_close(struct flow_stdio *flow);

#endif
