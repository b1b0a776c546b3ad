/* The keys of console_posix, as the tests want them. */
#define KEY_OUTPUT 0
#define KEY_OUTPUT_STDOUT 0
#define KEY_OUTPUT_STDERR 1
