/*
 * signature.h - inside provenance/: Ed25519 (RFC 8032), through libcrypto, which hashing links already.
 *
 * Keys are files in PEM, as openssl makes them:
 *     openssl genpkey -algorithm ed25519 -out key; openssl pkey -in key -pubout -out key.pub
 *
 * Errors: NULL or false after reporting.  A key that cannot be read is DIAG_INPUT.
 */
#ifndef PROVENANCE_SIGNATURE_H
#define PROVENANCE_SIGNATURE_H

#include <stdbool.h>
#include <stddef.h>
#include "../ukc/base/diag.h"
#include "../ukc/base/hash.h"

#define SIGNATURE_BYTES 64

struct signing_key;
/* A private key, from a file that only its owner may read. */
[[nodiscard]] struct signing_key *signing_key_read(const char *file, struct diag *);
/* A public one. */
[[nodiscard]] struct signing_key *verifying_key_read(const char *file, struct diag *);
void signing_key_close(struct signing_key *);
/* What names the key: the SHA-256 of its public half as SubjectPublicKeyInfo (RFC 8410), in DER. */
struct hash signing_key_id(const struct signing_key *);

bool signature_make(const struct signing_key *, const void *bytes, size_t size, unsigned char out[SIGNATURE_BYTES], struct diag *);
bool signature_is_good(const struct signing_key *, const void *bytes, size_t size, const unsigned char *signature, size_t signature_size);

#endif
