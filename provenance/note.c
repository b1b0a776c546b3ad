/*
 * note.c - see note.h.
 */
#include "note.h"
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include "../ukc/base/arena.h"
#include "../ukc/base/elf_file.h"
#include "../ukc/base/file.h"
#include "../ukc/base/text.h"

#define IMAGE_MOST ((size_t)1 << 32)

/* What stands in front of the digits. */
static const struct {
    Elf64_Nhdr header;
    char owner[sizeof NOTE_OWNER];
} head = {{.n_namesz = sizeof NOTE_OWNER, .n_descsz = NOTE_DIGITS, .n_type = NOTE_RECIPE}, NOTE_OWNER};

static bool is_note(const char *at, size_t size)
{
    return size >= sizeof head + NOTE_DIGITS && memcmp(at, &head, sizeof head) == 0;
}

size_t note_place(const void *image, size_t size)
{
    struct arena *a = arena_create();
    struct elf_wrong wrong;
    const struct elf_file *f = elf_parse(a, (struct view){image, size}, ELF_PROGRAM, &wrong);
    size_t place = 0;
    for (size_t i = 1; f && !place && i < f->section_count; i++) {
        const struct elf_section *s = &f->sections[i];
        if (s->type == SHT_NOTE && string_equal(s->name, NOTE_SECTION) && is_note((const char *)elf_section_bytes(f, s).at, s->bytes))
            place = s->offset + sizeof head;
    }
    arena_destroy(a);
    return place;
}

/* A copy of it that is the caller's; *at: its note.  NULL: it cannot be read, of which `d` says why. */
static char *load(struct arena *a, const char *file, size_t *size, size_t *at, struct diag *d)
{
    const struct source *s = file_read(a, file, SPAN_NONE, IMAGE_MOST, d);
    if (!s)
        return NULL;
    *size = s->size;
    *at = note_place(s->bytes, s->size);
    return arena_memdup(a, s->bytes, s->size);
}

bool note_is_there(struct arena *a, const char *file)
{
    size_t size, at = 0;
    struct diag *quiet = diag_create();
    bool there = load(a, file, &size, &at, quiet) && at;
    diag_destroy(quiet);
    return there;
}

bool note_fill(struct arena *a, const char *file, const struct hash *recipe, struct diag *d)
{
    char hex[HASH_HEX];
    size_t size, at;
    struct stat st;
    char *image = load(a, file, &size, &at, d);
    if (!image)
        return false;
    if (!at)
        return diag_fail(d, DIAG_DIFFERS, SPAN_NONE, "'%s' has no note for its recipe, as the recipe says", file);
    hash_hex(recipe, hex);
    memcpy(image + at, hex, NOTE_DIGITS);
    if (stat(file, &st) != 0 || !file_write(file, image, size, NULL, d))
        return false;
    /* its time stays: Ninja makes again what is newer than the list of what its command read */
    const struct timespec times[] = {st.st_atim, st.st_mtim};
    return (chmod(file, st.st_mode & 07777) == 0 && utimensat(AT_FDCWD, file, times, 0) == 0) ||
           diag_fail(d, DIAG_OUTSIDE, SPAN_NONE, "'%s' cannot be made executable: %s", file, strerror(errno));
}

bool note_hash_blank(struct arena *a, const char *file, struct hash *out, uint64_t *bytes, struct diag *d)
{
    size_t size, at;
    char *image = load(a, file, &size, &at, d);
    if (!image)
        return false;
    if (at)
        memcpy(image + at, NOTE_BLANK, NOTE_DIGITS);
    *out = hash_bytes(image, size);
    *bytes = size;
    return true;
}

/* Only digits, and not those of a blank one. */
static const char *take_digits(struct arena *a, const char *at)
{
    char *digits = arena_strndup(a, at, NOTE_DIGITS);
    return strspn(digits, "0123456789abcdef") == NOTE_DIGITS && strcmp(digits, NOTE_BLANK) != 0 ? digits : NULL;
}

static const char *search(struct arena *a, const char *bytes, size_t size)
{
    const char *found = NULL, *end = bytes + size;
    for (const char *at = bytes; !found && (at = memmem(at, (size_t)(end - at), &head, sizeof head)); at++)
        found = is_note(at, (size_t)(end - at)) ? take_digits(a, at + sizeof head) : NULL;
    return found;
}

const char *note_search(struct arena *a, const char *file)
{
    struct stat st;
    int fd = open(file, O_RDONLY | O_CLOEXEC);
    const char *found = NULL;
    if (fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size > 0) {
        void *bytes = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
        if (bytes != MAP_FAILED) {
            found = search(a, bytes, (size_t)st.st_size);
            munmap(bytes, (size_t)st.st_size);
        }
    }
    if (fd >= 0)
        close(fd);
    return found;
}
