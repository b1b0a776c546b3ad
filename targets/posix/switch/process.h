/* process.h - the processes of hosts. */
#ifndef SWITCH_PROCESS_H
#define SWITCH_PROCESS_H

#include <stdint.h>
#include <sys/types.h>

/*
 * Starts image with arguments (separated by blanks, cut in place), no input, `output` as both outputs and `link` as the socket to
 * the switch.  The process dies with its parent, and its addresses are not random.  -1 with errno.
 */
pid_t process_start(const char *image, char *arguments, int link, int output);

/* Waits until it ends, at most so long, and then kills it; its wait status, or -1 when it had to be killed. */
int process_wait(pid_t process, int64_t patience);

#endif
