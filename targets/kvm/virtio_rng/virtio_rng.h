/* virtio_rng.h - noise from the host; the contract is libs/signatures/entropy.h. */
#ifndef VIRTIO_RNG_H
#define VIRTIO_RNG_H

#include <stddef.h>
#include <stdint.h>

int virtio_rng_start(void);
void virtio_rng_stop(void);
ptrdiff_t virtio_rng_gather(void *bytes, size_t size, int64_t deadline);

#endif
