/*
 * seal.c - ukc seal: secrets into the room that an image has for them.
 *
 * The image stays as it is. What is written is another file, which only its owner can read; a secret comes from a file, never from the command line, and
 * goes nowhere else.
 */
#include "sealed.h"
#include "../project/invocation.h"
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "../base/file.h"
#include "../base/json.h"
#include "../../libs/secret/format.h"

struct sealing {
    struct invocation *i;
    struct arena *a;
    struct diag *d;
    const char *path, *output;
    const struct source *image;
    struct image_secrets secrets;
    const struct source **given; /* by secret; NULL: not given */
    bool executable;
};

static const char *names(const struct sealing *s)
{
    const char *all = NULL;
    for (size_t k = 0; k < s->secrets.count; k++)
        all = all ? arena_printf(s->a, "%s, %s", all, s->secrets.items[k].name) : s->secrets.items[k].name;
    return all;
}

/* ---- what is given ---- */

static bool unknown_name(const struct sealing *s, const char *name)
{
    const char **all = arena_array(s->a, const char *, s->secrets.count);
    for (size_t k = 0; k < s->secrets.count; k++)
        all[k] = s->secrets.items[k].name;
    const char *near = string_nearest(name, all, s->secrets.count);
    diag_error(s->d, SPAN_NONE, "'%s' has no room for a secret '%s'", s->path, name);
    return near ? diag_help(s->d, "did you mean '%s'?", near) : diag_help(s->d, "it has room for: %s", names(s));
}

/* All of the file; what can be read once only, a pipe, is a file too. */
static const struct source *read_secret(const struct sealing *s, const char *name, const char *file, uint64_t room)
{
    struct stat st;
    int fd = open(file, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &st) != 0 || S_ISDIR(st.st_mode)) {
        diag_error(s->d, SPAN_NONE, "cannot read '%s', the file of the secret '%s': %s", file, name, fd < 0 ? strerror(errno) : "it is a directory");
        diag_help(s->d, "--secret %s=FILE names a file that holds it", name);
        if (fd >= 0)
            close(fd);
        return NULL;
    }
    struct source *out = arena_new(s->a, struct source);
    char *bytes = arena_alloc(s->a, room + 1, 1);
    ssize_t n = 1;
    size_t size = 0;
    while (size <= room && ((n = read(fd, bytes + size, room + 1 - size)) > 0 || (n < 0 && errno == EINTR)))
        size += n > 0 ? (size_t)n : 0;
    close(fd);
    *out = (struct source){.path = file, .bytes = bytes, .size = size};
    if (n < 0) {
        diag_fail(s->d, DIAG_OUTSIDE, SPAN_NONE, "cannot read '%s': %s", file, strerror(errno));
    } else if (size > room) {
        diag_error(s->d, SPAN_NONE, "'%s' is larger than the %" PRIu64 " bytes that the image has room for as '%s'", file, room, name);
        diag_help(s->d, "set the key 'size' of the secret's instance, and build the image again");
    } else if (size == 0) {
        diag_error(s->d, SPAN_NONE, "'%s' is empty: there would be no secret '%s'", file, name);
        diag_help(s->d, "--secret %s=FILE names a file that holds it", name);
    } else {
        if (S_ISREG(st.st_mode) && st.st_mode & (S_IRWXG | S_IRWXO)) {
            diag_warning(s->d, SPAN_NONE, "others than its owner can read '%s'", file);
            diag_help(s->d, "chmod 600 %s", file);
        }
        return out;
    }
    return NULL;
}

static bool take(struct sealing *s, const char *word)
{
    const char *file = strchr(word, '=');
    if (!file || file == word || !file[1]) {
        diag_fail(s->d, DIAG_USAGE, SPAN_NONE, "--secret needs a name and a file");
        return diag_help(s->d, "--secret NAME=FILE: the secret itself stands on no command line");
    }
    const char *name = arena_strndup(s->a, word, (size_t)(file++ - word));
    const struct source *found = NULL;
    for (size_t k = 0; k < s->secrets.count; k++) {
        const struct image_secret *x = &s->secrets.items[k];
        if (strcmp(x->name, name) != 0)
            continue;
        if (s->given[k])
            return diag_fail(s->d, DIAG_USAGE, SPAN_NONE, "the secret '%s' is given twice", name);
        if (!found && !(found = read_secret(s, name, file, x->room)))
            return false;
        if (found->size > x->room) /* several instances read one secret */
            return diag_error(s->d, SPAN_NONE, "'%s' is larger than the %" PRIu64 " bytes that the image has room for as '%s'", file, x->room, name);
        s->given[k] = found;
    }
    return found || unknown_name(s, name);
}

static bool take_all(struct sealing *s)
{
    s->given = arena_array(s->a, const struct source *, s->secrets.count);
    bool good = true;
    for (size_t k = 0; k < s->i->secrets.count; k++)
        good = take(s, s->i->secrets.items[k]) && good;
    for (size_t k = 0; good && k < s->secrets.count; k++)
        if (!s->given[k]) {
            good = diag_error(s->d, SPAN_NONE, "the image needs the secret '%s' too", s->secrets.items[k].name);
            diag_help(s->d, "--secret %s=FILE", s->secrets.items[k].name);
        }
    return good;
}

/* ---- the image ---- */

static bool open_image(struct sealing *s)
{
    struct stat st;
    s->image = elf_image_read(s->a, s->path, s->d);
    if (!s->image || !sealed_read(s->a, s->image, &s->secrets, s->d))
        return false;
    s->executable = stat(s->path, &st) == 0 && st.st_mode & S_IXUSR;
    if (s->secrets.sealed) {
        diag_error(s->d, SPAN_NONE, "'%s' is sealed already", s->path);
        return diag_help(s->d, "seal the image that it was made from: 'ukc show %s' says which", s->path);
    }
    if (s->secrets.count == 0) {
        diag_error(s->d, SPAN_NONE, "'%s' has no room for a secret", s->path);
        return diag_help(s->d, "in its manifest: choose = { NAME = instance \"secret\" { set = { name = \"...\" } } }");
    }
    return true;
}

static bool is_output(const struct sealing *s, const char *file)
{
    struct stat a, b;
    return stat(file, &a) == 0 && stat(s->output, &b) == 0 && a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

static bool check_output(struct sealing *s)
{
    s->output = given(s->i, OPTION_output) ? s->i->value[OPTION_output] : arena_printf(s->a, "%s.sealed", path_base(s->path));
    if (is_output(s, s->path)) {
        diag_fail(s->d, DIAG_USAGE, SPAN_NONE, "'%s' is the image itself, which stays without secrets", s->output);
        return diag_help(s->d, "name another file with -o");
    }
    for (size_t k = 0; k < s->secrets.count; k++)
        if (is_output(s, s->given[k]->path)) {
            diag_fail(s->d, DIAG_USAGE, SPAN_NONE, "'%s' is the file of the secret '%s', which would be lost", s->output, s->secrets.items[k].name);
            return diag_help(s->d, "name another file with -o");
        }
    if (file_is_directory(s->output)) {
        diag_fail(s->d, DIAG_USAGE, SPAN_NONE, "'%s' is a directory", s->output);
        return diag_help(s->d, "-o names the file to write");
    }
    return true;
}

/* ---- the sealed file ---- */

static char *sealed_bytes(const struct sealing *s)
{
    char *bytes = arena_alloc(s->a, s->image->size, 1);
    memcpy(bytes, s->image->bytes, s->image->size);
    for (size_t k = 0; k < s->secrets.count; k++) {
        char *at = bytes + s->secrets.items[k].at;
        struct secret_head h;
        memcpy(&h, at, sizeof h);
        h.sealed = 1;
        h.size = s->given[k]->size;
        memcpy(h.image, s->secrets.image.bytes, sizeof h.image);
        memcpy(at, &h, sizeof h);
        memcpy(at + sizeof h, s->given[k]->bytes, s->given[k]->size);
    }
    return bytes;
}

static void tell(struct sealing *s)
{
    char hex[HASH_HEX];
    hash_hex(&s->secrets.image, hex);
    if (given(s->i, OPTION_json)) {
        struct json j = {};
        json_object(&j);
        json_field(&j, "file", s->output);
        json_field(&j, "image", s->path);
        json_field(&j, "image_sha256", hex);
        json_key(&j, "secrets");
        json_array(&j);
        for (size_t k = 0; k < s->secrets.count; k++) {
            json_object(&j);
            json_field(&j, "name", s->secrets.items[k].name);
            json_field_number(&j, "room", (int64_t)s->secrets.items[k].room);
            json_end_object(&j);
        }
        json_end_array(&j);
        json_end_object(&j);
        answer_json(s->i, &j);
    } else if (!given(s->i, OPTION_quiet)) {
        fprintf(answer_stream(s->i), "%s: sealed with %s; made from the image %.12s, which stays without\n", s->output, names(s), hex);
    }
}

int command_seal(struct invocation *i)
{
    struct sealing s = {.i = i, .a = i->arena, .d = i->diag, .path = i->arguments[0]};
    if (i->secrets.count == 0) {
        diag_fail(i->diag, DIAG_USAGE, SPAN_NONE, "ukc seal needs the secrets: --secret NAME=FILE");
        diag_help(i->diag, "'ukc explain --hardening %s' says which the image needs", s.path);
    } else if (open_image(&s) && take_all(&s) && check_output(&s)) {
        char *bytes = sealed_bytes(&s);
        if (file_write_output(s.output, bytes, s.image->size, s.executable ? FILE_PRIVATE_PROGRAM : FILE_PRIVATE, s.d))
            tell(&s);
        explicit_bzero(bytes, s.image->size);
        for (size_t k = 0; k < s.secrets.count; k++)
            explicit_bzero((char *)s.given[k]->bytes, s.given[k]->size);
    }
    return (int)diag_status(i->diag);
}
