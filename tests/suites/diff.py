"""ukc diff: what changes with a choice, and nothing else."""

from lib.project import Project, expect


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
        keys = {line.split(" = ")[0] for side in "ab" for line in changed["homepage for posix"][side][1:]}
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


def tests(context):
    for test in (nothing, another_name, a_key, an_implementation, the_stack):
        yield test.__name__, lambda test=test: test(context)
