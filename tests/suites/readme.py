"""The commands shown in README files work, and print what is shown.

A fenced block ```console is a transcript: lines that begin with '$ ' are typed, the lines below are what is printed.
'...' in them stands for anything, also for any number of lines when it is alone on its line; a command without lines
below it may print what it likes. All blocks of a file are one session, in an empty directory with a copy of the
file's own folder (for an example), with ukc in PATH and a network of its own, so that ports are free.
After a command that ends in '&' the session goes on when something more listens than before.
"""

import os
import re
import shlex
import shutil
import subprocess

import harness
from lib.project import store

SECONDS = 900

WAIT = r"""
__listeners() { cat /proc/net/tcp /proc/net/tcp6 2>/dev/null | awk '$4 == "0A" { n++ } END { print n + 0 }'; }
__listening() { n=0; while [ $n -lt 200 ]; do
  if [ "$(__listeners)" -gt "$__before" ]; then return 0; fi
  sleep 0.05; n=$((n + 1)); done; echo "nothing listens"; return 1; }
"""


def blocks(text):
    return re.findall(r"^```console\n(.*?)^```$", text, re.M | re.S)


def session(text):
    """[(command, [expected lines])]"""
    steps = []
    for block in blocks(text):
        for line in block.splitlines():
            if line.startswith("$ "):
                steps.append((line[2:], []))
            elif line.startswith("> ") and steps and not steps[-1][1]:
                steps[-1] = (steps[-1][0] + "\n" + line[2:], [])
            elif steps:
                steps[-1][1].append(line)
    return steps


def matches(expected, printed):
    pattern = ""
    for line in expected:
        if line.strip() == "...":
            pattern += r"(?:.*\n)*?"
        else:
            pattern += ".*".join(re.escape(part.rstrip()) for part in line.split("...")) + r"[ \t]*\n"
    return re.fullmatch(pattern + r"\n*", printed if printed.endswith("\n") or not printed else printed + "\n")


def script(steps, mark):
    lines = [WAIT, "exec 2>&1"]
    for k, (command, _) in enumerate(steps):
        background = command.rstrip().endswith("&")
        lines.append(f"printf '\\n{mark} {k}\\n'")
        if background:
            lines.append("__before=$(__listeners)")
        # a server's own lines would come at any time: they are not part of what the command prints
        lines.append(command.rstrip()[:-1] + " >>\"$HOME/background.log\" 2>&1 &" if background else command)
        lines.append(f"__status=$?; printf '\\n{mark} = %s\\n' $__status")
        if background:
            lines.append("__listening")
    lines.append("kill $(jobs -p) 2>/dev/null; wait")
    return "\n".join(lines) + "\n"


def check(context, readme):
    text = readme.read_text()
    steps = session(text)
    if not steps:
        raise harness.Failure(f"{readme.name} shows no command")
    home = harness.scratch()
    here = home / "work"
    if readme.parent != context.root:
        shutil.copytree(readme.parent, here, ignore=shutil.ignore_patterns("build", "ukc.lock"))
    else:
        here.mkdir()
    tools = home / "bin"
    tools.mkdir()
    for program in ("ukc", "ukc-switch"):
        (tools / program).symlink_to(context.ukc.with_name(program))
    env = harness.environment(home, UKC_STORE=store(context))
    env["PATH"] = f"{tools}:{env['PATH']}"
    env["UKC"] = str(context.root)
    project = here if readme.parent.parent.name == "examples" else context.root / "examples" / "homepage"
    harness.run([context.ukc, "fetch", "-C", project], env=env, timeout=SECONDS)  # the commands have no network
    mark = "@@step"
    (home / "session.sh").write_text(script(steps, mark))
    argv = ["bash", str(home / "session.sh")]
    if os.getuid() == 0 and shutil.which("unshare") and shutil.which("ip"):
        argv = ["unshare", "-n", "sh", "-c", "ip link set lo up && exec " + " ".join(map(shlex.quote, argv))]
    done = subprocess.run(argv, cwd=here, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          timeout=SECONDS - 30, text=True, errors="backslashreplace")
    for k, (command, expected) in enumerate(steps):
        found = re.search(rf"^{mark} {k}\n(.*?)\n?^{mark} = (\d+)$", done.stdout, re.M | re.S)
        if not found:
            raise harness.Failure(f"$ {command}\nwas not reached\n{done.stdout}")
        printed, status = found[1], int(found[2])
        # a transcript may show a command that fails, if it shows what it says
        if status != 0 and not expected:
            raise harness.Failure(f"$ {command}\nstatus {status}\n{printed}")
        if expected and not matches(expected, printed):
            raise harness.Failure(f"$ {command}\nexpected:\n" + "\n".join(expected) + f"\nprinted:\n{printed}")


def tests(context):
    links = [context.root / "targets/posix" / link / "README.md" for link in ("netif_pcap", "switch")]
    for readme in [context.root / "README.md", *sorted(context.root.glob("examples/*/README.md")), *links]:
        name = "README" if readme.parent == context.root else readme.parent.name
        yield name, lambda readme=readme: check(context, readme)
