/*
 * explain_image.h - inside ukc/command: why something of the built image is in it, and why something else is not.
 */
#ifndef UKC_EXPLAIN_IMAGE_H
#define UKC_EXPLAIN_IMAGE_H

#include "../project/project.h"
#include "../size/size.h"

struct json;

/* The report of the image that was built last; NULL: there is none, or nothing can be told of it, which is not reported. */
const struct size_report *explain_read_image(struct project *);
/* An image is there, and nothing can be told of it: true after reporting why. */
bool explain_refuse_unread(struct project *);
/*
 * `name`: a symbol, a function of C, a source or embedded file, a secret, or a range of bytes of the file, "0x1000-0x1080", or one byte, "0x1000".  Says for each part that it means
 * how large it is, whose, and what keeps it alive: requirements and bindings of the plan, then calls.  False: the image has nothing of
 * this name.  json: an open array, or NULL for text.
 */
bool explain_part(struct project *, const struct size_report *, const char *name, struct json *);
/* The name is a range, and ends behind the image's end: true after reporting. */
bool explain_beyond(struct project *, const struct size_report *, const char *name);
/* Whether the image has parts of this name: explain_part() says which, if not only what the name's function has become part of. */
bool explain_is_there(struct project *, const struct size_report *, const char *name);
/* "vault requires key: sig.kv_ro, which is secret (ukc.lua:4:39)" */
const char *explain_binding(struct project *, const struct plan_instance *from, const struct plan_binding *);
/*
 * explain_operation.c: the same of what a component's C calls by its requirement's name ("stack_write"): the provider's functions, also where they left nothing in the
 * image. `function`: the provider's own name for it will do ("stack_host_write"). The report may be NULL.
 */
bool explain_operation(struct project *, const struct size_report *, const char *name, bool function, struct json *);
/* Whether the image has a part, or something that became part of one, of this name of C, of this instance. */
bool explain_has(struct project *, const struct size_report *, const char *instance, const char *name);

/* explain_absent.c: why the image does not have this symbol.  False after reporting that nothing is known of it. */
bool explain_absent_symbol(struct project *, const struct size_report *, const char *symbol, struct json *);
/* Why a function that was compiled for an instance has no code of its own, in sentences; none: it was not compiled. */
const char *const *explain_folded(struct project *, const struct size_report *, const char *instance, const char *function, size_t *count);

#endif
