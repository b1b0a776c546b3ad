/* The keys of the conformance program, smaller than by default so that sanitizers keep up. */
#define KEY_MEGABYTES 20
#define KEY_CONNECTIONS 1000
#define KEY_TOGETHER 1000
#define KEY_ONLY ""
