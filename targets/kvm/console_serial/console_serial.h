/* console_serial.h - the first serial line (16550); the contract is libs/signatures/console.h. */
#ifndef CONSOLE_SERIAL_H
#define CONSOLE_SERIAL_H

#include <stddef.h>
#include <stdint.h>

int console_serial_start(void);
int console_serial_write(const void *bytes, size_t size);
ptrdiff_t console_serial_read(void *buffer, size_t size, int64_t deadline);
ptrdiff_t console_serial_read_line(char *line, size_t size, int64_t deadline);

#endif
