"""kvm images in QEMU for tests, started by `ukc run` as a user would.

    with Network() as net, Project(context) as p:
        host = bridged(net)                                  # a namespace with the tap device that images are on
        p.copy("examples/homepage"); build(p)
        with machine(p, "q35", host) as server:
            host.wait_for_port(IPV4, 8080, server)
"""

import contextlib
import shlex

import harness
from lib import loaders, sizes
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
    sizes.check(p, image)


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


CARD = {"q35": "virtio-net-pci,disable-legacy=on,romfile=", "microvm": "virtio-net-device"}
LEFT_OUT = ("-netdev", "-qmp", "-chardev")  # of what `ukc run` starts, with what belongs to it


def bare(p, machine, more=(), words=(), arguments=()):
    """QEMU's command as `ukc run` makes it, but without a network and without anybody who controls it: for what no option of ours does."""
    asked = command(p, machine, words, tap=False, arguments=arguments)
    asked.insert(asked.index("--"), "--dry-run")
    given = shlex.split(p.run(*asked).out)
    kept, at = [given[0]], 1
    while at < len(given):
        option, value = given[at], given[at + 1] if at + 1 < len(given) and not given[at + 1].startswith("-") else None
        if option not in LEFT_OUT and not (option == "-device" and ("netdev=" in value or "chardev=" in value)):
            kept += [option] if value is None else [option, value]
        at += 1 if value is None else 2
    return kept + list(more)


def card(machine, number, backend, mac=None):
    """QEMU's words for a network card and what it is connected to."""
    address = f",mac={mac}" if mac else ""
    return ["-netdev", f"{backend},id=c{number}", "-device", f"{CARD[machine]},netdev=c{number}{address}"]


def image_status(code):
    """Of QEMU's exit status, which its isa-debug-exit makes of the image's (ukc/run/run_kvm.c)."""
    return code // 2 - 16


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
