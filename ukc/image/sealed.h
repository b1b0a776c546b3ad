/*
 * sealed.h - the secrets that an image's file has room for, and whether they are there (libs/secret/format.h).
 *
 * A sealed file is derived from an image: it has the same bytes but for the secrets, and says which image it was. What is not so is refused: a file that
 * says so of another image, or one whose section of secrets is not what ukc makes.
 *
 * Ownership: in the arena; the source must outlive it.
 */
#ifndef UKC_SEALED_H
#define UKC_SEALED_H

#include "elf_image.h"
#include "../base/hash.h"

struct image_secret {
    const char *name;
    uint64_t room, size; /* bytes that fit; that are there */
    size_t at;           /* of its struct secret_head, in the file */
};

struct image_secrets {
    const struct image_secret *items;
    size_t count;      /* 0: the image needs none */
    bool sealed;       /* all are there */
    struct hash image; /* SHA-256 of the file without them: of the image */
};

/* False after reporting, DIAG_INTEGRITY: the file is no image, or damaged. */
bool sealed_read(struct arena *, const struct source *, struct image_secrets *, struct diag *);
/* The same of a file; nothing is reported, what is no image has none. */
struct image_secrets sealed_of_file(struct arena *, const char *file);
/* SHA-256 of the image that a file is, or was sealed from: *sealed. False after reporting. */
bool sealed_image(struct arena *, const char *file, bool *sealed, struct hash *, struct diag *);
/* The file of that image: beside the sealed one, or where a project there or here has built it, rather one that is `known`; NULL: it is in neither. */
typedef bool sealed_known(struct arena *, const char *image);
const char *sealed_from(struct arena *, const char *file, const struct image_secrets *, sealed_known *);

#endif
