"""kvm images in QEMU for tests, started by `ukc run` as a user would.

    with Network() as net, Project(context) as p:
        host = bridged(net)                                  # a namespace with the tap device that images are on
        p.copy("examples/homepage"); build(p)
        with machine(p, "q35", host) as server:
            host.wait_for_port(IPV4, 8080, server)
"""

import contextlib

import harness
from lib import loaders
from lib.project import copy_made, expect, identity

MACHINES = ("q35", "microvm")
TAP = "tap0"
HOST4, HOST6 = "10.0.0.1", "fd00::1"
IPV4, IPV6 = "10.0.0.2", "fd00::2"


def build(p, *words, options=()):
    """Configured for kvm, and built; the file keeps the rules of loaders that are not here (lib/loaders.py)."""
    harness.need("qemu-system-x86_64")
    p.ukc("configure", *words, "--target", "kvm", *options)
    image = p.ukc("build", *words, "--json", timeout=800).json["image"]
    loaders.check(p.read(image), image)


def built(context, p, example, profile="release"):
    """Enters a copy of an example that is built for kvm: once, for all tests that take it."""
    def make(fresh):
        fresh.copy(f"examples/{example}")
        build(fresh, options=["--profile", profile])

    copy_made(context, p, f"kvm-{example}-{profile}", identity(context, f"examples/{example}"), make)


def command(p, machine, words=(), memory="64M", tap=True, arguments=(), block=None):
    more = ["--tap", TAP] if tap else []
    if block:
        more += ["--block", block]
    return [str(p.context.ukc), "run", "--quiet", "--target", "kvm", "--accelerator", "tcg", "--machine", machine, "--memory", memory, *more, *words, "--", *arguments]


def run(p, machine, *arguments, words=(), status=0, timeout=120, memory="64M"):
    """One without a network, to its end."""
    r = p.run(*command(p, machine, words, memory, False, arguments), status=status, timeout=timeout)
    r.out = r.out.replace("\r", "")
    return r


def bridged(net, name="host"):
    """A namespace with the host's end of the images' tap device."""
    host = net.namespace(name)
    host.ip(f"tuntap add mode tap dev {TAP}")
    host.address(TAP, f"{HOST4}/24", f"{HOST6}/64")
    return host


@contextlib.contextmanager
def machine(p, kind, host, *arguments, words=(), memory="64M", block=None):
    """A Program: the image on the tap device, with a disk if there is a file for one. It ends by the power button, with status 0."""
    with host.start(*command(p, kind, words, memory, True, arguments, block), directory=p.path, environment=p.environment) as program:
        yield program
        if program.poll() is None:
            status = program.stop(seconds=20)
            expect(status == 0, f"the power button ends it with status 0 on {kind}", status, program.output)
