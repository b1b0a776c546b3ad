"""The unit tests again, under valgrind: no error, and nothing lost.  By default those of what reads what others wrote; all of them with --long."""

import os

import harness

ORDER = 30
SECONDS = 300
BORDERS = {"acpi", "cache", "hardening", "json_read", "known", "load", "lock", "note", "recorded", "size", "start_info", "xen_bus", "xen_store"}


def tests(context):
    for name, argv, more in harness.unit_tests(context):
        if name not in BORDERS and not context.long:
            continue

        def test(argv=argv, more=more):
            valgrind = [harness.need("valgrind"), "--quiet", "--leak-check=full", "--errors-for-leak-kinds=definite",
                        f"--error-exitcode={harness.CHECK_STATUS}",
                        f"--suppressions={harness.ROOT / 'tests' / 'valgrind.supp'}"]
            env = {**os.environ, **more}
            harness.run([*valgrind, *argv], timeout=SECONDS - 5, env=env, cwd=harness.scratch())

        yield name, test
