/* virtio_console.h - a console by virtio; the contract is libs/signatures/console.h. */
#ifndef VIRTIO_CONSOLE_H
#define VIRTIO_CONSOLE_H

#include <stddef.h>
#include <stdint.h>

int virtio_console_start(void);
void virtio_console_stop(void);
int virtio_console_write(const void *bytes, size_t size);
ptrdiff_t virtio_console_read(void *buffer, size_t size, int64_t deadline);
ptrdiff_t virtio_console_read_line(char *line, size_t size, int64_t deadline);

#endif
