/*
 * fields.c - every field of the manifest language, once.
 *
 * From these tables come validation (read.c), `ukc help manifest`
 * (manifest_fields), the reference in manifests/ and the annotations for
 * editors (annotations.c).  To add a field: a line here, a place in the
 * record, and a type in FIELD_TYPES if no existing one fits.
 */
#include "drafts.h"
#include "language.h"

#include "../base/arena.h"
#include "../base/text.h"

#define AT(record, member) offsetof(struct record, member)
#define LIST(record, items, count) offsetof(struct record, items), offsetof(struct record, count)
#define SCHEMA(name) const struct schema schema_##name = {#name, name##_rules, sizeof name##_rules / sizeof *name##_rules}

/* The fields that unikernels and implementations share, before and after their own. */
#define COMPONENT_HEAD                                                                             \
    {"ukc", FIELD_range, OPTIONAL, "the versions of ukc it is written for: \">= 0.1\"", AT(component, ukc)},            \
    {"doc", FIELD_doc, OPTIONAL, "what it is, in a sentence", AT(component, doc)},                 \
    {"version", FIELD_version, OPTIONAL, "its own version", AT(component, version)},               \
    {"licence", FIELD_text, OPTIONAL, "its licence, as an SPDX expression", AT(component, licence)}, \
    {"origin", FIELD_text, OPTIONAL, "where its code comes from", AT(component, origin)}
#define COMPONENT_TAIL                                                                             \
    {"requires", FIELD_requires, OPTIONAL,                                                         \
     "what it needs: its name for it, which is the prefix of the operations in C, and the signature", \
     LIST(component, requires, requires_count)},                                                   \
    {"choose", FIELD_choose, OPTIONAL, "what fills a requirement; those left out are resolved",    \
     LIST(component, chosen, chosen_count)},                                                       \
    {"keys", FIELD_keys, OPTIONAL, "its configuration values", LIST(component, keys, key_count)},  \
    {"set", FIELD_settings, OPTIONAL, "values of keys in its subtree: paths from here, as [\"http.idle\"] or as nested tables", \
     LIST(component, settings, setting_count)},                                                    \
    {"flags", FIELD_flags, OPTIONAL, "compiler flags of its sources: -DNAME, -DNAME=value, -UNAME, -W with a warning, -I inside its directory, " \
     "and -f or -fno- with one of: " FLAG_TOGGLES "; or -f with one of: " FLAG_CHOICES ", " FLAG_OTHERS, \
     LIST(component, flags, flag_count)},                                                          \
    {"imports", FIELD_imports, OPTIONAL, "sources that come from elsewhere", LIST(component, imports, import_count)},              \
    {"host_libc", FIELD_boolean, OPTIONAL,                                                         \
     "its sources need the host's C library or kernel headers: a posix image with it is linked with those, as shared objects", \
     AT(component, host_libc)},                                                                    \
    {"untrusted_input", FIELD_boolean, OPTIONAL,                                                           \
     "its sources read what others send: numbers that overflow and indices beyond an array end the image there (seal.traps)", \
     AT(component, untrusted_input)}

static const struct rule unikernel_rules[] = {
    COMPONENT_HEAD,
    {"sources", FIELD_sources, REQUIRED, "its C files", LIST(component, sources, source_count)},
    COMPONENT_TAIL,
};
SCHEMA(unikernel);

static const struct rule implementation_rules[] = {
    COMPONENT_HEAD,
    {"provides", FIELD_provides, REQUIRED, "the signature it implements, or several", LIST(component, provides, provides_count)},
    {"sources", FIELD_sources, OPTIONAL, "its C files", LIST(component, sources, source_count)},
    {"header", FIELD_header, OPTIONAL, "the header with its operations; NAME.h when left out", AT(component, header)},
    {"targets", FIELD_targets, OPTIONAL, "the targets it works on; every target when left out",
     LIST(component, target_words, target_word_count)},
    {"when", FIELD_conditions, OPTIONAL, "deciding keys and the values with which it is eligible",
     LIST(component, conditions, condition_count)},
    {"conflicts", FIELD_conflicts, OPTIONAL, "implementations that cannot be in the same image: \"zstd < 1.5\"",
     LIST(component, conflicts, conflict_count)},
    {"prefer", FIELD_integer, OPTIONAL, "preference among implementations that fit: higher first, 0 when left out",
     AT(component, preference)},
    COMPONENT_TAIL,
};
SCHEMA(implementation);

static const struct rule signature_rules[] = {
    {"doc", FIELD_doc, OPTIONAL, "what it is, in a sentence", AT(signature, doc)},
    {"version", FIELD_version, OPTIONAL, "the version of the contract", AT(signature, version)},
    {"header", FIELD_header, OPTIONAL, "the header that states it; NAME.h when left out", AT(signature, header)},
    {"objects", FIELD_objects, OPTIONAL, "tags of its abstract structs, which each implementation defines for itself",
     LIST(signature, objects, object_count)},
    {"shared", FIELD_boolean, OPTIONAL, "open requirements share one instance", AT(signature, shared)},
    {"exclusive", FIELD_boolean, OPTIONAL, "one implementation of it at most in an image", AT(signature, exclusive)},
    {"keys", FIELD_keys, OPTIONAL, "keys that decide which implementation fits; one value for the whole image",
     LIST(signature, keys, key_count)},
};
SCHEMA(signature);

static const struct rule target_rules[] = {
    {"doc", FIELD_doc, OPTIONAL, "what it is, in a sentence", AT(target_description, doc)},
    {"flags", FIELD_words, OPTIONAL, "compiler flags", LIST(target_description, flags, flag_count)},
    {"release_flags", FIELD_words, OPTIONAL, "more of them in the release profile",
     LIST(target_description, release_flags, release_flag_count)},
    {"dev_flags", FIELD_words, OPTIONAL, "more of them in the dev profile", LIST(target_description, dev_flags, dev_flag_count)},
    {"link", FIELD_words, OPTIONAL, "arguments of the link", LIST(target_description, link, link_count)},
    {"release_link", FIELD_words, OPTIONAL, "more of them in the release profile",
     LIST(target_description, release_link, release_link_count)},
    {"dev_link", FIELD_words, OPTIONAL, "more of them in the dev profile", LIST(target_description, dev_link, dev_link_count)},
    {"seals", FIELD_seals, OPTIONAL, "ways to seal its images: each is a key, seal.NAME, on unless it is set to false", LIST(target_description, seals, seal_count)},
    {"sources", FIELD_c_sources, OPTIONAL, "entry and support code, in every image of the target",
     LIST(target_description, sources, source_count)},
    {"script", FIELD_file, OPTIONAL, "the linker's script", AT(target_description, script)},
    {"uses", FIELD_objects, OPTIONAL,
     "signatures that its sources act on where an image has an instance of them: the generated system.h has SYSTEM_NAME, "
     "the beginning of its operations' symbols", LIST(target_description, uses, use_count)},
    {"library", FIELD_library, OPTIONAL, "the C library of its images, in place of the tools' own", AT(target_description, library)},
};
SCHEMA(target);

static const struct rule seal_rules[] = {
    {"doc", FIELD_doc, REQUIRED, "what it is, in a sentence", AT(target_seal, key.doc)},
    {"flags", FIELD_words, OPTIONAL, "compiler flags where it is on", LIST(target_seal, flags, flag_count)},
    {"link", FIELD_words, OPTIONAL, "arguments of the link where it is on", LIST(target_seal, link, link_count)},
    {"off_flags", FIELD_words, OPTIONAL, "compiler flags where it is off", LIST(target_seal, off_flags, off_flag_count)},
    {"off_link", FIELD_words, OPTIONAL, "arguments of the link where it is off", LIST(target_seal, off_link, off_link_count)},
    {"release", FIELD_boolean, OPTIONAL, "only in the release profile", AT(target_seal, release)},
    {"untrusted_input", FIELD_boolean, OPTIONAL, "its flags are only those of components that say untrusted_input = true", AT(target_seal, untrusted_input)},
    {"note", FIELD_boolean, OPTIONAL, "it is what an image says of itself: a key note.NAME, off unless it is set to true", AT(target_seal, note)},
    {"most", FIELD_integer, OPTIONAL, "its key is a number up to this; 0, the default, is off; words that end in '=' have it behind them", AT(target_seal, most)},
};
SCHEMA(seal);

static const struct rule library_rules[] = {
    {"imports", FIELD_imports, REQUIRED, "its source tree; include lists the directories with its public headers",
     LIST(target_library, imports, import_count)},
    {"parts", FIELD_tree_paths, REQUIRED,
     "directories of the tree whose C and assembler sources are compiled (not those in directories below), and single files",
     LIST(target_library, parts, part_count)},
    {"architecture", FIELD_text, OPTIONAL, "a source in a directory of this name replaces the one in the directory above",
     AT(target_library, architecture)},
    {"without", FIELD_tree_paths, OPTIONAL, "sources that are left out", LIST(target_library, without, without_count)},
    {"native", FIELD_tree_paths, OPTIONAL, "files and directories that do not take part in optimisation at link time: what the code "
     "generator itself calls, memcpy and the like", LIST(target_library, native, native_count)},
    {"internal", FIELD_tree_paths, OPTIONAL, "directories of the tree with headers for its own sources",
     LIST(target_library, internal, internal_count)},
    {"sources", FIELD_c_sources, OPTIONAL, "more sources, beside the manifest", LIST(target_library, sources, source_count)},
    {"flags", FIELD_words, OPTIONAL, "compiler flags of all these; -I with a directory beside the manifest comes first",
     LIST(target_library, flags, flag_count)},
    {"headers", FIELD_made_headers, OPTIONAL, "headers that are made from files of the tree", LIST(target_library, headers, header_count)},
    {"release", FIELD_boolean, OPTIONAL, "only in the release profile, and not where a component needs the host's (host_libc, pkgconfig): else the tools' own is used",
     AT(target_library, release)},
    {"compile", FIELD_words, OPTIONAL, "more compiler flags of everything, where the library is used", LIST(target_library, compile, compile_count)},
    {"link", FIELD_words, OPTIONAL, "more arguments of the link, where the library is used", LIST(target_library, link, link_count)},
};
SCHEMA(library);

static const struct rule header_rules[] = {
    {"from", FIELD_tree_paths, REQUIRED, "files of the tree, one after the other", LIST(made_header, from, from_count)},
    {"replace", FIELD_words, OPTIONAL,
     "pairs of a POSIX extended regular expression and a replacement with \\1 to \\9: the first that matches rewrites the line",
     LIST(made_header, replace, replace_count)},
};
SCHEMA(header);

static const struct rule instance_rules[] = {
    {"choose", FIELD_choose, OPTIONAL, "what fills the requirements of this instance", LIST(instance_decl, chosen, chosen_count)},
    {"set", FIELD_settings, OPTIONAL, "values of this instance's keys", LIST(instance_decl, settings, setting_count)},
};
SCHEMA(instance);

static const struct rule embed_rules[] = {
    {"[1]", FIELD_file, REQUIRED, "the directory", AT(instance_decl, embed)},
    {"compress", FIELD_one_of, OPTIONAL, "the twin stored beside each file that shrinks; none when left out",
     AT(instance_decl, compress), .words = "none gzip zstd"},
};
SCHEMA(embed);

static const struct rule sig_rules[] = {
    {"version", FIELD_range, OPTIONAL, "range of the version of whatever fills the requirement", 0},
};
SCHEMA(sig);

static const struct rule key_rules[] = {
    {"[...]", FIELD_choices, REQUIRED, "the words it can be", LIST(key_draft, key.choices, key.choice_count), .words = "enum"},
    {"default", FIELD_value, OPTIONAL, "the value when none is set; without it one must be set; match \"target\" { ... } tells targets apart", AT(key_draft, value)},
    {"doc", FIELD_doc, REQUIRED, "what it is for, in a sentence", AT(key_draft, key.doc)},
    {"group", FIELD_doc, OPTIONAL, "heading under which help lists it", AT(key_draft, key.group)},
    {"phase", FIELD_one_of, OPTIONAL,
     "when it is fixed: at configure time (a constant), at boot (an argument of the image), or both; configure when left out",
     AT(key_draft, phase), .words = "configure boot both"},
    {"min", FIELD_limit, OPTIONAL, "least value of an integer or size", AT(key_draft, key.min), .words = "integer size"},
    {"max", FIELD_limit, OPTIONAL, "greatest value of an integer or size", AT(key_draft, key.max), .words = "integer size"},
    {"budget", FIELD_limit, OPTIONAL, "bytes of memory for each that it counts; 1 for a size that is a limit of memory, of which min is needed",
     AT(key_draft, key.budget), .words = "integer size"},
    {"within", FIELD_text, OPTIONAL, "the size beside it that its budget is a part of, and must fit in", AT(key_draft, key.within), .words = "integer size"},
    {"when", FIELD_conditions, OPTIONAL,
     "keys beside it and the values with which it is used; with others it keeps its default, and cannot be given at boot",
     LIST(key_draft, key.conditions, key.condition_count)},
    {"read_only", FIELD_boolean, OPTIONAL, "what is at a path is only read: an image that is a process cannot write there (seal.landlock)",
     AT(key_draft, key.read_only), .words = "path"},
    {"of", FIELD_value, REQUIRED, "the kind of a list's items: key.ipv4 {}", AT(key_draft, of), .words = "list"},
};
SCHEMA(key);

static const struct rule debian_rules[] = {
    {"package", FIELD_package, REQUIRED, "the package", AT(import, name)},
    {"versions", FIELD_versions, REQUIRED, "the versions that are accepted, best first", LIST(import, versions, version_count)},
    {"files", FIELD_files, REQUIRED, "every file that is used, with its SHA-256, or \"?\": then 'ukc fetch' fails and says what it is", LIST(import, files, file_count)},
    {"sources", FIELD_c_sources, OPTIONAL, "which of them are compiled", LIST(import, sources, source_count)},
    {"include", FIELD_paths, OPTIONAL, "directories for headers, inside the package", LIST(import, include, include_count)},
    {"licence", FIELD_text, OPTIONAL, "the licence of its files, as an SPDX expression", AT(import, licence)},
    {"pool", FIELD_pool, OPTIONAL,
     "for systems whose release offers none of the versions: packages that the archive keeps for others, with their SHA-256",
     LIST(import, pool, pool_count)},
};
SCHEMA(debian);

/* Of a whole tree: what is kept of it, compiled and changed. */
#define TREE_RULES                                                                                 \
    {"licence", FIELD_text, OPTIONAL, "the licence of its files, as an SPDX expression", AT(import, licence)}, \
    {"keep", FIELD_paths, OPTIONAL, "the files and directories that are kept of it; everything when left out", \
     LIST(import, keep, keep_count)},                                                              \
    {"sources", FIELD_c_sources, OPTIONAL, "which files are compiled", LIST(import, sources, source_count)}, \
    {"include", FIELD_paths, OPTIONAL, "directories for headers, inside the tree", LIST(import, include, include_count)}, \
    {"patches", FIELD_patches, OPTIONAL, "patch files beside the manifest, applied in order with one leading directory taken off (-p1)", \
     LIST(import, patches, patch_count)}

static const struct rule debian_source_rules[] = {
    {"package", FIELD_package, REQUIRED, "the source package", AT(import, name)},
    {"versions", FIELD_versions, REQUIRED, "its versions that have this archive, best first", LIST(import, versions, version_count)},
    {"sha256", FIELD_sha256, REQUIRED, "the SHA-256 of the upstream archive, NAME_VERSION.orig.tar.*, or \"?\": then 'ukc fetch' fails and says what it is", AT(import, sha256)},
    {"archive", FIELD_archive, OPTIONAL,
     "where it may lie in the archives that the system is set up with, for systems whose release offers none of the versions",
     LIST(import, archive, archive_count)},
    TREE_RULES,
};
SCHEMA(debian_source);

static const struct rule git_rules[] = {
    {"name", FIELD_tree_name, REQUIRED, "what it is called here, in ukc.lock and in a first_of", AT(import, name)},
    {"repository", FIELD_repository, REQUIRED, "a URL (https, http, git, file), or a directory relative to the manifest's",
     AT(import, repository)},
    {"commit", FIELD_commit, REQUIRED, "the commit, in full; 'git ls-remote REPOSITORY' lists those of branches and tags", AT(import, commit)},
    TREE_RULES,
};
SCHEMA(git);

static const struct rule pkgconfig_rules[] = {
    {"[1]", FIELD_module, REQUIRED, "the module", AT(module_draft, name)},
    {"version", FIELD_range, OPTIONAL, "range of its version", AT(module_draft, version)},
};
SCHEMA(pkgconfig);

static const struct rule use_rules[] = {
    {"git", FIELD_repository, REQUIRED, "a URL (https, http, git, file), or a directory relative to the manifest's",
     AT(used_repository, repository)},
    {"commit", FIELD_commit, REQUIRED, "the commit, in full; 'git ls-remote REPOSITORY' lists those of branches and tags", AT(used_repository, commit)},
};
SCHEMA(use);

/* ---- the table for help ---- */

static const struct schema *const schemas[] = {&schema_unikernel, &schema_implementation, &schema_signature, &schema_target,    &schema_seal, &schema_library,       &schema_header,
                                               &schema_instance,  &schema_embed,          &schema_sig,       &schema_key,
                                               &schema_debian,    &schema_debian_source,  &schema_git,       &schema_pkgconfig,
                                               &schema_use};
static const char *const type_texts[] = {
#define X(name, text, lua) text,
    FIELD_TYPES(X)
#undef X
};

#define FIELD_LIMIT 200

/* The words of one declaration; NULL: of all that have no fields. */
static size_t fill_words(struct manifest_field *out, size_t n, const char *declaration)
{
    for (size_t i = 0; i < language_word_count && n < FIELD_LIMIT; i++) {
        const char *of = language_words[i].declaration;
        bool has_fields = false;
        for (size_t k = 0; k < sizeof schemas / sizeof *schemas; k++)
            has_fields |= string_equal(schemas[k]->name, of);
        if (declaration ? string_equal(of, declaration) : !has_fields)
            out[n++] = language_words[i];
    }
    return n;
}

static size_t fill(struct manifest_field *out)
{
    size_t n = 0;
    for (size_t i = 0; i < sizeof schemas / sizeof *schemas; i++) {
        n = fill_words(out, n, schemas[i]->name);
        for (size_t j = 0; j < schemas[i]->count && n < FIELD_LIMIT; j++) {
            const struct rule *rule = &schemas[i]->rules[j];
            const char *type = rule->type == FIELD_one_of ? rule->words : type_texts[rule->type];
            if (rule->words && rule->type != FIELD_one_of) /* only for some kinds of key */
                type = rule->type == FIELD_choices ? "words (enum)" : rule->type == FIELD_limit ? "integer or size" : rule->type == FIELD_text ? "name of a key (integer or size)" : rule->type == FIELD_boolean ? "boolean (path)" : "key (list)";
            out[n++] = (struct manifest_field){schemas[i]->name, rule->name, type, rule->required, rule->doc};
        }
    }
    return fill_words(out, n, NULL);
}

const struct manifest_field *manifest_fields(size_t *count)
{
    static struct manifest_field fields[FIELD_LIMIT]; /* always the same content */
    *count = fill(fields);
    return fields;
}
