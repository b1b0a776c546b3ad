/*
 * message.h - Lua's error messages as diagnostics with a place.
 *
 * Lua says "#7:12: attempt to index a nil value (local 'x')": chunks are
 * named by number, and there is no column.  The column is that of the word
 * the message quotes, on its line.
 */
#ifndef UKC_MESSAGE_H
#define UKC_MESSAGE_H

#include "scan.h"

/* Splits "#7:12: rest": returns the rest, and the numbers; they stay as they are when there is no such prefix. */
const char *message_prefix(const char *message, uint32_t *chunk, uint32_t *line);

/* An error at run time. */
void message_runtime(struct arena *, const struct scan *, uint32_t line, const char *message, struct diag *);

/*
 * A syntax error.  `same(context, size)` tells if the first `size` bytes alone
 * give the same message: that finds the token among equal ones on its line.
 */
void message_syntax(struct arena *, const struct scan *, uint32_t line, const char *message,
                    bool (*same)(void *context, size_t size), void *context, struct diag *);

#endif
