/*
 * contract.h - a signature's header, understood.
 *
 * Which functions are its operations, which declarations are its objects, and
 * which types depend on an object and so exist once for each use of the signature.
 *
 * Errors: NULL after reporting what no implementation could fulfil: an object
 * that is not declared, an operation without a symbol, ...
 */
#ifndef UKC_CHECK_CONTRACT_H
#define UKC_CHECK_CONTRACT_H

#include "../load/manifest.h"
#include "model.h"
#include "sources.h"

enum declaration_role {
    ROLE_SHARED,    /* means the same everywhere: taken from the signature's header */
    ROLE_OBJECT,    /* abstract: each implementation has its own */
    ROLE_DEPENDENT, /* mentions an object at some depth */
};

struct contract {
    const struct signature *signature;
    const struct interface *interface;
    const struct function **operations; /* in order of declaration, one for each name */
    size_t operation_count;
    enum declaration_role *roles; /* of interface->declarations */
};

[[nodiscard]] const struct contract *contract_create(struct arena *, const struct signature *, const struct interface *,
                                                     struct sources *, struct diag *);

/* "read" of "block_read" */
const char *contract_operation(const struct contract *, const struct function *);
/* `name` with the signature's identifier replaced: block_read -> disk_read, block -> disk; NULL when it does not begin so. */
const char *contract_rename(struct arena *, const struct contract *, const char *name, const char *identifier);
/* For type_print: the names of objects and dependent types in the words of `identifier`. */
const char *const *contract_names(struct arena *, const struct contract *, const char *identifier);

#endif
