"""What each seal costs homepage: bytes, and on kvm instructions of a keep-alive request of 1 KiB.

Each row is an image without one seal, beside the image that has all. Files of processes grow by pages, so padding is not counted in the difference.
"""

import os
import re
import statistics
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.dirname(HERE)]
from guest.qemu import Image, need  # noqa: E402
from kvm_http import PAGE, Lab, cabled, request_cost  # noqa: E402
from lib.network import Network, need_tun  # noqa: E402
from lib.project import Project  # noqa: E402

TARGETS, MACHINE, CONNECTIONS = ("posix", "kvm"), "q35", (1, 8)


def variations(p, target):
    """What is measured: a name, and the settings that make it."""
    seals = re.findall(r"(?m)^  seal\.(\w+) = true$", p.ukc("configure", "--target", target, "--help").out)
    yield "all seals", ()
    for seal in seals:
        yield f"without {seal}", (f"seal.{seal}=false",)
    yield "without any", tuple(f"seal.{seal}=false" for seal in seals)
    yield "another layout", ("seal.layout=7",)


def build(p, target, settings):
    p.ukc("configure", "--target", target, "--set", "http.requests=2000000000", *(f"--set={s}" for s in settings))
    return p.file(p.ukc("build", "--json", timeout=800).json["image"])


def requests(lab, count, rounds):
    """Medians, by the number of connections."""
    costs = {connections: [] for connections in CONNECTIONS}
    for _ in range(rounds):
        with lab.start("homepage", MACHINE, counted=True) as program:
            lab.first_byte(program)
            for connections in CONNECTIONS:
                costs[connections].append(request_cost(lab, connections, count))
    return [statistics.median(costs[connections]) for connections in CONNECTIONS]


def filled(p, image):
    """Bytes of the file that are no padding."""
    return sum(i["bytes"] for i in p.ukc("size", "--json", image).json["instances"] if i["name"] != "(padding)")


def row(name, size, weight, costs, whole):
    text = f"{name}: {size:,} bytes ({whole[0] - weight:+,} for it)"
    for connections, cost, before in zip(CONNECTIONS, costs, whole[1]):
        text += f"; {connections} connection{'s' * (connections > 1)}: {cost:,.0f} instructions a request ({before - cost:+,.0f})"
    return text


def measure(context):
    need("qemu-system-x86_64", "cc", "clang-19", "ld.lld-19")
    need_tun()
    context.sanitized = False
    count, rounds = (400, 1) if context.quick else (2000, 3)
    with Network() as net, Project(context) as p, tempfile.TemporaryDirectory() as directory:
        p.copy("examples/homepage")
        p.write(f"htdocs/{PAGE}", "x" * 1024)
        lab = Lab(cabled(net), directory, {})
        for target in TARGETS:
            first = None
            for name, settings in variations(p, target):
                image = build(p, target, settings)
                weight, costs = filled(p, image), []
                if target == "kvm":
                    lab.images["homepage"] = Image(image)
                    costs = requests(lab, count, rounds)
                first = first or (weight, costs)
                yield f"{target}, " + row(name, os.path.getsize(image), weight, costs, first)
