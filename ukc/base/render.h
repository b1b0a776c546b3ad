/*
 * render.h - how a diagnostic looks.  Used by diag.c only.
 */
#ifndef UKC_RENDER_H
#define UKC_RENDER_H

#include "diag.h"

struct text;

enum severity { SEVERITY_ERROR, SEVERITY_WARNING, SEVERITY_NOTE, SEVERITY_HELP };

struct remark {
    enum severity severity;
    enum diag_class class; /* of an error */
    struct span span;
    const char *message;
};

/*
 * Appends a group: an error or warning, then its notes.  Text ends with a
 * newline; JSON is one object on one line (JSON Lines), its notes inside it.
 * Control characters and bytes that are not UTF-8 never reach a terminal.
 */
void render(struct text *, const struct remark *group, size_t count, enum diag_format);

#endif
