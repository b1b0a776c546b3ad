/* The keys of stack_host, as the tests want them. */
#define KEY_BACKLOG 4096
