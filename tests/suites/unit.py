"""The unit tests: every program of tests/unit, as Meson lists them."""

import os

import harness

ORDER = 10
SANITIZED = True
KILLED = ("record", "store", "store_trees")  # at every few system calls: with sanitizers minutes


def tests(context):
    for name, argv, more in harness.unit_tests(context):
        if context.sanitized and name in KILLED and not context.long:
            continue

        def test(argv=argv, more=more):
            env = {**os.environ, **harness.sanitizer_options(), **more, "UKC_LONG": "1" if context.long else ""}
            harness.run(argv, timeout=115, env=env, cwd=harness.scratch())

        yield name, test
