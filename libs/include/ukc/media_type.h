/*
 * media_type.h - media types by file name extension (IANA's registry of media types), and which are worth compressing.
 *
 * The one table: `embed` looks types up when an image is built, stores that
 * read files do when they are asked for.  Text is taken to be UTF-8.  What is
 * compressed already is not worth it.
 */
#ifndef UKC_MEDIA_TYPE_H
#define UKC_MEDIA_TYPE_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include "view.h"

struct media_type {
    const char *extension; /* without the dot, lower case */
    const char *type;
    bool compressible;
};

/* Sorted by extension. */
static const struct media_type media_types[] = {
    {"aac", "audio/aac", false},
    {"apng", "image/apng", false},
    {"appcache", "text/cache-manifest; charset=utf-8", true},
    {"asc", "text/plain; charset=utf-8", true},
    {"atom", "application/atom+xml", true},
    {"avif", "image/avif", false},
    {"bib", "text/plain; charset=utf-8", true},
    {"bin", "application/octet-stream", false},
    {"bmp", "image/bmp", true},
    {"br", "application/octet-stream", false},
    {"bz2", "application/x-bzip2", false},
    {"c", "text/plain; charset=utf-8", true},
    {"cjs", "text/javascript; charset=utf-8", true},
    {"conf", "text/plain; charset=utf-8", true},
    {"css", "text/css; charset=utf-8", true},
    {"csv", "text/csv; charset=utf-8", true},
    {"cur", "image/vnd.microsoft.icon", true},
    {"deb", "application/vnd.debian.binary-package", false},
    {"eot", "application/vnd.ms-fontobject", true},
    {"eps", "application/postscript", true},
    {"epub", "application/epub+zip", false},
    {"flac", "audio/flac", false},
    {"gif", "image/gif", false},
    {"gz", "application/gzip", false},
    {"h", "text/plain; charset=utf-8", true},
    {"heic", "image/heic", false},
    {"htm", "text/html; charset=utf-8", true},
    {"html", "text/html; charset=utf-8", true},
    {"ico", "image/vnd.microsoft.icon", true},
    {"ics", "text/calendar; charset=utf-8", true},
    {"ini", "text/plain; charset=utf-8", true},
    {"iso", "application/octet-stream", false},
    {"jar", "application/java-archive", false},
    {"jfif", "image/jpeg", false},
    {"jpeg", "image/jpeg", false},
    {"jpg", "image/jpeg", false},
    {"js", "text/javascript; charset=utf-8", true},
    {"json", "application/json", true},
    {"jsonld", "application/ld+json", true},
    {"jxl", "image/jxl", false},
    {"log", "text/plain; charset=utf-8", true},
    {"lua", "text/plain; charset=utf-8", true},
    {"m4a", "audio/mp4", false},
    {"m4v", "video/mp4", false},
    {"map", "application/json", true},
    {"markdown", "text/markdown; charset=utf-8", true},
    {"md", "text/markdown; charset=utf-8", true},
    {"mid", "audio/midi", true},
    {"mjs", "text/javascript; charset=utf-8", true},
    {"mkv", "video/x-matroska", false},
    {"mov", "video/quicktime", false},
    {"mp3", "audio/mpeg", false},
    {"mp4", "video/mp4", false},
    {"mpeg", "video/mpeg", false},
    {"oga", "audio/ogg", false},
    {"ogg", "audio/ogg", false},
    {"ogv", "video/ogg", false},
    {"opus", "audio/ogg", false},
    {"otf", "font/otf", true},
    {"pdf", "application/pdf", false},
    {"png", "image/png", false},
    {"ps", "application/postscript", true},
    {"py", "text/plain; charset=utf-8", true},
    {"rss", "application/rss+xml", true},
    {"rtf", "application/rtf", true},
    {"sh", "text/plain; charset=utf-8", true},
    {"sql", "application/sql", true},
    {"svg", "image/svg+xml", true},
    {"tar", "application/x-tar", true},
    {"tif", "image/tiff", false},
    {"tiff", "image/tiff", false},
    {"toml", "application/toml", true},
    {"tsv", "text/tab-separated-values; charset=utf-8", true},
    {"ttf", "font/ttf", true},
    {"txt", "text/plain; charset=utf-8", true},
    {"vtt", "text/vtt; charset=utf-8", true},
    {"wasm", "application/wasm", true},
    {"wav", "audio/wav", true},
    {"weba", "audio/webm", false},
    {"webm", "video/webm", false},
    {"webmanifest", "application/manifest+json", true},
    {"webp", "image/webp", false},
    {"woff", "font/woff", false},
    {"woff2", "font/woff2", false},
    {"xhtml", "application/xhtml+xml", true},
    {"xml", "application/xml", true},
    {"xsl", "application/xslt+xml", true},
    {"xz", "application/x-xz", false},
    {"yaml", "application/yaml", true},
    {"yml", "application/yaml", true},
    {"zip", "application/zip", false},
    {"zst", "application/zstd", false},
};

/* The extension of a name's last part, in lower case and terminated; a name of only an extension (".html") has none. */
static inline bool media_extension(struct view name, char *extension, size_t most)
{
    size_t at = name.size, n = 0;
    while (at > 0 && name.bytes[at - 1] != '.' && name.bytes[at - 1] != '/')
        at--;
    if (at < 2 || name.bytes[at - 1] == '/' || name.bytes[at - 2] == '/' || name.size - at >= most)
        return false;
    for (; at < name.size; at++, n++)
        extension[n] = (char)(name.bytes[at] >= 'A' && name.bytes[at] <= 'Z' ? name.bytes[at] - 'A' + 'a' : name.bytes[at]);
    extension[n] = '\0';
    return true;
}

/* What is known of files with a name like this, or NULL. */
static inline const struct media_type *media_type_find(struct view name)
{
    char extension[16];
    if (!media_extension(name, extension, sizeof extension))
        return NULL;
    size_t low = 0, high = sizeof media_types / sizeof media_types[0];
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = strcmp(extension, media_types[middle].extension);
        if (order == 0)
            return &media_types[middle];
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return NULL;
}

#endif
