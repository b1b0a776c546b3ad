/*
 * keys.c - an instance's configuration as C: gen/<instance>/keys.h.
 *
 * A key fixed at configure time is a constant.  For key "queue-size":
 *
 *     bool, integer, port, size    #define KEY_QUEUE_SIZE 128            also in #if
 *     string, path                 "text"
 *     enum                         a number, and KEY_QUEUE_SIZE_<CHOICE> for each choice
 *     addresses and prefixes       "10.0.0.2/24", KEY_..._BYTES {10, 0, 0, 2}, KEY_..._LENGTH 24
 *     list                         KEY_..._COUNT, KEY_..._ITEMS {a, b}; of addresses also _BYTES, _LENGTHS
 *
 * A key read at boot has the same names, which then read a variable: _BYTES
 * and _ITEMS are pointers, and the items of a list of addresses are
 * struct boot_address.  Using one in #if is an error, as it should be.
 */
#include "generation.h"
#include "c_text.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "../base/map.h"
#include "../../libs/include/ukc/boot_key.h"

bool key_is_boot(const struct key *key)
{
    return key->phase != KEY_CONFIGURE;
}

const char *key_symbol(struct arena *a, const struct plan_instance *instance, const struct key *key)
{
    return arena_printf(a, "%s.key.%s", instance->name, c_identifier(a, key->name.text));
}

int key_choice(const struct key *key, const char *word)
{
    for (size_t i = 0; i < key->choice_count; i++)
        if (string_equal(key->choices[i].text, word))
            return (int)i;
    return 0; /* key_parse lets nothing else through */
}

static bool is_prefix(enum key_kind kind)
{
    return kind == KEY_KIND_ipv4_prefix || kind == KEY_KIND_ipv6_prefix;
}

bool key_is_address(enum key_kind kind)
{
    return is_prefix(kind) || kind == KEY_KIND_ipv4 || kind == KEY_KIND_ipv6 || kind == KEY_KIND_mac;
}

size_t key_address(enum key_kind kind, const char *text, unsigned char bytes[16], unsigned *length)
{
    char address[64];
    *length = 0;
    snprintf(address, sizeof address, "%.*s", (int)strcspn(text, "/"), text);
    if (is_prefix(kind) && sscanf(text + strlen(address), "/%3u", length) != 1)
        return 0;
    if (kind == KEY_KIND_mac) {
        unsigned b[6];
        if (sscanf(address, "%2x:%2x:%2x:%2x:%2x:%2x", &b[0], &b[1], &b[2], &b[3], &b[4], &b[5]) != 6)
            return 0;
        for (int i = 0; i < 6; i++)
            bytes[i] = (unsigned char)b[i];
        return 6;
    }
    bool v4 = kind == KEY_KIND_ipv4 || kind == KEY_KIND_ipv4_prefix;
    if (!key_is_address(kind) || inet_pton(v4 ? AF_INET : AF_INET6, address, bytes) != 1)
        return 0;
    return v4 ? 4 : 16;
}

static void put_bytes(struct text *out, enum key_kind kind, const char *text)
{
    unsigned char bytes[16];
    unsigned length;
    size_t n = key_address(kind, text, bytes, &length);
    text_putc(out, '{');
    for (size_t i = 0; i < n; i++)
        text_printf(out, "%s%u", i ? ", " : "", bytes[i]);
    text_putc(out, '}');
}

static unsigned prefix_length(enum key_kind kind, const char *text)
{
    unsigned char bytes[16];
    unsigned length;
    key_address(kind, text, bytes, &length);
    return length;
}

/* One value as an expression of a constant. */
static void put_constant(struct text *out, const struct key *key, enum key_kind kind, const struct key_value *value)
{
    switch (kind) {
    case KEY_KIND_bool:
    case KEY_KIND_integer:
    case KEY_KIND_port:
    case KEY_KIND_size:
        c_integer(out, value->number);
        break;
    case KEY_KIND_enum:
        c_integer(out, key_choice(key, value->text));
        break;
    case KEY_KIND_string:
    case KEY_KIND_path:
    case KEY_KIND_ipv4:
    case KEY_KIND_ipv6:
    case KEY_KIND_ipv4_prefix:
    case KEY_KIND_ipv6_prefix:
    case KEY_KIND_mac:
        c_string(out, value->text);
        break;
    case KEY_KIND_list:
    case KEY_KIND_COUNT:
        break; /* a list has no list as element */
    }
}

void key_initialiser(const struct key *key, enum key_kind kind, const struct key_value *value, struct text *out)
{
    if (!key_is_address(kind)) {
        put_constant(out, key, kind, value);
        return;
    }
    text_puts(out, "{");
    c_string(out, value->text);
    text_puts(out, ", ");
    put_bytes(out, kind, value->text);
    text_printf(out, ", %u}", prefix_length(kind, value->text));
}

const char *key_type(enum key_kind kind)
{
    switch (kind) {
    case KEY_KIND_bool:
        return "bool";
    case KEY_KIND_integer:
    case KEY_KIND_size:
        return "int64_t";
    case KEY_KIND_port:
        return "uint16_t";
    case KEY_KIND_string:
    case KEY_KIND_path:
        return "const char *";
    case KEY_KIND_enum:
        return "int";
    case KEY_KIND_ipv4:
    case KEY_KIND_ipv6:
    case KEY_KIND_ipv4_prefix:
    case KEY_KIND_ipv6_prefix:
    case KEY_KIND_mac:
        return "struct boot_address";
    case KEY_KIND_list:
    case KEY_KIND_COUNT:
        break;
    }
    return "void";
}

/* ---- the header ---- */

struct header {
    const struct generation *g;
    struct text *out;
    struct map macros; /* name of a macro -> index of the key that made it */
    const struct key **keys;
    uint32_t key_count;
    bool good;
};

/* "#define KEY_<name><suffix> ", once; false after reporting that another key has it already. */
static bool define(struct header *h, const struct key *key, const char *suffix)
{
    const char *macro = arena_printf(h->g->a, "KEY_%s%s", c_macro(h->g->a, key->name.text), suffix);
    uint32_t other = map_add(&h->macros, macro, h->key_count - 1);
    if (other != MAP_ABSENT) {
        h->good = diag_error(h->g->d, key->name.span, "key '%s' needs the macro %s, which key '%s' has", key->name.text, macro,
                             h->keys[other]->name.text);
        diag_note(h->g->d, h->keys[other]->name.span, "key '%s' is declared here", h->keys[other]->name.text);
        return false;
    }
    text_printf(h->out, "#define %s ", macro);
    return true;
}

static void define_choices(struct header *h, const struct key *key)
{
    for (size_t i = 0; i < key->choice_count; i++)
        if (define(h, key, arena_printf(h->g->a, "_%s", c_macro(h->g->a, key->choices[i].text))))
            text_printf(h->out, "%zu\n", i);
}

static void define_list(struct header *h, const struct key *key, const struct key_value *value)
{
    if (define(h, key, "_COUNT"))
        text_printf(h->out, "%zu\n", value->item_count);
    const char *suffixes[] = {"_ITEMS", key_is_address(key->element) ? "_BYTES" : NULL, is_prefix(key->element) ? "_LENGTHS" : NULL};
    for (size_t form = 0; form < 3; form++) {
        if (!suffixes[form] || !define(h, key, suffixes[form]))
            continue;
        text_putc(h->out, '{');
        for (size_t i = 0; i < value->item_count; i++) {
            text_puts(h->out, i ? ", " : "");
            if (form == 0)
                put_constant(h->out, key, key->element, &value->items[i]);
            else if (form == 1)
                put_bytes(h->out, key->element, value->items[i].text);
            else
                text_printf(h->out, "%u", prefix_length(key->element, value->items[i].text));
        }
        text_puts(h->out, "}\n");
    }
}

static void define_constant(struct header *h, const struct key *key, const struct key_value *value)
{
    if (key->kind == KEY_KIND_list) {
        define_list(h, key, value);
        return;
    }
    if (define(h, key, "")) {
        put_constant(h->out, key, key->kind, value);
        text_putc(h->out, '\n');
    }
    if (key_is_address(key->kind) && define(h, key, "_BYTES")) {
        put_bytes(h->out, key->kind, value->text);
        text_putc(h->out, '\n');
    }
    if (is_prefix(key->kind) && define(h, key, "_LENGTH"))
        text_printf(h->out, "%u\n", prefix_length(key->kind, value->text));
}

/* A cast makes each macro a value: a component cannot assign to its key. */
static void define_variable(struct header *h, const struct plan_instance *instance, const struct key *key, const struct key_value *value)
{
    bool list = key->kind == KEY_KIND_list;
    enum key_kind kind = list ? key->element : key->kind;
    if (list && value && value->item_count > BOOT_LIST_MOST)
        h->good = diag_error(h->g->d, key->defaults[h->g->plan->target].span, "key '%s' is read at boot and has %zu items; %d is the most", key->name.text,
                             value->item_count, BOOT_LIST_MOST);
    const char *variable = arena_printf(h->g->a, "ukc_key_%s", c_identifier(h->g->a, key->name.text));
    const char *symbol = key_symbol(h->g->a, instance, key), *type = key_type(kind);
    text_printf(h->out, "extern %s %s%s __asm__(\"%s\");\n", type, variable, list ? "[BOOT_LIST_MOST]" : "", symbol);
    if (list) {
        text_printf(h->out, "extern size_t %s_count __asm__(\"%s.count\");\n", variable, symbol);
        if (define(h, key, "_COUNT"))
            text_printf(h->out, "((size_t)%s_count)\n", variable);
        if (define(h, key, "_ITEMS"))
            text_printf(h->out, "((%s const *)%s)\n", type, variable);
        return;
    }
    if (define(h, key, ""))
        text_printf(h->out, "((%s)%s%s)\n", key_is_address(kind) ? "const char *" : type, variable, key_is_address(kind) ? ".text" : "");
    if (key_is_address(kind) && define(h, key, "_BYTES"))
        text_printf(h->out, "((const uint8_t *)%s.bytes)\n", variable);
    if (is_prefix(kind) && define(h, key, "_LENGTH"))
        text_printf(h->out, "((unsigned)%s.length)\n", variable);
}

static void put_key(struct header *h, const struct plan_instance *instance, const struct plan_key *k)
{
    const struct key *key = k->key;
    h->keys[h->key_count++] = key;
    text_puts(h->out, "\n/* ");
    c_comment_text(h->out, key->name.text);
    if (key->doc) {
        text_puts(h->out, ": ");
        c_comment_text(h->out, key->doc);
    }
    const char *place = place_text(h->g, (struct span){.source = k->span.source}); /* no line: a comment above would change these bytes */
    if (*place) {
        text_puts(h->out, " (");
        c_comment_text(h->out, place);
        text_puts(h->out, ")");
    }
    text_puts(h->out, " */\n");
    if (key->kind == KEY_KIND_enum || (key->kind == KEY_KIND_list && key->element == KEY_KIND_enum))
        define_choices(h, key);
    if (key_is_boot(key))
        define_variable(h, instance, key, k->value);
    else
        define_constant(h, key, k->value);
}

static bool has_key(const struct plan_instance *instance, const char *name)
{
    for (size_t i = 0; i < instance->key_count; i++)
        if (string_equal(instance->keys[i].key->name.text, name))
            return true;
    return false;
}

/* Is this deciding key ("stack.net") one of a signature that the instance provides? */
static bool provides_key(const struct plan_instance *instance, const char *path)
{
    const struct component *c = instance->component;
    for (size_t i = 0; i < c->provides_count; i++) {
        size_t n = strlen(c->provides[i].text);
        if (strncmp(path, c->provides[i].text, n) == 0 && path[n] == '.' && !strchr(path + n + 1, '.'))
            return true;
    }
    return false;
}

bool keys_header(const struct generation *g, const struct plan_instance *instance, struct text *out)
{
    const struct plan *plan = g->plan;
    struct header h = {.g = g, .out = out, .good = true};
    h.keys = arena_array(g->a, const struct key *, instance->key_count + plan->signature_key_count + 1);
    text_puts(out, "/* Generated by ukc: the configuration of ");
    c_comment_text(out, instance->name);
    text_puts(out, ". */\n#pragma once\n");
    bool boot = false;
    for (size_t i = 0; i < instance->key_count; i++)
        boot = boot || key_is_boot(instance->keys[i].key);
    if (boot)
        text_puts(out, "\n#include <ukc/boot_key.h>\n");
    for (size_t i = 0; i < instance->key_count; i++)
        put_key(&h, instance, &instance->keys[i]);
    for (size_t i = 0; i < plan->signature_key_count; i++)
        if (provides_key(instance, plan->signature_key_paths[i]) && !has_key(instance, plan->signature_keys[i].key->name.text))
            put_key(&h, instance, &plan->signature_keys[i]);
    map_dispose(&h.macros);
    return h.good;
}
