/*
 * text.c - the small grammars of header fields (RFC 9110).
 */
#include "text.h"

#include <string.h>
#include <strings.h>
#include <ukc/eight.h>
#include <ukc/http_octet.h>

bool text_same(struct view a, struct view b)
{
    return a.size == b.size && (a.size == 0 || strncasecmp(a.bytes, b.bytes, a.size) == 0);
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t';
}

size_t text_find(struct view text, char c)
{
    size_t at = 0;
    for (; text.size - at >= 8; at += 8) {
        uint64_t found = eight_equal(eight_at(text.bytes + at), c);
        if (found)
            return at + eight_first(found);
    }
    while (at < text.size && text.bytes[at] != c)
        at++;
    return at;
}

bool text_is_token(struct view text)
{
    for (size_t i = 0; i < text.size; i++)
        if (!(http_octet(text.bytes[i]) & OCTET_TOKEN))
            return false;
    return text.size > 0;
}

/* Eight that are no control character, the tab included. */
__attribute__((always_inline)) static inline bool are_plain(const char *bytes)
{
    uint64_t word = eight_at(bytes);
    return !(eight_below(word, ' ') | eight_equal(word, 0x7f));
}

bool text_is_value(struct view text)
{
    size_t at = 0;
    if (text.size >= 8) {
        for (; text.size - at > 8 && are_plain(text.bytes + at); at += 8)
            ;
        if (text.size - at <= 8 && are_plain(text.bytes + text.size - 8))
            return true;
    }
    for (; at < text.size; at++)
        if (!(http_octet(text.bytes[at]) & OCTET_TEXT))
            return false;
    return true;
}

struct view text_trim(struct view text)
{
    while (text.size > 0 && is_space(text.bytes[0]))
        text = (struct view){text.bytes + 1, text.size - 1};
    while (text.size > 0 && is_space(text.bytes[text.size - 1]))
        text.size--;
    return text;
}

bool text_element(struct view *list, struct view *element)
{
    while (list->size > 0) {
        size_t end = 0;
        for (bool quoted = false; end < list->size && (quoted || list->bytes[end] != ','); end++)
            quoted ^= list->bytes[end] == '"';
        *element = text_trim((struct view){list->bytes, end});
        size_t skip = end < list->size ? end + 1 : end;
        *list = (struct view){list->bytes + skip, list->size - skip};
        if (element->size > 0)
            return true;
    }
    return false;
}

bool text_number(struct view text, uint64_t *number)
{
    uint64_t value = 0;
    for (size_t i = 0; i < text.size; i++) {
        unsigned digit = (unsigned char)text.bytes[i] - '0';
        if (digit > 9)
            return false;
        value = value > ((uint64_t)INT64_MAX - digit) / 10 ? (uint64_t)INT64_MAX : value * 10 + digit;
    }
    *number = value;
    return text.size > 0;
}

struct view text_decimal(uint64_t number, char room[TEXT_DIGITS])
{
    char *end = room + TEXT_DIGITS, *digit = end;
    do
        *--digit = (char)('0' + number % 10);
    while (number /= 10);
    return (struct view){digit, (size_t)(end - digit)};
}

/* "1", "0.5", "0.123" (section 12.4.2) */
static bool quality_value(struct view text, unsigned *quality)
{
    if (text.size == 0 || text.size > 5 || (text.bytes[0] != '0' && text.bytes[0] != '1'))
        return false;
    *quality = text.bytes[0] == '1' ? 1000 : 0;
    if (text.size > 1 && text.bytes[1] != '.')
        return false;
    unsigned weight = 100;
    for (size_t i = 2; i < text.size; i++, weight /= 10) {
        if (text.bytes[i] < '0' || text.bytes[i] > '9')
            return false;
        *quality += (unsigned)(text.bytes[i] - '0') * weight;
    }
    return *quality <= 1000;
}

bool text_quality(struct view element, struct view *coding, unsigned *quality)
{
    const char *semicolon = element.size ? memchr(element.bytes, ';', element.size) : NULL;
    size_t size = semicolon ? (size_t)(semicolon - element.bytes) : element.size;
    *coding = text_trim((struct view){element.bytes, size});
    *quality = 1000;
    if (semicolon == NULL)
        return coding->size > 0;
    struct view weight = text_trim((struct view){semicolon + 1, element.size - size - 1});
    if (weight.size < 2 || (weight.bytes[0] | 0x20) != 'q' || weight.bytes[1] != '=')
        return false;
    return quality_value((struct view){weight.bytes + 2, weight.size - 2}, quality);
}

bool text_has_tag(struct view list, struct view tag, bool weak)
{
    if (view_equal(text_trim(list), VIEW("*")))
        return true;
    struct view element;
    while (text_element(&list, &element)) {
        if (weak && element.size > 2 && element.bytes[0] == 'W' && element.bytes[1] == '/')
            element = (struct view){element.bytes + 2, element.size - 2};
        if (tag.size > 0 && view_equal(element, tag))
            return true;
    }
    return false;
}

/* "0-499", "500-", "-500": 1 satisfiable, 0 not, -1 not the grammar. */
static int one_range(struct view text, uint64_t size, struct text_range *range)
{
    const char *dash = memchr(text.bytes, '-', text.size);
    if (dash == NULL)
        return -1;
    struct view before = {text.bytes, (size_t)(dash - text.bytes)};
    struct view after = {dash + 1, text.size - before.size - 1};
    uint64_t number;
    if (before.size == 0) {
        if (!text_number(after, &number))
            return -1;
        if (number == 0 || size == 0)
            return 0;
        *range = (struct text_range){number < size ? size - number : 0, size - 1};
        return 1;
    }
    if (!text_number(before, &range->first))
        return -1;
    range->last = INT64_MAX;
    if (after.size > 0 && !text_number(after, &range->last))
        return -1;
    if (range->last < range->first)
        return -1;
    if (range->first >= size)
        return 0;
    if (range->last >= size)
        range->last = size - 1;
    return 1;
}

int text_ranges(struct view field, uint64_t size, struct text_range *ranges, size_t most)
{
    if (field.size < 6 || !text_same((struct view){field.bytes, 6}, VIEW("bytes=")))
        return -1;
    struct view list = {field.bytes + 6, field.size - 6}, element;
    size_t count = 0, seen = 0;
    uint64_t total = 0;
    while (text_element(&list, &element)) {
        struct text_range range;
        int result = one_range(element, size, &range);
        if (result < 0 || ++seen > most)
            return -1;
        if (result > 0) {
            ranges[count++] = range;
            total += range.last - range.first + 1;
        }
        if (total > size)
            return -1;
    }
    return seen > 0 ? (int)count : -1;
}
