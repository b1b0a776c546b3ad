#!/usr/bin/env python3
"""Runs the tests: tests/run.py [--suite NAME] [--filter REGEX] [--long] [--accept] [--jobs N].

A suite is a module tests/suites/NAME.py with

    def tests(context):          yields (name, function)
    SECONDS = 300                optional: the time limit of each test
    SANITIZED = True             optional: run again with the sanitized compiler
    ALONE = True                 optional: its tests run one at a time (they measure, or use the whole machine)
    ORDER = 10                   optional: smaller runs earlier (default 50)

Each test runs in a child process with a time limit. The last line is 'N passed, N failed', with
', N skipped' when a test says what it is missing. The status is 1 when a test failed or none ran.
"""

import argparse
import importlib
import os
import re
import selectors
import shutil
import signal
import sys
import tempfile
import time
import traceback
import types
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
sys.dont_write_bytecode = True
import harness  # noqa: E402

SECONDS = 300
OUTPUT_MOST = 20000
PASSED, FAILED, SKIPPED = range(3)
OUTCOME = 40  # a test's process ends with this plus its outcome: another status is not ours


class Test:
    def __init__(self, suite, seconds, name, function):
        self.suite, self.name, self.function, self.seconds = suite, name, function, seconds


class Child:
    """A running test. Its outcome is its exit status; what it says is in a file."""

    def __init__(self, test):
        self.test = test
        self.start = time.monotonic()
        self.directory = tempfile.mkdtemp(prefix="ukc-test-")
        self.log = os.path.join(self.directory, "log")
        self.alive, child_end = os.pipe()
        sys.stdout.flush()
        sys.stderr.flush()
        self.pid = os.fork()
        if self.pid == 0:
            os.close(self.alive)
            self.work()
        os.close(child_end)

    def work(self):
        os.setsid()
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        null, log = os.open(os.devnull, os.O_RDONLY), os.open(self.log, os.O_WRONLY | os.O_CREAT, 0o600)
        for source, target in ((null, 0), (log, 1), (log, 2)):
            os.dup2(source, target)
        scratch = os.path.join(self.directory, "tmp")
        os.mkdir(scratch)
        os.environ["TMPDIR"] = tempfile.tempdir = scratch
        outcome = PASSED
        try:
            self.test.function()
        except harness.Skip as e:
            print(e)
            outcome = SKIPPED
        except BaseException as e:  # whatever it is, it is this test's failure
            # an expectation that did not hold says so itself (suites may have a Failure of their own)
            plain = type(e).__name__ in ("Failure", "AssertionError") and str(e)
            print(e if plain else traceback.format_exc())
            outcome = FAILED
        sys.stdout.flush()
        os._exit(OUTCOME + outcome)

    def kill(self):
        """The test and everything it started: its group, and whoever has its TMPDIR (a server in a session of its own)."""
        try:
            os.killpg(self.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        mark = f"TMPDIR={self.directory}/tmp".encode()
        for entry in os.listdir("/proc"):
            if entry.isdigit():
                try:
                    if mark in Path("/proc", entry, "environ").read_bytes().split(b"\0"):
                        os.kill(int(entry), signal.SIGKILL)
                except OSError:  # it has ended, or is not ours
                    pass

    def finish(self, late):
        """(outcome, seconds, what it printed)"""
        self.kill()  # also whatever it left running
        _, status = os.waitpid(self.pid, 0)
        os.close(self.alive)
        seconds = time.monotonic() - self.start
        try:
            text = Path(self.log).read_text(errors="backslashreplace")
        except FileNotFoundError:
            text = ""
        for path, _, _ in os.walk(self.directory):
            os.chmod(path, 0o700)
        shutil.rmtree(self.directory, ignore_errors=True)
        if late:
            return FAILED, seconds, f"no end within {self.test.seconds} s\n{text}"
        if os.WIFSIGNALED(status):
            return FAILED, seconds, f"killed by signal {os.WTERMSIG(status)}\n{text}"
        outcome = os.WEXITSTATUS(status) - OUTCOME
        if outcome not in (PASSED, FAILED, SKIPPED):
            return FAILED, seconds, f"ended with status {os.WEXITSTATUS(status)}\n{text}"
        return outcome, seconds, text


class Results:
    def __init__(self):
        self.counts = [0, 0, 0]

    def add(self, test, outcome, seconds, text):
        self.counts[outcome] += 1
        if outcome == PASSED:
            return
        if len(text) > OUTPUT_MOST:
            text = text[: OUTPUT_MOST // 2] + "\n[...]\n" + text[-OUTPUT_MOST // 2 :]
        text = text.strip("\n")
        if outcome == SKIPPED:
            print(f"skip {test.suite}/{test.name}: {' '.join(text.split())}")
        else:
            print(f"FAIL {test.suite}/{test.name} ({seconds:.1f} s)")
            for line in text.splitlines():
                print(f"    {line}")
        sys.stdout.flush()


def run_tests(tests, jobs, results):
    waiting, running = list(reversed(tests)), {}
    selector = selectors.DefaultSelector()
    try:
        while waiting or running:
            while waiting and len(running) < jobs:
                child = Child(waiting.pop())
                running[child.alive] = child
                selector.register(child.alive, selectors.EVENT_READ)
            now = time.monotonic()
            nearest = min(child.start + child.test.seconds for child in running.values())
            # the pipe closes when the test's process ends (its children do not inherit it)
            ended = {key.fd for key, _ in selector.select(max(0, nearest - now))}
            now = time.monotonic()
            for fd, child in list(running.items()):
                late = now >= child.start + child.test.seconds and fd not in ended
                if late or fd in ended:
                    selector.unregister(fd)
                    del running[fd]
                    results.add(child.test, *child.finish(late))
    finally:
        for child in running.values():
            child.finish(True)


def load_one(name):
    """The suite; one that cannot be imported becomes a suite that cannot be listed."""
    try:
        return importlib.import_module(name)
    except Exception:
        module, error = types.ModuleType(name), traceback.format_exc()

        def tests(_):
            raise harness.Failure(error)

        module.tests = tests
        return module


def load(names):
    modules = []
    for path in sorted((harness.ROOT / "tests" / "suites").glob("*.py")):
        if not names or path.stem in names:
            modules.append(load_one(f"suites.{path.stem}"))
    missing = set(names) - {module.__name__.split(".")[-1] for module in modules}
    if missing:
        sys.exit(f"tests/run.py: no such suite: {', '.join(sorted(missing))}")
    return sorted(modules, key=lambda m: (getattr(m, "ORDER", 50), m.__name__))


def suite_tests(module, title, context, wanted):
    """All tests of a suite. One that cannot be listed, or is empty, is a failed test."""

    seconds = getattr(module, "SECONDS", SECONDS)

    def listing_failed(error):
        def fail():
            raise harness.Failure(error)

        return [Test(title, seconds, "list", fail)]

    try:
        tests = [Test(title, seconds, *entry) for entry in module.tests(context)]
    except harness.Failure as e:
        return listing_failed(str(e))
    except Exception:
        return listing_failed(traceback.format_exc())
    if not tests:
        return listing_failed("the suite has no tests")
    return [test for test in tests if not wanted or wanted.search(f"{title}/{test.name}")]


def run_suite(module, title, context, wanted, totals):
    start = time.monotonic()
    tests = suite_tests(module, title, context, wanted)
    if not tests:
        return
    results = Results()
    run_tests(tests, 1 if getattr(module, "ALONE", False) else context.jobs, results)
    passed, failed, skipped = results.counts
    more = f", {skipped} skipped" if skipped else ""
    print(f"{title}: {passed} passed, {failed} failed{more}, {time.monotonic() - start:.1f} s", flush=True)
    totals.append(results.counts)


def arguments():
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0], prog="tests/run.py")
    p.add_argument("--suite", action="append", default=[], metavar="NAME", help="only this suite (may be repeated)")
    p.add_argument("--filter", metavar="REGEX", type=re.compile, help="only tests whose SUITE/NAME matches")
    p.add_argument("--long", action="store_true", help="the full counts")
    p.add_argument("--accept", action="store_true", help="rewrite the expectations of golden tests")
    p.add_argument("--jobs", type=int, default=os.cpu_count() or 1, metavar="N", help="tests at once (default: processors)")
    p.add_argument("--build", default=str(harness.ROOT / "build"), metavar="DIR", help="the build to test (default: build)")
    p.add_argument("--sanitized", metavar="DIR", help="a build with ASan and UBSan: some suites run with it as well")
    return p.parse_args()


def main():
    options = arguments()
    if not Path(options.build, "meson-info").exists():
        sys.exit(f"tests/run.py: there is no build in {options.build}: run ./bootstrap build")
    # a child that is stopped must not leave its temporary directory to us alone
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    common = {"long": options.long, "accept": options.accept, "jobs": max(1, options.jobs)}
    totals = []
    modules = load(options.suite)
    try:
        for module in modules:
            name = module.__name__.split(".")[-1]
            run_suite(module, name, harness.Context(options.build, **common), options.filter, totals)
        for module in modules:
            if options.sanitized and not options.accept and getattr(module, "SANITIZED", False):
                title = module.__name__.split(".")[-1] + "-sanitized"
                context = harness.Context(options.sanitized, sanitized=True, **common)
                run_suite(module, title, context, options.filter, totals)
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130
    passed, failed, skipped = (sum(counts[i] for counts in totals) for i in range(3))
    print(f"{passed} passed, {failed} failed" + (f", {skipped} skipped" if skipped else ""))
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
