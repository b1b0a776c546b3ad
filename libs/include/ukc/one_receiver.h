/*
 * one_receiver.h - one task receives at a time, as netif.h promises.
 */
#ifndef UKC_ONE_RECEIVER_H
#define UKC_ONE_RECEIVER_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* `receive`, unless a task is in it already: -EBUSY.  One `receiving` for each interface, false at its start. */
static inline ptrdiff_t one_receiver(bool *receiving, ptrdiff_t (*receive)(void *, size_t, int64_t), void *frame, size_t size, int64_t deadline)
{
    if (*receiving)
        return -EBUSY;
    *receiving = true;
    ptrdiff_t got = receive(frame, size, deadline);
    *receiving = false;
    return got;
}

#endif
