/*
 * model.h - an interface as data: what a header declares, without libclang.
 *
 * A model is extracted from a header once (libclang.c), can be written to
 * and read from a cache entry (encode.c), and is all that checking and
 * generating look at.  It keeps types as written (typedefs are nodes of
 * their own) because people read them; comparison looks through typedefs.
 *
 * Types refer to earlier types only; a cycle always passes through a named
 * declaration.  Ownership: a model lives in an arena and is immutable.
 */
#ifndef UKC_CHECK_MODEL_H
#define UKC_CHECK_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../base/text.h"

enum { QUALIFIER_CONST = 1, QUALIFIER_VOLATILE = 2, QUALIFIER_RESTRICT = 4, QUALIFIERS = 7 };

/* file is an index of interface->paths; FILE_NONE: built into the compiler. */
#define FILE_NONE UINT32_MAX
struct place {
    uint32_t file, line, column, length;
};

#define TYPE_NONE UINT32_MAX
struct type_use {
    uint32_t type; /* index of interface->types */
    uint32_t qualifiers;
};

#define TYPE_KINDS(X) X(basic) X(pointer) X(array) X(function) X(atomic) X(named)
enum type_kind {
#define X(name) TYPE_##name,
    TYPE_KINDS(X)
#undef X
        TYPE_KIND_COUNT
};

struct type {
    enum type_kind kind;
    const char *name;         /* basic: "unsigned long" */
    struct type_use of;       /* pointer, array, atomic: to what; function: its result */
    int64_t count;            /* array: elements, -1 when not given; function: calling convention */
    const struct type_use *parameters;
    size_t parameter_count;
    bool variadic, prototype; /* function */
    uint32_t declaration;     /* named: index of interface->declarations */
};

#define DECLARATION_KINDS(X) X(struct) X(union) X(enum) X(typedef)
enum declaration_kind {
#define X(name) DECLARATION_##name,
    DECLARATION_KINDS(X)
#undef X
        DECLARATION_KIND_COUNT
};
extern const char *const declaration_kind_names[DECLARATION_KIND_COUNT];

struct member {
    const char *name; /* "" for an anonymous one */
    struct place place;
    struct type_use type; /* enum constant: TYPE_NONE */
    int64_t value;        /* offset in bits; of an enum constant: its value */
    int64_t width;        /* bit-field; else -1 */
};

struct declaration {
    enum declaration_kind kind;
    const char *name; /* the tag, or the typedef's name; "" when there is no tag */
    struct place place;
    uint32_t end;           /* offset of its last byte in the file: definitions in this order are valid C */
    bool complete;          /* struct, union, enum */
    bool packed, aligned;   /* has such an attribute */
    int64_t size, alignment; /* bytes, when complete */
    struct type_use of;     /* typedef: what it names; enum: its integer type; else TYPE_NONE */
    const struct member *members;
    size_t member_count;
};

struct parameter {
    const char *name; /* may be "" */
    struct place place;
};

struct function {
    const char *name;
    struct place place;
    struct type_use type; /* a function, perhaps behind typedefs */
    bool internal;        /* static */
    bool inlined, defined;
    const char *comment;    /* as written, "" when there is none */
    const char *attributes; /* "format(printf, 1, 2), noreturn": those that matter to callers */
    const struct parameter *parameters;
    size_t parameter_count;
};

struct variable {
    const char *name;
    struct place place;
};

struct interface {
    const char *const *paths; /* [0] is the header itself */
    size_t path_count;
    const struct type *types;
    size_t type_count;
    const struct declaration *declarations;
    size_t declaration_count;
    const struct function *functions; /* in order of declaration */
    size_t function_count;
    const struct variable *variables; /* external ones, of the header itself */
    size_t variable_count;
};

/* Looks through typedefs; qualifiers add up, those of an array belong to its elements. */
struct type_use type_resolve(const struct interface *, struct type_use);
/* The type itself, typedefs looked through. */
const struct type *type_of(const struct interface *, struct type_use);
/* The declaration behind a named struct, union or enum (through typedefs), or NULL. */
const struct declaration *type_declaration(const struct interface *, struct type_use);
/* The first function of this name, or NULL. */
const struct function *interface_function(const struct interface *, const char *name);
const struct declaration *interface_tag(const struct interface *, const char *tag);

/*
 * Prints `declarator` declared with a type, as C: "const char *name".
 * renamed: NULL, or a name for each declaration, NULL to keep its own.
 */
void type_print(struct text *, const struct interface *, struct type_use, const char *declarator,
                const char *const *renamed);
/* The same with typedefs looked through. */
void type_print_canonical(struct text *, const struct interface *, struct type_use, const char *const *renamed);
/* The members of a struct or union without tag are printed, so that the text is valid C. */
void type_print_whole(struct text *, const struct interface *, struct type_use, const char *declarator,
                      const char *const *renamed);
/* A function with its parameters' names: "int disk_read(uint64_t sector, void *buffer, size_t size)". */
void function_print(struct text *, const struct interface *, const struct function *, const char *name,
                    const char *const *renamed);
/* " : 3" behind bit-fields. */
void member_print(struct text *, const struct interface *, const struct member *, const char *const *renamed);

struct arena;
/* The strict text form of a cache entry. */
void interface_encode(const struct interface *, struct text *);
/* NULL when the text is not exactly what interface_encode writes for some sound model. */
const struct interface *interface_decode(struct arena *, const char *text, size_t size);

#endif
