/*
 * tarball.h - makes tar archives byte by byte, so that they can be wrong in every way.
 */
#ifndef UKC_TEST_TARBALL_H
#define UKC_TEST_TARBALL_H

#include "../../ukc/base/text.h"
#include "test.h"

static inline void tar_header(struct text *t, const char *name, char type, size_t size, const char *link)
{
    char h[512] = "";
    snprintf(h, 100, "%s", name);
    snprintf(h + 100, 8, "%07o", 0644);
    snprintf(h + 108, 8, "%07o", 0);
    snprintf(h + 116, 8, "%07o", 0);
    snprintf(h + 124, 12, "%011lo", (unsigned long)size & 077777777777);
    snprintf(h + 136, 12, "%011o", 0);
    h[156] = type;
    snprintf(h + 157, 100, "%s", link ? link : "");
    memcpy(h + 257, "ustar\0" "00", 8);
    memset(h + 148, ' ', 8);
    unsigned sum = 0;
    for (int i = 0; i < 512; i++)
        sum += (unsigned char)h[i];
    snprintf(h + 148, 8, "%06o", sum);
    text_append(t, h, 512);
}

static inline void tar_bytes(struct text *t, const char *bytes, size_t size)
{
    static const char zero[512];
    text_append(t, bytes, size);
    text_append(t, zero, (512 - size % 512) % 512);
}

static inline void tar_file(struct text *t, const char *name, const char *content)
{
    tar_header(t, name, '0', strlen(content), NULL);
    tar_bytes(t, content, strlen(content));
}

static inline void tar_end(struct text *t)
{
    static const char zero[1024];
    text_append(t, zero, sizeof zero);
}

static inline void write_whole(const char *path, const void *bytes, size_t size)
{
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(bytes, 1, size, f), size);
    fclose(f);
}

#endif
