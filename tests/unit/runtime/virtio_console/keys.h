/* virtio_console has no keys. */
