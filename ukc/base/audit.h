/*
 * audit.h - which files the programs read that ukc starts.
 *
 * The kernel asks ukc before a watched program opens a file, runs another program or opens a socket
 * (seccomp_unotify(2)); ukc notes it and lets it go on.  That takes no privileges, no namespaces and no ptrace, so
 * strace and debuggers work beside it, and costs two switches of context for each file.  It needs Linux 5.5, and that
 * nobody above watches in the same way: when it cannot be had, the caller says so.
 *
 * An *action* is what the leader of a process group runs: Ninja gives each of its commands a group.  What is seen goes
 * to a log, a line each; a ukc that is itself an action and reads the log in between finds all that was seen so far:
 *
 *     action <pid> <command>       the command that the shell was given, else the words of the program, for the shell
 *     run    <pid> <path>          pid: of the action.  A program; its path as it was given
 *     read   <pid> <path>          a file that is there, and that the action has not made itself
 *     absent <pid> <path>          a file below the actions' directory that is not there
 *     pipe   <pid> <path>          a named pipe, refused (ENXIO)
 *     network <pid> <family>       refused
 *     missed <pid> <why>           something was opened that could not be told
 *
 * Directories, and what ukc itself reads as an action, are not in it.  Newlines and backslashes in it are written "\n"
 * and "\\".  Paths below that directory are relative to it.
 */
#ifndef UKC_AUDIT_H
#define UKC_AUDIT_H

#include <stdbool.h>
#include <stddef.h>

/* What stands behind the path of ukc in that of the program in front of its compilers: ukc as well. */
#define PROGRAM_COMPILE "-compile"

struct audit;

struct audit_options {
    const char *log;
    const char *directory; /* absolute: where actions run; NULL: the working directory */
    const char *program; /* absolute: of this ukc, where there is no /proc to ask; or NULL */
    const char *called;  /* absolute: of the ukc that is called below, another perhaps; or NULL */
    /* If not NULL: may an action read or run this?  Called on another thread; a path is as in the log.  What is not allowed is refused (EACCES), and in the log. */
    bool (*allowed)(void *context, const char *path);
    void *context;
};

/* NULL: it cannot be had, and *why (static) says so. */
[[nodiscard]] struct audit *audit_begin(const struct audit_options *, const char **why);
/* Calls `f` on a thread that is watched, as is everything that it starts, and waits for its end. */
void audit_call(struct audit *, void (*f)(void *), void *context);
/* When all that was started has ended.  False: the log could not be written. */
bool audit_end(struct audit *);

/*
 * What a ukc that is itself an action adds to the log of the one above: whoever takes a result that was made before adds what was
 * read then.  Kinds of its own are `taken` (the key of a result that no program was run for) and `silent` (its program has ended, and printed nothing).
 */
struct text;
void audit_put_line(struct text *, const char *kind, long pid, const char *what);

/* A line of the log: *next is moved behind it.  False at the end. */
struct audit_line {
    const char *kind, *pid, *what;
};
struct arena;
bool audit_read_line(struct arena *, const char **next, struct audit_line *);

#endif
