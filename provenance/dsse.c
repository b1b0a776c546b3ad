/*
 * dsse.c - see dsse.h.
 */
#include "dsse.h"
#include <string.h>
#include "../ukc/base/arena.h"
#include "../ukc/base/json.h"
#include "../ukc/base/json_read.h"
#include "../ukc/base/text.h"
#include "signature.h"

void dsse_encoding(const char *type, const void *payload, size_t size, struct text *out)
{
    text_printf(out, "DSSEv1 %zu %s %zu ", strlen(type), type, size);
    text_append(out, payload, size);
}

static void put_base64(struct json *j, const char *key, const void *bytes, size_t size)
{
    struct text t = {};
    text_base64(&t, bytes, size);
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

/* ---- opening ---- */

/* Of both alphabets (RFC 4648, sections 4 and 5), as DSSE allows; with padding. */
static int value_of(char c)
{
    return c >= 'A' && c <= 'Z' ? c - 'A' : c >= 'a' && c <= 'z' ? c - 'a' + 26 : c >= '0' && c <= '9' ? c - '0' + 52 : c == '+' || c == '-' ? 62 : c == '/' || c == '_' ? 63 : -1;
}

static char *take_base64(struct arena *a, const char *text, size_t *size)
{
    size_t n = text ? strlen(text) : 1, padding = 0;
    if (n % 4)
        return NULL;
    while (padding < 2 && padding < n && text[n - 1 - padding] == '=')
        padding++;
    char *out = arena_alloc(a, n / 4 * 3 + 1, 1), *to = out;
    unsigned bits = 0;
    for (size_t i = 0; i < n - padding; i++) {
        int v = value_of(text[i]);
        if (v < 0)
            return NULL;
        bits = bits << 6 | (unsigned)v;
        if (i % 4)
            *to++ = (char)(bits >> (6 - i % 4 * 2));
    }
    unsigned left = padding == 1 ? 2 : padding == 2 ? 4 : 0; /* bits that say nothing are 0 */
    if (bits & ((1u << left) - 1))
        return NULL;
    *size = (size_t)(to - out);
    return out;
}

static bool is_signed_by(struct arena *a, const struct signing_key *key, const struct json_value *signatures, const struct text *encoding)
{
    for (size_t i = 0; signatures && signatures->kind == JSON_ARRAY && i < signatures->count; i++) {
        size_t size;
        const char *signature = take_base64(a, json_member_text(&signatures->items[i], "sig"), &size);
        if (signature && signature_is_good(key, encoding->bytes, encoding->size, (const unsigned char *)signature, size))
            return true;
    }
    return false;
}

/* Who else may have signed it. */
static bool report_unsigned(const struct json_value *signatures, const struct signing_key *key, const char *shown, const char *key_file, struct diag *d)
{
    struct hash id = signing_key_id(key);
    char hex[HASH_HEX];
    hash_hex(&id, hex);
    diag_fail(d, DIAG_INTEGRITY, SPAN_NONE, "'%s' has no good signature by the key '%s'", shown, key_file);
    for (size_t i = 0; signatures && signatures->kind == JSON_ARRAY && i < signatures->count && i < 8; i++) {
        const char *named = json_member_text(&signatures->items[i], "keyid");
        if (named && strcmp(named, hex) == 0)
            diag_note(d, SPAN_NONE, "a signature names this key: then the text or the signature was changed");
        else if (named && *named && strspn(named, "0123456789abcdef") == strlen(named)) /* it is anybody's text */
            diag_note(d, SPAN_NONE, "a signature names the key %.12s, and this one is %.12s", named, hex);
    }
    return false;
}

bool dsse_open(struct arena *a, const char *key_file, const char *shown, const char *bytes, size_t size, struct dsse_opened *out, struct diag *d)
{
    size_t at, payload_size = 0;
    const struct json_value *v = json_read(a, bytes, size, &at);
    const char *type = json_member_text(v, "payloadType"), *payload = type ? take_base64(a, json_member_text(v, "payload"), &payload_size) : NULL;
    if (!v)
        diag_error(d, SPAN_NONE, "'%s' is not JSON: its byte %zu is wrong", shown, at + 1);
    else if (!payload)
        diag_error(d, SPAN_NONE, "'%s' is no DSSE envelope: it has no payload or no payloadType", shown);
    if (!payload)
        return diag_help(d, "'ukc export --sign KEYFILE -o FILE' writes one");
    struct signing_key *key = verifying_key_read(key_file, d);
    if (!key)
        return false;
    struct text encoding = {};
    dsse_encoding(type, payload, payload_size, &encoding);
    const struct json_value *signatures = json_member(v, "signatures");
    bool good = is_signed_by(a, key, signatures, &encoding) || report_unsigned(signatures, key, shown, key_file, d);
    if (good) {
        struct hash id = signing_key_id(key);
        *out = (struct dsse_opened){type, payload, payload_size, hash_text(a, &id)};
    }
    text_dispose(&encoding);
    signing_key_close(key);
    return good;
}
