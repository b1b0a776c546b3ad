/* The requirement `idle`, bound to epoll_loop for the tests: the signature's operations under its symbols. */
#pragma redefine_extname idle_wait epoll_loop_wait
#include "../../../../libs/signatures/idle.h"
