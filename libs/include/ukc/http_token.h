/*
 * http_token.h - the characters of a token: methods, names of fields (RFC 9110 section 5.6.2).
 */
#ifndef UKC_HTTP_TOKEN_H
#define UKC_HTTP_TOKEN_H

#include <stdbool.h>
#include <stdint.h>

static inline bool http_token(char c)
{
    /* bit n of word w: the character 64 w + n */
    static const uint64_t token[2] = {
        UINT64_C(0x03ff6cfa00000000), /* ! # $ % & ' * + - . and digits */
        UINT64_C(0x57ffffffc7fffffe), /* letters, ^ _ ` | ~ */
    };
    unsigned char u = (unsigned char)c;
    return u < 128 && (token[u >> 6] >> (u & 63) & 1) != 0;
}

#endif
