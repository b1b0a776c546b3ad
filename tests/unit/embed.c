/*
 * embed.c - what goes into an embedded directory comes out of it: `ukc embed` and libs/embed together.
 *
 * The object is loaded by hand: each section into memory of exactly its size,
 * so that ASan sees every byte read beyond it.
 */
#include "test.h"

#include <elf.h>
#include <sys/stat.h>
#include <zlib.h>
#include <zstd.h>

#include "../../libs/embed/embed.c"
#include "../../ukc/generate/embedding.h"
#include "../../ukc/base/file.h"
#include "../../libs/include/ukc/media_type.h"

struct embed_blob embed_blob;

/* ---- loading ---- */

static struct {
    const struct source *object;
    void *sections[16];
    unsigned count;
    char symbol[128];
} loaded;
static struct arena *arena;
static struct diag *diag;

static void unload(void)
{
    for (unsigned i = 0; i < loaded.count; i++)
        free(loaded.sections[i]);
    memset(&loaded, 0, sizeof loaded);
    memset(&embed_blob, 0, sizeof embed_blob);
}

static void load(const char *path)
{
    unload();
    loaded.object = file_read(arena, path, SPAN_NONE, (size_t)1 << 31, diag);
    assert_non_null(loaded.object);
    const char *bytes = loaded.object->bytes;
    Elf64_Ehdr e;
    memcpy(&e, bytes, sizeof e);
    assert_memory_equal(e.e_ident, ELFMAG, SELFMAG);
    assert_int_equal(e.e_type, ET_REL);
    assert_int_equal(e.e_machine, EM_X86_64);
    assert_int_equal(e.e_shoff + (uint64_t)e.e_shnum * e.e_shentsize, loaded.object->size);
    Elf64_Shdr s[16];
    loaded.count = e.e_shnum;
    memcpy(s, bytes + e.e_shoff, e.e_shnum * sizeof *s);
    const char *names = bytes + s[e.e_shstrndx].sh_offset;
    for (unsigned i = 0; i < loaded.count; i++) {
        assert_true(s[i].sh_addralign == 0 || s[i].sh_offset % s[i].sh_addralign == 0);
        loaded.sections[i] = s[i].sh_size ? malloc(s[i].sh_size) : NULL;
        if (s[i].sh_size)
            memcpy(loaded.sections[i], bytes + s[i].sh_offset, s[i].sh_size);
        if (!strcmp(names + s[i].sh_name, ".lrodata"))
            assert_int_equal(s[i].sh_flags, SHF_ALLOC | 0x10000000);
    }
    bool found = false;
    for (unsigned i = 0; i < loaded.count; i++) {
        if (s[i].sh_type != SHT_RELA)
            continue;
        const Elf64_Sym *symbols = loaded.sections[s[i].sh_link];
        const Elf64_Rela *r = loaded.sections[i];
        unsigned char *blob = loaded.sections[s[i].sh_info];
        for (size_t j = 0; j < s[i].sh_size / sizeof *r; j++) {
            assert_int_equal(ELF64_R_TYPE(r[j].r_info), R_X86_64_64);
            char *target = loaded.sections[symbols[ELF64_R_SYM(r[j].r_info)].st_shndx];
            uint64_t value = target ? (uint64_t)(uintptr_t)target + (uint64_t)r[j].r_addend : 0;
            memcpy(blob + r[j].r_offset, &value, sizeof value);
        }
        const Elf64_Sym *symbol = &symbols[s[s[i].sh_link].sh_info];
        assert_int_equal(symbol->st_shndx, s[i].sh_info);
        assert_int_equal(symbol->st_size, sizeof embed_blob);
        snprintf(loaded.symbol, sizeof loaded.symbol, "%s", (char *)loaded.sections[s[s[i].sh_link].sh_link] + symbol->st_name);
        memcpy(&embed_blob, blob, sizeof embed_blob);
        found = true;
    }
    assert_true(found);
}

static int enter(void **state)
{
    arena = arena_create();
    diag = diag_create();
    return scratch_enter(state);
}

static int leave(void **state)
{
    unload();
    diag_destroy(diag);
    arena_destroy(arena);
    return scratch_leave(state);
}

static void save(const char *path, const void *bytes, size_t size)
{
    assert_true(file_write(path, bytes, size, NULL, diag));
}

/* Writes the list of everything below "site" as configure does, embeds, loads. */
static bool embed(const char *compress)
{
    const struct file_list *files = file_walk(arena, "site", SPAN_NONE, diag);
    assert_non_null(files);
    struct text t = {};
    text_printf(&t, "ukc-embed 1\nsymbol pages.embed_blob\ncompress %s\ndirectory site\n", compress);
    for (size_t i = 0; i < files->count; i++)
        text_printf(&t, "file %s\n", files->paths[i]);
    save("list", t.bytes, t.size);
    text_dispose(&t);
    if (!embed_write(arena, &(struct embed_options){.output = "out/site.o", .list = "list"}, diag))
        return false;
    load("out/site.o");
    assert_string_equal(loaded.symbol, "pages.embed_blob");
    return true;
}

static struct embed_entry *must_open(const char *key)
{
    struct embed_entry *e = NULL;
    assert_int_equal(embed_open(view_of(key), &e), 0);
    assert_non_null(e);
    return e;
}

static int open_status(const char *key)
{
    struct embed_entry *e = NULL;
    int status = embed_open(view_of(key), &e);
    assert_true((status == 0) == (e != NULL));
    return status;
}

/* ---- tests ---- */

static void test_files_come_back(void **)
{
    static const struct {
        const char *name, *content, *type;
    } files[] = {
        {"index.html", "<h1>hello</h1>", "text/html; charset=utf-8"}, {"css/a b.css", "x{}", "text/css; charset=utf-8"},
        {"empty.txt", "", "text/plain; charset=utf-8"},               {"grüße/ß ∀.SVG", "<svg/>", "image/svg+xml"},
        {"no-extension", "1", ""},                                    {".hidden", "2", ""},
        {"a$b|c'd\"e", "3", ""},                                      {"x.unknown", "4", ""},
        {"docs.d/x.json", "{}", "application/json"},                  {"docs", "5", ""},
    };
    enum { COUNT = sizeof files / sizeof files[0] };
    for (size_t i = 0; i < COUNT; i++)
        save(arena_printf(arena, "site/%s", files[i].name), files[i].content, strlen(files[i].content));
    assert_true(embed("none"));
    for (size_t i = 0; i < COUNT; i++) {
        struct embed_entry *e = must_open(files[i].name);
        struct representation r[4];
        assert_int_equal(embed_describe(e, r, 4), 1);
        assert_true(view_equal(r[0].type, view_of(files[i].type)));
        assert_int_equal(r[0].size, strlen(files[i].content));
        assert_int_equal(r[0].encoding.size, 0);
        assert_int_equal(r[0].modified, 0);
        if (r[0].size)
            assert_memory_equal(r[0].bytes, files[i].content, r[0].size);
        assert_int_equal(((uintptr_t)r[0].bytes - (uintptr_t)embed_blob.data) % EMBED_ALIGNMENT, r[0].size ? 0 : (0 - (uintptr_t)embed_blob.data) % EMBED_ALIGNMENT);
        struct hash h = hash_bytes(files[i].content, strlen(files[i].content));
        char hex[HASH_HEX], etag[64];
        hash_hex(&h, hex);
        snprintf(etag, sizeof etag, "\"%.32s\"", hex);
        assert_true(view_equal(r[0].etag, view_of(etag)));
        embed_close(e);
    }
    assert_int_equal(open_status("css"), -EISDIR);
    assert_int_equal(open_status("grüße"), -EISDIR);
    assert_int_equal(open_status("docs"), 0); /* "docs.d" sorts between "docs" and "docs/" */
    assert_int_equal(open_status("docs.d"), -EISDIR);
    assert_int_equal(open_status("cs"), -ENOENT);
    assert_int_equal(open_status("index.html2"), -ENOENT);
    assert_int_equal(open_status("zzz"), -ENOENT);
    static const char *const invalid[] = {"", "/index.html", "css/", "css//x", "../x", "css/./x", "."};
    for (size_t i = 0; i < sizeof invalid / sizeof invalid[0]; i++)
        assert_int_equal(open_status(invalid[i]), -EINVAL);
    char longest[KV_KEY_MOST + 2];
    memset(longest, 'x', sizeof longest);
    struct embed_entry *e;
    assert_int_equal(embed_open((struct view){longest, KV_KEY_MOST}, &e), -ENOENT);
    assert_int_equal(embed_open((struct view){longest, KV_KEY_MOST + 1}, &e), -EINVAL);
    assert_int_equal(embed_open((struct view){"a\0b", 3}, &e), -EINVAL);
}

static void test_reading(void **)
{
    save("site/x", "0123456789", 10);
    save("site/y", "", 0);
    assert_true(embed("none"));
    struct embed_entry *e = must_open("x");
    struct view piece = {};
    assert_int_equal(embed_read(e, 0, 0, 4, &piece), 0);
    assert_true(view_equal(piece, VIEW("0123")));
    assert_int_equal(embed_read(e, 0, 8, 100, &piece), 0);
    assert_true(view_equal(piece, VIEW("89")));
    assert_int_equal(embed_read(e, 0, 10, 1, &piece), 0);
    assert_int_equal(piece.size, 0);
    assert_int_equal(embed_read(e, 0, UINT64_MAX, SIZE_MAX, &piece), 0);
    assert_int_equal(piece.size, 0);
    assert_int_equal(embed_read(e, 1, 0, 1, &piece), -EINVAL);
    struct representation none;
    assert_int_equal(embed_describe(e, &none, 0), 0);
    e = must_open("y");
    assert_int_equal(embed_read(e, 0, 0, 1, &piece), 0);
    assert_int_equal(piece.size, 0);
    struct view key = {};
    assert_int_equal(embed_next(key, &key), 0);
    assert_true(view_equal(key, VIEW("x")));
    assert_int_equal(embed_next(key, &key), 0);
    assert_true(view_equal(key, VIEW("y")));
    assert_int_equal(embed_next(key, &key), -ENOENT);
    assert_int_equal(embed_next(VIEW("x0"), &key), 0); /* from between two keys */
    assert_true(view_equal(key, VIEW("y")));
}

static void test_empty_directory(void **)
{
    assert_int_equal(mkdir("site", 0777), 0);
    assert_true(embed("gzip"));
    struct view key;
    assert_int_equal(embed_next((struct view){}, &key), -ENOENT);
    assert_int_equal(open_status("index.html"), -ENOENT);
}

static void check_twin(const char *name, const char *content, size_t size, const char *encoding)
{
    struct representation r[4];
    assert_int_equal(embed_describe(must_open(name), r, 4), 2);
    assert_int_equal(r[0].size, size);
    assert_memory_equal(r[0].bytes, content, size);
    assert_true(view_equal(r[1].encoding, view_of(encoding)));
    assert_false(view_equal(r[0].etag, r[1].etag));
    assert_true(r[1].size <= size - size / 10);
    char *back = malloc(size);
    if (encoding[0] == 'g') {
        z_stream z = {.next_in = (unsigned char *)r[1].bytes, .avail_in = (uInt)r[1].size, .next_out = (unsigned char *)back, .avail_out = (uInt)size};
        assert_int_equal(inflateInit2(&z, 15 + 16), Z_OK);
        assert_int_equal(inflate(&z, Z_FINISH), Z_STREAM_END);
        assert_int_equal(z.total_out, size);
        inflateEnd(&z);
        static const unsigned char head[10] = {0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 2, 255}; /* RFC 1952: no time, slowest, no system */
        assert_memory_equal(r[1].bytes, head, sizeof head);
    } else {
        assert_int_equal(ZSTD_decompress(back, size, r[1].bytes, r[1].size), size);
    }
    assert_memory_equal(back, content, size);
    free(back);
    char hex[HASH_HEX];
    struct hash h = hash_bytes(r[1].bytes, r[1].size);
    hash_hex(&h, hex);
    assert_memory_equal(r[1].etag.bytes + 1, hex, 32);
}

static void check_twins(const char *compress)
{
    enum { SIZE = 700000 }; /* several buffers */
    char *words = malloc(SIZE), *noise = malloc(SIZE);
    srand(3);
    for (int i = 0; i < SIZE; i++) {
        words[i] = "the quick brown fox "[(i * 7 + i / 100) % 20];
        noise[i] = (char)rand();
    }
    save("site/big.html", words, SIZE);
    save("site/big.jpg", words, SIZE);
    save("site/noise.html", noise, SIZE);
    save("site/one.html", "x", 1);
    save("site/empty.html", "", 0);
    save("site/after.txt", "after", 5);
    assert_true(embed(compress));
    check_twin("big.html", words, SIZE, compress);
    static const char *const plain[] = {"big.jpg", "noise.html", "one.html", "empty.html", "after.txt"};
    struct representation r[4];
    for (size_t i = 0; i < sizeof plain / sizeof plain[0]; i++)
        assert_int_equal(embed_describe(must_open(plain[i]), r, 4), 1);
    assert_memory_equal(r[0].bytes, "after", 5);
    embed_describe(must_open("noise.html"), r, 4);
    assert_memory_equal(r[0].bytes, noise, SIZE);
    free(words);
    free(noise);
}

static void test_gzip(void **)
{
    check_twins("gzip");
}

static void test_zstd(void **)
{
    check_twins("zstd");
}

static void test_ten_thousand_files(void **)
{
    enum { COUNT = 10000 };
    assert_int_equal(mkdir("site", 0777), 0);
    for (int d = 0; d < 100; d++)
        assert_int_equal(mkdir(arena_printf(arena, "site/directory %02d", d), 0777), 0);
    for (int i = 0; i < COUNT; i++) {
        FILE *f = fopen(arena_printf(arena, "site/directory %02d/page-%d.html", i % 100, i), "w");
        assert_non_null(f);
        fprintf(f, "page %d", i);
        fclose(f);
    }
    assert_true(embed("none"));
    assert_int_equal(embed_blob.entry_count, COUNT);
    assert_true(embed_blob.slot_mask + 1 >= 2 * COUNT);
    assert_in_range(embed_blob.probe_most, 0, 32);
    for (int i = 0; i < COUNT; i++) {
        struct representation r;
        embed_describe(must_open(arena_printf(arena, "directory %02d/page-%d.html", i % 100, i)), &r, 1);
        char expected[32];
        int n = snprintf(expected, sizeof expected, "page %d", i);
        assert_int_equal(r.size, n);
        assert_memory_equal(r.bytes, expected, n);
    }
    int seen = 0;
    struct view before = {};
    for (struct view key = {}; embed_next(key, &key) == 0; seen++) {
        assert_true(seen == 0 || kv_key_compare(before, key) < 0);
        before = key;
    }
    assert_int_equal(seen, COUNT);
    /* the same again, from elsewhere, is the same object */
    struct hash first, second;
    uint64_t size;
    assert_true(hash_file("out/site.o", &first, &size, diag));
    assert_int_equal(mkdir("elsewhere", 0777), 0);
    assert_int_equal(rename("site", "elsewhere/site"), 0);
    assert_int_equal(rename("list", "elsewhere/list"), 0);
    assert_int_equal(chdir("elsewhere"), 0);
    assert_true(embed_write(arena, &(struct embed_options){.output = "again.o", .list = "list"}, diag));
    assert_true(hash_file("again.o", &second, &size, diag));
    assert_true(hash_equal(&first, &second));
}

static bool refused(const char *list)
{
    save("list", list, strlen(list));
    size_t before = diag_errors(diag);
    bool good = embed_write(arena, &(struct embed_options){.output = "out/bad.o", .list = "list"}, diag);
    assert_false(file_exists("out/bad.o"));
    assert_false(file_exists("out/bad.o.new"));
    return !good && diag_errors(diag) > before;
}

static void test_bad_lists(void **)
{
    save("site/a", "1", 1);
    save("site/b", "2", 1);
#define HEAD "ukc-embed 1\nsymbol s\ncompress none\ndirectory site\n"
    static const char *const lists[] = {
        "", "ukc-embed 2\n", "ukc-embed 1\n", "ukc-embed 1\nsymbol \n", "ukc-embed 1\nsymbol s\ncompress lzma\ndirectory site\n",
        HEAD "file\n", HEAD "file \n", HEAD "file b\nfile a\n", HEAD "file a\nfile a\n", HEAD "file ../list\n", HEAD "file /etc/passwd\n",
        HEAD "file a/\n", HEAD "nonsense a\n", HEAD "file a\n\nfile b\n", HEAD "file a\x01\n", HEAD "file missing\n",
    };
    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++)
        if (!refused(lists[i]))
            fail_msg("list %zu is accepted", i);
    assert_int_equal(symlink("a", "site/link"), 0);
    assert_true(refused(HEAD "file link\n"));
    assert_int_equal(mkdir("site/d", 0777), 0);
    assert_true(refused(HEAD "file d\n"));
}

static void test_full_disk(void **)
{
    if (access("/dev/full", W_OK) != 0)
        skip();
    save("site/a", "1", 1);
    save("list", HEAD "file a\n", sizeof HEAD "file a\n" - 1);
    assert_int_equal(mkdir("out", 0777), 0);
    assert_int_equal(symlink("/dev/full", "out/x.o.new"), 0); /* where it writes aside */
    assert_false(embed_write(arena, &(struct embed_options){.output = "out/x.o", .list = "list"}, diag));
    assert_int_equal(diag_status(diag), DIAG_OUTSIDE);
    assert_false(file_exists("out/x.o"));
}

static void test_types_are_sorted(void **)
{
    for (size_t i = 0; i < sizeof media_types / sizeof media_types[0]; i++) {
        char name[32];
        snprintf(name, sizeof name, "x.%s", media_types[i].extension);
        assert_ptr_equal(media_type_find(view_of(name)), &media_types[i]);
    }
    static const char *const known[] = {"x.aac", "x.html", "x.HTML", "a.b/x.js", "x.zst", "x.woff2", "x.txt", "x.7.css"};
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        assert_non_null(media_type_find(view_of(known[i])));
    static const char *const unknown[] = {"html", ".html", "a.html/x", "a/.html", "x.", "x.htmlhtmlhtmlhtmlhtml", ""};
    for (size_t i = 0; i < sizeof unknown / sizeof unknown[0]; i++)
        assert_null(media_type_find(view_of(unknown[i])));
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, enter, leave)
    const struct CMUnitTest tests[] = {
        TEST(test_files_come_back), TEST(test_reading), TEST(test_empty_directory), TEST(test_gzip), TEST(test_zstd),
        TEST(test_ten_thousand_files), TEST(test_bad_lists), TEST(test_full_disk), TEST(test_types_are_sorted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
