/*
 * landlock.c - from its main function on, a release image opens no files but those that it names: Landlock, linux/landlock.h.
 *
 * Allowed is what lies at or beneath its keys of kind path, which the generated start hands over, and what its functions say that they open
 * (<ukc/may_open.h>). What was opened before stays open; through a folder that is open, no more is opened than is allowed. Nothing is executed.
 *
 * A rule is about a file, not a name: one that another is renamed to later is not allowed, and one that was not there at start is not either.
 */
#include <stdbool.h>

/* The generated start calls both: for each path, then for the rest. */
void image_may_open(const char *path, bool writes);
int image_confine(void); /* a negative errno value: the kernel has no Landlock (before Linux 5.13, or switched off), and any file can be opened */

#if defined SEAL_LANDLOCK && defined IMAGE_LOADS_ITSELF
#include <fcntl.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <ukc/may_open.h>
#include <ukc/syscall_arch.h>
#include <unistd.h>

enum { ASK_VERSION = 1, PATH_BENEATH = 1 };
/* Kinds of access: 13 in the first version of the interface, moving between folders since the second, truncating since the third. */
enum { WRITE_FILE = 1 << 1, READ_FILE = 1 << 2, READ_FOLDER = 1 << 3, TRUNCATE = 1 << 14 };
enum { EXECUTE = 1 << 0, KINDS_1 = (1 << 13) - 1, KINDS_2 = (1 << 14) - 1, KINDS_3 = (1 << 15) - 1 };

struct [[gnu::packed]] beneath {
    uint64_t allowed;
    int32_t parent;
};

extern const char __start_ukc_files[] __attribute__((weak, visibility("hidden")));
extern const char __stop_ukc_files[] __attribute__((weak, visibility("hidden")));

static uint64_t handled;
static int rules; /* a descriptor, or why there is none */

/* Once. */
static int open_rules(void)
{
    if (handled)
        return rules;
    long version = __syscall3(SYS_landlock_create_ruleset, 0, 0, ASK_VERSION);
    handled = version < 2 ? KINDS_1 : version < 3 ? KINDS_2 : KINDS_3;
    rules = version < 0 ? (int)version : (int)__syscall3(SYS_landlock_create_ruleset, (long)(uintptr_t)&handled, sizeof handled, 0);
    return rules;
}

void image_may_open(const char *path, bool writes)
{
    struct stat status;
    int to = open_rules() < 0 ? -1 : open(path, O_PATH | O_CLOEXEC);
    if (to < 0)
        return; /* it is not there: nobody can open it */
    bool folder = fstat(to, &status) == 0 && S_ISDIR(status.st_mode);
    uint64_t wanted = writes ? ~(uint64_t)EXECUTE : READ_FILE | READ_FOLDER, possible = folder ? handled : handled & (READ_FILE | WRITE_FILE | TRUNCATE);
    const struct beneath rule = {.allowed = wanted & possible, .parent = to};
    (void)__syscall4(SYS_landlock_add_rule, rules, PATH_BENEATH, (long)(uintptr_t)&rule, 0);
    close(to);
}

int image_confine(void)
{
    MAY_OPEN(""); /* there is a list, even when it is empty */
    for (const char *what = __start_ukc_files; what < __stop_ukc_files; what += strlen(what) + 1) {
        const char *path = strchr(what, '/');
        if (path && path[-1] == ' ')
            image_may_open(path, what[1] == 'w');
    }
    int error = open_rules();
    if (error < 0)
        return error;
    error = (int)__syscall5(SYS_prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    if (error == 0)
        error = (int)__syscall2(SYS_landlock_restrict_self, rules, 0);
    close(rules);
    return error;
}
#else
void image_may_open(const char *path, bool writes)
{
    (void)path;
    (void)writes;
}

int image_confine(void)
{
    return 0;
}
#endif
