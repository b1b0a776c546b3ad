/*
 * utf8.h - decoding of UTF-8 (RFC 3629), for text, diagnostics and JSON.
 */
#ifndef UKC_UTF8_H
#define UKC_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define UTF8_REPLACEMENT "\xef\xbf\xbd" /* U+FFFD */

/*
 * Length of the code point that starts at s[0], 1 to 4 bytes, its value in
 * *code; 0 if the bytes there are not well-formed.  n is at least 1.
 */
size_t utf8_decode(const char *s, size_t n, uint32_t *code);
/* C0, DEL and C1; and the embeddings, overrides and isolates of Unicode's bidirectional text, with which
 * what is shown is not what is read. */
bool utf8_is_control(uint32_t code);

#endif
