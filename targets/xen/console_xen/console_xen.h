/* console_xen.h - the domain's console; the contract is libs/signatures/console.h. */
#ifndef CONSOLE_XEN_H
#define CONSOLE_XEN_H

#include <stddef.h>
#include <stdint.h>

int console_xen_start(void);
int console_xen_write(const void *bytes, size_t size);
ptrdiff_t console_xen_read(void *buffer, size_t size, int64_t deadline);
ptrdiff_t console_xen_read_line(char *line, size_t size, int64_t deadline);

#endif
