/* pages_posix has no keys. */
