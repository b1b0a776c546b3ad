/*
 * commands.c - what ukc can be asked to do.
 */
#include "command.h"
#include "../base/text.h"
#include <string.h>

#define TAKES_PROJECT (TAKES(catalogue) | TAKES(offline))
#define TAKES_CONTEXT (TAKES_PROJECT | TAKES(target) | TAKES(set) | TAKES(config))
#define TAKES_MACHINE (TAKES(machine) | TAKES(memory) | TAKES(accelerator) | TAKES(publish) | TAKES(tap) | TAKES(block))

const struct command commands[COMMAND_COUNT] = {
    [COMMAND_init] = {
        .name = "init",
        .arguments = "NAME",
        .summary = "make a new project: a small web site that works already",
        .description = "Makes the directory NAME with NAME/ukc.lua, NAME/NAME.c and NAME/htdocs/index.html: an appliance "
                       "that serves the folder htdocs over HTTP. An existing directory is left alone.",
        .takes = TAKES(quiet) | TAKES(json),
        .least = 1,
        .most = 1,
        .run = command_init,
    },
    [COMMAND_configure] = {
        .name = "configure",
        .arguments = "[NAME]",
        .summary = "evaluate the manifest, choose implementations, check every C type, write the build",
        .description = "Reads ukc.lua, resolves every requirement for the target, compares each implementation with its "
                       "signatures, and writes build/TARGET/. Choices are kept in ukc.lock, which belongs into version "
                       "control; --update chooses anew. NAME is needed where the manifest declares several unikernels. "
                       "Only the target is remembered from one configure to the next: settings and profile start from their defaults, "
                       "while builds repeat those of the last configure, --offline included. In a project, --help lists the project's own keys.",
        .takes = TAKES_CONTEXT | TAKES(profile) | TAKES(sanitize) | TAKES(seed) | TAKES(update) | TAKES(regenerate) | TAKES(quiet) | TAKES(json),
        .most = 1,
        .run = command_configure,
    },
    [COMMAND_build] = {
        .name = "build",
        .arguments = "[NAME]",
        .summary = "build the image of the target configured last",
        .description = "Runs Ninja on the build that configure wrote; a changed manifest is configured again first. Each "
                       "new image is recorded: what went in, what came out (see ukc log); so is a manifest that wants the same image in other words. Objects that a build of this user has compiled before, of the same "
                       "files by the same tools, are taken from the store; --no-cache compiles them. What compilers read is watched: a "
                       "file that nothing declares is an error. Where the kernel lets nobody watch, a warning and the record's run say so.",
        .takes = TAKES(target) | TAKES(jobs) | TAKES(offline) | TAKES(verbose) | TAKES(quiet) | TAKES(json) | TAKES(no_cache) | TAKES(unlogged),
        .most = 1,
        .run = command_build,
    },
    [COMMAND_run] = {
        .name = "run",
        .arguments = "[NAME] [-- ARGUMENT...]",
        .summary = "build if needed, then run the image",
        .description = "Words after -- are the image's own: the keys that it reads at boot, as --PATH=VALUE; --help lists them. The exit "
                       "status is the program's: 64 if it was given arguments that it does not take. The exact command is printed by --verbose and --dry-run; it is for the project's directory, and QEMU's own status is 33 where the image's is 0. A machine's status is 0 to 111, that of a crash, as which others are told. A kvm image runs in QEMU, whose "
                       "command is always printed, to standard error, unless --quiet forbids it. KVM is used only where a short trial shows that it is "
                       "faster than emulation in software. An image with a network card gets a network of QEMU's own, in which this host "
                       "reaches the ports that --publish names; --tap connects it to a device of the host instead. Ctrl-C and SIGTERM "
                       "press the machine's power button; after ten seconds, or the second time, the machine is stopped. Firecracker "
                       "and cloud-hypervisor pass no exit status on, and need KVM and --tap. For a xen image the file that xl takes is written "
                       "beside it (--dry-run prints it), and on a Xen host 'xl create -c' creates the domain. With --in-qemu that host is in "
                       "QEMU: a real Xen and a small Debian, put together once from the packages of this system's archive (100 MB, by apt-get, without root) and kept in "
                       "$XDG_CACHE_HOME/ukc, else ~/.cache/ukc. Ports, exit status, Ctrl-C and SIGTERM are as for kvm; the start of Xen takes a while.",
        .takes = TAKES(target) | TAKES(jobs) | TAKES(offline) | TAKES(verbose) | TAKES(quiet) | TAKES(dry_run) | TAKES(with) | TAKES_MACHINE |
                 TAKES(json_config) | TAKES(in_qemu) | TAKES(sealed),
        .most = 1,
        .passes = true,
        .run = command_run,
    },
    [COMMAND_debug] = {
        .name = "debug",
        .arguments = "[NAME] [-- ARGUMENT...]",
        .summary = "build if needed, then debug the image with gdb",
        .description = "A kvm image is started in QEMU and waits, before its first instruction, until gdb is attached: set breakpoints, then "
                       "'continue'. The machine ends when gdb does. A posix image is started by gdb's 'run'. Symbols are loaded; --profile dev of "
                       "configure keeps variables and lines as they were written, while in a release image many functions have become part of "
                       "those that call them (gdb finds them by name in a kvm image, by FILE:LINE in every one). --script and --eval are "
                       "gdb's -x and -ex; with --batch gdb ends after them, and its exit status is that of ukc. Words after -- are the image's own.",
        .takes = TAKES(target) | TAKES(jobs) | TAKES(offline) | TAKES(verbose) | TAKES(quiet) | TAKES(dry_run) | TAKES_MACHINE | TAKES(batch) |
                 TAKES(script) | TAKES(eval),
        .most = 1,
        .passes = true,
        .run = command_debug,
    },
    [COMMAND_fetch] = {
        .name = "fetch",
        .arguments = "[NAME]",
        .summary = "get the sources of everything that the project could use into the store",
        .description = "Every import of every implementation that could become part of the image on any target, the C library of "
                       "each target that is compiled from source, and every repository that a manifest uses; host libraries are "
                       "not fetched. --target leaves out what only other targets need. After it, configure and build need "
                       "no network: --offline makes sure. Without NAME, for all unikernels of the manifest. Prints a line for "
                       "each: already there, or fetched.",
        .takes = TAKES_PROJECT | TAKES(target) | TAKES(quiet) | TAKES(json),
        .most = 1,
        .run = command_fetch,
    },
    [COMMAND_graph] = {
        .name = "graph",
        .arguments = "[NAME]",
        .summary = "print what could become part of the image, on every target",
        .description = "Requirements with all their candidates, both branches of every choice that depends on a key or on "
                       "the target. What is chosen for a configured target is marked.",
        .takes = TAKES_CONTEXT | TAKES(dot) | TAKES(json),
        .most = 1,
        .run = command_graph,
    },
    [COMMAND_plan] = {
        .name = "plan",
        .arguments = "[NAME]",
        .summary = "print every instance of the image, its bindings and the value of each key",
        .description = "The resolved image as stable text, the format that ukc diff compares: for the target given or configured last, or posix. "
                       "'also' names the other instances that require one, by their requirements.",
        .takes = TAKES_CONTEXT | TAKES(update) | TAKES(bindings) | TAKES(dot) | TAKES(json),
        .most = 1,
        .run = command_plan,
    },
    [COMMAND_check] = {
        .name = "check",
        .arguments = "[NAME]",
        .summary = "check manifest, choices and C interfaces, and write no build",
        .description = "Everything that configure checks, for the target given or configured last. Imports are not fetched: they are compared "
                       "as far as the store has them.",
        .takes = TAKES_CONTEXT | TAKES(quiet) | TAKES(json),
        .most = 1,
        .run = command_check,
    },
    [COMMAND_explain] = {
        .name = "explain",
        .arguments = "NAME|IMAGE",
        .summary = "say why something is in the image, and why something else is not",
        .description = "NAME is the path of an instance (http.stack), an implementation, a signature, or a key. If nothing of these has the name, and the image is built, "
                       "NAME is a symbol or function of it, a source or embedded file or folder, a secret, or a range of its bytes (0x1000-0x1080): whose it is, by which requirements that "
                       "came into the image, and by what it is reached from the image's entry. Or NAME is an operation as C calls it (key_read, of the requirement key): who answers, "
                       "also where that left no code of its own. --absent asks why a symbol is not there. "
                       "sig.NAME means the signature alone, libc the C library. The target is that of ukc plan. With --in, NAME is a file that "
                       "went into the record's image, or the end of its path: a source, a header, a file that was embedded. Then the instance for which "
                       "it was read is shown, and who required it; of a source or an embedded file also the commands that read it, and their way to the image. With --hardening, NAME is an image, "
                       "of any origin: each feature with yes, no, or ? where no file could show it, and what shows it.",
        .takes = TAKES_CONTEXT | TAKES(in) | TAKES(absent) | TAKES(hardening) | TAKES(json),
        .least = 1,
        .most = 1,
        .run = command_explain,
    },
    [COMMAND_report] = {
        .name = "report",
        .arguments = "[NAME]",
        .summary = "write all that is known of the image as one HTML page",
        .description = "The page needs no network and no server: the graph of instances, what was chosen and what was not, a map of the bytes, keys and where their "
                       "values came from, and, of an image that was built, its record with origin, version, licence and hash of every part, and how it is hardened. It is written to "
                       "build/TARGET/NAME.html, or to the file of --output; where that is standard output, what is said of the page goes to standard error. The same image gives the same page.",
        .takes = TAKES_PROJECT | TAKES(target) | TAKES(output) | TAKES(quiet) | TAKES(json),
        .most = 1,
        .run = command_report,
    },
    [COMMAND_size] = {
        .name = "size",
        .arguments = "[NAME|IMAGE]",
        .summary = "say whose every byte of the image is",
        .description = "Of the image that ukc build made last, or of the file IMAGE, which lies where it was built. Each of its bytes is in one line of the "
                       "table: the sum is the file's size. What belongs to no instance stands in parentheses: (libc), (target), (padding). Padding within a section is the section's with --by section, "
                       "so that less is left as (padding). Of a file that ukc seal has made the image is looked for beside it and below build/: both have the same bytes at the same places. It is told by the linker's map, symbols "
                       "and references, and by debug information. A constant without a name belongs to the first function that refers to it. "
                       "Of an instance the lines of source are counted of which the image has code. "
                       "With --pruned it is said what was left out: functions and variables that were compiled for an instance and of which the image has nothing, because nobody calls them, or a "
                       "key is such that nobody does. They are weighed in a link of each instance by itself that keeps everything: 'alone' is the whole instance there, 'pruned' what of it is not in the image, "
                       "--by symbol names each. What is in the image may be more than alone, since code of others becomes part of it. Not weighed are what a key keeps from being compiled, constants without "
                       "a name, and the C library, of which only what is called is linked. "
                       "With --json an object with the array 'instances' ('files', 'symbols', 'sections' with --by), of objects with 'name' and 'bytes'.",
        .takes = TAKES(target) | TAKES(by) | TAKES(pruned) | TAKES(limit) | TAKES(json),
        .most = 1,
        .run = command_size,
    },
    [COMMAND_seal] = {
        .name = "seal",
        .arguments = "IMAGE",
        .summary = "put secrets into an image that has room for them",
        .description = "A manifest makes room for a secret with instance \"secret\" { set = { name = \"NAME\", size = \"4KiB\" } }: a store of signature kv_ro with the one entry NAME. The image "
                       "is built without it, and says so when it is run. This writes another file, IMAGE.sealed in this directory or the one of --output, which has all of the "
                       "image's secrets, each read from the file that --secret names. Only its owner can read it. The secrets are in no store, no record and no hash: the sealed file carries the hash "
                       "of the image that it was made from, by which show, reproduce, diff and the others find the image's record. A process is run as it is, a machine by "
                       "ukc run --sealed FILE; ukc explain --hardening says which secrets an image needs, and whether they are there.",
        .takes = TAKES(secret) | TAKES(output) | TAKES(quiet) | TAKES(json),
        .least = 1,
        .most = 1,
        .run = command_seal,
    },
    [COMMAND_diff] = {
        .name = "diff",
        .arguments = "A B",
        .summary = "compare two configured targets, saved plans, records or images",
        .description = "A and B are targets that have been configured, files with the output of ukc plan, or records, each named by a "
                       "hash or an image as for ukc show. Of plans, prints the "
                       "instances that only one of them has, and choices and keys that differ; a record beside a plan or a target has its own. "
                       "Of two records, prints all of what was wanted, what went in, what was run and what came out that differs, in "
                       "this order, then the bytes of each function and variable as far as the store has both images, and which of it comes first. The exit status is 0 also when they differ.",
        .takes = TAKES_PROJECT | TAKES(verbose) | TAKES(json),
        .least = 2,
        .most = 2,
        .run = command_diff,
    },
    [COMMAND_log] = {
        .name = "log",
        .arguments = "[NAME]",
        .summary = "list the recorded builds of all projects, newest first",
        .description = "Records are kept in $UKC_STORE, else $XDG_DATA_HOME/ukc, else ~/.local/share/ukc.",
        .takes = TAKES(target) | TAKES(limit) | TAKES(json),
        .most = 1,
        .run = command_log,
    },
    [COMMAND_show] = {
        .name = "show",
        .arguments = "HASH|IMAGE",
        .summary = "show what an image was made of",
        .description = "Of the record, recipe or image whose SHA-256 begins with HASH (8 digits or more), or of the file IMAGE: when and "
                       "where it was built, its tools, settings and plan; with --verbose all inputs and commands. --json prints everything.",
        .takes = TAKES(json) | TAKES(verbose),
        .least = 1,
        .most = 1,
        .run = command_show,
    },
    [COMMAND_reproduce] = {
        .name = "reproduce",
        .arguments = "HASH|IMAGE",
        .summary = "make a recorded image again, and compare it byte for byte",
        .description = "Takes the inputs from the store and runs the recorded commands in a fresh directory, shut in: they read nothing else (with --tools=host, what those tools need). The project is not needed. "
                       "Status 0: the image is identical; 3: it could not be made here (no memory, no room), and nothing was compared; 4: tools or inputs are missing, and which; "
                       "5: it differs, and the first command that made something else from equal inputs, or IMAGE has the note of a record, and other bytes; 6: the store is damaged. A file that is no image of this store's is 1. With --output the image is written to FILE. --from-manifest asks another question and "
                       "does not replay: the recorded manifest, settings and choices are configured and built by this ukc with its own libraries; status 0: "
                       "the recipe comes out the same; 5: it does not, and what differs first.",
        .takes = TAKES(output) | TAKES(from_manifest) | TAKES(tools) | TAKES(jobs) | TAKES(verbose) | TAKES(quiet) | TAKES(json),
        .least = 1,
        .most = 1,
        .run = command_reproduce,
    },
    [COMMAND_export] = {
        .name = "export",
        .arguments = "HASH|IMAGE",
        .summary = "say in the formats of others what an image was made of",
        .description = "Of the record that ukc show would show: SLSA provenance v1 in an in-toto statement; a bill of materials as CycloneDX 1.6 or "
                       "SPDX 2.3; or the OmniBOR 0.2 input manifest. All but the times and the audit in the statement, which are those of the newest build, come from "
                       "the record alone: the same record gives the same text. With --sign a DSSE envelope; "
                       "'openssl genpkey -algorithm ed25519 -out KEYFILE' makes a key. With --format omnibor, which is of the image's own bytes (ukc reproduce makes one that has left the store) and is not signed, --output names the directory of manifests.",
        .takes = TAKES(format) | TAKES(sign) | TAKES(output),
        .least = 1,
        .most = 1,
        .run = command_export,
    },
    [COMMAND_verify] = {
        .name = "verify",
        .arguments = "",
        .summary = "compare everything in the store with its hashes, or a signed text with its signature",
        .description = "Every record of the log of builds, and the index of them. With --deep all else as well: inputs, images, imported sources, kept tools. "
                       "With --signed a DSSE envelope, as ukc export --sign writes it: is it signed by the holder of --key? --output then writes what was signed. "
                       "Status 6: no signature of it is good.",
        .takes = TAKES(deep) | TAKES(signed) | TAKES(key) | TAKES(output) | TAKES(json) | TAKES(quiet),
        .run = command_verify,
    },
    [COMMAND_bundle] = {
        .name = "bundle",
        .arguments = "HASH|IMAGE...",
        .summary = "write records to one file, for another machine",
        .description = "The file holds all from which the images of these records can be made again, and who built them, where and when; ukc import "
                       "takes it into another store. It is a tar archive, and the same records make the same bytes. --all takes every record of the store; "
                       "--images adds the images, which reproduce does not need; --tools the compilers and linkers that ukc toolchain keep has kept (some 220 MB), for a "
                       "machine that has not these.",
        .takes = TAKES(output) | TAKES(all) | TAKES(images) | TAKES(with_tools) | TAKES(quiet) | TAKES(json),
        .most = 100000,
        .run = command_bundle,
    },
    [COMMAND_import] = {
        .name = "import",
        .arguments = "FILE",
        .summary = "take the records of a bundle into the store",
        .description = "Every part of FILE, which ukc bundle has made, is compared with its hashes before anything is written. A file that has "
                       "anything wrong or anything else in it is refused, and the store stays as it was. Tools in it stay there, unless --tools is given: they are "
                       "programs, which ukc reproduce runs; take them from those whom you let run programs on this machine.",
        .takes = TAKES(with_tools) | TAKES(quiet) | TAKES(json),
        .least = 1,
        .most = 1,
        .run = command_import,
    },
    [COMMAND_store] = {
        .name = "store",
        .arguments = "push REMOTE | pull REMOTE | gc | reindex",
        .summary = "share records through a git repository; look after the store",
        .description = "'push' gives REMOTE, a git repository that git reaches (a directory, ssh, https), all records and runs that it lacks; 'pull' takes those "
                       "that this store lacks, after each was compared with its hashes. Together two logs are their union: nothing is lost when "
                       "two push at once. 'gc' frees room and says how much: results of actions, which builds make again, what nothing names, then images that ukc reproduce can make again, because all they were made of and "
                       "their tools are here; with --older or --keep also imported sources that nobody used for a day or AGE, which ukc fetch gets again. "
                       "Records, and what they are made of, never leave; their objects are packed. "
                       "'reindex' makes the index of records again from the log of builds; a damaged or wrong one is set aside. What only the index knows, because the log was lost, is added to the log first.",
        .takes = TAKES(dry_run) | TAKES(older) | TAKES(keep) | TAKES(timeout) | TAKES(verbose) | TAKES(quiet) | TAKES(json),
        .least = 1,
        .most = 2,
        .run = command_store,
    },
    [COMMAND_toolchain] = {
        .name = "toolchain",
        .arguments = "keep [HASH|IMAGE]",
        .summary = "keep the compilers and linkers of a record in the store",
        .description = "The files of the tools' own packages: programs, the LLVM libraries that they load, the compiler's headers (some 220 MB); not the host's C library. "
                       "ukc reproduce then makes the image also where these tools are not installed, or others are. Without a word the tools "
                       "of the newest build of the project in this directory. They must be installed now. They never leave the store by themselves.",
        .takes = TAKES(quiet) | TAKES(json),
        .least = 1,
        .most = 2,
        .run = command_toolchain,
    },
    [COMMAND_clean] = {
        .name = "clean",
        .arguments = "",
        .summary = "remove what was built for the target configured last",
        .description = "With --all, removes build/ altogether. Manifests, sources, ukc.lock and the store stay.",
        .takes = TAKES(target) | TAKES(all) | TAKES(quiet),
        .run = command_clean,
    },
    [COMMAND_help] = {
        .name = "help",
        .arguments = "[TOPIC]",
        .summary = "explain a command, the manifest language or a signature",
        .description = "TOPIC is a command, 'manifest' for the whole manifest language, one of its declarations "
                       "(unikernel, implementation, signature, key, ...), 'signatures' for a list of those that can be "
                       "required, ukc's own and the project's, or one of them for its operations.",
        .takes = TAKES(man) | TAKES(completion) | TAKES(annotations),
        .most = 1,
        .run = command_help,
    },
    [COMMAND_version] = {
        .name = "version",
        .arguments = "",
        .summary = "print the version of ukc",
        .takes = TAKES(json),
        .run = command_version,
    },
    [COMMAND_complete] = {
        .name = "complete",
        .arguments = "keys|names|unikernels|targets|topics",
        .summary = "print words for the shell to complete (called by its completion script)",
        .takes = TAKES_CONTEXT,
        .least = 1,
        .most = 1,
        .hidden = true,
        .run = command_complete,
    },
    [COMMAND_embed] = {
        .name = "embed",
        .arguments = "",
        .summary = "pack files into an object (called by build.ninja)",
        .takes = TAKES(list) | TAKES(output),
        .hidden = true,
        .run = command_embed,
    },
    [COMMAND_library] = {
        .name = "library",
        .arguments = "",
        .summary = "take the target's C library from the store, or build it (called by build.ninja)",
        .takes = TAKES(list) | TAKES(output),
        .hidden = true,
        .run = command_library,
    },
};

const struct command *command_find(const char *name)
{
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        if (string_equal(commands[i].name, name))
            return &commands[i];
    return NULL;
}
