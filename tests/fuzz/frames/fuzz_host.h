/* fuzz_host.h - the outside of an image in a fuzzer; the contracts are fuzz_actions.h, fuzz_cable.h, idle.h, clock.h, random.h and console.h. */
#ifndef FUZZ_HOST_H
#define FUZZ_HOST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "world.h"

bool fuzz_host_get(struct action *action);
void fuzz_host_notify(void *cookie);
void fuzz_host_await(void *cookie);

/* Also stands for console_write and console_read's end of input. */
int fuzz_host_write(const void *bytes, size_t size);
ptrdiff_t fuzz_host_read(void *buffer, size_t size, int64_t deadline);
ptrdiff_t fuzz_host_read_line(char *line, size_t size, int64_t deadline);

int fuzz_host_wait(int64_t deadline, void **woken, size_t capacity);

int64_t fuzz_host_now(void);
int64_t fuzz_host_wall(void);
int64_t fuzz_host_resolution(void);

void fuzz_host_fill(void *bytes, size_t size);

#endif
