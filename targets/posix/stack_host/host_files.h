/* host_files.h - what the host's files say of name servers and default routers; private to stack_host. */
#ifndef STACK_HOST_HOST_FILES_H
#define STACK_HOST_HOST_FILES_H

#include <stdio.h>

#include "stack.h"

/* Adds what a file says, as long as there is room.  Lines that make no sense are skipped. */
void host_servers(FILE *resolv_conf, struct stack_configuration *now);
/* The default route with the least metric, if there is one. */
void host_router_v4(FILE *route, struct stack_configuration *now);
void host_router_v6(FILE *ipv6_route, struct stack_configuration *now);

#endif
