"""The conformance programs (tests/conformance), configured and built by ukc, in each profile."""

from lib.project import Project, expect

PROFILES = {
    "release": [],
    "dev": ["--profile", "dev"],
    "sanitized": ["--profile", "dev", "--sanitize", "--set", "megabytes=20", "--set", "connections=1000"],
}


def stack(context, options):
    with Project(context) as p:
        p.copy("tests/conformance")
        p.ukc("configure", "--target", "posix", *options)
        r = p.ukc("run", status=None)
        last = r.out.splitlines()[-1:]
        expect(r.status == 0, "every check holds", r)
        passed = int(last[0].split()[0]) if last and last[0].endswith(" passed, 0 failed") else 0
        expect(passed > 0 and passed == sum(line.startswith("ok ") for line in r.out.splitlines()), "and all were run", r)


def tests(context):
    for name, options in PROFILES.items():
        yield f"stack/{name}", lambda options=options: stack(context, options)
