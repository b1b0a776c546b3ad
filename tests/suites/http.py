"""The HTTP server and the stores: over a stack in memory, fuzzed, and from outside over real connections."""

import contextlib
import os
import resource
import signal
import socket
import time

import harness
from lib.project import Project, expect, free_port, wait_for_port

SECONDS = 900
SANITIZERS = ["-g", "-O1", "-fsanitize=address,undefined", "-fno-sanitize-recover=undefined"]
WARNINGS = ["-Wall", "-Wextra", "-Wshadow", "-Wmissing-prototypes", "-Wvla", "-Werror"]
MODULES = {
    "kv": ["libs/kv_memory", "targets/posix/kv_file", "targets/posix/kv_dir"],
    "http1": ["libs/http1"],
}


def sources(context, *folders):
    return [str(f) for folder in folders for f in sorted((context.root / folder).glob("*.c"))]


def llhttp(p):
    """Where ukc put llhttp for this project: it is imported, never part of the tree."""
    p.copy("tests/http")
    p.ukc("configure", "--target", "posix")
    p.ukc("build")
    root = p.file("build", "posix", "root")
    for name in os.listdir(root):
        if "node-llhttp" in name:
            return os.path.join(root, name, "usr", "share")
    raise harness.Failure(f"no llhttp below {root}: {os.listdir(root)}")


def compile(p, context, program, files, *flags, include=()):
    harness.need("clang-19")
    include = [f"-I{context.root / i}" for i in ("libs/include", "libs/signatures")] + [f"-I{i}" for i in include]
    p.run("clang-19", "-std=gnu2x", "-D_GNU_SOURCE", *SANITIZERS, *flags, *include, *files, "-o", p.file(program))


PARSERS = {"lines": ([], []), "llhttp": (["-DWITH_LLHTTP"], ["api", "http", "llhttp"])}


def compile_http(p, context, where, program, files, parser, *flags):
    """A program of http1 and a parser, or of both parsers alone."""
    headers, mine = os.path.join(where, "include", "llhttp"), context.root / "tests/unit/http1"
    both = parser == "both"
    define, imported = PARSERS["llhttp" if both else parser]
    objects = []
    for name in imported:
        objects.append(p.file(f"{name}.o"))
        p.run("clang-19", *SANITIZERS, "-w", "-DLLHTTP_STRICT_MODE=1", *[f for f in flags if f.startswith("-fsanitize=fuzzer-")],
              f"-I{headers}", "-c", os.path.join(where, "llhttp", f"{name}.c"), "-o", objects[-1])
    link = [f.replace("fuzzer-no-link", "fuzzer") for f in flags]
    own = sources(context, "libs/http_lines", "libs/http_llhttp") if both else \
        [str(mine / "fake.c"), *sources(context, "libs/http1", f"libs/http_{parser}")]
    # the stand-ins for generated headers come before the signatures of the same names
    p.run("clang-19", "-std=gnu2x", "-D_GNU_SOURCE", *SANITIZERS, *WARNINGS, *define, *[f for f in link if f.startswith("-fsanitize")], f"-I{mine}",
          f"-I{context.root / 'libs/include'}", f"-I{context.root / 'libs/signatures'}", f"-I{headers}", *files, *own,
          *objects, *[f for f in link if f.startswith("-l")], "-o", p.file(program))


def fuzz(p, context, where, target, parser, corpus, runs, *flags):
    p.run("rm", "-rf", p.file("found"))
    os.mkdir(p.file("found"))
    compile_http(p, context, where, target, [str(context.root / f"tests/fuzz/{target}.c")], parser, "-fsanitize=fuzzer-no-link")
    seconds = 600 if context.long else 60
    # from a fixed seed, unless there is time: a change is blamed only for what it did
    bounds = [] if context.long else ["-seed=1", f"-runs={runs}"]
    p.run(p.file(target), *bounds, f"-max_total_time={seconds}", "-rss_limit_mb=2048", "-timeout=10", *flags, p.file("found"),
          str(context.root / "tests/fuzz/corpus" / corpus), timeout=seconds + 120)


def in_memory(context):
    """The unit tests, of the server with each parser and of the parsers; then the fuzzers."""
    with Project(context) as p:
        where = llhttp(p)
        for parser in PARSERS:
            for name in ("connection", "parsers"):
                compile_http(p, context, where, f"{name}-{parser}", [str(context.root / f"tests/unit/http1/{name}.c")], parser, "-lcmocka")
                p.run(p.file(f"{name}-{parser}"))
        fuzz(p, context, where, "fuzz_http", "lines", "http", 30000, "-max_len=6000")
        fuzz(p, context, where, "fuzz_http_syntax", "both", "http_syntax", 60000, "-max_len=600")


def stores(context):
    with Project(context) as p:
        mine = context.root / "tests/unit/kv"
        compile(p, context, "unit", [str(mine / "kv.c"), *sources(context, *MODULES["kv"])], *WARNINGS, "-lcmocka", include=[mine])
        os.mkdir(p.file("empty"))
        p.run(p.file("unit"), directory=p.file("empty"))


def outside(context, *configure):
    """Everything that is asked of a running server."""
    with Project(context) as p:
        p.copy("tests/http")
        p.ukc("configure", "--target", "posix", *configure)
        image, port = p.ukc("build", "--json", timeout=600).json["image"], free_port()
        with p.serving(image, f"--port={port}", port=port) as server:
            r = p.run(image, f"--port={port}", status=1)
            said = r.out + r.err  # musl: Address in use, glibc: Address already in use
            expect(f"cannot listen on port {port}: Address " in said and " in use; a key may choose another: ukc run -- --help" in said,
                   "a second server cannot have the port, and says what helps", r)
            r = p.run("python3", str(context.root / "tests/http_conformance.py"), str(port), status=None, timeout=400)
        expect(r.status == 0, "the server keeps to RFC 9110 and 9112", r, server.output)
        expect(server.returncode == 0, "and ends with status 0", server.returncode, server.output)
        expect("ERROR" not in server.output and "runtime error" not in server.output, "no sanitizer complains", server.output)
        stopping(p, image)
        stuck(p, image)
        few_descriptors(p, image)


@contextlib.contextmanager
def running(p, image):
    port = free_port()
    server = p.start(image, f"--port={port}")
    try:
        wait_for_port(server, port)
        yield server, lambda: socket.create_connection(("127.0.0.1", port), timeout=10)
    finally:
        if server.poll() is None:
            server.kill()
            server.wait()
        server.stdout.close()


BLOCK = b"GET /block HTTP/1.1\r\nHost: a\r\n\r\n"


def stopping(p, image):
    """SIGTERM: idle connections are closed at once, an answer under way is finished."""
    with running(p, image) as (server, connect):
        idle, busy = connect(), connect()
        busy.sendall(BLOCK * 80)
        time.sleep(0.3)
        start = time.monotonic()
        server.send_signal(signal.SIGTERM)
        expect(idle.recv(1) == b"", "an idle connection ends")
        expect(time.monotonic() - start < 1, "at once", time.monotonic() - start)
        answers = b""
        while data := busy.recv(1 << 20):
            answers += data
        bodies = [a.partition(b"\r\n\r\n")[2] for a in answers.split(b"HTTP/1.1 200 OK\r\n")[1:]]
        expect(0 < len(bodies) < 80 and all(len(b) == 1000000 for b in bodies), "the answer under way is finished",
               [len(b) for b in bodies])
        expect(b"Connection: close" in answers[-1100000:], "and says that it is the last")
        expect(server.wait(10) == 0, "the status is 0", server.returncode)


def stuck(p, image):
    """SIGTERM: a client that does not read is given up after stop_time."""
    with running(p, image) as (server, connect):
        busy = connect()
        busy.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        busy.sendall(BLOCK * 16)
        time.sleep(0.3)
        start = time.monotonic()
        server.send_signal(signal.SIGTERM)
        expect(server.wait(10) == 0, "the status is 0", server.returncode)
        expect(time.monotonic() - start < 6, "a client that does not read is given up", time.monotonic() - start)
        busy.close()


def few_descriptors(p, image):
    """Fewer descriptors than connections are allowed: the one idle longest makes place for a new one, and that is said once."""
    request, answered = b"GET /inspect HTTP/1.1\r\nHost: a\r\n\r\n", b"HTTP/1.1 200"
    port, clients = free_port(), []
    server = p.start("sh", "-c", 'ulimit -n 16; exec "$@"', "sh", image, f"--port={port}")
    try:
        wait_for_port(server, port)
        for number in range(30):
            clients.append(socket.create_connection(("127.0.0.1", port), timeout=10))
            start = time.monotonic()
            clients[-1].sendall(request)
            expect(clients[-1].recv(1 << 16).startswith(answered), "client", number, "is answered")
            expect(time.monotonic() - start < 2, "soon", number, time.monotonic() - start)
        clients[-1].sendall(request)
        expect(clients[-1].recv(1 << 16).startswith(answered), "the newest connections are kept")
        clients[0].settimeout(2)
        expect(clients[0].recv(1 << 16) == b"", "and the oldest is not")
        ticks = processor_time(server.pid)
        time.sleep(0.5)
        expect(processor_time(server.pid) - ticks < 0.2, "waiting costs nothing")
        server.send_signal(signal.SIGTERM)
        expect(server.wait(10) == 0, "the status is 0", server.returncode)
        output = server.stdout.read().decode(errors="replace")
        expect(output.count("no descriptors") == 1, "it is said once", output)
    finally:
        for c in clients:
            c.close()
        if server.poll() is None:
            server.kill()
            server.wait()
        server.stdout.close()


CALLER = """
#include <stdbool.h>
#include "clock.h"
#include "console.h"
#include "http.h"
#include "keys.h"
#include "task.h"

static bool asleep;

static void say(struct view text)
{
    console_write(text.bytes, text.size);
}

static void sleep_for_ever(void *)
{
    asleep = true;
    while (task_sleep(deadline_after(clock_now(), NANOSECONDS_PER_SECOND)) == 0)
        ;
    asleep = false;
    say(VIEW("the sleeper is cancelled\\n"));
}

static int answer(struct http_exchange *exchange, void *)
{
    return http_respond(exchange, 200, VIEW("text/plain"), VIEW("here\\n"));
}

int caller_main(void)
{
    if (task_spawn(NULL, 0, sleep_for_ever, NULL) < 0)
        return 1;
    int error = http_serve(KEY_PORT, answer, NULL);
    say(asleep ? VIEW("served, and the sleeper sleeps\\n") : VIEW("served\\n"));
    return error < 0;
}
"""


def callers_children(context):
    """SIGTERM: tasks that the caller of http_serve has spawned are neither waited for nor cancelled by it."""
    with Project(context) as p:
        p.write("ukc.lua", """return unikernel "caller" {
  sources  = { "caller.c" },
  requires = { http = sig.http_server, task = sig.task, clock = sig.clock, console = sig.console },
  keys     = { port = key.port { default = 8080, phase = "both", doc = "TCP port to listen on" } },
  set      = { ["http.stop_time"] = 3600 },
}
""")
        p.write("caller.c", CALLER)
        p.ukc("configure", "--target", "posix", "--profile", "dev", "--sanitize")
        image = p.ukc("build", "--json", timeout=600).json["image"]
        with running(p, image) as (server, connect):
            idle = connect()
            idle.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            expect(idle.recv(1 << 16).startswith(b"HTTP/1.1 200"), "it answers")
            server.send_signal(signal.SIGTERM)
            output = server.communicate(timeout=300)[0].decode(errors="replace")
            expect(server.returncode == 0, "the status is 0", server.returncode, output)
            said = [line for line in output.splitlines() if "sleeper" in line or line == "served"]
            expect(said == ["served, and the sleeper sleeps", "the sleeper is cancelled"], "it outlives the server, not its parent", output)
            expect(idle.recv(1) == b"", "the server's own connection has ended")
            idle.close()


def processor_time(pid):
    with open(f"/proc/{pid}/stat") as f:
        parts = f.read().rsplit(")", 1)[1].split()
    return (int(parts[11]) + int(parts[12])) / os.sysconf("SC_CLK_TCK")


def idle_is_cheap(context):
    """A thousand connections that wait cost little more than their stacks: a limit well below one buffer each."""
    with Project(context) as p:
        p.copy("examples/homepage")
        p.ukc("configure", "--target", "posix")
        image, port = p.ukc("build", "--json", timeout=600).json["image"], free_port()

        def resident(pid):
            with open(f"/proc/{pid}/status") as f:
                return next(int(line.split()[1]) for line in f if line.startswith("VmRSS:"))

        with p.serving(image, f"--port={port}", port=port) as server:
            before, clients = resident(server.pid), []
            for _ in range(1000):
                clients.append(socket.create_connection(("127.0.0.1", port), timeout=10))
                clients[-1].sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
                expect(clients[-1].recv(12) == b"HTTP/1.1 200", "each is answered")
            each = (resident(server.pid) - before) / len(clients)
            expect(each < 24, f"{each:.1f} KiB for each idle connection")
            for c in clients:
                c.close()
        silent_ones_make_place(p, image)


def silent_ones_make_place(p, image):
    """No memory for more than some ten connections: however many are held that send nothing, or half of a head, another is answered, and that is said once."""
    request, answered = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", b"HTTP/1.1 200"
    with running(p, image) as (server, connect):
        with open(f"/proc/{server.pid}/status") as f:
            size = next(int(line.split()[1]) for line in f if line.startswith("VmSize:")) * 1024
        resource.prlimit(server.pid, resource.RLIMIT_AS, (size + (1 << 20), size + (1 << 20)))
        held = []
        for sent in (b"", request[:20], b"", request[:20]):
            for number in range(40):
                held.append(connect())
                held[-1].sendall(sent)
                if number % 8 == 7:
                    start = time.monotonic()
                    with connect() as client:
                        client.sendall(request)
                        expect(client.recv(1 << 16).startswith(answered), len(held), "are held, another is answered")
                    expect(time.monotonic() - start < 5, "soon", len(held), time.monotonic() - start)
        ticks = processor_time(server.pid)
        time.sleep(0.5)
        expect(processor_time(server.pid) - ticks < 0.2, "waiting costs nothing")
        server.send_signal(signal.SIGTERM)
        output = server.communicate(timeout=30)[0].decode(errors="replace")
        expect(server.returncode == 0 and output.count("no descriptors or memory") == 1, "it is said once", server.returncode, output)
        for s in held:
            s.close()


def tests(context):
    if context.long:
        yield "outside/release", lambda: outside(context)
    yield "outside/sanitized", lambda: outside(context, "--profile", "dev", "--sanitize", "--set", "parser=lines")
    yield "in memory", lambda: in_memory(context)
    yield "caller's children", lambda: callers_children(context)
    yield "stores", lambda: stores(context)
    yield "idle", lambda: idle_is_cheap(context)
