/*
 * representation.h - one form of a resource: its bytes and what describes them.
 *
 * What a store of pages hands out (kv_ro) and an HTTP server sends
 * (http_server); the word is RFC 9110's, section 3.2.  A resource may have
 * several: the bytes as they are, and twins compressed beforehand.  They share
 * the type and differ in bytes, encoding and entity tag.
 */
#ifndef UKC_REPRESENTATION_H
#define UKC_REPRESENTATION_H

#include <stdint.h>
#include <ukc/view.h>

enum { REPRESENTATIONS_MOST = 4 }; /* as is, gzip, zstd, br */

struct representation {
    struct view type;     /* media type, "text/html; charset=utf-8"; empty: none known */
    struct view etag;     /* strong entity tag with its quotes, "\"3f9c\""; empty: none */
    struct view encoding; /* content coding: "gzip", "zstd", "br"; empty: as is */
    int64_t modified;     /* seconds since 1970-01-01 UTC; 0: not known */
    uint64_t size;        /* of the content, in bytes */
    const char *bytes;    /* all of it; NULL when size is 0, or when it must be read in pieces */
};

#endif
