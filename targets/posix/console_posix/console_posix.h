/* console_posix.h - standard input and output; the contract is libs/signatures/console.h. */
#ifndef CONSOLE_POSIX_H
#define CONSOLE_POSIX_H

#include <stddef.h>
#include <stdint.h>

int console_posix_start(void);
void console_posix_stop(void);
int console_posix_write(const void *bytes, size_t size);
ptrdiff_t console_posix_read(void *buffer, size_t size, int64_t deadline);
ptrdiff_t console_posix_read_line(char *line, size_t size, int64_t deadline);

#endif
