/*
 * pool.c - a package that the system's release does not offer, from an archive that keeps it.
 *
 * A Debian archive holds the packages of several releases side by side, under
 * pool/.  apt's index names only those of the releases it is set up with; here
 * the manifest says where the package lies and which SHA-256 it has, so that it
 * is verified before any program reads it.  apt-helper downloads it: with the
 * user's proxies, as apt does.  Addresses of archives are not put into
 * messages: they may hold a password.
 */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "../ukc/base/file.h"
#include "../ukc/base/process.h"
#include "import.h"

#define ARCHIVES_MOST 16
#define PACKAGE_LIMIT ((int64_t)1 << 30) /* bytes of a .deb */

struct archives {
    const char *items[ARCHIVES_MOST];
    size_t count;
};

/* The roots of the archives of apt's set-up, each once. */
static bool list_archives(struct arena *a, struct archives *out, struct diag *d)
{
    struct text answer = {}, err = {};
    const char *argv[] = {"apt-get", "indextargets", "--format", "$(REPO_URI)", "Created-By: Packages", NULL};
    int rc = process_run(&(struct process){.argv = argv, .out = &answer, .err = &err, .environment = c_locale(a)}, d);
    char *text = rc == 0 ? text_keep(&answer, a) : "", *save = NULL;
    for (char *line = rc == 0 ? strtok_r(text, "\n", &save) : NULL; line && out->count < ARCHIVES_MOST; line = strtok_r(NULL, "\n", &save)) {
        bool known = line[0] == '-' || strchr(line, ' ') || !string_ends(line, "/");
        for (size_t i = 0; i < out->count; i++)
            known = known || strcmp(out->items[i], line) == 0;
        if (!known)
            out->items[out->count++] = line;
    }
    text_dispose(&answer);
    text_dispose(&err);
    return rc >= 0;
}

/* Beside apt's methods, which no PATH has. */
static const char *find_helper(struct arena *a)
{
    const char *found = process_find(a, "apt-helper"), *helper = found ? found : "/usr/lib/apt/apt-helper";
    return access(helper, X_OK) == 0 ? helper : NULL;
}

/* apt-helper's words, as c_locale() has them, when there is no way to an archive; one that answers says 404. */
static bool is_unreachable(const char *said)
{
    static const char *const words[] = {"Temporary failure resolving", "Could not resolve", "Could not connect", "Unable to connect",
                                        "Connection failed", "Connection timed out", "Network is unreachable", "No route to host"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strstr(said, words[i]))
            return true;
    return false;
}

/* *unreachable counts the archives that could not be asked. */
static int download_from(struct arena *a, const char *helper, const char *uri, const char *file, size_t *unreachable, struct diag *d)
{
    struct text out = {};
    const char *argv[] = {helper, "-o", "Acquire::Retries=1", "-o", "Acquire::http::Timeout=30", "-o", "Acquire::https::Timeout=30", "download-file", uri,
                          file, NULL};
    int rc = process_run(&(struct process){.argv = argv, .out = &out, .err = &out, .environment = c_locale(a)}, d);
    *unreachable += rc > 0 && is_unreachable(text_string(&out));
    text_dispose(&out);
    struct stat st;
    if (rc == 0 && (lstat(file, &st) != 0 || !S_ISREG(st.st_mode) || st.st_size > PACKAGE_LIMIT))
        rc = 1;
    if (rc != 0)
        unlink(file);
    return rc;
}

bool pool_download(struct arena *a, const struct import_file *package, const char *file, struct findings *findings, struct diag *d)
{
    struct archives archives = {};
    const char *helper = find_helper(a);
    struct hash actual, wanted;
    char hex[HASH_HEX];
    size_t unreachable = 0, others = 0;
    if (!list_archives(a, &archives, d) || !hash_parse(package->sha256.text, &wanted))
        return false;
    for (size_t i = 0; helper && i < archives.count; i++) {
        int rc = download_from(a, helper, arena_printf(a, "%s%s", archives.items[i], package->path.text), file, &unreachable, d);
        if (rc < 0)
            return false;
        if (rc > 0)
            continue;
        if (!hash_file(file, &actual, NULL, d))
            return false;
        if (hash_equal(&actual, &wanted))
            return true;
        finding_add(a, findings, DIAG_INTEGRITY, package->sha256.span, "'%s', as an archive of this system has it, does not have this SHA-256: it has %s",
                    package->path.text, (hash_hex(&actual, hex), hex));
        unlink(file);
        others++;
    }
    if (others)
        return false; /* it is there, and is another */
    if (unreachable) {
        finding_add(a, findings, DIAG_OUTSIDE, package->path.span,
                    "%s of this system's archives could%s be asked for '%s': is there a network? 'apt-get update' tells more",
                    unreachable == archives.count ? "none" : "some",
                    unreachable == archives.count ? "" : " not", package->path.text);
        return false;
    }
    finding_add(a, findings, DIAG_OUTSIDE, package->path.span, "no archive of this system has '%s'%s", package->path.text,
                helper ? "" : " (there is no apt-helper to ask them)");
    return false;
}
