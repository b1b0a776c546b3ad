/* keys.h - none: what is tested of lwip reads no keys. */
