/* The requirement `stack`, bound to stack_host for the tests: the signature's operations under its symbols. */
#pragma redefine_extname stack_configuration stack_host_configuration
#pragma redefine_extname stack_ready stack_host_ready
#pragma redefine_extname stack_listen stack_host_listen
#pragma redefine_extname stack_listener_local stack_host_listener_local
#pragma redefine_extname stack_accept stack_host_accept
#pragma redefine_extname stack_unlisten stack_host_unlisten
#pragma redefine_extname stack_connect stack_host_connect
#pragma redefine_extname stack_read stack_host_read
#pragma redefine_extname stack_write stack_host_write
#pragma redefine_extname stack_shutdown stack_host_shutdown
#pragma redefine_extname stack_close stack_host_close
#pragma redefine_extname stack_abort stack_host_abort
#pragma redefine_extname stack_local stack_host_local
#pragma redefine_extname stack_peer stack_host_peer
#pragma redefine_extname stack_udp_open stack_host_udp_open
#pragma redefine_extname stack_udp_local stack_host_udp_local
#pragma redefine_extname stack_udp_send stack_host_udp_send
#pragma redefine_extname stack_udp_receive stack_host_udp_receive
#pragma redefine_extname stack_udp_close stack_host_udp_close
#include "../../../../libs/signatures/stack.h"
