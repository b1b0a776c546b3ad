/* clock_posix has no keys. */
