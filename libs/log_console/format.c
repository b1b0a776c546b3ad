/* format.c - a message's text from its format. Start with log_console_format. */
#include "format.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

enum { DIGITS = 22 /* of 64 bits in base 8 */, DECIMALS = 9, MOST = 1 << 16 /* of a width or precision: more than a line has room for */ };

/* Where the text goes; what has no room is lost. */
struct output {
    char *at, *end;
};

/* A conversion: "%-08.3lx" */
struct conversion {
    bool left, zero, plus, blank, alternate;
    int width, precision; /* a precision below 0: none was given */
    unsigned bytes;       /* of an integer */
    bool is_long_double;
    char kind;
};

/* A va_list as an object, whatever it is made of: a parameter of that type may be a pointer. */
struct arguments {
    va_list list;
};

static void put(struct output *o, const char *text, size_t size)
{
    size_t room = (size_t)(o->end - o->at);
    size = size < room ? size : room;
    memcpy(o->at, text, size);
    o->at += size;
}

static void put_text(struct output *o, const char *text)
{
    if (!text)
        text = "(null)";
    while (o->at < o->end && *text)
        *o->at++ = *text++;
}

static void fill(struct output *o, char byte, int count)
{
    while (count-- > 0 && o->at < o->end)
        *o->at++ = byte;
}

/* ---- reading a conversion ---- */

/* A number, or '*'; 0 if there is neither. */
static int read_number(const char **from, struct arguments *a)
{
    int number = 0;
    if (**from == '*') {
        ++*from;
        number = va_arg(a->list, int);
        return number > MOST ? MOST : number < -MOST ? -MOST : number;
    }
    for (; **from >= '0' && **from <= '9'; ++*from)
        if (number < MOST)
            number = number * 10 + (**from - '0');
    return number;
}

static const char *read_flags(const char *from, struct conversion *c)
{
    for (;; from++)
        switch (*from) {
        case '-': c->left = true; break;
        case '0': c->zero = true; break;
        case '+': c->plus = true; break;
        case ' ': c->blank = true; break;
        case '#': c->alternate = true; break;
        default: return from;
        }
}

static const char *read_length(const char *from, struct conversion *c)
{
    c->bytes = sizeof(int);
    for (;; from++)
        switch (*from) {
        case 'h': c->bytes = c->bytes > 1 ? c->bytes / 2 : 0; break;
        case 'l':
        case 'z':
        case 'j':
        case 't': c->bytes = sizeof(long); break;
        case 'L': c->is_long_double = true; break;
        default: return from;
        }
}

/* From behind '%' to behind the conversion's letter. */
static const char *read_conversion(const char *from, struct conversion *c, struct arguments *a)
{
    *c = (struct conversion){.precision = -1};
    from = read_flags(from, c);
    c->width = read_number(&from, a);
    if (c->width < 0) {
        c->left = true;
        c->width = -c->width;
    }
    if (*from == '.') {
        from++;
        c->precision = read_number(&from, a);
    }
    from = read_length(from, c);
    c->kind = *from;
    return *from ? from + 1 : from;
}

/* ---- writing one ---- */

/* Prefix, zeros and text in the field's width. Inlined, where images are not compiled for size, it would be most of a log. */
[[gnu::noinline]] static void put_field(struct output *o, const struct conversion *c, const char *prefix, int zeros, const char *text, size_t size)
{
    size_t before = strlen(prefix);
    int blanks = c->width - (int)before - zeros - (int)size;
    if (!c->left)
        fill(o, ' ', blanks);
    put(o, prefix, before);
    fill(o, '0', zeros);
    put(o, text, size);
    if (c->left)
        fill(o, ' ', blanks);
}

static void put_string(struct output *o, const struct conversion *c, const char *text)
{
    if (!text)
        text = "(null)";
    size_t room = (size_t)(o->end - o->at);
    size_t most = c->precision >= 0 && (size_t)c->precision < room ? (size_t)c->precision : room;
    put_field(o, c, "", 0, text, strnlen(text, most));
}

static const char *sign(const struct conversion *c, bool negative)
{
    return negative ? "-" : c->plus ? "+" : c->blank ? " " : "";
}

/* Returns where the number begins that ends before `end`. */
static char *digits_before(char *end, uint64_t number, unsigned base, const char *digits)
{
    if (base == 10)
        for (; number; number /= 10)
            *--end = (char)('0' + number % 10);
    else
        for (unsigned shift = base == 16 ? 4 : 3; number; number >>= shift)
            *--end = digits[number & (base - 1)];
    return end;
}

[[gnu::noinline]] static void put_number(struct output *o, const struct conversion *c, const char *prefix, uint64_t number, unsigned base)
{
    char text[DIGITS], *end = text + sizeof text;
    char *at = digits_before(end, number, base, c->kind == 'X' ? "0123456789ABCDEF" : "0123456789abcdef");
    int size = (int)(end - at), least = c->precision < 0 ? 1 : c->precision;
    if (base == 8 && c->alternate && least <= size)
        least = size + 1;
    if (c->precision < 0 && c->zero && !c->left && least < c->width - (int)strlen(prefix))
        least = c->width - (int)strlen(prefix);
    put_field(o, c, prefix, least > size ? least - size : 0, at, (size_t)size);
}

static void put_signed(struct output *o, const struct conversion *c, struct arguments *a)
{
    int64_t number = c->bytes == sizeof(long) ? va_arg(a->list, long) : va_arg(a->list, int);
    if (c->bytes == 1)
        number = (signed char)number;
    else if (c->bytes == 2)
        number = (int16_t)number;
    put_number(o, c, sign(c, number < 0), number < 0 ? -(uint64_t)number : (uint64_t)number, 10);
}

static void put_unsigned(struct output *o, const struct conversion *c, struct arguments *a, unsigned base)
{
    uint64_t number = c->bytes == sizeof(long) ? va_arg(a->list, unsigned long) : va_arg(a->list, unsigned);
    if (c->bytes < sizeof(int))
        number &= (1U << c->bytes * 8) - 1;
    bool prefixed = base == 16 && c->alternate && number;
    put_number(o, c, !prefixed ? "" : c->kind == 'X' ? "0X" : "0x", number, base);
}

static void put_pointer(struct output *o, const struct conversion *c, const void *pointer)
{
    put_number(o, c, "0x", (uintptr_t)pointer, 16);
}

/* "1.500000", "-inf", "1.000000e18" */
static void put_floating(struct output *o, const struct conversion *c, struct arguments *a)
{
    double value = c->is_long_double ? (double)va_arg(a->list, long double) : va_arg(a->list, double);
    bool negative = __builtin_signbit(value) != 0;
    value = negative ? -value : value;
    struct conversion plain = *c;
    plain.zero = c->zero && !c->left && __builtin_isfinite(value);
    if (!__builtin_isfinite(value)) {
        put_field(o, &plain, sign(c, negative), 0, value != value ? "nan" : "inf", 3);
        return;
    }
    unsigned exponent = 0;
    for (; value >= 1e18; exponent++)
        value /= 10;
    int decimals = c->precision < 0 ? 6 : c->precision < DECIMALS ? c->precision : DECIMALS;
    uint64_t scale = 1, whole = (uint64_t)value;
    for (int i = 0; i < decimals; i++)
        scale *= 10;
    double exact = (value - (double)whole) * (double)scale;
    uint64_t behind = (uint64_t)exact;
    double rest = exact - (double)behind;
    /* to the nearest, halves to the even digit */
    if (rest > 0.5 || (rest == 0.5 && ((decimals ? behind : whole) & 1)))
        behind++;
    whole += behind / scale;
    behind %= scale;

    char text[2 * DIGITS + 8], *end = text + sizeof text, *at = end;
    if (exponent) {
        at = digits_before(at, exponent, 10, NULL);
        *--at = 'e';
    }
    for (int i = 0; i < decimals; i++, behind /= 10)
        *--at = (char)('0' + behind % 10);
    if (decimals)
        *--at = '.';
    if (whole)
        at = digits_before(at, whole, 10, NULL);
    else
        *--at = '0';
    const char *prefix = sign(c, negative);
    int zeros = plain.zero ? c->width - (int)strlen(prefix) - (int)(end - at) : 0;
    put_field(o, &plain, prefix, zeros > 0 ? zeros : 0, at, (size_t)(end - at));
}

/* false: what this conversion takes is not known, and so where the arguments go on */
static bool convert(struct output *o, const struct conversion *c, struct arguments *a)
{
    char byte;
    bool wide = c->bytes == sizeof(long) && (c->kind == 's' || c->kind == 'c');
    switch (wide || !c->bytes ? '\0' : c->kind) {
    case 'd':
    case 'i': put_signed(o, c, a); return true;
    case 'u': put_unsigned(o, c, a, 10); return true;
    case 'x':
    case 'X': put_unsigned(o, c, a, 16); return true;
    case 'o': put_unsigned(o, c, a, 8); return true;
    case 'p': put_pointer(o, c, va_arg(a->list, void *)); return true;
    case 's': put_string(o, c, va_arg(a->list, const char *)); return true;
    case 'c':
        byte = (char)va_arg(a->list, int);
        put_field(o, c, "", 0, &byte, 1);
        return true;
    case 'f':
    case 'F':
    case 'e':
    case 'E':
    case 'g':
    case 'G': put_floating(o, c, a); return true;
    case '%': put(o, "%", 1); return true;
    default: return false;
    }
}

size_t log_console_format(char *to, size_t room, const char *format, va_list arguments)
{
    struct output o = {to, to + room};
    struct arguments a;
    va_copy(a.list, arguments);
    while (o.at < o.end && *format) {
        const char *conversion = format;
        while (*conversion && *conversion != '%')
            conversion++;
        put(&o, format, (size_t)(conversion - format));
        format = conversion;
        if (!*format)
            break;
        if (format[1] == 's') { /* the usual one */
            put_text(&o, va_arg(a.list, const char *));
            format += 2;
            continue;
        }
        struct conversion c;
        const char *next = read_conversion(format + 1, &c, &a);
        if (!convert(&o, &c, &a)) {
            put(&o, format, strlen(format));
            break;
        }
        format = next;
    }
    va_end(a.list);
    return (size_t)(o.at - to);
}
