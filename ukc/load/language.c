/*
 * language.c - what a manifest may say besides fields: constructors, kinds of
 * keys, statements, ranges, and what there is of Lua.  For help and the
 * reference only: nothing is checked by this table.
 *
 * The words of a declaration that has fields (embed, key ...) come before them.
 */
#include "language.h"

#define IN_CHOOSE "in choose"
#define IN_IMPORTS "in imports"
#define DEPENDS "in choose and sources"

const struct manifest_field language_words[] = {
    {"instance", "instance \"NAME\" { ... }", IN_CHOOSE, false,
     "one use of an implementation, with its own settings and choices; the same Lua value is the same instance"},
    {"embed", "embed \"DIRECTORY\"", IN_CHOOSE, false, "a directory as a read-only key-value store (sig.kv_ro) inside the image"},
    {"sig", "sig.NAME", "in requires and provides", false,
     "a signature by name; in requires also with a version: sig.clock { version = \">= 1\" }"},
    {"key", "NAME = key.KIND { ... }", "in keys", false, "a typed configuration value: port = key.port { default = 80, doc = \"the port\" }"},
#define X(name, doc) {"key", "key." #name, "kind", false, doc},
    KEY_KINDS(X)
#undef X
    {"debian", "debian { ... }", IN_IMPORTS, false, "sources from a Debian package"},
    {"debian_source", "debian_source { ... }", IN_IMPORTS, false, "sources from the upstream archive of a Debian source package"},
    {"git", "git { ... }", IN_IMPORTS, false, "sources from a git repository, at a commit"},
    {"pkgconfig", "pkgconfig \"MODULE\"", IN_IMPORTS, false, "a library of the host, found by pkg-config; posix only"},
    {"first_of", "first_of { ... }", IN_IMPORTS, false, "one import with alternatives: the first that can be had"},
    {"match", "match \"target\" { ... }", DEPENDS, false,
     "the case of the target, else the case default: match \"target\" { posix = \"log_console\", default = \"log_ring\" }"},
    {"match", "match \"KEY\" { ... }", DEPENDS, false,
     "the case of a key's value, else the case default; the key is one of the component or one that a signature declares, "
     "\"stack.net\" or in short \"net\""},
    {"use", "use \"DIRECTORY\"", "statement", false,
     "adds what a directory beside the manifest declares: its ukc.lua or, if it has none, those of the directories in it"},
    {"use", "use { git = \"URL\", commit = \"...\" }", "statement", false, "the same of a git repository, at a commit"},
    {"require", "require \"NAME\"", "value", false, "runs NAME.lua beside the manifest, once, and gives what it returns"},
    {"range", "\">= 1.2, < 2\"", "version range", false,
     "terms that must all hold, each a version after >=, >, <=, <, = or !=; a version alone means ="},
    {"range", "\"NAME < 1.5\"", "name and range", false, "a range after a name: in choose, instance and conflicts"},
    {"lua", "functions", "Lua 5.4", false, "assert error ipairs next pairs require select tonumber tostring type"},
    {"lua", "libraries", "Lua 5.4", false, "table string math utf8"},
    {"lua", "absent", "Lua 5.4", false,
     "files, time, randomness, output, metatables, pcall and assignment to globals: the same files always mean the same"},
    {"lua", "limits", "of an evaluation", false, "64 MiB of memory, 50 million steps, 10 seconds of processor time"},
};
const size_t language_word_count = sizeof language_words / sizeof *language_words;
