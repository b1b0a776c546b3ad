"""Malformed packets made with scapy, segments that do not belong, floods (tests/packets): the image serves on, and its memory has a bound."""

import json
import os
import re

import harness
from lib import images
from lib.images import ADDRESSES, PORTS
from lib.network import Network, need_tun
from lib.project import expect

SECONDS = 1200
MEMORY = "16MiB"
# KiB beside the stack's memory: the program, its tasks' stacks; with sanitizers their shadow and what they keep of freed memory
BESIDE = {"release": 8 * 1024, "sanitized": 128 * 1024}


def interpreter():
    """One that has scapy: the system's, which is not always the first."""
    for python in ("/usr/bin/python3", "python3"):
        if harness.run([harness.need(python), "-c", "import scapy"], status=None).returncode == 0:
            return python
    raise harness.Skip("python3-scapy is not installed")


def hostile(context, profile, cases, *settings):
    need_tun()
    python = interpreter()
    image = images.service(context, "echo", sanitized=images.PROFILES[profile], memory=MEMORY)
    with Network() as net:
        host = net.namespace("host")
        environment = harness.environment(ASAN_OPTIONS=harness.sanitizer_options()["ASAN_OPTIONS"] + ":quarantine_size_mb=4")
        with host.start(image, "--connections=200", *settings, environment=environment) as server:
            for address in ADDRESSES:
                host.wait_for_port(address, PORTS["echo"], server)
            host.ip("link set tap0 txqueuelen 50000")  # floods are to arrive
            mac = re.search(r"tap0, ([0-9a-f:]{17}),", server.output)[1]
            most = 16 * 1024 + BESIDE[profile]
            with host.start(python, os.path.join(str(context.root), "tests/packets/attack.py"), f"--pid={server.pid}", f"--mac={mac}", f"--most={most}",
                            *(["--many"] if context.long else []), *cases) as attack:
                status = attack.wait(SECONDS - 60)
                expect(server.poll() is None, "the image is alive", attack.output, server.output)
                expect(status == 0, "no case does harm", attack.output, server.output)
            seen = json.loads(host.ip("-s -json link show tap0"))[0]["stats64"]["tx"]
            expect(seen["packets"] > 50_000 and seen["dropped"] < seen["packets"] / 100, "what was sent arrived", seen)
            expect(server.stop() == 0, "SIGTERM ends it with status 0", server.output)
            expect("ERROR" not in server.output and "runtime error" not in server.output, "no sanitizer complains", server.output)


def tests(context):
    if context.long:
        yield "release", lambda: hostile(context, "release", [])
    yield "sanitized", lambda: hostile(context, "sanitized", [], "--offload=false")
