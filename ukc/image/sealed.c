/*
 * sealed.c - reading the secrets of an image's file (see sealed.h).
 */
#include "sealed.h"
#include <string.h>
#include "../base/file.h"
#include "../../libs/secret/format.h"

enum { IMAGE_MOST = 1 << 30 };

struct reading {
    struct arena *a;
    const struct source *s;
    struct diag *d;
    VEC(struct image_secret) secrets;
    size_t sealed;
};

static bool damaged(const struct reading *r, const char *why)
{
    diag_fail(r->d, DIAG_INTEGRITY, SPAN_NONE, "'%s' is damaged: %s", source_shown(r->s), why);
    return diag_help(r->d, "'ukc build' makes the image again, 'ukc seal' the file with its secrets");
}

static bool is_zero(const char *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if (bytes[i])
            return false;
    return true;
}

/* One secret, at the beginning of `left` bytes of the section; how far the next one is, or 0 after reporting. */
static size_t read_one(struct reading *r, const char *at, size_t left, struct secret_head *h)
{
    if (left < sizeof *h)
        return damaged(r, "its section of secrets ends within one");
    memcpy(h, at, sizeof *h);
    size_t name = strnlen(h->name, sizeof h->name);
    if (memcmp(h->magic, SECRET_MAGIC, sizeof h->magic) != 0 || name == 0 || name == sizeof h->name || !is_zero(h->name + name, sizeof h->name - name))
        return damaged(r, "its section of secrets is not as ukc makes it");
    if (h->room == 0 || h->room > SECRET_SIZE_MOST || h->room > left - sizeof *h)
        return damaged(r, arena_printf(r->a, "the secret '%s' has no room in it", h->name));
    if (h->sealed > 1 || h->size > h->room || h->reserved || (!h->sealed && (h->size || !is_zero((const char *)h->image, sizeof h->image))) ||
        !is_zero(at + sizeof *h + h->size, h->room - h->size))
        return damaged(r, arena_printf(r->a, "what is said of the secret '%s' cannot be", h->name));
    size_t room = (h->room + SECRET_ALIGNMENT - 1) / SECRET_ALIGNMENT * SECRET_ALIGNMENT;
    return room > left - sizeof *h ? left : sizeof *h + room;
}

static bool read_section(struct reading *r, const char *section, size_t size, struct hash *said)
{
    struct secret_head h;
    for (size_t at = 0, next; at < size; at += next) {
        if (!(next = read_one(r, section + at, size - at, &h)))
            return false;
        if (r->sealed && memcmp(said->bytes, h.image, sizeof h.image) != 0)
            return damaged(r, "its secrets are of several images");
        memcpy(said->bytes, h.image, sizeof h.image);
        r->sealed += h.sealed;
        *vec_add(r->a, &r->secrets) =
            (struct image_secret){.name = arena_strdup(r->a, h.name), .room = h.room, .size = h.size, .at = (size_t)(section + at - r->s->bytes)};
    }
    return (r->sealed == 0 || r->sealed == r->secrets.count) || damaged(r, "it has some of its secrets only");
}

/* The file as it was before ukc seal wrote into it. */
static struct hash hash_without(const struct source *s, const struct image_secrets *secrets)
{
    static const char zeros[4096];
    struct hasher *h = hasher_create();
    size_t at = 0;
    for (size_t k = 0; k < secrets->count; k++) {
        const struct image_secret *x = &secrets->items[k];
        size_t from = x->at + offsetof(struct secret_head, sealed), to = x->at + sizeof(struct secret_head) + x->size;
        hasher_add(h, s->bytes + at, from - at);
        for (at = from; at < to;) {
            size_t n = to - at < sizeof zeros ? to - at : sizeof zeros;
            hasher_add(h, zeros, n);
            at += n;
        }
    }
    hasher_add(h, s->bytes + at, s->size - at);
    return hasher_finish(h);
}

static bool read_secrets(const struct elf_image *e, struct image_secrets *out, struct diag *d)
{
    struct reading r = {.a = e->a, .s = e->s, .d = d};
    size_t size = 0;
    struct hash said = {};
    const char *section = elf_image_section(e, SECRET_SECTION, &size);
    if (section && !read_section(&r, section, size, &said))
        return false;
    *out = (struct image_secrets){.items = r.secrets.items, .count = r.secrets.count, .sealed = r.sealed};
    out->image = hash_without(e->s, out);
    return !out->sealed || hash_equal(&said, &out->image) || damaged(&r, "without its secrets it is not the image that it says it was sealed from");
}

bool sealed_read(struct arena *a, const struct source *s, struct image_secrets *out, struct diag *d)
{
    struct elf_image e;
    return elf_image_open(a, s, &e, d) && read_secrets(&e, out, d);
}

struct image_secrets sealed_of_file(struct arena *a, const char *file)
{
    struct image_secrets secrets = {};
    struct diag *quiet = diag_create();
    const struct source *s = elf_image_read(a, file, quiet);
    if (s)
        (void)sealed_read(a, s, &secrets, quiet);
    diag_destroy(quiet);
    return secrets;
}

/* What is no image is a file like any other, and what is too large to be looked at has no secrets. */
bool sealed_image(struct arena *a, const char *file, bool *sealed, struct hash *out, struct diag *d)
{
    struct elf_image e;
    struct image_secrets secrets;
    struct file_stat st;
    *sealed = false;
    const struct source *s = file_stat(file, &st) && st.size <= IMAGE_MOST ? file_read(a, file, SPAN_NONE, IMAGE_MOST, d) : NULL;
    if (!s)
        return diag_errors(d) == 0 && hash_file(file, out, NULL, d);
    struct diag *quiet = diag_create();
    bool elf = elf_image_open(a, s, &e, quiet);
    diag_destroy(quiet);
    if (!elf) {
        *out = hash_bytes(s->bytes, s->size);
        return true;
    }
    if (!read_secrets(&e, &secrets, d))
        return false;
    *sealed = secrets.sealed;
    *out = secrets.image;
    return true;
}
