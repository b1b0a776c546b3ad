/*
 * http_octet.h - what an octet may be part of in HTTP: a table, so that a look tells.
 *
 * RFC 9110 section 5.6.2 (token), RFC 3986 section 2 (targets), RFC 9110 section 7.2 (Host).
 */
#ifndef UKC_HTTP_OCTET_H
#define UKC_HTTP_OCTET_H

#include <stdint.h>

enum {
    OCTET_TOKEN = 1,    /* a method, the name of a field */
    OCTET_HOST = 2,     /* a host and its port; only what is plainly not is left out */
    OCTET_NOT_SEEN = 4, /* blank, control character, not ASCII: never in a target */
    OCTET_FRAGMENT = 8, /* # */
    OCTET_ESCAPE = 16,  /* % */
    OCTET_QUERY = 32,   /* ? */
    OCTET_TEXT = 64,    /* in the value of a field: no control character but the tab (RFC 9110 section 5.5) */
};

#define OCTET_IN_(c, a, b) ((c) >= (a) && (c) <= (b))
#define OCTET_WORD_(c) (OCTET_IN_(c, '0', '9') || OCTET_IN_(c, 'A', 'Z') || OCTET_IN_(c, 'a', 'z') || (c) == '-' || (c) == '.' || (c) == '_' || (c) == '~')
#define OCTET_TOKEN_(c)                                                                                                             \
    (OCTET_WORD_(c) || (c) == '!' || OCTET_IN_(c, '#', '\'') || (c) == '*' || (c) == '+' || (c) == '^' || (c) == '`' || (c) == '|')
#define OCTET_HOST_(c)                                                                                                              \
    (OCTET_WORD_(c) || (c) == '!' || OCTET_IN_(c, '$', '.') || (c) == ':' || (c) == ';' || (c) == '=' || (c) == '[' || (c) == ']')
#define OCTET_(c)                                                                                                                   \
    (uint8_t)((OCTET_TOKEN_(c) ? OCTET_TOKEN : 0) | (OCTET_HOST_(c) ? OCTET_HOST : 0) |                                             \
              (OCTET_IN_(c, '!', '~') ? 0 : OCTET_NOT_SEEN) | ((c) == '#' ? OCTET_FRAGMENT : 0) | ((c) == '%' ? OCTET_ESCAPE : 0) | \
              ((c) == '?' ? OCTET_QUERY : 0) | ((c) == '\t' || ((c) >= ' ' && (c) != 0x7f) ? OCTET_TEXT : 0))
#define OCTETS_4_(c) OCTET_(c), OCTET_((c) + 1), OCTET_((c) + 2), OCTET_((c) + 3)
#define OCTETS_16_(c) OCTETS_4_(c), OCTETS_4_((c) + 4), OCTETS_4_((c) + 8), OCTETS_4_((c) + 12)
#define OCTETS_64_(c) OCTETS_16_(c), OCTETS_16_((c) + 16), OCTETS_16_((c) + 32), OCTETS_16_((c) + 48)

/* Which of the above it is. */
static inline unsigned http_octet(char c)
{
    static const uint8_t octets[256] = {OCTETS_64_(0), OCTETS_64_(64), OCTETS_64_(128), OCTETS_64_(192)};
    return octets[(unsigned char)c];
}

#endif
