/* virtio_rng has no keys. */
