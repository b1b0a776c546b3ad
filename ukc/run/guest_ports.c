/*
 * guest_ports.c - do published ports lead to where the image listens, as far as its keys say?
 *
 * Of a program whose own keys name no port nothing is known: its source may.
 */
#include "guest.h"
#include <stdio.h>
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

/* The first key of the unikernel's own that holds a port, and what it is in this run; NULL if it has none. */
static const char *own_port(const struct project *p, const struct guest *g, const struct guest_port_key **own)
{
    for (size_t k = 0; k < g->port_keys.count; k++) {
        const char *argument = argument_of(p, g->port_keys.items[k].path);
        if (!g->port_keys.items[k].own)
            continue;
        *own = &g->port_keys.items[k];
        return argument ? argument : (*own)->values;
    }
    *own = NULL;
    return NULL;
}

static bool some_key_names(const struct project *p, const struct guest *g, unsigned port)
{
    for (size_t k = 0; k < g->port_keys.count; k++) {
        const char *argument = argument_of(p, g->port_keys.items[k].path);
        if (names(argument ? argument : g->port_keys.items[k].values, port))
            return true;
    }
    return false;
}

void guest_check_ports(struct project *p, const struct guest *g)
{
    const struct guest_port_key *own;
    const char *value = own_port(p, g, &own);
    for (size_t n = 0; own && n < g->ports.count; n++) {
        unsigned port = g->ports.items[n].image;
        if (!argument_names(p, port) && !some_key_names(p, g, port))
            diag_warning(p->d, SPAN_NONE, "--publish leads to port %u of the image, and none of its keys says that it listens there: %s is %s", port, own->path,
                         value);
    }
}

/* Who comes from a process expects its port on this host. */
void guest_tell_ports(struct project *p, const struct guest *g)
{
    enum { FIRST_FREE_FOR_ALL = 1024, NUMBERS_OF_OTHERS = 8000, LAST = 65535 };
    const struct guest_port_key *own;
    const char *value = own_port(p, g, &own);
    unsigned long image = value ? strtoul(value, NULL, 10) : 0;
    bool made_up = false, tap = false;
    for (size_t k = 0; k < g->cards.count; k++) {
        made_up |= !g->cards.items[k].tap;
        tap |= g->cards.items[k].tap != NULL;
    }
    if (!made_up || !g->card_drivers)
        return;
    if (image < 1 || image > LAST)
        image = 80;
    if (g->ports.count && tap)
        fprintf(stderr, "ukc: the image's last network card is in a network of QEMU's own, for --publish\n");
    else if (!g->ports.count)
        fprintf(stderr, "ukc: no port of this host leads to the image; with -p %lu:%lu its port %lu would be %lu here\n",
                image < FIRST_FREE_FOR_ALL ? image + NUMBERS_OF_OTHERS : image, image, image, image < FIRST_FREE_FOR_ALL ? image + NUMBERS_OF_OTHERS : image);
}
