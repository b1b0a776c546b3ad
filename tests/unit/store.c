/*
 * store.c - tests of provenance/store.h: importing packages, repairing the store, hostile archives.
 *
 * Packages are made here, byte by byte, so that they can be wrong in every
 * way; a script named apt-get, first in PATH, serves them from ./debs.  What
 * reads them is the system's dpkg-deb.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include "test.h"
#include "disk.h"
#include "kill.h"
#include "tarball.h"

#include "../../provenance/import.h"
#include "../../provenance/inflate.h"
#include "../../provenance/store.h"
#include "../../provenance/tar.h"
#include "../../ukc/base/arena.h"
#include "../../ukc/base/file.h"

/* ---- making packages ---- */

static void ar_member(FILE *f, const char *name, const void *bytes, size_t size)
{
    fprintf(f, "%-16s%-12d%-6d%-6d%-8s%-10zu`\n", name, 0, 0, 0, "100644", size);
    fwrite(bytes, 1, size, f);
    if (size % 2)
        fputc('\n', f);
}

static void write_deb(const char *package, const char *version, const struct text *data)
{
    char path[256], control[256];
    struct text c = {};
    snprintf(control, sizeof control, "Package: %s\nVersion: %s\nArchitecture: all\nMaintainer: x <x@x>\nDescription: x\n", package, version);
    tar_file(&c, "./control", control);
    tar_end(&c);
    mkdir("debs", 0755);
    snprintf(path, sizeof path, "debs/%s_%s_all.deb", package, version);
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    fputs("!<arch>\n", f);
    ar_member(f, "debian-binary", "2.0\n", 4);
    ar_member(f, "control.tar", c.bytes, c.size);
    ar_member(f, "data.tar", data->bytes, data->size);
    fclose(f);
    text_dispose(&c);
}

static const char a_c[] = "int a(void) { return 1; }\n", b_h[] = "int a(void);\n", c_c[] = "/* c */\n";

/* What most tests import: three files among others. */
static void good_data(struct text *t, const char *a)
{
    tar_header(t, "./", '5', 0, NULL);
    tar_header(t, "./usr/", '5', 0, NULL);
    tar_file(t, "./usr/share/doc/other", "something else");
    tar_file(t, "./usr/src/lib/a.c", a);
    tar_file(t, "./usr/src/lib/sub/c.c", c_c);
    tar_file(t, "./usr/include/lib/b.h", b_h);
    tar_header(t, "./usr/link", '2', 0, "/etc/passwd");
    tar_end(t);
}

static void make_deb(const char *version, const char *a)
{
    struct text data = {};
    good_data(&data, a);
    write_deb("node-lib", version, &data);
    text_dispose(&data);
}

static const char script[] =
    "#!/bin/sh\n"
    "echo \"$*\" >> \"$FAKE/log\"\n"
    "[ \"$1\" = indextargets ] && { cat \"$FAKE/archives\"; exit; }\n"
    "for last; do :; done\n"
    "name=${last%%=*}\n"
    "[ -e \"$FAKE/no-network\" ] && { echo \"E: Failed to fetch: could not resolve the name\" >&2; exit 100; }\n"
    "case $last in *=*) f=$FAKE/debs/${name}_${last#*=}_all.deb ;; *) f=$(ls -r \"$FAKE\"/debs/\"$name\"_*_all.deb | head -n 1) ;; esac\n"
    "[ -f \"$f\" ] || { echo \"E: Version '${last#*=}' for '$name' was not found\" >&2; exit 100; }\n"
    "[ -e \"$FAKE/slow\" ] && sleep 0.02\n"
    "cp \"$f\" . || { echo \"E: Write error - write (28: No space left on device)\" >&2; exit 100; }\n";
static const char cache_script[] =
    "#!/bin/sh\n"
    "for f in $(ls -r \"$FAKE\"/debs/\"$2\"_*_all.deb 2>/dev/null); do\n"
    "  v=${f##*/\"$2\"_}; echo \" $2 | ${v%_all.deb} | somewhere\"\ndone\n";

/* An archive http://x/ is the directory x here. */
static const char helper_script[] =
    "#!/bin/sh\n"
    "echo \"$*\" >> \"$FAKE/log\"\n"
    "while [ \"$1\" = -o ]; do shift 2; done\n"
    "[ \"$1\" = download-file ] && [ $# = 3 ] || exit 100\n"
    "cp \"$FAKE/${2#http://}\" \"$3\" 2>/dev/null || { echo \"E: Failed to fetch $2\" >&2; exit 100; }\n";

static char *old_path;

static int enter(void **state)
{
    char path[8192], here[4096];
    if (scratch_enter(state) != 0 || !getcwd(here, sizeof here))
        return -1;
    mkdir("bin", 0755);
    write_whole("bin/apt-get", script, strlen(script));
    write_whole("bin/apt-cache", cache_script, strlen(cache_script));
    write_whole("bin/apt-helper", helper_script, strlen(helper_script));
    chmod("bin/apt-get", 0755);
    chmod("bin/apt-helper", 0755);
    chmod("bin/apt-cache", 0755);
    snprintf(path, sizeof path, "%s/bin:%s", here, old_path);
    setenv("PATH", path, 1);
    setenv("FAKE", here, 1);
    return 0;
}

/* ---- importing ---- */

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
    struct import_file files[8];
    struct word versions[4];
    const struct lock *lock;
    const struct fetched *got;
    char *text; /* of the diagnostics, after fetch() */
};

static const char *sum(struct arena *a, const char *content)
{
    char hex[HASH_HEX];
    struct hash h = hash_bytes(content, strlen(content));
    hash_hex(&h, hex);
    return arena_strdup(a, hex);
}

/* Name on line 10, versions from 20, paths from 30, sums from 40. */
static struct trial *trial(const char *version)
{
    struct trial *t = calloc(1, sizeof *t);
    t->arena = arena_create();
    t->diag = diag_create();
    t->store = store_open("store", t->diag);
    t->versions[0] = word(version, 20);
    const char *const files[3][2] = {{"usr/include/lib/b.h", b_h}, {"usr/src/lib/a.c", a_c}, {"usr/src/lib/sub/c.c", c_c}};
    for (unsigned i = 0; i < 3; i++)
        t->files[i] = (struct import_file){word(files[i][0], 30 + i), word(sum(t->arena, files[i][1]), 40 + i)};
    t->import = (struct import){.kind = IMPORT_DEBIAN, .span = {&manifest, 9, 1, 1}, .name = word("node-lib", 10), .versions = t->versions,
                                .version_count = 1, .files = t->files, .file_count = 3};
    return t;
}

static bool fetch(struct trial *t)
{
    size_t n;
    free(t->text);
    t->got = t->store ? store_fetch(t->store, t->arena, &t->import, t->lock, t->diag) : NULL;
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

static bool holds(const char *path, const char *content)
{
    char buf[256] = "";
    FILE *f = fopen(path, "rb");
    size_t n = f ? fread(buf, 1, sizeof buf, f) : 0;
    if (f)
        fclose(f);
    return f && n == strlen(content) && memcmp(buf, content, n) == 0;
}

static bool all_there(const struct fetched *f)
{
    char path[8192];
    const char *const files[3][2] = {{"usr/include/lib/b.h", b_h}, {"usr/src/lib/a.c", a_c}, {"usr/src/lib/sub/c.c", c_c}};
    for (int i = 0; i < 3; i++) {
        snprintf(path, sizeof path, "%s/%s", f->directory, files[i][0]);
        if (!holds(path, files[i][1]))
            return false;
    }
    snprintf(path, sizeof path, "%s/usr/share/doc/other", f->directory);
    return !file_exists(path);
}

static int count_lines(const char *path)
{
    FILE *f = fopen(path, "r");
    int n = 0;
    for (int c; f && (c = fgetc(f)) != EOF;)
        n += c == '\n';
    if (f)
        fclose(f);
    return n;
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

/* Refused with these words and this class, and nothing was kept. */
static void refused(struct trial *t, enum diag_class class, const char *words)
{
    bool got = fetch(t);
    if (got || diag_status(t->diag) != class || !strstr(t->text, words))
        print_error("got %d, status %d, expected %d with '%s':\n%s\n", got, diag_status(t->diag), class, words, t->text);
    assert_false(got);
    assert_int_equal(diag_status(t->diag), class);
    assert_non_null(strstr(t->text, words));
    assert_int_equal(count_entries("store/unpacked"), 0);
    assert_int_equal(count_entries("store/tmp"), 0);
}

static void ok(struct trial *t)
{
    if (!fetch(t))
        print_error("%s\n", t->text);
    assert_non_null(t->got);
    assert_int_equal(diag_errors(t->diag), 0);
    assert_true(all_there(t->got));
    assert_int_equal(count_entries("store/tmp"), 0);
}

/* As one word: fetch and it must work, as often as the state of the store allows. */
static void works(void)
{
    struct trial *t = trial("1.0");
    ok(t);
    done(t);
}

/* Stock git, where it is installed, agrees that the repository is right. */
static void git_agrees(const char *tree, int files)
{
    char command[256];
    if (system("command -v git >/dev/null 2>&1") != 0)
        return;
    assert_int_equal(system("git --git-dir=store/objects fsck --strict --full >fsck.txt 2>&1 && ! grep -qv '^notice\\|^dangling' fsck.txt"), 0);
    snprintf(command, sizeof command, "git --git-dir=store/objects ls-tree -r %s | wc -l | grep -qx ' *%d'", tree, files);
    assert_int_equal(system(command), 0);
}

static void imports(void **)
{
    make_deb("1.0", a_c);
    struct trial *t = trial("1.0");
    ok(t);
    assert_string_equal(t->got->version, "1.0");
    assert_string_equal(t->got->tree, "28d1ec43037214f8857d36b48c10281848178684");
    assert_string_equal(t->got->sha256, "1077420698be44e945f4cd432b9e3d94d38ed3f422f6a93e20cf5fea838986e6");
    assert_true(t->got->directory[0] == '/');
    assert_string_equal(t->text, "");
    struct lock_pin pin = fetched_pin(t->got);
    assert_string_equal(pin.kind, "debian");
    assert_string_equal(pin.name, "node-lib");
    assert_string_equal(pin.tree, "28d1ec43037214f8857d36b48c10281848178684");
    git_agrees(t->got->tree, 3);
    assert_int_equal(count_lines("log"), 1);
    done(t);
    /* again: neither the network nor the lock is touched */
    int fd = open("store/store.lock", O_RDWR);
    assert_int_equal(flock(fd, LOCK_EX), 0);
    works();
    close(fd);
    assert_int_equal(count_lines("log"), 1);
}

static void place_of_the_store(void **)
{
    struct diag *d = diag_create();
    char here[4096], expected[8192];
    assert_non_null(getcwd(here, sizeof here));
    static const struct { const char *store, *data, *home, *expected; } cases[] = {
        {"mine", "/nowhere", "/nowhere", "mine"}, {NULL, "DATA", "/nowhere", "DATA/ukc"}, {"", "relative", "HOME", "HOME/.local/share/ukc"},
        {NULL, NULL, "HOME", "HOME/.local/share/ukc"}};
    char *old_home = getenv("HOME") ? strdup(getenv("HOME")) : NULL;
    for (size_t i = 0; i < 4; i++) {
        char data[8192], home[8192];
        snprintf(data, sizeof data, "%s%s%s", cases[i].data && !strcmp(cases[i].data, "DATA") ? here : "", cases[i].data && !strcmp(cases[i].data, "DATA") ? "/" : "",
                 cases[i].data ? cases[i].data : "");
        snprintf(home, sizeof home, "%s%s%s", !strcmp(cases[i].home, "HOME") ? here : "", !strcmp(cases[i].home, "HOME") ? "/" : "", cases[i].home);
        cases[i].store ? setenv("UKC_STORE", cases[i].store, 1) : unsetenv("UKC_STORE");
        cases[i].data ? setenv("XDG_DATA_HOME", data, 1) : unsetenv("XDG_DATA_HOME");
        setenv("HOME", home, 1);
        struct store *s = store_open(NULL, d);
        assert_non_null(s);
        snprintf(expected, sizeof expected, "%s/%s", here, cases[i].expected);
        assert_string_equal(store_directory(s), expected);
        assert_true(file_is_directory(expected));
        store_close(s);
    }
    unsetenv("UKC_STORE");
    unsetenv("XDG_DATA_HOME");
    unsetenv("HOME");
    assert_null(store_open(NULL, d));
    assert_int_equal(diag_status(d), DIAG_OUTSIDE);
    write_whole("file", "", 0);
    assert_null(store_open("file/store", d));
    if (old_home)
        setenv("HOME", old_home, 1);
    free(old_home);
    diag_destroy(d);
}

/* ---- the working copy ---- */

static void change(const char *command)
{
    assert_int_equal(system(command), 0);
}

static void working_copy_is_repaired(void **)
{
    static const char *const harms[] = {
        "cd store/unpacked/*/usr/src/lib && chmod +w a.c && echo x >> a.c", "cd store/unpacked/*/usr/src/lib && chmod +w a.c && printf X | dd of=a.c conv=notrunc status=none",
        "rm -f store/unpacked/*/usr/src/lib/a.c", "cd store/unpacked/*/usr/include/lib && touch extra.h", "rm -rf store/unpacked/*/usr/src",
        "rm -rf store/unpacked", "rm -f store/unpacked/*.state", "touch store/unpacked/*/usr/src/lib/a.c",
        "cd store/unpacked/*/usr/src/lib && mv a.c z.c && ln -s z.c a.c", "cd store/unpacked/*/usr/ && mv src src2 && ln -s src2 src",
        "cd store/unpacked/ && d=$(ls -d *[0-9a-f]/) && rm -rf $d && ln -s /tmp ${d%/}", "cd store/unpacked/*/usr && mkdir empty",
        "for f in store/unpacked/*.state; do head -c 100 $f > x; cp x $f; done", "for f in store/unpacked/*.state; do printf 'ukc-unpacked 1\\nversion 1\\ntree ../../..\\n' > $f; done",
        "d=$(ls -d store/unpacked/*[0-9a-f]/) && rm -rf $d && echo file > ${d%/}"};
    make_deb("1.0", a_c);
    works();
    write_whole("no-network", "", 0);
    for (size_t i = 0; i < sizeof harms / sizeof harms[0]; i++) {
        change(harms[i]);
        works();
        assert_int_equal(count_lines("log"), 1);
    }
    change("stat -c %i store/unpacked/*/usr/src/lib/a.c > inode1 && touch store/unpacked/*/usr/src/lib/a.c");
    works();
    change("stat -c %i store/unpacked/*/usr/src/lib/a.c > inode2 && cmp inode1 inode2"); /* a new time is no damage */
}

/* ---- objects ---- */

/* Every loose object, one after the other; the callback harms it. */
static void for_each_object(void (*harm)(const char *path), void (*then)(void))
{
    char names[64][80];
    int n = 0;
    FILE *f = popen("find store/objects/objects -type f ! -path '*/pack/*' ! -path '*/info/*' | sort", "r");
    for (; n < 64 && fgets(names[n], sizeof names[n], f); n++)
        names[n][strcspn(names[n], "\n")] = 0;
    pclose(f);
    assert_int_equal(n, 3 + 7 + 1); /* files, directories, a commit */
    for (int i = 0; i < n; i++) {
        harm(names[i]);
        change("rm -rf store/unpacked");
        then();
    }
}

static void truncate_object(const char *path)
{
    struct stat st;
    assert_int_equal(stat(path, &st), 0);
    chmod(path, 0644);
    assert_int_equal(truncate(path, st.st_size / 2), 0);
}

static void empty_object(const char *path)
{
    chmod(path, 0644);
    assert_int_equal(truncate(path, 0), 0);
}

static void flip_object(const char *path)
{
    chmod(path, 0644);
    FILE *f = fopen(path, "r+b");
    fseek(f, -6, SEEK_END);
    int c = fgetc(f);
    fseek(f, -6, SEEK_END);
    fputc(c ^ 0x10, f);
    fclose(f);
}

static void remove_object(const char *path)
{
    unlink(path);
}

static void swap_object(const char *path)
{
    char command[512];
    snprintf(command, sizeof command, "o=other-1; cmp -s $o %s && o=other-2; rm -f %s && cp $o %s", path, path, path);
    change(command);
}

static void damaged_without_network(void)
{
    write_whole("no-network", "", 0);
    struct trial *t = trial("1.0");
    alarm(60); /* libgit2 1.5.1 would not return */
    assert_false(fetch(t));
    alarm(0);
    assert_int_equal(diag_status(t->diag), DIAG_INTEGRITY);
    assert_non_null(strstr(t->text, "ukc.lua:10:1: error: the store's copy of 'node-lib' is damaged, and it cannot be fetched again"));
    assert_non_null(strstr(t->text, "could not resolve"));
    done(t);
    unlink("no-network");
}

static void damaged_with_network(void)
{
    struct trial *t = trial("1.0");
    alarm(60);
    ok(t);
    alarm(0);
    assert_non_null(strstr(t->text, "warning: the store's copy of 'node-lib' is damaged and is fetched again"));
    git_agrees(t->got->tree, 3);
    done(t);
}

static void damaged_both(void)
{
    damaged_without_network();
    damaged_with_network();
}

static void damaged_objects(void **)
{
    make_deb("1.0", a_c);
    works();
    void (*const harms[])(const char *) = {truncate_object, empty_object, flip_object, remove_object, swap_object};
    change("n=0; for f in $(find store/objects/objects -type f ! -path '*/pack/*' ! -path '*/info/*' | sort | head -n 2); do n=$((n + 1)); cp $f other-$n; done");
    for (size_t i = 0; i < sizeof harms / sizeof harms[0]; i++)
        for_each_object(harms[i], i == 0 ? damaged_both : damaged_with_network);
}

static void packed_objects(void **)
{
    if (system("command -v git >/dev/null 2>&1") != 0)
        skip();
    make_deb("1.0", a_c);
    works();
    write_whole("no-network", "", 0);
    change("git --git-dir=store/objects gc -q && rm -rf store/unpacked && ! ls store/objects/objects/[0-9a-f][0-9a-f] >/dev/null 2>&1");
    works();
    /* a damaged pack: refused, and fetched again */
    change("rm -rf store/unpacked; for f in store/objects/objects/pack/*.pack; do chmod +w $f; head -c 60 $f > x; cp x $f; done");
    struct trial *t = trial("1.0");
    alarm(60);
    assert_false(fetch(t));
    assert_int_equal(diag_status(t->diag), DIAG_INTEGRITY);
    done(t);
    unlink("no-network");
    t = trial("1.0");
    ok(t);
    alarm(0);
    done(t);
}

/* ---- what is refused ---- */

static void wrong_contents(void **)
{
    make_deb("1.0", "int a(void) { return 2; }\n");
    struct trial *t = trial("1.0");
    refused(t, DIAG_INTEGRITY, "ukc.lua:41:1: error: 'usr/src/lib/a.c' of node-lib 1.0 has SHA-256 ");
    done(t);
    t = trial("1.0");
    t->files[0].sha256.text = sum(t->arena, "other");
    refused(t, DIAG_INTEGRITY, "ukc.lua:40:1: error: 'usr/include/lib/b.h'"); /* every wrong file is named */
    assert_non_null(strstr(t->text, "ukc.lua:41:1: error: "));
    done(t);
    t = trial("1.0");
    t->files[2].path = word("usr/src/lib/sub/d.c", 32);
    refused(t, DIAG_INTEGRITY, "ukc.lua:32:1: error: the package node-lib 1.0 has no file 'usr/src/lib/sub/d.c'");
    done(t);
}

static void missing_file(void **)
{
    make_deb("1.0", a_c);
    struct trial *t = trial("1.0");
    t->files[2].path = word("usr/src/lib/sub/d.c", 32);
    refused(t, DIAG_INPUT, "ukc.lua:32:1: error: the package node-lib 1.0 has no file 'usr/src/lib/sub/d.c'");
    done(t);
    works();
}

static void versions(void **)
{
    struct trial *t = trial("1.0");
    refused(t, DIAG_OUTSIDE, "ukc.lua:10:1: error: no accepted version of the Debian package 'node-lib' can be had");
    assert_non_null(strstr(t->text, "version 1.0: Version '1.0' for 'node-lib' was not found"));
    done(t);
    /* another version with other files */
    make_deb("2.0", "int a(void) { return 2; }\n");
    t = trial("1.0");
    refused(t, DIAG_OUTSIDE, "ukc.lua:10:1: error: no accepted version");
    assert_non_null(strstr(t->text, "ukc.lua:20:1: note: version 1.0: not in this system's package index"));
    assert_non_null(strstr(t->text, "note: this system offers 2.0"));
    assert_non_null(strstr(t->text, "apt-get update"));
    done(t);
    /* another version with the same files is as good */
    make_deb("3.0", a_c);
    t = trial("1.0");
    ok(t);
    assert_string_equal(t->got->version, "3.0");
    assert_non_null(strstr(t->text, "ukc.lua:10:1: warning: no accepted version of 'node-lib' is offered; version 3.0 has the same files and is used"));
    done(t);
    change("rm -rf store");
    /* of several accepted ones, the first that is right: a wrong one is told */
    make_deb("1.0", "wrong");
    t = trial("0.9");
    t->versions[1] = word("1.0", 21);
    t->versions[2] = word("3.0", 22);
    t->import.version_count = 3;
    ok(t);
    assert_string_equal(t->got->version, "3.0");
    assert_non_null(strstr(t->text, "warning: 'usr/src/lib/a.c' of node-lib 1.0 has SHA-256"));
    done(t);
}

static void pins(void **)
{
    make_deb("1.0", a_c);
    make_deb("1.1", a_c);
    struct trial *t = trial("1.0");
    t->versions[1] = word("1.1", 21);
    t->import.version_count = 2;
    struct lock_pin pin = {"debian", "node-lib", "1.1", "28d1ec43037214f8857d36b48c10281848178684", "1077420698be44e945f4cd432b9e3d94d38ed3f422f6a93e20cf5fea838986e6", {&manifest, 50, 1, 1}};
    struct lock lock = {.pins = &pin, .pin_count = 1};
    t->lock = &lock;
    ok(t);
    assert_string_equal(t->got->version, "1.1"); /* the pinned one, not the first */
    pin.tree = "0123456789012345678901234567890123456789";
    assert_false(fetch(t));
    assert_int_equal(diag_status(t->diag), DIAG_INTEGRITY);
    assert_non_null(strstr(t->text, "ukc.lua:50:1: error: 'node-lib' is pinned to tree 0123"));
    done(t);
    t = trial("1.0"); /* the same files with another list: damaged, not older */
    pin.tree = "28d1ec43037214f8857d36b48c10281848178684";
    pin.sha256 = sum(t->arena, "x");
    t->lock = &lock;
    assert_false(fetch(t));
    assert_int_equal(diag_status(t->diag), DIAG_INTEGRITY);
    assert_non_null(strstr(t->text, "ukc.lua:50:1: error: 'node-lib' is pinned with SHA-256 "));
    assert_non_null(strstr(t->text, "remove this line"));
    done(t);
    t = trial("1.0"); /* a pin of other files is not about these */
    pin.tree = "0123456789012345678901234567890123456789";
    pin.sha256 = sum(t->arena, "x");
    t->lock = &lock;
    ok(t);
    done(t);
}

static void broken_packages(void **)
{
    make_deb("1.0", a_c);
    struct stat st;
    assert_int_equal(stat("debs/node-lib_1.0_all.deb", &st), 0);
    change("cp debs/node-lib_1.0_all.deb whole");
    for (off_t n = 0; n < st.st_size; n += n < 200 ? 50 : st.st_size / 12) {
        change("cp whole debs/node-lib_1.0_all.deb");
        assert_int_equal(truncate("debs/node-lib_1.0_all.deb", n), 0);
        struct trial *t = trial("1.0");
        refused(t, DIAG_INTEGRITY, "node-lib 1.0 ");
        done(t);
    }
    change("mv whole debs/node-lib_1.0_all.deb");
    works();
    /* a server that hands out another package */
    struct text data = {};
    good_data(&data, a_c);
    write_deb("other", "1.0", &data);
    text_dispose(&data);
    change("rm -rf store; mv debs/other_1.0_all.deb debs/node-lib_1.0_all.deb");
    struct trial *t = trial("1.0");
    refused(t, DIAG_INTEGRITY, "the download of node-lib 1.0 is another package");
    done(t);
}

static void hostile_archives(void **)
{
    static const struct { const char *name; char type; const char *link, *words; } cases[] = {
        {"/usr/src/lib/a.c", '0', NULL, "is refused: it has an absolute path"},
        {"./usr/../../../../../tmp/x", '0', NULL, "is refused: it has a path with '..'"},
        {"../x", '0', NULL, "is refused: it has a path with '..'"},
        {"./usr//x", '0', NULL, "is refused: it has a malformed path"},
        {"./usr/src/lib/a.c", '2', "/etc/passwd", "'usr/src/lib/a.c' of node-lib 1.0 is a link"},
        {"./usr/src/lib/a.c", '1', "./usr/src/lib/sub/c.c", "'usr/src/lib/a.c' of node-lib 1.0 is a link"},
        {"./usr/src/lib/a.c/", '5', NULL, "'usr/src/lib/a.c' of node-lib 1.0 is a directory"},
        {"./dev/null", '3', NULL, "is refused: it has a device node"},
        {"./dev/sda", '4', NULL, "is refused: it has a device node"},
        {"./pipe", '6', NULL, "is refused: it has a device node"},
        {"./x", 'S', NULL, "is refused: it has an entry of an unknown type"},
        {"", '0', NULL, "is refused: it has an entry without a name"},
        {"./usr/src/lib/a.c", '0', NULL, "'usr/src/lib/a.c' of node-lib 1.0 is in the package twice"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct text data = {};
        bool twice = i + 1 == sizeof cases / sizeof cases[0];
        if (twice)
            tar_file(&data, "./usr/src/lib/a.c", a_c);
        tar_header(&data, cases[i].name, cases[i].type, 0, cases[i].link);
        good_data(&data, a_c);
        write_deb("node-lib", "1.0", &data);
        text_dispose(&data);
        struct trial *t = trial("1.0");
        refused(t, DIAG_INTEGRITY, cases[i].words);
        done(t);
    }
    /* a symbolic link as a directory of a declared file has nowhere to act: our own directories are made */
    struct text data = {};
    tar_header(&data, "./usr/src", '2', 0, "/tmp");
    good_data(&data, a_c);
    write_deb("node-lib", "1.0", &data);
    text_dispose(&data);
    works();
}

static void hostile_manifests(void **)
{
    make_deb("1.0", a_c);
    static const char *const names[] = {"-o", "Node", "a", "", "x=1", "x/y", "../x", "x y", NULL};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        struct trial *t = trial("1.0");
        t->import.name.text = names[i];
        refused(t, DIAG_INPUT, "ukc.lua:10:1: error: ");
        done(t);
    }
    static const char *const bad_versions[] = {"", "-o", "1.0 2", "1/0", "$(x)", NULL};
    for (size_t i = 0; i < sizeof bad_versions / sizeof bad_versions[0]; i++) {
        struct trial *t = trial(bad_versions[i]);
        refused(t, DIAG_INPUT, "ukc.lua:20:1: error: ");
        done(t);
    }
    static const char *const paths[] = {"", "/etc/passwd", "../x", "a/../../x", "a//b", "./a", "a/", ".git/config", "a/.GIT/x", "a\nb", "a\xff", NULL};
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
        struct trial *t = trial("1.0");
        t->files[0].path.text = paths[i];
        refused(t, DIAG_INPUT, "ukc.lua:30:1: error: ");
        done(t);
    }
    static const char *const sums[] = {"", "abc", "zz", NULL};
    for (size_t i = 0; i < sizeof sums / sizeof sums[0]; i++) {
        struct trial *t = trial("1.0");
        t->files[1].sha256.text = sums[i];
        refused(t, DIAG_INPUT, "ukc.lua:41:1: error: the SHA-256 of 'usr/src/lib/a.c' is not");
        done(t);
    }
    struct trial *t = trial("1.0");
    t->files[1].path.text = t->files[0].path.text;
    refused(t, DIAG_INPUT, "is declared twice");
    done(t);
    t = trial("1.0");
    t->files[1].path = word("usr/src", 31);
    refused(t, DIAG_INPUT, "ukc.lua:31:1: error: the path 'usr/src' is declared as a file, and as a directory");
    done(t);
    t = trial("1.0");
    t->import.name.text = "a..b";
    refused(t, DIAG_INPUT, "ukc.lua:10:1: error: the package name 'a..b' cannot be stored");
    done(t);
    t = trial("1.0");
    t->import.file_count = 0;
    refused(t, DIAG_INPUT, "names no file");
    done(t);
    t = trial("1.0");
    t->import.version_count = 0;
    refused(t, DIAG_INPUT, "accepts no version");
    done(t);
    assert_int_equal(count_lines("log"), 0); /* none of this reached a program */
}

static void no_tools(void **)
{
    make_deb("1.0", a_c);
    char *path = strdup(getenv("PATH"));
    mkdir("empty", 0755);
    setenv("PATH", "empty", 1);
    struct trial *t = trial("1.0");
    refused(t, DIAG_OUTSIDE, "ukc.lua:10:1: error: the Debian package 'node-lib' cannot be fetched: 'apt-get' is not on this machine");
    done(t);
    setenv("PATH", "bin", 1);
    t = trial("1.0");
    refused(t, DIAG_OUTSIDE, "'dpkg-deb' is not on this machine");
    done(t);
    setenv("PATH", path, 1);
    free(path);
    works();
}

static void no_network(void **)
{
    make_deb("1.0", a_c);
    write_whole("no-network", "", 0);
    struct trial *t = trial("1.0");
    refused(t, DIAG_OUTSIDE, "ukc.lua:10:1: error: no accepted version");
    assert_non_null(strstr(t->text, "note: version 1.0: Failed to fetch: could not resolve the name"));
    done(t);
    unlink("no-network");
    works();
}

/* ---- disks and processes ---- */

static void fetch_on_disk(void)
{
    struct trial *t = trial("1.0");
    bool got = fetch(t);
    if (got) {
        CHECK(all_there(t->got));
    } else {
        CHECK(diag_status(t->diag) == DIAG_OUTSIDE);
        CHECK(strstr(t->text, "No space left on device"));
        CHECK(count_entries("store/tmp") == 0);
    }
    done(t);
    if (got)
        printf("it fitted\n");
    /* with room, it works */
    CHECK(mount("none", ".", "tmpfs", MS_REMOUNT, "size=8m") == 0);
    t = trial("1.0");
    CHECK(fetch(t) && all_there(t->got) && diag_errors(t->diag) == 0);
    done(t);
}

static void read_only_store(void)
{
    struct trial *t = trial("1.0");
    CHECK(fetch(t));
    done(t);
    CHECK(mount("none", ".", "tmpfs", MS_REMOUNT | MS_RDONLY, NULL) == 0);
    t = trial("1.0");
    CHECK(fetch(t) && all_there(t->got)); /* what is there can be used */
    t->files[0].sha256.text = sum(t->arena, "other");
    CHECK(!fetch(t));
    CHECK(diag_status(t->diag) == DIAG_OUTSIDE);
    CHECK(strstr(t->text, "the store cannot be written") && strstr(t->text, "Read-only file system"));
    done(t);
}

static void full_disk(void **)
{
    static const char *const sizes[] = {"4k", "16k", "32k", "48k", "64k", "80k", "96k", "112k"};
    make_deb("1.0", a_c);
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
        if (!on_tmpfs(sizes[i], fetch_on_disk))
            skip();
}

static void read_only(void **)
{
    make_deb("1.0", a_c);
    if (!on_tmpfs("8m", read_only_store))
        skip();
}

static pid_t start_fetch(void)
{
    pid_t pid = fork();
    if (pid != 0)
        return pid;
    struct trial *t = trial("1.0");
    bool good = fetch(t) && all_there(t->got) && diag_errors(t->diag) == 0;
    if (!good)
        fputs(t->text, stderr);
    done(t);
    _exit(good ? 0 : 1);
}

static void eight_processes(void **)
{
    make_deb("1.0", a_c);
    write_whole("slow", "", 0);
    for (int round = 0; round < 3; round++) {
        change("rm -rf store log");
        pid_t pids[8];
        for (int i = 0; i < 8; i++)
            pids[i] = start_fetch();
        for (int i = 0; i < 8; i++) {
            int status;
            assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
            assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
        }
        assert_int_equal(count_lines("log"), 1); /* one downloads, seven wait for it */
    }
}

static bool fetch_once(void)
{
    struct trial *t = trial("1.0");
    bool good = fetch(t);
    done(t);
    return good;
}

static void killed_anywhere(const char *before, int points)
{
    change(before);
    long total = kill_at(1000000, fetch_once); /* varies a little: how long apt-get takes is waited for in system calls */
    assert_true(total > 200);
    for (int i = 1; i <= points; i++) {
        change(before);
        long at = total * i / (points + 1);
        kill_at(at, fetch_once);
        works();
        assert_int_equal(system("! find store/objects -name 'tmp_object*' -o -name '*.lock' | grep -q ."), 0);
    }
}

static void killed(void **)
{
    const char *more = getenv("UKC_TEST_LONG");
    make_deb("1.0", a_c);
    killed_anywhere("rm -rf store", more ? 1000 : 24);
    works();
    killed_anywhere("rm -rf store/unpacked", more ? 500 : 8);
}

/* ---- the parts ---- */

static void inflates(void **)
{
    static const unsigned char good[] = {0x78, 0x9c, 0x4b, 0x4c, 0x4a, 0x06, 0x00, 0x02, 0x4d, 0x01, 0x27}; /* "abc" */
    struct text out = {};
    assert_null(inflate_all(good, sizeof good, 100, &out));
    assert_string_equal(text_string(&out), "abc");
    for (size_t n = 0; n < sizeof good; n++) {
        text_clear(&out);
        assert_non_null(inflate_all(good, n, 100, &out));
    }
    text_clear(&out);
    assert_string_equal(inflate_all(good, sizeof good, 2, &out), "it unpacks to more than the limit");
    unsigned char more[sizeof good + 1];
    memcpy(more, good, sizeof good);
    more[sizeof good] = 0;
    text_clear(&out);
    assert_string_equal(inflate_all(more, sizeof more, 100, &out), "there are bytes after its end");
    text_dispose(&out);
}

/* Reads a whole archive from memory; the names it gives must be harmless, whatever it is. */
static int read_tar(const struct text *bytes, int *files)
{
    int fd = memfd_create("tar", 0), r;
    struct tar t = {.fd = fd, .limit = 1 << 20};
    char buf[777];
    assert_true(write(fd, bytes->bytes, bytes->size) == (ssize_t)bytes->size);
    lseek(fd, 0, SEEK_SET);
    while ((r = tar_next(&t)) > 0) {
        assert_true(t.path[0] == 0 || path_is_inside(t.path));
        uint64_t got = 0;
        ssize_t n = 0;
        while (t.type == TAR_FILE && (n = tar_read(&t, buf, sizeof buf)) > 0)
            got += (uint64_t)n;
        assert_true(n < 0 || got == t.size || t.type != TAR_FILE);
        ++*files;
    }
    assert_true((r < 0) == (t.error != NULL));
    close(fd);
    return r;
}

static void reads_tar(void **)
{
    struct text t = {};
    char longname[301];
    memset(longname, 'd', 300);
    longname[300] = 0;
    longname[150] = '/';
    tar_header(&t, "././@LongLink", 'L', 301, NULL);
    tar_bytes(&t, longname, 301);
    tar_file(&t, "ddd", "GNU long name");
    char pax[400];
    int n = snprintf(pax, sizeof pax, "%d path=%s\n", 300 + 10, longname);
    assert_int_equal(n, 310);
    tar_header(&t, "PaxHeaders/x", 'x', (size_t)n, NULL);
    tar_bytes(&t, pax, (size_t)n);
    tar_file(&t, "ddd", "pax path");
    tar_header(&t, "g", 'g', 16, NULL);
    tar_bytes(&t, "16 comment=abcd\n", 16);
    good_data(&t, a_c);
    int files = 0;
    assert_int_equal(read_tar(&t, &files), 0);
    assert_int_equal(files, 2 + 7);

    /* cut anywhere: an error, except where the end mark is whole */
    for (size_t cut = 0; cut < t.size; cut += 100) {
        struct text part = {};
        text_append(&part, t.bytes, cut);
        files = 0;
        assert_int_equal(read_tar(&part, &files), cut >= t.size - 512 ? 0 : -1);
        text_dispose(&part);
    }
    /* bytes changed at random, with the checksums put right so that the fields are reached */
    uint32_t seed = 7;
    for (int i = 0; i < 4000; i++) {
        struct text bad = {};
        text_append(&bad, t.bytes, t.size);
        for (int k = 0; k < 3; k++) {
            seed = seed * 1664525 + 1013904223;
            size_t block = (seed >> 8) % (bad.size / 512) * 512;
            seed = seed * 1664525 + 1013904223;
            bad.bytes[block + (seed >> 8) % 512] = (char)(seed >> 20);
            unsigned check = 0;
            memset(bad.bytes + block + 148, ' ', 8);
            for (int b = 0; b < 512; b++)
                check += (unsigned char)bad.bytes[block + (size_t)b];
            snprintf(bad.bytes + block + 148, 8, "%06o", check);
        }
        files = 0;
        read_tar(&bad, &files);
        text_dispose(&bad);
    }
    /* an entry that claims to be larger than the limit */
    text_clear(&t);
    tar_header(&t, "x", '0', (size_t)1 << 30, NULL);
    files = 0;
    assert_int_equal(read_tar(&t, &files), -1);
    text_dispose(&t);
}

/* ---- pkg-config ---- */

static struct trial *module(const char *name, const char *range)
{
    struct trial *t = trial(range);
    t->import = (struct import){.kind = IMPORT_PKGCONFIG, .span = {&manifest, 9, 1, 1}, .name = word(name, 10), .versions = t->versions,
                                .version_count = range ? 1 : 0};
    return t;
}

static void pkgconfig(void **)
{
    static const struct { const char *name, *range; enum diag_class class; const char *words; } bad[] = {
        {"absent", NULL, DIAG_OUTSIDE, "ukc.lua:10:1: error: pkg-config finds no module 'absent' on this machine\n"
                                       "help: install the development package that has 'absent.pc'; PKG_CONFIG_PATH names other directories to look in\n"},
        {"toy", ">= 3", DIAG_OUTSIDE, "ukc.lua:20:1: error: the module 'toy' has version 2.5 here, and '>= 3' is required"},
        {"toy", "about 3", DIAG_INPUT, "ukc.lua:20:1: error: 'about 3' is not a version range"},
        {"--help", NULL, DIAG_INPUT, "is not the name of a pkg-config module"},
        {"toy = 2.5", NULL, DIAG_INPUT, "is not the name of a pkg-config module"},
        {"", NULL, DIAG_INPUT, "is not the name of a pkg-config module"},
        {"broken", NULL, DIAG_OUTSIDE, "pkg-config cannot use the module 'broken' of this machine\nnote: pkg-config: Package 'not-there', required by 'broken', not found\n"},
    };
    static const char pc[] = "Name: toy\nDescription: x\nVersion: 2.5\nCflags: -I/opt/toy/include -DTOY=1\nLibs: -L/opt/toy -ltoy\n";
    static const char needs[] = "Name: broken\nDescription: x\nVersion: 1\nRequires: not-there\n";
    char here[4096];
    if (system("command -v pkg-config >/dev/null 2>&1") != 0)
        skip();
    assert_non_null(getcwd(here, sizeof here));
    setenv("PKG_CONFIG_PATH", here, 1);
    write_whole("toy.pc", pc, strlen(pc));
    write_whole("broken.pc", needs, strlen(needs));
    struct trial *t = module("toy", ">= 2, < 3");
    assert_true(fetch(t));
    assert_string_equal(t->got->version, "2.5");
    assert_non_null(strstr(t->got->cflags, "-DTOY=1")); /* pkg-config and pkgconf order them differently */
    assert_non_null(strstr(t->got->cflags, "-I/opt/toy/include"));
    assert_string_equal(t->got->libs, "-L/opt/toy -ltoy");
    assert_null(t->got->directory);
    assert_null(fetched_pin(t->got).kind);
    done(t);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        t = module(bad[i].name, bad[i].range);
        refused(t, bad[i].class, bad[i].words);
        done(t);
    }
    char *path = strdup(getenv("PATH"));
    setenv("PATH", "bin", 1);
    t = module("toy", NULL);
    refused(t, DIAG_OUTSIDE, "'pkg-config' is not on this machine");
    done(t);
    setenv("PATH", path, 1);
    free(path);
    unsetenv("PKG_CONFIG_PATH");
}

/* ---- alternatives ---- */

static const char other_a_c[] = "int a(void) { return 2; }\n";

/* A first_of: version 1.0 with a_c, and 2.0 (version on line 120, a.c's sum on 141) with other_a_c. */
static struct trial *alternatives(void)
{
    struct trial *t = trial("1.0");
    struct import *two = arena_array(t->arena, struct import, 2);
    two[0] = two[1] = t->import;
    two[1].span.line = 109;
    two[1].versions = arena_memdup(t->arena, &(struct word){"2.0", {&manifest, 120, 1, 1}}, sizeof(struct word));
    struct import_file *files = arena_memdup(t->arena, t->files, 3 * sizeof *files);
    files[1].sha256 = word(sum(t->arena, other_a_c), 141);
    two[1].files = files;
    t->import = (struct import){.kind = IMPORT_FIRST_OF, .span = {&manifest, 8, 1, 1}, .name = two[0].name, .alternatives = two, .alternative_count = 2};
    return t;
}

/* Fetched is alternative `index`: its directory has its files. */
static void takes(struct trial *t, size_t index)
{
    if (!fetch(t))
        fail_msg("%s", t->text);
    assert_ptr_equal(t->got->import, &t->import);
    assert_ptr_equal(t->got->taken, &t->import.alternatives[index]);
    assert_string_equal(t->got->version, index ? "2.0" : "1.0");
    assert_true(holds(arena_printf(t->arena, "%s/usr/src/lib/a.c", t->got->directory), index ? other_a_c : a_c));
}

static void first_of(void **)
{
    make_deb("1.0", a_c);
    make_deb("2.0", other_a_c);
    struct trial *t = alternatives();
    takes(t, 0); /* both can be had: the first */
    assert_string_equal(t->text, "");
    done(t);
    change("rm -rf store debs/node-lib_1.0_all.deb");
    t = alternatives();
    takes(t, 1); /* the other alone; the candidate is not asked for twice */
    assert_string_equal(t->text, "");
    change("! grep -q 'download node-lib$' log");
    struct lock_pin pin = fetched_pin(t->got);
    assert_string_equal(pin.kind, "debian");
    assert_string_equal(pin.name, "node-lib");
    assert_string_equal(pin.version, "2.0");
    done(t);
    make_deb("1.0", a_c);
    t = alternatives();
    takes(t, 1); /* what the store has comes before what could be downloaded */
    done(t);
    change("rm -rf store/unpacked && touch no-network");
    t = alternatives();
    takes(t, 1);
    assert_string_equal(t->text, "");
    done(t);
}

static const struct lock *lock_of(struct trial *t, struct lock_pin pin)
{
    struct lock_pin *copy = arena_memdup(t->arena, &pin, sizeof pin);
    copy->tree = arena_strdup(t->arena, pin.tree);
    copy->sha256 = arena_strdup(t->arena, pin.sha256);
    copy->span = (struct span){&manifest, 200, 1, 1};
    return arena_memdup(t->arena, &(struct lock){.pins = copy, .pin_count = 1}, sizeof(struct lock));
}

static void pinned_alternative(void **)
{
    make_deb("1.0", a_c);
    make_deb("2.0", other_a_c);
    struct trial *one = alternatives(), *two = alternatives();
    takes(one, 0);
    change("rm debs/node-lib_1.0_all.deb; mv store store-of-one && mkdir store");
    takes(two, 1);
    make_deb("1.0", a_c);
    struct trial *t = alternatives();
    t->lock = lock_of(t, fetched_pin(one->got));
    takes(t, 0); /* the pinned one is downloaded, although the store has the other */
    assert_string_equal(t->text, "");
    done(t);
    change("touch no-network");
    for (size_t i = 0; i < 2; i++) { /* both are in the store: the pin decides, without network */
        change("rm -f log");
        t = alternatives();
        t->lock = lock_of(t, fetched_pin(i ? two->got : one->got));
        takes(t, i);
        assert_string_equal(t->text, "");
        change("[ ! -e log ]");
        done(t);
    }
    change("rm -rf store no-network debs/node-lib_1.0_all.deb");
    t = alternatives();
    t->lock = lock_of(t, fetched_pin(one->got));
    takes(t, 1); /* the pinned one cannot be had */
    assert_non_null(strstr(t->text, "ukc.lua:200:1: warning: 'node-lib' is pinned to version 1.0, which cannot be had here; another alternative is "
                                    "used, version 2.0"));
    assert_non_null(strstr(t->text, "ukc.lua:109:1: note: this one"));
    done(t);
    done(one);
    done(two);
}

static void no_alternative(void **)
{
    make_deb("3.0", "int a(void) { return 3; }\n");
    struct trial *t = alternatives();
    assert_false(fetch(t));
    assert_int_equal(diag_status(t->diag), DIAG_OUTSIDE);
    static const char *const expected[] = {
        "ukc.lua:10:1: error: none of the 2 alternatives of the Debian package 'node-lib' can be had",
        "ukc.lua:20:1: note: version 1.0: not in this system's package index", "ukc.lua:120:1: note: version 2.0: not in this system's package index",
        "ukc.lua:41:1: note: 'usr/src/lib/a.c' of node-lib 3.0 has SHA-256", "ukc.lua:141:1: note: 'usr/src/lib/a.c' of node-lib 3.0 has SHA-256",
        "note: this system offers 3.0", "help: 'apt-get update' renews the index"};
    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++)
        if (!strstr(t->text, expected[i]))
            fail_msg("no '%s' in\n%s", expected[i], t->text);
    assert_int_equal(count_entries("store/tmp"), 0);
    done(t);
    make_deb("3.0", other_a_c); /* a version that nobody named, with the second's files */
    t = alternatives();
    assert_true(fetch(t));
    assert_ptr_equal(t->got->taken, &t->import.alternatives[1]);
    assert_string_equal(t->got->version, "3.0");
    assert_non_null(strstr(t->text, "warning: no accepted version of 'node-lib' is offered; version 3.0 has the same files and is used"));
    done(t);
    t = alternatives();
    t->import.alternative_count = 0;
    assert_false(fetch(t));
    assert_non_null(strstr(t->text, "ukc.lua:8:1: error: this import has no alternatives"));
    done(t);
}

/* The first alternative, damaged in the store and gone everywhere else. */
static void damaged_alternative(void **)
{
    make_deb("1.0", a_c);
    struct trial *t = alternatives();
    takes(t, 0);
    struct lock_pin pin = fetched_pin(t->got);
    struct trial *again = alternatives();
    again->lock = lock_of(again, pin);
    change("rm -rf store/unpacked debs; for f in $(find store/objects/objects -type f ! -path '*/pack/*' ! -path '*/info/*'); do "
           "chmod +w $f; head -c 5 $f > x; cp x $f; done");
    assert_false(fetch(again));
    assert_int_equal(diag_status(again->diag), DIAG_INTEGRITY);
    assert_non_null(strstr(again->text, "error: the store's copy of 'node-lib' is damaged, and it cannot be fetched again"));
    done(again);
    make_deb("2.0", other_a_c);
    again = alternatives();
    again->lock = lock_of(again, pin);
    takes(again, 1);
    assert_non_null(strstr(again->text, "warning: 'node-lib' is pinned to version 1.0"));
    done(again);
    done(t);
}

static struct trial *pooled(const char *path, const char *sha256)
{
    struct trial *t = trial("1:1.0");
    static struct import_file entry; /* one trial at a time */
    entry = (struct import_file){word(path, 50), word(sha256, 51)};
    t->import.pool = &entry;
    t->import.pool_count = 1;
    return t;
}

static void pool(void **)
{
    static const char path[] = "pool/main/l/lib/node-lib_1.0_all.deb";
    char hex[HASH_HEX];
    struct hash hash;
    struct diag *d = diag_create();
    struct text data = {};
    good_data(&data, a_c);
    write_deb("node-lib", "1:1.0", &data);
    change("mkdir -p two/pool/main/l/lib three && mv debs/node-lib_1:1.0_all.deb two/pool/main/l/lib/node-lib_1.0_all.deb && cp -r two/pool three/"
           "&& echo x >> two/pool/main/l/lib/node-lib_1.0_all.deb && printf 'http://one/\nhttp://two/\n-x/\nhttp://two/\nhttp://three/\n' > archives");
    assert_true(hash_file("three/pool/main/l/lib/node-lib_1.0_all.deb", &hash, NULL, d));
    hash_hex(&hash, hex);
    diag_destroy(d);

    struct trial *t = pooled(path, hex); /* not in one, wrong in two, right in three */
    assert_true(fetch(t));
    assert_string_equal(t->got->version, "1:1.0");
    assert_true(all_there(t->got));
    assert_non_null(strstr(t->text, "ukc.lua:51:1: warning: 'pool/main/l/lib/node-lib_1.0_all.deb', as an archive of this system has it, does not have this SHA-256"));
    change("[ $(grep -c download-file log) = 3 ]");
    done(t);

    change("rm -rf store three log");
    t = pooled(path, hex);
    assert_false(fetch(t));
    assert_int_equal(diag_status(t->diag), DIAG_INTEGRITY);
    assert_non_null(strstr(t->text, "ukc.lua:51:1: error: 'pool/main/l/lib/node-lib_1.0_all.deb', as an archive"));
    assert_null(strstr(t->text, "http:")); /* an address may hold a password */
    done(t);

    change("rm -rf two");
    t = pooled(path, hex);
    assert_false(fetch(t));
    assert_int_equal(diag_status(t->diag), DIAG_OUTSIDE);
    assert_non_null(strstr(t->text, "ukc.lua:50:1: note: no archive of this system has 'pool/main/l/lib/node-lib_1.0_all.deb'"));
    done(t);

    write_deb("node-lib", "1.0", &data); /* what the index offers is taken, and the pool not asked */
    change("rm -f log");
    t = pooled(path, hex);
    t->versions[0] = word("1.0", 20);
    assert_true(fetch(t));
    change("! grep -q download-file log");
    done(t);

    change("rm -rf store");
    static const char *const hostile[] = {"../x/node-lib_1.0_all.deb", "/pool/node-lib_1.0_all.deb", "pool/a b/node-lib_1.0_all.deb", "pool/%2e/node-lib_1.0_all.deb"};
    for (size_t i = 0; i < sizeof hostile / sizeof *hostile; i++) {
        t = pooled(hostile[i], hex);
        refused(t, DIAG_INPUT, "ukc.lua:50:1: error: '");
        done(t);
    }
    t = pooled(path, "12");
    refused(t, DIAG_INPUT, "ukc.lua:51:1: error: the SHA-256 of");
    done(t);
    text_dispose(&data);
}

/* ---- a real package ---- */

static void llhttp(void **)
{
    setenv("PATH", old_path, 1);
    if (system("apt-cache policy node-llhttp 2>/dev/null | grep -q '8[.]1[.]0~5[.]15[.]0' && mkdir probe && cd probe && "
               "apt-get -q -o Acquire::Retries=0 -o Acquire::http::Timeout=10 download node-llhttp >/dev/null 2>&1") != 0) {
        print_message("skipped: apt-get cannot download node-llhttp 8.1.0 here (no network, or another release)\n");
        skip();
    }
    static const char *const files[4][2] = {
        {"usr/share/include/llhttp/llhttp.h", "d10cbae21267c5d08e0dac01c8584c799b50be7dddd0a0f3193d110922981c38"},
        {"usr/share/llhttp/api.c", "6e5a4528cd67bb79c3b1c1e08bb8b4d9beeac4775877098d28be0a8f0d000897"},
        {"usr/share/llhttp/http.c", "c55eda50972fb150c093d54ba4a92921906f1f51ee60a6b1e0d13f5b9877f539"},
        {"usr/share/llhttp/llhttp.c", "af384dc4a9e83b4b2ef8a658117a42afa1ee1585344563818ac730604e150f5f"}};
    struct trial *t = trial("8.1.0~5.15.0+dfsg1+~cs20.10.9.3-1+deb12u4");
    t->import.name = word("node-llhttp", 10);
    t->versions[1] = word("8.1.0~5.15.0+dfsg1+~cs20.10.9.3-1+deb12u3", 21);
    t->import.version_count = 2;
    t->import.file_count = 4;
    for (unsigned i = 0; i < 4; i++)
        t->files[i] = (struct import_file){word(files[i][0], 30 + i), word(files[i][1], 40 + i)};
    if (!fetch(t))
        print_error("%s\n", t->text);
    assert_non_null(t->got);
    assert_string_equal(t->text, "");
    git_agrees(t->got->tree, 4);
    done(t);
}

int main(void)
{
    old_path = strdup(getenv("PATH"));
    if (system("command -v dpkg-deb >/dev/null 2>&1") != 0) {
        fprintf(stderr, "skipped: dpkg-deb is not on this machine\n");
        return 77;
    }
#define TEST(f) cmocka_unit_test_setup_teardown(f, enter, scratch_leave)
    const struct CMUnitTest tests[] = {
        TEST(imports), TEST(place_of_the_store), TEST(working_copy_is_repaired), TEST(damaged_objects), TEST(packed_objects), TEST(wrong_contents),
        TEST(missing_file), TEST(versions), TEST(pins), TEST(broken_packages), TEST(hostile_archives), TEST(hostile_manifests), TEST(no_tools),
        TEST(no_network), TEST(full_disk), TEST(read_only), TEST(eight_processes), TEST(killed), TEST(inflates), TEST(reads_tar), TEST(pkgconfig),
        TEST(first_of), TEST(pinned_alternative), TEST(no_alternative), TEST(damaged_alternative), TEST(pool), TEST(llhttp),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    free(old_path);
    return failed;
}
