"""The unit tests again, under valgrind: no error, and nothing lost.  Those that take twenty seconds and more there run with --long."""

import os

import harness

ORDER = 30
SECONDS = 300
SLOW = {"check", "embed", "sandbox", "generate", "runtime_blkfront", "store_trees", "store", "acpi_power", "bundle", "check_cache", "resolve", "record", "compiled"}


def tests(context):
    for name, argv, more in harness.unit_tests(context):
        if name in SLOW and not context.long:
            continue

        def test(argv=argv, more=more):
            valgrind = [harness.need("valgrind"), "--quiet", "--leak-check=full", "--errors-for-leak-kinds=definite",
                        f"--error-exitcode={harness.CHECK_STATUS}",
                        f"--suppressions={harness.ROOT / 'tests' / 'valgrind.supp'}"]
            env = {**os.environ, **more}
            harness.run([*valgrind, *argv], timeout=SECONDS - 5, env=env, cwd=harness.scratch())

        yield name, test
