/*
 * store_trees.c - tests of provenance/store.h: upstream archives, git repositories, patches.
 *
 * Archives are made here, byte by byte; a script named apt-helper serves them
 * from ./pool, and one named apt-get from ./sources.  Repositories are made
 * with git; those behind an address are served by git daemon on the loopback.
 */
#include <arpa/inet.h>
#include <dirent.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include "test.h"
#include "disk.h"
#include "kill.h"
#include "tarball.h"

#include "../../provenance/import.h"
#include "../../provenance/store.h"
#include "../../ukc/base/arena.h"
#include "../../ukc/base/file.h"

static const char apt_get[] =
    "#!/bin/sh\n"
    "echo \"$*\" >> \"$FAKE/log\"\n"
    "[ \"$1\" = indextargets ] && { echo http://pool/; exit; }\n"
    "for last; do :; done\n"
    "case \" $* \" in *' source --download-only '*) ;; *) exit 100 ;; esac\n"
    "[ -d \"$FAKE/sources/$last\" ] || { echo \"E: You must put some 'deb-src' URIs in your sources.list\" >&2; exit 100; }\n"
    "cp \"$FAKE/sources/$last\"/* .\n";
static const char apt_helper[] =
    "#!/bin/sh\n"
    "echo \"$*\" >> \"$FAKE/log\"\n"
    "while [ \"$1\" = -o ]; do shift 2; done\n"
    "cp \"$FAKE/${2#http://}\" \"$3\" 2>/dev/null || { echo \"E: Failed to fetch $2\" >&2; exit 100; }\n";

static char *old_path;

static void change(const char *command)
{
    if (system(command) != 0)
        fail_msg("this failed: %s", command);
}

static int enter(void **state)
{
    char path[8192], here[4096];
    if (scratch_enter(state) != 0 || !getcwd(here, sizeof here))
        return -1;
    change("mkdir -p bin pool/main project/patches");
    write_whole("bin/apt-get", apt_get, strlen(apt_get));
    write_whole("bin/apt-helper", apt_helper, strlen(apt_helper));
    write_whole("log", "", 0);
    change("chmod 0755 bin/apt-get bin/apt-helper");
    snprintf(path, sizeof path, "%s/bin:%s", here, old_path);
    setenv("PATH", path, 1);
    setenv("FAKE", here, 1);
    static const char *const names[] = {"GIT_AUTHOR_NAME", "GIT_AUTHOR_EMAIL", "GIT_COMMITTER_NAME", "GIT_COMMITTER_EMAIL"};
    for (size_t i = 0; i < 4; i++)
        setenv(names[i], "x", 1);
    setenv("GIT_CONFIG_GLOBAL", "/dev/null", 1);
    return 0;
}

/* ---- an import ---- */

static const struct source manifest = {"ukc.lua", NULL, 0};

static struct word word(const char *text, unsigned line)
{
    return (struct word){text, {&manifest, line, 1, 1}};
}

struct trial {
    struct arena *arena;
    struct diag *diag;
    struct store *store;
    struct import import;
    struct word versions[2], archive[2], keep[3], patches[3];
    const struct lock *lock;
    const struct fetched *got;
    char *text; /* of the diagnostics, after fetch() */
};

static struct trial *trial(enum import_kind kind)
{
    struct trial *t = calloc(1, sizeof *t);
    t->arena = arena_create();
    t->diag = diag_create();
    t->store = store_open("store", t->diag);
    t->import = (struct import){.kind = kind, .span = {&manifest, 9, 1, 1}, .name = word("lib", 10), .directory = "project",
                                .versions = t->versions, .archive = t->archive, .keep = t->keep, .patches = t->patches};
    return t;
}

/* pool/main/lib.tar, packed with `packer`, as it is served; its SHA-256 on line 11, its path on 12. */
static struct trial *archive(const char *packer)
{
    struct trial *t = trial(IMPORT_DEBIAN_SOURCE);
    char hex[HASH_HEX];
    struct hash hash;
    change(arena_printf(t->arena, "cd pool/main && cat lib.tar | { %s; } > lib_1.2.orig.tar.x 2>/dev/null", packer));
    assert_true(hash_file("pool/main/lib_1.2.orig.tar.x", &hash, NULL, t->diag));
    hash_hex(&hash, hex);
    t->import.sha256 = word(arena_strdup(t->arena, hex), 11);
    t->archive[0] = word("main/lib_1.2.orig.tar.x", 12);
    t->import.archive_count = 1;
    return t;
}

/* A commit of project/repository on line 14, the repository on line 13. */
static struct trial *commit(const char *revision)
{
    struct trial *t = trial(IMPORT_GIT);
    char id[64] = "";
    FILE *f = popen(arena_printf(t->arena, "git -C project/repository rev-parse '%s'", revision), "r");
    assert_non_null(fgets(id, sizeof id, f));
    pclose(f);
    id[strcspn(id, "\n")] = 0;
    t->import.repository = word("repository", 13);
    t->import.commit = word(arena_strdup(t->arena, id), 14);
    return t;
}

static void keep(struct trial *t, const char *part)
{
    t->keep[t->import.keep_count] = word(part, 20 + (unsigned)t->import.keep_count);
    t->import.keep_count++;
}

static void patch(struct trial *t, const char *name)
{
    t->patches[t->import.patch_count] = word(name, 30 + (unsigned)t->import.patch_count);
    t->import.patch_count++;
}

static bool fetch(struct trial *t)
{
    size_t n;
    free(t->text);
    t->got = store_fetch(t->store, t->arena, &t->import, t->lock, t->diag);
    FILE *f = open_memstream(&t->text, &n);
    diag_print(t->diag, f, DIAG_TEXT);
    fclose(f);
    return t->got != NULL;
}

static void done(struct trial *t)
{
    free(t->text);
    store_close(t->store);
    diag_destroy(t->diag);
    arena_destroy(t->arena);
    free(t);
}

static int count_entries(const char *path)
{
    DIR *d = opendir(path);
    int n = 0;
    for (struct dirent *e; d && (e = readdir(d));)
        n += e->d_name[0] != '.';
    if (d)
        closedir(d);
    return n;
}

/* What is there, as "path:contents" or "path->target", executables with a '*', joined by spaces. */
static const char *contents(struct trial *t)
{
    const char *command = arena_printf(t->arena, "cd '%s' && find . ! -type d | LC_ALL=C sort | while read f; do [ -L $f ] && printf '%%s->%%s ' ${f#./} $(readlink $f) || "
                                                 "{ [ -x $f ] && printf '*'; printf '%%s:%%s ' ${f#./} $(cat $f); }; done", t->got->directory);
    char *buf = arena_alloc(t->arena, 4096, 1);
    FILE *f = popen(command, "r");
    buf[fread(buf, 1, 4095, f)] = 0;
    pclose(f);
    return buf;
}

static void holds(struct trial *t, const char *expected)
{
    if (!fetch(t))
        fail_msg("%s", t->text);
    assert_int_equal(diag_errors(t->diag), 0);
    assert_string_equal(contents(t), expected);
    assert_int_equal(count_entries("store/tmp"), 0);
}

/* Refused with these words and this class, and nothing was kept. */
static void refused(struct trial *t, enum diag_class class, const char *words)
{
    bool got = fetch(t);
    if (got || diag_status(t->diag) != class || !strstr(t->text, words))
        fail_msg("got %d, status %d, expected %d with '%s':\n%s\n", got, diag_status(t->diag), class, words, t->text);
    assert_int_equal(count_entries("store/unpacked"), 0);
    assert_int_equal(count_entries("store/tmp"), 0);
    assert_int_equal(system("find store/objects/refs -type f 2>/dev/null | grep -q ."), 256);
    done(t);
}

/* ---- archives ---- */

static void good_tar(struct text *t)
{
    tar_header(t, "lib-1.2/", '5', 0, NULL);
    tar_file(t, "lib-1.2/README", "readme");
    tar_header(t, "lib-1.2/src/", '5', 0, NULL);
    tar_file(t, "lib-1.2/src/a.c", "a");
    tar_file(t, "lib-1.2/src/include/b.h", "b");
}

static void write_tar(struct text *t)
{
    tar_end(t);
    write_whole("pool/main/lib.tar", t->bytes, t->size);
    text_dispose(t);
}

static void make_good(void)
{
    struct text t = {};
    good_tar(&t);
    write_tar(&t);
}

static const char everything[] = "README:readme src/a.c:a src/include/b.h:b ";

static void archives(void **)
{
    static const char *const packers[] = {"xz -c", "gzip -c", "bzip2 -c", "zstd -qc", "xz -6 --check=sha256 -c"};
    make_good();
    for (size_t i = 0; i < sizeof packers / sizeof *packers; i++) {
        struct trial *t = archive(packers[i]);
        holds(t, everything);
        assert_string_equal(t->text, "");
        assert_string_equal(t->got->version, "1.2");
        struct lock_pin pin = fetched_pin(t->got);
        assert_string_equal(pin.kind, "debian_source");
        assert_string_equal(pin.tree, "6582677453ee29a4850e31e609899bdfd2c42adc");
        done(t);
        change("rm -rf store");
    }
}

static void parts(void **)
{
    make_good();
    struct trial *t = archive("xz -c");
    keep(t, "src/include");
    keep(t, "README");
    holds(t, "README:readme src/include/b.h:b ");
    const char *address = t->got->address;
    struct trial *other = archive("xz -c"); /* the order does not matter */
    keep(other, "README");
    keep(other, "src/include");
    keep(other, "README");
    holds(other, "README:readme src/include/b.h:b ");
    assert_string_equal(other->got->address, address);
    done(other);
    done(t);
    t = archive("xz -c"); /* other parts of the same archive beside them */
    keep(t, "src/a.c");
    holds(t, "src/a.c:a ");
    done(t);
    change("rm -rf store");
    t = archive("xz -c");
    keep(t, "src");
    keep(t, "sr");
    refused(t, DIAG_INPUT, "ukc.lua:21:1: error: there is no 'sr' in 'lib'");
    static const char *const bad[] = {"../x", "/etc", ".git", "a//b", ""};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        t = archive("xz -c");
        keep(t, bad[i]);
        refused(t, DIAG_INPUT, "ukc.lua:20:1: error: the part '");
    }
}

/* Executables, links of both kinds, entries without a directory above them all, a pax header and a global one. */
static void kinds_of_entries(void **)
{
    struct text t = {};
    tar_header(&t, "pax_global_header", 'g', 52, NULL);
    tar_bytes(&t, "52 comment=0123456789012345678901234567890123456789\n", 52);
    tar_header(&t, "./lib-1.2/", '5', 0, NULL);
    tar_header(&t, "x", 'x', 22, NULL);
    tar_bytes(&t, "22 path=lib-1.2/pax.c\n", 22);
    tar_file(&t, "short", "pax");
    tar_header(&t, "lib-1.2/run.sh", '0', 3, NULL);
    size_t at = t.size - 512;
    memcpy(t.bytes + at + 100, "0000755", 8);
    memset(t.bytes + at + 148, ' ', 8);
    unsigned sum = 0;
    for (int i = 0; i < 512; i++)
        sum += (unsigned char)t.bytes[at + (size_t)i];
    snprintf(t.bytes + at + 148, 8, "%06o", sum);
    tar_bytes(&t, "run", 3);
    tar_header(&t, "lib-1.2/dir/up", '2', 0, "../run.sh");
    tar_header(&t, "lib-1.2/x", 'x', 23, NULL);
    tar_bytes(&t, "23 linkpath=dir/up/./x\n", 23);
    tar_header(&t, "lib-1.2/over", '2', 0, "short");
    tar_header(&t, "lib-1.2/hard.c", '1', 0, "lib-1.2/pax.c");
    tar_header(&t, "lib-1.2/hard.sh", '1', 0, "lib-1.2/run.sh");
    write_tar(&t);
    struct trial *r = archive("gzip -c");
    holds(r, "dir/up->../run.sh hard.c:pax *hard.sh:run over->dir/up/./x pax.c:pax *run.sh:run ");
    if (system("command -v git >/dev/null 2>&1") == 0) {
        change("git --git-dir=store/objects fsck --strict --full >fsck.txt 2>&1 && ! grep -qv '^notice\\|^dangling' fsck.txt");
        change(arena_printf(r->arena, "git --git-dir=store/objects ls-tree -r %s > tree.txt && grep -q '^100755 .*run.sh$' tree.txt && grep -q '^120000 .*dir/up$' tree.txt "
                                      "&& grep -q '^100644 .*pax.c$' tree.txt && [ $(wc -l < tree.txt) = 6 ]", r->got->tree));
    }
    done(r);
    change("rm -rf store/unpacked; rm -rf pool"); /* from the objects */
    change("mkdir -p pool/main");
    r = trial(IMPORT_DEBIAN_SOURCE);
    done(r);
    /* no directory above everything: nothing is stripped */
    struct text flat = {};
    tar_file(&flat, "a/x", "1");
    tar_file(&flat, "b/x", "2");
    write_tar(&flat);
    r = archive("gzip -c");
    holds(r, "a/x:1 b/x:2 ");
    done(r);
    struct text file = {};
    tar_file(&file, "alone", "1");
    write_tar(&file);
    r = archive("gzip -c");
    holds(r, "alone:1 ");
    done(r);
}

static void hostile_archives(void **)
{
    static const struct { const char *name; char type; const char *link, *words; } cases[] = {
        {"/lib-1.2/x", '0', NULL, "the archive of 'lib' is refused: it has an absolute path"},
        {"lib-1.2/../../x", '0', NULL, "is refused: it has a path with '..'"},
        {"../x", '0', NULL, "is refused: it has a path with '..'"},
        {"lib-1.2//x", '0', NULL, "is refused: it has a malformed path"},
        {"lib-1.2/dev", '3', NULL, "'lib-1.2/dev' in the archive of 'lib' is a device, a socket or a pipe"},
        {"lib-1.2/dev", '4', NULL, "is a device"},
        {"lib-1.2/pipe", '6', NULL, "is a device, a socket or a pipe"},
        {"lib-1.2/x", 'S', NULL, "is refused: it has an entry of an unknown type"},
        {"lib-1.2/src/a.c", '0', NULL, "'src/a.c' in the archive of 'lib' is there twice"},
        {"lib-1.2/src/a.c", '2', "x", "'src/a.c' in the archive of 'lib' is there twice"},
        {"lib-1.2/src", '0', NULL, "'src' in the archive of 'lib' is a file, and a directory of another file"},
        {"lib-1.2/src", '2', "/tmp", "'src' in the archive of 'lib' is a file, and a directory of another file"},
        {"lib-1.2/l", '2', "/etc/passwd", "'l' in the archive of 'lib' is a symbolic link that points to an absolute path"},
        {"lib-1.2/l", '2', "..", "'l' in the archive of 'lib' is a symbolic link that points out of its tree"},
        {"lib-1.2/src/l", '2', "../../etc/passwd", "points out of its tree"},
        {"lib-1.2/src/l", '2', "../src/../../x", "has a target with '..' behind a name"},
        {"lib-1.2/l", '2', "", "has a target that is not a clean path"},
        {"lib-1.2/l", '1', "/etc/passwd", "'l' in the archive of 'lib' is a hard link to something that is no kept file of the archive"},
        {"lib-1.2/l", '1', "lib-1.2/../../x", "is a hard link to something"},
        {"lib-1.2/l", '1', "lib-1.2/src", "is a hard link to something"},
        {"lib-1.2/l", '1', "lib-1.2/l", "is a hard link to something"},
        {"lib-1.2/.git/config", '0', NULL, "'.git/config' in the archive of 'lib' cannot be kept: a git tree cannot hold the name '.git'"},
        {"lib-1.2/a\nb", '0', NULL, "cannot be kept: it is not a clean path"},
        {"lib-1.2/a\377b", '0', NULL, "cannot be kept: it is not a clean path"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        for (int after = 0; after < 2; after++) {
            struct text t = {};
            if (after)
                good_tar(&t);
            tar_header(&t, cases[i].name, cases[i].type, 0, cases[i].link);
            if (!after)
                good_tar(&t);
            write_tar(&t);
            refused(archive("gzip -c"), DIAG_INTEGRITY, cases[i].words);
        }
    /* links and odd names in what is not kept have nowhere to act */
    struct text t = {};
    good_tar(&t);
    tar_header(&t, "lib-1.2/l", '2', 0, "/etc/passwd");
    tar_header(&t, "lib-1.2/h", '1', 0, "/etc/passwd");
    tar_file(&t, "lib-1.2/a\nb", "x");
    write_tar(&t);
    struct trial *r = archive("gzip -c");
    keep(r, "src");
    holds(r, "src/a.c:a src/include/b.h:b ");
    done(r);
}

/* A hard link is a copy: a small archive of them would fill any disk. */
static void many_links(void **)
{
    static const char zeros[65536];
    struct text t = {};
    good_tar(&t);
    tar_header(&t, "lib-1.2/big", '0', sizeof zeros, NULL);
    tar_bytes(&t, zeros, sizeof zeros);
    for (int i = 0; i < 20; i++) {
        char name[64];
        snprintf(name, sizeof name, "lib-1.2/l%d", i);
        tar_header(&t, name, '1', 0, "lib-1.2/big");
    }
    write_tar(&t);
    kept_limit = 1 << 20;
    refused(archive("gzip -c"), DIAG_INTEGRITY, "'l14' in the archive of 'lib' is one file too many: what is kept has more than 1 GiB");
    kept_limit = 1 << 30;
}

static void broken_archives(void **)
{
    make_good();
    struct stat st;
    done(archive("xz -c"));
    assert_int_equal(stat("pool/main/lib_1.2.orig.tar.x", &st), 0);
    for (off_t n = 0; n < st.st_size; n += st.st_size / 7) {
        char packer[64];
        snprintf(packer, sizeof packer, "xz -c | head -c %jd", (intmax_t)n);
        refused(archive(packer), DIAG_INTEGRITY, n < 6 ? "is not compressed with xz, gzip, bzip2 or zstd" : "the archive of 'lib' is refused: ");
    }
    refused(archive("head -c 2000 | gzip -c"), DIAG_INTEGRITY, "the archive of 'lib' is refused: it is truncated");
    refused(archive("head -c 512 | gzip -c"), DIAG_INTEGRITY, "it is truncated");
    refused(archive("cat"), DIAG_INTEGRITY, "is not compressed with");
    refused(archive("sh -c 'gzip -c; echo rubbish'"), DIAG_INTEGRITY, "is refused: gzip: ");
    refused(archive("sh -c 'cat; head -c 3000000 /dev/zero' | gzip -c"), DIAG_INTEGRITY, "there is more after its end");
    refused(archive("head -c 0 | gzip -c"), DIAG_INTEGRITY, "it is truncated");
    /* a small archive that becomes large */
    struct text t = {};
    tar_header(&t, "lib-1.2/big", '0', (size_t)257 << 20, NULL);
    write_whole("pool/main/lib.tar", t.bytes, t.size);
    text_dispose(&t);
    refused(archive("sh -c 'cat; head -c 270000000 /dev/zero' | zstd -q -c"), DIAG_INTEGRITY, "'big' in the archive of 'lib' is larger than 256 MiB");
    struct text empty = {};
    tar_header(&empty, "lib-1.2/", '5', 0, NULL);
    write_tar(&empty);
    refused(archive("gzip -c"), DIAG_INTEGRITY, "ukc.lua:9:1: error: there is no file in 'lib'");
}

static void wrong_archive(void **)
{
    make_good();
    struct trial *t = archive("xz -c");
    change("echo x >> pool/main/lib_1.2.orig.tar.x");
    refused(t, DIAG_INTEGRITY, "ukc.lua:11:1: error: 'main/lib_1.2.orig.tar.x', as an archive of this system has it, does not have this SHA-256");
    t = archive("xz -c");
    change("rm pool/main/lib_1.2.orig.tar.x");
    t->versions[0] = word("1.2-1", 16);
    t->import.version_count = 1;
    refused(t, DIAG_OUTSIDE, "ukc.lua:10:1: error: the source archive of 'lib' cannot be had\n"
                             "ukc.lua:12:1: note: no archive of this system has 'main/lib_1.2.orig.tar.x'\n"
                             "ukc.lua:16:1: note: source package, version 1.2-1: You must put some 'deb-src' URIs in your sources.list\n");
    t = archive("xz -c");
    change("rm -rf bin/apt-get && mkdir -p few && for p in sh cp cat xz gzip; do ln -sf $(command -v $p) few/; done");
    char *path = strdup(getenv("PATH"));
    setenv("PATH", "few", 1);
    bool got = fetch(t);
    setenv("PATH", path, 1);
    free(path);
    assert_false(got);
    assert_int_equal(diag_status(t->diag), DIAG_OUTSIDE);
    assert_non_null(strstr(t->text, "note: 'apt-get' (of the package 'apt') is not on this machine"));
    done(t);
}

static void source_packages(void **)
{
    make_good();
    struct trial *t = archive("xz -c");
    t->import.archive_count = 0;
    t->versions[0] = word("1:1.2-1", 16);
    t->versions[1] = word("1:1.2-2", 17);
    t->import.version_count = 2;
    change("mkdir -p sources/lib=1:1.2-1 sources/lib=1:1.2-2 && mv pool/main/lib_1.2.orig.tar.x sources/lib=1:1.2-2/lib_1.2.orig.tar.xz && "
           "for v in 1 2; do (cd sources/lib=1:1.2-$v && echo x | tee lib_1.2-$v.dsc lib_1.2-$v.debian.tar.xz lib_1.2.orig.tar.xz.asc >/dev/null); done;"
           "echo y > sources/lib=1:1.2-1/lib_1.2.orig.tar.xz");
    holds(t, everything);
    assert_string_equal(t->got->version, "1.2");
    assert_non_null(strstr(t->text, "ukc.lua:11:1: warning: no archive of the source package lib 1:1.2-1 has this SHA-256: lib_1.2.orig.tar.xz has "
                                       "3bb2abb69ebb27fbfe63c7639624c6ec5e331b841a5bc8c3ebc10b9285e90877 (version 1.2 was taken)"));
    done(t);
    change("rm -rf store sources/lib=1:1.2-2/lib_1.2.orig.tar.xz sources/lib=1:1.2-1");
    t = archive("xz -c");
    t->import.archive_count = 0;
    t->versions[0] = word("1:1.2-2", 16);
    t->import.version_count = 1;
    refused(t, DIAG_OUTSIDE, "ukc.lua:16:1: note: source package, version 1:1.2-2: apt-get left no archive");
}

static void hostile_declarations(void **)
{
    make_good();
    write_whole("log", "", 0);
    static const struct { size_t field; const char *text, *words; } cases[] = {
        {0, "-x", "ukc.lua:10:1: error: '-x' is not the name of a Debian source package"}, {0, "a/../b", "ukc.lua:10:1: error: "}, {0, NULL, "ukc.lua:10:1: error: "},
        {1, "12", "ukc.lua:11:1: error: the SHA-256 of the archive"}, {1, NULL, "ukc.lua:11:1: error: "}, {2, "../x", "ukc.lua:12:1: error: '../x' is not a path in a Debian archive"},
        {2, "a b", "ukc.lua:12:1: error: "}, {2, "/x", "ukc.lua:12:1: error: "}, {3, "1 -o x", "ukc.lua:16:1: error: '1 -o x' is not a Debian package version"},
        {4, "../p", "ukc.lua:30:1: error: the patch '../p' is not in the directory of the manifest"}, {4, "/p", "ukc.lua:30:1: error: "}, {4, "none", "ukc.lua:30:1: error: "},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct trial *t = archive("gzip -c");
        t->import.version_count = 1;
        t->versions[0] = word("1", 16);
        struct word *fields[] = {&t->import.name, &t->import.sha256, &t->archive[0], &t->versions[0], &t->patches[0]};
        *fields[cases[i].field] = word(cases[i].text, (const unsigned[]){10, 11, 12, 16, 30}[cases[i].field]);
        t->import.patch_count = cases[i].field == 4;
        refused(t, DIAG_INPUT, cases[i].words);
    }
    struct trial *t = archive("gzip -c");
    t->import.archive_count = 0;
    refused(t, DIAG_INPUT, "ukc.lua:9:1: error: the import of 'lib' names neither a version nor a path of its archive");
    static const struct { const char *repository, *commit, *words; } git[] = {
        {"ext::sh -c true", NULL, "ukc.lua:13:1: error: a repository cannot be fetched from"}, {"host:path", NULL, "ukc.lua:13:1: error: "},
        {"ssh://host/path", NULL, "ukc.lua:13:1: error: "}, {"file://host/x", NULL, "ukc.lua:13:1: error: "}, {"file:x", NULL, "ukc.lua:13:1: error: "}, {"", NULL, "ukc.lua:13:1: error: '' is not the address"},
        {"repository", "main", "ukc.lua:14:1: error: 'main' is not the id of a commit"}, {"repository", "0123456789012345678901234567890123456789a", "ukc.lua:14:1: error: "},
        {"repository", "ABCDEF6789012345678901234567890123456789", "ukc.lua:14:1: error: "},
    };
    for (size_t i = 0; i < sizeof git / sizeof *git; i++) {
        t = trial(IMPORT_GIT);
        t->import.repository = word(git[i].repository, 13);
        t->import.commit = word(git[i].commit ? git[i].commit : "0123456789012345678901234567890123456789", 14);
        refused(t, DIAG_INPUT, git[i].words);
    }
    change("[ ! -s log ]"); /* none of this reached a program */
}

/* ---- what is there already ---- */

static void stays_as_it_was(void **)
{
    make_good();
    struct trial *t = archive("xz -c");
    holds(t, everything);
    done(t);
    t = archive("xz -c");
    change("cp log log.old; rm pool/main/lib_1.2.orig.tar.x; find store -type f -exec touch -a -d '2001-01-01' {} + ; touch stamp");
    holds(t, everything);
    change("cmp -s log log.old");
    done(t);
    static const char *const harms[] = {
        "cd store/unpacked/*/src && chmod +w a.c && echo x >> a.c", "cd store/unpacked/*/src && rm -f a.c && printf A > a.c", "rm -f store/unpacked/*/README",
        "cd store/unpacked/*/ && touch extra.h", "rm -rf store/unpacked/*/src", "rm -rf store/unpacked", "rm -f store/unpacked/*.state", "touch store/unpacked/*/src/a.c",
        "cd store/unpacked/*/src && mv a.c ../a.c && ln -s ../a.c a.c", "cd store/unpacked/*/ && printf a > x && rm -f src/a.c && ln -s a src/a.c && rm x",
        "chmod +x store/unpacked/*/src/a.c", "cd store/unpacked/*/ && mkdir empty", "cd store/unpacked/ && d=$(ls -d *[0-9a-f]/) && rm -rf $d && ln -s /tmp ${d%/}",
        "for f in store/unpacked/*.state; do head -n 7 $f > x; cp x $f; done", "for f in store/unpacked/*.state; do head -n 9 $f > x; cp x $f; done",
        "for f in store/unpacked/*.state; do sed -i 's/^files 3/files 99999999999/' $f; done", "for f in store/unpacked/*.state; do sed -i 's/^sha256 ./sha256 z/' $f; done",
        "for f in store/unpacked/*.state; do sed -i 's/^tree ./tree x/' $f; done", "d=$(ls -d store/unpacked/*[0-9a-f]/) && rm -rf $d && echo file > ${d%/}"};
    for (size_t i = 0; i < sizeof harms / sizeof *harms; i++) {
        change(harms[i]);
        t = archive("xz -c");
        change("rm pool/main/lib_1.2.orig.tar.x");
        holds(t, everything);
        assert_string_equal(t->text, "");
        change("cmp -s log log.old");
        done(t);
    }
}

static void damaged_objects(void **)
{
    make_good();
    struct trial *t = archive("xz -c");
    holds(t, everything);
    done(t);
    char list[64][100];
    int n = 0;
    FILE *f = popen("find store/objects/objects -type f | sort", "r");
    while (n < 64 && fgets(list[n], sizeof list[n], f)) {
        list[n][strcspn(list[n], "\n")] = 0;
        n++;
    }
    pclose(f);
    assert_int_equal(n, 3 + 3 + 1);
    for (int i = 0; i < n; i++)
        for (int way = 0; way < 2; way++) {
            t = archive("xz -c");
            change(arena_printf(t->arena, "rm -rf store/unpacked; chmod +w %s; %s %s", list[i], way ? "truncate -s 9" : "rm -f", list[i]));
            alarm(60);
            store_set_offline(t->store);
            assert_false(fetch(t));
            assert_int_equal(diag_status(t->diag), DIAG_INTEGRITY);
            assert_non_null(strstr(t->text, "ukc.lua:10:1: error: the store's copy of 'lib' is damaged, and it cannot be fetched again"));
            done(t);
            t = archive("xz -c");
            holds(t, everything);
            assert_non_null(strstr(t->text, "warning: the store's copy of 'lib' is damaged and is fetched again"));
            alarm(0);
            done(t);
        }
    /* other contents under the same name in git's eyes: the reference leads to another tree */
    change("git --git-dir=store/objects update-ref $(git --git-dir=store/objects for-each-ref --format='%(refname)') "
           "$(git --git-dir=store/objects commit-tree -m \"$(git --git-dir=store/objects log -1 --all --format=%B)\" 4b825dc642cb6eb9a060e54bf8d69288fbee4904) 2>/dev/null ||"
           "exit 0; rm -rf store/unpacked");
    t = archive("xz -c");
    holds(t, everything);
    done(t);
}

static void offline(void **)
{
    make_good();
    struct trial *t = archive("xz -c");
    store_set_offline(t->store);
    write_whole("log", "", 0);
    refused(t, DIAG_OUTSIDE, "ukc.lua:10:1: error: 'lib' is not in the store, and the network may not be asked (--offline)\n"
                             "help: 'ukc fetch' gets everything that a project imports, while there is a network");
    change("[ ! -s log ]");
    t = archive("xz -c");
    holds(t, everything);
    done(t);
    change("rm -rf store/unpacked; : > log");
    t = archive("xz -c");
    store_set_offline(t->store);
    holds(t, everything);
    change("[ ! -s log ]");
    done(t);
    t = trial(IMPORT_GIT);
    t->import.repository = word("git://127.0.0.1:1/x", 13);
    t->import.commit = word("0123456789012345678901234567890123456789", 14);
    store_set_offline(t->store);
    assert_false(fetch(t));
    assert_non_null(strstr(t->text, "'lib' is not in the store, and the network may not be asked"));
    done(t);
}

static void pins(void **)
{
    make_good();
    struct trial *t = archive("xz -c");
    holds(t, everything);
    struct lock_pin pin = fetched_pin(t->got), other = pin;
    struct lock lock = {.pins = &other, .pin_count = 1};
    pin.span = other.span = (struct span){&manifest, 50, 1, 1};
    t->lock = &lock;
    holds(t, everything);
    other.sha256 = "0000000000000000000000000000000000000000000000000000000000000000";
    assert_false(fetch(t));
    assert_int_equal(diag_status(t->diag), DIAG_INTEGRITY);
    assert_non_null(strstr(t->text, "ukc.lua:50:1: error: 'lib' is pinned with SHA-256 0000"));
    struct trial *again = archive("xz -c");
    other = pin;
    other.tree = "0123456789012345678901234567890123456789";
    again->lock = &lock;
    assert_false(fetch(again));
    assert_int_equal(diag_status(again->diag), DIAG_INTEGRITY);
    assert_non_null(strstr(again->text, "ukc.lua:50:1: error: 'lib' is pinned to tree 0123"));
    done(again);
    again = archive("xz -c"); /* a pin of other parts is not about these */
    keep(again, "README");
    again->lock = &lock;
    holds(again, "README:readme ");
    done(again);
    done(t);
}

/* ---- repositories ---- */

static void make_repository(void)
{
    change("mkdir -p project/repository && cd project/repository && git init -q -b main . && mkdir -p src/include && printf readme > README && printf a > src/a.c && "
           "printf b > src/include/b.h && printf run > run.sh && chmod +x run.sh && ln -s src/a.c link && git add . && git commit -qm one && "
           "printf 2 > src/a.c && git commit -qam two && git tag -a -m x v2");
}

static const char all_of_one[] = "README:readme link->src/a.c *run.sh:run src/a.c:a src/include/b.h:b ";

static void repositories(void **)
{
    make_repository();
    struct trial *t = commit("main~1");
    holds(t, all_of_one);
    assert_string_equal(t->text, "");
    assert_string_equal(t->got->version, t->import.commit.text);
    change(arena_printf(t->arena, "[ %s = $(git -C project/repository rev-parse 'main~1^{tree}') ]", t->got->tree)); /* git's own tree */
    struct lock_pin pin = fetched_pin(t->got);
    assert_string_equal(pin.kind, "git");
    assert_string_equal(pin.name, "lib");
    change("git --git-dir=store/objects fsck --strict --full >fsck.txt 2>&1 && ! grep -qv '^notice\\|^dangling' fsck.txt");
    struct trial *again = commit("main~1");
    change("mv project/repository project/gone");
    holds(again, all_of_one); /* nothing is read again */
    change("rm -rf store/unpacked");
    holds(again, all_of_one);
    change("mv project/gone project/repository");
    done(again);
    done(t);
    t = commit("main");
    keep(t, "src");
    holds(t, "src/a.c:2 src/include/b.h:b ");
    done(t);
    char here[4096];
    assert_non_null(getcwd(here, sizeof here));
    change("rm -rf store/*");
    t = commit("main");
    t->import.repository.text = arena_printf(t->arena, "file://%s/project/repository", here);
    t->import.directory = "elsewhere";
    store_set_offline(t->store); /* it is on this machine */
    holds(t, "README:readme link->src/a.c *run.sh:run src/a.c:2 src/include/b.h:b ");
    done(t);
    static const char *const forms[] = {
        "git -C project/repository gc -q --prune=now", "git clone -q --bare project/repository bare && rm -rf project/repository && mv bare project/repository",
        "git clone -q -s project/repository second && mv project/repository project/first && sed -i s,/repository/,/first/, second/.git/objects/info/alternates && mv second project/repository",
        ("git -C project/repository worktree add -q --detach ../tree main && mv project/repository project/whole && mv project/tree project/repository && "
         "echo \"gitdir: $PWD/project/whole/.git/worktrees/tree\" > project/repository/.git")};
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        change("rm -rf store project && mkdir project");
        make_repository();
        change(forms[i]);
        t = commit("main~1");
        holds(t, all_of_one);
        done(t);
    }
}

/* Loose objects that libgit2 1.5.1 would not return from, and others that are wrong. */
static void damaged_repository(void **)
{
    static const char *const names[] = {"main", "main^{tree}", "main:src", "main:src/a.c"};
    static const char *const harms[] = {"truncate -s 12", "truncate -s 0", "rm -f", "cp /bin/true"};
    make_repository();
    change("cp -r project/repository whole");
    for (size_t i = 0; i < 4; i++)
        for (size_t k = 0; k < 4; k++) {
            change("rm -rf project/repository store && cp -r whole project/repository");
            struct trial *t = commit("main");
            change(arena_printf(t->arena, "cd project/repository/.git/objects && id=$(git -C ../.. rev-parse '%s') && f=$(echo $id | cut -c1-2)/$(echo $id | cut -c3-) && "
                                          "chmod +w $f && %s $f", names[i], harms[k]));
            bool absent = i == 0 && k == 2;
            alarm(60);
            refused(t, absent ? DIAG_OUTSIDE : DIAG_INTEGRITY, absent ? "ukc.lua:14:1: note: 'repository' has no commit " : k == 2 ? "is missing" : " is damaged: ");
            alarm(0);
        }
    change("rm -rf project/repository && cp -r whole project/repository");
    struct trial *t = commit("main^{tree}");
    refused(t, DIAG_INTEGRITY, "is a tree, not a commit");
    t = commit("v2");
    refused(t, DIAG_INTEGRITY, "is a tag, not a commit");
    t = commit("main");
    t->import.commit.text = "0123456789012345678901234567890123456789";
    refused(t, DIAG_OUTSIDE, "'repository' has no commit 0123456789012345678901234567890123456789");
    t = commit("main");
    t->import.repository.text = "nothing";
    refused(t, DIAG_OUTSIDE, "ukc.lua:13:1: note: 'nothing' cannot be opened: it is not a git repository that libgit2 can open");
    change("git -C project/repository gc -q --prune=now && for f in project/repository/.git/objects/pack/*.pack; do chmod +w $f; head -c 60 $f > x; cp x $f; done");
    t = commit("main");
    alarm(60);
    assert_false(fetch(t));
    alarm(0);
    assert_int_equal(count_entries("store/unpacked"), 0);
    done(t);
}

/* A tree written as `lines` for git mktree, or as raw bytes. */
static struct trial *tree_of(const char *make)
{
    struct arena *a = arena_create();
    change(arena_printf(a, "cd project/repository && blob=$(printf x | git hash-object -w --stdin) && up=$(printf ../x | git hash-object -w --stdin) && "
                           "raw() { printf \"$1\" | git hash-object -w -t tree --literally --stdin; } && "
                           "octal() { for b in $(echo $1 | sed 's/../& /g'); do printf '\\\\%%03o' 0x$b; done; } && bin=$(octal $blob) && sub=$(printf '100644 blob %%s\\tf\\n' $blob | git mktree) && subbin=$(octal $sub) && "
                           "tree=$(%s) && git update-ref refs/heads/odd $(git commit-tree -m odd $tree)", make));
    arena_destroy(a);
    return commit("odd");
}

static void hostile_repositories(void **)
{
    make_repository();
    static const struct { const char *make, *words; } cases[] = {
        {"printf '120000 blob %s\\tl\\n' $up | git mktree", "'l' is a symbolic link that points out of its tree"},
        {"raw \"100644 ..\\\\0$bin\"", "tree "},
        {"raw \"100644 a/b\\\\0$bin\"", " is malformed"},
        {"raw \"100644 .git\\\\0$bin\"", "'.git' cannot be kept: a git tree cannot hold the name '.git'"},
        {"raw \"100644 a\\\\0${bin}100644 a\\\\0$bin\"", "'a' is there twice"},
        {"raw \"120000 a\\\\0${bin}40000 a\\\\0$subbin\"", "'a' is there twice"},
        {"raw \"100600 a\\\\0$bin\"", "'a' has a mode that git does not know"},
        {"raw \"100644 a\\\\0abc\"", " is malformed"},
        {"raw \"40000 a\\\\0$bin\"", " is a blob, not a tree"},
        {"raw ''", "there is no file in 'lib'"},
        {"raw \"100644 a\\\\nb\\\\0$bin\"", "'a\\nb' cannot be kept: it is not a clean path"},
        {"raw \"100644 $(printf %0300d 0)\\\\0$bin\"", "' cannot be kept: a name in it is longer than 255 bytes"},
        {"raw \"100644 $(printf %05000d 0)\\\\0$bin\"", " is malformed"},
        {"big=$(head -c 270000000 /dev/zero | git hash-object -w --stdin) && echo $big | git pack-objects -q .git/objects/pack/pack >&2 && git prune-packed -q && "
         "printf '100644 blob %s\\tf\\n' $big | git mktree", " is larger than 256 MiB"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        refused(tree_of(cases[i].make), DIAG_INTEGRITY, cases[i].words);
    static const char submodule[] = "printf '160000 commit %s\\tdeps/other\\n100644 blob %s\\tf\\n' $(git rev-parse main) $blob | sed s,deps/,, | git mktree";
    refused(tree_of(submodule), DIAG_INPUT, "ukc.lua:14:1: error: 'other' in 'lib' is a submodule, and submodules are not fetched");
    struct trial *t = tree_of(submodule);
    keep(t, "other");
    refused(t, DIAG_INPUT, "is a submodule");
    t = tree_of(submodule);
    keep(t, "other/part");
    refused(t, DIAG_INPUT, "is a submodule");
    t = tree_of(submodule);
    keep(t, "f");
    holds(t, "f:x ");
    done(t);
}

static pid_t start_daemon(int *port, bool any)
{
    char option[64];
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t n = sizeof a;
    assert_int_equal(bind(fd, (struct sockaddr *)&a, n), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&a, &n), 0);
    *port = ntohs(a.sin_port);
    close(fd);
    change(any ? "git -C project/repository config uploadpack.allowAnySHA1InWant true" : "git -C project/repository config --unset-all uploadpack.allowAnySHA1InWant; true");
    pid_t pid = fork();
    if (pid == 0) {
        snprintf(option, sizeof option, "--port=%d", *port);
        execlp("git", "git", "daemon", "--listen=127.0.0.1", option, "--export-all", "--base-path=project", "--reuseaddr", "--log-destination=none", (char *)NULL);
        _exit(1);
    }
    for (int i = 0; i < 200; i++) {
        fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        int rc = connect(fd, (struct sockaddr *)&a, sizeof a);
        close(fd);
        if (rc == 0)
            return pid;
        nanosleep(&(struct timespec){.tv_nsec = 50 * 1000 * 1000}, NULL);
    }
    kill(pid, SIGTERM);
    waitpid(pid, NULL, 0);
    return -1;
}

static void stop_daemon(pid_t pid)
{
    kill(pid, SIGTERM);
    waitpid(pid, NULL, 0);
}

static void remote_repositories(void **)
{
    if (system("git daemon --help 2>&1 | grep -q 'not a git command'") == 0)
        skip();
    make_repository();
    int port;
    for (int any = 0; any < 2; any++) {
        pid_t pid = start_daemon(&port, any);
        assert_true(pid > 0);
        struct trial *t = commit("main~1");
        t->import.repository.text = arena_printf(t->arena, "git://127.0.0.1:%d/repository", port);
        holds(t, all_of_one);
        assert_string_equal(t->text, "");
        done(t);
        change("rm -rf store");
        t = commit("main~1");
        t->import.repository.text = arena_printf(t->arena, "git://127.0.0.1:%d/repository", port);
        t->import.commit.text = "0123456789012345678901234567890123456789";
        refused(t, DIAG_OUTSIDE, " has no commit 0123456789012345678901234567890123456789");
        t = commit("main~1");
        t->import.repository.text = arena_printf(t->arena, "git://127.0.0.1:%d/absent", port);
        refused(t, DIAG_OUTSIDE, "/absent' cannot be fetched: ");
        stop_daemon(pid);
    }
    struct trial *t = commit("main~1"); /* nobody listens */
    t->import.repository.text = arena_printf(t->arena, "git://127.0.0.1:%d/repository", port);
    refused(t, DIAG_OUTSIDE, "/repository' cannot be fetched: ");
}

/* A server whose list of references has no end: its reader may not take all memory. */
static void endless_references(void **)
{
    make_repository();
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t n = sizeof a;
    assert_int_equal(bind(fd, (struct sockaddr *)&a, n), 0);
    assert_int_equal(listen(fd, 4), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&a, &n), 0);
    pid_t pid = fork();
    if (pid == 0) {
        signal(SIGPIPE, SIG_IGN);
        alarm(60);
        for (int client; (client = accept(fd, NULL, NULL)) >= 0; close(client)) {
            char line[1024];
            ssize_t got = read(client, line, sizeof line);
            for (unsigned i = 0; got > 0; i++) {
                snprintf(line, sizeof line, "03f0%040x refs/heads/%0*u", i + 1, i ? 952 : 951, i); /* a NUL ends the first */
                got = write(client, line, 0x3f0);
            }
        }
        _exit(0);
    }
    const char *preload = getenv("LD_PRELOAD");
    bool bounded = !preload || !strstr(preload, "valgrind"); /* which keeps limits of memory to itself: there, time ends it */
    clone_memory = (size_t)64 << 20;
    clone_patience = bounded ? 60 : 5;
    struct trial *t = commit("main");
    t->import.repository.text = arena_printf(t->arena, "git://127.0.0.1:%d/repository", ntohs(a.sin_port));
#ifdef __SANITIZE_ADDRESS__
    refused(t, DIAG_OUTSIDE, "/repository' cannot be read: its reader ended early"); /* ASan aborts where malloc would fail */
#else
    refused(t, DIAG_OUTSIDE, bounded ? "/repository' cannot be fetched: " : "/repository' cannot be ");
#endif
    clone_memory = (size_t)4 << 30;
    clone_patience = 60;
    stop_daemon(pid);
    close(fd);
}

/* A server that accepts and says nothing. */
static void silent_server(void **)
{
    make_repository();
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t n = sizeof a;
    assert_int_equal(bind(fd, (struct sockaddr *)&a, n), 0);
    assert_int_equal(listen(fd, 4), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&a, &n), 0);
    static const char *const schemes[] = {"git", "http"};
    clone_patience = 1;
    for (size_t i = 0; i < 2; i++) {
        struct trial *t = commit("main");
        t->import.repository.text = arena_printf(t->arena, "%s://127.0.0.1:%d/repository", schemes[i], ntohs(a.sin_port));
        alarm(30);
        refused(t, DIAG_OUTSIDE, "/repository' cannot be read: it takes too long");
        alarm(0);
    }
    clone_patience = 60;
    close(fd);
}

static void whole_repository(void **)
{
    make_repository();
    struct trial *t = commit("main~1");
    const struct used_repository used = {.repository = t->import.repository, .commit = t->import.commit, .span = {&manifest, 3, 1, 1}, .directory = "project"};
    const struct fetched *f = store_repository(t->store, t->arena, &used, NULL, t->diag);
    assert_non_null(f);
    t->got = f;
    assert_string_equal(contents(t), all_of_one);
    struct lock_pin pin = fetched_pin(f);
    assert_string_equal(pin.kind, "use");
    assert_string_equal(pin.name, "repository");
    pin.sha256 = "0000000000000000000000000000000000000000000000000000000000000000";
    struct lock lock = {.pins = &pin, .pin_count = 1};
    assert_null(store_repository(t->store, t->arena, &used, &lock, t->diag));
    assert_int_equal(diag_status(t->diag), DIAG_INTEGRITY);
    done(t);
}

/* ---- patches ---- */

static void write_patch(const char *name, const char *text)
{
    char path[256];
    snprintf(path, sizeof path, "project/%s", name);
    write_whole(path, text, strlen(text));
}

static const char one[] = "From: somebody\n\nWhy.\n\n--- a/src/a.c\n+++ b/src/a.c\n@@ -1,3 +1,3 @@\n int a;\n-int b;\n+int B;\n int c;\n";
static const char two[] = "diff --git a/src/a.c b/src/a.c\n--- a/src/a.c\n+++ b/src/a.c\n@@ -1,3 +1,4 @@\n int a;\n int B;\n+int bb;\n int c;\n"
                          "diff --git a/new/x.c b/new/x.c\nnew file mode 100755\n--- /dev/null\n+++ b/new/x.c\n@@ -0,0 +1 @@\n+new\n"
                          "diff --git a/old/y.c b/old/y.c\ndeleted file mode 100644\n--- a/old/y.c\n+++ /dev/null\n@@ -1 +0,0 @@\n-old\n";

static void make_patchable(void)
{
    struct text t = {};
    tar_file(&t, "lib/src/a.c", "int a;\nint b;\nint c;\n");
    tar_file(&t, "lib/old/y.c", "old\n");
    tar_header(&t, "lib/link", '2', 0, "src/a.c");
    tar_header(&t, "lib/way", '2', 0, "src");
    write_tar(&t);
}

static struct trial *patched(const char *a, const char *b)
{
    struct trial *t = archive("gzip -nc");
    if (a)
        patch(t, a);
    if (b)
        patch(t, b);
    return t;
}

static const char *file(struct trial *t, const char *path)
{
    char *buf = arena_alloc(t->arena, 4096, 1);
    FILE *f = fopen(arena_printf(t->arena, "%s/%s", t->got->directory, path), "r");
    if (!f)
        return "(absent)";
    buf[fread(buf, 1, 4095, f)] = 0;
    fclose(f);
    return buf;
}

static void patches(void **)
{
    make_patchable();
    write_patch("patches/one.patch", one);
    write_patch("patches/two.patch", two);
    struct trial *plain = patched(NULL, NULL), *t = patched("patches/one.patch", NULL), *both = patched("patches/one.patch", "patches/two.patch");
    assert_true(fetch(plain) && fetch(t) && fetch(both));
    assert_string_equal(file(plain, "src/a.c"), "int a;\nint b;\nint c;\n");
    assert_string_equal(file(t, "src/a.c"), "int a;\nint B;\nint c;\n");
    assert_string_equal(file(t, "old/y.c"), "old\n");
    assert_string_equal(file(both, "src/a.c"), "int a;\nint B;\nint bb;\nint c;\n");
    assert_string_equal(file(both, "new/x.c"), "new\n");
    assert_int_equal(access(arena_printf(t->arena, "%s/new/x.c", both->got->directory), X_OK), 0);
    assert_string_equal(file(both, "old/y.c"), "(absent)");
    assert_false(file_exists(arena_printf(t->arena, "%s/old", both->got->directory)));
    assert_string_not_equal(plain->got->tree, t->got->tree);
    assert_string_not_equal(both->got->address, t->got->address);
    change(arena_printf(t->arena, "git --git-dir=store/objects log -1 --format=%%B refs/ukc/debian_source/lib/%s > message && grep -q '^patch [0-9a-f]* patches/one.patch$' message && "
                                  "grep -q '^patch [0-9a-f]* patches/two.patch$' message && grep -q '^archive ' message", both->got->address));
    done(both);
    change("rm -rf store/unpacked pool/main/*.x; : > log"); /* from the objects, and at a changed patch anew */
    struct trial *again = trial(IMPORT_DEBIAN_SOURCE);
    again->import = t->import;
    assert_true(fetch(again));
    assert_string_equal(again->got->tree, t->got->tree);
    change("[ ! -s log ]");
    done(again);
    const char *changed = "--- a/src/a.c\n+++ b/src/a.c\n@@ -1,3 +1,3 @@\n int a;\n-int b;\n+int BBB;\n int c;\n";
    write_patch("patches/one.patch", changed);
    again = patched("patches/one.patch", NULL);
    assert_true(fetch(again));
    assert_string_equal(file(again, "src/a.c"), "int a;\nint BBB;\nint c;\n");
    done(again);
    done(t);
    done(plain);
}

static void bad_patches(void **)
{
    static const struct { const char *text, *words; } cases[] = {
        {"--- a/src/a.c\n+++ b/src/a.c\n@@ -1,3 +1,3 @@ f\n int a;\n-int z;\n+int B;\n int c;\n", "does not fit 'src/a.c' at @@ -1,3 +1,3 @@ f: hunk at line 1 did not apply"},
        {"--- a/src/b.c\n+++ b/src/b.c\n@@ -1,3 +1,3 @@\n int a;\n-int b;\n+int B;\n int c;\n", "does not fit: there is no 'src/b.c' in what is kept"},
        {"diff --git a/src/a.c b/src/a.c\nnew file mode 100644\n--- /dev/null\n+++ b/src/a.c\n@@ -0,0 +1 @@\n+new\n", "does not fit: it makes 'src/a.c', which is there already"},
        {"", "has no change in it"},
        {"nothing\n", "has no change in it"},
        {"--- a/src/a.c\n+++ b/src/a.c\n@@ -1,3 +1,3 @@\n int a;\n-int b;\n", "cannot be read: "},
        {"--- a/../x\n+++ b/../x\n@@ -1 +1 @@\n-a\n+b\n", "names '../x'"},
        {"--- a//etc/x\n+++ b//etc/x\n@@ -1 +1 @@\n-a\n+b\n", ""},
        {"--- a/link\n+++ b/link\n@@ -1,3 +1,3 @@\n int a;\n-int b;\n+int B;\n int c;\n", "names 'link', which is no regular file"},
        {"--- a/way/a.c\n+++ b/way/a.c\n@@ -1,3 +1,3 @@\n int a;\n-int b;\n+int B;\n int c;\n", "names 'way/a.c', and 'way' is no directory"},
        {"diff --git a/way/n b/way/n\nnew file mode 100644\n--- /dev/null\n+++ b/way/n\n@@ -0,0 +1 @@\n+new\n", "names 'way/n', and 'way' is no directory"},
        {"diff --git a/.git/n b/.git/n\nnew file mode 100644\n--- /dev/null\n+++ b/.git/n\n@@ -0,0 +1 @@\n+new\n", "names '.git/n': a git tree cannot hold"},
        {"diff --git a/l b/l\nnew file mode 120000\n--- /dev/null\n+++ b/l\n@@ -0,0 +1 @@\n+/etc/passwd\n\\ No newline at end of file\n", "makes or changes the symbolic link 'l'"},
        {"diff --git a/n b/n\nnew file mode 100644\nindex 0000000000000000000000000000000000000000..f76dd238ade08917e6712764a16a22005a50573d\nGIT binary patch\nliteral 1\nIcmZPo000310RR91\n\nliteral 0\nHcmV?d00001\n\n", "has a binary change of 'n'"},
        {"diff --git a/src/a.c b/src/a.c\nindex 1111111..2222222 100644\nBinary files a/src/a.c and b/src/a.c differ\n", "has a binary change of 'src/a.c'"},
        {"diff --git a/src/a.c b/src/a.c\ndeleted file mode 100644\n--- a/src/a.c\n+++ /dev/null\n@@ -1,2 +0,0 @@\n-int a;\n-int b;\n",
         "does not fit: it deletes 'src/a.c', and takes 2 of its 3 lines away"},
        {"diff --git a/src/a.c b/src/a.c\nold mode 100644\nnew mode 160000\n", "gives 'src/a.c' a mode that no regular file has"},
        {"--- /dev/null\n+++ b/n\n@@ -0,0 +1 @@\n+x\n--- /dev/null\n+++ b/n\n@@ -0,0 +1 @@\n+y\n", "makes 'n' twice"},
    };
    make_patchable();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        write_patch("patches/bad.patch", cases[i].text);
        struct trial *t = patched("patches/bad.patch", NULL);
        char *words = arena_printf(t->arena, "ukc.lua:30:1: error: the patch 'patches/bad.patch' %s", cases[i].words);
        alarm(20);
        refused(t, DIAG_INPUT, words);
        alarm(0);
    }
    static const char nul[] = "--- a/src/a.c\n+++ b/src/a.c\n@@ -1,3 +1,3 @@\n int a;\n-int b;\n+int\0B;\n int c;\n";
    write_whole("project/patches/bad.patch", nul, sizeof nul - 1);
    refused(patched("patches/bad.patch", NULL), DIAG_INPUT, "ukc.lua:30:1: error: the patch 'patches/bad.patch' is not text: it has a NUL byte");
    char name[300];
    memset(name, 'n', sizeof name);
    write_patch("patches/bad.patch", "");
    struct text text = {};
    text_printf(&text, "--- /dev/null\n+++ b/%.*s\n@@ -0,0 +1 @@\n+x\n", (int)sizeof name, name);
    write_patch("patches/bad.patch", text_string(&text));
    text_dispose(&text);
    refused(patched("patches/bad.patch", NULL), DIAG_INPUT, "a name in it is longer than 255 bytes");
    write_patch("patches/one.patch", one); /* the second of two */
    write_patch("patches/bad.patch", cases[0].text);
    refused(patched("patches/one.patch", "patches/bad.patch"), DIAG_INPUT, "ukc.lua:31:1: error: the patch 'patches/bad.patch' does not fit 'src/a.c'");
    refused(patched("patches/absent.patch", NULL), DIAG_INPUT, "ukc.lua:30:1: error: ");
}

/* ---- alternatives ---- */

static void mixed_alternatives(void **)
{
    make_good();
    make_repository();
    struct trial *a = archive("xz -c"), *g = commit("main");
    keep(g, "src");
    struct import both[] = {a->import, g->import};
    struct trial *t = trial(IMPORT_FIRST_OF);
    t->import = (struct import){.kind = IMPORT_FIRST_OF, .span = {&manifest, 8, 1, 1}, .name = word("lib", 10), .alternatives = both, .alternative_count = 2};
    holds(t, everything); /* the first */
    assert_ptr_equal(t->got->taken, &both[0]);
    struct lock_pin pin = fetched_pin(t->got);
    pin.span = (struct span){&manifest, 50, 1, 1};
    struct lock lock = {.pins = &pin, .pin_count = 1};
    change("rm -rf store/* pool/main/*.x");
    holds(t, "src/a.c:2 src/include/b.h:b "); /* the archive is gone: the repository */
    assert_ptr_equal(t->got->taken, &both[1]);
    assert_string_equal(fetched_pin(t->got).kind, "git");
    assert_string_equal(t->text, "");
    t->lock = &lock;
    holds(t, "src/a.c:2 src/include/b.h:b "); /* although the other was pinned, which is said */
    assert_non_null(strstr(t->text, "ukc.lua:50:1: warning: 'lib' is pinned to version 1.2, which cannot be had here; another alternative is used"));
    t->lock = NULL;
    change("rm -rf store/* project/repository");
    refused(t, DIAG_OUTSIDE, "ukc.lua:10:1: error: none of the 2 alternatives of 'lib' can be had");
    done(a);
    done(g);
}

/* ---- disks and processes ---- */

static bool fetch_git(void)
{
    struct trial *t = commit("main~1");
    bool ok = fetch(t);
    done(t);
    return ok;
}

static bool fetch_patched(void)
{
    struct trial *t = patched("patches/one.patch", "patches/two.patch");
    bool ok = fetch(t);
    done(t);
    return ok;
}

static void killed_anywhere(bool (*body)(void), bool (*right)(void), const char *before, int points)
{
    change(before);
    long total = kill_at(1000000, body);
    assert_true(total > 200);
    for (int i = 1; i <= points; i++) {
        change(before);
        kill_at(total * i / (points + 1), body);
        assert_true(right());
        assert_int_equal(count_entries("store/tmp"), 0);
        assert_int_equal(system("! find store/objects -name 'tmp_object*' -o -name '*.lock' | grep -q ."), 0);
    }
}

static bool git_is_right(void)
{
    struct trial *t = commit("main~1");
    holds(t, all_of_one);
    done(t);
    return true;
}

static bool patched_is_right(void)
{
    struct trial *t = patched("patches/one.patch", "patches/two.patch");
    bool ok = fetch(t) && strcmp(file(t, "src/a.c"), "int a;\nint B;\nint bb;\nint c;\n") == 0 && strcmp(file(t, "new/x.c"), "new\n") == 0 &&
              strcmp(file(t, "old/y.c"), "(absent)") == 0;
    if (!ok)
        print_error("%s\n", t->text);
    done(t);
    return ok;
}

static void killed(void **)
{
    int more = getenv("UKC_TEST_LONG") ? 20 : 1;
    make_repository();
    make_patchable();
    write_patch("patches/one.patch", one);
    write_patch("patches/two.patch", two);
    killed_anywhere(fetch_git, git_is_right, "rm -rf store", 10 * more);
    killed_anywhere(fetch_git, git_is_right, "rm -rf store/unpacked", 4 * more);
    killed_anywhere(fetch_patched, patched_is_right, "rm -rf store", 10 * more);
    killed_anywhere(fetch_patched, patched_is_right, "rm -rf store/unpacked", 4 * more);
}

static void fetch_on_disk(void)
{
    struct trial *t = trial(IMPORT_DEBIAN_SOURCE);
    char hex[HASH_HEX];
    struct hash hash;
    CHECK(hash_file("../pool/main/lib_1.2.orig.tar.x", &hash, NULL, t->diag));
    hash_hex(&hash, hex);
    t->import.sha256 = word(hex, 11);
    t->archive[0] = word("main/lib_1.2.orig.tar.x", 12);
    t->import.archive_count = 1;
    if (!fetch(t)) {
        CHECK(diag_status(t->diag) == DIAG_OUTSIDE);
        CHECK(count_entries("store/tmp") == 0);
    }
    CHECK(mount("none", ".", "tmpfs", MS_REMOUNT, "size=8m") == 0);
    struct diag *fresh = diag_create();
    diag_destroy(t->diag);
    t->diag = fresh;
    CHECK(fetch(t) && strcmp(contents(t), everything) == 0);
    done(t);
}

static void full_disk(void **)
{
    static const char *const sizes[] = {"4k", "16k", "32k", "48k", "64k", "80k", "96k", "112k"};
    make_good();
    done(archive("xz -c"));
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
        if (!on_tmpfs(sizes[i], fetch_on_disk))
            skip();
}

int main(void)
{
    old_path = strdup(getenv("PATH"));
#define TEST(f) cmocka_unit_test_setup_teardown(f, enter, scratch_leave)
    const struct CMUnitTest tests[] = {
        TEST(archives), TEST(parts), TEST(kinds_of_entries), TEST(hostile_archives), TEST(many_links), TEST(broken_archives), TEST(wrong_archive),
        TEST(source_packages), TEST(hostile_declarations), TEST(stays_as_it_was), TEST(damaged_objects), TEST(offline), TEST(pins), TEST(repositories), TEST(damaged_repository),
        TEST(hostile_repositories), TEST(remote_repositories), TEST(endless_references), TEST(silent_server), TEST(whole_repository), TEST(patches), TEST(bad_patches),
        TEST(mixed_alternatives), TEST(killed), TEST(full_disk),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    free(old_path);
    return failed;
}
