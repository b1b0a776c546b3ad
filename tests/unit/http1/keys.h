/* The keys of http1 as a configuration would give them, small where a test wants to reach a limit. */
#ifndef KEY_IDLE
#define KEY_CONNECTIONS 4
#define KEY_REQUESTS 50
#define KEY_HEADER_BYTES 2048
#define KEY_HEADERS 16
#define KEY_TARGET_BYTES 512
#define KEY_BODY_BYTES 65536
#define KEY_OUT_BYTES 16384
#define KEY_STACK_BYTES 65536
#define KEY_IDLE 60
#define KEY_HEADER_TIME 10
#define KEY_BODY_TIME 30
#define KEY_SEND_TIME 30
#define KEY_STOP_TIME 5
#define KEY_SERVER ""
#endif
