/*
 * signature.c - see signature.h.  Beside ukc/base/hash.c the only file that includes libcrypto.
 */
#include "signature.h"
#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include "../ukc/base/memory.h"

struct signing_key {
    EVP_PKEY *key;
};

/* No terminal is asked for a passphrase. */
static int no_passphrase(char *, int, int, void *)
{
    return -1;
}

static bool is_private(const char *file, FILE *f, struct diag *d)
{
    struct stat st;
    if (fstat(fileno(f), &st) != 0 || !(st.st_mode & 077))
        return true;
    diag_error(d, SPAN_NONE, "the key '%s' can be read by others (its mode is %03o)", file, (unsigned)(st.st_mode & 0777));
    return diag_help(d, "chmod 600 %s", file);
}

static struct signing_key *take(EVP_PKEY *key, const char *file, bool secret, struct diag *d)
{
    if (key && EVP_PKEY_get_id(key) == EVP_PKEY_ED25519) {
        struct signing_key *out = memory_alloc(sizeof *out);
        out->key = key;
        return out;
    }
    diag_error(d, SPAN_NONE, key ? "'%s' is no Ed25519 key" : secret ? "'%s' is no private key in PEM without a passphrase" : "'%s' is no public key in PEM", file);
    if (secret)
        diag_help(d, "'openssl genpkey -algorithm ed25519 -out KEYFILE' makes one");
    else
        diag_help(d, "'openssl pkey -in KEYFILE -pubout' prints that of a private key");
    EVP_PKEY_free(key);
    ERR_clear_error();
    return NULL;
}

/* Comes before all else.  The library's configuration file is the host's: no signature may depend on it. */
static FILE *open_key(const char *file, struct diag *d)
{
    OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, NULL);
    FILE *f = fopen(file, "re");
    if (!f)
        diag_error(d, SPAN_NONE, "the key '%s' cannot be read: %s", file, strerror(errno));
    return f;
}

struct signing_key *signing_key_read(const char *file, struct diag *d)
{
    FILE *f = open_key(file, d);
    struct signing_key *out = NULL;
    if (f)
        out = take(PEM_read_PrivateKey(f, NULL, no_passphrase, NULL), file, true, d);
    if (out && !is_private(file, f, d)) {
        signing_key_close(out);
        out = NULL;
    }
    if (f)
        fclose(f);
    return out;
}

struct signing_key *verifying_key_read(const char *file, struct diag *d)
{
    FILE *f = open_key(file, d);
    struct signing_key *out = f ? take(PEM_read_PUBKEY(f, NULL, no_passphrase, NULL), file, false, d) : NULL;
    if (f)
        fclose(f);
    return out;
}

void signing_key_close(struct signing_key *k)
{
    if (!k)
        return;
    EVP_PKEY_free(k->key);
    free(k);
}

struct hash signing_key_id(const struct signing_key *k)
{
    unsigned char *der = NULL;
    int size = i2d_PUBKEY(k->key, &der);
    struct hash h = hash_bytes(der, size > 0 ? (size_t)size : 0);
    OPENSSL_free(der);
    return h;
}

bool signature_make(const struct signing_key *k, const void *bytes, size_t size, unsigned char out[SIGNATURE_BYTES], struct diag *d)
{
    size_t length = SIGNATURE_BYTES;
    EVP_MD_CTX *c = EVP_MD_CTX_new();
    bool good = c && EVP_DigestSignInit(c, NULL, NULL, NULL, k->key) == 1 && EVP_DigestSign(c, out, &length, bytes, size) == 1 &&
                length == SIGNATURE_BYTES;
    EVP_MD_CTX_free(c);
    ERR_clear_error();
    return good || diag_fail(d, DIAG_OUTSIDE, SPAN_NONE, "libcrypto could not sign");
}

bool signature_is_good(const struct signing_key *k, const void *bytes, size_t size, const unsigned char *signature, size_t signature_size)
{
    EVP_MD_CTX *c = EVP_MD_CTX_new();
    bool good = c && signature_size == SIGNATURE_BYTES && EVP_DigestVerifyInit(c, NULL, NULL, NULL, k->key) == 1 &&
                EVP_DigestVerify(c, signature, signature_size, bytes, size) == 1;
    EVP_MD_CTX_free(c);
    ERR_clear_error();
    return good;
}
