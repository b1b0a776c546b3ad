/*
 * report.c - what is said when an import cannot be had, and when it was had in spite of something.
 */
#include "import.h"

static const char *what(const struct import *i)
{
    switch (i->kind) {
    case IMPORT_DEBIAN: return "the Debian package";
    case IMPORT_DEBIAN_SOURCE: return "the source archive of";
    case IMPORT_GIT: return "the repository of";
    case IMPORT_PKGCONFIG:
    case IMPORT_FIRST_OF: break;
    }
    return "the source";
}

static const char *found_in(struct arena *a, const struct import *i, const char *version)
{
    return arena_printf(a, i->kind == IMPORT_DEBIAN ? "version %s has the declared files" : "version %s was taken", version);
}

void report_warnings(struct arena *a, const struct attempt *t, const struct import *taken, const char *version, struct diag *d)
{
    const struct findings *findings = &t->findings;
    for (size_t i = 0; i < findings->count; i++)
        if (findings->items[i].class != DIAG_OUTSIDE)
            diag_warning(d, findings->items[i].place, "%s (%s)", findings->items[i].text, found_in(a, taken, version));
}

static size_t count_findings(const struct attempt *t, bool outside)
{
    size_t n = 0;
    for (size_t i = 0; i < t->findings.count; i++)
        n += (t->findings.items[i].class == DIAG_OUTSIDE) == outside;
    return n;
}

static void report_finding(const struct finding *f, struct diag *d)
{
    diag_fail(d, f->class, f->place, "%s", f->text);
    if (f->help)
        diag_help(d, "%s", f->help);
}

static void report_errors(const struct attempt *t, struct diag *d)
{
    const struct import *i = t->wanted->import;
    if (t->damage) {
        diag_fail(d, DIAG_INTEGRITY, i->name.span, "the store's copy of '%s' is damaged, and it cannot be fetched again", i->name.text);
        diag_note(d, SPAN_NONE, "%s", t->damage);
    }
    for (size_t k = 0; k < t->findings.count; k++)
        if (t->findings.items[k].class != DIAG_OUTSIDE)
            report_finding(&t->findings.items[k], d);
}

static bool all_of_kind(struct attempt *const *list, size_t count, enum import_kind kind)
{
    for (size_t i = 0; i < count; i++)
        if (list[i]->wanted->import->kind != kind)
            return false;
    return true;
}

static void report_absence(struct attempt *const *list, size_t count, struct span place, bool offline, struct diag *d)
{
    const struct import *first = list[0]->wanted->import;
    bool debian = all_of_kind(list, count, IMPORT_DEBIAN);
    if (offline)
        diag_fail(d, DIAG_OUTSIDE, first->name.span, "'%s' is not in the store, and the network may not be asked (--offline)", first->name.text);
    else if (count > 1)
        diag_fail(d, DIAG_OUTSIDE, place, "none of the %zu alternatives of %s'%s' can be had", count, debian ? "the Debian package " : "", first->name.text);
    else if (debian)
        diag_fail(d, DIAG_OUTSIDE, first->name.span, "no accepted version of the Debian package '%s' can be had", first->name.text);
    else
        diag_fail(d, DIAG_OUTSIDE, first->name.span, "%s '%s' cannot be had", what(first), first->name.text);
}

void report_failure(struct arena *a, struct attempt *const *list, size_t count, struct span place, bool offline, struct diag *d)
{
    size_t faults = 0, absences = 0, damages = 0;
    for (size_t i = 0; i < count; i++) {
        faults += count_findings(list[i], false);
        absences += count_findings(list[i], true);
        damages += list[i]->damage != NULL;
        report_errors(list[i], d);
    }
    if (faults) {
        diag_note(d, SPAN_NONE, "nothing was kept");
        if (all_of_kind(list, count, IMPORT_DEBIAN))
            diag_help(d, "if the package is trusted, the manifest's list of files and SHA-256 sums must be corrected");
    } else if (!damages)
        report_absence(list, count, place, offline, d);
    for (size_t i = 0; i < count; i++)
        for (size_t k = 0; k < list[i]->findings.count; k++)
            if (list[i]->findings.items[k].class == DIAG_OUTSIDE)
                diag_note(d, list[i]->findings.items[k].place, "%s", list[i]->findings.items[k].text);
    for (size_t i = 0; i < count && absences; i++)
        if (list[i]->fetching) {
            debian_note_offered(a, list[i], d);
            break;
        }
    if (offline)
        diag_help(d, "'ukc fetch' gets everything that a project imports, while there is a network");
    else if (absences && !faults && all_of_kind(list, count, IMPORT_DEBIAN))
        diag_help(d, "'apt-get update' renews the index; or accept a version that is offered, after checking its files");
}
