/*
 * address.c - IPv4, IPv6 and Ethernet addresses from text, strictly.
 *
 * IPv4: four decimal numbers without leading zeros.  IPv6: RFC 4291, 2.2,
 * with "::" and a trailing IPv4 form, without a zone.  A prefix: an address,
 * a slash, a length in bits.  Ethernet: six pairs of hex digits and colons.
 */
#include "boot.h"

/* Up to `most`, at most three digits, no leading zero; NULL if there is none. */
static const char *decimal(const char *s, unsigned most, unsigned *out)
{
    unsigned n = 0, digits = 0;
    for (; *s >= '0' && *s <= '9'; s++, digits++) {
        if (digits == 3 || (digits == 1 && n == 0))
            return NULL;
        n = n * 10 + (unsigned)(*s - '0');
    }
    *out = n;
    return digits && n <= most ? s : NULL;
}

static int hex_digit(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static const char *parse_ipv4(const char *s, uint8_t *bytes)
{
    for (int i = 0; i < 4; i++) {
        unsigned n;
        if (i && *s++ != '.')
            return NULL;
        s = decimal(s, 255, &n);
        if (!s)
            return NULL;
        bytes[i] = (uint8_t)n;
    }
    return s;
}

/* One to four hex digits; NULL if there are none or more. */
static const char *hex_group(const char *s, unsigned *out)
{
    unsigned n = 0, digits = 0;
    for (; hex_digit(*s) >= 0; s++, digits++) {
        if (digits == 4)
            return NULL;
        n = n << 4 | (unsigned)hex_digit(*s);
    }
    *out = n;
    return digits ? s : NULL;
}

/* Is the next group the beginning of an IPv4 address? */
static bool is_dotted(const char *s)
{
    while (*s >= '0' && *s <= '9')
        s++;
    return *s == '.';
}

/* Moves what followed "::" to the end; `gap` is where it was, `used` how many bytes there are. */
static void fill_gap(uint8_t *bytes, int gap, int used)
{
    int tail = used - gap;
    for (int i = 0; i < tail; i++)
        bytes[15 - i] = bytes[used - 1 - i];
    for (int i = gap; i < 16 - tail; i++)
        bytes[i] = 0;
}

static const char *parse_ipv6(const char *s, uint8_t *bytes)
{
    int used = 0, gap = -1;
    if (s[0] == ':') {
        if (s[1] != ':')
            return NULL;
        gap = 0;
        s += 2;
    }
    while (used < 16 && (hex_digit(*s) >= 0 || used == 0 || gap != used)) {
        if (gap == used && hex_digit(*s) < 0)
            break;
        if (is_dotted(s)) {
            if (used > 12 || !(s = parse_ipv4(s, bytes + used)))
                return NULL;
            used += 4;
            break;
        }
        unsigned group;
        if (!(s = hex_group(s, &group)))
            return NULL;
        bytes[used++] = (uint8_t)(group >> 8);
        bytes[used++] = (uint8_t)group;
        if (*s != ':')
            break;
        if (s[1] == ':') {
            if (gap >= 0)
                return NULL;
            gap = used;
            s += 2;
        } else if (used == 16) {
            return NULL;
        } else {
            s++;
            if (hex_digit(*s) < 0)
                return NULL;
        }
    }
    if (gap < 0)
        return used == 16 ? s : NULL;
    if (used > 14)
        return NULL; /* "::" stands for one group at least */
    fill_gap(bytes, gap, used);
    return s;
}

static const char *parse_mac(const char *s, uint8_t *bytes)
{
    for (int i = 0; i < 6; i++) {
        if (i && *s++ != ':')
            return NULL;
        int high = hex_digit(*s), low = high < 0 ? -1 : hex_digit(s[1]);
        if (low < 0)
            return NULL;
        bytes[i] = (uint8_t)(high << 4 | low);
        s += 2;
    }
    return s;
}

/* The address alone, in whichever form the image's keys can have. */
static const char *parse_bytes(enum boot_kind kind, const char *text, uint8_t *bytes)
{
    if (boot_has(BOOT_MAC) && kind == BOOT_MAC)
        return parse_mac(text, bytes);
    if ((boot_has(BOOT_IPV4) && kind == BOOT_IPV4) || (boot_has(BOOT_IPV4_PREFIX) && kind == BOOT_IPV4_PREFIX))
        return parse_ipv4(text, bytes);
    if (boot_has(BOOT_IPV6) || boot_has(BOOT_IPV6_PREFIX))
        return parse_ipv6(text, bytes);
    return NULL;
}

bool boot_parse_address(enum boot_kind kind, const char *text, struct boot_address *out)
{
    struct boot_address address = {.text = text};
    bool is_v4 = kind == BOOT_IPV4 || kind == BOOT_IPV4_PREFIX;
    const char *s = parse_bytes(kind, text, address.bytes);
    if (s && (kind == BOOT_IPV4_PREFIX || kind == BOOT_IPV6_PREFIX)) {
        unsigned length;
        s = *s == '/' ? decimal(s + 1, is_v4 ? 32 : 128, &length) : NULL;
        if (s)
            address.length = (uint8_t)length;
    }
    if (!s || *s)
        return false;
    *out = address;
    return true;
}
