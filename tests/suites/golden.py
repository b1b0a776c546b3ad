"""Golden tests: an input and its expectation, in tests/golden/PHASE/.

NAME.lua, or a directory NAME/ with a ukc.lua, is the input. Each file NAME.EXTENSION beside it is
an expectation, and its extension picks the command:

    .err    ukc check                   must fail; its standard error
    .graph  ukc graph                   standard output, as for all that follow
    .dot    ukc graph --dot
    .json   ukc graph --json
    .plan   ukc plan --target posix
    .out    the command of '-- only:'

Comments at the head of the Lua file change that:

    -- args: --set net=native           added to the command
    -- status: 3                        expected exit status (1 for .err, else 0)
    -- only: explain disk               the command, in place of the table's

A test runs in a copy of its own, where NAME.lua is called ukc.lua; HOME and UKC_STORE are empty
directories. In outputs the copy is called $HERE and the source tree $UKC. With --accept the
expectations are rewritten from what ukc says; review the difference before you commit it.
"""

import re
import shlex
import shutil
from pathlib import Path

import harness

ORDER = 20
SANITIZED = True

COMMANDS = {
    "err": ["check"],
    "graph": ["graph"],
    "dot": ["graph", "--dot"],
    "json": ["graph", "--json"],
    "plan": ["plan", "--target", "posix"],
    "out": None,
}


def head_comments(lua):
    words = {}
    for line in lua.read_text(errors="replace").splitlines():
        if not line.startswith("--"):
            break
        found = re.match(r"-- *(args|status|only): *(.*)$", line)
        if found:
            words[found[1]] = found[2].strip()
    return words


def manifest_of(case):
    return case / "ukc.lua" if case.is_dir() else case


def name_of(case):
    return case.name if case.is_dir() else case.stem


def cases(phase):
    """The inputs of a phase, and the expectations of each by extension."""
    inputs = [p for p in phase.iterdir() if p.suffix == ".lua" or (p.is_dir() and (p / "ukc.lua").exists())]
    for case in sorted(inputs):
        found = {e: phase / f"{name_of(case)}.{e}" for e in COMMANDS if (phase / f"{name_of(case)}.{e}").exists()}
        yield case, found


def prepare(case):
    here = harness.scratch() / "project"
    if case.is_dir():
        shutil.copytree(case, here, symlinks=True)
    else:
        here.mkdir()
        shutil.copyfile(case, here / "ukc.lua")
    return here


def stable(text, context, here):
    return text.replace(str(here), "$HERE").replace(str(context.root), "$UKC")


def run_case(context, case, extension):
    """(the output that is compared, the rest, exit status, expected status)"""
    comments = head_comments(manifest_of(case))
    command = shlex.split(comments["only"]) if "only" in comments else COMMANDS[extension]
    if command is None:
        raise harness.Failure("an .out needs a comment '-- only: COMMAND' in the manifest")
    here = prepare(case)
    argv = [context.ukc, *command, *shlex.split(comments.get("args", ""))]
    done = harness.run(argv, status=None, timeout=100, cwd=here, env=harness.environment())
    out, err = stable(done.stdout, context, here), stable(done.stderr, context, here)
    expected_status = int(comments.get("status", 1 if extension == "err" else 0))
    output, rest = (err, out) if extension == "err" else (out, err)
    return output, rest, done.returncode, expected_status


def check(context, case, extension, expectation):
    output, rest, status, expected_status = run_case(context, case, extension)
    if status != expected_status:
        raise harness.Failure(f"status {status}, expected {expected_status}\n{output}{rest}")
    if rest and (extension == "err" or expected_status == 0):
        raise harness.Failure(f"standard {'output' if extension == 'err' else 'error'} is not empty:\n{rest}")
    if context.accept:
        expectation.write_text(output)
    harness.equal(expectation.read_text(), output, expectation.name)


def without_expectation(context, case):
    name = name_of(case)
    if not context.accept:
        raise harness.Failure(f"nothing is expected of {name}: add {name}.err, {name}.graph ..., or run with --accept")
    only = "only" in head_comments(manifest_of(case))
    _, _, status, _ = run_case(context, case, "out" if only else "err")
    extension = "out" if only else "err" if status else "graph"
    expectation = case.parent / f"{name}.{extension}"
    check(context, case, extension, expectation)


def without_input(path):
    raise harness.Failure(f"{path.name} is an expectation without an input")


def tests(context):
    for phase in sorted(p for p in Path(context.root, "tests", "golden").iterdir() if p.is_dir()):
        used = set()
        for case, expectations in cases(phase):
            used.update(expectations.values())
            for extension, expectation in sorted(expectations.items()):
                yield (f"{phase.name}/{expectation.name}",
                       lambda c=case, e=extension, x=expectation: check(context, c, e, x))
            if not expectations:
                yield f"{phase.name}/{name_of(case)}", lambda c=case: without_expectation(context, c)
        for path in sorted(phase.iterdir()):
            # a .world is a whole catalogue as text: the unit test resolve runs those
            if path.is_file() and path.suffix[1:] in COMMANDS and path not in used and not path.with_suffix(".world").exists():
                yield f"{phase.name}/{path.name}", lambda p=path: without_input(p)
