"""The user's walk: every command as a newcomer would use it, in a directory of their own."""

import hashlib
import json
import os
import shutil
import time

import harness
from lib.project import Project, built_site, expect, fetch, free_port


def site(p, *configure):
    p.ukc("init", "site")
    p.enter("site")
    p.ukc("configure", "--target", "posix", *configure)


def init_makes_a_working_site(context):
    with Project(context) as p:
        p.ukc("init", "site")
        made = sorted(os.path.relpath(os.path.join(d, f), p.file("site")) for d, _, fs in os.walk(p.file("site")) for f in fs)
        expect(made == ["htdocs/index.html", "site.c", "ukc.lua"], "init makes three files", made)
        p.enter("site")
        manifest = p.read("ukc.lua").decode()
        expect("requires =" in manifest and "port" in manifest, "the manifest has requires and a port key", manifest)
        p.ukc("configure", "--target", "posix")
        built = p.ukc("build", "--json").json
        image = built["image"]
        expect(os.path.isabs(image) and os.path.getsize(image) == built["bytes"], "build --json names the image", built)
        with open(image, "rb") as f:
            expect(hashlib.sha256(f.read()).hexdigest() == built["sha256"], "build --json has the image's SHA-256", built)
        port = free_port()
        with p.serving(str(context.ukc), "run", "--", f"--port={port}", port=port) as server:
            status, headers, body = fetch(port)
            expect(status == 200 and body == p.read("htdocs/index.html"), "the index comes back byte for byte", headers)
            expect(headers["Content-Type"].startswith("text/html"), "with its media type", headers)
        expect(server.returncode == 0, "SIGTERM stops the server with status 0", server.returncode, server.output)


def init_refuses(context):
    with Project(context) as p:
        p.ukc("init", "site")
        before = p.read("site/ukc.lua")
        r = p.ukc("init", "site", status=1)
        expect("exists already" in r.err and "another name" in r.err, "init leaves an existing directory alone", r)
        expect(p.read("site/ukc.lua") == before and os.listdir(p.path) == ["site"], "nothing is changed")
        p.ukc("init", "9lives", status=2)
        p.ukc("init", "a b", status=2)
        for name, reason in (("http", "the requirement 'http' is named like the unikernel"), ("int", "cannot be the name of a unikernel"),
                             ("failure", "the build directory has a file of that name"), ("obj", "the build directory has a file of that name")):
            r = p.ukc("init", name, status=2)
            expect(f"'{name}' cannot name this project: " in r.err and reason in r.err, "a project that could not be configured is not made", r)
        expect(os.listdir(p.path) == ["site"], "nothing is left")
        p.ukc("init", status=2)


def nothing_to_do(context):
    with Project(context) as p:
        built_site(context, p)
        first = p.ukc("build", "--json").json
        times = {f: os.stat(p.file("build/posix", f)).st_mtime_ns for f in ("build.ninja", "site", "plan.txt")}
        second = p.ukc("build", "--json").json
        expect(first["made"] and not second["made"], "the second build makes nothing", first, second)
        expect(second["sha256"] == first["sha256"] and second["record"] == first["record"], "and names the same record")
        p.ukc("configure", "--target", "posix")
        p.ukc("build")
        for f, t in times.items():
            expect(os.stat(p.file("build/posix", f)).st_mtime_ns == t, f"configuring again leaves {f} alone")


def rebuilds_what_changed(context):
    with Project(context) as p:
        built_site(context, p)
        a = p.ukc("build", "--json").json
        p.write("htdocs/index.html", "<p>changed")
        b = p.ukc("build", "--json").json
        expect(a["sha256"] != b["sha256"], "a changed page makes another image")
        p.write("htdocs/new.txt", "new")
        c = p.ukc("build", "--json").json
        expect(c["sha256"] != b["sha256"], "a new page is found without configuring by hand")
        port = free_port()
        with p.serving(str(context.ukc), "run", "--", f"--port={port}", port=port):
            expect(fetch(port, "/new.txt")[2] == b"new", "the new page is served")
        os.remove(p.file("htdocs/new.txt"))
        expect(p.ukc("build", "--json").json["sha256"] == b["sha256"], "without it the image is the one before")
        manifest = p.read("ukc.lua").decode()
        p.write("ukc.lua", manifest.replace("8080", "8081"))
        expect(p.ukc("build", "--json").json["sha256"] != b["sha256"], "a changed manifest is configured and built")


def older_files_are_noticed(context):
    """A backup moved back is older than the image: ninja alone would not see that it changed."""
    with Project(context) as p:
        built_site(context, p)
        first = p.ukc("build", "--json").json
        for name in ("htdocs/index.html", "site.c", "ukc.lua"):
            kept = p.read(name)
            p.write("backup", kept)
            os.utime(p.file("backup"), (1e9, 1e9))
            p.write(name, kept.replace(b"8080", b"8081") + {"site.c": b"\nint x __attribute__((used));\n"}.get(name, b"\n"))
            changed = p.ukc("build", "--json").json
            expect(changed["made"], f"a changed {name} makes an image")
            os.rename(p.file("backup"), p.file(name))
            r = p.ukc("build", "--json")
            expect(r.json["sha256"] == first["sha256"] and r.json["record"] == first["record"], f"an old {name} makes the first image again", r)
        expect(not p.ukc("build", "--json").json["made"], "and then there is nothing to do")


def asks_ninja_once(context):
    """For a record ninja says once what was run, with which inputs, and what the compilers read; of the C library what would be run."""
    with Project(context) as p:
        built_site(context, p)
        p.write("ninja", '#!/bin/sh\necho "$@" >>asked\nexec ninja "$@"\n')
        os.chmod(p.file("ninja"), 0o755)
        p.write("site.c", p.read("site.c") + b"\nint x __attribute__((used));\n")
        made = p.ukc("build", "--json", environment={"NINJA": p.file("ninja")}).json["made"]
        asked = [line.split(" -t ")[1].split()[0] for line in p.read("asked").decode().splitlines() if " -t " in line]
        expect(made and asked == ["compdb", "query", "deps", "compdb", "query"], "five questions", asked)


def same_bytes_elsewhere(context):
    hashes = set()
    for name in ("a", "another directory, ünïcode"):
        with Project(context, name) as p:
            site(p)
            hashes.add(p.ukc("build", "--json", "-j", "1" if name == "a" else "2").json["sha256"])
    expect(len(hashes) == 1, "two directories, one image", hashes)


def settings(context):
    with Project(context) as p:
        site(p, "--set", "port=9191")
        plan = p.ukc("plan").out
        expect("9191" in plan, "--set is kept for later commands", plan)
        keys = p.ukc("configure", "--help").out
        expect("port" in keys and "--set" in keys, "configure --help lists the project's keys", keys)
        r = p.ukc("configure", "--set", "prt=1", status=None)
        expect(r.status in (1, 2) and "port" in r.err, "an unknown key names the nearest", r)
        r = p.ukc("configure", "--set", "port=99999", status=None)
        expect(r.status in (1, 2) and "65535" in r.err, "a value out of range names the range", r)
        p.write("settings", "# of this site\nport = 9292\n")
        p.ukc("configure", "--config", "settings")
        expect("9292" in p.ukc("plan").out, "a settings file is read")
        p.write("settings.json", '\n{ "port": 1 }\n')
        r = p.ukc("configure", "--config", "settings.json", status=1)
        expect("settings.json:2:1: error: settings are lines PATH=VALUE; JSON is not read" in r.err and r.err.count("error:") == 1, "JSON is told", r)
        r = p.ukc("configure", "--config", "absent", status=1)
        expect("there is no file '" in r.err and "absent'" in r.err, "a file that is not there is the user's to mend", r)


def other_storage(context):
    """The same manifest keeps its data elsewhere on another target: configure says so, of what is the unikernel's own and left open."""
    with Project(context) as p:
        p.copy("examples/counter")
        out = p.ukc("configure", "--target", "posix").out
        expect("\nstore: kv_file, which other targets do not have: a folder" in out and out.count("\n") == 2, "on posix it is a folder", out)
        out = p.ukc("configure", "--target", "kvm").out
        expect("\nstore: kv_block, because kv_file is not for kvm: " in out and "\nits machine needs 1 disk" in out, "on kvm a disk", out)
        expect(p.ukc("configure", "--target", "kvm", "--quiet").out == "", "not when it must be quiet")
        p.write("ukc.lua", p.read("ukc.lua").decode().replace("sources ", 'choose = { store = "kv_memory" }, sources ', 1))
        out = p.ukc("configure", "--target", "posix").out
        expect("\nstore: " not in out, "nor of what the manifest chose", out)


def suffixes(context):
    """What a short path meant is said: it may be another key than its writer thought of."""
    with Project(context) as p:
        p.ukc("init", "site")
        p.enter("site")
        path = next(line.split()[0] for line in p.ukc("configure", "--help").out.splitlines() if line.strip().startswith("http.task.stack"))
        r = p.ukc("configure", "--set", "stack=1", status=1)
        expect(f"key '{path}' takes" in r.err, "an error names the whole path", r)
        r = p.ukc("configure", "--set", "stack=16384", "--set", "port=80")
        expect(r.out.endswith(f"\n{path} = 16384, by --set stack\n"), "a line says what was set", r)
        r = p.ukc("configure", "--set", f"{path}=16384", "--quiet")
        expect(r.out == "", "not when it must be quiet", r)
        r = p.ukc("configure", "--set", f"{path}=16384")
        expect("--set" not in r.out, "nor of a whole path", r)


def failures_are_json(context):
    """With --json a command that fails prints one object as well: how, why, and everything that was reported."""
    def fails(p, status, error, *words, at=None, output=None, **options):
        r = p.ukc(*words, "--json", status=status, **options)
        told = json.loads(r.out)
        expect(told["status"] == status and error in told["error"], f"{words} says how it failed", r)
        found = [d for d in told["diagnostics"] if error in d["message"]]
        expect(output or (found and found[0]["severity"] == "error"), f"{words}: with its diagnostics", r)
        expect(not at or (found[0]["path"], found[0]["line"]) == at, f"{words}: and their places", found)
        expect((output is None) == ("output" not in told) and (not output or output in told["output"]), f"{words}: and what the compiler said", told)
        return told

    with Project(context) as p:
        fails(p, 1, "there is no ukc.lua", "build")
        fails(p, 2, "does not take the option '--nonsense'", "build", "--nonsense")
        p.copy("examples/hello")
        good = p.read("ukc.lua").decode()
        fails(p, 1, "not configured yet", "build")
        p.ukc("configure", "--target", "posix", "--profile", "dev", "--json")
        p.write("ukc.lua", good.replace("sig.console", "sig.consle"))
        line = 1 + good[:good.index("sig.console")].count("\n")
        for command in ("configure", "check", "graph", "plan", "explain hello", "fetch", "build", "diff posix posix"):
            fails(p, 1, "there is no signature 'consle'", *command.split(), at=("ukc.lua", line), **({"output": "consle"} if command == "build" else {}))
        p.write("ukc.lua", good)
        fails(p, 1, "nothing is called 'nobody'", "explain", "nobody")
        for limit in ("none", "0", "-1", "99999999999999999999"):
            fails(p, 2, f"--limit is a number from 1 to 1000000, not '{limit}'", "log", f"--limit={limit}")
        fails(p, 1, "exists already", "init", "build")
        source = p.read("hello.c")
        p.write("hello.c", b"mistake\n" + source)
        fails(p, 1, "unknown type name 'mistake'", "build", at=("hello.c", 1), output="hello.c:1:1: error: unknown type name 'mistake'")
        p.write("hello.c", b'#include "consol.h"\n' + source)
        told = fails(p, 1, "'consol.h' file not found", "build", at=("hello.c", 1), output="'consol.h' file not found")["diagnostics"][1]
        expect(told["path"] == "ukc.lua" and told["message"] == "'hello' requires nothing that is called 'consol'", "a header of nearly a requirement's name", told)
        expect("did you mean \"console.h\"?" in told["notes"][0]["message"], "the name is said", told)
        p.write("hello.c", b"int nowhere(void);\n" + source.replace(b"return console", b"nowhere(); return console"))
        told = fails(p, 1, "nowhere", "build", output="undefined symbol: nowhere")
        expect([d["path"] for d in told["diagnostics"]] == ["hello.c"], "what ukc says of it as well", told)


def queries_are_json(context):
    with Project(context) as p:
        built_site(context, p)
        p.ukc("build")
        for command in (["graph"], ["plan"], ["check"], ["explain", "http"], ["log"], ["version"], ["diff", "posix", "posix"],
                        ["configure"], ["build"]):
            r = p.ukc(*command, "--json")
            try:
                json.loads(r.out)
            except ValueError as e:
                expect(False, f"ukc {command[0]} --json prints JSON: {e}", r)
        expect(p.ukc("log", "--json").json, "the build is in the log")
        expect("digraph" in p.ukc("graph", "--dot").out, "graph --dot is a Graphviz graph")
        expect("http" in p.ukc("explain", "http").out, "explain knows an instance")
        r = p.ukc("explain", "htp", status=1)
        expect("did you mean 'http'" in r.err, "an unknown name gets the nearest", r)


def development_profile(context):
    with Project(context) as p:
        site(p, "--profile", "dev", "--sanitize")
        p.ukc("build")
        port = free_port()
        with p.serving(str(context.ukc), "run", "--", f"--port={port}", port=port) as server:
            expect(fetch(port)[0] == 200, "a sanitized development image serves")
        expect(server.returncode == 0, "and ends clean", server.output)
        with open(p.file("compile_commands.json")) if os.path.exists(p.file("compile_commands.json")) else open(
                p.file("build/posix/compile_commands.json")) as f:
            files = [c["file"] for c in json.load(f)]
        expect(any(f.endswith("site.c") for f in files), "compile_commands.json names the user's file", files)


def clean_leaves_sources(context):
    with Project(context) as p:
        built_site(context, p)
        p.ukc("build")
        p.ukc("clean", "--all")
        expect(sorted(os.listdir(p.path)) == ["htdocs", "site.c", "ukc.lock", "ukc.lua"], "clean removes build only", os.listdir(p.path))
        r = p.ukc("build", status=1)
        expect("configure" in r.err, "build says what comes first", r)
        p.ukc("configure")
        p.ukc("build")


APPLIANCE = """
return
  unikernel "one" { sources = { "one.c" }, requires = { console = sig.console } },
  unikernel "two" { sources = { "two.c" }, requires = { console = sig.console } }
"""


def several_unikernels(context):
    """An appliance: commands take a name, each has its own build, the one configured last is the default."""
    with Project(context) as p:
        p.write("ukc.lua", APPLIANCE)
        for name in ("one", "two"):
            p.write(f"{name}.c", f'#include "console.h"\nint {name}_main(void) {{ return console_write("{name}\\n", 4) < 0; }}\n')
        r = p.ukc("configure", status=2)
        expect("several unikernels: say which" in r.err and "one, two" in r.err, "without a name the names are listed", r)
        r = p.ukc("configure", "tow", status=2)
        expect("one, two" in r.err, "a wrong name lists them too", r)
        p.ukc("configure", "one", "--profile", "dev")
        p.ukc("configure", "two", "--profile", "dev")
        expect(p.ukc("run").out.endswith("two\n"), "the one configured last is run")
        expect(p.ukc("run", "one").out.endswith("one\n"), "a name runs the other")
        expect(p.ukc("run").out.endswith("two\n"), "which does not make it the last")
        expect(os.path.exists(p.file("build/posix/one/one")) and os.path.exists(p.file("build/posix/two/two")), "side by side")


def from_a_folder_below(context):
    with Project(context) as p:
        built_site(context, p)
        p.ukc("build", directory=p.file("htdocs"))
        expect(os.path.exists(p.file("build/posix/site")), "commands find the project from a folder below")


def command_line_mistakes(context):
    with Project(context) as p:
        for words, hint in ((["biuld"], "build"), (["build", "--taget", "posix"], "target"), (["build", "--target"], "TARGET"),
                            (["run", "a", "b"], "unexpected"), (["configure", "--profile", "dev", "-q"], None),
                            (["configure", "--profile", "fast"], "--profile is release or dev, not 'fast'"), (["run", "--with", "quemu"], "'qemu'"),
                            (["fetch", "-t", "kmv"], "did you mean 'kvm'?"), (["log", "--target", "moon"], "--target is posix, kvm or xen, not 'moon'"),
                            (["help", "--completion", "tcsh"], "bash, zsh or fish"), (["plan", "--colour", "sometimes"], "always, never or auto"),
                            (["build", "--", "x"], "--"), (["graph", "--dot", "--json"], "'--json' or '--dot', not both"), (["plan", "--json", "--bindings"], "not both"), (["diff", "posix"], "'ukc help diff' says more"), (["help", "mainfest"], "manifest")):
            r = p.ukc(*words, status=None)
            if hint is None:
                expect(r.status == 1 and "ukc.lua" in r.err, "configure outside a project says so", r)
                continue
            expect(r.status == 2 and hint in r.err, f"ukc {' '.join(words)} is a usage error with a hint", r)
        expect("usage:" in p.ukc("help").out and "usage:" in p.ukc("build", "--help").out, "help helps")
        expect("unikernel" in p.ukc("help", "manifest").out, "help manifest documents the language")
        r = p.run("sh", "-c", f"exec '{context.ukc}' help > /dev/full", status=3)
        expect("write" in r.err, "a full disk for the output is status 3", r)


def says_what_it_takes(context):
    """The target that nobody named, and a build that nobody asked for."""
    with Project(context) as p:
        p.ukc("init", "site")
        p.enter("site")
        for command in (["plan"], ["plan", "--json"], ["explain", "http"]):
            r = p.ukc(*command)
            expect("not configured yet: this is for target posix" in r.err, f"{command[0]} says which target it means", r)
            expect(p.ukc(*command, "--target", "kvm").err == "", "unless it was told")
        p.ukc("configure", "--target", "posix", "--profile", "dev")
        expect(p.ukc("plan").err == "", "or the project is configured")
        expect(p.ukc("run", "--dry-run").err.startswith("building build/posix/site ..."), "run says that it builds")
        expect(p.ukc("run", "--dry-run").err == "", "and says nothing when there is nothing to build")
        p.write("site.c", p.read("site.c") + b"/* changed */\n")
        expect(p.ukc("run", "--dry-run", "--quiet").err == "", "or where it must not")


def help_on_signatures(context):
    with Project(context) as p:
        r = p.ukc("help", "signatures")
        expect("sig.http_server " in r.out and r.err == "", "outside a project ukc's own are listed", r)
        expect("http_server_serve(" in p.ukc("help", "http_server").out, "and explained")
        for wrong in ("htp_server", "sig.htp_server"):
            r = p.ukc("help", wrong, status=2)
            expect("did you mean 'ukc help http_server'?" in r.err, "a misspelt one is recognised", r)
        p.write("ukc.lua", 'return signature "tally" { doc = "counts" }, unikernel "w" { sources = { "w.c" } }')
        p.write("below/tally.h", "")
        expect("sig.tally " in p.ukc("help", "-C", "below", "signatures").out, "in a project, its own as well")
        r = p.ukc("help", "tally", status=1)
        expect("ukc.lua:1:8" in r.err and "tally.h" in r.err, "one without a header says which is missing", r)
        p.write("ukc.lua", "return unikernel {")
        r = p.ukc("help", "signatures")
        expect("sig.http_server " in r.out and "'ukc check' says why" in r.err, "in a project with mistakes ukc's own, and why not the others", r)
        r = p.ukc("help", "tally", status=2)
        expect("'ukc check' says why" in r.err, "nor can the project's be explained", r)


def settings_with_nul(context):
    """What stands behind a NUL byte is not silently left out."""
    with Project(context) as p:
        p.ukc("init", "site")
        p.enter("site")
        p.write("settings", b"# mine\nport=8081\n\0port=8082\n")
        r = p.ukc("plan", "--target", "posix", "--config", "settings", status=1)
        expect("settings:3:1: error: settings are lines of text; this is a NUL byte" in r.err, "its place is said", r)


def not_there(context):
    """What this version does not have is said in one line, not as something that the manifest lacks."""
    with Project(context) as p:
        p.ukc("init", "site")
        p.enter("site")
        for words, said in ((["--target", "kvm", "--sanitize"], "error: --sanitize is for target posix, not kvm: the sanitizers need a host\n"),
                            (["--target", "posix", "--sanitize"], "error: --sanitize is for the dev profile\nhelp: add --profile dev\n")):
            expect(p.ukc("configure", *words, status=2).err == said, f"configure {' '.join(words)} is told so", p.ukc("configure", *words, status=2))


def installed(context):
    """After `meson install` into a prefix, the compiler works without its source tree."""
    if not os.path.isdir(os.path.join(context.root, "build", "meson-info")):
        raise harness.Skip("ukc was not built with Meson in build/")
    with Project(context) as p:
        p.run("meson", "install", "-C", os.path.join(context.root, "build"), "--no-rebuild", "--destdir", p.file("root"))
        found = [os.path.join(d, "ukc") for d, _, fs in os.walk(p.file("root")) for f in fs if f == "ukc" and d.endswith("bin")]
        expect(len(found) == 1, "one program is installed", found)
        p.run(found[0], "init", "site")
        p.enter("site")
        p.run(found[0], "configure")
        p.run(found[0], "build")
        expect(os.path.exists(p.file("build/posix/site")), "the installed ukc builds")
        rig = os.path.join(os.path.dirname(found[0]), "..", "share", "ukc", "targets", "xen", "in-qemu")
        expect(sorted(os.listdir(rig)) == ["assemble", "block", "init", "run"], "what --in-qemu is put together from is there")


def manual_and_completion(context):
    with Project(context) as p:
        p.write("ukc.1", p.ukc("help", "--man").out)
        if shutil.which("man"):
            r = p.run("man", "--warnings", "-E", "UTF-8", "-l", "-Tutf8", "ukc.1", environment={"MANROFFSEQ": ""})
            expect(r.err.strip() == "" and "ukc configure" in r.out, "the manual page renders without warnings", r)
        said = [line.split(None, 1) for line in p.ukc("help").out.split("exit status:\n")[1].splitlines() if line.startswith("  ")]
        expect([s for s, _ in said] == list("0123456"), "help lists the exit statuses", said)
        expect(all(f"\n.B {s}\n{text}.\n" in p.read("ukc.1").decode() for s, text in said), "and the manual page says the same of them", said)
        p.write("c.bash", p.ukc("help", "--completion", "bash").out)
        p.run("bash", "-n", "c.bash")
        r = p.run("bash", "-c", ". ./c.bash; COMP_WORDS=(ukc con); COMP_CWORD=1; _ukc; echo ${COMPREPLY[@]}")
        expect(r.out.split() == ["configure"], "bash completes a command", r)
        p.write("c.fish", p.ukc("help", "--completion", "fish").out)
        p.write("c.zsh", p.ukc("help", "--completion", "zsh").out)
        for shell in ("zsh", "fish"):
            if shutil.which(shell):
                p.run(shell, "-n", f"c.{shell}")


def completed_by_bash(p, *words):
    """What bash offers for the last word; bash gives '=' a word of its own."""
    quoted = " ".join(f"'{w}'" for w in (str(p.context.ukc), *words))
    r = p.run("bash", "-c", f". ../c.bash; COMP_WORDS=({quoted}); COMP_CWORD={len(words)}; _ukc; printf '%s\\n' \"${{COMPREPLY[@]}}\"")
    expect(r.err == "", "completion is quiet", r)
    return r.out.split()


def completes_names_and_keys(context):
    with Project(context) as p:
        p.write("c.bash", p.ukc("help", "--completion", "bash").out)
        p.write("nothing/here", "")
        p.ukc("init", "site")
        top = p.path
        p.enter("site")
        p.ukc("configure", "--target", "posix")
        for words, offered in ((("configure", "--set", "po"), ["port="]), (("plan", "-s", "stack.n"), ["stack.net=host", "stack.net=native"]),
                               (("configure", "--set", "stack.net", "=", "n"), ["native"]), (("configure", "--set", "=", "port"), ["port="]),
                               (("configure", "--set", "http.log.time", "="), ["none", "uptime", "utc"]),
                               (("configure", "--target", "=", "po"), ["posix"]), (("fetch", "-t", "k"), ["kvm"]),
                               (("configure", "-p", "d"), ["dev"]), (("run", "-p", "d"), []), (("run", "--machine", "m"), ["microvm"]),
                               (("run", "--accelerator", "t"), ["tcg"]), (("debug", "--accelerator", "k"), ["kvm"]),
                               (("run", "--with", "fire"), ["firecracker"]), (("plan", "--colour", "n"), ["never"]),
                               (("run", "--block", "ukc.lo"), ["ukc.lock"]), (("build", "-j", "u"), []), (("build", "s"), ["site"]), (("run", "s"), ["site"]),
                               (("explain", "http1"), ["http1"]), (("explain", "http.stack.b"), ["http.stack.backlog"]),
                               (("explain", "kv_r"), ["kv_ro", "kv_rw"]), (("diff", "p"), ["posix"]), (("help", "unik"), ["unikernel"]), (("help", "kv_"), ["kv_ro", "kv_rw"])):
            expect(completed_by_bash(p, *words) == offered, f"{words} becomes {offered}", completed_by_bash(p, *words))
        expect(completed_by_bash(p, "-C", p.path, "explain", "http1") == ["http1"], "also behind -C")
        p.write("ukc.lua", "return unikernel {")
        expect(completed_by_bash(p, "build", "s") == [], "a manifest with a mistake completes nothing, quietly")
        p.path = os.path.join(top, "nothing")
        for words in (("configure", "--set", "po"), ("explain", "ht"), ("build", "si"), ("diff", "po")):
            started = time.monotonic()
            expect(completed_by_bash(p, *words) == [], "outside a project nothing is completed, quietly")
            expect(time.monotonic() - started < 2, "and quickly")
        expect(completed_by_bash(p, "help", "kv_") == ["kv_ro", "kv_rw"], "but for ukc's own signatures")
        for kind in ("keys", "names", "unikernels", "targets"):
            r = p.ukc("complete", kind)
            expect(r.out == r.err == "", "ukc complete says nothing there", r)


TESTS = [init_makes_a_working_site, init_refuses, nothing_to_do, rebuilds_what_changed, older_files_are_noticed, asks_ninja_once, same_bytes_elsewhere, settings, suffixes, other_storage,
         queries_are_json, failures_are_json, development_profile, clean_leaves_sources, several_unikernels, from_a_folder_below, command_line_mistakes, says_what_it_takes, help_on_signatures, settings_with_nul, not_there, installed,
         manual_and_completion, completes_names_and_keys]


def tests(context):
    for test in TESTS:
        yield test.__name__, lambda test=test: test(context)
