/* keys.h - of the instance that is tested. */
#define KEY_STOP_TIME 2
