/*
 * value.c - key values: from any spelling to the canonical one.
 */
#include "read.h"

#include <stdlib.h>
#include <string.h>
#include "../base/arena.h"
#include "../base/file.h"
#include "../base/text.h"

const char *const key_kind_names[KEY_KIND_COUNT] = {
#define X(name, doc) #name,
    KEY_KINDS(X)
#undef X
};
const char *const key_kind_docs[KEY_KIND_COUNT] = {
#define X(name, doc) doc,
    KEY_KINDS(X)
#undef X
};

struct parse {
    struct arena *arena;
    const struct key *key;
    struct span span;
    struct diag *diag;
};

static const struct key_value *fail(const struct parse *p, const char *text, const char *wanted,
                                    const char *help)
{
    diag_error(p->diag, p->span, "key '%s' takes %s, not '%s'",
               p->key->name.text ? p->key->name.text : "?", wanted,
               shown(p->arena, text, strlen(text)));
    if (help)
        diag_help(p->diag, "%s", help);
    return NULL;
}

static struct key_value *keep(const struct parse *p, const char *text, int64_t number)
{
    struct key_value *v = arena_new(p->arena, struct key_value);
    v->text = arena_strdup(p->arena, text);
    v->number = number;
    return v;
}

/* ---- numbers ---- */

/* Decimal or 0x hexadecimal, an optional minus; no leading zeros, nothing before or after. */
static bool parse_integer(const char *text, int64_t *out)
{
    bool negative = *text == '-';
    const char *p = text + negative;
    unsigned base = p[0] == '0' && (p[1] | 0x20) == 'x' ? 16 : 10;
    if (base == 16)
        p += 2;
    else if (p[0] == '0' && p[1] != '\0')
        return false;
    uint64_t n = 0, most = negative ? (uint64_t)INT64_MAX + 1 : INT64_MAX;
    if (*p == '\0')
        return false;
    for (; *p; p++) {
        static const char digits[] = "0123456789abcdef";
        const char *digit = strchr(digits, *p >= 'A' && *p <= 'F' ? *p + 32 : *p);
        if (!digit || (unsigned)(digit - digits) >= base)
            return false;
        if (__builtin_mul_overflow(n, base, &n) ||
            __builtin_add_overflow(n, (uint64_t)(digit - digits), &n) || n > most)
            return false;
    }
    *out = negative ? (int64_t)(0 - n) : (int64_t)n;
    return true;
}

bool parse_size(const char *text, int64_t *out, const char **help)
{
    static const struct {
        const char *unit;
        unsigned shift;
    } units[] = {{"", 0}, {"B", 0}, {"KiB", 10}, {"MiB", 20}, {"GiB", 30}, {"TiB", 40}}; /* as libs/boot/value.c has them */
    *help = NULL;
    size_t digits = strspn(text, "0123456789");
    char number[24];
    if (digits == 0 || digits >= sizeof number || (text[0] == '0' && digits > 1))
        return false;
    memcpy(number, text, digits);
    number[digits] = '\0';
    int64_t n;
    if (!parse_integer(number, &n))
        return false;
    const char *unit = text + digits;
    for (size_t i = 0; i < sizeof units / sizeof *units; i++)
        if (string_equal(unit, units[i].unit))
            return !__builtin_mul_overflow(n, INT64_C(1) << units[i].shift, out);
    if (strchr("kKmMgGtT", unit[0]) && unit[0])
        *help = "units are powers of 1024: KiB, MiB, GiB, TiB";
    else if (unit[0] == ' ')
        *help = "the unit follows the number without a blank: 64KiB";
    return false;
}

static const char *range_text(struct arena *a, const struct key *k, const char *what)
{
    if (k->min != INT64_MIN && k->max != INT64_MAX)
        return arena_printf(a, "%s from %lld to %lld", what, (long long)k->min, (long long)k->max);
    if (k->min != INT64_MIN)
        return arena_printf(a, "%s of at least %lld", what, (long long)k->min);
    if (k->max != INT64_MAX)
        return arena_printf(a, "%s of at most %lld", what, (long long)k->max);
    return what;
}

static const struct key_value *parse_number(const struct parse *p, enum key_kind kind,
                                            const char *text)
{
    int64_t n;
    const char *help = NULL;
    const char *what = kind == KEY_KIND_port ? "a port, 1 to 65535"
                       : kind == KEY_KIND_size
                           ? "a number of bytes such as 512, 64KiB, 2MiB or 1GiB"
                           : "a whole number";
    if (!(kind == KEY_KIND_size ? parse_size(text, &n, &help) : parse_integer(text, &n)))
        return fail(p, text, kind == KEY_KIND_integer ? range_text(p->arena, p->key, what) : what,
                    help);
    if (kind == KEY_KIND_port) {
        if (n < 1 || n > 65535)
            return fail(p, text, what, NULL);
    } else if (n < p->key->min || n > p->key->max) {
        return fail(
            p, text,
            range_text(p->arena, p->key, kind == KEY_KIND_size ? "a number of bytes" : what), NULL);
    }
    return keep(p, arena_printf(p->arena, "%lld", (long long)n), n);
}

/* ---- words and addresses ---- */

static const struct key_value *parse_bool(const struct parse *p, const char *text)
{
    static const char *const yes[] = {"yes", "on", "1", "True", "TRUE"}, *const no[] = {
                                                                             "no", "off", "0",
                                                                             "False", "FALSE"};
    if (string_equal(text, "true") || string_equal(text, "false"))
        return keep(p, text, text[0] == 't');
    for (size_t i = 0; i < sizeof yes / sizeof *yes; i++) {
        if (string_equal(text, yes[i]))
            return fail(p, text, "true or false", "did you mean 'true'?");
        if (string_equal(text, no[i]))
            return fail(p, text, "true or false", "did you mean 'false'?");
    }
    return fail(p, text, "true or false", NULL);
}

static const struct key_value *parse_enum(const struct parse *p, const char *text)
{
    size_t count = p->key->choice_count;
    const char **words = arena_array(p->arena, const char *, count);
    struct text all = {};
    for (size_t i = 0; i < count; i++) {
        words[i] = p->key->choices[i].text;
        if (string_equal(words[i], text))
            return text_dispose(&all), keep(p, text, (int64_t)i);
        text_printf(&all, "%s'%s'", i == 0 ? "" : i + 1 == count ? " or " : ", ", words[i]);
    }
    const char *near = string_nearest(text, words, count);
    fail(p, text, text_string(&all),
         near ? arena_printf(p->arena, "did you mean '%s'?", near) : NULL);
    text_dispose(&all);
    return NULL;
}

static const struct key_value *parse_prefix(const struct parse *p, const char *text, bool six)
{
    const char *slash = strrchr(text, '/');
    const char *what = six ? "an IPv6 address with a prefix length such as fd00::2/64"
                           : "an IPv4 address with a prefix length such as 10.0.0.2/24";
    if (!slash)
        return fail(p, text, what, six ? "add the length of the network part: /64 or the like"
                                   : "add the length of the network part: /24 or the like");
    const char *address = arena_strndup(p->arena, text, (size_t)(slash - text));
    address = six ? ipv6_canonical(p->arena, address) : ipv4_canonical(p->arena, address);
    int64_t length = -1;
    if (!address || slash[1] == '-' || strchr(slash, 'x') || !parse_integer(slash + 1, &length) ||
        length > (six ? 128 : 32))
        return fail(p, text, what, NULL);
    return keep(p, arena_printf(p->arena, "%s/%lld", address, (long long)length), length);
}

static const struct key_value *parse_text(const struct parse *p, enum key_kind kind,
                                          const char *text)
{
    const char *canonical = NULL, *help = NULL, *what = "";
    switch (kind) {
    case KEY_KIND_path:
        what = "a path";
        canonical = *text ? path_normal(p->arena, text) : NULL;
        break;
    case KEY_KIND_ipv4:
        what = "an IPv4 address such as 10.0.0.2";
        canonical = ipv4_canonical(p->arena, text);
        help = strchr(text, '/') ? "a key of kind ipv4_prefix takes an address with a prefix length"
                                 : NULL;
        break;
    case KEY_KIND_ipv6:
        what = "an IPv6 address such as fd00::2";
        canonical = ipv6_canonical(p->arena, text);
        help = strchr(text, '/') ? "a key of kind ipv6_prefix takes an address with a prefix length"
                                 : NULL;
        break;
    default:
        what = "an Ethernet address such as 02:00:00:00:00:01";
        canonical = mac_canonical(p->arena, text);
    }
    return canonical ? keep(p, canonical, 0) : fail(p, text, what, help);
}

static const struct key_value *parse_one(const struct parse *p, enum key_kind kind,
                                         const char *text)
{
    if (!string_is_clean_utf8(text, strlen(text)))
        return fail(p, text, "UTF-8 text without control characters", NULL);
    switch (kind) {
    case KEY_KIND_bool:
        return parse_bool(p, text);
    case KEY_KIND_integer:
    case KEY_KIND_port:
    case KEY_KIND_size:
        return parse_number(p, kind, text);
    case KEY_KIND_string:
        return keep(p, text, 0);
    case KEY_KIND_enum:
        return parse_enum(p, text);
    case KEY_KIND_ipv4_prefix:
        return parse_prefix(p, text, false);
    case KEY_KIND_ipv6_prefix:
        return parse_prefix(p, text, true);
    default:
        return parse_text(p, kind, text);
    }
}

/* Items between commas, blanks around them dropped; an empty text is an empty list. */
static const struct key_value *parse_list(const struct parse *p, const char *text)
{
    VEC(struct key_value) items = {};
    struct text joined = {};
    bool ok = true;
    for (const char *at = text; *text && at;) {
        const char *comma = strchr(at, ','), *end = comma ? comma : at + strlen(at);
        while (at < end && *at == ' ')
            at++;
        while (end > at && end[-1] == ' ')
            end--;
        const struct key_value *v =
            parse_one(p, p->key->element, arena_strndup(p->arena, at, (size_t)(end - at)));
        if (v) {
            text_printf(&joined, "%s%s", items.count ? "," : "", v->text);
            *vec_add(p->arena, &items) = *v;
        }
        ok &= v != NULL;
        at = comma ? comma + 1 : NULL;
    }
    struct key_value *list = keep(p, text_string(&joined), 0);
    list->items = items.items;
    list->item_count = items.count;
    text_dispose(&joined);
    return ok ? list : NULL;
}

const struct key_value *key_parse(struct arena *a, const struct key *key, const char *text,
                                  struct span span, struct diag *d)
{
    struct parse p = {a, key, span, d};
    return key->kind == KEY_KIND_list ? parse_list(&p, text) : parse_one(&p, key->kind, text);
}

const struct key *key_named(struct arena *a, const struct key *key, const char *path)
{
    struct key *named = arena_new(a, struct key);
    *named = *key;
    named->name.text = path;
    return named;
}
