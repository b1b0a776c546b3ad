"""Sources from elsewhere: imports from archives and repositories, repositories that are used, fetch and --offline.

Each test has a store of its own, and upstream repositories made for it. The projects have the host's C library (host_libc),
because the one that release images have would come from elsewhere too.
"""

import contextlib
import os
import shutil
import signal

from harness import free_port, need
from lib.project import Project, expect, wait_for_port

ORDER = 40
SANITIZED = True

MAIN = """#include "console.h"
#include "add.h"
#include <stdio.h>

int sum_main(void)
{
    char line[32];
    int n = snprintf(line, sizeof line, "%d\\n", add(2, 3));
    return console_write(line, (size_t)n) < 0;
}
"""
ADD = "int add(int a, int b)\n{\n    return a + b;\n}\n"
HEADER = "int add(int, int);\n"
PATCH = """--- a/src/add.c
+++ b/src/add.c
@@ -1,4 +1,4 @@
 int add(int a, int b)
 {
-    return a + b;
+    return a + b + 100;
 }
"""


class Sources(Project):
    """A project, a store of its own, and a network that is not there when that is asked for."""

    def __init__(self, context):
        super().__init__(context)
        self.environment["UKC_STORE"] = os.path.join(self.top, "store")
        # repositories are made by git, which takes no notice of the user's settings
        self.environment.update(GIT_CONFIG_NOSYSTEM="1", GIT_AUTHOR_NAME="A", GIT_AUTHOR_EMAIL="a@example.org", GIT_COMMITTER_NAME="A",
                                GIT_COMMITTER_EMAIL="a@example.org", GIT_AUTHOR_DATE="1700000000 +0000", GIT_COMMITTER_DATE="1700000000 +0000")

    def repository(self, name, files):
        """A repository beside the project with these files; its commit."""
        path = os.path.join(self.top, name)
        if not os.path.exists(path):
            os.makedirs(path)
            self.run(need("git"), "init", "-q", ".", directory=path)
        for file, content in files.items():
            os.makedirs(os.path.dirname(os.path.join(path, file)), exist_ok=True)
            with open(os.path.join(path, file), "w") as f:
                f.write(content)
        self.run("git", "add", "-A", directory=path)
        self.run("git", "commit", "-q", "-m", "change", directory=path)
        return self.run("git", "rev-parse", "HEAD", directory=path).out.strip()

    def remove_repository(self, name):
        shutil.rmtree(os.path.join(self.top, name))

    @contextlib.contextmanager
    def network(self):
        """The repositories behind a server; gives the beginning of their URLs."""
        port = free_port()
        daemon = self.start(need("git"), "daemon", "--reuseaddr", "--listen=127.0.0.1", f"--port={port}", f"--base-path={self.top}",
                            "--export-all", self.top)
        try:
            wait_for_port(daemon, port)
            yield f"git://127.0.0.1:{port}"
        finally:
            os.killpg(daemon.pid, signal.SIGTERM)
            daemon.wait(10)
            daemon.stdout.close()

    def alone(self, *arguments, **options):
        """ukc in a network namespace that has no network."""
        return self.run(need("unshare"), "-n", str(self.context.ukc), *arguments, **options)

    def answer(self):
        return self.ukc("run").out

    def pins(self):
        return [line.split() for line in self.read("ukc.lock").decode().splitlines() if line.startswith("pin ")]


def manifest(commit, fields="", sources="src/add.c", repository="../upstream"):
    return f"""return unikernel "sum" {{ host_libc = true,
  sources  = {{ "sum.c" }},
  requires = {{ console = sig.console }},
  imports  = {{
    git {{
      name = "adder", repository = "{repository}", commit = "{commit}", keep = {{ "src" }},
      sources = {{ "{sources}" }}, include = {{ "src/include" }},{fields}
    }},
  }},
}}
"""


def adder(p, **more):
    commit = p.repository("upstream", {"src/add.c": ADD, "src/include/add.h": HEADER, "other/README": "not kept\n", **more})
    p.write("sum.c", MAIN)
    p.write("ukc.lua", manifest(commit))
    return commit


def git_import(context):
    with Sources(context) as p:
        commit = adder(p)
        p.ukc("configure", "--profile", "dev")
        expect(p.answer() == "5\n", "the imported function is called")
        pins = p.pins()
        expect(len(pins) == 1 and pins[0][1:4] == ["git", "adder", commit], "the lock pins the import", pins)
        p.remove_repository("upstream")
        p.ukc("clean", "--all")
        p.ukc("configure")
        expect(p.answer() == "5\n", "once it is in the store, the repository is not needed; in the release profile as well")
        expect(p.pins() == pins, "and the pin is the same", p.pins())


def other_commit(context):
    """The manifest changes to another commit and back while the build stays: never a stale object, whatever the files' times."""
    with Sources(context) as p:
        first = adder(p)
        second = p.repository("upstream", {"src/add.c": ADD.replace("a + b", "a * b")})
        p.ukc("configure", "--profile", "dev")
        expect(p.answer() == "5\n", "the first commit")
        for commit, sum in ((second, "6\n"), (first, "5\n"), (second, "6\n")):
            p.write("ukc.lua", manifest(commit))
            expect(p.answer() == sum, f"commit {commit} is built", p.answer())
            expect(p.pins()[0][3] == commit, "and pinned", p.pins())


def patched(context):
    with Sources(context) as p:
        commit = adder(p)
        p.write("fix.patch", PATCH)
        p.write("ukc.lua", manifest(commit, ' patches = { "fix.patch" },'))
        p.ukc("configure", "--profile", "dev")
        expect(p.answer() == "105\n", "the patch is applied")
        p.write("fix.patch", PATCH.replace("100", "200"))
        expect(p.answer() == "205\n", "a changed patch is another tree, and a build sees it")
        p.write("fix.patch", PATCH.replace("return a + b;", "return a - b;"))
        r = p.ukc("build", status=1)
        expect("fix.patch" in r.out + r.err, "a patch that does not apply is named", r)
        os.remove(p.file("fix.patch"))
        r = p.ukc("configure", status=None)
        expect(r.status in (1, 3) and "fix.patch" in r.err, "and one that is missing", r)


def patch_remedies(context):
    """Why a patch does not apply is recognised, where the reason is a usual one."""
    with Sources(context) as p:
        commit = adder(p, **{"src/dos.c": "int one;\r\nint two;\r\n"})
        p.write("ukc.lua", manifest(commit, ' patches = { "fix.patch" },'))
        dos = PATCH.replace("src/add.c", "src/dos.c").split("@@")[0] + "@@ -1,2 +1,2 @@\n int one;\n-int two;\n+int three;\n"
        for text, remedy in (
            (PATCH.replace("a/src/", "src/").replace("b/src/", "src/"), "name it 'a/src/add.c' and 'b/src/add.c', as 'git diff' does"),
            ("diff --git src/add.c src/add.c\n" + PATCH.replace("a/src/", "src/").replace("b/src/", "src/"), "name it 'a/src/add.c'"),
            (PATCH.replace("a/src/", "a/new/src/").replace("b/src/", "b/new/src/"), "'src/add.c' is there with 2 directories stripped"),
            (PATCH.replace("\n", "\r\n"), "lines of the patch end with CR LF, those of 'src/add.c' with LF: sed -i 's/\\r$//' fix.patch"),
            (dos, "lines of 'src/dos.c' end with CR LF, those of the patch with LF"),
            (PATCH.replace("b/src/", "b/../src/"), "named from its top behind one directory: 'a/FILE' and 'b/FILE'"),
            (PATCH.replace("a/src/", "/usr/src/").replace("b/src/", "/usr/src/"), "named from its top behind one directory"),
            (PATCH.replace("src/add.c", "other/README"), "only what 'keep' names is patched"),
        ):
            p.write("fix.patch", text)
            r = p.ukc("configure", status=1)
            expect("fix.patch" in r.err and remedy in r.err, f"a remedy: {remedy}", text, r)
            expect(not os.path.exists(p.file("build", "posix", "build.ninja")), "nothing is configured")


def keep_names_nothing(context):
    with Sources(context) as p:
        commit = adder(p)
        for keep, near in (("scr", "src"), ("src/include/ad.h", "src/include/add.h"), ("include", "src/include"), ("other/README.md", "other/README"), ("zzz", None)):
            p.write("ukc.lua", manifest(commit).replace('keep = { "src" }', f'keep = {{ "src", "{keep}" }}'))
            r = p.ukc("configure", status=1)
            expect(f"there is no '{keep}' in 'adder'" in r.err, "a part that is not there", r)
            expect(f"did you mean '{near}'?" in r.err if near else "did you mean" not in r.err, f"{keep} is {near}", r)


def wrong_commit(context):
    with Sources(context) as p:
        adder(p)
        p.write("ukc.lua", manifest("0123456789abcdef0123456789abcdef01234567"))
        r = p.ukc("configure", status=None)
        expect(r.status in (1, 3) and "ukc.lua:" in r.err and "0123456789abcdef" in r.err, "a commit that does not exist is an error with its place", r)
        expect(not os.path.exists(p.file("ukc.lock")), "nothing is pinned")


def same_status(context):
    """One cause, one status: what configure ends with, a build that configures again ends with too."""
    with Sources(context) as p:
        adder(p)
        p.ukc("configure", "--profile", "dev")
        p.ukc("build")
        kept = p.read("ukc.lock").decode()
        pin = kept.split(" sha256 ")[1].split()[0]
        p.write("ukc.lock", kept.replace(pin, "0" * 64))
        p.ukc("build", status=6)
        p.ukc("run", status=6)
        p.ukc("configure", status=6)
        p.ukc("build", status=6)
        expect(not os.path.exists(p.file("build", "posix", "failure")), "and nothing is left of it")
        p.write("ukc.lock", kept)
        p.ukc("build")
        p.write("sum.c", MAIN + "int wrong\n")
        p.ukc("build", status=1)


def other_repository(context):
    """A commit is built wherever it came from; a repository that never delivered it is noticed by check and fetch, once it is named."""
    with Sources(context) as p:
        commit = adder(p)
        p.repository("elsewhere", {"README": "another history\n"})
        p.run("git", "clone", "-q", "upstream", "mirror", directory=p.top)
        p.ukc("configure", "--profile", "dev")
        for command in ("check", "fetch"):
            expect("warning" not in p.ukc(command, "--target", "posix").err, f"{command}: the right repository", "")
        for wrong in ("../elsewhere", "../nowhere"):
            p.write("ukc.lua", manifest(commit, repository=wrong))
            p.ukc("configure", "--profile", "dev")
            r = p.ukc("check")
            expect("ukc.lua:6:" in r.err and f"never came from '{wrong}'" in r.err and f"it came from '{p.top}/upstream'" in r.err, "check warns", r)
            expect("ukc fetch" in r.err, "and says who asks", r)
            r = p.ukc("fetch", "--target", "posix")
            expect("ukc.lua:6:" in r.err and f"'{wrong}' does not deliver commit {commit[:12]}" in r.err and "already there" in r.out, "fetch asks", r)
            expect(p.answer() == "5\n", "and the build goes on")
        p.write("ukc.lua", manifest(commit, repository="../mirror"))
        expect("never came from '../mirror'" in p.ukc("check").err, "a mirror was not asked yet")
        expect("warning" not in p.ukc("fetch", "--target", "posix").err, "it has the commit")
        expect("warning" not in p.ukc("check").err, "which is remembered")


def check_reviews_imports(context):
    """`ukc check` fetches nothing, and still reports what is wrong with an import."""
    with Sources(context) as p:
        commit = adder(p)
        p.ukc("check")
        expect(not os.path.exists(os.path.join(p.top, "store", "objects")), "nothing is fetched")
        p.write("ukc.lua", manifest(commit, ' patches = { "fix.patch" },'))
        r = p.ukc("check", status=1)
        expect("ukc.lua:" in r.err and "fix.patch" in r.err, "a patch that is not there", r)
        p.write("ukc.lua", manifest(commit))
        p.ukc("configure")
        p.write("ukc.lua", manifest(commit, sources="src/ad.c"))
        r = p.ukc("check", status=1)
        expect("did you mean 'src/add.c'?" in r.err, "a source that the store's copy does not have", r)
        p.write("ukc.lua", manifest(commit))
        pin = p.pins()[0][7]
        p.write("ukc.lock", p.read("ukc.lock").replace(pin.encode(), b"0" * 64))
        r = p.ukc("check", status=6)
        expect("ukc.lock:" in r.err and "is pinned with SHA-256 0000" in r.err, "a pin that is not what the store has", r)


def missing_repository(context):
    with Sources(context) as p:
        commit = adder(p)
        p.write("ukc.lua", manifest(commit, repository="../upstraem"))
        r = p.ukc("configure", status=None)
        expect(r.status in (1, 3) and "ukc.lua:" in r.err and "upstraem" in r.err, "a repository that does not exist is an error with its place", r)


def missing_source(context):
    with Sources(context) as p:
        commit = adder(p)
        p.write("ukc.lua", manifest(commit, sources="src/ad.c"))
        r = p.ukc("configure", status=1)
        expect("there is no 'src/ad.c' in 'adder'" in r.err and "did you mean 'src/add.c'?" in r.err, "the nearest file is named", r)
        p.write("ukc.lua", manifest(commit, sources="src/core/add.c"))
        r = p.ukc("configure", status=1)
        expect("did you mean 'src/add.c'?" in r.err, "or the one of that name", r)
        p.write("ukc.lua", manifest(commit).replace('"src/include"', '"src/includes"'))
        r = p.ukc("configure", status=1)
        expect("'src/includes'" in r.err and "did you mean 'src/include'?" in r.err, "a missing directory for headers likewise", r)
        p.write("ukc.lua", manifest(commit, sources="src/include/add.c"))
        expect(not os.path.exists(p.file("ukc.lock")), "nothing is pinned")


def fetch_then_offline(context):
    with Sources(context) as p:
        with p.network() as server:
            commit = adder(p)
            p.write("ukc.lua", manifest(commit, repository=f"{server}/upstream"))
            r = p.ukc("configure", "--offline", status=3)
            expect("ukc.lua:" in r.err and "ukc fetch" in r.err, "offline, what is not in the store is an error that names ukc fetch", r)
            r = p.ukc("fetch", "--target", "posix", "--offline", status=3)
            expect("ukc fetch" in r.err, "also of ukc fetch", r)
            r = p.ukc("fetch", "--target", "posix")
            expect(r.out == f"git adder {commit}: fetched\n", "fetch says what it fetched", r)
            expect(not os.path.exists(p.file("ukc.lock")), "and pins nothing")
            r = p.ukc("fetch", "--target", "posix", "--json")
            one = r.json["sources"]
            expect(len(one) == 1 and one[0]["kind"] == "git" and one[0]["version"] == commit and one[0]["present"] is True, "as JSON: it is there", r)
        expect(p.alone("fetch", "--target", "posix").out == f"git adder {commit}: already there\n", "then neither server nor network is needed")
        p.alone("fetch", "--target", "posix", "--offline")
        p.alone("configure", "--profile", "dev", "--offline")
        p.alone("build", "--offline")
        expect(p.alone("run", "--offline").out == "5\n", "and the image works")


def build_honours_offline(context):
    """A build that configures again, because the manifest changed, is offline when configure was told so, or the build is."""
    with Sources(context) as p, p.network() as server:
        adder(p)

        def change(what):
            commit = p.repository("upstream", {"src/add.c": ADD.replace("a + b", what)})
            p.write("ukc.lua", manifest(commit, repository=f"{server}/upstream"))

        change("a + b + 0")
        p.ukc("configure", "--profile", "dev")
        p.ukc("build")
        change("a * b")
        r = p.ukc("build", "--offline", status=3)
        expect("ukc fetch" in r.out + r.err, "the build is told", r)
        p.ukc("build")
        expect(p.answer() == "6\n", "and the next one is not")
        p.ukc("configure", "--profile", "dev", "--offline")
        p.ukc("build")
        change("a - b")
        r = p.ukc("build", status=3)
        expect("ukc fetch" in r.out + r.err, "configure was told", r)
        p.ukc("fetch", "--target", "posix", "--quiet")
        p.ukc("build")
        expect(p.answer() == "-1\n", "with what was fetched the build goes on")


LIBRARY = {
    "greet/ukc.lua": 'return signature "greeting" {},\n  implementation "hello" { provides = sig.greeting, sources = { "hello.c" } }\n',
    "greet/greeting.h": "const char *greeting_word(void);\n",
    "greet/hello.h": "const char *hello_word(void);\n",
    "greet/hello.c": '#include "hello.h"\nconst char *hello_word(void) { return "good day\\n"; }\n',
}
GREET = """#include "console.h"
#include "greeting.h"
#include <string.h>

int greet_main(void)
{
    return console_write(greeting_word(), strlen(greeting_word())) < 0;
}
"""


def use(commit, repository="../them"):
    return f"""use {{ git = "{repository}", commit = "{commit}" }}
return unikernel "greet" {{ host_libc = true, sources = {{ "greet.c" }}, requires = {{ greeting = sig.greeting, console = sig.console }} }}
"""


def used_repository(context):
    with Sources(context) as p:
        with p.network() as server:
            url = f"{server}/them"
            commit = p.repository("them", LIBRARY)
            p.write("greet.c", GREET)
            p.write("ukc.lua", use(commit, url))
            r = p.ukc("configure", "--offline", status=3)
            expect("ukc.lua:1" in r.err and "ukc fetch" in r.err, "offline, a repository that is not in the store is an error", r)
            r = p.ukc("fetch", "--target", "posix")
            expect(r.out == f"use {url} {commit}: fetched\n", "fetch gets it", r)
            p.ukc("configure", "--profile", "dev")
            expect(p.answer() == "good day\n", "its implementation is in the image")
            expect([pin[1:4] for pin in p.pins()] == [["use", url, commit]], "the lock pins it", p.pins())
            next = p.repository("them", {"greet/hello.c": LIBRARY["greet/hello.c"].replace("day", "night")})
            for at, text in ((next, "good night\n"), (commit, "good day\n")):
                p.write("ukc.lua", use(at, url))
                expect(p.answer() == text, "another commit is built, also an older one")
            broken = p.repository("them", {"greet/hello.h": "int hello_word(void);\n"})
            p.write("ukc.lua", use(broken, url))
            p.ukc("build", status=1)
            p.write("ukc.lua", use(commit, url))
            expect(p.answer() == "good day\n", "a commit that does not fit is refused, and leaves a build that can go on")
        p.ukc("clean", "--all")
        p.alone("configure", "--offline")
        expect(p.alone("run").out == "good day\n", "in the release profile, without server and network")


def used_repository_stays_inside(context):
    """What comes from a repository may not reach what lies on this machine."""
    with Sources(context) as p:
        p.write("greet.c", GREET)
        os.makedirs(os.path.join(p.top, "secret"))
        with open(os.path.join(p.top, "secret", "ukc.lua"), "w") as f:
            f.write('return signature "secret" {}\n')
        secret = os.path.join(p.top, "secret")
        cases = [
            (f'use "{secret}"', "leads out of the repository"),
            ('use "../../secret"', "leads out of the repository"),
            ('use "greet/../.."', "leads out of the repository"),
            (f'use {{ git = "{secret}", commit = "{"0" * 40}" }}', "repository on this machine"),
            (f'use {{ git = "file://{secret}", commit = "{"0" * 40}" }}', "repository on this machine"),
            (f'use {{ git = "../secret", commit = "{"0" * 40}" }}', "repository on this machine"),
            ('return implementation "x" { provides = sig.greeting, sources = { "../../secret/x.c" } }', "leaves the directory"),
            (f'return implementation "x" {{ provides = sig.greeting, imports = {{ git {{ name = "x-y", repository = "..", commit = "{"0" * 40}" }} }} }}',
             "repository on this machine"),
            ('return unikernel "x" { sources = { "x.c" } }', "only be declared in the project's own manifest"),
        ]
        for number, (text, message) in enumerate(cases):
            commit = p.repository(f"them{number}", dict(LIBRARY, **{"ukc.lua": 'use "greet"\n' + text + "\n"}))
            p.write("ukc.lua", use(commit, f"../them{number}"))
            r = p.ukc("check", status=1)
            expect(message in r.err, f"refused: {text}", r)
        commit = p.repository("good", dict(LIBRARY, **{"ukc.lua": 'use "greet"\n'}))
        p.write("ukc.lua", use(commit, "../good"))
        p.ukc("check")


def mistake_in_used_repository(context):
    """Its place is said with the repository and the commit, not with the path of a copy in the store."""
    with Sources(context) as p:
        p.write("greet.c", GREET)
        good = 'require "parts"\n' + LIBRARY["greet/ukc.lua"]
        for name, text in (("greet/ukc.lua", good.replace("sources", "sorces")),
                           ("greet/parts.lua", "local x = 1\nreturn x + nil\n")):
            commit = p.repository("them", {**LIBRARY, "greet/ukc.lua": good, "greet/parts.lua": "return 1\n", name: text})
            p.write("ukc.lua", use(commit))
            r = p.ukc("check", status=1)
            expect(f"../them@{commit[:12]}/{name}:" in r.err, "the repository and the commit", r)
            expect("/store/" not in r.err and ("sorces" in r.err or "x + nil" in r.err), "no path of the store, and the line", r)


def no_manifest(context):
    with Sources(context) as p:
        commit = p.repository("them", {"README": "no manifest\n"})
        p.write("greet.c", GREET)
        p.write("ukc.lua", use(commit))
        r = p.ukc("check", status=1)
        expect("neither the repository '../them' nor a directory in it has a ukc.lua" in r.err, "a repository without a manifest is named", r)


def used_repository_with_submodule(context):
    """`use` has no 'keep' to advise."""
    with Sources(context) as p:
        p.repository("them", LIBRARY)
        path = os.path.join(p.top, "them")
        p.run("sh", "-ec", "git update-index --add --cacheinfo 160000,$(git rev-parse HEAD),deps && git commit -qm y", directory=path)
        p.write("greet.c", GREET)
        p.write("ukc.lua", use(p.run("git", "rev-parse", "HEAD", directory=path).out.strip()))
        r = p.ukc("check", status=1)
        expect("'deps' in '../them' is a submodule" in r.err and "use a commit without it" in r.err, "the remedy is one of 'use'", r)
        expect("keep" not in r.err.replace("nothing was kept", ""), "and none of 'imports'", r)


def used_address(context):
    with Sources(context) as p:
        p.write("ukc.lua", 'use "https://example.org/them.git"\nreturn unikernel "sum" { sources = { "sum.c" } }\n')
        r = p.ukc("check", status=1)
        expect("ukc.lua:1:5: error: use takes the path of a directory; this is an address" in r.err and "use { git = " in r.err, "the other form is named", r)


def key_of_other_stack(context):
    with Sources(context) as p:
        p.ukc("init", "site")
        p.enter("site")
        r = p.ukc("plan", "--target", "posix", "--set", "ipv4=dhcp", status=None)
        expect(r.status != 0 and "add --set net=native" in r.err, "what makes the key one of this plan", r)


def comment_in_manifest(context):
    """A mere comment moves lines in the manifest, and changes nothing that is generated."""
    with Sources(context) as p:
        def generated():
            top = p.file("build", "posix", "gen")
            files = sorted(os.path.join(d, f) for d, _, fs in os.walk(top) for f in fs if f.endswith((".c", ".h")))
            return {os.path.relpath(f, top): p.read(f) for f in files}

        p.ukc("init", "site")
        p.enter("site")
        p.ukc("configure", "--target", "posix")
        before = generated()
        expect("start.c" in before, "what is generated is looked at", sorted(before))
        p.write("ukc.lua", b"-- a comment\n-- and another\n" + p.read("ukc.lua"))
        p.ukc("configure", "--target", "posix")
        after = generated()
        expect(after == before, "the same bytes", [f for f in before if before[f] != after.get(f)])


def build_of_another_user(context):
    if os.getuid() != 0:
        return
    with Sources(context) as p:
        p.ukc("init", "site")
        p.enter("site")
        p.write("build/lock", "")
        os.chmod(p.file("build", "lock"), 0o644)
        os.chown(p.file("build", "lock"), 65534, 65534)
        r = p.run(need("setpriv"), "--bounding-set=-all", str(p.context.ukc), "configure", "--target", "posix", status=3)  # root, who may no more than others
        expect("another user has built here" in r.err, "a hint", r)


def alternatives(context):
    """Of alternatives of several kinds the one that can be had is taken, and one of them is pinned."""
    with Sources(context) as p:
        commit = adder(p)
        git = manifest(commit).split("imports  = {")[1].rsplit("},\n}", 1)[0]
        source = f'debian_source {{ package = "adder", versions = {{ "1.0-1" }}, sha256 = "{"0" * 64}", sources = {{ "src/add.c" }} }},'
        p.write("ukc.lua", manifest(commit).replace(git, "\n    first_of { " + source + git.strip() + " },\n  "))
        p.ukc("configure", "--profile", "dev")
        expect(p.answer() == "5\n", "the repository is taken")
        expect([pin[1:4] for pin in p.pins()] == [["git", "adder", commit]], "and pinned", p.pins())


def fetch_several(context):
    """Without a name, what all unikernels of a manifest could use; with one, what that one could."""
    with Sources(context) as p:
        commit = adder(p)
        one = manifest(commit)
        p.write("ukc.lua", one + one.replace("return", ",").replace('"sum"', '"other"').replace('"adder"', '"adder-too"'))
        r = p.ukc("fetch", "other", "--target", "posix")
        expect(r.out == f"git adder-too {commit}: fetched\n", "one unikernel", r)
        r = p.ukc("fetch", "--target", "posix")
        expect(sorted(r.out.splitlines()) == [f"git adder {commit}: already there", f"git adder-too {commit}: already there"],
               "all of them; the same tree is there under whatever name", r)
        p.copy("examples/hello", "plain")
        p.enter("plain")
        p.write("ukc.lua", p.read("ukc.lua").decode().replace("sources", "host_libc = true, sources", 1))
        expect(p.ukc("fetch", "--target", "posix").out == "nothing to fetch\n", "a project without imports")


def library_from(context, p):
    """A catalogue whose C library comes from a repository beside the project; what fetch says of it."""
    with Project(context) as real:  # the real one, from the store that all suites share
        real.copy("examples/hello")
        tree = real.ukc("fetch", "--target", "kvm", "--json").json["sources"][0]["directory"]
    shutil.copytree(tree, os.path.join(p.top, "musl"))
    p.run("chmod", "-R", "u+w", os.path.join(p.top, "musl"))
    p.run(need("git"), "init", "-q", ".", directory=os.path.join(p.top, "musl"))
    commit = p.repository("musl", {})
    for top in ("libs", "targets"):
        shutil.copytree(os.path.join(str(context.root), top), os.path.join(p.top, "catalogue", top), symlinks=True)
    name = os.path.join(p.top, "catalogue", "targets", "shared", "musl.lua")
    with open(name) as f:
        before, rest = f.read().split("  return first_of {", 1)
    rest = rest.split("\n  }\n", 1)[1]  # from the function's end
    with open(name, "w") as f:
        f.write(f"""{before}  return git {{ name = "musl", repository = "{p.top}/musl", commit = "{commit}", include = include }}
{rest}""")
    return f"git musl {commit}: "


def fetch_library(context):
    """The C library of a target is among what `ukc fetch` gets, unless another target is meant."""
    with Sources(context) as p:
        line = library_from(context, p)
        catalogue = ("--catalogue", os.path.join(p.top, "catalogue"))
        p.copy("examples/hello")
        mine, host = p.read("ukc.lua").decode(), p.read("ukc.lua").decode().replace("sources", "host_libc = true, sources", 1)
        p.write("ukc.lua", host)
        expect(p.ukc("fetch", "--target", "posix", *catalogue).out == "nothing to fetch\n", "posix needs none with the host's")
        expect(p.ukc("fetch", "--target", "kvm", *catalogue).out == line + "fetched\n", "kvm does")
        p.write("ukc.lua", mine)
        expect(p.ukc("fetch", "--target", "posix", *catalogue).out == line + "already there\n", "and posix, where release images have it")
        expect(p.ukc("fetch", *catalogue).out == line + "already there\n", "it is among all targets")
        p.remove_repository("musl")
        p.alone("configure", "--target", "kvm", "--offline", *catalogue)
        expect([pin[1:3] for pin in p.pins()] == [["git", "musl"]], "configured from the store alone", p.pins())


def fetch_for_target(context):
    """What an implementation of another target imports is left out."""
    with Sources(context) as p:
        commit = p.repository("upstream", {"src/add.c": ADD, "src/include/add.h": HEADER})
        imports = manifest(commit).split("imports  = {")[1].rsplit("},\n}", 1)[0]
        p.write("greeting.h", LIBRARY["greet/greeting.h"])
        p.write("ukc.lua", f"""return signature "greeting" {{}},
  implementation "one" {{ provides = sig.greeting, targets = {{ "posix" }}, sources = {{ "one.c" }}, imports = {{ {imports} }} }},
  implementation "two" {{ provides = sig.greeting, targets = {{ "kvm" }}, sources = {{ "one.c" }} }},
  unikernel "sum" {{ host_libc = true, sources = {{ "sum.c" }}, requires = {{ greeting = sig.greeting }} }}
""")
        said = p.ukc("fetch", "--target", "kvm").out
        expect("adder" not in said and "musl" in said, "kvm needs its C library alone", said)
        expect(p.ukc("fetch", "--target", "posix").out == f"git adder {commit}: fetched\n", "posix does")


TESTS = [git_import, other_commit, patched, patch_remedies, keep_names_nothing, wrong_commit, same_status, other_repository, check_reviews_imports, missing_repository, missing_source, fetch_then_offline, fetch_several, fetch_library, fetch_for_target, build_honours_offline,
         used_repository, used_repository_stays_inside, mistake_in_used_repository, no_manifest, used_repository_with_submodule, used_address, key_of_other_stack,
         comment_in_manifest, build_of_another_user, alternatives]


def tests(context):
    for test in TESTS:
        yield test.__name__, lambda test=test: test(context)
