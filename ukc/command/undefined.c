/*
 * undefined.c - what a linker's undefined symbols mean in the words of the manifest.
 *
 * A label "<instance>.<function>" is one that a binding promised; a plain name
 * may be an operation of a signature that the caller did not require.
 */
#include "build.h"
#include <string.h>

static void explain_label(struct project *p, const char *symbol)
{
    const char *function = strrchr(symbol, '.') + 1;
    const char *instance = arena_strndup(p->a, symbol, (size_t)(function - symbol) - 1);
    if (string_ends(function, "_main") && strchr(instance, '.') == NULL)
        diag_error(p->d, SPAN_NONE, "'%s' must define int %s(void) in one of its sources", instance, function);
    else
        diag_error(p->d, SPAN_NONE, "%s is declared in the header of the implementation of '%s', but defined in none of its sources",
                   function, instance);
}

static const struct signature *signature_of(const struct manifest *m, const char *symbol)
{
    const struct signature *best = NULL;
    for (size_t k = 0; k < m->signature_count; k++) {
        const struct signature *s = &m->signatures[k];
        size_t n = strlen(s->identifier);
        bool fits = strncmp(symbol, s->identifier, n) == 0 && symbol[n] == '_';
        if (fits && (!best || n > strlen(best->identifier)))
            best = s;
    }
    return best;
}

static void explain_name(struct project *p, const char *symbol)
{
    const struct signature *s = p->manifest || project_load(p) ? signature_of(p->manifest, symbol) : NULL;
    if (!s)
        return;
    diag_error(p->d, SPAN_NONE, "%s is called by a component that does not require sig.%s", symbol, s->name.text);
    diag_help(p->d, "add it: requires = { %s = sig.%s }, and call the operations by the requirement's name", s->identifier, s->name.text);
}

void explain_undefined(struct project *p, const char *symbols)
{
    while (*symbols) {
        size_t n = strcspn(symbols, "\n");
        const char *symbol = arena_strndup(p->a, symbols, n);
        if (strchr(symbol, '.'))
            explain_label(p, symbol);
        else
            explain_name(p, symbol);
        symbols += n + (symbols[n] == '\n');
    }
}
