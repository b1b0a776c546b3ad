"""What a test may use: failing, skipping, running programs, comparing texts.

A test is a function without arguments that returns when all is well and raises
Failure (or any exception) when not. It runs in a process of its own, in a process
group that is killed when its time is up, with TMPDIR naming an empty directory
that is removed afterwards.
"""

import difflib
import os
import re
import shutil
import socket
import subprocess
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CHECK_STATUS = 99  # of a program in which a sanitizer or valgrind found something


class Failure(Exception):
    """The message is shown as it is."""


class Skip(Exception):
    """The message says what is missing."""


class Context:
    """What a suite is given: where things are, and what was asked for."""

    def __init__(self, build, sanitized=False, long=False, accept=False):
        self.root = ROOT
        self.build = Path(build).resolve()
        self.ukc = self.build / "ukc"
        self.sanitized = sanitized
        self.long = long
        self.accept = accept
        self.skip = Skip


def scratch():
    """An empty directory, removed with the test."""
    return Path(tempfile.mkdtemp(prefix="t"))


def environment(home=None, **more):
    """The environment of a tested program: no settings of the user, no colour, a store of its own."""
    home = Path(home) if home else scratch()
    # the way to the registry of packages and to the network is the host's, and is kept
    kept = r"PATH|TMPDIR|UKC_SOURCE_ROOT|(?i:(http|https|no|all|ftp)_proxy)|SSL_CERT_(FILE|DIR)"
    env = {name: value for name, value in os.environ.items() if re.fullmatch(kept, name)}
    env.update(HOME=str(home), UKC_STORE=str(home / "store"), LC_ALL="C", TERM="dumb", NO_COLOR="1")
    env.update(sanitizer_options())
    env.update({name: str(value) for name, value in more.items()})
    return env


def sanitizer_options():
    suppressions = ROOT / "tests" / "lsan.supp"
    return {
        "ASAN_OPTIONS": f"exitcode={CHECK_STATUS}:detect_stack_use_after_return=1:strict_string_checks=1",
        "UBSAN_OPTIONS": f"halt_on_error=1:print_stacktrace=1:exitcode={CHECK_STATUS}",
        "LSAN_OPTIONS": f"suppressions={suppressions}:print_suppressions=0:exitcode={CHECK_STATUS}",
    }


def run(argv, status=0, timeout=60, cwd=None, env=None, input=None):
    """Runs a program; its CompletedProcess with text. Fails on another exit status; None accepts every one."""
    argv = [str(word) for word in argv]
    try:
        done = subprocess.run(argv, cwd=cwd, env=env if env is not None else environment(), timeout=timeout,
                              input=input, stdin=subprocess.DEVNULL if input is None else None,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8", errors="backslashreplace")
    except subprocess.TimeoutExpired as e:
        raise Failure(f"$ {' '.join(argv)}\nno end within {timeout} s\n{e.stderr or ''}") from None
    except OSError as e:
        raise Failure(f"$ {' '.join(argv)}\ncannot be started: {e}") from None
    if done.returncode == CHECK_STATUS or (status is not None and done.returncode != status):
        raise Failure(f"$ {' '.join(argv)}\nstatus {done.returncode}, expected {status}\n{done.stdout}{done.stderr}")
    return done


def equal(expected, got, what):
    """Fails with the difference."""
    if expected == got:
        return
    lines = difflib.unified_diff(expected.splitlines(), got.splitlines(), f"{what} (expected)", f"{what} (got)", lineterm="")
    text = "\n".join(lines)
    raise Failure(text or f"{what}: differs in white space at line ends\nexpected {expected!r}\ngot      {got!r}")


def need(program):
    """The program's path; skips the test when it is not installed."""
    path = shutil.which(program, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")
    if not path:
        raise Skip(f"{program} is not installed")
    return path


def free_port():
    """A TCP port on the loopback that was free just now."""
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def unit_tests(context):
    """The programs that Meson knows as unit tests: (name, argv, environment)."""
    import json

    listed = context.build / "meson-info" / "intro-tests.json"
    if not listed.exists():
        raise Failure(f"{listed} is missing: run ./bootstrap build")
    for test in sorted(json.loads(listed.read_text()), key=lambda t: t["name"]):
        if any(suite.split(":")[-1] == "unit" for suite in test["suite"]):
            yield test["name"], test["cmd"], test["env"]
