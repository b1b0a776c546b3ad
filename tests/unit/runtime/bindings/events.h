/* The requirement `events`, bound to epoll_loop for the tests: the signature's operations under its symbols. */
#pragma redefine_extname events_watch epoll_loop_watch
#pragma redefine_extname events_unwatch epoll_loop_unwatch
#pragma redefine_extname events_close epoll_loop_close
#pragma redefine_extname events_ready epoll_loop_ready
#pragma redefine_extname events_exhausted epoll_loop_exhausted
#pragma redefine_extname events_arm epoll_loop_arm
#include "../../../../libs/signatures/events.h"
