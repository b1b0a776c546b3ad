"""ukc diff: what changes with a choice, and nothing else."""

import os
import re
import shutil

from lib import machine as kvm
from lib.project import Project, built_site, expect
from suites.provenance import Recorded


def plan(p, name, *settings):
    """Configures, and saves the plan under this name."""
    p.ukc("configure", "--target", "posix", *settings)
    p.write(name, p.ukc("plan").out)


def differences(p, a, b):
    d = p.ukc("diff", "--json", a, b).json
    return d["only_a"], d["only_b"], {change["name"]: change for change in d["changed"]}


def nothing(context):
    with Project(context) as p:
        p.copy("examples/homepage")
        plan(p, "a")
        plan(p, "b")
        expect(p.ukc("diff", "a", "b").out == "no difference\n", "the same configuration is no difference")


def a_key(context):
    with Project(context) as p:
        p.copy("examples/homepage")
        plan(p, "a")
        plan(p, "b", "--set", "http.idle=5")
        r = p.ukc("diff", "a", "b")
        lines = r.out.splitlines()
        expect(len(lines) == 3 and lines[0].startswith("  http: http1"), "one instance differs", r)
        expect(lines[1].startswith("-   key idle = 60 ") and lines[2].startswith("+   key idle = 5 "), "in one key", r)


def an_implementation(context):
    with Project(context) as p:
        p.copy("examples/homepage")
        plan(p, "a")
        p.write("ukc.lua", p.read("ukc.lua").decode().replace('embed "htdocs"', 'instance "kv_dir" { set = { path = "htdocs" } }'))
        plan(p, "b")
        only_a, only_b, changed = differences(p, "a", "b")
        expect((only_a, only_b, list(changed)) == ([], [], ["pages"]), "one instance is another", only_a, only_b, changed)


def the_stack(context):
    """The switch from the host's sockets to packets: only what lies below the stack."""
    with Project(context) as p:
        p.copy("examples/homepage")
        plan(p, "host", "--set", "net=host")
        plan(p, "native", "--set", "net=native")
        only_a, only_b, changed = differences(p, "host", "native")
        stack = changed.get("http.stack")
        expect(set(changed) == {"homepage for posix", "http.stack"}, "one instance is another", *changed)
        expect(stack["a"][0].startswith("http.stack: stack_host ") and stack["b"][0].startswith("http.stack: lwip "), "the stack", stack)
        sides = [set(changed["homepage for posix"][side][1:]) for side in "ab"]
        keys = {line.split(" = ")[0] for line in sides[0] ^ sides[1]}
        expect(keys == {"key stack.net", "key netif.link"}, "and the keys that decide", keys)
        expect(not only_a and only_b and all(name.startswith("http.stack.") for name in only_b), "what is new is below it", only_a, only_b)
        back = differences(p, "native", "host")
        expect(back[0] == only_b and back[1] == [] and set(back[2]) == set(changed), "seen from the other side the same", back)
        # instances that both have in common keep their implementation, whatever path names them now
        for name in ("host", "native"):
            expect("idle: sig.idle = " in p.read(name).decode(), "the scheduler waits by the same loop", name)


def another_name(context):
    """An instance is called by its shortest path; what is below it is the same for all that, also where a plan does not name its path."""
    with Project(context) as p:
        p.copy("examples/homepage")
        plan(p, "a")
        p.write("ukc.lua", p.read("ukc.lua").decode().replace("http = sig.http_server", "http = sig.http_server, log = sig.log"))
        plan(p, "b")
        expect("\nhttp.log.console: " in p.read("a").decode() and "\nlog.console: " in p.read("b").decode(), "two names")
        expect("http.log.console" not in p.read("b").decode(), "one of which only one plan has")
        only_a, only_b, changed = differences(p, "a", "b")
        expect((only_a, only_b, list(changed)) == ([], [], ["homepage"]), "are one instance", only_a, only_b, changed)


def targets(context):
    """Of two targets: what has the name of its target in it stands side by side."""
    with Project(context) as p, Project(context) as other:
        p.copy("examples/hello")
        for target in ("posix", "kvm"):
            p.write(target + ".plan", p.ukc("plan", "--target", target).out)
        r = p.ukc("diff", "posix.plan", "kvm.plan")
        expect(r.out.startswith("- hello for posix\n+ hello for kvm\n"), "the plan's head", r)
        built_site(context, p)
        kvm.built(context, other, "hello")
        lines = p.ukc("diff", "--verbose", "build/posix/site", other.file("build/kvm/hello")).out.splitlines()
        for header in ("root/debian_source.musl-ffffffffffff/include/stdio.h", "gen/+library/bits/alltypes.h"):
            found = [n for n, line in enumerate(lines) if re.match(r"[-+] build/\w+/" + re.escape(header).replace("f" * 12, "[0-9a-f]{12}") + ": ", line)]
            expect(len(found) == 2 and found[1] == found[0] + 1 and lines[found[0]][0] == "-", f"{header}: one line below the other", [lines[n] for n in found])


def names(part):
    return [d["name"] for d in part]


def alike(p, before):
    """One flag of many commands, and an instance that makes a manifest of ukc's known by another label."""
    p.write("ukc.lua", p.read("ukc.lua").decode().replace("console = sig.console", "console = sig.console, random = sig.random", 1))
    now = p.build("--target", "posix", "--profile", "dev", "--set", "console.output=stderr", "--set", "seal.stack_protector=false")["record"]
    manifests = names(p.ukc("diff", before, now, "--json").json["manifests"])
    expect(manifests == ["ukc.lua"], "a manifest has one name", manifests)
    text = p.ukc("diff", before, now).out
    expect(text.count("-   -fstack-protector-strong") == 1 and re.search(r"^  and \d+ more alike; --verbose names them$", text, re.M), "a flag is said once", text)
    expect(not re.search(r"^[-+] *$", text, re.M), "and no side that has none", text)
    text = p.ukc("diff", before, now, "--verbose").out
    expect("more alike" not in text and text.count("-   -fstack-protector-strong") == 1, "with all names if asked", text)


def records(context):
    """Of two builds: what was wanted, what went in, what was run, what came out; and the first of these."""
    with Recorded(context) as p:
        first = p.built["record"]
        image = shutil.copy(p.file(p.built["image"]), os.path.join(p.top, "stray"))
        expect("it is one record" in p.ukc("diff", first, image).out, "a hash and an image of one record")
        p.write("ukc.lua", "-- a comment\n" + p.read("ukc.lua").decode())
        os.remove(p.file("build/posix/hello"))
        comment = p.build("--target", "posix", "--profile", "dev")["record"]
        d = p.ukc("diff", first, comment, "--json").json
        expect(d["same_recipe"] and d["same_image"] and names(d["manifests"]) == ["ukc.lua"] and not d["inputs"] + d["commands"] + d["outputs"], "a comment", d)
        key = p.build("--target", "posix", "--profile", "dev", "--set", "console.output=stderr")["record"]
        d = p.ukc("diff", comment, key, "--json").json
        expect(d["first"] == "inputs" and not d["same_image"] and d["settings"] == [{"name": "--set", "a": None, "b": "console.output=stderr"}], "a key", d)
        expect(names(d["inputs"]) == ["build/posix/gen/console/keys.h"] and not d["commands"] and not d["tools"] + d["host"], "becomes a header", d)
        expect(all(n == "build/posix/hello" or n.startswith("build/posix/obj/console/") for n in names(d["outputs"])) and len(d["outputs"]) > 2,
               "and changes one instance, and the image", d["outputs"])
        expect([c["name"] for c in d["plan"]["changed"]] == ["console"], "seen in the plan", d["plan"])
        text = p.ukc("diff", comment[:12], key[:12]).out
        for fact in ("differs first in: inputs", "  build/posix/gen/console/keys.h\n-   ", "+   key output = stderr (command line)", "+ --set: console.output=stderr"):
            expect(fact in text, f"'{fact}' is said", text)
        plans = p.ukc("diff", first, "posix", "--json").json
        expect([c["name"] for c in plans["changed"]] == ["console"], "a record beside a target: its plan", plans)
        p.write("hello.c", p.read("hello.c").decode().replace("world", "worlds") + "\nint unused;\n")
        source = p.build("--target", "posix", "--profile", "dev", "--set", "console.output=stderr")["record"]
        d = p.ukc("diff", key, source, "--json").json
        expect(d["first"] == "inputs" and names(d["inputs"]) == ["hello.c"] and not d["settings"] + d["manifests"], "a source", d)
        expect([(f["a"], f["b"]) for f in d["functions"] if "text" in f["name"]] == [("15 bytes", "16 bytes")] and all(f["a"] != f["b"] for f in d["functions"]),
               "what it did to variables and functions", d["functions"])
        p.write("ukc.lua", p.read("ukc.lua").decode().replace("sources", 'flags = { "-DX=1" }, sources', 1))
        flag = p.build("--target", "posix", "--profile", "dev", "--set", "console.output=stderr")["record"]
        d = p.ukc("diff", source, flag, "--json").json
        one = [c for c in d["commands"] if c["name"].endswith("hello.c.o")]
        expect(d["first"] == "commands" and one and one[0]["b"] == "-DX=1" and one[0]["a"] == "", "a flag", d["commands"])
        alike(p, flag)
        p.ukc("store", "gc", "--quiet")
        r = p.ukc("diff", source, key)
        expect(f"functions are not compared: the image of record {source[:12]} is not" in r.out and "\nfunctions\n" not in r.out, "an image that left the store", r)
        for word, status, said in (("ffffffffff", 1, "begins with"), ("nothing", 2, "neither a target, nor a hash"), ("hello.c", 2, "not the text of a plan")):
            r = p.ukc("diff", first, word, status=status)
            expect(said in r.err, f"'{word}' is explained", r)


def tests(context):
    for test in (nothing, another_name, a_key, an_implementation, the_stack, targets, records):
        yield test.__name__, lambda test=test: test(context)
