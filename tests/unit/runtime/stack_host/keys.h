/* The keys of stack_host, as the tests want them. */
#define KEY_BACKLOG 4096
#define KEY_RESOLV_CONF "/etc/resolv.conf"
