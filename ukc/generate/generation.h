/*
 * generation.h - what the files of this folder share.  Internal to ukc/generate/.
 */
#ifndef UKC_GENERATION_H
#define UKC_GENERATION_H

#include "generate.h"
#include "../base/arena.h"
#include "../base/text.h"

struct generation {
    struct arena *a;
    const struct bindings *bindings;
    const struct plan *plan;
    const struct layout *layout;
    const struct generate_options *options;
    const struct target_description *target;
    struct diag *d;
};

/* place.c: "ukc.lua:6", or "libs.tasks/ukc.lua:4" for what is reached through a root; "" for no place. */
const char *place_text(const struct generation *, struct span);
/* "ukc.lua:6 http": where the manifest asked for this instance, and as which requirement. */
const char *place_of_instance(const struct generation *, const struct plan_instance *);
/* "build/posix/<name>" */
const char *build_file(const struct generation *, const char *name);

/* keys.c: keys.h of an instance, as text.  False after reporting keys whose macros would be the same. */
bool keys_header(const struct generation *, const struct plan_instance *, struct text *out);
/* The symbol of a boot key's variable: "http.stack.key.window". */
const char *key_symbol(struct arena *, const struct plan_instance *, const struct key *);
bool key_is_boot(const struct key *);
/* The C type of one value that is read at boot: "uint16_t". */
const char *key_type(enum key_kind);
bool key_is_address(enum key_kind);
/* The macro part of a value: an initialiser of key_type(). */
void key_initialiser(const struct key *, enum key_kind, const struct key_value *, struct text *out);
int key_choice(const struct key *, const char *word);
/* Bytes of an address in network order, 4, 16 or 6 of them; the prefix length goes to *length.  0 if it is none. */
size_t key_address(enum key_kind, const char *text, unsigned char bytes[16], unsigned *length);

/* start.c: gen/start.c, as text.  boot_table.c: its tables of boot keys. */
void start_source(const struct generation *, struct text *out);
bool plan_has_boot_keys(const struct plan *);
/* How many budgets an argument can break, so that the image has to look. */
size_t plan_boot_budgets(const struct plan *);
void boot_table(const struct generation *, struct text *out);

/* statements.c: build.ninja and compile_commands.json, as text. */
bool write_statements(const struct generation *, struct text *ninja, struct text *commands);

/* library.c: gen/system.h, which tells the target's support code what the image has; nothing for a target that does not ask. */
bool library_system_header(const struct generation *);
/* The sources of the target's C library: paths in its tree, sorted.  False after reporting. */
struct library_source {
    const char *path;
    bool native; /* never bitcode */
};
bool library_sources(const struct generation *, const struct library_source **, size_t *count);

/* embed_list.c: the list file of an embedded directory, and its files (paths from the project). */
struct embedded {
    const char *list;   /* build/posix/gen/<instance>/embed.list */
    const char *object; /* build/posix/obj/<instance>.embed.o */
    const char *const *inputs, *const *directories;
    size_t input_count, directory_count;
};
bool embed_list(const struct generation *, const struct plan_instance *, struct embedded *);

#endif
