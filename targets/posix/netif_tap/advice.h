/* advice.h - what a person has to do where this process may not; private to this folder. */
#ifndef NETIF_TAP_ADVICE_H
#define NETIF_TAP_ADVICE_H

#include <stdbool.h>

struct advice {
    const char *what;   /* could not be done: a sentence's beginning */
    int error;          /* negative errno value */
    bool device_file;   /* /dev/net/tun is in the way */
    bool remove;        /* a device of that name belongs to somebody else */
    bool make;          /* the device; else it is there and lacks addresses only */
};

/* On standard error: the sentence, and commands that can be copied from there, with the values of this image. */
void advise(const struct advice *);

#endif
