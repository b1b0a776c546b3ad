"""Images under the tools of debugging: valgrind in each profile, gdb in a dev image, and in machines of both profiles (`ukc debug`)."""

import http.client
import os
import re
import signal
import threading
import time

import harness
from lib import machine as kvm
from lib.project import Project, expect, fetch, free_port

SECONDS = 900  # the C library of kvm may have to be compiled
PROFILES = ("release", "dev")
VALGRIND = ["--leak-check=full", f"--error-exitcode={harness.CHECK_STATUS}"]
# an address that is no memory; a stack that nobody told valgrind of; debug information it cannot read
BAD = ("Invalid ", "switching stacks", "unhandled dwarf", "Giving up")


def example(p, name, profile):
    p.copy(f"examples/{name}")
    p.ukc("configure", "--target", "posix", "--profile", profile)
    p.ukc("build")


def clean(status, output):
    expect(status == 0, "the image ends well under valgrind", output)
    expect("ERROR SUMMARY: 0 errors" in output, "valgrind has run to the end and found nothing", output)
    for words in BAD:
        expect(words not in output, f"valgrind does not say '{words}'", output)


def hello(context, profile):
    valgrind = harness.need("valgrind")
    with Project(context) as p:
        example(p, "hello", profile)
        r = p.run(valgrind, *VALGRIND, "build/posix/hello", status=None, timeout=120)
        expect(r.out == "Hello, world.\n", "the image says what it says without valgrind", r)
        clean(r.status, r.err)


def homepage(context, profile):
    valgrind = harness.need("valgrind")
    with Project(context) as p:
        example(p, "homepage", profile)
        port = free_port()
        with p.serving(valgrind, *VALGRIND, "build/posix/homepage", f"--port={port}", port=port) as process:
            status, _, body = fetch(port)
            expect(status == 200 and body == p.read("htdocs/index.html"), "the page is served under valgrind", status, body)
        clean(process.returncode, process.output)


# valgrind knows the heap of the host's C library, which dev images have; release images bring their own
MISTAKES = {
    "use_after_free/dev": ("char *volatile gone = malloc(1);\n    free(gone);\n    *(volatile char *)gone = 1;", "Invalid write"),
    "uninitialised/dev": ("char *volatile new = malloc(1);\n    if (*(volatile char *)new)\n        return 2;", "depends on uninitialised value"),
    "nowhere/release": ("char *volatile nowhere = (char *)8;\n    *(volatile char *)nowhere = 1;", "Invalid write"),
}


def mistake(context, name):
    """What valgrind finds is shown with the file and line of C: the tests above could fail."""
    valgrind = harness.need("valgrind")
    code, words = MISTAKES[name]
    with Project(context) as p:
        p.copy("examples/hello")
        source = p.read("hello.c").decode()
        p.write("hello.c", "#include <stdlib.h>\n" + source.replace("    return console", f"    {code}\n    return console"))
        line = 1 + p.read("hello.c").decode().split("*(volatile")[0].count("\n")
        p.ukc("configure", "--target", "posix", "--profile", name.split("/")[1])
        p.ukc("build")
        r = p.run(valgrind, *VALGRIND, "build/posix/hello", status=None, timeout=120)
        expect(r.status == (-signal.SIGSEGV if "nowhere" in name else harness.CHECK_STATUS), "the status tells", r)
        expect(words in r.err and f"(hello.c:{line})" in r.err, "it is found, with file and line", r)


def gdb_release(context):
    """A release image loads itself anywhere; its debug information lies beside it."""
    gdb = harness.need("gdb")
    with Project(context) as p:
        example(p, "hello", "release")
        r = p.run(gdb, "-nx", "-batch", "-ex", "set breakpoint pending off", "-ex", "break main", "-ex", "run", "build/posix/hello",
                  status=None, timeout=120)
        if "ptrace: Operation not permitted" in r.err:
            raise context.skip("gdb may not trace a process here")
        expect("Breakpoint 1, " in r.out and "main (" in r.out.split("Breakpoint 1, ")[1] and "/start.c:" in r.out.split("Breakpoint 1, ")[1],
               "it stops where it runs, at a line of C", r)


def asked(process, port):
    """What a debugger says while somebody keeps asking for the page."""
    def ask():
        while process.poll() is None:
            try:
                fetch(port)
            except (OSError, http.client.HTTPException):
                time.sleep(0.1)  # it does not listen yet, or was stopped before it answered

    threading.Thread(target=ask, daemon=True).start()
    try:
        return process.communicate(timeout=300)[0].decode(errors="replace")
    finally:
        if process.poll() is None:
            process.kill()


def line_of(source, words):
    return 1 + next(i for i, line in enumerate(source.decode().splitlines()) if words in line)


def ends_in_task(output, target):
    """The callers of a handler end where its task begins."""
    frames = [line for line in output.splitlines() if line.startswith("#")]
    expect(f" run () at build/{target}/root/libs.tasks/tasks.c:" in frames[-1], "the backtrace ends with the task's own function", output)
    expect(not any("?? ()" in line for line in frames), "no caller is unknown", output)


def gdb(context):
    gdb = harness.need("gdb")
    with Project(context) as p:
        example(p, "homepage", "dev")
        port = free_port()
        script = ["break homepage_main", "break http1_serve", "break homepage.c:answer", "run", "continue", "backtrace", "continue", "backtrace", "kill"]
        process = p.start(gdb, "-nx", "-batch", "-ex", "set breakpoint pending off", *[w for s in script for w in ("-ex", s)],
                          "--args", "build/posix/homepage", f"--port={port}")

        output = asked(process, port)
        main = line_of(p.read("homepage.c"), "return http_serve")
        if "ptrace: Operation not permitted" in output:
            raise context.skip("gdb may not trace a process here")
        expect(f"homepage_main () at homepage.c:{main}" in output, "the unikernel's function is shown with file and line", output)
        expect(f"http1_serve (port={port}, handler=" in output, "an implementation's function is shown with its arguments", output)
        expect("<answer>, context=0x0) at build/posix/root/libs.http1/serve.c:" in output, "and with file and line", output)
        expect("answer (exchange=0x" in output, "a handler in a task stops with its arguments", output)
        ends_in_task(output, "posix")
        expect("<optimized out>" not in output, "nothing is optimized out", output)


def guest(context, profile):
    """`ukc debug` stops in homepage.c inside the machine, with lines and callers; in a dev image also with every variable."""
    harness.need("gdb")
    harness.need("qemu-system-x86_64")
    with Project(context) as p:
        kvm.built(context, p, "homepage", profile)
        port = free_port()
        script = ["set breakpoint pending off", "break homepage_main", "continue", "backtrace 1", "break homepage.c:answer", "continue", "backtrace", "next", "info locals", "disconnect"]  # by kill QEMU may be gone before gdb is told
        process = p.start(str(context.ukc), "debug", "--accelerator", "tcg", "--machine", "microvm" if profile == "dev" else "q35",
                          "-p", f"{port}:8080", "--batch", *[w for s in script for w in ("--eval", s)], "--", "--log.level=debug")
        output = asked(process, port)
        source = p.read("homepage.c")
        # in a release image it may be a declaration's: local variables begin as zeros
        first, second = line_of(source, "struct representation forms"), line_of(source, "int error = pages_open")
        expect(process.returncode == 0, "gdb ends well", process.returncode, output)
        # the linker made it a part of main, and its callee a part of it: both begin at one place
        expect(re.search(r"Breakpoint 1, (homepage_main|http1_serve) \(", output), "the unikernel's function is found by its name in C", output)
        expect("answer (exchange=0x" in output, "a handler in a task of the machine stops with its arguments", output)
        expect(any(f" at homepage.c:{line}" in output for line in range(first, second + 1)), "with file and line", output)
        expect(re.search(r"argument=0x\w+ <\w+>\) at build/kvm/root/libs.http1/", output), "and its callers", output)
        ends_in_task(output, "kvm")
        expect("status = " in output, "and its variables", output)
        expect(profile == "release" or "status = 200" in output, "all of them in a dev image", output)
        left = [name for name in p.run("ls", "build/kvm").out.split() if name.endswith((".gdb", ".qmp", ".crash"))]
        expect(not left, "no socket is left behind", left)


CRASH = """
#include <stdlib.h>

int probe_main(void)
{
    volatile int here = 42;
    if (here == 42)
        abort();
    return 0;
}
"""


def stale(context):
    """Symbols of a release image that was built before are not taken for those of a dev image, by gdb or for a crash."""
    harness.need("gdb")
    harness.need("qemu-system-x86_64")
    harness.need("llvm-symbolizer-19")
    with Project(context) as p:
        p.write("ukc.lua", 'return unikernel "probe" { sources = { "probe.c" } }')
        p.write("probe.c", "int probe_main(void)\n{\n    return 0;\n}\n")
        kvm.build(p)
        expect(p.read("build", "kvm", "probe.debug"), "a release image has its symbols beside it")
        p.write("probe.c", CRASH)
        kvm.build(p, options=["--profile", "dev"])
        p.write("build/kvm/probe.debug", b"of another build")
        r = p.ukc("debug", "--accelerator", "tcg", "--batch", "--eval", "break probe.c:7", "--eval", "continue", "--eval", "print here", "--eval", "disconnect",
                  status=None, timeout=120)  # it runs on, and crashes if it has the time
        expect(f"probe_main () at probe.c:{line_of(CRASH.encode(), 'if (here')}" in r.out and "$1 = 42" in r.out, "gdb has the image's own symbols", r)
        r = p.ukc("run", "--quiet", "--accelerator", "tcg", status=111, timeout=120)
        expect("ukc: the crash, by build/kvm/probe:" in r.err and "probe_main at ./probe.c:" in r.err, "so have the places of a crash", r)


def of_another_build(context):
    """Symbols beside a release image that are not its own are never shown: they are made again."""
    harness.need("gdb")
    harness.need("qemu-system-x86_64")
    with Project(context) as p:
        p.write("ukc.lua", 'return unikernel "probe" { sources = { "probe.c" } }')
        p.write("probe.c", "int probe_main(void)\n{\n    return 0;\n}\n")
        kvm.build(p)
        other = p.read("build", "kvm", "probe.debug")
        p.write("probe.c", CRASH)
        kvm.build(p)
        own = p.read("build", "kvm", "probe.debug")
        for symbols in (other, b"nothing"):
            p.write("build/kvm/probe.debug", symbols)
            r = p.ukc("debug", "--accelerator", "tcg", "--batch", "--eval", "info registers rip", timeout=120)
            expect("rip" in r.out and p.read("build", "kvm", "probe.debug") == own, "what another hand has changed is made again", r)


def ended(context):
    """`ukc debug` that is asked to end leaves no machine, no gdb and no socket."""
    harness.need("gdb")
    harness.need("qemu-system-x86_64")
    with Project(context) as p:
        p.write("ukc.lua", 'return unikernel "probe" { sources = { "probe.c" } }')
        p.write("probe.c", "#include <stdio.h>\nint probe_main(void)\n{\n    printf(\"ready\\n\");\n    fflush(stdout);\n    for (;;)\n        ;\n}\n")
        kvm.build(p)
        for number in (signal.SIGTERM, signal.SIGHUP):
            q = p.start(str(context.ukc), "debug", "--accelerator", "tcg", "--batch", "--eval", "continue")
            while line := q.stdout.readline():
                if b"ready" in line:
                    break
            expect(os.path.exists(p.file("build/kvm/probe.gdb")), "gdb is attached over a socket", line)
            q.send_signal(number)
            output = q.communicate(timeout=60)[0]  # to its end: nobody else has the other end of the pipe
            expect(q.returncode == 128 + number, "it ends as asked", q.returncode, output)
            expect(b"Traceback" not in output, "gdb ends in peace", output)
            expect(not os.path.exists(p.file("build/kvm/probe.gdb")), "the socket is gone", os.listdir(p.file("build/kvm")))


def failed(context):
    """A machine that has failed is a failure of `ukc debug`, whatever gdb thinks of a connection that is closed; one that is left alone is none."""
    harness.need("gdb")
    harness.need("qemu-system-x86_64")
    with Project(context) as p:
        p.write("ukc.lua", 'return unikernel "probe" { sources = { "probe.c" } }')
        for source, status in ((CRASH, 111), ("int probe_main(void) { return 7; }\n", 7), ("int probe_main(void) { return 0; }\n", 0)):
            p.write("probe.c", source)
            kvm.build(p)
            r = p.ukc("debug", "--accelerator", "tcg", "--batch", "--eval", "continue", status=status, timeout=120)
            said = f"ukc: the machine has ended with status {status}\n"
            expect((said in r.err) == (status != 0), "and it is said", r)
        r = p.ukc("debug", "--accelerator", "tcg", "--batch", "--eval", "info registers rip", status=0, timeout=120)
        expect("rip" in r.out, "a machine that gdb leaves where it is has not failed", r)


def dry_run(context):
    """What would be run is printed, for both targets; Firecracker and others are not for debugging."""
    with Project(context) as p:
        p.copy("examples/hello")
        p.ukc("configure", "--target", "posix")
        p.write("script.gdb", "")
        r = p.ukc("debug", "--dry-run", "--script", "script.gdb", "--eval", "run", "--batch", "--", "--a", "b c")
        expect(r.out.split("/", 1)[-1].endswith("gdb -q -batch -x script.gdb -ex run --args build/posix/hello --a 'b c'\n"), "gdb's command on posix", r)
        r = p.ukc("debug", "--dry-run", "--script", "none", status=2)
        expect("error: --script: there is no file 'none'" in r.err, "a script that is not there is told", r)
        kvm.built(context, p, "hello")
        machine, debugger = p.ukc("debug", "--dry-run", "--accelerator", "tcg", "--memory", "2M", "--eval", "break main", "--", "x").out.splitlines()
        expect(machine.endswith(" -gdb unix:build/kvm/hello.gdb,server=on,wait=off -S -kernel build/kvm/hello -append x"), "QEMU waits for gdb", machine)
        expect(debugger.endswith("gdb -q build/kvm/hello.names.debug -ex 'set architecture i386:x86-64' -ex 'target remote build/kvm/hello.gdb' "
                                 "-ex 'break main'"), "gdb has the symbols and where QEMU waits", debugger)
        p.ukc("debug", "--with", "firecracker", status=2)


def tests(context):
    for profile in PROFILES:
        for f in (hello, homepage):
            yield f"valgrind/{f.__name__}/{profile}", lambda f=f, profile=profile: f(context, profile)
    for name in MISTAKES:
        yield f"valgrind/{name}", lambda name=name: mistake(context, name)
    yield "gdb/release", lambda: gdb_release(context)
    yield "gdb/homepage", lambda: gdb(context)
    for profile in PROFILES:
        yield f"gdb/kvm/{profile}", lambda profile=profile: guest(context, profile)
    yield "gdb/stale", lambda: stale(context)
    yield "gdb/failed", lambda: failed(context)
    yield "gdb/of another build", lambda: of_another_build(context)
    yield "gdb/ended", lambda: ended(context)
    yield "gdb/dry-run", lambda: dry_run(context)
