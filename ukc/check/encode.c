/*
 * encode.c - a model as strict text, and back.
 *
 * One fact a line, fields separated by one space, strings begin with '=' and
 * have bytes that are not printable ASCII, and '%' and space, as %XX.  Reading
 * accepts exactly what writing produces, and a model whose references are
 * sound: indexes in range, types that refer backwards, typedefs and untagged
 * structs without cycles.  The text may come from a damaged or hostile file.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "../base/arena.h"
#include "model.h"

static const char *const type_kind_names[TYPE_KIND_COUNT] = {
#define X(name) [TYPE_##name] = #name,
    TYPE_KINDS(X)
#undef X
};

/* ---- writing ---- */

static bool is_plain(int byte)
{
    return byte > ' ' && byte < 127 && byte != '%';
}

static void put_string(struct text *out, const char *s)
{
    text_puts(out, " =");
    for (const unsigned char *c = (const unsigned char *)s; *c; c++) {
        if (is_plain(*c))
            text_putc(out, (char)*c);
        else
            text_printf(out, "%%%02X", *c);
    }
}

static void put_number(struct text *out, int64_t n)
{
    text_printf(out, " %" PRId64, n);
}

static void put_use(struct text *out, struct type_use use)
{
    text_printf(out, " %" PRIu32 " %" PRIu32, use.type, use.qualifiers);
}

static void put_place(struct text *out, struct place p)
{
    text_printf(out, " %" PRIu32 " %" PRIu32 " %" PRIu32 " %" PRIu32, p.file, p.line, p.column, p.length);
}

static void put_type(struct text *out, const struct type *t)
{
    text_printf(out, "type %s", type_kind_names[t->kind]);
    if (t->kind == TYPE_basic)
        put_string(out, t->name);
    else if (t->kind == TYPE_named)
        put_number(out, t->declaration);
    else {
        put_use(out, t->of);
        put_number(out, t->count);
    }
    if (t->kind == TYPE_function) {
        put_number(out, t->variadic);
        put_number(out, t->prototype);
        put_number(out, (int64_t)t->parameter_count);
        for (size_t i = 0; i < t->parameter_count; i++)
            put_use(out, t->parameters[i]);
    }
    text_putc(out, '\n');
}

static void put_declaration(struct text *out, const struct declaration *d)
{
    text_printf(out, "declaration %s", declaration_kind_names[d->kind]);
    put_string(out, d->name);
    put_place(out, d->place);
    const int64_t numbers[] = {d->end, d->complete, d->packed, d->aligned, d->size, d->alignment};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        put_number(out, numbers[i]);
    put_use(out, d->of);
    put_number(out, (int64_t)d->member_count);
    for (size_t i = 0; i < d->member_count; i++) {
        text_puts(out, "\nmember");
        put_string(out, d->members[i].name);
        put_place(out, d->members[i].place);
        put_use(out, d->members[i].type);
        put_number(out, d->members[i].value);
        put_number(out, d->members[i].width);
    }
    text_putc(out, '\n');
}

static void put_function(struct text *out, const struct function *f)
{
    text_puts(out, "function");
    put_string(out, f->name);
    put_place(out, f->place);
    put_use(out, f->type);
    put_number(out, f->internal);
    put_number(out, f->inlined);
    put_number(out, f->defined);
    put_string(out, f->comment);
    put_string(out, f->attributes);
    put_number(out, (int64_t)f->parameter_count);
    for (size_t i = 0; i < f->parameter_count; i++) {
        text_puts(out, "\nparameter");
        put_string(out, f->parameters[i].name);
        put_place(out, f->parameters[i].place);
    }
    text_putc(out, '\n');
}

void interface_encode(const struct interface *i, struct text *out)
{
    text_printf(out, "interface %zu %zu %zu %zu %zu\n", i->path_count, i->type_count, i->declaration_count,
                i->function_count, i->variable_count);
    for (size_t n = 0; n < i->path_count; n++) {
        text_puts(out, "path");
        put_string(out, i->paths[n]);
        text_putc(out, '\n');
    }
    for (size_t n = 0; n < i->type_count; n++)
        put_type(out, &i->types[n]);
    for (size_t n = 0; n < i->declaration_count; n++)
        put_declaration(out, &i->declarations[n]);
    for (size_t n = 0; n < i->function_count; n++)
        put_function(out, &i->functions[n]);
    for (size_t n = 0; n < i->variable_count; n++) {
        text_puts(out, "variable");
        put_string(out, i->variables[n].name);
        put_place(out, i->variables[n].place);
        text_putc(out, '\n');
    }
}

/* ---- reading ---- */

/* Reading stops at the first fault: everything after it yields zeros. */
struct reader {
    struct arena *arena;
    const char *at, *end;
    bool bad;
    size_t paths, types, declarations; /* of the model, as announced */
};

static bool fault(struct reader *r)
{
    r->bad = true;
    r->at = r->end;
    return false;
}

static void expect(struct reader *r, const char *text)
{
    size_t n = strlen(text);
    if ((size_t)(r->end - r->at) < n || memcmp(r->at, text, n))
        fault(r);
    else
        r->at += n;
}

/* " 123": decimal, as written by put_number, between low and high */
static int64_t number(struct reader *r, int64_t low, int64_t high)
{
    expect(r, " ");
    bool negative = r->at < r->end && *r->at == '-';
    const char *first = r->at += negative;
    uint64_t n = 0;
    for (; r->at < r->end && *r->at >= '0' && *r->at <= '9'; r->at++)
        if (__builtin_mul_overflow(n, 10, &n) || __builtin_add_overflow(n, (uint64_t)(*r->at - '0'), &n))
            return fault(r);
    if (r->bad || r->at == first || (*first == '0' && r->at - first > 1) || n > (uint64_t)INT64_MAX + negative ||
        (negative && !n))
        return fault(r);
    int64_t value = negative ? (int64_t)-n : (int64_t)n;
    return value < low || value > high ? fault(r) : value;
}

/* A count of things that take at least `bytes` bytes each in what is left: bounds memory. */
static size_t count(struct reader *r, size_t bytes)
{
    return (size_t)number(r, 0, (int64_t)((size_t)(r->end - r->at) / bytes));
}

static bool flag(struct reader *r)
{
    return number(r, 0, 1);
}

static int hex(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static const char *string(struct reader *r)
{
    expect(r, " =");
    const char *first = r->at;
    while (r->at < r->end && *r->at > ' ' && *r->at < 127)
        r->at++;
    char *out = arena_alloc(r->arena, (size_t)(r->at - first) + 1, 1), *to = out;
    for (const char *c = first; c < r->at; c++) {
        if (*c != '%') {
            *to++ = *c;
            continue;
        }
        int high = r->at - c > 2 ? hex(c[1]) : -1, low = high >= 0 ? hex(c[2]) : -1, byte = high * 16 + low;
        if (low < 0 || !byte || is_plain(byte)) { /* a plain byte is written as itself */
            fault(r);
            return "";
        }
        *to++ = (char)byte;
        c += 2;
    }
    return out;
}

static struct type_use use(struct reader *r, size_t types)
{
    uint32_t type = (uint32_t)number(r, 0, (int64_t)types - 1);
    return (struct type_use){type, (uint32_t)number(r, 0, QUALIFIERS)};
}

/* TYPE_NONE is allowed */
static struct type_use maybe_use(struct reader *r, size_t types)
{
    uint32_t type = (uint32_t)number(r, 0, TYPE_NONE);
    if (type != TYPE_NONE && type >= types)
        fault(r);
    return (struct type_use){type, (uint32_t)number(r, 0, QUALIFIERS)};
}

static struct place place(struct reader *r)
{
    uint32_t file = (uint32_t)number(r, 0, FILE_NONE);
    if (file != FILE_NONE && file >= r->paths)
        fault(r);
    uint32_t line = (uint32_t)number(r, 0, INT32_MAX), column = (uint32_t)number(r, 0, INT32_MAX);
    return (struct place){file, line, column, (uint32_t)number(r, 0, INT32_MAX)};
}

static unsigned word(struct reader *r, const char *const *words, unsigned words_count)
{
    expect(r, " ");
    for (unsigned i = 0; i < words_count; i++) {
        size_t n = strlen(words[i]);
        if ((size_t)(r->end - r->at) > n && !memcmp(r->at, words[i], n) && r->at[n] == ' ') {
            r->at += n;
            return i;
        }
    }
    fault(r);
    return 0;
}

static struct type read_type(struct reader *r, size_t index)
{
    expect(r, "type");
    struct type t = {.kind = word(r, type_kind_names, TYPE_KIND_COUNT)};
    if (t.kind == TYPE_basic)
        t.name = string(r);
    else if (t.kind == TYPE_named)
        t.declaration = (uint32_t)number(r, 0, (int64_t)r->declarations - 1);
    else {
        t.of = use(r, index); /* backwards only */
        t.count = number(r, -1, INT64_MAX);
    }
    if (t.kind == TYPE_function) {
        t.variadic = flag(r);
        t.prototype = flag(r);
        t.parameter_count = count(r, 4);
        struct type_use *parameters = arena_array(r->arena, struct type_use, t.parameter_count);
        for (size_t i = 0; i < t.parameter_count && !r->bad; i++)
            parameters[i] = use(r, index);
        t.parameters = parameters;
    }
    expect(r, "\n");
    return t;
}

static struct declaration read_declaration(struct reader *r)
{
    expect(r, "declaration");
    struct declaration d = {.kind = word(r, declaration_kind_names, DECLARATION_KIND_COUNT)};
    d.name = string(r);
    d.place = place(r);
    d.end = (uint32_t)number(r, 0, UINT32_MAX);
    d.complete = flag(r);
    d.packed = flag(r);
    d.aligned = flag(r);
    d.size = number(r, INT32_MIN, INT64_MAX);
    d.alignment = number(r, INT32_MIN, INT64_MAX);
    d.of = maybe_use(r, r->types);
    if (d.kind == DECLARATION_typedef && d.of.type == TYPE_NONE)
        fault(r);
    d.member_count = count(r, 20);
    struct member *members = arena_array(r->arena, struct member, d.member_count);
    for (size_t i = 0; i < d.member_count && !r->bad; i++) {
        expect(r, "\nmember");
        members[i].name = string(r);
        members[i].place = place(r);
        members[i].type = maybe_use(r, r->types);
        if ((members[i].type.type == TYPE_NONE) != (d.kind == DECLARATION_enum))
            fault(r);
        members[i].value = number(r, INT64_MIN, INT64_MAX);
        members[i].width = number(r, -1, INT32_MAX);
    }
    d.members = members;
    expect(r, "\n");
    return d;
}

static struct function read_function(struct reader *r)
{
    expect(r, "function");
    struct function f = {.name = string(r)};
    f.place = place(r);
    f.type = use(r, r->types);
    f.internal = flag(r);
    f.inlined = flag(r);
    f.defined = flag(r);
    f.comment = string(r);
    f.attributes = string(r);
    f.parameter_count = count(r, 15);
    struct parameter *parameters = arena_array(r->arena, struct parameter, f.parameter_count);
    for (size_t i = 0; i < f.parameter_count && !r->bad; i++) {
        expect(r, "\nparameter");
        parameters[i].name = string(r);
        parameters[i].place = place(r);
    }
    f.parameters = parameters;
    expect(r, "\n");
    return f;
}

/* ---- soundness ---- */

/* Deeper than libclang.c makes them; not deep enough to exhaust a stack. */
#define HEIGHT_MOST 1000
#define UNSOUND UINT32_MAX

struct soundness {
    const struct interface *interface;
    uint32_t *height; /* per type: 0 not seen, UNSOUND while on the way */
};

static uint32_t height(const struct soundness *, uint32_t type, unsigned depth);

/* What printing and comparing walk without asking: typedefs, and structs without a tag. */
static uint32_t named_height(const struct soundness *s, const struct declaration *d, unsigned depth)
{
    uint32_t most = 0;
    if (d->kind == DECLARATION_typedef)
        return height(s, d->of.type, depth);
    if (!*d->name && d->kind != DECLARATION_enum)
        for (size_t i = 0; i < d->member_count && most != UNSOUND; i++) {
            uint32_t h = height(s, d->members[i].type.type, depth);
            most = h > most ? h : most;
        }
    return most;
}

static uint32_t height(const struct soundness *s, uint32_t index, unsigned depth)
{
    if (s->height[index] || depth > HEIGHT_MOST)
        return depth > HEIGHT_MOST ? UNSOUND : s->height[index];
    s->height[index] = UNSOUND;
    const struct type *t = &s->interface->types[index];
    uint32_t most = 0;
    if (t->kind == TYPE_named)
        most = named_height(s, &s->interface->declarations[t->declaration], depth + 1);
    else if (t->kind != TYPE_basic)
        most = height(s, t->of.type, depth + 1);
    for (size_t i = 0; i < t->parameter_count && most != UNSOUND; i++) {
        uint32_t h = height(s, t->parameters[i].type, depth + 1);
        most = h > most ? h : most;
    }
    if (most < HEIGHT_MOST)
        s->height[index] = most + 1;
    return s->height[index];
}

static bool sound_functions(const struct interface *i)
{
    for (size_t n = 0; n < i->function_count; n++) {
        const struct type *t = type_of(i, i->functions[n].type);
        if (t->kind != TYPE_function || i->functions[n].parameter_count > t->parameter_count)
            return false;
    }
    return true;
}

static bool sound(struct arena *a, const struct interface *i)
{
    struct soundness s = {i, arena_array(a, uint32_t, i->type_count)};
    for (size_t n = 0; n < i->type_count; n++)
        if (height(&s, (uint32_t)n, 0) == UNSOUND)
            return false;
    return sound_functions(i);
}

const struct interface *interface_decode(struct arena *a, const char *text, size_t size)
{
    struct reader r = {.arena = a, .at = text, .end = text + size};
    struct interface *i = arena_new(a, struct interface);
    expect(&r, "interface");
    i->path_count = r.paths = count(&r, 7);
    i->type_count = r.types = count(&r, 10);
    i->declaration_count = r.declarations = count(&r, 40);
    i->function_count = count(&r, 30);
    i->variable_count = count(&r, 17);
    expect(&r, "\n");
    if (r.bad || !i->path_count)
        return NULL;
#define READ(T, field, n, call)                                                                    \
    T *field = arena_array(a, T, n);                                                               \
    for (size_t k = 0; k < (n) && !r.bad; k++)                                                     \
        field[k] = call;                                                                           \
    i->field = field;
    const char **paths = arena_array(a, const char *, i->path_count);
    for (size_t k = 0; k < i->path_count && !r.bad; k++) {
        expect(&r, "path");
        paths[k] = string(&r);
        expect(&r, "\n");
    }
    i->paths = paths;
    READ(struct type, types, i->type_count, read_type(&r, k))
    READ(struct declaration, declarations, i->declaration_count, read_declaration(&r))
    READ(struct function, functions, i->function_count, read_function(&r))
#undef READ
    struct variable *variables = arena_array(a, struct variable, i->variable_count);
    for (size_t k = 0; k < i->variable_count && !r.bad; k++) {
        expect(&r, "variable");
        variables[k].name = string(&r);
        variables[k].place = place(&r);
        expect(&r, "\n");
    }
    i->variables = variables;
    return r.bad || r.at != r.end || !sound(a, i) ? NULL : i;
}
