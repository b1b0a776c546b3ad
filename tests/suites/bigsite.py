"""Real sites, Debian's sqlite3-doc and postgresql-doc, embedded, served and compared byte for byte."""

import http.client
import os
import urllib.parse
from pathlib import Path

import harness
from lib.project import Project, expect, free_port

SITES = {"sqlite3-doc": ("/usr/share/doc", "sqlite3"), "postgresql-doc": ("/usr/share/doc", "postgresql-doc-[0-9]*/html")}


def files_below(top):
    return sorted(f for f in Path(top).rglob("*") if f.is_file() and not f.is_symlink())


def copy(p):
    """All files of both packages below htdocs; how many."""
    count = 0
    for package, (place, pattern) in SITES.items():
        found = sorted(Path(place).glob(pattern))
        if not found:
            raise harness.Skip(f"{package} is not installed")
        for f in files_below(found[-1]):
            p.write(os.path.join("htdocs", package, f.relative_to(found[-1])), f.read_bytes())
            count += 1
    return count


def differences(p, port):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    top = Path(p.file("htdocs"))
    for f in files_below(top):
        name = str(f.relative_to(top))
        connection.request("GET", "/" + urllib.parse.quote(name))
        answer = connection.getresponse()
        body = answer.read()
        if answer.status != 200 or body != f.read_bytes():
            yield name, answer.status, len(body)
        if answer.will_close:
            connection.close()
    connection.close()


def every_file_comes_back(context):
    with Project(context) as p:
        p.ukc("init", "site")
        p.enter("site")
        count = copy(p)
        expect(count > 2000, "the sites have more than two thousand files", count)
        p.ukc("configure", "--target", "posix")
        p.ukc("build")
        port = free_port()
        with p.serving(p.file("build/posix/site"), f"--port={port}", port=port) as server:
            different = list(differences(p, port))
            expect(not different, "every file comes back identical", different[:10])
        expect(server.returncode == 0, "the server ends clean", server.output)


def tests(context):
    yield "every_file_comes_back", lambda: every_file_comes_back(context)
