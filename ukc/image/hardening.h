/*
 * hardening.h - what an image's file shows of how it is hardened.
 *
 * Everything is read from the file itself: headers, notes, the dynamic section, and what instructions are in its code. What leaves no
 * trace there is HELD_UNSEEN, and the evidence says where else to look; nothing is concluded from what the image ought to be.
 *
 * Ownership: lives in the arena. Errors: NULL after reporting a file that is no image.
 */
#ifndef UKC_HARDENING_H
#define UKC_HARDENING_H

#include "../base/json.h"
#include "../base/text.h"
#include "elf_image.h"

enum held { HELD_NO, HELD_YES, HELD_UNSEEN };

struct hardening_feature {
    const char *name; /* "w_xor_x" */
    enum held held;
    const char *evidence;
};

struct hardening {
    bool machine; /* it boots by itself, by the PVH entry; else it is a process */
    bool dynamic; /* as read from a file: a process with the host's C library */
    const struct hardening_feature *features;
    size_t count;
};

const struct hardening *hardening_read(struct arena *, const struct source *, struct diag *);
/* One feature a line, with what shows it; the other way, NULL if it is no such text. */
void hardening_print(const struct hardening *, struct text *);
const struct hardening *hardening_parse(struct arena *, const char *text);
/* A field "features". */
void hardening_json(const struct hardening *, struct json *);

#define HARDENING_FILE "hardening" /* of a record's intent: what hardening_print() says of its image */

/* hardening_code.c: what the instructions of all executable segments show. */
struct code_facts {
    size_t canaries;   /* reads of the canary, at %fs:40 (System V ABI, AMD64, as compilers use it) */
    size_t calls;      /* traps of clang's -fsanitize=cfi-icall */
    size_t arithmetic; /* traps of its other sanitizers */
    size_t openings;   /* of a machine: places where read-only pages become writable for a moment */
    bool supervisor;   /* of a machine: it asks the processor for SMEP, SMAP and UMIP */
};
struct code_facts hardening_code(const struct elf_image *);

/* system_calls.c: NULL where none is known. */
const char *system_call_name(unsigned number);

#endif
