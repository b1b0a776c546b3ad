/*
 * invocation.h - one run of ukc: which command, with which options and words.
 *
 * An option means the same wherever it is taken; parser, help, manual page and
 * completions come from this list and from that of the commands (commands.c).
 */
#ifndef UKC_INVOCATION_H
#define UKC_INVOCATION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include "../base/arena.h"
#include "../base/diag.h"
#include "../base/text.h"
#include "../load/manifest.h"

/* X(identifier, letter or 0, "name", "ARGUMENT" or NULL, repeatable, "what it does") */
#define OPTIONS(X)                                                                                    \
    X(target, 't', "target", "TARGET", false, "act on this target instead of the one configured last") \
    X(set, 's', "set", "PATH=VALUE", true, "set a key; PATH may be the shortest unambiguous suffix")   \
    X(config, 'c', "config", "FILE", true, "read settings from FILE, one PATH=VALUE a line")           \
    X(profile, 'p', "profile", "PROFILE", false, "release (whole-program optimised, the default) or dev") \
    X(sanitize, 0, "sanitize", NULL, false, "with --profile dev on posix: build with ASan and UBSan")   \
    X(offline, 0, "offline", NULL, false, "ask nothing of the network: what is not in the store is an error") \
    X(update, 'u', "update", NULL, false, "choose anew instead of keeping the choices in ukc.lock")     \
    X(regenerate, 0, "regenerate", NULL, false, "called by build.ninja: do not become the target configured last") \
    X(directory, 'C', "directory", "DIR", false, "act as if started in DIR")                            \
    X(catalogue, 0, "catalogue", "DIR", true, "read implementations from DIR instead of ukc's own catalogue") \
    X(json, 0, "json", NULL, false, "print JSON; of a failure an object with status, error and diagnostics")              \
    X(dot, 0, "dot", NULL, false, "print a Graphviz graph")                                              \
    X(bindings, 0, "bindings", NULL, false, "print every operation's type and symbol as well")           \
    X(jobs, 'j', "jobs", "N", false, "run N commands at once")                                           \
    X(verbose, 'v', "verbose", NULL, false, "say more: the commands that are run, lists to their end")                           \
    X(quiet, 'q', "quiet", NULL, false, "print only what went wrong")                                    \
    X(all, 'a', "all", NULL, false, "everything, not only the target configured last")                   \
    X(limit, 'n', "limit", "N", false, "print at most N entries")                                        \
    X(with, 0, "with", "HYPERVISOR", false, "on kvm: qemu (the default), firecracker or cloud-hypervisor; or, on xen too, libvirt, with --json-config") \
    X(machine, 0, "machine", "MACHINE", false, "on kvm: QEMU's machine, q35 (the default) or microvm")   \
    X(memory, 'm', "memory", "SIZE", false, "on kvm and xen: the machine's memory, as 16M or 1100K; 64M, or what a large image needs") \
    X(in_qemu, 0, "in-qemu", NULL, false, "on xen: boot a real Xen and a small Debian in QEMU, which needs no rights, and run the image there") \
    X(accelerator, 0, "accelerator", "NAME", false, "on kvm: tcg (software emulation), kvm, or auto (the default): kvm where a trial shows it faster") \
    X(publish, 'p', "publish", "[ADDRESS:]PORT:PORT", true, "on kvm, or with --in-qemu: lead a port of this host to the image's, as 8080:80 or 0.0.0.0:53:53/udp") \
    X(tap, 0, "tap", "DEVICE", true, "on kvm, or with --in-qemu: a network card on this tap device of the host, made if it is not there") \
    X(block, 'b', "block", "[NAME=]FILE[,ro]", true, "on kvm and xen: a disk; with ,ro one that is only read; the image counts them in this order; NAME is its serial number") \
    X(json_config, 0, "json-config", NULL, false, "on kvm: do not run the image; print what Firecracker, cloud-hypervisor (JSON) or libvirt (XML) is given to run it, named by --with; without --with a JSON object of all three, libvirt's XML a string in it; what cannot run it is left out. On xen: what xl and libvirt are given") \
    X(batch, 0, "batch", NULL, false, "end gdb after the scripts and commands, and ask nothing")         \
    X(script, 'x', "script", "FILE", true, "gdb commands to begin with, in a file")                      \
    X(eval, 'e', "eval", "COMMAND", true, "a gdb command to begin with, after the scripts")              \
    X(dry_run, 0, "dry-run", NULL, false, "print what would be run or removed, and do nothing")                   \
    X(colour, 0, "colour", "WHEN", false, "always, never or auto (the default)")                         \
    X(man, 0, "man", NULL, false, "print the manual page, in troff")                                     \
    X(completion, 0, "completion", "SHELL", false, "print a completion script for bash, zsh or fish")    \
    X(annotations, 0, "annotations", NULL, false, "print ukc.d.lua, which teaches editors the manifest language") \
    X(tools, 0, "tools", "WHICH", false, "recorded (the default): the record's very tools; or host: those of this machine, whatever they are") \
    X(format, 0, "format", "FORMAT", false, "slsa (the default), cyclonedx, spdx or omnibor")            \
    X(sign, 0, "sign", "KEYFILE", false, "sign with an Ed25519 key (PEM) that nobody else can read")     \
    X(in, 0, "in", "HASH|IMAGE", false, "a file of this record: how it came into the image")             \
    X(hardening, 0, "hardening", NULL, false, "what an image's file shows of how it is hardened")           \
    X(from_manifest, 0, "from-manifest", NULL, false, "evaluate the recorded manifest with this ukc instead: does it give the same recipe?") \
    X(no_cache, 0, "no-cache", NULL, false, "compile everything that is to be made: take nothing from the store's cache, and keep nothing there") \
    X(unlogged, 0, "unlogged", "FILE", false, "called by ukc reproduce: add no run to the log, and say in FILE what would have been recorded") \
    X(images, 0, "images", NULL, false, "with the images themselves")                                   \
    X(with_tools, 0, "tools", NULL, false, "with the compilers and linkers of the records, which ukc toolchain keep has kept: programs that ukc reproduce runs") \
    X(signed, 0, "signed", "FILE", false, "look at this signed text instead of the store")               \
    X(key, 0, "key", "FILE", false, "the public key (PEM) that must have signed it")                     \
    X(deep, 0, "deep", NULL, false, "read inputs and images as well")                                    \
    X(older, 0, "older", "AGE", false, "only what was built or used longer ago, as 30d or 12h; then also imported sources") \
    X(keep, 0, "keep", "SIZE", false, "as little as makes the store no larger, as 2G; then also imported sources") \
    X(timeout, 0, "timeout", "SECONDS", false, "give a remote up from which nothing came for so long; 120 by default") \
    X(output, 'o', "output", "FILE", false, "write to FILE")                                                                    \
    X(by, 0, "by", "WHAT", false, "add up by instance (the default), file, symbol or section; lines: by instance, those with most lines first")                    \
    X(pruned, 0, "pruned", NULL, false, "say what was left out of the image, and what it would have weighed")                \
    X(absent, 0, "absent", NULL, false, "say why the image does not have the symbol NAME")                        \
    X(list, 0, "list", "FILE", false, "read from FILE what to embed or to build")                               \
    X(secret, 0, "secret", "NAME=FILE", true, "the bytes of FILE are the secret NAME")                            \
    X(sealed, 0, "sealed", "FILE", false, "run FILE, which ukc seal has made of the image")                       \
    X(seed, 0, "seed", "N", false, "order functions and variables by this number; the same as --set seal.layout=N")   \
    X(help, 'h', "help", NULL, false, "print help for the command")

/* Options that take one of a few words, and nothing else. */
#define OPTION_WORDS(X)                                          \
    X(target, TARGET_WORDS)                                       \
    X(profile, "release dev")                                     \
    X(with, "qemu firecracker cloud-hypervisor libvirt")          \
    X(machine, "q35 microvm")                                     \
    X(accelerator, "auto tcg kvm")                                \
    X(colour, "always never auto")                                \
    X(by, "instance file symbol section lines")                         \
    X(tools, "recorded host")                                     \
    X(format, "slsa cyclonedx spdx omnibor")                      \
    X(completion, "bash zsh fish")

enum option_id {
#define X(id, letter, name, argument, repeat, doc) OPTION_##id,
    OPTIONS(X)
#undef X
        OPTION_COUNT
};
#define TAKES(id) (UINT64_C(1) << OPTION_##id)

struct option {
    char letter;
    const char *name, *argument;
    bool repeatable;
    const char *doc;
};
extern const struct option options[OPTION_COUNT];
extern const char *const option_words[OPTION_COUNT]; /* separated by spaces; NULL: it takes what fits its argument */

#define COMMANDS(X)                                                                                \
    X(init) X(configure) X(build) X(run) X(debug) X(fetch) X(graph) X(plan) X(check) X(explain) X(size) X(report) X(seal) X(diff) X(log) X(show) X(reproduce) X(export) X(verify) X(bundle) X(import) X(store) X(toolchain) X(clean) X(help) X(version) X(complete) X(embed) X(library)
enum command_id {
#define X(name) COMMAND_##name,
    COMMANDS(X)
#undef X
        COMMAND_COUNT
};
/* Each returns the exit status; what it reported to the diag is printed by command_main, whose status is the worse of the two. */
struct invocation;
#define X(name) int command_##name(struct invocation *);
COMMANDS(X)
#undef X

struct invocation {
    enum command_id command;
    const char *name; /* the command's */
    struct arena *arena;
    struct diag *diag;
    const char *value[OPTION_COUNT]; /* the argument, or "" for a flag; NULL when not given */
    VEC(const char *) sets, configs, catalogues, published, taps, blocks, secrets, scripts, evaluated;
    const char *const *arguments; /* words that are no options */
    size_t argument_count;
    const char *const *passed; /* words after "--" */
    size_t passed_count;
    const char *program; /* absolute path of this ukc */
    bool aside;          /* what -o names is standard output itself: see answer_stream */

    /* for --json */
    struct text answer; /* see answer_json */
    struct text output; /* of commands of the build that failed */
    struct below {      /* of the ukc that failed first among those that the build called */
        int status;     /* 0: none did */
        const char *error, *diagnostics;
    } below;
};

/* answer.c: the answer of a command with --json, whose text is taken; printed at the end, or within what is said of a failure. */
struct json;
void answer_json(struct invocation *, struct json *);
void answer_print(struct invocation *, int status, const char *diagnostics /* JSON Lines */);

static inline bool given(const struct invocation *i, enum option_id id)
{
    return i->value[id] != NULL;
}

/* Where a command says what it has done: standard error, if the file that it was to write is standard output. */
static inline FILE *answer_stream(const struct invocation *i)
{
    return i->aside ? stderr : stdout;
}

/* The number after an option, which is called `name`, from 1 to `most`; *number stays as it is when it was not given.  False after reporting. */
bool invocation_number(struct invocation *, enum option_id, const char *name, unsigned most, unsigned *number);
/* The number after --jobs, 0 when it was not given; false after reporting. */
bool invocation_jobs(struct invocation *, unsigned *jobs);

#endif
