/*
 * read.h - from values to declarations, by the table of fields.
 *
 * fields.c says which fields a declaration has, of which type, whether they
 * are required and where they are stored; read_record goes by it.  For each
 * type one reader checks a value and stores it.  Readers report and return
 * false; the record goes on with its other fields.
 */
#ifndef UKC_READ_H
#define UKC_READ_H

#include "engine.h"
#include "manifest.h"

struct reader {
    struct arena *arena;
    struct diag *diag;
    const char *directory; /* of the manifest */
    bool in_tree;
    bool foreign;   /* of a repository that is used: it may not name what lies on this machine */
    bool importing; /* paths are inside a package */
    size_t budget; /* values still to be read: a small file can share tables into a huge tree */
};

struct rule;
typedef bool field_reader(struct reader *, const struct rule *, const struct entry *, void *out);

/* name, what it is called in the reference, its type for LuaLS */
#define FIELD_TYPES(X)                                                                             \
    X(doc, "text", "string")                                                                       \
    X(text, "string", "string")                                                                    \
    X(version, "version", "string")                                                                \
    X(range, "version range", "string")                                                            \
    X(boolean, "boolean", "boolean")                                                               \
    X(integer, "integer", "integer")                                                               \
    X(one_of, "word", "string")                                                                    \
    X(file, "path", "string")                                                                      \
    X(header, "file name", "string")                                                               \
    X(words, "list of string", "string[]")                                                         \
    X(paths, "list of path", "string[]")                                                           \
    X(c_sources, "list of path", "string[]")                                                       \
    X(flags, "list of compiler flag", "string[]")                                                  \
    X(objects, "list of C identifier", "string[]")                                                 \
    X(targets, "list of target", "ukc.target_name[]")                                              \
    X(conflicts, "list of name or name and range", "string[]")                                     \
    X(provides, "signature, or list of signature", "ukc.sig|ukc.sig[]")                            \
    X(requires, "table of signature", "table<string, ukc.sig>")                                    \
    X(choose, "table of implementation name, instance, embed or match", "table<string, ukc.choice>") \
    X(settings, "table of value", "table<string, ukc.setting>")                                    \
    X(keys, "table of key", "table<string, ukc.key>")                                              \
    X(library, "library", "ukc.library_fields")                                                    \
    X(seals, "table of seal", "table<string, ukc.seal_fields>")                                    \
    X(made_headers, "table of header", "table<string, ukc.header_fields>")                         \
    X(tree_paths, "list of path", "string[]")                                                      \
    X(sources, "list of path or match", "ukc.source|ukc.source[]")                                 \
    X(imports, "list of debian, debian_source, git, first_of or pkgconfig", "ukc.import|ukc.import[]") \
    X(conditions, "table of word or list of word", "table<string, string|string[]>")               \
    X(versions, "list of version", "string[]")                                                     \
    X(files, "table of SHA-256", "table<string, string>")                                          \
    X(pool, "table of SHA-256", "table<string, string>")                                           \
    X(package, "Debian package", "string")                                                         \
    X(archive, "list of path", "string[]")                                                         \
    X(sha256, "SHA-256", "string")                                                                 \
    X(tree_name, "name", "string")                                                                 \
    X(repository, "URL or path", "string")                                                         \
    X(commit, "commit", "string")                                                                  \
    X(patches, "list of path", "string[]")                                                         \
    X(module, "pkg-config module", "string")                                                       \
    X(value, "value", "any")                                                                       \
    X(limit, "integer or size", "integer|string")                                                  \
    X(choices, "words", "string")
enum field_type {
#define X(name, text, lua) FIELD_##name,
    FIELD_TYPES(X)
#undef X
};
#define X(name, text, lua) field_reader read_##name;
FIELD_TYPES(X)
#undef X

#define REQUIRED true
#define OPTIONAL false

struct rule {
    const char *name; /* "[1]": the first position; "[...]": all positions */
    enum field_type type;
    bool required;
    const char *doc;
    size_t offset, count_offset; /* in the record */
    const char *words;           /* one_of: "none gzip zstd"; key: kinds it belongs to */
};

struct schema {
    const char *name;
    const struct rule *rules;
    size_t count;
};

extern const struct schema schema_unikernel, schema_implementation, schema_signature, schema_target, schema_seal, schema_library, schema_header, schema_instance,
    schema_embed, schema_sig, schema_key, schema_debian, schema_debian_source, schema_git, schema_pkgconfig, schema_use;

/*
 * Reads `table` into `out`.  `what` names the record in messages
 * ("unikernel 'web'"), `place` is where a missing field is reported.
 * `kind`, when not NULL, leaves out rules that are not for this kind of key.
 */
bool read_record(struct reader *, const struct schema *, const struct table *, const char *what, struct span place,
                 const char *kind, void *out);

/* ---- pieces used by readers ---- */

/* "a string", "a table", "an instance" */
const char *value_name(const struct value *);
/* Reports "'field' takes `wanted`, not ..." */
bool wrong_type(struct reader *, const struct entry *, const char *wanted);
/* How the field is called in messages: its name, or "item 3". */
const char *entry_name(struct reader *, const struct entry *);
/* A string without NULs and control characters, not empty. */
bool take_word(struct reader *, const struct entry *, struct word *out);
/* A name without NULs and control characters; reports. */
bool check_clean(struct reader *, const char *name, size_t size, struct span);
/* The table of a list: only positions, without holes.  NULL after reporting.  A single value that is not a table is refused. */
const struct table *take_list(struct reader *, const struct entry *, const char *of);
/* The table of named entries. */
const struct table *take_map(struct reader *, const struct entry *, const char *of);
/* Relative and inside, also through symbolic links; reports. */
bool check_inside(struct reader *, const struct word *);
/* The second half of it. */
bool check_links(struct reader *, const struct word *);
/* What is there is a regular file: a pipe would never end; reports. */
bool check_regular(struct reader *, const struct word *);
/* False after reporting when the tree is too large. */
bool spend(struct reader *, struct span);
const struct entry *table_get(const struct table *, const char *name);
void store_list(const struct rule *, void *out, const void *items, size_t count);

/*
 * flags.c: the -f options that a manifest may use.  The first list with or without "no-".  Each
 * changes how one source is compiled and nothing else.
 */
#define FLAG_TOGGLES                                                                               \
    "strict-aliasing strict-overflow wrapv delete-null-pointer-checks builtin inline "             \
    "inline-functions unroll-loops vectorize slp-vectorize omit-frame-pointer jump-tables "        \
    "stack-protector stack-clash-protection signed-char unsigned-char gnu89-inline ms-extensions " \
    "exceptions fast-math math-errno finite-math-only unsafe-math-optimizations associative-math " \
    "reciprocal-math signed-zeros trapping-math rounding-math honor-nans honor-infinities"
#define FLAG_CHOICES                                                                               \
    "freestanding no-common stack-protector-strong stack-protector-all trivial-auto-var-init=zero "          \
    "trivial-auto-var-init=pattern fp-contract=off fp-contract=on fp-contract=fast"
#define FLAG_OTHERS "no-builtin-FUNCTION, no-sanitize=CHECK"
bool check_flag(struct reader *, struct word *);

/* name.c */
const char *name_identifier(struct arena *, const char *name);
bool check_component_name(struct reader *, const struct word *, const char *what);
bool check_requirement_name(struct reader *, const struct word *);
bool check_key_name(struct reader *, const struct word *);
bool check_setting_path(struct reader *, const struct word *);
bool check_reference(struct reader *, const struct word *, const char *what); /* the name of something declared elsewhere */
bool check_header_name(struct reader *, const struct word *);
/* "zstd < 1.5": name and range */
bool split_reference(struct reader *, const struct word *, struct word *name, struct word *range);
/* Did `words` ("a b c", by blanks) name `word`?  Else the nearest or NULL in *near. */
bool word_in(struct arena *, const char *words, const char *word, const char **near);

/* read_component.c */
bool read_component(struct reader *, const struct made *, struct component *);
bool read_signature(struct reader *, const struct made *, struct signature *);
bool read_target_description(struct reader *, const struct made *, struct target_description *);

/* read_tree.c: use { git = ..., commit = ... } */
bool read_used_repository(struct reader *, const struct table *, struct span, struct used_repository *);

/* read_wiring.c: match "target" { posix = ..., default = ... } */
bool check_case(struct reader *, const struct made *, const struct entry *);
const struct table *take_match(struct reader *, const struct made *, struct word *selector); /* the cases; NULL after reporting */

/* read_key.c */
bool read_key_table(struct reader *, const struct table *, const struct key **keys, size_t *count);

/* value.c */
extern const char *const key_kind_names[KEY_KIND_COUNT];
extern const char *const key_kind_docs[KEY_KIND_COUNT];
bool parse_size(const char *text, int64_t *out, const char **help);

/* address.c: canonical spelling, or NULL */
const char *ipv4_canonical(struct arena *, const char *text);
const char *ipv6_canonical(struct arena *, const char *text);
const char *mac_canonical(struct arena *, const char *text);

#endif
