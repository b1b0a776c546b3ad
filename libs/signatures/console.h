/*
 * console.h - the operator's text channel: standard input and output of a
 * process, the serial line of a machine.
 *
 * Bytes pass unchanged; a line ends with '\n'.  Output is in order and
 * nothing is buffered: when console_write returns, the bytes have left the
 * image.  Input belongs to one task at a time.
 *
 * Errors are negative errno values.  -EPIPE: nobody reads any more.
 */
#ifndef CONSOLE_H
#define CONSOLE_H

#include <stddef.h>
#include <stdint.h>

/* Writes all bytes; 0, or an error after which some may have been written. */
int console_write(const void *bytes, size_t size);

/*
 * Reads at least one byte, at most `size`; returns how many, 0 at the end of
 * input, -ETIMEDOUT, -ECANCELED, -EBUSY when another task is reading.
 */
ptrdiff_t console_read(void *buffer, size_t size, int64_t deadline);

/*
 * Reads a line into `line`, without its '\n', and ends it with a zero byte.
 * Returns its length, or -ENODATA at the end of input, -ETIMEDOUT,
 * -ECANCELED, -EBUSY.  A line longer than size - 1 bytes is returned in
 * pieces.  An unfinished last line counts as a line.  After -ETIMEDOUT what
 * has arrived so far is kept for the next call.
 */
ptrdiff_t console_read_line(char *line, size_t size, int64_t deadline);

#endif
