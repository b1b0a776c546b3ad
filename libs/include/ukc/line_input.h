/*
 * line_input.h - input of a console, asked for as bytes or as lines.
 *
 * What has been received and not asked for is kept, so that a line that has not ended at its deadline is not lost. The operations are those of
 * libs/signatures/console.h; a console brings the source. One struct for each console, zeroed at its start.
 */
#ifndef UKC_LINE_INPUT_H
#define UKC_LINE_INPUT_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct line_input {
    char bytes[1024];
    size_t size;
    bool reading;   /* a task is */
    bool terminals; /* '\r' ends a line too: what terminals send */
};

/* At least one byte, at most `size`, which is not 0; returns how many, 0 at the end of input, or a negative errno value. */
typedef ptrdiff_t line_source(void *buffer, size_t size, int64_t deadline);

static inline void line_input_drop(struct line_input *in, size_t size)
{
    in->size -= size;
    memmove(in->bytes, in->bytes + size, in->size);
}

static inline ptrdiff_t line_input_receive(struct line_input *in, line_source *source, void *buffer, size_t size, int64_t deadline)
{
    in->reading = true;
    ptrdiff_t got = source(buffer, size, deadline);
    in->reading = false;
    return got;
}

static inline ptrdiff_t line_input_read(struct line_input *in, line_source *source, void *buffer, size_t size, int64_t deadline)
{
    if (in->reading)
        return -EBUSY;
    if (size == 0)
        return 0;
    if (in->size == 0)
        return line_input_receive(in, source, buffer, size, deadline);
    size = size < in->size ? size : in->size;
    memcpy(buffer, in->bytes, size);
    line_input_drop(in, size);
    return (ptrdiff_t)size;
}

static inline bool line_input_ends(const struct line_input *in, size_t at)
{
    return at < in->size && (in->bytes[at] == '\n' || (in->terminals && in->bytes[at] == '\r'));
}

/* The length of a line, or of a piece of `most` bytes that is not a whole one; false when neither is there yet. */
static inline bool line_input_find(const struct line_input *in, size_t most, size_t *length)
{
    for (*length = 0; *length < in->size; ++*length)
        if (*length == most || line_input_ends(in, *length))
            return true;
    return false;
}

static inline ptrdiff_t line_input_line(struct line_input *in, line_source *source, char *line, size_t size, int64_t deadline)
{
    size_t most = size > 0 && size < sizeof in->bytes ? size - 1 : sizeof in->bytes - 1, length;
    if (in->reading)
        return -EBUSY;
    if (size < 2)
        return -EINVAL;
    while (!line_input_find(in, most, &length)) {
        ptrdiff_t got = line_input_receive(in, source, in->bytes + in->size, sizeof in->bytes - in->size, deadline);
        if (got < 0 || (got == 0 && in->size == 0))
            return got < 0 ? got : -ENODATA;
        if (got == 0)
            break;
        in->size += (size_t)got;
    }
    memcpy(line, in->bytes, length);
    line[length] = '\0';
    line_input_drop(in, length + line_input_ends(in, length));
    return (ptrdiff_t)length;
}

#endif
