/*
 * address.c - network addresses in canonical spelling (IPv6: RFC 5952).
 */
#include "read.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include "../base/arena.h"
#include "../base/text.h"
#include "../../libs/include/ukc/address.h"

const char *ipv4_canonical(struct arena *a, const char *text)
{
    unsigned char b[4];
    char out[INET_ADDRSTRLEN];
    if (inet_pton(AF_INET, text, b) != 1)
        return NULL;
    snprintf(out, sizeof out, "%u.%u.%u.%u", b[0], b[1], b[2], b[3]);
    return string_equal(out, text) ? arena_strdup(a, out) : NULL; /* no leading zeros */
}

const char *ipv6_canonical(struct arena *a, const char *text)
{
    unsigned char b[16];
    char out[IP_TEXT_SIZE];
    if (inet_pton(AF_INET6, text, b) != 1)
        return NULL;
    static const unsigned char mapped[12] = {[10] = 0xff, [11] = 0xff};
    if (memcmp(b, mapped, 12) == 0) /* RFC 5952, section 5 */
        return arena_printf(a, "::ffff:%u.%u.%u.%u", b[12], b[13], b[14], b[15]);
    struct ip_address address = ip_v6(b);
    ip_format(out, &address);
    return arena_strdup(a, out);
}

const char *mac_canonical(struct arena *a, const char *text)
{
    char out[18];
    if (strlen(text) != 17)
        return NULL;
    for (unsigned i = 0; i < 17; i++) {
        char c = text[i];
        if (i % 3 == 2) {
            if (c != ':')
                return NULL;
        } else if (c >= 'A' && c <= 'F') {
            c += 'a' - 'A';
        } else if (!strchr("0123456789abcdef", c)) {
            return NULL;
        }
        out[i] = c;
    }
    out[17] = '\0';
    return arena_strdup(a, out);
}
