/* name.c - host names and addresses from text, strictly. */
#include "name.h"

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_letter_or_digit(char c)
{
    return is_digit(c) || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z');
}

static bool is_label(struct view label)
{
    if (label.size == 0 || label.size > LABEL_MOST || !is_letter_or_digit(label.bytes[0]) ||
        !is_letter_or_digit(label.bytes[label.size - 1]))
        return false;
    for (size_t i = 0; i < label.size; i++)
        if (!is_letter_or_digit(label.bytes[i]) && label.bytes[i] != '-')
            return false;
    return true;
}

static bool is_number(struct view label)
{
    for (size_t i = 0; i < label.size; i++)
        if (!is_digit(label.bytes[i]))
            return false;
    return true;
}

/* What is before the first such character; all of it if there is none. */
static struct view until(struct view text, char end)
{
    const char *found = text.size ? memchr(text.bytes, end, text.size) : NULL;
    return (struct view){text.bytes, found ? (size_t)(found - text.bytes) : text.size};
}

bool name_of_host(struct view text, struct name *name)
{
    struct name n = {};
    struct view label = {};
    if (text.size > 0 && text.bytes[text.size - 1] == '.')
        text.size--;
    if (text.size == 0 || text.size > NAME_MOST - 2)
        return false;
    for (size_t at = 0; at <= text.size; at += label.size + 1) {
        label = until((struct view){text.bytes + at, text.size - at}, '.');
        if (!is_label(label))
            return false;
        n.bytes[n.size++] = (uint8_t)label.size;
        for (size_t i = 0; i < label.size; i++)
            n.bytes[n.size++] = name_lower((uint8_t)label.bytes[i]);
    }
    if (is_number(label))
        return false;
    n.bytes[n.size++] = 0;
    *name = n;
    return true;
}

bool name_ends_in(const struct name *name, struct view label)
{
    size_t at = 0;
    while (name->bytes[at] && at + 1u + name->bytes[at] + 1u < name->size)
        at += 1u + name->bytes[at];
    return name->bytes[at] == label.size && memcmp(name->bytes + at + 1, label.bytes, label.size) == 0;
}

/* ---- addresses ---- */

/* Up to `most`, without leading zeros. */
static bool decimal(struct view text, uint32_t most, uint32_t *number)
{
    uint64_t n = 0;
    if (text.size == 0 || text.size > 10 || (text.size > 1 && text.bytes[0] == '0') || !is_number(text))
        return false;
    for (size_t i = 0; i < text.size; i++)
        n = n * 10 + (uint64_t)(text.bytes[i] - '0');
    *number = (uint32_t)n;
    return n <= most;
}

static bool parse_v4(struct view text, uint8_t *bytes)
{
    for (int i = 0; i < 4; i++) {
        struct view part = until(text, '.');
        uint32_t number;
        if (!decimal(part, 255, &number) || (part.size == text.size) != (i == 3))
            return false;
        bytes[i] = (uint8_t)number;
        text = i == 3 ? text : (struct view){text.bytes + part.size + 1, text.size - part.size - 1};
    }
    return true;
}

static bool parse_group(struct view text, uint8_t *bytes)
{
    unsigned group = 0;
    if (text.size == 0 || text.size > 4)
        return false;
    for (size_t i = 0; i < text.size; i++) {
        char c = text.bytes[i];
        unsigned digit = is_digit(c) ? (unsigned)(c - '0') : (unsigned)((c | 0x20) - 'a' + 10);
        if (digit > 15 || !is_letter_or_digit(c))
            return false;
        group = group << 4 | digit;
    }
    bytes[0] = (uint8_t)(group >> 8);
    bytes[1] = (uint8_t)group;
    return true;
}

/* bytes: what is written, without the gap; *gap: where "::" was, or -1.  How many there are, or -1. */
static int parse_groups(struct view text, uint8_t bytes[16], int *gap)
{
    int used = 0;
    size_t at = 0;
    *gap = -1;
    if (text.size >= 2 && text.bytes[0] == ':' && text.bytes[1] == ':') {
        *gap = 0;
        at = 2;
    }
    while (at < text.size) {
        struct view part = until((struct view){text.bytes + at, text.size - at}, ':');
        at += part.size;
        if (at == text.size && memchr(part.bytes, '.', part.size))
            return used <= 12 && parse_v4(part, bytes + used) ? used + 4 : -1;
        if (used == 16 || !parse_group(part, bytes + used))
            return -1;
        used += 2;
        if (at == text.size)
            break;
        if (++at == text.size)
            return -1;
        if (text.bytes[at] == ':') {
            if (*gap >= 0)
                return -1;
            *gap = used;
            at++;
        }
    }
    return used;
}

static bool parse_v6(struct view text, struct ip_address *address)
{
    uint8_t bytes[16] = {};
    int gap, used = parse_groups(text, bytes, &gap);
    if (used < 0 || (gap < 0 ? used != 16 : used > 14))
        return false;
    int head = gap < 0 ? used : gap;
    *address = (struct ip_address){.family = IP_V6};
    memcpy(address->bytes, bytes, (size_t)head);
    memcpy(address->bytes + 16 - (used - head), bytes + head, (size_t)(used - head));
    return true;
}

bool address_of_text(struct view text, struct ip_address *address)
{
    struct ip_address a = {.family = IP_V4};
    struct view plain = until(text, '%');
    if (plain.size == text.size && parse_v4(text, a.bytes)) {
        *address = a;
        return true;
    }
    if (!parse_v6(plain, &a))
        return false;
    if (plain.size < text.size) {
        bool link_local = a.bytes[0] == 0xfe && (a.bytes[1] & 0xc0) == 0x80;
        struct view zone = {text.bytes + plain.size + 1, text.size - plain.size - 1};
        if (!link_local || !decimal(zone, UINT32_MAX, &a.zone))
            return false;
    }
    *address = a;
    return true;
}
