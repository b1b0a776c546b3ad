/*
 * date.h - dates as HTTP writes them (RFC 9110 section 5.6.7).
 */
#ifndef HTTP1_DATE_H
#define HTTP1_DATE_H

#include <stdint.h>
#include <ukc/view.h>

enum { DATE_SIZE = 29 }; /* "Sun, 06 Nov 1994 08:49:37 GMT" */

/* Seconds since 1970 to text, DATE_SIZE bytes without NUL; years 1970 to 9999, else clamped. */
void date_write(int64_t seconds, char *out);

/* The preferred form and the two obsolete ones; -1 for anything else. `now` settles two-digit years. */
int64_t date_read(struct view text, int64_t now);

#endif
