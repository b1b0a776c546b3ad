/*
 * runtime_stack.c - the conformance program (tests/conformance/stack) over the
 * host's stack, started by hand.
 */
#include <stdio.h>

#include "stack_host.h"

int epoll_loop_start(void);
void epoll_loop_stop(void);
int tasks_start(void);
void tasks_stop(void);
int conformance_main(void);

int main(void)
{
    if (epoll_loop_start() != 0 || tasks_start() != 0 || stack_host_start() != 0) {
        printf("cannot start\n");
        return 2;
    }
    int status = conformance_main();
    stack_host_stop();
    tasks_stop();
    epoll_loop_stop();
    return status;
}
