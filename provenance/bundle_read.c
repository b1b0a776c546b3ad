/*
 * bundle_read.c - reads a bundle that nobody vouches for; see bundle.h.
 *
 * The list, which comes first, says what each header must be, to the byte.  Objects are compared with their SHA-1, runs and
 * files with their SHA-256.  Then every record is read from these objects alone, compared with its SHA-256 part by part, and
 * its tree made again: an object that no record needs stays unused, and is refused.
 * Nothing is taken from the store, and nothing written.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "../ukc/base/arena.h"
#include "blobs.h"
#include "bundle_inside.h"
#include "toolkeep.h"

struct reader {
    struct arena *a;
    int fd;
    const char *file;
    uint64_t at, size; /* where we are; of the file */
    struct diag *d;
};

[[gnu::format(printf, 2, 3)]] static bool refuse(struct reader *r, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    const char *why = arena_vprintf(r->a, format, list);
    va_end(list);
    diag_fail(r->d, DIAG_INTEGRITY, SPAN_NONE, "the bundle '%s' is refused: %s", r->file, why);
    return diag_help(r->d, "have it made and sent again: 'ukc bundle'; nothing in the store was changed");
}

static bool read_full(struct reader *r, void *to, size_t n)
{
    for (size_t done = 0; done < n;) {
        ssize_t got = pread(r->fd, (char *)to + done, n - done, (off_t)(r->at + done));
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return diag_fail(r->d, DIAG_OUTSIDE, SPAN_NONE, "'%s' cannot be read: %s", r->file, strerror(errno));
        if (got == 0)
            return refuse(r, "it is truncated, after %llu bytes", (unsigned long long)(r->at + done));
        done += (size_t)got;
    }
    r->at += n;
    return true;
}

/* ---- headers ---- */

static const char *shown(struct reader *r, const unsigned char *name)
{
    char *s = arena_strndup(r->a, (const char *)name, strnlen((const char *)name, 100));
    for (char *p = s; *p; p++)
        if ((unsigned char)*p < ' ' || *p == 0x7f || (unsigned char)*p >= 0x80)
            *p = '?';
    return s;
}

static bool has_parent(const char *name)
{
    for (const char *part = name; part; part = strchr(part, '/') ? strchr(part, '/') + 1 : NULL)
        if (strncmp(part, "..", 2) == 0 && (part[2] == '/' || part[2] == 0))
            return true;
    return false;
}

static const char *kind_of(unsigned char flag)
{
    switch (flag) {
    case '1': case '2': return "a link";
    case '3': case '4': case '6': return "a device";
    case '5': return "a directory";
    default: return "no ordinary file";
    }
}

/* A header that is not the expected one: what is wrong with it. */
static bool refuse_header(struct reader *r, const unsigned char *is, const unsigned char *must)
{
    static const unsigned char zero[BUNDLE_BLOCK];
    unsigned sum = 0;
    const char *name = shown(r, is), *wanted = shown(r, must);
    if (memcmp(is, zero, BUNDLE_BLOCK) == 0)
        return refuse(r, "it ends before '%s'", wanted);
    for (size_t i = 0; i < BUNDLE_BLOCK; i++)
        sum += i >= 148 && i < 156 ? ' ' : is[i];
    if (strtoul(arena_strndup(r->a, (const char *)is + 148, 8), NULL, 8) != sum)
        return refuse(r, "the header of '%s' is damaged", wanted);
    if (name[0] == '/' || has_parent(name))
        return refuse(r, "it has the name '%s', which leads out of it", name);
    if (is[156] != '0')
        return refuse(r, "'%s' in it is %s", name, kind_of(is[156]));
    if (strcmp(name, wanted) != 0)
        return refuse(r, "it has '%s' where '%s' belongs", name, wanted);
    if (memcmp(is + 124, must + 124, 12) != 0)
        return refuse(r, "the size of '%s' is not the one in its list of contents", name);
    return refuse(r, "the header of '%s' is not written as ukc writes it", name);
}

static bool read_header(struct reader *r, const char *name, uint64_t size)
{
    unsigned char must[BUNDLE_BLOCK], is[BUNDLE_BLOCK];
    bundle_header(name, size, must);
    return read_full(r, is, sizeof is) && (memcmp(is, must, sizeof is) == 0 || refuse_header(r, is, must));
}

static bool read_zeros(struct reader *r, uint64_t n)
{
    static const unsigned char zero[2 * BUNDLE_BLOCK];
    unsigned char is[2 * BUNDLE_BLOCK];
    return read_full(r, is, (size_t)n) && (memcmp(is, zero, (size_t)n) == 0 || refuse(r, "byte %llu or one before it should be zero",
                                                                                       (unsigned long long)r->at));
}

/* The size is that of the list, which as a whole fits into the file. */
static const char *read_file(struct reader *r, const char *name, uint64_t size)
{
    if (!read_header(r, name, size))
        return NULL;
    char *bytes = arena_alloc(r->a, (size_t)size + 1, 1);
    return read_full(r, bytes, (size_t)size) && read_zeros(r, bundle_padding(size)) ? bytes : NULL;
}

/* ---- the contents ---- */

static bool read_list(struct reader *r, struct bundle *b)
{
    unsigned char header[BUNDLE_BLOCK];
    const char *fault;
    if (r->size < BUNDLE_BLOCK || !read_full(r, header, sizeof header) || memcmp(header, BUNDLE_LIST, sizeof BUNDLE_LIST) != 0) {
        diag_error(r->d, SPAN_NONE, "'%s' is no bundle of ukc's", r->file);
        static const unsigned char zstd[] = {0x28, 0xb5, 0x2f, 0xfd}; /* RFC 8878, section 3.1.1 */
        bool compressed = r->size >= BUNDLE_BLOCK && memcmp(header, zstd, sizeof zstd) == 0;
        return diag_help(r->d, compressed ? "it is compressed: 'zstd -d' first" : "'ukc bundle HASH... -o FILE' makes one");
    }
    char digits[12] = "";
    memcpy(digits, header + 124, 11);
    uint64_t size = strtoull(digits, NULL, 8);
    if (size <= BUNDLE_LIST_LIMIT && size > r->size)
        return refuse(r, "it is truncated, within its list of contents");
    if (size > BUNDLE_LIST_LIMIT)
        return refuse(r, "its list of contents is said to have %llu bytes", (unsigned long long)size);
    r->at = 0;
    const char *text = read_file(r, BUNDLE_LIST, size);
    if (!text)
        return false;
    if (!bundle_parse(r->a, text, (size_t)size, b, &fault))
        return refuse(r, "%s", fault);
    uint64_t whole = bundle_size(b, size);
    return r->size >= whole || refuse(r, "it is truncated: it has %llu bytes, and its contents %llu", (unsigned long long)r->size,
                                      (unsigned long long)whole);
}

static bool read_run(struct reader *r, const struct bundle *b, struct bundle_run *run)
{
    const char *name = bundle_run_name(r->a, run);
    if (!(run->text = read_file(r, name, run->size)))
        return false;
    struct hash actual = hash_bytes(run->text, (size_t)run->size);
    if (!hash_equal(&actual, &run->id))
        return refuse(r, "'%s' does not have the SHA-256 that it is named by", name);
    if (!run_parse(r->a, run->text, (size_t)run->size, &run->run))
        return refuse(r, "'%s' is not a run that this ukc can read", name);
    struct bundle_record *record = bundle_find(b, &run->run.record);
    if (!record)
        return refuse(r, "'%s' belongs to none of its records", name);
    record->runs++;
    return true;
}

static bool read_object(struct reader *r, struct object_given *o)
{
    const char *name = bundle_object_name(r->a, o);
    if (!(o->bytes = read_file(r, name, o->size)))
        return false;
    return objects_is_right(o) || refuse(r, "'%s' does not have the SHA-1 that it is named by", name);
}

static bool read_blob(struct reader *r, struct bundle_blob *b)
{
    const char *name = bundle_blob_name(r->a, b);
    bool equal = false;
    if (!read_header(r, name, b->size))
        return false;
    b->offset = r->at;
    if (lseek(r->fd, (off_t)r->at, SEEK_SET) < 0 || !blob_check(r->fd, b->size, &b->sha256, &equal))
        return diag_fail(r->d, DIAG_OUTSIDE, SPAN_NONE, "'%s' cannot be read: %s", r->file, strerror(errno));
    if (!equal)
        return refuse(r, "'%s' does not have the SHA-256 that it is named by", name);
    r->at += b->size;
    return read_zeros(r, bundle_padding(b->size));
}

static bool read_contents(struct reader *r, struct bundle *b)
{
    bool good = true;
    for (size_t i = 0; i < b->run_count && good; i++)
        good = read_run(r, b, &b->runs[i]);
    for (size_t i = 0; i < b->object_count && good; i++)
        good = read_object(r, &b->objects[i]);
    for (size_t i = 0; i < b->blob_count && good; i++)
        good = read_blob(r, &b->blobs[i]);
    return good && read_zeros(r, 2 * BUNDLE_BLOCK) && (r->at == r->size || refuse(r, "there are bytes after its end"));
}

/* ---- what belongs together ---- */

/* NULL: there is none. */
static struct bundle_blob *find_blob(const struct bundle *b, const struct hash *sha256, uint64_t size)
{
    for (size_t i = 0; i < b->blob_count; i++)
        if (hash_equal(&b->blobs[i].sha256, sha256) && b->blobs[i].size == size)
            return &b->blobs[i];
    return NULL;
}

static bool use_blob(const struct bundle *b, const struct hash *sha256, uint64_t size)
{
    struct bundle_blob *found = find_blob(b, sha256, size);
    if (found)
        found->of_record = true;
    return found;
}

static bool check_record(struct reader *r, const struct bundle *b, struct objects *o, size_t i, const struct recorded **out)
{
    char hex[HASH_HEX];
    hash_hex(&b->records[i].id, hex);
    const struct recorded *x = recorded_check(o, r->a, b->records[i].tree, &b->records[i].id, r->d);
    if (!x)
        return refuse(r, "record %.12s in it is not what it says", hex);
    if (b->records[i].runs == 0)
        return refuse(r, "it does not say when record %.12s was built", hex);
    for (size_t k = 0; k < x->recipe.large_count; k++)
        if (!use_blob(b, &x->recipe.large[k].sha256, x->recipe.large[k].size))
            return refuse(r, "of record %.12s it has no '%s'", hex, x->recipe.large[k].path);
    use_blob(b, &x->facts.image, x->facts.image_bytes); /* it may be there or not */
    *out = x;
    return true;
}

/* What a record says that its tools are, file by file. */
static bool check_tools(struct reader *r, const struct bundle *b, struct bundle_tools *t, const struct recorded *const *recorded)
{
    size_t count = 0;
    char hex[HASH_HEX];
    hash_hex(&t->id, hex);
    for (size_t i = 0; i < b->record_count && !t->of; i++)
        t->of = hash_equal(&recorded[i]->recipe.tools, &t->id) ? recorded[i] : NULL;
    if (!t->of)
        return refuse(r, "the tools %.12s belong to none of its records", hex);
    const struct tools_file *files = tools_files(r->a, t->of->tools, strlen(t->of->tools), &count);
    for (size_t i = 0; files && i < count; i++) {
        struct bundle_blob *blob = find_blob(b, &files[i].sha256, files[i].size);
        if (!blob)
            return refuse(r, "of the tools %.12s it has no '%s'", hex, files[i].name);
        blob->of_tools = true;
    }
    return files || refuse(r, "what the tools %.12s are cannot be read", hex);
}

static bool check(struct reader *r, const struct bundle *b, const struct recorded **recorded)
{
    struct objects *o = objects_of(b->objects, b->object_count, r->d);
    bool good = o != NULL;
    for (size_t i = 0; i < b->record_count && good; i++)
        good = check_record(r, b, o, i, &recorded[i]);
    for (size_t i = 0; i < b->tool_count && good; i++)
        good = check_tools(r, b, &b->tools[i], recorded);
    for (size_t i = 0; i < b->object_count && good; i++)
        good = b->objects[i].used || refuse(r, "'objects/%s' belongs to none of its records", b->objects[i].id);
    for (size_t i = 0; i < b->blob_count && good; i++)
        good = b->blobs[i].of_record || b->blobs[i].of_tools || refuse(r, "'%s' belongs to none of its records", bundle_blob_name(r->a, &b->blobs[i]));
    objects_close(o);
    return good;
}

bool bundle_read(struct arena *a, int fd, const char *file, struct bundle *b, const struct recorded ***recorded, struct diag *d)
{
    struct stat st;
    if (fstat(fd, &st) != 0)
        return diag_fail(d, DIAG_OUTSIDE, SPAN_NONE, "'%s' cannot be read: %s", file, strerror(errno));
    if (!S_ISREG(st.st_mode))
        return diag_error(d, SPAN_NONE, "'%s' is not an ordinary file", file);
    struct reader r = {.a = a, .fd = fd, .file = file, .size = (uint64_t)st.st_size, .d = d};
    if (!read_list(&r, b))
        return false;
    *recorded = arena_array(a, const struct recorded *, b->record_count);
    return read_contents(&r, b) && check(&r, b, *recorded);
}
