/*
 * entropy.h - bytes from a physical source of noise, for whoever seeds `random` and for nobody else.
 *
 * The bytes are hard to predict for who stands outside, yet neither uniform nor tested: they are to be mixed with
 * others by a cryptographic hash before they are used.
 *
 * Errors are negative errno values.
 */
#ifndef ENTROPY_H
#define ENTROPY_H

#include <stddef.h>
#include <stdint.h>

/*
 * Waits for noise; returns how many bytes there are, from 1 to `size`.  -ETIMEDOUT, -ECANCELED, -EBUSY when another task is
 * gathering, -EIO: the source is broken, for good.
 */
ptrdiff_t entropy_gather(void *bytes, size_t size, int64_t deadline);

#endif
