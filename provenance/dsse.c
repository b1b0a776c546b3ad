/*
 * dsse.c - see dsse.h.
 */
#include "dsse.h"
#include <string.h>
#include "../ukc/base/json.h"
#include "../ukc/base/text.h"
#include "signature.h"

void dsse_encoding(const char *type, const void *payload, size_t size, struct text *out)
{
    text_printf(out, "DSSEv1 %zu %s %zu ", strlen(type), type, size);
    text_append(out, payload, size);
}

/* RFC 4648, section 4. */
static void put_base64(struct json *j, const char *key, const void *bytes, size_t size)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const unsigned char *p = bytes;
    struct text t = {};
    for (size_t i = 0; i < size; i += 3) {
        size_t left = size - i;
        unsigned three = (unsigned)p[i] << 16 | (left > 1 ? (unsigned)p[i + 1] << 8 : 0) | (left > 2 ? p[i + 2] : 0);
        text_putc(&t, letters[three >> 18]);
        text_putc(&t, letters[three >> 12 & 63]);
        text_putc(&t, left > 1 ? letters[three >> 6 & 63] : '=');
        text_putc(&t, left > 2 ? letters[three & 63] : '=');
    }
    json_field(j, key, text_string(&t));
    text_dispose(&t);
}

bool dsse_sign(const char *key_file, const char *type, const void *payload, size_t size, struct json *j, struct diag *d)
{
    struct signing_key *key = signing_key_read(key_file, d);
    unsigned char signature[SIGNATURE_BYTES];
    char id[HASH_HEX];
    struct text encoding = {};
    dsse_encoding(type, payload, size, &encoding);
    bool good = key && signature_make(key, encoding.bytes, encoding.size, signature, d);
    if (good) {
        struct hash h = signing_key_id(key);
        hash_hex(&h, id);
        json_object(j);
        put_base64(j, "payload", payload, size);
        json_field(j, "payloadType", type);
        json_key(j, "signatures");
        json_array(j);
        json_object(j);
        json_field(j, "keyid", id);
        put_base64(j, "sig", signature, sizeof signature);
        json_end_object(j);
        json_end_array(j);
        json_end_object(j);
    }
    text_dispose(&encoding);
    signing_key_close(key);
    return good;
}
