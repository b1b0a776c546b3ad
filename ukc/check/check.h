/*
 * check.h - interfaces as C sees them.
 *
 * A signature's header declares its operations as functions <signature>_*,
 * its objects as incomplete structs, and ordinary types.  An implementation's
 * header declares the same operations as <implementation>_*.  For every
 * requirement of every instance a header is generated that declares the
 * operations under the requirement's name, bound to the provider by
 * assembler labels:
 *
 *     int disk_read(uint64_t sector, void *buf, size_t bytes) __asm__("disk.virtio_blk_read");
 *
 * The three steps, in order: declare() writes the requirement headers (an
 * implementation's header may include them), check() compares every
 * implementation with its signatures, exports() writes exports.h.
 *
 * libclang is loaded only when the cache (by content, flags and libclang version) misses.
 *
 * Errors: false after reporting; every missing, extra or mistyped operation
 * and every layout that differs, with both places.
 */
#ifndef UKC_CHECK_H
#define UKC_CHECK_H

#include "../generate/layout.h"

/* What the check learnt about one instance. */
struct checked_instance {
    bool start, stop;            /* its header declares int <identifier>_start(void) / void <identifier>_stop(void) */
    const char *const *symbols;  /* every symbol it exports: "http.stack.stack_host_listen", sorted */
    size_t symbol_count;
    const char *const *generated; /* files written for it, relative to the project, sorted */
    size_t generated_count;
};

/* One operation of a requirement. */
struct checked_operation {
    const char *name;      /* "read" */
    const char *prototype; /* "int disk_read(uint64_t sector, void *buffer, size_t size)" */
    const char *symbol;    /* "disk.virtio_blk_read" */
};

/* An edge of the plan. */
struct checked_edge {
    const struct plan_instance *instance;
    const struct plan_binding *binding;
    const struct checked_operation *operations; /* sorted by name */
    size_t operation_count;
};

struct bindings {
    const struct plan *plan;
    const struct checked_edge *edges; /* in the plan's order */
    size_t edge_count;
    const struct checked_instance *instances; /* in the plan's order */
    const char *const *headers; /* every header read while checking, relative to the project, sorted: changes make ninja re-configure */
    size_t header_count;
};

struct check_options {
    const char *const *flags; /* the target's compiler flags that change types: -target ..., -D ... */
    size_t flag_count;
    const char *cache; /* directory */
};

/* The symbol of operation `op` ("read") as exported by an instance: "<instance name>.<identifier>_<op>". */
const char *binding_symbol(struct arena *, const struct plan_instance *, const char *op);

/* The layout must have been prepared: headers outside the project are read through its links. */
[[nodiscard]] const struct bindings *check_plan(struct arena *, const struct plan *, const struct layout *,
                                                const struct check_options *, struct diag *);
/* `ukc plan --bindings`: every edge with its operations, symbols and types, as stable text. */
void bindings_print(const struct bindings *, struct text *);

#endif
