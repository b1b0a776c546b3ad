/*
 * media_type.c - media types by extension: what a web site is made of.
 */
#include "internal.h"

#include <strings.h>

static const struct {
    const char *extension, *type;
} types[] = {
    {"html", "text/html; charset=utf-8"},
    {"htm", "text/html; charset=utf-8"},
    {"css", "text/css; charset=utf-8"},
    {"js", "text/javascript; charset=utf-8"},
    {"mjs", "text/javascript; charset=utf-8"},
    {"json", "application/json"},
    {"map", "application/json"},
    {"webmanifest", "application/manifest+json"},
    {"txt", "text/plain; charset=utf-8"},
    {"md", "text/markdown; charset=utf-8"},
    {"csv", "text/csv; charset=utf-8"},
    {"xml", "application/xml"},
    {"rss", "application/rss+xml"},
    {"atom", "application/atom+xml"},
    {"svg", "image/svg+xml"},
    {"png", "image/png"},
    {"jpg", "image/jpeg"},
    {"jpeg", "image/jpeg"},
    {"gif", "image/gif"},
    {"webp", "image/webp"},
    {"avif", "image/avif"},
    {"ico", "image/vnd.microsoft.icon"},
    {"woff", "font/woff"},
    {"woff2", "font/woff2"},
    {"ttf", "font/ttf"},
    {"otf", "font/otf"},
    {"mp3", "audio/mpeg"},
    {"ogg", "audio/ogg"},
    {"mp4", "video/mp4"},
    {"webm", "video/webm"},
    {"pdf", "application/pdf"},
    {"wasm", "application/wasm"},
    {"zip", "application/zip"},
    {"gz", "application/gzip"},
    {"zst", "application/zstd"},
};

struct view media_type(struct view name)
{
    size_t dot = name.size;
    while (dot > 0 && name.bytes[dot - 1] != '.' && name.bytes[dot - 1] != '/')
        dot--;
    struct view extension = {name.bytes + dot, name.size - dot};
    if (dot > 0 && name.bytes[dot - 1] == '.')
        for (size_t i = 0; i < sizeof types / sizeof *types; i++)
            if (strlen(types[i].extension) == extension.size &&
                strncasecmp(types[i].extension, extension.bytes, extension.size) == 0)
                return view_of(types[i].type);
    return VIEW("application/octet-stream");
}
