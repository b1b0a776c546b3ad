/*
 * dsse.h - a signed text: an envelope of DSSE 1.0.2 (github.com/secure-systems-lab/dsse, envelope.md and protocol.md).
 *
 * What is signed binds the payload's type to its bytes.  An envelope of ukc's has one signature, Ed25519.
 */
#ifndef UKC_DSSE_H
#define UKC_DSSE_H

#include <stdbool.h>
#include <stddef.h>
#include "../ukc/base/diag.h"

struct arena;
struct text;
struct json;

/* The bytes that are signed: "DSSEv1 <length> <type> <length> <payload>". */
void dsse_encoding(const char *type, const void *payload, size_t size, struct text *out);
/* Writes an envelope, signed with this private key (a PEM file).  False after reporting. */
bool dsse_sign(const char *key_file, const char *type, const void *payload, size_t size, struct json *, struct diag *);

/* What was signed; payload and type are only given when the signature is good. */
struct dsse_opened {
    const char *type;
    const char *payload; /* followed by a NUL */
    size_t size;
    const char *key; /* the id of the key that signed it */
};
/*
 * Opens an envelope (the file `shown` has these bytes) with a public key (a PEM file).  One good signature by this key
 * is enough; false after reporting: DIAG_INPUT: it is no envelope; DIAG_INTEGRITY: no signature is the key's, of these bytes.
 */
bool dsse_open(struct arena *, const char *key_file, const char *shown, const char *bytes, size_t size, struct dsse_opened *, struct diag *);

#endif
