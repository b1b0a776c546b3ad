/*
 * conformance.h - the checks of a flow; whoever is at its other end sends back what it reads, and ends when it has read the end.
 */
#ifndef CONFORMANCE_H
#define CONFORMANCE_H

/* Prints a line per check to standard error (standard output may be the flow), and "N passed, N failed": 1 if any failed. */
int flow_conformance(void);

#endif
