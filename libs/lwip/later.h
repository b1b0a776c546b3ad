/*
 * later.h - what tasks wrote is sent when they have done so: after the turn of the task, not within lwip_write.
 *
 * So the end of a connection that is closed behind its last bytes travels with these, and the peer does not end it first; and what several
 * tasks wrote in a row goes out together.
 */
#ifndef LWIP_LATER_H
#define LWIP_LATER_H

struct lwip_flow;

/* Has what was written to the flow sent soon. */
void later_send(struct lwip_flow *flow);

/* The flow is about to be no more. */
void later_forget(struct lwip_flow *flow);

/* Sends, in a task of its own until that is cancelled. */
void later_run(void *unused);

#endif
