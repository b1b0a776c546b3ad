/* The keys of tasks, as the tests want them. */
#define KEY_STACK 65536
#define KEY_LIMIT 5000
#define KEY_KEEP 64
