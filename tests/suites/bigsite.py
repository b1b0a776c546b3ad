"""A real site of more than a thousand files: Debian's sqlite3-doc, served and compared byte for byte."""

import http.client
import os
import urllib.parse

import harness
from lib.project import Project, expect, free_port

SITE = "/usr/share/doc/sqlite3"


def files_of(top):
    for directory, _, files in os.walk(top):
        for f in files:
            path = os.path.join(directory, f)
            if os.path.isfile(path) and not os.path.islink(path):
                yield os.path.relpath(path, top), path


def every_file_comes_back(context):
    if not os.path.isdir(SITE):
        raise harness.Skip("sqlite3-doc is not installed")
    with Project(context) as p:
        p.ukc("init", "site")
        p.enter("site")
        count = 0
        for name, path in files_of(SITE):
            with open(path, "rb") as f:
                p.write(os.path.join("htdocs", name), f.read())
            count += 1
        expect(count > 1000, "the site has more than a thousand files", count)
        p.ukc("configure", "--target", "posix")
        p.ukc("build")
        port = free_port()
        with p.serving(str(context.ukc), "run", "--", f"--port={port}", port=port) as server:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
            different = []
            for name, path in files_of(p.file("htdocs")):
                connection.request("GET", "/" + urllib.parse.quote(name))
                answer = connection.getresponse()
                body = answer.read()
                with open(path, "rb") as f:
                    if answer.status != 200 or body != f.read():
                        different.append((name, answer.status, len(body)))
                if answer.will_close:
                    connection.close()
            connection.close()
            expect(not different, "every file comes back identical", different[:10])
        expect(server.returncode == 0, "the server ends clean", server.output)


def tests(context):
    yield "every_file_comes_back", lambda: every_file_comes_back(context)
