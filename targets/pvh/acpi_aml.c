/*
 * acpi_aml.c - the little of ACPI's machine language that tells where named objects begin and end (ACPI 6.4, 20.2).
 */
#include "acpi_aml.h"

#include <string.h>
#include <ukc/machine.h>
#include <ukc/small.h>

SMALL_BEGIN

enum {
    ZERO = 0x00, ONE = 0x01, ALIAS = 0x06, NAME = 0x08, BYTE = 0x0a, WORD = 0x0b, DWORD = 0x0c, QWORD = 0x0e, SCOPE = 0x10,
    BUFFER = 0x11, PACKAGE_VARIABLE = 0x13, METHOD = 0x14, EXTERNAL = 0x15, EXTENDED = 0x5b, ROOT = '\\', PARENT = '^',
    NAME_DUAL = 0x2e, NAME_MULTIPLE = 0x2f, IF = 0xa0, ELSE = 0xa1, WHILE = 0xa2, ONES = 0xff,
};
/* behind EXTENDED */
enum {
    MUTEX = 0x01, EVENT = 0x02, REGION = 0x80, FIELD = 0x81, DEVICE = 0x82, PROCESSOR = 0x83, POWER = 0x84, ZONE = 0x85, INDEX_FIELD = 0x86,
    BANK_FIELD = 0x87,
};

[[gnu::noinline]] static const uint8_t *see_anew(struct aml *a, uint32_t at, uint32_t end)
{
    uint32_t left = a->table->size - at;
    a->from = at;
    a->seen = left < MACHINE_PAGE ? left : MACHINE_PAGE;
    a->bytes = acpi_look(a->table, at, a->seen);
    a->good = !a->bytes ? 0 : left == a->seen ? left : a->seen - AML_SEEN;
    return a->good ? aml_see(a, at, end) : NULL;
}

const uint8_t *aml_see(struct aml *a, uint32_t at, uint32_t end)
{
    if (at >= end)
        return NULL;
    if (at - a->from >= a->good)
        return see_anew(a, at, end);
    const uint8_t *bytes = a->bytes + (at - a->from);
    uint32_t seen = a->from + a->seen - at;
    a->limit = bytes + (seen < end - at ? seen : end - at);
    return bytes;
}

void aml_forget(struct aml *a)
{
    a->good = 0;
}

static uint32_t place(const struct aml *a, const uint8_t *at)
{
    return a->from + (uint32_t)(at - a->bytes);
}

/* What is behind so many bytes; NULL: there is nothing at `at`, or less. */
static const uint8_t *skip(const uint8_t *at, const uint8_t *limit, size_t size)
{
    return at && size <= (size_t)(limit - at) ? at + size : NULL;
}

/* NameString (20.2.2): its last segment is before what is behind it, unless it has none. */
static const uint8_t *name(const uint8_t *at, const uint8_t *limit)
{
    size_t count = 1;
    while (at && at < limit && (*at == ROOT || *at == PARENT))
        at++;
    if (!at || at == limit)
        return NULL;
    switch (*at) {
    case ZERO:
        return at + 1;
    case NAME_DUAL:
        at++;
        count = 2;
        break;
    case NAME_MULTIPLE:
        if (++at == limit || *at == 0)
            return NULL;
        count = *at++;
        break;
    }
    return skip(at, limit, 4 * count);
}

const uint8_t *aml_integer(const uint8_t *at, const uint8_t *limit, uint64_t *value)
{
    size_t size = 0;
    if (!at || at >= limit)
        return NULL;
    *value = 0;
    switch (*at++) {
    case ZERO: return at;
    case ONE: *value = 1; return at;
    case ONES: *value = UINT64_MAX; return at;
    case BYTE: size = 1; break;
    case WORD: size = 2; break;
    case DWORD: size = 4; break;
    case QWORD: size = 8; break;
    default: return NULL;
    }
    const uint8_t *behind = skip(at, limit, size);
    for (const uint8_t *b = behind; b && b > at;)
        *value = *value << 8 | *--b;
    return behind;
}

/* PkgLength (20.2.4), of one to four bytes, which counts from itself on: the place where the package ends; 0: it makes no sense. */
static uint32_t package(const struct aml *a, const uint8_t *at, uint32_t end)
{
    if (at >= a->limit)
        return 0;
    uint32_t more = *at >> 6, length = *at & (more ? 15 : 63), from = place(a, at);
    if (!skip(at, a->limit, 1 + more))
        return 0;
    for (uint32_t i = 1; i <= more; i++)
        length |= (uint32_t)at[i] << (8 * i - 4);
    return length > more && length <= end - from ? from + length : 0;
}

static bool skip_package(struct aml *a, const uint8_t *at, uint32_t end)
{
    uint32_t behind = package(a, at, end);
    if (behind)
        a->at = a->end = behind;
    return behind;
}

static bool skip_to(struct aml *a, const uint8_t *behind)
{
    if (behind)
        a->at = a->end = place(a, behind);
    return behind;
}

/* A scope or a device: its name and what is in it. */
static bool container(struct aml *a, enum aml_kind kind, const uint8_t *at, uint32_t end)
{
    if (!skip_package(a, at, end))
        return false;
    const uint8_t *inside = name(at + 1 + (*at >> 6), a->limit);
    if (!inside)
        return false;
    a->kind = kind;
    a->start = place(a, inside);
    return a->start <= a->end;
}

/* A name, and what it stands for: a constant, a string, a buffer or a package. */
static bool named(struct aml *a, const uint8_t *at, uint32_t end)
{
    const uint8_t *value = name(at, a->limit);
    if (!value || value - at < 4 || value == a->limit)
        return false;
    a->kind = AML_NAME;
    memcpy(a->name, value - 4, 4);
    a->start = place(a, value);
    a->is_number = false;
    switch (*value) {
    case AML_STRING:
        value = memchr(value, 0, (size_t)(a->limit - value));
        return skip_to(a, value ? value + 1 : NULL);
    case BUFFER:
    case AML_PACKAGE:
    case PACKAGE_VARIABLE:
        return skip_package(a, value + 1, end);
    default:
        a->is_number = true;
        return skip_to(a, aml_integer(value, a->limit, &a->numbers[0]));
    }
}

static bool region(struct aml *a, const uint8_t *at)
{
    const uint8_t *space = name(at, a->limit), *address = skip(space, a->limit, 1);
    a->kind = AML_REGION;
    if (address)
        a->space = *space;
    return skip_to(a, aml_integer(aml_integer(address, a->limit, &a->numbers[0]), a->limit, &a->numbers[1]));
}

static bool extended(struct aml *a, const uint8_t *at, uint32_t end)
{
    if (at == a->limit)
        return false;
    switch (*at++) {
    case MUTEX:
        return skip_to(a, skip(name(at, a->limit), a->limit, 1));
    case EVENT:
        return skip_to(a, name(at, a->limit));
    case REGION:
        return region(a, at);
    case DEVICE:
        return container(a, AML_DEVICE, at, end);
    case FIELD:
    case PROCESSOR:
    case POWER:
    case ZONE:
    case INDEX_FIELD:
    case BANK_FIELD:
        return skip_package(a, at, end);
    default:
        return false;
    }
}

bool aml_next(struct aml *a, uint32_t end)
{
    const uint8_t *at = aml_see(a, a->at, end);
    if (!at)
        return false;
    a->kind = AML_OTHER;
    switch (*at++) {
    case NAME:
        return named(a, at, end);
    case SCOPE:
        return container(a, AML_SCOPE, at, end);
    case ALIAS:
        return skip_to(a, name(name(at, a->limit), a->limit));
    case EXTERNAL:
        return skip_to(a, skip(name(at, a->limit), a->limit, 2));
    case METHOD:
    case IF:
    case ELSE:
    case WHILE:
        return skip_package(a, at, end);
    case EXTENDED:
        return extended(a, at, end);
    default:
        return false;
    }
}

bool aml_buffer(struct aml *a, uint32_t *from, uint32_t *to)
{
    uint64_t size;
    const uint8_t *at = aml_see(a, a->start, a->end);
    if (!at || *at++ != BUFFER || !(*to = package(a, at, a->end)))
        return false;
    at = aml_integer(skip(at, a->limit, 1 + (*at >> 6)), a->limit, &size);
    if (!at)
        return false;
    *from = place(a, at);
    if (*from > *to)
        return false;
    /* the size may be less than what is written out, or more, which is filled with zeroes */
    if (size < *to - *from)
        *to = *from + (uint32_t)size;
    return true;
}

SMALL_END
