/*
 * secret.c - reads what `ukc seal` has put into the image (format.h).
 *
 * The compiler sees a constant full of zeros, and must not conclude anything from that: every look at it goes through room(), behind which it cannot look.
 */
#include "secret.h"
#include "format.h"
#include "keys.h"

#include <errno.h>
#include <string.h>
#include <ukc/kv_key.h>
#include <unistd.h>

static_assert(sizeof KEY_NAME > 1 && sizeof KEY_NAME <= SECRET_NAME_MOST + 1, "the key 'name' of a secret has 1 to 63 bytes");
static_assert(KEY_SIZE <= SECRET_SIZE_MOST, "as the manifest has it");

struct secret {
    struct secret_head head;
    char bytes[(KEY_SIZE + SECRET_ALIGNMENT - 1) / SECRET_ALIGNMENT * SECRET_ALIGNMENT];
};

/* A section whose name is an identifier of C: ASan puts nothing between its variables. */
static const struct secret reserved __attribute__((section(SECRET_SECTION), aligned(SECRET_ALIGNMENT))) = {
    .head = {.magic = SECRET_MAGIC, .name = KEY_NAME, .room = KEY_SIZE},
};

static const struct secret *room(void)
{
    const struct secret *there = &reserved;
    __asm__("" : "+r"(there));
    return there;
}

static const struct view name = VIEW(KEY_NAME);

int secret_start(void)
{
    static const char message[] = "the secret '" KEY_NAME "' is not in this image: 'ukc seal IMAGE --secret " KEY_NAME "=FILE' makes one that has it\n";
    if (room()->head.sealed)
        return 0;
    ssize_t written = write(STDERR_FILENO, message, sizeof message - 1);
    (void)written; /* there is nobody else to tell */
    return -ENODATA;
}

int secret_open(struct view key, struct secret_entry **entry)
{
    if (!kv_key_valid(key))
        return -EINVAL;
    if (!view_equal(key, name))
        return name.size > key.size && name.bytes[key.size] == '/' && memcmp(name.bytes, key.bytes, key.size) == 0 ? -EISDIR : -ENOENT;
    *entry = (struct secret_entry *)room(); /* the caller sees an incomplete type: nobody writes */
    return 0;
}

void secret_close(struct secret_entry *entry)
{
    (void)entry;
}

int secret_describe(const struct secret_entry *entry, struct representation *forms, size_t most)
{
    const struct secret *s = (const struct secret *)entry;
    if (most == 0)
        return 0;
    forms[0] = (struct representation){.size = s->head.size, .bytes = s->head.size ? s->bytes : NULL};
    return 1;
}

int secret_read(struct secret_entry *entry, size_t form, uint64_t offset, size_t want, struct view *piece)
{
    const struct secret *s = (const struct secret *)entry;
    if (form > 0)
        return -EINVAL;
    uint64_t left = offset < s->head.size ? s->head.size - offset : 0;
    size_t size = left < want ? (size_t)left : want;
    *piece = (struct view){size ? s->bytes + offset : NULL, size};
    return 0;
}

int secret_next(struct view after, struct view *key)
{
    if (after.size && kv_key_compare(name, after) <= 0)
        return -ENOENT;
    *key = name;
    return 0;
}
