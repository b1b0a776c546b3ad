/*
 * boot_table.c - the keys that are read at boot, as variables, their defaults, and a table for libs/boot.
 */
#include "generation.h"
#include "c_text.h"

#include <inttypes.h>

bool plan_has_boot_keys(const struct plan *plan)
{
    for (size_t i = 0; i < plan->instance_count; i++)
        for (size_t j = 0; j < plan->instances[i].key_count; j++)
            if (key_is_boot(plan->instances[i].keys[j].key))
                return true;
    return false;
}

static const char *boot_kind(enum key_kind kind)
{
    switch (kind) {
    case KEY_KIND_bool:
        return "BOOT_BOOL";
    case KEY_KIND_integer:
        return "BOOT_INTEGER";
    case KEY_KIND_port:
        return "BOOT_PORT";
    case KEY_KIND_size:
        return "BOOT_SIZE";
    case KEY_KIND_string:
        return "BOOT_STRING";
    case KEY_KIND_enum:
        return "BOOT_ENUM";
    case KEY_KIND_path:
        return "BOOT_PATH";
    case KEY_KIND_ipv4:
        return "BOOT_IPV4";
    case KEY_KIND_ipv6:
        return "BOOT_IPV6";
    case KEY_KIND_ipv4_prefix:
        return "BOOT_IPV4_PREFIX";
    case KEY_KIND_ipv6_prefix:
        return "BOOT_IPV6_PREFIX";
    case KEY_KIND_mac:
        return "BOOT_MAC";
    case KEY_KIND_list:
    case KEY_KIND_COUNT:
        break;
    }
    return "BOOT_STRING";
}

static enum key_kind element_kind(const struct key *key)
{
    return key->kind == KEY_KIND_list ? key->element : key->kind;
}

/* An address is a struct, and its initialiser has braces. */
static void put_value(const struct plan_key *k, enum key_kind kind, const struct key_value *value, struct text *out)
{
    bool address = key_is_address(kind);
    if (address)
        text_printf(out, "(%s)", key_type(kind));
    key_initialiser(k->key, kind, value, out);
    text_puts(out, ";\n");
}

static void put_default(const struct generation *, const struct plan_instance *, const struct plan_key *k, size_t n, struct text *out)
{
    if (!k->value)
        return;
    if (k->key->kind != KEY_KIND_list) {
        text_printf(out, "    key_%zu = ", n);
        put_value(k, k->key->kind, k->value, out);
        return;
    }
    for (size_t i = 0; i < k->value->item_count; i++) {
        text_printf(out, "    key_%zu[%zu] = ", n, i);
        put_value(k, k->key->element, &k->value->items[i], out);
    }
    text_printf(out, "    key_%zu_count = %zu;\n", n, k->value->item_count);
}

static void put_variables(const struct generation *g, const struct plan_instance *i, const struct plan_key *k, size_t n,
                          struct text *out)
{
    bool list = k->key->kind == KEY_KIND_list;
    const char *symbol = key_symbol(g->a, i, k->key);
    text_printf(out, "%s key_%zu%s __asm__(\"%s\") UKC_READ_ONLY_AFTER_START;\n", key_type(element_kind(k->key)), n, list ? "[BOOT_LIST_MOST]" : "", symbol);
    if (list)
        text_printf(out, "size_t key_%zu_count __asm__(\"%s.count\") UKC_READ_ONLY_AFTER_START;\n", n, symbol);
    if (!k->value)
        text_printf(out, "static bool key_%zu_given;\n", n);
    if (k->key->choice_count) {
        text_printf(out, "static const char *const key_%zu_choices[] = {", n);
        for (size_t c = 0; c < k->key->choice_count; c++) {
            text_puts(out, c ? ", " : "");
            c_string(out, k->key->choices[c].text);
        }
        text_puts(out, "};\n");
    }
}

static void put_number(struct text *out, const char *field, int64_t n)
{
    text_printf(out, " .%s = ", field);
    c_integer(out, n);
    text_putc(out, ',');
}

static void put_row(const struct plan_key *k, const char *path, size_t n, struct text *out)
{
    const struct key *key = k->key;
    text_puts(out, "    {.path = ");
    c_string(out, path);
    if (key->doc) {
        text_puts(out, ", .doc = ");
        c_string(out, key->doc);
    }
    if (k->value) {
        text_puts(out, ", .fallback = ");
        c_string(out, k->value->text);
    } else {
        text_printf(out, ", .given = &key_%zu_given", n);
    }
    text_printf(out, ", .kind = %s,", boot_kind(element_kind(key)));
    put_number(out, "min", key->min);
    put_number(out, "max", key->max);
    if (key->choice_count)
        text_printf(out, " .choices = key_%zu_choices, .choice_count = %zu,", n, key->choice_count);
    if (key->kind == KEY_KIND_list)
        text_printf(out, " .value = key_%zu, .count = &key_%zu_count},\n", n, n);
    else
        text_printf(out, " .value = &key_%zu},\n", n);
}

/* The unikernel's keys stand at the root of the configuration tree. */
static void put_rows(const struct generation *g, const struct plan_instance *i, const struct plan_key *k, size_t n,
                     struct text *out)
{
    const char *name = k->key->name.text;
    if (i->component->kind == COMPONENT_UNIKERNEL) {
        put_row(k, name, n, out);
        return;
    }
    put_row(k, arena_printf(g->a, "%s.%s", i->name, name), n, out);
    for (size_t p = 0; p < i->path_count; p++)
        if (!string_equal(i->paths[p], i->name))
            put_row(k, arena_printf(g->a, "%s.%s", i->paths[p], name), n, out);
}

static void each_key(const struct generation *g, struct text *out,
                     void (*put)(const struct generation *, const struct plan_instance *, const struct plan_key *, size_t n, struct text *))
{
    size_t n = 0;
    for (size_t i = 0; i < g->plan->instance_count; i++)
        for (size_t j = 0; j < g->plan->instances[i].key_count; j++)
            if (key_is_boot(g->plan->instances[i].keys[j].key))
                put(g, &g->plan->instances[i], &g->plan->instances[i].keys[j], ++n, out);
}

/* ---- memory ---- */

/* Whether an argument can change what a whole holds, or has to. */
static bool is_read(const struct plan_instance *i, const struct plan_key *whole)
{
    bool parts = false, read = key_is_boot(whole->key);
    for (size_t k = 0; k < i->key_count && whole->key->budget; k++)
        if (string_equal(i->keys[k].key->within.text, whole->key->name.text)) {
            parts = true;
            read |= key_is_boot(i->keys[k].key);
        }
    return parts && read;
}

size_t plan_boot_budgets(const struct plan *plan)
{
    size_t n = 0;
    for (size_t i = 0; i < plan->instance_count; i++)
        for (size_t k = 0; k < plan->instances[i].key_count; k++)
            n += is_read(&plan->instances[i], &plan->instances[i].keys[k]);
    return n;
}

/* The number that each_key gives it. */
static size_t number_of(const struct plan *plan, const struct plan_key *key)
{
    size_t n = 0;
    for (size_t i = 0; i < plan->instance_count; i++)
        for (size_t k = 0; k < plan->instances[i].key_count; k++) {
            n += key_is_boot(plan->instances[i].keys[k].key);
            if (&plan->instances[i].keys[k] == key)
                return n;
        }
    return 0;
}

static void put_part(const struct generation *g, const struct plan_instance *i, const struct plan_key *k, struct text *out)
{
    const char *name = k->key->name.text;
    text_puts(out, "{.path = ");
    c_string(out, i->component->kind == COMPONENT_UNIKERNEL ? name : arena_printf(g->a, "%s.%s", i->name, name));
    text_puts(out, ", .value = ");
    if (key_is_boot(k->key)) {
        text_printf(out, "&key_%zu", number_of(g->plan, k));
    } else {
        text_puts(out, "&(const int64_t){");
        c_integer(out, k->value->number);
        text_putc(out, '}');
    }
    text_printf(out, ", .each = %" PRId64 "}", k->key->budget);
}

static void put_budget(const struct generation *g, const struct plan_instance *i, const struct plan_key *whole, struct text *out)
{
    size_t count = 0;
    text_puts(out, "    {.whole = ");
    put_part(g, i, whole, out);
    text_puts(out, ", .parts = (const struct boot_part[]){");
    for (size_t k = 0; k < i->key_count; k++)
        if (string_equal(i->keys[k].key->within.text, whole->key->name.text)) {
            text_puts(out, count++ ? ", " : "");
            put_part(g, i, &i->keys[k], out);
        }
    text_printf(out, "}, .count = %zu},\n", count);
}

static void put_budgets(const struct generation *g, struct text *out)
{
    text_puts(out, "\nstatic const struct boot_budget boot_budget_rows[] = {\n");
    for (size_t i = 0; i < g->plan->instance_count; i++)
        for (size_t k = 0; k < g->plan->instances[i].key_count; k++)
            if (is_read(&g->plan->instances[i], &g->plan->instances[i].keys[k]))
                put_budget(g, &g->plan->instances[i], &g->plan->instances[i].keys[k], out);
    text_puts(out, "};\n");
}

/* Which kinds there are: a constant, by which the optimiser leaves out how others are read. */
static void put_kinds(const struct generation *g, struct text *out)
{
    bool has[KEY_KIND_COUNT] = {}, lists = false;
    for (size_t i = 0; i < g->plan->instance_count; i++)
        for (size_t k = 0; k < g->plan->instances[i].key_count; k++) {
            const struct key *key = g->plan->instances[i].keys[k].key;
            if (!key_is_boot(key))
                continue;
            has[element_kind(key)] = true;
            lists |= key->kind == KEY_KIND_list;
        }
    text_puts(out, "\nconst unsigned boot_kinds = ");
    for (size_t kind = 0; kind < KEY_KIND_COUNT; kind++)
        if (has[kind])
            text_printf(out, "1u << %s | ", boot_kind((enum key_kind)kind));
    text_puts(out, lists ? "BOOT_LISTS;\n" : "0;\n");
}

void boot_table(const struct generation *g, struct text *out)
{
    put_kinds(g, out);
    text_puts(out, "\n/* Keys read at boot: their variables. */\n");
    each_key(g, out, put_variables);
    text_puts(out, "\n/* The defaults of the plan. */\nstatic void set_defaults(void)\n{\n");
    each_key(g, out, put_default);
    text_puts(out, "}\n");
    text_puts(out, "\nstatic const struct boot_key boot_keys[] = {\n");
    each_key(g, out, put_rows);
    text_puts(out, "};\n");
    if (plan_boot_budgets(g->plan))
        put_budgets(g, out);
}
