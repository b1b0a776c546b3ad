/*
 * bundle.c - tests of provenance/bundle.h: there and back, whatever is wrong with a file, kills, a full disk.
 */
#include <fcntl.h>
#include <sys/stat.h>
#include "disk.h"
#include "kill.h"
#include "recording.h"

#include "../../provenance/blobs.h"
#include "../../provenance/bundle_inside.h"
#include "../../provenance/toolkeep.h"
#include "../../ukc/base/arena.h"
#include "../../ukc/base/file.h"
#include "../../ukc/base/text.h"

static struct records *open_store(const char *directory, struct diag *d)
{
    mkdir(directory, 0755);
    struct records *r = records_open(directory, d);
    assert_non_null(r);
    return r;
}

/* A store "from" with two records of one recipe, one of them built twice, and another record. */
static void fill(struct records *r, struct diag *d)
{
    static const char *const builds[][2] = {{"one", "image A"}, {"one", "image B"}, {"two", "image C"}, {"one", "image A"}};
    for (int i = 0; i < 4; i++) {
        struct sample x;
        struct record record;
        sample(&x, builds[i][0], builds[i][1]);
        x.run.ended_ms += 1000 * i;
        assert_true(add(r, &x, &record, d));
    }
}

static void write_bundle(const char *store, const char *file, bool images, bool backwards)
{
    struct arena *a = arena_create();
    struct diag *d = diag_create();
    struct records *r = open_store(store, d);
    struct bundled out;
    size_t count;
    const struct record *all = record_list(r, a, NULL, NULL, 0, &count, d);
    const struct record **list = arena_array(a, const struct record *, count);
    for (size_t i = 0; i < count; i++)
        list[i] = &all[backwards ? count - 1 - i : i];
    if (!bundle_write(r, list, count, &(struct bundle_with){.images = images}, file, &out, d))
        diag_print(d, stderr, DIAG_TEXT);
    assert_int_equal(diag_errors(d), 0);
    struct hash h;
    uint64_t size;
    assert_true(hash_file(file, &h, &size, d));
    assert_true(hash_equal(&h, &out.sha256) && size == out.bytes);
    assert_int_equal(out.records, count);
    records_close(r);
    diag_destroy(d);
    arena_destroy(a);
}

static void make_bundle(void)
{
    struct diag *d = diag_create();
    struct records *r = open_store("from", d);
    fill(r, d);
    records_close(r);
    diag_destroy(d);
    write_bundle("from", "bundle", true, false);
}

static enum diag_class import(const char *store, const char *file, struct imported *out, char **said)
{
    struct arena *a = arena_create();
    struct diag *d = diag_create();
    struct imported ignored;
    struct records *r = open_store(store, d);
    bool good = bundle_import(r, a, file, true, out ? out : &ignored, d);
    enum diag_class status = diag_status(d);
    assert_int_equal(good, status == DIAG_OK);
    if (said)
        *said = messages(d);
    else
        diag_print(d, stderr, DIAG_TEXT);
    records_close(r);
    diag_destroy(d);
    arena_destroy(a);
    return status;
}

static size_t runs_in(const char *store, bool deep)
{
    struct diag *d = diag_create();
    struct records *r = open_store(store, d);
    struct verified v;
    if (!records_verify(r, deep, &v, d))
        diag_print(d, stderr, DIAG_TEXT);
    assert_int_equal(diag_errors(d), 0);
    records_close(r);
    diag_destroy(d);
    return v.runs;
}

static const struct source *load(struct arena *a, const char *file)
{
    struct diag *d = diag_create();
    const struct source *s = file_read(a, file, SPAN_NONE, 0, d);
    assert_non_null(s);
    diag_destroy(d);
    return s;
}

static void save(const char *file, const void *bytes, size_t size)
{
    FILE *f = fopen(file, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(bytes, 1, size, f), size);
    assert_int_equal(fclose(f), 0);
}

static void expect_same(const char *one, const char *other)
{
    struct arena *a = arena_create();
    const struct source *x = load(a, one), *y = load(a, other);
    assert_int_equal(x->size, y->size);
    assert_memory_equal(x->bytes, y->bytes, x->size);
    arena_destroy(a);
}

static void there_and_back(void **)
{
    struct imported out;
    make_bundle();
    assert_int_equal(import("to", "bundle", &out, NULL), DIAG_OK);
    assert_int_equal(out.count, 3);
    assert_int_equal(out.runs, 4);
    assert_int_equal(runs_in("to", true), 4);
    /* the same records, the same bytes: in another order, from another store */
    write_bundle("from", "again", true, true);
    expect_same("bundle", "again");
    write_bundle("to", "again", true, false);
    expect_same("bundle", "again");
    /* what is there is not added again, whichever bundle it is in */
    assert_int_equal(import("to", "again", &out, NULL), DIAG_OK);
    assert_int_equal(out.runs, 0);
    write_bundle("from", "bare", false, false);
    assert_int_equal(import("to", "bare", &out, NULL), DIAG_OK);
    assert_int_equal(out.runs, 0);
    assert_int_equal(import("bare-to", "bare", &out, NULL), DIAG_OK);
    assert_int_equal(out.runs, 4);
    assert_int_equal(runs_in("bare-to", true), 4);
    assert_false(file_exists("bare-to/blobs"));
    assert_int_equal(system("tar -tf bundle >list 2>said && test ! -s said && head -1 list | grep -qx ukc-bundle"), 0);
    assert_int_equal(system("git -C to/objects fsck --full --strict >said 2>&1"), 0);
}

static void large_inputs(void **)
{
    enum { SIZE = 17 << 20 };
    struct diag *d = diag_create();
    struct records *r = open_store("from", d);
    struct sample x;
    struct record record;
    struct imported out;
    assert_int_equal(system("head -c 17825792 /dev/zero >large"), 0);
    sample(&x, "one", "image");
    x.inputs[1] = (struct object_source){.path = "large", .file = "large", .contents = true};
    assert_true(add(r, &x, &record, d));
    records_close(r);
    diag_destroy(d);
    write_bundle("from", "bundle", false, false);
    assert_int_equal(import("to", "bundle", &out, NULL), DIAG_OK);
    assert_int_equal(runs_in("to", true), 1);
    struct stat st;
    struct arena *a = arena_create();
    struct hash h = {};
    d = diag_create();
    assert_true(hash_file("large", &h, NULL, d));
    assert_int_equal(stat(blob_path(a, "to", &h), &st), 0);
    assert_int_equal(st.st_size, SIZE);
    diag_destroy(d);
    arena_destroy(a);
}

/* ---- with tools ---- */

/* A record of a compiler of two files, which store "from" keeps if it is told to. */
static void make_with_tools(bool keep)
{
    static char identity[400];
    struct arena *a = arena_create();
    struct diag *d = diag_create();
    struct records *r = open_store("from", d);
    struct sample x;
    struct record record;
    const struct hash program = hash_of("compiler"), header = hash_of("header");
    char hex[2][HASH_HEX];
    hash_hex(&program, hex[0]);
    hash_hex(&header, hex[1]);
    snprintf(identity, sizeof identity, "ukc-tools 1\nheader %s 6 stddef.h\nprogram %s 8 clang-19\n", hex[1], hex[0]);
    save("program", "compiler", 8);
    save("header", "header", 6);
    sample(&x, "one", "image");
    x.recording.tools = identity;
    assert_true(add(r, &x, &record, d));
    records_close(r);
    if (keep) {
        assert_true(blob_keep("from", "program", &program, d) && blob_keep("from", "header", &header, d));
        assert_true(tools_adopt(a, "from", identity, "clang-19 clang-19 1 amd64\n", "/usr/lib/clang/19", d));
    }
    diag_destroy(d);
    arena_destroy(a);
}

static enum diag_class bundle_tools(const char *store, const char *file, struct bundled *out)
{
    struct arena *a = arena_create();
    struct diag *d = diag_create();
    struct records *r = open_store(store, d);
    size_t count;
    const struct record *all = record_list(r, a, NULL, NULL, 0, &count, d);
    bool good = bundle_write(r, &all, 1, &(struct bundle_with){.tools = true}, file, out, d);
    enum diag_class status = diag_status(d);
    assert_int_equal(good, status == DIAG_OK);
    records_close(r);
    diag_destroy(d);
    arena_destroy(a);
    return status;
}

static void with_tools(void **)
{
    struct arena *a = arena_create();
    struct diag *d = diag_create();
    struct bundled out;
    struct imported in;
    struct stat st;
    const struct hash program = hash_of("compiler");
    make_with_tools(false);
    assert_int_equal(bundle_tools("from", "bundle", &out), DIAG_MISSING);
    assert_false(file_exists("bundle"));
    make_with_tools(true);
    assert_int_equal(bundle_tools("from", "bundle", &out), DIAG_OK);
    assert_int_equal(out.tools, 1);
    assert_int_equal(out.blobs, 2);
    /* they are programs: who does not ask for them gets the records alone */
    struct records *r = open_store("to", d);
    assert_true(bundle_import(r, a, "bundle", false, &in, d));
    records_close(r);
    assert_int_equal(in.tools, 1);
    assert_false(file_exists(blob_path(a, "to", &program)));
    assert_int_equal(bundle_tools("to", "again", &out), DIAG_MISSING);
    assert_int_equal(import("to", "bundle", &in, NULL), DIAG_OK);
    assert_int_equal(stat(blob_path(a, "to", &program), &st), 0);
    assert_int_equal(st.st_mode & 0777, 0555);
    assert_int_equal(bundle_tools("to", "again", &out), DIAG_OK);
    expect_same("bundle", "again");
    assert_int_equal(system("rm -r to"), 0);
    diag_destroy(d);
    arena_destroy(a);
}

/* ---- files that are none ---- */

/* Refused, and nothing is in the store. */
static void expect_refused(const char *file, const char *words)
{
    char *said;
    enum diag_class status = import("to", file, NULL, &said);
    if ((status != DIAG_INTEGRITY && status != DIAG_INPUT) || (words && !strstr(said, words)))
        fail_msg("%s: status %d; expected '%s' in: %s", file, status, words ? words : "", said);
    free(said);
    if (file_exists("to/objects") || file_exists("to/blobs"))
        fail_msg("%s has left something in the store", file);
}

static void flipped_bytes(void **)
{
    struct arena *a = arena_create();
    make_bundle();
    const struct source *s = load(a, "bundle");
    struct diag *d = diag_create();
    struct records *r = open_store("to", d);
    char *bad = arena_memdup(a, s->bytes, s->size);
    save("bad", bad, s->size);
    int fd = open("bad", O_RDWR);
    size_t step = SANITIZED ? 97 : 7; /* all bits come in turn */
    for (size_t i = 0; i < s->size; i += step) {
        char flipped = (char)(bad[i] ^ (1 << i % 8));
        struct arena *scratch = arena_create();
        struct diag *why = diag_create();
        struct imported out;
        assert_int_equal(pwrite(fd, &flipped, 1, (off_t)i), 1);
        if (bundle_import(r, scratch, "bad", true, &out, why))
            fail_msg("byte %zu may be another", i);
        assert_int_equal(pwrite(fd, &bad[i], 1, (off_t)i), 1);
        diag_destroy(why);
        arena_destroy(scratch);
    }
    close(fd);
    records_close(r);
    diag_destroy(d);
    assert_false(file_exists("to/objects"));
    arena_destroy(a);
}

static void other_lengths(void **)
{
    struct arena *a = arena_create();
    make_bundle();
    const struct source *s = load(a, "bundle");
    for (size_t n = 0; n < s->size; n += n < 2048 ? 111 : 1111) {
        save("bad", s->bytes, n);
        expect_refused("bad", n < 512 ? "is no bundle" : "truncated");
    }
    save("bad", s->bytes, s->size - 1);
    expect_refused("bad", "truncated");
    char *longer = arena_alloc(a, s->size + 512, 1);
    memcpy(longer, s->bytes, s->size);
    save("bad", longer, s->size + 1);
    expect_refused("bad", "bytes after its end");
    save("bad", longer, s->size + 512);
    expect_refused("bad", "bytes after its end");
    assert_int_equal(truncate("bad", (off_t)1 << 40), 0);
    expect_refused("bad", "bytes after its end");
    expect_refused("/dev/zero", "not an ordinary file");
    expect_refused("from", "not an ordinary file");
    expect_refused("absent", "there is no file");
    save("bad", "hello", 5);
    expect_refused("bad", "is no bundle of ukc's");
    char compressed[512] = "\x28\xb5\x2f\xfd";
    save("bad", compressed, sizeof compressed);
    expect_refused("bad", "'zstd -d' first");
    arena_destroy(a);
}

/* ---- lies ---- */

struct forgery {
    struct bundle bundle;
    struct arena *arena;
    int fd;
};

static struct forgery begin(void)
{
    struct forgery f = {.arena = arena_create(), .fd = open("bundle", O_RDONLY)};
    struct diag *d = diag_create();
    const struct recorded **recorded;
    assert_true(bundle_read(f.arena, f.fd, "bundle", &f.bundle, &recorded, d));
    diag_destroy(d);
    return f;
}

static void put(FILE *out, const char *name, const void *bytes, size_t size)
{
    static const char zero[BUNDLE_BLOCK];
    unsigned char header[BUNDLE_BLOCK];
    bundle_header(name, size, header);
    fwrite(header, 1, sizeof header, out);
    fwrite(bytes, 1, size, out);
    fwrite(zero, 1, bundle_padding(size), out);
}

/* Writes the bundle as it is in memory; the list may be another. */
static void forge(struct forgery *f, const char *list)
{
    static const char zero[2 * BUNDLE_BLOCK];
    struct text t = {};
    FILE *out = fopen("bad", "wb");
    if (list)
        text_puts(&t, list);
    else
        bundle_list(&f->bundle, &t);
    put(out, BUNDLE_LIST, t.bytes, t.size);
    text_dispose(&t);
    for (size_t i = 0; i < f->bundle.run_count; i++)
        put(out, bundle_run_name(f->arena, &f->bundle.runs[i]), f->bundle.runs[i].text, f->bundle.runs[i].size);
    for (size_t i = 0; i < f->bundle.object_count; i++)
        put(out, bundle_object_name(f->arena, &f->bundle.objects[i]), f->bundle.objects[i].bytes, f->bundle.objects[i].size);
    for (size_t i = 0; i < f->bundle.blob_count; i++) {
        char *bytes = arena_alloc(f->arena, f->bundle.blobs[i].size, 1);
        assert_int_equal(pread(f->fd, bytes, f->bundle.blobs[i].size, (off_t)f->bundle.blobs[i].offset), f->bundle.blobs[i].size);
        put(out, bundle_blob_name(f->arena, &f->bundle.blobs[i]), bytes, f->bundle.blobs[i].size);
    }
    fwrite(zero, 1, sizeof zero, out);
    fclose(out);
}

static void end(struct forgery *f, const char *words)
{
    expect_refused("bad", words);
    close(f->fd);
    arena_destroy(f->arena);
}

/* An object of git's with these bytes, put where it belongs. */
static void add_object(struct forgery *f, bool tree, const char *bytes, size_t size)
{
    struct object_given o = {.is_tree = tree, .bytes = bytes, .size = size};
    char command[200], hex[64] = "";
    save("object", bytes, size);
    snprintf(command, sizeof command, "git hash-object --literally -t %s object >id", tree ? "tree" : "blob");
    assert_int_equal(system(command), 0);
    FILE *id = fopen("id", "r");
    assert_non_null(fgets(hex, sizeof hex, id));
    fclose(id);
    memcpy(o.id, hex, OBJECT_HEX - 1);
    struct object_given *all = arena_array(f->arena, struct object_given, f->bundle.object_count + 1);
    size_t at = 0;
    for (; at < f->bundle.object_count && strcmp(f->bundle.objects[at].id, o.id) < 0; at++)
        all[at] = f->bundle.objects[at];
    all[at] = o;
    memcpy(all + at + 1, f->bundle.objects + at, (f->bundle.object_count - at) * sizeof o);
    f->bundle.objects = all;
    f->bundle.object_count++;
}

static void drop_object(struct forgery *f, size_t i)
{
    f->bundle.object_count--;
    memmove(f->bundle.objects + i, f->bundle.objects + i + 1, (f->bundle.object_count - i) * sizeof *f->bundle.objects);
}

static void lies(void **)
{
    make_bundle();
    struct forgery f = begin();
    add_object(&f, false, "nobody's", 8);
    forge(&f, NULL);
    end(&f, "belongs to none of its records");
    /* every object is needed */
    f = begin();
    size_t count = f.bundle.object_count;
    close(f.fd);
    arena_destroy(f.arena);
    for (size_t i = 0; i < count; i++) {
        f = begin();
        drop_object(&f, i);
        forge(&f, NULL);
        end(&f, "is not in the bundle");
    }
    f = begin(); /* so is every run */
    f.bundle.run_count = 0;
    forge(&f, NULL);
    end(&f, "does not say when record");
    f = begin(); /* a run of a record that is not there */
    f.bundle.record_count--;
    forge(&f, NULL);
    end(&f, "belongs to none of its records");
    f = begin();
    f.bundle.records[0].id.bytes[31] ^= 1;
    forge(&f, NULL);
    end(&f, "belongs to none of its records");
    f = begin();
    memcpy(f.bundle.records[0].tree, f.bundle.records[1].tree, OBJECT_HEX);
    forge(&f, NULL);
    end(&f, "is not what it should be");
    f = begin();
    f.bundle.objects[3].bytes = "x";
    f.bundle.objects[3].size = 1;
    forge(&f, NULL);
    end(&f, "does not have the SHA-1 that it is named by");
    f = begin();
    f.bundle.runs[1].text = arena_strdup(f.arena, f.bundle.runs[0].text);
    f.bundle.runs[1].size = f.bundle.runs[0].size;
    forge(&f, NULL);
    end(&f, "does not have the SHA-256 that it is named by");
    f = begin(); /* a run that says more */
    f.bundle.runs[0].text = "ukc-run 1\n";
    f.bundle.runs[0].size = 10;
    f.bundle.runs[0].id = hash_bytes("ukc-run 1\n", 10);
    f.bundle.run_count = 1;
    forge(&f, NULL);
    end(&f, "is not a run that this ukc can read");
    f = begin();
    f.bundle.blob_count = 0;
    f.bundle.blobs = arena_array(f.arena, struct bundle_blob, 1);
    forge(&f, NULL);
    close(f.fd);
    arena_destroy(f.arena);
    struct imported out;
    assert_int_equal(import("other", "bad", &out, NULL), DIAG_OK); /* images need not be there */
}

static void lies_of_tools(void **)
{
    struct bundled out;
    make_with_tools(true);
    assert_int_equal(bundle_tools("from", "bundle", &out), DIAG_OK);
    struct forgery f = begin(); /* tools of no record */
    f.bundle.tools[0].id.bytes[0] ^= 1;
    forge(&f, NULL);
    end(&f, "belong to none of its records");
    f = begin(); /* one of their files is not there */
    f.bundle.blobs++;
    f.bundle.blob_count--;
    forge(&f, NULL);
    end(&f, "it has no '");
    f = begin(); /* files of tools that are not named */
    f.bundle.tool_count = 0;
    forge(&f, NULL);
    end(&f, "belongs to none of its records");
    static const char *const places[] = {"/usr/lib/../../x", "usr/lib", "/usr/lib clang", "/"};
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        f = begin();
        f.bundle.tools[0].resource = places[i];
        forge(&f, NULL);
        end(&f, "of its list of contents is not one that ukc writes");
    }
}

/* A tree with something beside the record: an empty directory, whose SHA-1 changes nothing in any SHA-256. */
static void more_than_the_record(void **)
{
    make_bundle();
    struct forgery f = begin();
    static const char empty_tree[] = "\x4b\x82\x5d\xc6\x42\xcb\x6e\xb9\xa0\x60\xe5\x4b\xf8\xd6\x92\x88\xfb\xee\x49\x04";
    struct object_given *top = NULL;
    for (size_t i = 0; i < f.bundle.object_count; i++)
        if (strcmp(f.bundle.objects[i].id, f.bundle.records[0].tree) == 0)
            top = &f.bundle.objects[i];
    assert_non_null(top);
    size_t size = top->size + 6 + 2 + 20;
    char *bytes = arena_alloc(f.arena, size, 1);
    memcpy(bytes, top->bytes, top->size);
    memcpy(bytes + top->size, "40000 z\0", 8);
    memcpy(bytes + top->size + 8, empty_tree, 20);
    size_t old = (size_t)(top - f.bundle.objects);
    drop_object(&f, old);
    add_object(&f, true, bytes, size);
    FILE *id = fopen("id", "r");
    assert_int_equal(fread(f.bundle.records[0].tree, 1, OBJECT_HEX - 1, id), OBJECT_HEX - 1);
    fclose(id);
    add_object(&f, true, "", 0);
    forge(&f, NULL);
    end(&f, NULL);
}

static void lists(void **)
{
    static const struct { const char *list, *words; } cases[] = {
        {"ukc-bundle 3\nwhatever\n", "version 3 of the format, made by a newer ukc"},
        {"ukc-bundle 2\nrecord 0000000000000000000000000000000000000000000000000000000000000000 0000000000000000000000000000000000000000\n", "not in the order"},
        {"ukc-bundle 1\n", "it has no records"},
        {"ukc-bundle 1", "not one that ukc writes"},
        {"ukc-bundle\n", "not one that ukc writes"},
        {"ukc-bundle 01\n", "not one that ukc writes"},
        {"\n", "not one that ukc writes"},
        {"ukc-bundle 1\nrecord x y\n", "line 2 of its list"},
        {"ukc-bundle 1\nblob 0000000000000000000000000000000000000000 1\nblob 0000000000000000000000000000000000000000 1\n", "names something twice"},
        {"ukc-bundle 1\nblob 0000000000000000000000000000000000000000 268435457\n", "line 2 of its list"},
        {"ukc-bundle 1\nblob 000000000000000000000000000000000000000g 1\n", "line 2 of its list"},
        {"ukc-bundle 1\ntree 0000000000000000000000000000000000000000 1\nrecord "
         "0000000000000000000000000000000000000000000000000000000000000000 0000000000000000000000000000000000000000\n", "not in the order"},
        {"ukc-bundle 1\nrecord 0000000000000000000000000000000000000000000000000000000000000000 0000000000000000000000000000000000000000\n"
         "blob 0000000000000000000000000000000000000000 200000000\n", "truncated: it has"},
        {"ukc-bundle 1\nrecord 0000000000000000000000000000000000000000000000000000000000000000 0000000000000000000000000000000000000000\n"
         "file 0000000000000000000000000000000000000000000000000000000000000000 8589934592\n", "line 3 of its list"},
        {"ukc-bundle 1\nrecord 0000000000000000000000000000000000000000000000000000000000000000 0000000000000000000000000000000000000000\n",
         "is not in the bundle"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct forgery f = {.arena = arena_create(), .fd = -1};
        forge(&f, cases[i].list);
        end(&f, cases[i].words);
    }
}

/* Archives that tar(1) or a program of an attacker makes: the second header is another than the list says. */
static void archives(void **)
{
    static const struct { const char *name; char type; const char *words; } cases[] = {
        {"../../../home/x/.profile", '0', "'../../../home/x/.profile', which leads out of it"}, {"/etc/passwd", '0', "which leads out of it"},
        {"runs/..", '0', "which leads out of it"}, {"runs/x", '2', "'runs/x' in it is a link"}, {"runs/x", '1', "is a link"},
        {"runs/x", '3', "is a device"}, {"runs/x", '6', "is a device"}, {"runs/x", '5', "is a directory"}, {"runs/x", 'x', "is no ordinary file"},
        {"ukc-bundle", '0', "it has 'ukc-bundle' where 'runs/"}, {"runs/\x1b[31m", '0', "it has 'runs/?[31m' where"},
    };
    make_bundle();
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct forgery f = begin();
        struct text t = {};
        bundle_list(&f.bundle, &t);
        forge(&f, NULL);
        unsigned char header[BUNDLE_BLOCK];
        char sum[8];
        unsigned total = 0;
        bundle_header(cases[i].name, f.bundle.runs[0].size, header);
        header[156] = (unsigned char)cases[i].type;
        memset(header + 148, ' ', 8);
        for (size_t k = 0; k < sizeof header; k++)
            total += header[k];
        snprintf(sum, sizeof sum, "%06o", total);
        memcpy(header + 148, sum, 7);
        int fd = open("bad", O_WRONLY);
        assert_int_equal(pwrite(fd, header, sizeof header, (off_t)(BUNDLE_BLOCK + t.size + bundle_padding(t.size))), sizeof header);
        close(fd);
        text_dispose(&t);
        end(&f, cases[i].words);
    }
}

/* ---- what happens on the way ---- */

static bool import_quietly(void)
{
    struct arena *a = arena_create();
    struct diag *d = diag_create();
    struct imported out;
    struct records *r = records_open("to", d);
    return r && bundle_import(r, a, "bundle", true, &out, d);
}

static void killed(void **)
{
    make_bundle();
    assert_int_equal(import("whole", "bundle", NULL, NULL), DIAG_OK);
    for (long n = 5, reached = n; reached == n; n += n < 100 ? 31 : 173) {
        assert_int_equal(system("rm -rf to && mkdir to"), 0);
        reached = kill_at(n, import_quietly);
        struct diag *d = diag_create();
        struct records *r = open_store("to", d);
        size_t added;
        assert_true(records_reindex(r, &added, d));
        records_close(r);
        diag_destroy(d);
        size_t runs = runs_in("to", true);
        if (runs != 0 && runs != 4)
            fail_msg("killed at %ld: %zu of 4 runs", n, runs);
        assert_int_equal(import("to", "bundle", NULL, NULL), DIAG_OK);
        assert_int_equal(runs_in("to", true), 4);
    }
}

static void fill_disk(void)
{
    struct arena *a = arena_create();
    struct diag *d = diag_create();
    struct records *r = records_open(".", d);
    struct imported out;
    CHECK(r);
    CHECK(!bundle_import(r, a, "../bundle", true, &out, d));
    CHECK(diag_status(d) == DIAG_OUTSIDE);
    records_close(r);
    diag_destroy(d);
    d = diag_create();
    size_t count = 1;
    r = records_open(".", d);
    CHECK(r && record_list(r, a, NULL, NULL, 0, &count, d) && count == 0);
    records_close(r);
    diag_destroy(d);
    arena_destroy(a);
}

static void full_disk(void **)
{
    make_bundle();
    if (!on_tmpfs("256k", fill_disk))
        skip(); /* mounting is not permitted here */
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, scratch_enter, scratch_leave)
    const struct CMUnitTest tests[] = {
        TEST(there_and_back), TEST(large_inputs), TEST(flipped_bytes), TEST(other_lengths), TEST(lies), TEST(with_tools), TEST(lies_of_tools), TEST(more_than_the_record), TEST(lists),
        TEST(archives), TEST(killed), TEST(full_disk),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
