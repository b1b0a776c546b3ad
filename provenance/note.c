/*
 * note.c - see note.h.
 */
#include "note.h"
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include "../ukc/base/arena.h"
#include "../ukc/base/file.h"

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

static bool is_section(const char *image, size_t size, const Elf64_Shdr *names, const Elf64_Shdr *s)
{
    return s->sh_type == SHT_NOTE && names->sh_offset <= size && names->sh_size <= size - names->sh_offset &&
           s->sh_name < names->sh_size && names->sh_size - s->sh_name >= sizeof NOTE_SECTION &&
           memcmp(image + names->sh_offset + s->sh_name, NOTE_SECTION, sizeof NOTE_SECTION) == 0 && s->sh_offset <= size &&
           s->sh_size <= size - s->sh_offset && is_note(image + s->sh_offset, s->sh_size);
}

size_t note_place(const void *image, size_t size)
{
    Elf64_Ehdr e;
    Elf64_Shdr names, s;
    if (size < sizeof e || memcmp(image, ELFMAG, SELFMAG) != 0)
        return 0;
    memcpy(&e, image, sizeof e);
    if (e.e_ident[EI_CLASS] != ELFCLASS64 || e.e_shentsize != sizeof s || e.e_shstrndx >= e.e_shnum || e.e_shoff > size ||
        (size - e.e_shoff) / sizeof s < e.e_shnum)
        return 0;
    const char *table = (const char *)image + e.e_shoff;
    memcpy(&names, table + e.e_shstrndx * sizeof names, sizeof names);
    for (size_t i = 0; i < e.e_shnum; i++) {
        memcpy(&s, table + i * sizeof s, sizeof s);
        if (is_section(image, size, &names, &s))
            return s.sh_offset + sizeof head;
    }
    return 0;
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
