/*
 * target.c - the target of a request: its path and its query.
 *
 * Everything here is what a stranger wrote.  The path is decoded first and
 * normalised afterwards, so that "%2e%2e%2f" climbs no further than "../".
 * (RFC 9112 section 3.2, RFC 3986 sections 2.1 and 5.2.4.)
 */
#include "target.h"
#include <ukc/http_octet.h>
#include "text.h"

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Skip "http://authority" of the absolute form; a view without bytes when it is something else. */
static struct view path_and_query(struct view raw)
{
    size_t at = 0;
    if (raw.size > 0 && raw.bytes[0] == '/')
        return raw;
    if (raw.size > 7 && strncasecmp(raw.bytes, "http://", 7) == 0)
        at = 7;
    else if (raw.size > 8 && strncasecmp(raw.bytes, "https://", 8) == 0)
        at = 8;
    else
        return (struct view){};
    size_t authority = at;
    while (at < raw.size && raw.bytes[at] != '/' && raw.bytes[at] != '?')
        at++;
    return at == authority ? (struct view){} : (struct view){raw.bytes + at, raw.size - at};
}

/* Decode into `out`, which has room for as many bytes; the number written, or -1. */
static long decode(struct view raw, char *out)
{
    size_t used = 0;
    for (size_t at = 0; at < raw.size; at++) {
        unsigned char c = (unsigned char)raw.bytes[at];
        if (c == '%') {
            int high = at + 2 < raw.size ? hex_digit(raw.bytes[at + 1]) : -1;
            int low = at + 2 < raw.size ? hex_digit(raw.bytes[at + 2]) : -1;
            if (high < 0 || low < 0)
                return -1;
            c = (unsigned char)(high << 4 | low);
            at += 2;
            if (c == '\0' || c == '\r' || c == '\n')
                return -1;
        }
        out[used++] = (char)c;
    }
    return (long)used;
}

/* Drop ".", "..", and empty names in place; the new size, or -1 when it climbs above the root. */
static long normalise(char *path, size_t size)
{
    size_t used = 1; /* path[0] is the slash; path[used - 1] is one whenever a name begins */
    for (size_t at = 1; at < size;) {
        size_t end = at;
        while (end < size && path[end] != '/')
            end++;
        size_t length = end - at;
        if (length == 2 && path[at] == '.' && path[at + 1] == '.') {
            if (used == 1)
                return -1;
            for (used--; path[used - 1] != '/'; used--)
                ;
        } else if (length > 0 && !(length == 1 && path[at] == '.')) {
            if (used != at)
                memmove(path + used, path + at, length);
            used += length;
            if (end < size)
                path[used++] = '/';
        }
        at = end + 1;
    }
    return (long)used;
}

bool target_parse(struct view raw, char *storage, struct target *target)
{
    *target = (struct target){};
    unsigned seen = 0; /* a kind of octet that is nowhere need not be looked for */
    for (size_t at = 0; at < raw.size; at++)
        seen |= http_octet(raw.bytes[at]);
    struct view path = path_and_query(raw);
    if (path.bytes == NULL || seen & (OCTET_NOT_SEEN | OCTET_FRAGMENT))
        return false;
    if (seen & OCTET_QUERY) {
        size_t size = text_find(path, '?');
        if (size < path.size)
            target->query = (struct view){path.bytes + size + 1, path.size - size - 1};
        path.size = size;
    }
    if (path.size == 0)
        path = VIEW("/"); /* "http://host", "http://host?query" */

    long size = (long)path.size;
    if (seen & OCTET_ESCAPE)
        size = decode(path, storage);
    else
        memcpy(storage, path.bytes, path.size);
    if (size < 1 || storage[0] != '/')
        return false;
    size = normalise(storage, (size_t)size);
    if (size < 0)
        return false;
    target->path = (struct view){storage, (size_t)size};
    memcpy(storage + size, TARGET_INDEX, sizeof TARGET_INDEX - 1);
    target->page = (struct view){storage + 1, (size_t)size - 1};
    if (storage[size - 1] == '/')
        target->page.size += sizeof TARGET_INDEX - 1;
    return true;
}

size_t target_encode(struct view path, char *out, size_t room)
{
    static const char hex[] = "0123456789ABCDEF";
    static const char plain[] = "/-._~!$&'()*+,;=:@";
    size_t used = 0;
    for (size_t at = 0; at < path.size; at++) {
        unsigned char c = (unsigned char)path.bytes[at];
        bool as_is = (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') ||
                     memchr(plain, c, sizeof plain - 1);
        if (room - used < 3)
            return 0;
        if (as_is) {
            out[used++] = (char)c;
        } else {
            out[used++] = '%';
            out[used++] = hex[c >> 4];
            out[used++] = hex[c & 15];
        }
    }
    return used;
}
