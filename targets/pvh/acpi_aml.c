/*
 * acpi_aml.c - the little of ACPI's machine language that tells where named objects begin and end (ACPI 6.4, 20.2).
 */
#include "acpi_aml.h"
#include "acpi_known.h"

#include <string.h>
#include <ukc/small.h>

SMALL_BEGIN

enum {
    ZERO = 0x00, ONE = 0x01, ALIAS = 0x06, NAME = 0x08, BYTE = 0x0a, WORD = 0x0b, DWORD = 0x0c, STRING = 0x0d, QWORD = 0x0e, SCOPE = 0x10,
    BUFFER = 0x11, PACKAGE = 0x12, PACKAGE_VARIABLE = 0x13, METHOD = 0x14, EXTERNAL = 0x15, EXTENDED = 0x5b, ROOT = '\\', PARENT = '^',
    NAME_DUAL = 0x2e, NAME_MULTIPLE = 0x2f, IF = 0xa0, ELSE = 0xa1, WHILE = 0xa2, ONES = 0xff,
};
/* behind EXTENDED */
enum {
    MUTEX = 0x01, EVENT = 0x02, REGION = 0x80, FIELD = 0x81, DEVICE = 0x82, PROCESSOR = 0x83, POWER = 0x84, ZONE = 0x85, INDEX_FIELD = 0x86,
    BANK_FIELD = 0x87,
};

struct cursor {
    const struct acpi_table *table;
    uint32_t at, end; /* of the table at most */
};

static struct cursor cursor(const struct acpi_table *table, uint32_t at, uint32_t end)
{
    return (struct cursor){table, at, end < table->size ? end : table->size};
}

/* The byte here, and what is behind it for the next ones; -1 at the end. */
[[gnu::noinline]] static int look_ahead(const struct cursor *c)
{
    typeof(acpi_known.ahead) *ahead = &acpi_known.ahead;
    uint32_t left = c->table->size - c->at;
    if (c->at >= c->end)
        return -1;
    ahead->address = c->table->address + c->at;
    ahead->size = left < sizeof ahead->bytes ? left : sizeof ahead->bytes;
    if (!acpi_read(c->table, c->at, ahead->bytes, ahead->size))
        return ahead->size = 0, -1;
    return ahead->bytes[0];
}

/* The byte here, or -1 at the end. */
static int peek(const struct cursor *c)
{
    uint64_t at = c->table->address + c->at - acpi_known.ahead.address;
    return c->at < c->end && at < acpi_known.ahead.size ? acpi_known.ahead.bytes[at] : look_ahead(c);
}

static int take(struct cursor *c)
{
    int byte = peek(c);
    c->at += byte >= 0;
    return byte;
}

static bool skip(struct cursor *c, uint32_t size)
{
    bool fits = c->at <= c->end && size <= c->end - c->at;
    if (fits)
        c->at += size;
    return fits;
}

/* PkgLength (20.2.4): where the package ends, which counts from the length itself on. */
static bool package(struct cursor *c, uint32_t *end)
{
    uint32_t from = c->at, length;
    int lead = take(c);
    if (lead < 0)
        return false;
    length = lead >> 6 ? lead & 15 : lead & 63;
    for (int i = 0, more = lead >> 6; i < more; i++) {
        int byte = take(c);
        if (byte < 0)
            return false;
        length |= (uint32_t)byte << (4 + 8 * i);
    }
    *end = from + length;
    return length <= c->end - from && *end >= c->at;
}

/* NameString (20.2.2): its last segment, or zeroes for none. */
static bool name(struct cursor *c, char last[4])
{
    uint32_t count = 1;
    memset(last, 0, 4);
    while (peek(c) == ROOT || peek(c) == PARENT)
        c->at++;
    switch (peek(c)) {
    case ZERO:
        c->at++;
        return true;
    case NAME_DUAL:
        c->at++;
        count = 2;
        break;
    case NAME_MULTIPLE:
        c->at++;
        count = (uint32_t)take(c); /* -1 is too many */
        break;
    }
    return count > 0 && count <= 255 && skip(c, 4 * (count - 1)) && c->at < c->end && c->end - c->at >= 4 &&
           acpi_read(c->table, c->at, last, 4) && skip(c, 4);
}

static bool integer(struct cursor *c, uint64_t *value)
{
    uint32_t size = 0;
    switch (take(c)) {
    case ZERO: *value = 0; return true;
    case ONE: *value = 1; return true;
    case ONES: *value = UINT64_MAX; return true;
    case BYTE: size = 1; break;
    case WORD: size = 2; break;
    case DWORD: size = 4; break;
    case QWORD: size = 8; break;
    default: return false;
    }
    *value = acpi_number(c->table, c->at, size);
    return skip(c, size);
}

/* A value that a name can have: constants, strings, buffers and packages. */
static bool skip_value(struct cursor *c)
{
    uint64_t ignored;
    uint32_t end;
    int byte = peek(c);
    switch (byte) {
    case STRING:
        while ((byte = take(c)) > 0)
            ;
        return byte == 0;
    case BUFFER:
    case PACKAGE:
    case PACKAGE_VARIABLE:
        c->at++;
        if (!package(c, &end))
            return false;
        c->at = end;
        return true;
    default:
        return integer(c, &ignored);
    }
}

static bool skip_package(struct cursor *c)
{
    uint32_t end;
    if (!package(c, &end))
        return false;
    c->at = end;
    return true;
}

/* A scope or a device: its name and what is in it. */
static bool container(struct cursor *c, enum aml_kind kind, struct aml_object *object)
{
    uint32_t end, outer = c->end;
    if (!package(c, &end))
        return false;
    c->end = end;
    if (!name(c, object->name))
        return false;
    object->kind = kind;
    object->start = c->at;
    object->end = end;
    *c = (struct cursor){c->table, end, outer};
    return true;
}

static bool extended(struct cursor *c, struct aml_object *object)
{
    uint64_t ignored;
    char last[4];
    switch (take(c)) {
    case MUTEX:
        return name(c, last) && skip(c, 1);
    case EVENT:
        return name(c, last);
    case REGION:
        if (!name(c, object->name))
            return false;
        object->kind = AML_REGION;
        object->start = c->at;
        if (!skip(c, 1) || !integer(c, &ignored) || !integer(c, &ignored))
            return false;
        object->end = c->at;
        return true;
    case DEVICE:
        return container(c, AML_DEVICE, object);
    case FIELD:
    case PROCESSOR:
    case POWER:
    case ZONE:
    case INDEX_FIELD:
    case BANK_FIELD:
        return skip_package(c);
    default:
        return false;
    }
}

static bool term(struct cursor *c, struct aml_object *object)
{
    char last[4];
    switch (take(c)) {
    case NAME:
        if (!name(c, object->name))
            return false;
        object->kind = AML_NAME;
        object->start = c->at;
        if (!skip_value(c))
            return false;
        object->end = c->at;
        return true;
    case SCOPE:
        return container(c, AML_SCOPE, object);
    case ALIAS:
        return name(c, last) && name(c, last);
    case EXTERNAL:
        return name(c, last) && skip(c, 2);
    case METHOD:
    case IF:
    case ELSE:
    case WHILE:
        return skip_package(c);
    case EXTENDED:
        return extended(c, object);
    default:
        return false;
    }
}

bool aml_next(const struct acpi_table *table, uint32_t *at, uint32_t end, struct aml_object *object)
{
    struct cursor c = cursor(table, *at, end);
    *object = (struct aml_object){};
    if (!term(&c, object))
        return false;
    *at = c.at;
    return true;
}

bool aml_integer(const struct acpi_table *table, uint32_t *at, uint32_t end, uint64_t *value)
{
    struct cursor c = cursor(table, *at, end);
    bool is = integer(&c, value);
    *at = c.at;
    return is;
}

bool aml_buffer(const struct acpi_table *table, uint32_t at, uint32_t end, uint32_t *from, uint32_t *to)
{
    struct cursor c = cursor(table, at, end);
    uint64_t size;
    if (take(&c) != BUFFER || !package(&c, to))
        return false;
    c.end = *to;
    if (!integer(&c, &size))
        return false;
    *from = c.at;
    /* the size may be less than what is written out, or more, which is filled with zeroes */
    if (size < *to - *from)
        *to = *from + (uint32_t)size;
    return true;
}

SMALL_END
