#!/usr/bin/env python3
"""Runs the tests: tests/run.py [--suite NAME] [--filter REGEX] [--long] [--accept] [--jobs N] [--slowest N].

A suite is a module tests/suites/NAME.py with

    def tests(context):          yields (name, function)
    SECONDS = 300                optional: the time limit of each test
    SECONDS_LONG = 3000          optional: the same with --long
    SANITIZED = True             optional: run again with the sanitized compiler ("long": only with --long)
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

    def __str__(self):
        return f"{self.suite.title}/{self.name}"


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


class Suite:
    """What became of a suite's tests; says so when the last of them has ended."""

    def __init__(self, title):
        self.title = title
        self.counts = [0, 0, 0]
        self.start = time.monotonic()
        self.open = 0  # tests that have not ended
        self.spent = 0.0  # the sum of their times

    def add(self, test, outcome, seconds, text):
        self.counts[outcome] += 1
        self.spent += seconds
        self.open -= 1
        if outcome != PASSED:
            self.tell(test, outcome, seconds, text)
        elif text.startswith("score: "):
            print(f"{test}: {text.strip()}")
        if not self.open:
            passed, failed, skipped = self.counts
            more = f", {skipped} skipped" if skipped else ""
            took = time.monotonic() - self.start
            print(f"{self.title}: {passed} passed, {failed} failed{more}, {took:.1f} s ({self.spent:.1f} s of tests)", flush=True)

    def tell(self, test, outcome, seconds, text):
        if len(text) > OUTPUT_MOST:
            text = text[: OUTPUT_MOST // 2] + "\n[...]\n" + text[-OUTPUT_MOST // 2 :]
        text = text.strip("\n")
        if outcome == SKIPPED:
            print(f"skip {test}: {' '.join(text.split())}")
        else:
            print(f"FAIL {test} ({seconds:.1f} s)")
            for line in text.splitlines():
                print(f"    {line}")
        sys.stdout.flush()


class Pool:
    """Runs tests, so many at once; the next suite begins while the last tests of the one before still run."""

    def __init__(self, jobs):
        self.jobs = jobs
        self.running = {}
        self.selector = selectors.DefaultSelector()
        self.times = []  # (seconds, test)

    def run(self, suites):
        """suites: an iterable of lists of tests"""
        try:
            for tests in suites:
                for test in tests:
                    self.wait(self.jobs - 1)
                    child = Child(test)
                    self.running[child.alive] = child
                    self.selector.register(child.alive, selectors.EVENT_READ)
            self.wait(0)
        finally:
            for child in self.running.values():
                child.finish(True)

    def wait(self, most):
        """until no more than so many run"""
        while len(self.running) > most:
            now = time.monotonic()
            nearest = min(child.start + child.test.seconds for child in self.running.values())
            # the pipe closes when the test's process ends (its children do not inherit it)
            ended = {key.fd for key, _ in self.selector.select(max(0, nearest - now))}
            now = time.monotonic()
            for fd, child in list(self.running.items()):
                late = now >= child.start + child.test.seconds and fd not in ended
                if late or fd in ended:
                    self.selector.unregister(fd)
                    del self.running[fd]
                    outcome, seconds, text = child.finish(late)
                    self.times.append((seconds, str(child.test)))
                    child.test.suite.add(child.test, outcome, seconds, text)


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


def suite_tests(module, suite, context, wanted):
    """All tests of a suite. One that cannot be listed, or is empty, is a failed test."""

    seconds = getattr(module, "SECONDS", SECONDS)
    if context.long:
        seconds = getattr(module, "SECONDS_LONG", seconds)

    def listing_failed(error):
        def fail():
            raise harness.Failure(error)

        return [Test(suite, seconds, "list", fail)]

    try:
        tests = [Test(suite, seconds, *entry) for entry in module.tests(context)]
    except harness.Failure as e:
        return listing_failed(str(e))
    except Exception:
        return listing_failed(traceback.format_exc())
    if not tests:
        return listing_failed("the suite has no tests")
    return [test for test in tests if not wanted or wanted.search(str(test))]


def listed(modules, options, done):
    """The tests of each suite, when its turn comes; `done` gets the suites."""
    common = {"long": options.long, "accept": options.accept}
    rounds = [(module, "", options.build, False) for module in modules]
    if options.sanitized and not options.accept:
        rounds += [(module, "-sanitized", options.sanitized, True) for module in modules if getattr(module, "SANITIZED", False) in ((True, "long") if options.long else (True,))]
    for module, suffix, build, sanitized in rounds:
        suite = Suite(module.__name__.split(".")[-1] + suffix)
        context = harness.Context(build, sanitized=sanitized, **common)
        tests = suite_tests(module, suite, context, options.filter)
        suite.open = len(tests)
        done.append(suite)
        yield tests


def arguments():
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0], prog="tests/run.py")
    p.add_argument("--suite", action="append", default=[], metavar="NAME", help="only this suite (may be repeated)")
    p.add_argument("--filter", metavar="REGEX", type=re.compile, help="only tests whose SUITE/NAME matches")
    p.add_argument("--long", action="store_true", help="the full counts")
    p.add_argument("--accept", action="store_true", help="rewrite the expectations of golden tests")
    # one more than there are processors: many wait for guests and time-outs half of their time
    p.add_argument("--jobs", type=int, default=(os.cpu_count() or 1) + 1, metavar="N", help="tests at once (default: processors + 1)")
    p.add_argument("--slowest", type=int, default=0, metavar="N", help="list the N tests that took longest")
    p.add_argument("--build", default=str(harness.ROOT / "build"), metavar="DIR", help="the build to test (default: build)")
    p.add_argument("--sanitized", metavar="DIR", help="a build with ASan and UBSan: some suites run with it as well")
    return p.parse_args()


def main():
    options = arguments()
    if not Path(options.build, "meson-info").exists():
        sys.exit(f"tests/run.py: there is no build in {options.build}: run ./bootstrap build")
    # a child that is stopped must not leave its temporary directory to us alone
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    suites, pool = [], Pool(max(1, options.jobs))
    try:
        pool.run(listed(load(options.suite), options, suites))
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130
    if options.slowest:
        for seconds, test in sorted(pool.times, reverse=True)[: options.slowest]:
            print(f"{seconds:8.1f} s  {test}")
    passed, failed, skipped = (sum(suite.counts[i] for suite in suites) for i in range(3))
    print(f"{passed} passed, {failed} failed" + (f", {skipped} skipped" if skipped else ""))
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
