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

#endif
