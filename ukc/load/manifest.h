/*
 * manifest.h - what was written: the declarations of all manifests read, checked field by field,
 * each value with its place.  Names are not resolved yet.
 *
 * Ownership: everything lives in the arena given to manifest_load and is immutable after it.
 * Errors: manifest_load returns NULL after reporting as many mistakes as it found.
 */
#ifndef UKC_MANIFEST_H
#define UKC_MANIFEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "../base/diag.h"
#include "../base/file.h"

struct arena;

#define TARGETS(X)                                                                                 \
    X(posix, "a Linux process")                                                                    \
    X(kvm, "a kernel image that boots by the PVH entry in QEMU, Firecracker and cloud-hypervisor") \
    X(xen, "a PVH guest for Xen")
enum target {
#define X(name, doc) TARGET_##name,
    TARGETS(X)
#undef X
        TARGET_COUNT
};
extern const char *const target_names[TARGET_COUNT];
/* TARGET_COUNT when there is no such target */
enum target target_find(const char *name);

/* A word with the place where it was written. */
struct word {
    const char *text; /* NULL: absent */
    struct span span;
};

/* ---- keys ---- */

#define KEY_KINDS(X)                                                                               \
    X(bool, "true or false")                                                                       \
    X(integer, "a whole number, with min and max")                                                 \
    X(port, "a TCP or UDP port, 1 to 65535")                                                       \
    X(size, "a number of bytes, with units: 512, 64KiB, 2MiB, 1GiB, 1TiB")                             \
    X(string, "text")                                                                              \
    X(enum, "one word of a closed list")                                                           \
    X(path, "a path, relative to the manifest or absolute")                                        \
    X(ipv4, "an IPv4 address")                                                                     \
    X(ipv6, "an IPv6 address")                                                                     \
    X(ipv4_prefix, "an IPv4 address with a prefix length: 10.0.0.2/24")                            \
    X(ipv6_prefix, "an IPv6 address with a prefix length: fd00::2/64")                             \
    X(mac, "an Ethernet address: 02:00:00:00:00:01")                                               \
    X(list, "several values of one kind")
enum key_kind {
#define X(name, doc) KEY_KIND_##name,
    KEY_KINDS(X)
#undef X
        KEY_KIND_COUNT
};

/* When a key's value is fixed. */
enum key_phase { KEY_CONFIGURE, KEY_BOOT, KEY_BOTH };

/*
 * A value in canonical form.  `text` is the canonical spelling ("true", "8080", "65536", "10.0.0.2/24");
 * `number` holds bool, integer, port and size.  A list has `items`; its text joins theirs with commas.
 */
struct key_value {
    const char *text;
    int64_t number;
    const struct key_value *items;
    size_t item_count;
};

/* Of an implementation: eligible only where the deciding key has one of these values.  Of a key: used only where the key beside it has one. */
struct condition {
    struct word key;
    const struct word *values;
    size_t value_count;
};

struct key {
    struct word name;
    enum key_kind kind;
    enum key_kind element; /* of a list */
    enum key_phase phase;
    const char *doc, *group; /* group may be NULL */
    int64_t min, max;        /* integer and size; INT64_MIN / INT64_MAX when open */
    bool read_only;          /* path: what is there is only read */
    int64_t budget;          /* integer and size: bytes of memory for each; 0: none */
    struct word within;      /* the size of the same component that the budget is a part of; or absent */
    const struct condition *conditions; /* when = { ipv6 = "static" }: keys of the same component */
    size_t condition_count;
    const struct word *choices; /* enum (and list of enum) */
    size_t choice_count;
    struct key_default {
        const struct key_value *value; /* NULL: a value is required */
        struct span span;
    } defaults[TARGET_COUNT]; /* for each target, alike unless the manifest tells them apart */
};

/* Parses and checks `text` as a value of `key`; NULL after reporting at `span`. */
const struct key_value *key_parse(struct arena *, const struct key *, const char *text, struct span, struct diag *);
/* The same key under its whole path, for what is said of its values. */
const struct key *key_named(struct arena *, const struct key *, const char *path);

/* `path = value` as written in a `set` table, on the command line or in a file; the kind is known only later. */
struct setting {
    struct word path; /* "stack.tcp.window" */
    struct word text; /* the value's spelling; a Lua list is joined with commas */
};

/* ---- what fills a requirement ---- */

enum choice_kind {
    CHOICE_IMPLEMENTATION, /* by name, perhaps with a version range: a fresh open instance */
    CHOICE_INSTANCE,       /* a declared instance: the same value means the same instance */
    CHOICE_MATCH,          /* depends on the target or on a key */
};

struct choice {
    enum choice_kind kind;
    struct span span;
    struct word implementation, version;  /* CHOICE_IMPLEMENTATION; version may be absent */
    const struct instance_decl *instance; /* CHOICE_INSTANCE */
    struct word selector;                 /* CHOICE_MATCH: "target" or the name of a key */
    const struct match_case *cases;       /* sorted by value; the case "default" last */
    size_t case_count;
};
struct match_case {
    struct word value;
    const struct choice *choice;
};

/* choose = { requirement = choice } */
struct chosen {
    struct word requirement;
    const struct choice *choice;
};

/* instance "name" { ... } and embed "dir" { ... }: identity is the Lua value's. */
struct instance_decl {
    uint32_t id; /* unique in the manifest, in order of evaluation */
    struct span span;
    struct word implementation, version;
    const struct setting *settings;
    size_t setting_count;
    const struct chosen *chosen;
    size_t chosen_count;
    struct word embed;    /* the directory, relative to the project; absent for instance "..." */
    const char *compress; /* embed: "none", "gzip" or "zstd" */
};

/* ---- sources ---- */

enum import_kind {
    IMPORT_DEBIAN,        /* debian { ... }: a binary package that ships sources; declared files, each with its SHA-256 */
    IMPORT_PKGCONFIG,     /* pkgconfig "...": a library of the host; posix only */
    IMPORT_FIRST_OF,      /* alternatives */
    IMPORT_DEBIAN_SOURCE, /* debian_source { ... }: the upstream archive of a source package, with its SHA-256 */
    IMPORT_GIT,           /* git { ... }: a repository at a commit */
};

struct import_file {
    struct word path;   /* inside the package; in `pool`: below the archive's root */
    struct word sha256; /* 64 hex digits */
};

struct import {
    enum import_kind kind;
    struct span span;
    struct word name;            /* the package, or the pkg-config module */
    struct word licence;         /* of its files, as an SPDX expression; may be absent */
    const struct word *versions; /* accepted package versions, best first; pkg-config: at most one range */
    size_t version_count;
    const struct import_file *files; /* every file used, sorted by path */
    size_t file_count;
    const struct word *sources; /* which of them are compiled */
    size_t source_count;
    const struct word *include; /* directories inside the package */
    size_t include_count;
    const struct import_file *pool; /* where else in an archive of the system an accepted version lies */
    size_t pool_count;
    /* IMPORT_DEBIAN_SOURCE: the upstream archive (.orig.tar.*): its SHA-256, and paths in an archive of the system where it may lie */
    struct word sha256;
    const struct word *archive;
    size_t archive_count;
    /* IMPORT_GIT */
    struct word repository; /* a URL, or a directory relative to the manifest's */
    struct word commit;     /* 40 hex digits */
    bool used;              /* of `use`: the whole repository, for its manifests */
    /* both: the parts of the tree that are kept (files or directories; none: all of it), and patches applied in order */
    const struct word *keep;
    size_t keep_count;
    const struct word *patches; /* relative to `directory` */
    size_t patch_count;
    const char *directory; /* of the component that declares it */
    /* IMPORT_FIRST_OF: each of the name `name`, best first; all the rest above is empty */
    const struct import *alternatives;
    size_t alternative_count;
};

/* A file to compile, perhaps only for one target or key value. */
struct source_file {
    struct word path;          /* relative to the component's directory; when `selector` is set, see cases */
    struct word selector;      /* match: "target" or a key */
    const struct source_case {
        struct word value; /* "default" last */
        const struct word *paths;
        size_t path_count;
    } *cases;
    size_t case_count;
};

/* ---- components ---- */

struct requirement {
    struct word name;      /* a C identifier */
    struct word signature; /* where sig.x was written */
    struct word version;   /* range on the provider's version; may be absent */
    bool optional;         /* reserved: always false today */
};

enum component_kind { COMPONENT_UNIKERNEL, COMPONENT_IMPLEMENTATION };

struct component {
    enum component_kind kind;
    struct word name;
    const char *identifier; /* name with '-' and '.' as '_': the prefix of its C operations */
    struct span span;       /* of the declaration */
    const char *directory;  /* where its files are */
    bool in_tree;           /* comes with ukc, not from the user's project */
    struct word version, licence, origin, ukc; /* may be absent */
    const char *doc;
    const struct word *provides; /* signatures; a unikernel provides "program" */
    size_t provides_count;
    const struct requirement *requires; /* sorted by name */
    size_t requires_count;
    const struct chosen *chosen; /* sorted by requirement */
    size_t chosen_count;
    const struct setting *settings; /* sorted by path */
    size_t setting_count;
    const struct key *keys; /* sorted by name */
    size_t key_count;
    const struct source_file *sources;
    size_t source_count;
    struct word header; /* file name; default "<name>.h"; a unikernel needs none */
    const struct word *flags; /* compiler flags: only -D, -U, -W, -f, -I inside the tree */
    size_t flag_count;
    const struct import *imports;
    size_t import_count;
    uint32_t targets; /* bit per enum target */
    const struct word *target_words;
    size_t target_word_count;
    const struct word *conflicts; /* "name" or "name < 2" */
    size_t conflict_count;
    const struct condition *conditions; /* when = { net = "native" } */
    size_t condition_count;
    int64_t preference; /* in-tree preference: higher is better, default 0 */
    bool host_libc;     /* needs the C library of the host, in a posix image */
    bool untrusted_input;       /* its sources read what others send */
    bool start, stop;   /* has operations <identifier>_start / _stop */
};

struct signature {
    struct word name;
    const char *identifier;
    struct span span;
    const char *directory;
    bool in_tree;
    const char *doc;
    struct word version, header; /* header: default "<name>.h" */
    const struct word *objects;  /* struct tags of its abstract types, in full: "stack_flow" */
    size_t object_count;
    bool shared;    /* an open requirement shares the instance that satisfies it elsewhere */
    bool exclusive; /* one implementation of it at most in an image */
    const struct key *keys; /* keys that decide which implementation fits: one value for the image */
    size_t key_count;
};

/* A header that is made from files of a tree: their lines one after the other, each rewritten by the first pattern it matches. */
struct made_header {
    struct word name;        /* "bits/alltypes.h" */
    const struct word *from; /* files of the tree, in order */
    size_t from_count;
    const struct word *replace; /* pairs: a POSIX extended regular expression, and what stands for the match, with \1 to \9 */
    size_t replace_count;
};

/* library { ... }: the C library of a target without one, compiled from a tree and linked as far as it is used. */
struct target_library {
    struct span span;
    const struct import *imports; /* one */
    size_t import_count;
    const struct word *parts; /* directories of the tree, whose sources are meant but not those of directories in them, and files */
    size_t part_count;
    struct word architecture; /* a source of a directory of this name replaces the one of the directory above; may be absent */
    const struct word *without; /* files that are left out */
    size_t without_count;
    const struct word *native; /* files and directories that are never bitcode: what the code generator calls by name */
    size_t native_count;
    const struct word *internal; /* directories of the tree with headers for the library's own sources only */
    size_t internal_count;
    const struct word *sources; /* beside the manifest, compiled like the library's own */
    size_t source_count;
    const struct word *flags; /* of all these; -I: beside the manifest, before everything else */
    size_t flag_count;
    const struct made_header *headers; /* sorted by name */
    size_t header_count;
    bool release; /* only in the release profile, and not where a component needs the host's */
    const struct word *compile, *link; /* more flags of every compilation and arguments of the link, where it is used */
    size_t compile_count, link_count;
};

/* One way to seal the images of a target: a key of each, seal.NAME, which is on unless it is set to false; or what they say of themselves: note.NAME, off unless set. */
struct target_seal {
    struct key key;   /* a bool; an integer where there is a `most` */
    const char *path; /* "seal.NAME", "note.NAME" */
    const struct word *flags, *link; /* of the compiler, and of the link */
    size_t flag_count, link_count;
    const struct word *off_flags, *off_link; /* where it is off */
    size_t off_flag_count, off_link_count;
    bool release; /* only in the release profile */
    bool note;
    int64_t most; /* its key is a number up to this, 0 is off; 0: it is on or off */
    bool untrusted_input; /* flags of components that say so, of no others */
};

/* target "posix" { ... }: tool flags and link rules, as data beside the target's sources. */
struct target_description {
    enum target target;
    struct span span;
    const char *directory;
    const char *doc;
    const struct word *flags, *release_flags, *dev_flags; /* of the compiler */
    size_t flag_count, release_flag_count, dev_flag_count;
    const struct word *link, *release_link, *dev_link; /* of the compiler driver when it links */
    size_t link_count, release_link_count, dev_link_count;
    const struct target_seal *seals; /* sorted by name */
    size_t seal_count;
    const struct word *sources; /* entry and support code, linked into every image of the target */
    size_t source_count;
    struct word script; /* of the linker; may be absent */
    const struct word *uses; /* signatures: where the image has an instance of one, its support code may call it (system.h) */
    size_t use_count;
    struct target_library library; /* without imports: the tools' own C library */
};

struct manifest {
    const struct target_description *targets; /* sorted by target */
    size_t target_count;
    const struct signature *signatures; /* sorted by name */
    size_t signature_count;
    const struct component *implementations; /* sorted by name, then version, newest first */
    size_t implementation_count;
    const struct component *unikernels; /* of the project, sorted by name */
    size_t unikernel_count;
    const struct source *const *sources; /* every file that was read, sorted by path */
    size_t source_count;
    const char *const *directories; /* every directory that was listed, sorted */
    size_t directory_count;
    const char *const *catalogue; /* its roots, as in struct manifest_options */
    size_t catalogue_count;
};

/* use { git = ..., commit = ... }: somebody else's signatures and implementations. */
struct used_repository {
    struct word repository, commit; /* as in struct import */
    struct span span;
    const char *directory; /* of the manifest that says so */
};

struct manifest_options {
    /* Gives the directory of a working copy; NULL after reporting.  Without it such a `use` is reported as not possible here. */
    const char *(*use_repository)(void *context, struct arena *, const struct used_repository *, struct diag *);
    void *context;
    const char *project;          /* path of ukc.lua; NULL: only the catalogue */
    const char *const *catalogue; /* roots, in order: each child directory with a ukc.lua is loaded */
    size_t catalogue_count;
    const char *shared;           /* where `require` of the catalogue's manifests looks too, after the manifest's own directory; or NULL */
    size_t memory_limit;          /* bytes of Lua memory; 0: 64 MiB */
    uint64_t instruction_limit;   /* 0: 50 million */
};

[[nodiscard]] const struct manifest *manifest_load(struct arena *, const struct manifest_options *, struct diag *);

/* The table of fields behind `ukc help manifest` and ukc.d.lua. */
struct manifest_field {
    const char *declaration; /* "unikernel", "implementation", "key", ... */
    const char *name;
    const char *type; /* "string", "list of path", "table of signature", ... */
    bool required;
    const char *doc;
};
const struct manifest_field *manifest_fields(size_t *count);
/* The LuaLS annotation file, from the same table. */
char *manifest_annotations(struct arena *);

#endif
