"""ukc compiles without a warning, with gcc and with clang 19, with the flags that Meson gives."""

import json
import os
import shlex

import harness

ORDER = 15
COMPILERS = ("gcc", "clang-19")
FLAGS = ("-Werror", "-Wstrict-prototypes", "-fdiagnostics-color=never")


def without_outputs(words):
    """The command after its compiler, without -o, -M..., -MQ and what belongs to them."""
    kept, skip = [], False
    for word in words[1:]:
        if skip:
            skip = False
        elif word in ("-o", "-MF", "-MQ", "-MT"):
            skip = True
        elif word not in ("-MD", "-c"):
            kept.append(word)
    return kept


def tests(context):
    seen = set()
    for entry in json.loads((context.build / "compile_commands.json").read_text()):
        name = os.path.relpath(os.path.join(entry["directory"], entry["file"]), context.root)
        if not name.endswith(".c") or name in seen:
            continue
        seen.add(name)
        for compiler in COMPILERS:
            def test(compiler=compiler, entry=entry):
                words = without_outputs(shlex.split(entry["command"]))
                argv = [compiler, *words, *FLAGS, "-c", "-o", os.devnull]
                done = harness.run(argv, status=None, cwd=entry["directory"])
                if done.returncode or done.stderr:
                    raise harness.Failure(done.stderr)

            yield f"{compiler}/{name}", test
