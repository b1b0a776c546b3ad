/*
 * note.c - tests of provenance/note.h: filling in, blank again, any file; whatever is wrong with an ELF file.
 */
#include <elf.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include "recording.h"

#include "../../provenance/note.h"
#include "../../ukc/base/arena.h"
#include "../../ukc/base/file.h"

struct image {
    Elf64_Ehdr e;
    Elf64_Phdr segment;
    char names[24];
    struct {
        Elf64_Nhdr header;
        char owner[4], digits[NOTE_DIGITS];
    } note;
    Elf64_Shdr sections[3];
};

static struct image sample_image(void)
{
    struct image i = {
        .e = {.e_ident = {ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB}, .e_type = ET_EXEC, .e_machine = EM_X86_64,
              .e_phoff = offsetof(struct image, segment), .e_phentsize = sizeof(Elf64_Phdr), .e_phnum = 1, .e_shoff = offsetof(struct image, sections), .e_shentsize = sizeof(Elf64_Shdr),
              .e_shnum = 3, .e_shstrndx = 1},
        .names = "\0.shstrtab\0.note.ukc",
        .note = {{4, NOTE_DIGITS, NOTE_RECIPE}, "ukc", NOTE_BLANK},
        .sections = {[1] = {.sh_name = 1, .sh_type = SHT_STRTAB, .sh_offset = offsetof(struct image, names), .sh_size = 24},
                     [2] = {.sh_name = 11, .sh_type = SHT_NOTE, .sh_offset = offsetof(struct image, note), .sh_size = sizeof i.note}},
    };
    return i;
}

static void save(const char *file, const void *bytes, size_t size)
{
    FILE *f = fopen(file, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(bytes, 1, size, f), size);
    assert_int_equal(fclose(f), 0);
}

static void filled_and_blank(void **)
{
    struct arena *a = arena_create();
    struct diag *d = diag_create();
    struct image i = sample_image();
    struct hash recipe = hash_of("recipe"), before = hash_bytes(&i, sizeof i), blank, after;
    uint64_t size;
    struct stat old, new;
    char hex[HASH_HEX];
    save("image", &i, sizeof i);
    assert_int_equal(chmod("image", 0755), 0);
    assert_int_equal(stat("image", &old), 0);
    assert_true(note_is_there(a, "image"));
    assert_null(note_search(a, "image")); /* blanks are no recipe */
    assert_true(note_fill(a, "image", &recipe, d));
    assert_int_equal(stat("image", &new), 0);
    assert_int_equal(new.st_mode, old.st_mode);
    assert_true(new.st_mtim.tv_sec == old.st_mtim.tv_sec && new.st_mtim.tv_nsec == old.st_mtim.tv_nsec);
    hash_hex(&recipe, hex);
    assert_string_equal(note_search(a, "image"), hex);
    assert_true(note_hash_blank(a, "image", &blank, &size, d) && size == sizeof i);
    assert_true(hash_equal(&blank, &before));
    recipe = hash_of("another"); /* it may be filled in again */
    assert_true(note_fill(a, "image", &recipe, d) && hash_file("image", &after, &size, d));
    hash_hex(&recipe, hex);
    memcpy(i.note.digits, hex, NOTE_DIGITS);
    before = hash_bytes(&i, sizeof i);
    assert_true(hash_equal(&after, &before));
    save("none", "no image", 8);
    assert_true(note_hash_blank(a, "none", &blank, &size, d) && size == 8);
    assert_false(note_is_there(a, "none"));
    assert_false(note_is_there(a, "absent"));
    assert_false(note_fill(a, "none", &recipe, d));
    expect(d, DIAG_DIFFERS, "has no note for its recipe");
    diag_destroy(d);
    arena_destroy(a);
}

static void any_file(void **)
{
    struct arena *a = arena_create();
    struct image i = sample_image();
    char dump[3 * sizeof i] = {};
    memcpy(dump + 7, &i, sizeof i); /* a blank one comes before */
    memset(i.note.digits, 'a', NOTE_DIGITS);
    memcpy(dump + 7 + sizeof i + 1, &i.note, sizeof i.note);
    save("dump", dump, sizeof dump);
    const char *found = note_search(a, "dump");
    assert_non_null(found);
    assert_int_equal(strspn(found, "a"), NOTE_DIGITS);
    memset(i.note.digits, 'A', NOTE_DIGITS);
    save("dump", &i, sizeof i);
    assert_null(note_search(a, "dump"));
    save("dump", &i.note, sizeof i.note - 1);
    assert_null(note_search(a, "dump"));
    save("dump", "", 0);
    assert_null(note_search(a, "dump"));
    assert_null(note_search(a, "absent"));
    assert_null(note_search(a, "."));
    arena_destroy(a);
}

/* Nothing outside of the file is read, whatever it says: the sanitizers look. */
static void damaged(void **)
{
    struct image good = sample_image();
    size_t place = note_place(&good, sizeof good);
    assert_int_equal(place, offsetof(struct image, note.digits));
    for (size_t n = 0; n < sizeof good; n++) {
        char *cut = malloc(n + 1);
        memcpy(cut, &good, n);
        assert_int_equal(note_place(cut, n), 0);
        free(cut);
    }
    char *bad = malloc(sizeof good);
    for (size_t k = 0; k < sizeof good * 8; k++) {
        memcpy(bad, &good, sizeof good);
        bad[k / 8] ^= (char)(1 << k % 8);
        size_t found = note_place(bad, sizeof good);
        assert_true(found == 0 || found == place);
    }
    free(bad);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, scratch_enter, scratch_leave)
    const struct CMUnitTest tests[] = {TEST(filled_and_blank), TEST(any_file), TEST(damaged)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
