"""What survives: `counter` on disks of virtual machines (q35, microvm), killed, without power, with disks that cannot be used; and on a file of the host."""

import os
import re
import shlex
import signal
import threading
import urllib.error
import urllib.request

import harness
from lib.machine import image_status
from lib.project import Project, expect, fetch, free_port, wait_for_port

SECONDS = 1500  # musl may have to be compiled
MACHINES = ("q35", "microvm")
SANITIZER_FLAGS = ["-std=gnu2x", "-D_GNU_SOURCE", "-g", "-O1", "-fsanitize=address,undefined", "-fno-sanitize-recover=undefined"]


def post(port, path="/apples"):
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", method="POST")
    with urllib.request.urlopen(request, timeout=20) as answer:
        return int(answer.read())


def get(port, path="/apples"):
    return int(fetch(port, path)[2])


def disk(p, name, size, content=b""):
    with open(p.file(name), "wb") as f:
        f.write(content)
        f.truncate(size)


def build(p):
    p.copy("examples/counter")
    p.ukc("configure", "--target", "kvm")
    p.ukc("build", timeout=800)


class Guest:
    """The command that `ukc run` prints, run without it, so that the test can change the disk and kill the machine."""

    def __init__(self, p, machine, block, *arguments, change=lambda words: words):
        self.port = free_port()
        r = p.ukc("run", "--dry-run", "--accelerator", "tcg", "--machine", machine, "--publish", f"{self.port}:8080", "--block", block, "--", *arguments)
        words = shlex.split(r.out)
        at = words.index("-qmp")
        self.process = p.start(*change(words[:at] + words[at + 2:]))

    def __enter__(self):
        wait_for_port(self.process, self.port)
        for _ in range(40):  # the port is QEMU's before it is the image's
            try:
                get(self.port, "/up")
                return self
            except OSError:
                if self.process.poll() is not None:
                    break
                threading.Event().wait(0.25)
        self.__exit__()
        raise harness.Failure(f"it does not serve\n{self.said}")

    def __exit__(self, *_):
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
        self.said = self.process.stdout.read().decode(errors="replace").replace("\r", "")
        self.process.wait()
        self.process.stdout.close()


def concurrent(port, each, clients):
    """What several clients are told while they add at the same time: every number once."""
    told = []

    def client():
        for _ in range(each):
            told.append(post(port))

    threads = [threading.Thread(target=client) for _ in range(clients)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    return sorted(told)


def kept(context):
    harness.need("qemu-system-x86_64")
    with Project(context) as p:
        build(p)
        expect("zeroes" not in p.run("llvm-nm-19", "build/kvm/counter.debug").out, "nothing is zeroed here: the image has no code for it")
        for machine in MACHINES:
            disk(p, "disk.img", 4 << 20)
            with Guest(p, machine, "disk.img") as g:
                told = concurrent(g.port, 10, 6)
                expect(told == list(range(1, 61)), f"{machine}: every request counts once", told)
                expect(post(g.port, "/pears") == 1, "another path is another number")
            expect("a new store, of 8192 sectors of 512 bytes" in g.said, "a disk of zeros becomes a store", g.said)
            with Guest(p, machine, "disk.img") as g:  # it was killed
                expect((get(g.port), get(g.port, "/pears"), get(g.port, "/plums")) == (60, 1, 0), f"{machine}: what was told survives")
                g.told = 60

                def client():
                    try:
                        while True:
                            g.told = post(g.port)
                    except (OSError, ValueError):
                        pass

                t = threading.Thread(target=client)
                t.start()
                threading.Event().wait(1)
            t.join()
            expect(g.told > 60, "it was killed in the midst of work", g.told)
            with Guest(p, machine, "disk.img") as again:
                expect(get(again.port) in (g.told, g.told + 1), f"{machine}: what was told survives a machine killed at work", g.told, get(again.port))


def refused(p, machine, block, words, *arguments):
    """The image ends with an error, and says which."""
    r = p.ukc("run", "--quiet", "--accelerator", "tcg", "--machine", machine, "--publish", f"{free_port()}:8080", "--block", block, "--", *arguments,
              status=None, timeout=60)
    expect(r.status not in (0, 111) and words in r.out, f"{machine}, {block}: it ends with an error that says '{words}'", r)


def unusable(context):
    harness.need("qemu-system-x86_64")
    with Project(context) as p:
        build(p)
        disk(p, "small.img", 8192)
        disk(p, "other.img", 1 << 20, b"\xeb\x3c\x90 something else")
        disk(p, "blank.img", 1 << 20)
        disk(p, "good.img", 1 << 20)
        with Guest(p, "microvm", "good.img") as g:
            expect(post(g.port) == 1, "the first")
        good = p.read("good.img")
        damaged = bytearray(good)
        for at in (0, 4096):
            damaged[at + 30] ^= 4
        p.write("slots.img", bytes(damaged))
        damaged = bytearray(good)
        damaged[8192 + 20] ^= 4
        p.write("record.img", bytes(damaged))
        for machine in MACHINES:
            refused(p, machine, "small.img", "the device is too small: it has 16 sectors")
            refused(p, machine, "other.img", "overwrite it with format=other")
            refused(p, machine, "blank.img,ro", "it cannot be written")
            refused(p, machine, "slots.img", "both slots of the store are damaged")
            refused(p, machine, "record.img", "the store is damaged at sector 16")
        # `ukc run` would not start it: the image is asked itself
        command = p.ukc("run", "--dry-run", "--accelerator", "tcg", "--machine", "microvm").out
        r = p.run(*shlex.split(command), status=None, timeout=60)
        expect(image_status(r.status) == 1 and "store.block did not start: No such device, error 19" in r.out, "without a disk it ends with an error in words", r)
        with Guest(p, "microvm", "good.img,ro") as g:
            expect(get(g.port) == 1, "a disk that cannot be written is read")
            try:
                status = post(g.port) and 200
            except urllib.error.HTTPError as e:
                status = e.code
            expect(status >= 500, "and the client hears that nothing was counted", status)
            expect(get(g.port) == 1, "indeed")
        with Guest(p, "microvm", "other.img", "--store.format=other") as g:
            expect(post(g.port) == 1, "another disk is overwritten when that is asked for")
        with Guest(p, "microvm", "other.img") as g:
            expect(get(g.port) == 1, "and then is a store")


def replay_program(context, directory):
    harness.need("clang-19")
    program, root = directory / "replay", context.root
    include = ("libs/signatures", "libs/include", "tests/unit/runtime", "tests/unit/runtime/kv_block")
    harness.run(["clang-19", *SANITIZER_FLAGS, *(f"-I{root / i}" for i in include), root / "tests/storage/replay.c", root / "tests/unit/runtime/block_double.c",
                 *sorted((root / "libs/kv_block").glob("*.c")), "-o", program], timeout=120)
    return program


def power(context, machine):
    """QEMU logs what the image writes and flushes; power is then lost at every flush, in every way."""
    harness.need("qemu-system-x86_64")
    directory = harness.scratch()
    program, posts, sectors = replay_program(context, directory), 400 if context.long else 120, 128

    def logged(words):
        at = next(i for i, w in enumerate(words) if w.startswith("if=none,id=disk0"))
        words[at] = ("if=none,id=disk0,driver=blklogwrites,log-sector-size=512,discard=unmap,rerror=report,werror=report,file.driver=file,file.discard=unmap,file.filename=disk.img,"
                     "log.driver=file,log.filename=log.img")
        return words

    with Project(context) as p:
        build(p)
        disk(p, "disk.img", sectors * 512)
        disk(p, "log.img", 0)
        with Guest(p, machine, "disk.img", change=logged) as g:
            for n in range(1, posts + 1):
                expect(post(g.port) == n, "it counts")
        combinations = "4096" if context.long else "256"
        r = harness.run([program, p.file("log.img"), str(sectors), "apples", combinations], timeout=600)
        numbers = [int(n) for n in r.stdout.split()]
    # a new store is flushed three times, a change twice: after the first of them it counts, and with the second it is told
    expect(int(re.search(r"(\d+) sectors discarded", r.stderr)[1]) > 100, "the log that was left is discarded", r.stderr)
    expect(numbers == [0, 0, 0] + [n for n in range(1, posts + 1) for _ in range(2)], "what was told is on the disk, at every flush", numbers)


def host(context):
    """The same store, on a file of this host."""
    with Project(context) as p:
        p.copy("examples/counter")
        manifest = p.read("ukc.lua").decode()
        p.write("ukc.lua", manifest.replace('  keys     =', '  choose   = { store = "kv_block" },\n  keys     ='))
        port = free_port()
        p.ukc("configure", "--target", "posix", "--set", f"port={port}", "--set", "store.block.size=1MiB")
        p.ukc("build", timeout=300)
        for first in (1, 21):
            with p.serving("build/posix/counter", port=port):
                told = concurrent(port, 5, 4)
                expect(told == list(range(first, first + 20)), "every request counts once", told)


def tests(context):
    yield "host", lambda: host(context)
    yield "kept", lambda: kept(context)
    yield "unusable", lambda: unusable(context)
    for machine in MACHINES if context.long else MACHINES[1:]:
        yield f"power/{machine}", lambda machine=machine: power(context, machine)
