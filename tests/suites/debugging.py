"""Images under the tools of debugging: valgrind in each profile, gdb in a dev image."""

import http.client
import threading
import time

import harness
from lib.project import Project, expect, fetch, free_port

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


def use_after_free(context, profile):
    """What valgrind finds is shown with the file and line of C: the tests above could fail."""
    valgrind = harness.need("valgrind")
    with Project(context) as p:
        p.copy("examples/hello")
        source = p.read("hello.c").decode()
        p.write("hello.c", "#include <stdlib.h>\n" + source.replace(
            "    return console", "    char *volatile gone = malloc(1);\n    free(gone);\n    *(volatile char *)gone = 1;\n    return console"))
        line = 1 + p.read("hello.c").decode().split("*(volatile")[0].count("\n")
        p.ukc("configure", "--target", "posix", "--profile", profile)
        p.ukc("build")
        r = p.run(valgrind, *VALGRIND, "build/posix/hello", status=harness.CHECK_STATUS, timeout=120)
        expect("Invalid write" in r.err and f"(hello.c:{line})" in r.err, "the write is found, with file and line", r)


def gdb(context):
    gdb = harness.need("gdb")
    with Project(context) as p:
        example(p, "homepage", "dev")
        port = free_port()
        script = ["break homepage_main", "break http1_serve", "break homepage.c:answer", "run", "continue", "backtrace", "continue", "frame", "kill"]
        process = p.start(gdb, "-nx", "-batch", "-ex", "set breakpoint pending off", *[w for s in script for w in ("-ex", s)],
                          "--args", "build/posix/homepage", f"--port={port}")

        def ask():
            while process.poll() is None:
                try:
                    fetch(port)
                except (OSError, http.client.HTTPException):
                    time.sleep(0.1)  # it does not listen yet, or was stopped before it answered

        asking = threading.Thread(target=ask, daemon=True)
        asking.start()
        try:
            output = process.communicate(timeout=120)[0].decode(errors="replace")
        finally:
            if process.poll() is None:
                process.kill()
        source = p.read("homepage.c").decode().splitlines()
        main = 1 + next(i for i, line in enumerate(source) if "return http_serve" in line)
        if "ptrace: Operation not permitted" in output:
            raise context.skip("gdb may not trace a process here")
        expect(f"homepage_main () at homepage.c:{main}" in output, "the unikernel's function is shown with file and line", output)
        expect(f"http1_serve (port={port}, handler=" in output, "an implementation's function is shown with its arguments", output)
        expect("<answer>, context=0x0) at build/posix/root/libs.http1/serve.c:" in output, "and with file and line", output)
        expect("answer (exchange=0x" in output, "a handler in a task stops with its arguments", output)
        expect("<optimized out>" not in output, "nothing is optimized out", output)


def tests(context):
    for profile in PROFILES:
        for f in (hello, homepage, use_after_free):
            yield f"valgrind/{f.__name__}/{profile}", lambda f=f, profile=profile: f(context, profile)
    yield "gdb/homepage", lambda: gdb(context)
