/*
 * fuzz_bundle.c - a libFuzzer target: bundles.
 *
 * Whatever the bytes, bundle_read accepts them or reports an error; what it accepts is, written again, the same bytes.
 * The input is a list of contents, a line with a dot, and then files one after another without headers, for which no fuzzer
 * would find the checksums: a line with the size in decimal digits, and so many bytes.  Where the first line is "raw", what follows
 * is the whole file as it is.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../../provenance/bundle_inside.h"
#include "../../ukc/base/arena.h"
#include "../../ukc/base/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition)
{
    if (!condition)
        abort();
}

static void put(struct text *out, const char *name, const void *bytes, size_t size)
{
    static const char zero[BUNDLE_BLOCK];
    char header[BUNDLE_BLOCK];
    bundle_header(name, size, (unsigned char *)header);
    text_append(out, header, sizeof header);
    text_append(out, bytes, size);
    text_append(out, zero, bundle_padding(size));
}

/* Headers as the list wants them, so that the bytes behind are looked at. */
static void assemble(struct arena *a, const char *data, size_t size, struct text *out)
{
    static const char zero[2 * BUNDLE_BLOCK];
    const char *dot = memmem(data, size, ".\n", 2), *end = data + size, *at = dot ? dot + 2 : end, *fault;
    struct bundle b;
    size_t list = dot ? (size_t)(dot - data) : size;
    put(out, BUNDLE_LIST, data, list);
    if (!bundle_parse(a, data, list, &b, &fault))
        return;
    size_t count = b.run_count + b.object_count + b.blob_count;
    for (size_t i = 0; i < count; i++) {
        size_t n = 0, k = i - b.run_count;
        while (at < end && *at >= '0' && *at <= '9' && n < 100000)
            n = n * 10 + (size_t)(*at++ - '0');
        at += at < end;
        n = n < (size_t)(end - at) ? n : (size_t)(end - at);
        const char *name = i < b.run_count ? bundle_run_name(a, &b.runs[i])
                           : k < b.object_count ? bundle_object_name(a, &b.objects[k]) : bundle_blob_name(a, &b.blobs[k - b.object_count]);
        put(out, name, at, n);
        at += n;
    }
    text_append(out, zero, sizeof zero);
}

/* What was accepted has one way to be written. */
static void write_again(struct arena *a, const struct bundle *b, struct text *out)
{
    static const char zero[2 * BUNDLE_BLOCK];
    struct text list = {};
    bundle_list(b, &list);
    put(out, BUNDLE_LIST, list.bytes, list.size);
    text_dispose(&list);
    for (size_t i = 0; i < b->run_count; i++)
        put(out, bundle_run_name(a, &b->runs[i]), b->runs[i].text, b->runs[i].size);
    for (size_t i = 0; i < b->object_count; i++)
        put(out, bundle_object_name(a, &b->objects[i]), b->objects[i].bytes, b->objects[i].size);
    if (b->blob_count == 0)
        text_append(out, zero, sizeof zero);
}

static void read_bundle(struct arena *a, const struct text *file)
{
    struct diag *d = diag_create();
    struct bundle b;
    const struct recorded **recorded;
    int fd = memfd_create("bundle", MFD_CLOEXEC);
    require(fd >= 0 && write(fd, text_string(file), file->size) == (ssize_t)file->size);
    bool good = bundle_read(a, fd, "bundle", &b, &recorded, d);
    require(good == (diag_errors(d) == 0));
    if (good && b.blob_count == 0) {
        struct text again = {};
        write_again(a, &b, &again);
        require(again.size == file->size && memcmp(again.bytes, file->bytes, again.size) == 0);
        text_dispose(&again);
    }
    close(fd);
    diag_destroy(d);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *a = arena_create();
    struct text file = {};
    if (size > 4 && memcmp(data, "raw\n", 4) == 0)
        text_append(&file, data + 4, size - 4);
    else
        assemble(a, (const char *)data, size, &file);
    read_bundle(a, &file);
    text_dispose(&file);
    arena_destroy(a);
    return 0;
}
