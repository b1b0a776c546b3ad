/* random_posix has no keys. */
