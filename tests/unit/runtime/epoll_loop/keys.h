/* The keys of epoll_loop, as the tests want them. */
#define KEY_SIGNALS 1
