/*
 * note.h - a note in an image that says which recipe it was made from (key note.recipe).
 *
 * The section .note.ukc of an ELF file has one note (ELF gABI, chapter 5): the owner "ukc", the type NOTE_RECIPE, and as its contents the 64 digits of
 * the recipe's id.  The id is of everything that decides the image's bytes, so no action can know it: actions leave NOTE_BLANK there,
 * and whoever runs them, ukc build or ukc reproduce, fills it in as the last step.  A recipe says that it is done (its line "note"), and does not have the contents.
 * So the id does not depend on itself; outputs, as a record lists them, are blank.
 *
 * Errors: false after reporting.
 */
#ifndef PROVENANCE_NOTE_H
#define PROVENANCE_NOTE_H

#include <stdint.h>
#include "../ukc/base/diag.h"
#include "../ukc/base/hash.h"

struct arena;

#define NOTE_SECTION ".note.ukc"
#define NOTE_OWNER "ukc"
#define NOTE_RECIPE 1
#define NOTE_DIGITS 64
#define NOTE_BLANK "0000000000000000000000000000000000000000000000000000000000000000"

/* Where the digits are in an image's bytes; 0: it has no such note. */
size_t note_place(const void *image, size_t size);
/* Has this file such a note, filled in or not?  What cannot be read has none. */
bool note_is_there(struct arena *, const char *file);
/* Fills it in: the file is written aside, and renamed. */
bool note_fill(struct arena *, const char *file, const struct hash *recipe, struct diag *);
/* The SHA-256 and size of the file, with the note blank if it has one. */
bool note_hash_blank(struct arena *, const char *file, struct hash *, uint64_t *size, struct diag *);
/* The digits of the first note in any file, as the dump of a running image's memory; NULL: there is none. */
[[nodiscard]] const char *note_search(struct arena *, const char *file);

#endif
