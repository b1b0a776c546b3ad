/* The keys of log_console, as the tests want them. */
extern int test_log_level; /* as a key that is read at boot */
#define KEY_LEVEL test_log_level
#define KEY_TIME 2
#define KEY_TIME_NONE 0
#define KEY_TIME_UPTIME 1
#define KEY_TIME_UTC 2
