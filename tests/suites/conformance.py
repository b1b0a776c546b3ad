"""The conformance programs (tests/conformance), configured and built by ukc: one suite for every implementation of a signature."""

import os
import resource
import shutil
import subprocess
import tempfile

from lib.machine import MACHINES, bare, build, image_status
from lib.project import Project, expect

SECONDS = 900  # musl may have to be compiled
ORDER = 20  # the long ones first

PROFILES = {
    "release": [],
    "dev": ["--profile", "dev"],
    "sanitized": ["--profile", "dev", "--sanitize"],
}
STACKS = {
    "host": [],
    # a link where nobody is: all traffic is the image's own
    "native": ["--set", "net=native", "--set", "link=pcap"],
}


def counts(context, name, profile):
    """How much: a share of `./bootstrap test` that pays, or all of it."""
    megabytes, connections = (100, 3000) if profile == "release" else (20, 1000)
    if context.long:
        megabytes, connections = (100, 10000) if profile == "release" else (100, 4000)
    together = min(connections, descriptors() // 2 - 50) if name == "host" else connections
    return [f"--megabytes={megabytes}", f"--connections={connections}", f"--together={together}"]


def memory(context, name):
    """A native stack has what it is given; both ends of each connection are in it, and its key `connections` follows."""
    return ["--set", "stack.memory=256MiB"] if name == "native" and context.long else []


def descriptors(wanted=32768):
    """On the host's stack each end of a connection is one. As many as there may be, which are more when we may say so."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < wanted:
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, wanted))
        except (ValueError, PermissionError):
            return hard
    return wanted


def all_held(result, text, checks):
    """The last line counts the checks, and each has its own."""
    lines = text.splitlines()
    good = sum(line.startswith("ok ") for line in lines)
    expect(result == 0, "every check holds", "\n".join(line for line in lines if not line.startswith("ok ")))
    expect(lines[-1] == f"{good} passed, 0 failed" and good >= checks, f"and all were run: {checks} at least", text)


def stack(context, name, profile):
    with Project(context) as p:
        p.copy("tests/conformance/stack")
        p.ukc("configure", "--target", "posix", *PROFILES[profile], *STACKS[name], *memory(context, name))
        p.ukc("build")
        r = p.run(p.file("build/posix/conformance"), *counts(context, name, profile), status=None, timeout=220)
        all_held(r.status, r.out + r.err, 140)


def flow_over_tcp(context, name, profile, family):
    with Project(context) as p:
        p.copy("tests/conformance/flow")
        p.ukc("configure", "over-tcp", *PROFILES[profile], *STACKS[name], "--set", f"flow.family={family}")
        p.ukc("build", "over-tcp")
        r = p.run(*private_network(p.file("build/posix/over-tcp/over-tcp")), status=None, timeout=220)
        all_held(r.status, r.err, 11)


def private_network(*argv):
    """The port is fixed when the image is configured: it has a network of its own, where that port is free."""
    if os.getuid() == 0 and shutil.which("unshare") and shutil.which("ip"):
        return ["unshare", "-n", "sh", "-c", 'ip link set lo up && exec "$0" "$@"', *argv]
    return argv


def flow_over_stdio(context, profile):
    with Project(context) as p, tempfile.TemporaryFile() as said:
        p.copy("tests/conformance/flow")
        p.ukc("configure", "over-stdio", *PROFILES[profile])
        p.ukc("build", "over-stdio")
        image = subprocess.Popen([p.file("build/posix/over-stdio/over-stdio")], env=p.environment,
                                 stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=said)
        try:
            while piece := os.read(image.stdout.fileno(), 65536):
                while piece:
                    piece = piece[os.write(image.stdin.fileno(), piece):]
        except BrokenPipeError:  # it ended early; what it said tells why
            pass
        image.stdin.close()
        image.wait(10)
        image.stdout.close()
        said.seek(0)
        all_held(image.returncode, said.read().decode(), 11)


# ---- block: sectors ----

DISK = 1 << 20


def disk(p):
    with open(p.file("disk.img"), "wb") as f:
        f.truncate(DISK)


def taken(p):
    return os.stat(p.file("disk.img")).st_blocks * 512


def block_on_host(context, profile):
    with Project(context) as p:
        p.copy("tests/conformance/block")
        disk(p)
        for settings, checks in (([], 9), (["--set", "block.sector_size=4096"], 9), (["--set", "block.read_only=true"], 3)):
            p.ukc("configure", "--target", "posix", *PROFILES[profile], *settings)
            p.ukc("build", timeout=200)
            r = p.run(p.file("build/posix/sectors"), status=None, timeout=60)
            all_held(r.status, r.out, checks)
        expect(taken(p) <= 65536, "what was zeroed takes no room", taken(p))


DEVICE = {"q35": ["-device", "virtio-blk-pci,disable-legacy=on"], "microvm": ["-global", "virtio-mmio.force-legacy=false", "-device", "virtio-blk-device"]}
DISKS = {  # what QEMU's disk is told; whether zeroes and what is discarded become holes of its file; checks
    "": (True, 9), ",logical_block_size=4096,physical_block_size=4096": (True, 9), ",discard=off,write-zeroes=off": (False, 9),
    ",max-discard-sectors=24,max-write-zeroes-sectors=40,discard_granularity=4096": (True, 9), "read-only": (False, 3),
}


def block_on_machines(context):
    with Project(context) as p:
        p.copy("tests/conformance/block")
        build(p)
        expect("write_zeroes" in p.run("llvm-nm-19", "build/kvm/sectors.debug").out, "what is called is in the image")
        for machine in MACHINES:
            for options, (holes, checks) in DISKS.items():
                disk(p)
                drive = f"if=none,id=disk,format=raw,discard=unmap,readonly={'on' if options == 'read-only' else 'off'},file.driver=file,file.filename=disk.img"
                *more, device = ["-drive", drive, *DEVICE[machine]]
                more.append(f"{device},drive=disk{options if options.startswith(',') else ''}")
                r = p.run(*bare(p, machine, more), status=None, timeout=60)
                all_held(image_status(r.status), r.out.replace("\r", ""), checks)
                expect(checks < 9 or holes == (taken(p) <= 65536), "the disk is asked for holes if it has them, and else gets zeroes", machine, options, taken(p))


def tests(context):
    profiles = list(PROFILES) if context.long else ["release", "sanitized"]
    for profile in profiles if context.long else ["sanitized"]:
        yield f"block_file/{profile}", lambda profile=profile: block_on_host(context, profile)
    yield "virtio_blk", lambda: block_on_machines(context)
    for name in STACKS:
        for profile in profiles if context.long or name == "native" else ["sanitized"]:
            yield f"stack/{name}-{profile}", lambda name=name, profile=profile: stack(context, name, profile)
        flows = [("sanitized", "ipv4")] if context.long or name == "native" else [("sanitized", "ipv6")]
        for profile, family in flows + ([("release", "ipv6")] if context.long and name == "host" else []):
            yield (f"flow_tcp/{name}-{profile}-{family}",
                   lambda name=name, profile=profile, family=family: flow_over_tcp(context, name, profile, family))
    for profile in ("release", "sanitized") if context.long else ("sanitized",):
        yield f"flow_stdio/{profile}", lambda profile=profile: flow_over_stdio(context, profile)
