/*
 * boot.c - the argument line: which key is meant, and what to say if none is.
 */
#include "boot.h"

#include <string.h>

typedef void put_function(int descriptor, const char *bytes, size_t size);

struct reader {
    const char *program;
    const struct boot_key *keys;
    size_t count;
    put_function *put;
    bool bad;
};

static bool is_plain(char c)
{
    return c >= ' ' && c <= '~';
}

/* What comes from outside: cut, and whatever is not printable ASCII as \xHH, so that it cannot steer a terminal. */
static void quote(put_function *put, int descriptor, const char *bytes, size_t size)
{
    static const char digits[] = "0123456789abcdef";
    enum { MOST = 200 };
    if (size > MOST)
        size = MOST;
    for (size_t at = 0, plain; at < size; at += plain) {
        for (plain = 0; at + plain < size && is_plain(bytes[at + plain]);)
            plain++;
        if (plain > 0) {
            put(descriptor, bytes + at, plain);
            continue;
        }
        unsigned char c = (unsigned char)bytes[at];
        put(descriptor, (char[]){'\\', 'x', digits[c >> 4], digits[c & 15]}, 4);
        plain = 1;
    }
}

/* "program: <subject><what>\n"; the subject may come from outside. */
static void complain(struct reader *r, const char *subject, size_t size, const char *what)
{
    boot_put_text(r->put, 2, r->program);
    boot_put_text(r->put, 2, ": ");
    quote(r->put, 2, subject, size);
    boot_put_text(r->put, 2, what);
    r->bad = true;
}

static bool has_suffix(const char *path, const char *name, size_t size)
{
    size_t length = strlen(path);
    if (size == 0 || size > length || memcmp(path + length - size, name, size) != 0)
        return false;
    return size == length || path[length - size - 1] == '.';
}

static const struct boot_key *find(struct reader *r, const char *name, size_t size)
{
    const struct boot_key *found = NULL;
    bool ambiguous = false;
    for (size_t i = 0; i < r->count; i++) {
        const struct boot_key *key = &r->keys[i];
        if (!has_suffix(key->path, name, size))
            continue;
        if (strlen(key->path) == size)
            return key;
        ambiguous = ambiguous || (found && found->value != key->value);
        if (!found)
            found = key;
    }
    if (!found)
        complain(r, name, size, ": there is no such key at boot, --help lists them; others are fixed by ukc configure --set\n");
    if (!ambiguous)
        return found;
    complain(r, name, size, ": several keys end with this:\n");
    for (size_t i = 0; i < r->count; i++)
        if (has_suffix(r->keys[i].path, name, size)) {
            boot_put_text(r->put, 2, "  --");
            boot_put_text(r->put, 2, r->keys[i].path);
            boot_put_text(r->put, 2, "\n");
        }
    return NULL;
}

/* The words, where the image has such a key. */
static const char *kept(enum boot_kind kind, const char *words)
{
    return boot_has(kind) ? words : "";
}

static const char *words_of(enum boot_kind kind)
{
    switch (kind) {
    case BOOT_BOOL: return kept(BOOT_BOOL, "true or false");
    case BOOT_INTEGER: return kept(BOOT_INTEGER, "whole number");
    case BOOT_PORT: return kept(BOOT_PORT, "port, 1 to 65535");
    case BOOT_SIZE: return kept(BOOT_SIZE, "size such as 512, 64KiB, 2MiB");
    case BOOT_STRING: return kept(BOOT_STRING, "text");
    case BOOT_PATH: return kept(BOOT_PATH, "path");
    case BOOT_ENUM: return kept(BOOT_ENUM, "one of");
    case BOOT_IPV4: return kept(BOOT_IPV4, "IPv4 address");
    case BOOT_IPV6: return kept(BOOT_IPV6, "IPv6 address");
    case BOOT_IPV4_PREFIX: return kept(BOOT_IPV4_PREFIX, "IPv4 address with prefix length");
    case BOOT_IPV6_PREFIX: return kept(BOOT_IPV6_PREFIX, "IPv6 address with prefix length");
    case BOOT_MAC: return kept(BOOT_MAC, "Ethernet address");
    }
    return "";
}

/* What a value of this key is, in words. */
static void describe(put_function *put, int descriptor, const struct boot_key *key)
{
    if (boot_kinds & BOOT_LISTS && key->count)
        boot_put_text(put, descriptor, "list of, with commas: ");
    boot_put_text(put, descriptor, words_of(key->kind));
    for (size_t i = 0; i < key->choice_count; i++) {
        boot_put_text(put, descriptor, i ? ", " : " ");
        boot_put_text(put, descriptor, key->choices[i]);
    }
    if (key->kind != BOOT_INTEGER && key->kind != BOOT_SIZE)
        return;
    if (key->min != INT64_MIN) {
        boot_put_text(put, descriptor, ", at least ");
        boot_put_number(put, descriptor, key->min);
    }
    if (key->max != INT64_MAX) {
        boot_put_text(put, descriptor, ", at most ");
        boot_put_number(put, descriptor, key->max);
    }
}

static void set(struct reader *r, const struct boot_key *key, char *value)
{
    /* a list is cut where it is parsed: the whole text is needed for the message */
    size_t size = strlen(value);
    if (boot_parse(key, value))
        return;
    if (key->count)
        for (size_t i = 0; i < size; i++)
            value[i] = value[i] ? value[i] : ',';
    complain(r, key->path, strlen(key->path), ": '");
    quote(r->put, 2, value, size);
    boot_put_text(r->put, 2, "' does not fit: ");
    describe(r->put, 2, key);
    boot_put_text(r->put, 2, "\n");
}

/* The first row of the key that this row is of: rows with the same value are one key. */
static const struct boot_key *first_row(const struct reader *r, const struct boot_key *key)
{
    const struct boot_key *row = r->keys;
    while (row->value != key->value)
        row++;
    return row;
}

static void help(const struct reader *r)
{
    boot_put_text(r->put, 1, "usage: ");
    boot_put_text(r->put, 1, r->program);
    boot_put_text(r->put, 1, " [--KEY=VALUE]...\nA key may be shortened to the end of its path.\n\n");
    for (size_t i = 0; i < r->count; i++) {
        const struct boot_key *key = &r->keys[i];
        if (first_row(r, key) != key)
            continue;
        boot_put_text(r->put, 1, "  --");
        boot_put_text(r->put, 1, key->path);
        boot_put_text(r->put, 1, key->given ? " (required)" : "=");
        boot_put_text(r->put, 1, key->given ? "" : key->fallback);
        boot_put_text(r->put, 1, "\n      ");
        if (key->doc) {
            boot_put_text(r->put, 1, key->doc);
            boot_put_text(r->put, 1, "; ");
        }
        describe(r->put, 1, key);
        boot_put_text(r->put, 1, "\n");
    }
}

static bool is_truth(const char *s)
{
    return s && (strcmp(s, "true") == 0 || strcmp(s, "false") == 0);
}

/* Reads argv[at]; returns how many arguments that took. */
static int read_argument(struct reader *r, char **argv, int at, int argc)
{
    char *argument = argv[at], *next = at + 1 < argc ? argv[at + 1] : NULL;
    if (argument[0] != '-' || argument[1] != '-') {
        complain(r, argument, strlen(argument), ": an argument begins with --\n");
        return 1;
    }
    char *name = argument + 2, *equals = strchr(name, '=');
    size_t size = equals ? (size_t)(equals - name) : strlen(name);
    const struct boot_key *found = find(r, name, size);
    if (!found)
        return 1;
    if (found->given)
        *found->given = true;
    if (equals) {
        set(r, found, equals + 1);
        return 1;
    }
    if (found->kind == BOOT_BOOL && !found->count && !is_truth(next)) {
        *(bool *)found->value = true;
        return 1;
    }
    if (!next) {
        complain(r, found->path, strlen(found->path), ": a value is missing\n");
        return 1;
    }
    set(r, found, next);
    return 2;
}

int boot_arguments(const char *program, const struct boot_key *keys, size_t count, int argc, char **argv, put_function *put)
{
    struct reader r = {.program = program, .keys = keys, .count = count, .put = put};
    for (int i = 1; i < argc; i++)
        if (strcmp(argv[i], "--help") == 0) {
            help(&r);
            return BOOT_HELP;
        }
    for (int i = 1; i < argc;)
        i += read_argument(&r, argv, i, argc);
    for (size_t i = 0; i < count; i++) {
        if (keys[i].given && !*keys[i].given && first_row(&r, &keys[i]) == &keys[i])
            complain(&r, keys[i].path, strlen(keys[i].path), ": this key must be given\n");
    }
    return r.bad ? BOOT_BAD : BOOT_GO;
}
