/*
 * embed_types.c - media types by file name extension (IANA's registry of media types), and which are worth compressing.
 *
 * Text is taken to be UTF-8.  What is compressed already has no twin.
 */
#include "embedding.h"

#include <stdlib.h>
#include <string.h>

/* Sorted by extension. */
static const struct embed_type types[] = {
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
    {"cur", "image/x-icon", true},
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
    {"ico", "image/x-icon", true},
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

static int compare(const void *extension, const void *type)
{
    return strcmp(extension, ((const struct embed_type *)type)->extension);
}

const struct embed_type *embed_type_find(const char *name)
{
    const char *slash = strrchr(name, '/'), *base = slash ? slash + 1 : name, *dot = strrchr(base, '.');
    char lower[16];
    if (!dot || dot == base || strlen(dot + 1) >= sizeof lower)
        return NULL;
    size_t n = strlen(dot + 1);
    for (size_t i = 0; i <= n; i++)
        lower[i] = (char)(dot[1 + i] >= 'A' && dot[1 + i] <= 'Z' ? dot[1 + i] - 'A' + 'a' : dot[1 + i]);
    return bsearch(lower, types, sizeof types / sizeof types[0], sizeof types[0], compare);
}
