/*
 * guest_ports.c - do published ports lead to where the image listens, as far as its keys say?
 *
 * Of a program whose own keys name no port nothing is known: its source may.
 */
#include "guest.h"
#include <stdlib.h>
#include <string.h>

/* What the image's arguments make of a key, or NULL. */
static const char *argument_of(const struct project *p, const char *path)
{
    const char *value = NULL;
    size_t length = strlen(path);
    for (size_t k = 0; k < p->i->passed_count; k++) {
        const char *word = p->i->passed[k];
        if (string_starts(word, "--") && strncmp(word + 2, path, length) == 0 && word[2 + length] == '=')
            value = word + 2 + length + 1;
    }
    return value;
}

/* "80,443", and as a plan writes it "80, 443" */
static bool names(const char *values, unsigned port)
{
    while (*values) {
        char *end;
        if (strtoul(values, &end, 10) == port && end > values)
            return true;
        values = end > values ? end : values + 1;
    }
    return false;
}

/* An argument may use another path of the same key: one that ends like this is believed. */
static bool argument_names(const struct project *p, unsigned port)
{
    for (size_t k = 0; k < p->i->passed_count; k++) {
        const char *equals = strchr(p->i->passed[k], '=');
        if (equals && names(equals + 1, port))
            return true;
    }
    return false;
}

void guest_check_ports(struct project *p, const struct guest *g)
{
    for (size_t n = 0; n < g->ports.count; n++) {
        unsigned port = g->ports.items[n].image;
        const struct guest_port_key *own = NULL;
        const char *value_of_own = NULL;
        bool named = argument_names(p, port);
        for (size_t k = 0; k < g->port_keys.count; k++) {
            const struct guest_port_key *key = &g->port_keys.items[k];
            const char *argument = argument_of(p, key->path), *values = argument ? argument : key->values;
            named |= names(values, port);
            if (key->own && !own) {
                own = key;
                value_of_own = values;
            }
        }
        if (named || !own)
            continue;
        diag_warning(p->d, SPAN_NONE, "--publish leads to port %u of the image, and none of its keys says that it listens there: %s is %s", port, own->path,
                     value_of_own);
    }
}
