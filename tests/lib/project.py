"""A project in a temporary directory, and ukc run in it, for the end-to-end suites."""

import contextlib
import fcntl
import hashlib
import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import urllib.request

import harness
from harness import Failure, free_port  # noqa: F401


def expect(condition, text, *details):
    if not condition:
        raise Failure("\n".join([text, *[str(d) for d in details]]))


class Result:
    def __init__(self, status, out, err):
        self.status, self.out, self.err = status, out, err

    def __str__(self):
        return f"status {self.status}\n--- stdout\n{self.out}\n--- stderr\n{self.err}"

    @property
    def json(self):
        return json.loads(self.out)


def flip(path):
    """One bit of a file, its size and the others as they were."""
    os.chmod(path, os.stat(path).st_mode | 0o200)
    with open(path, "r+b") as f:
        f.seek(os.path.getsize(path) // 2)
        byte = f.read(1)[0]
        f.seek(-1, os.SEEK_CUR)
        f.write(bytes([byte ^ 1]))


def fill(path):
    """A file that takes all room of its disk, to the last byte."""
    with open(path, "wb", buffering=0) as f:
        for size in (1 << 20, 1 << 12, 1):
            try:
                while f.write(b"x" * size):
                    pass
            except OSError:
                pass


class Project:
    """with Project(context) as p: p.ukc('init', 'site') ..."""

    def __init__(self, context, name="work", parent=None):
        self.context = context
        self.top = tempfile.mkdtemp(prefix="ukc-e2e-", dir=parent)
        self.path = os.path.join(self.top, name)
        os.makedirs(self.path)
        self.environment = harness.environment(self.top, UKC_STORE=store(context))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.top, ignore_errors=True)

    def file(self, *parts):
        return os.path.join(self.path, *parts)

    def read(self, *parts):
        with open(self.file(*parts), "rb") as f:
            return f.read()

    def write(self, name, content):
        path = self.file(name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as f:
            f.write(content.encode() if isinstance(content, str) else content)

    def copy(self, source, name="."):
        """Copies a folder of the repository (an example) into the project."""
        shutil.copytree(os.path.join(str(self.context.root), source), self.file(name), dirs_exist_ok=True,
                        ignore=shutil.ignore_patterns("build", "ukc.lock"))

    def enter(self, name):
        self.path = self.file(name)

    def run(self, *argv, status=0, timeout=300, environment=None, directory=None):
        r = subprocess.run(argv, cwd=directory or self.path, env=dict(self.environment, **(environment or {})), timeout=timeout,
                           stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        result = Result(r.returncode, r.stdout.decode(errors="replace"), r.stderr.decode(errors="replace"))
        if status is not None:
            expect(r.returncode == status, f"'{' '.join(map(str, argv))}' should end with status {status}", result)
        return result

    def ukc(self, *arguments, **options):
        return self.run(str(self.context.ukc), *arguments, **options)

    def start(self, *argv, **options):
        return subprocess.Popen(argv, cwd=self.path, env=self.environment, stdin=subprocess.DEVNULL,
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True, **options)

    @contextlib.contextmanager
    def serving(self, *argv, port):
        """Runs a server, waits until the port answers, stops it with SIGTERM and expects status 0."""
        process = self.start(*argv)
        try:
            wait_for_port(process, port)
            yield process
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGTERM)
                try:
                    process.wait(10)
                except subprocess.TimeoutExpired:
                    os.killpg(process.pid, signal.SIGKILL)
                    process.wait()
            process.output = process.stdout.read().decode(errors="replace")
            process.stdout.close()


def wait_for_port(process, port, seconds=20):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if process.poll() is not None:
            raise Failure(f"the server ended with status {process.returncode}\n{process.stdout.read().decode(errors='replace')}")
        with socket.socket() as s:
            s.settimeout(1)
            if s.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)
    raise Failure(f"nothing listens on port {port} after {seconds} s")


def fetch(port, path="/", headers=None):
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", headers=headers or {})
    with urllib.request.urlopen(request, timeout=10) as answer:
        return answer.status, dict(answer.headers), answer.read()


def store(context):
    """One store for the whole run, so that a package is downloaded once."""
    path = os.path.join(str(context.root), "build", "test-store")
    os.makedirs(path, exist_ok=True)
    return path


def copy_store(context, to, parts=("objects", "unpacked")):
    """Imports and what else is wanted of the store that all tests share, without its log of builds: they go on beside this."""
    shared = store(context)
    with open(os.path.join(shared, "store.lock"), "a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # no import does
        for part in parts:
            if os.path.isdir(os.path.join(shared, part)):
                shutil.copytree(os.path.join(shared, part), os.path.join(to, part), symlinks=True, ignore=shutil.ignore_patterns("log", "packed-refs", "tmp_obj*", "*.lock"))


def without_objects(context, p):
    """The imports and C libraries of the store that all tests share, as the project's own: whatever is compiled is compiled by it."""
    shared, path = store(context), p.file("store")
    copy_store(context, path, ("objects", "unpacked", "blobs"))
    os.makedirs(os.path.join(path, "actions"))
    for entry in os.scandir(os.path.join(shared, "actions")):
        if entry.stat().st_size > 1 << 20 or b"\nukc-tools 1\n" in open(entry.path, "rb").read():
            shutil.copy2(entry.path, os.path.join(path, "actions", entry.name))
    p.environment["UKC_STORE"] = path


def built_site(context, p):
    """`ukc init site`, configured and built for posix, entered: copied from one that was built before with this very ukc."""
    def make(fresh):
        fresh.ukc("init", "site")
        fresh.enter("site")
        fresh.ukc("configure", "--target", "posix")
        fresh.ukc("build")

    copy_made(context, p, "site", identity(context), make)


def copy_made(context, p, name, key, make):
    """Enters a copy of what make(project) makes, called `name`: it is made once, and again when the key is another one."""
    cache = os.path.join(str(context.root), "build", f"test-{name}", key)
    os.makedirs(os.path.dirname(cache), exist_ok=True)
    with open(os.path.join(os.path.dirname(cache), "lock"), "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not os.path.isdir(cache):
            for old in os.listdir(os.path.dirname(cache)):
                if old != "lock":
                    shutil.rmtree(os.path.join(os.path.dirname(cache), old))
            with Project(context) as fresh:
                make(fresh)
                shutil.copytree(fresh.path, cache + ".new", symlinks=True)
            os.rename(cache + ".new", cache)
    # a copy has other inodes, for which ukc would build everything anew
    shutil.copytree(cache, p.file(name), symlinks=True, ignore=shutil.ignore_patterns("inputs.state"))
    p.enter(name)


def identity(context, *more):
    """Of everything that decides what a build of the site makes: the compiler and the catalogue; and more folders of the repository."""
    h = hashlib.sha256()
    for top in ("build/ukc", "libs", "targets", "manifests", *more):
        path = os.path.join(str(context.root), top)
        files = [path] if os.path.isfile(path) else sorted(os.path.join(d, f) for d, _, fs in os.walk(path) for f in fs)
        for f in files:
            state = os.stat(f)
            h.update(f"{f} {state.st_size} {state.st_mtime_ns}\n".encode())
    return h.hexdigest()[:16]
