"""`ukc run` for kvm: the commands and configurations it makes, machines that it runs in QEMU, and what it says when something is wrong.

What it prints is in tests/golden/run/; --accept rewrites it.
"""

import hashlib
import http.client
import json
import os
import pty
import re
import shlex
import shutil
import signal
import socket
import stat
import sys
import termios
import urllib.error
import urllib.request
import xml.etree.ElementTree as xml

import harness
from lib import machine as kvm
from lib.network import Network, Program, need_tun, wait_until
from lib.project import Project, copy_made, expect, fetch, free_port, identity

SECONDS = 900  # the C library may have to be compiled

PROBE = r"""
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <ukc/deadline.h>
#include "clock.h"
#include "keys.h"
#include "task.h"

int probe_main(void)
{
    if (strcmp(KEY_WHAT, "deaf") == 0)
        for (printf("ready\n");;)
            __asm__ volatile("pause");
    if (strcmp(KEY_WHAT, "wait") != 0)
        return atoi(KEY_WHAT);
    printf("ready\n");
    int error = task_sleep(clock_now() + 3600 * NANOSECONDS_PER_SECOND);
    printf("%s\n", error == -ECANCELED ? "asked to stop" : "not asked");
    return 5;
}
"""
MANIFEST = """return unikernel "probe" {
  sources = { "probe.c" }, requires = { clock = sig.clock, task = sig.task },
  keys = { what = key.string { default = "0", phase = "boot", doc = "wait, deaf, or a status" } },
}
"""


def probe(context, p):
    def make(fresh):
        fresh.write("ukc.lua", MANIFEST)
        fresh.write("probe.c", PROBE)
        kvm.build(fresh)

    copy_made(context, p, "kvm-probe", f"{identity(context)}-{hashlib.sha256((MANIFEST + PROBE).encode()).hexdigest()[:16]}", make)


# ---- what is printed ----

COMMANDS = (
    "--dry-run",
    "--dry-run --machine microvm --memory 4100K -- --port=81 'a b' ''",
    "--dry-run -p 18080:8080 -p 0.0.0.0:1053:53/udp",
    "--dry-run --tap left --tap right",
    "--dry-run --block disk",
    "--dry-run --machine microvm --block second=b,ro --block store=disk --block 'd,1'",
    "--dry-run --accelerator kvm",
    "--dry-run --with firecracker --tap left --block disk",
    "--dry-run --with cloud-hypervisor --tap left --tap right --block store=disk --block second=b,ro --memory 1G -- --port=81 'a b'",
)
COMMANDS_OF_TWO = ("--dry-run -p 18080:8080", "--dry-run --tap left -p 18080:8080", "--json-config --with libvirt -p 18080:8080")
CONFIGURATIONS = (
    "",
    "--tap left --block store=disk --block second=b,ro --memory 96M -- --port=81 'a b'",
    "-p 18080:8080 -p 0.0.0.0:1053:53/udp --accelerator tcg -- '<&>'",
)
DISKS = ("disk", "b", "d,1")


def project(context, p):
    """counter, which has a network card and a disk."""
    kvm.built(context, p, "counter")
    for name in DISKS:
        p.write(name, bytes(1 << 20))


def shown(p, words):
    """Of a command line for QEMU, Firecracker or cloud-hypervisor, or a configuration: nothing that depends on this host."""
    r = p.ukc("run", *words)
    text = r.out.replace(os.path.realpath(p.path), "$HERE").replace(p.path, "$HERE")
    text = re.sub(r"(?m)^\S*/(qemu-system-x86_64|firecracker|cloud-hypervisor) ", r"\1 ", text)
    return text + "".join(f"! {line}\n" for line in r.err.splitlines())


def golden(context, name, text):
    path = context.root / "tests" / "golden" / "run" / name
    if context.accept:
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    harness.equal(path.read_text() if path.exists() else "", text, f"tests/golden/run/{name}")


def dry_run(context):
    """The exact command, for all that can be asked for; and it is one that a shell takes."""
    harness.need("qemu-system-x86_64")
    with Project(context) as p:
        project(context, p)
        text = ""
        for line in COMMANDS:
            words = shlex.split(line)
            if "--accelerator" not in words and "--with" not in words:
                words[:0] = ["--accelerator", "tcg"]
            text += f"$ ukc run {line}\n{shown(p, words)}\n"
        golden(context, "commands.txt", text)
        left = [name for name in os.listdir(p.file("build", "kvm")) if re.search(r"qmp|crash|api|firecracker", name)]
        expect(not left, "a command that is only printed leaves nothing behind", left)


def dry_run_of_two(context):
    """Of two stacks each card has the network of its own, whichever the plan names first: published ports lead to the card that QEMU makes up."""
    harness.need("qemu-system-x86_64")
    with Project(context) as p:
        kvm.built(context, p, "two-networks")
        text = ""
        for line in COMMANDS_OF_TWO:
            text += f"$ ukc run {line}\n{shown(p, ['--accelerator', 'tcg', *shlex.split(line)])}\n"
        golden(context, "two-networks.txt", text)


# Of Firecracker 1.12 to 1.16 (src/firecracker/swagger/firecracker.yaml): those that are required, and those that there are besides.
FIRECRACKER = {
    "boot-source": ({"kernel_image_path"}, {"boot_args", "initrd_path"}),
    "drives": ({"drive_id", "is_root_device"}, {"cache_type", "is_read_only", "path_on_host", "partuuid", "rate_limiter", "io_engine", "socket"}),
    "machine-config": ({"mem_size_mib", "vcpu_count"}, {"smt", "track_dirty_pages", "cpu_template", "huge_pages"}),
    "network-interfaces": ({"host_dev_name", "iface_id"}, {"guest_mac", "rx_rate_limiter", "tx_rate_limiter"}),
    "entropy": (set(), {"rate_limiter"}),
}
# Of cloud-hypervisor 53 (vmm/src/api/openapi/cloud-hypervisor.yaml), those that ukc may say.
CLOUD = {
    "cpus": ({"boot_vcpus", "max_vcpus"}, set()), "memory": ({"size"}, set()), "payload": (set(), {"kernel", "cmdline"}),
    "disks": (set(), {"path", "readonly", "image_type", "id", "serial"}), "net": (set(), {"tap", "mac", "id"}), "rng": ({"src"}, set()),
    "serial": ({"mode"}, set()), "console": ({"mode"}, set()),
}


def check_fields(configuration, known, what):
    for name, part in configuration.items():
        expect(name in known, f"{what} has {name}")
        least, more = known[name]
        for fields in part if isinstance(part, list) else [part]:
            expect(least <= set(fields) <= least | more, f"{what}: the fields of {name}", fields)


def check_domain(text, cards, disks):
    domain = xml.fromstring(text)
    expect(domain.tag == "domain" and domain.get("type") in ("kvm", "qemu"), "libvirt: it is a domain", text)
    for path in ("name", "memory", "vcpu", "os/type", "os/kernel", "devices/serial", "devices/console"):
        expect(domain.find(path) is not None, f"libvirt: there is {path}", text)
    expect(len(domain.findall("devices/interface")) == cards and len(domain.findall("devices/disk")) == disks, "libvirt: its cards and disks", text)
    names = [t.get("dev") for t in domain.findall("devices/disk/target")]
    expect(len(set(names)) == len(names), "libvirt: disks have names of their own", names)
    return domain


def configurations(context):
    """JSON and XML that the programs take, as far as their schemas say; each alone and all together."""
    with Project(context) as p:
        project(context, p)
        text = ""
        for number, line in enumerate(CONFIGURATIONS):
            words = ["--json-config", *shlex.split(line)]
            r = p.ukc("run", *words)
            both = json.loads(r.out)
            if "-p" in words:
                for title in ("Firecracker", "cloud-hypervisor"):
                    expect(f"warning: there is no configuration for {title}: {title} has no network of its own" in r.err, "what cannot be is left out", r)
                expect(set(both) == {"libvirt"}, "the others are printed", both)
            else:
                expect(set(both) == {"firecracker", "cloud-hypervisor", "libvirt"}, "all are printed", both)
                check_fields(both["firecracker"], FIRECRACKER, "Firecracker")
                check_fields(both["cloud-hypervisor"], CLOUD, "cloud-hypervisor")
            domain = check_domain(both["libvirt"], 1, 2 if "--block" in line else 0)
            if "<&>" in line:
                expect(domain.findtext("os/cmdline") == "<&>", "an argument is quoted in XML", both["libvirt"])
            if number == 1:
                for name in both:
                    text += f"$ ukc run --with {name} --json-config {line}\n{shown(p, ['--with', name, *words])}\n"
                    alone = p.ukc("run", "--with", name, *words).out
                    expect((alone if name == "libvirt" else json.loads(alone)) == both[name], f"{name} alone is the same", alone)
            if number == 2:
                text += f"$ ukc run --with libvirt --json-config {line}\n{both['libvirt'].replace(os.path.realpath(p.path), '$HERE')}\n"
        golden(context, "configurations.txt", text)
        r = p.ukc("run", "--json-config", "--machine", "microvm", "--block", "disk")
        expect("libvirt" not in json.loads(r.out) and "warning: there is no configuration for libvirt: libvirt gives devices PCI addresses" in r.err,
               "nor is there a domain without PCI", r)
        with_console(p)
        r = p.ukc("run", "--json-config")
        expect(set(json.loads(r.out)) == {"cloud-hypervisor", "libvirt"}, "Firecracker has no virtio console", r)
        expect("warning: there is no configuration for Firecracker: the image's console is virtio's" in r.err, "which is said", r)


def with_console(p):
    """hello with virtio's console, in the same project."""
    p.copy("examples/hello")
    p.write("ukc.lua", p.read("ukc.lua").decode().replace("requires =", "choose = { console = \"virtio_console\" }, requires =", 1))
    kvm.build(p)


WRONG = (
    ("--memory 64", 2, "--memory is a number with K, M or G, not '64'"),
    ("--memory lots", 2, "for example: --memory 64M"),
    ("--memory 1M", 2, "1M of memory is too little: the image alone ends at"),
    ("--memory 1M", 2, "K is the least that can hold it"),
    ("--memory 4097G", 2, "--memory 4097G: no machine has that much; from "),
    ("--memory 4294967297K", 2, "K, where the image ends, to 4096G is possible\nhelp: without --memory it is"),
    ("--machine pc", 2, "--machine is q35 or microvm, not 'pc'"),
    ("--accelerator fast", 2, "--accelerator is auto, tcg or kvm, not 'fast'"),
    ("--with qemuu", 2, "did you mean 'qemu'?"),
    ("--with libvirt", 2, "ukc run --with libvirt --json-config >domain.xml && virsh create domain.xml"),
    ("--with firecracker --machine q35", 2, "--machine and --accelerator are for QEMU"),
    ("--with qemu --json-config", 2, "ukc run --dry-run prints it"),
    ("-p 8080", 2, "--publish is [ADDRESS:]PORT:PORT[/udp], this host's first, not '8080'"),
    ("-p 0:80", 2, "not '0:80'"),
    ("-p 65536:80", 2, "not '65536:80'"),
    ("-p ::1:80:80", 2, "not '::1:80:80'"),
    ("-p 80:80/sctp", 2, "not '80:80/sctp'"),
    ("-p 81:80 -p 81:81", 2, "port 81 of this host is published twice"),
    ("-p 81:80 -p 0.0.0.0:81:81", 2, "port 81 of this host is published twice"),
    ("-p 0.0.0.0:81:80/udp -p 127.0.0.2:81:81/udp", 2, "port 81 of this host is published twice"),
    ("--tap left -p 81:80", 2, "--publish needs a network card beside those of --tap, and the image has drivers for 1\nhelp: without --publish"),
    ("--with libvirt --json-config --machine microvm", 2, "libvirt gives devices PCI addresses, and microvm has no PCI\nhelp: without --machine it is a q35"),
    ("--tap a/b", 2, "'a/b' cannot be the name of a network device"),
    ("--tap a --tap a", 2, "'a' is given twice"),
    ("--tap lo --block disk", 2, "'lo' is a device of this host, but no tap device"),
    ("--block none", 2, "truncate -s 16M none"),
    ("--block 'none of \"these\"'", 2, "truncate -s 16M 'none of \"these\"'"),
    ("--block .", 2, "--block: cannot open '.' for writing"),
    ("--block .,ro", 2, "'.' is neither a file nor a disk"),
    ("--block ukc.lua", 2, "which is no whole number of sectors of 512\nhelp: a copy that is filled up with zeros is: cp ukc.lua disk.img && truncate -s"),
    ("--block a=disk --block a=b", 2, "two disks are called 'a'"),
    ("--block disk --block ./disk,ro", 2, "'./disk' is given twice"),
    ("--block 'a b=disk'", 2, "the name of a disk is 1 to 20 letters"),
    ("--block a=", 2, "names no file"),
    ("--block x=y.img", 2, "help: the file 'x=y.img' is here, and --block ./x=y.img means it: what stands before '=' is the disk's name"),
    ("--block 'a,b=c.img'", 2, "--block ./a,b=c.img means it"),
    ("--with cloud-hypervisor --tap left --block 'a\"b'", 2, "cloud-hypervisor cannot be given a file whose name holds double quotes: 'a\"b'\nhelp: give it another name, or ukc run --with cloud-hypervisor --json-config"),
    ("--json-config --tap left --block 'bell\a.img'", 2, "the name 'bell\\x07.img' cannot be written in a configuration: it is no clean UTF-8\nhelp: give the file another name"),
    ("--with firecracker --tap left --block 'byte\udcff.img'", 2, "cannot be written in a configuration"),
    ("-- 'a\"b'", 2, "cannot hold double quotes or line ends\nhelp: ukc configure --set KEY=VALUE, and 'ukc build': the value is in the image then"),
    ("-- 'a\nb'", 2, "cannot hold double quotes or line ends\nhelp: no value of a key has line ends: a text of several lines can be a file that the image embeds"),
    ("--with firecracker -p 81:80", 2, "--tap DEVICE instead of --publish"),
    ("--with firecracker --json-config --memory 2100K", 2, "Firecracker counts memory in MiB: --memory 3M"),
    ("--with cloud-hypervisor --json-config -- é", 2, "printable ASCII"),
    ("--with firecracker --json-config --tap left --block disk -- " + 1968 * "x", 2, "Firecracker takes at most 1967 bytes of arguments"),
    ("-- " + 4096 * "x", 2, "the arguments have more than 4095 bytes, which a machine's image cannot take\nhelp: ukc configure --set KEY=VALUE"),
)


def wrong(context):
    """What cannot be is told, with a remedy where there is one, and nothing was started."""
    harness.need("qemu-system-x86_64")
    need_tun()
    with Network() as net, Project(context) as p:
        project(context, p)
        here = net.namespace()
        programs(p, "firecracker", "cloud-hypervisor")
        for name in ("x=y.img", "a,b=c.img", "a\"b", "bell\a.img", "byte\udcff.img"):
            p.write(name, bytes(512))
        for line, status, words in WRONG:
            r = here.run(context.ukc, "run", *shlex.split(line), status=status, directory=p.path, environment=p.environment)
            expect(words in r.err and re.search("(?m)^error: ", r.err), f"{line[:80]}: '{words}' is said", r)
            expect(line.startswith("--tap lo") or "qemu-system" not in r.err, f"{line[:80]}: nothing was started", r)
        p.ukc("run", "--with", "firecracker", "--json-config", "--tap", "left", "--block", "disk", "--", 1967 * "x")
        r = p.ukc("run", "--dry-run", "--tap", "left")
        expect("has drivers for 1 disk, and the machine has 0: --block FILE adds one" in r.err, "a disk that is missing is told", r)


def lacking(context):
    """An image that cannot start without a disk or a network card is not started without one, by `run` nor by `debug`; who only asks is warned."""
    harness.need("qemu-system-x86_64")
    harness.need("gdb")
    with Project(context) as p:
        project(context, p)
        programs(p, "firecracker", "cloud-hypervisor")
        expect("\nits machine needs 1 disk: ukc run --block FILE\n" in p.ukc("configure", "--target", "kvm").out, "configure says that a disk is needed")
        disk = "error: the image has drivers for 1 disk, without which it does not start, and the machine has 0\nhelp: --block FILE adds one; an empty disk of 16 MiB: truncate -s 16M FILE"
        for words in (["run"], ["run", "--machine", "microvm"], ["debug", "--batch"], ["run", "--with", "firecracker", "--tap", "left"]):
            r = p.ukc(*words, status=2)
            expect(r.err == disk + "\n" and not r.out, "nothing is started without the disk", words, r)
        card = "error: the image has drivers for 1 network card, without which it does not start, and the machine has 0\nhelp: --tap DEVICE adds one"
        for name in ("firecracker", "cloud-hypervisor"):
            r = p.ukc("run", "--with", name, "--block", "disk", status=2)
            expect(card in r.err and not r.out, f"nor without the card in {name}", r)
        card = "warning: the image has drivers for 1 network card, and the machine has 0: --tap DEVICE adds one"
        for words, said in (([], True), (["--with", "firecracker"], True), (["--with", "cloud-hypervisor"], True), (["--with", "libvirt"], False), (["--tap", "left"], False)):
            r = p.ukc("run", "--json-config", "--block", "disk", *words)
            expect((card in r.err) == said, "a configuration without the card comes with a warning", words, r)


def long_names(context):
    """Of several unikernels one with the longest name runs: its path is too long for sockets."""
    harness.need("qemu-system-x86_64")
    names = ["a" * 63, "b" * 63]
    with Project(context) as p:
        p.write("ukc.lua", "return " + ",\n".join(f'unikernel "{name}" {{ sources = {{ "{name}.c" }} }}' for name in names) + "\n")
        p.write(names[0] + ".c", "int %s_main(void)\n{\n    return 7;\n}\n" % names[0])
        p.write(names[1] + ".c", "")
        p.ukc("configure", "--target", "kvm", names[0])
        p.ukc("build", names[0], timeout=800)
        p.ukc("run", "--quiet", "--accelerator", "tcg", "--machine", "microvm", names[0], status=7, timeout=120)


def memory(context):
    """What the image needs of memory is told when it is built, and a machine that certainly has less is refused."""
    harness.need("qemu-system-x86_64")
    with Project(context) as p:
        project(context, p)
        p.ukc("configure", "--target", "kvm", "--set", "receive_buffers=256")  # more than there is below the image
        told, planned = p.ukc("build", "--json").json["memory"], p.ukc("plan", "--json").json["memory"]
        sums = [sum(b[which] for b in planned["budgets"]) for which in ("least", "most")]
        expect(sums == [planned["least"], planned["most"]] and 0 < sums[0] < sums[1], "the plan adds up what keys say", planned)
        expect([told["least"] - told["image"], told["most"] - told["image"]] == sums, "and the build adds the image", told, planned)
        text = p.ukc("build").out
        expect(f"memory: at least {-(-told['least'] // 1024):,} KiB, of which {-(-told['image'] // 1024):,} are the image; its keys allow" in text, "in words too", text)
        for kib, status, said in (
            (told["image"] // 1024 - 4, 2, "the image alone ends at"),
            ((told["least"] - (576 << 10)) // 1024 - 4, 2, "of memory is too little: the image ends at"),
            (told["least"] // 1024 - 4, 0, "of memory may be too little"),
            (-(-told["least"] // 1024), 0, ""),
        ):
            r = p.ukc("run", "--dry-run", "--block", "disk", "--memory", f"{kib}K", status=status)
            expect(said in r.err if said else not r.err, f"{kib}K: '{said}'", r)
        kvm.built(context, p, "hello")
        for machine, warned in (("q35", True), ("microvm", False)):
            r = p.ukc("run", "--dry-run", "--machine", machine, "--memory", "1535K")
            expect(("1535K of memory the firmware of QEMU's q35 may overwrite the image" in r.err) == warned, f"{machine}: what firmware does is told", r)
        told = p.ukc("build", "--json").json["memory"]
        for kib, warned in ((383, True), (384, False)):
            r = p.ukc("run", "--dry-run", "--machine", "q35", "--memory", f"{-(-told['image'] // 1024) + kib}K")
            expect(("may overwrite the image" in r.err) == warned, f"by where the image ends: {kib} KiB behind it", r)
        r = p.ukc("run", "--quiet", "--accelerator", "tcg", "--machine", "q35", "--memory", f"{-(-told['image'] // 1024) + 384}K", timeout=120)
        expect("Hello" in r.out, "where there is no warning it runs", r)
        expect(told["image"] == told["least"] == told["most"], "hello needs no more than its image", told)
        r = p.ukc("run", "--quiet", "--accelerator", "tcg", "--machine", "microvm", "--memory", f"{-(-told['least'] // 1024)}K", timeout=120)
        expect("Hello" in r.out, "with which it runs", r)


PUBLISHED = (
    ("-p 18080:80", "--publish leads to port 80 of the image, and none of its keys says that it listens there: port is 8080"),
    ("-p 18080:8080 -p 18081:443", "--publish leads to port 443 of the image"),
    ("-p 18080:8080 -- --port=81", "leads to port 8080 of the image, and none of its keys says that it listens there: port is 81"),
    ("-p 18080:8080", ""),
    ("-p 18080:81 -- --port=81", ""),
)


def ports(context):
    """A published port that leads to none of the image's is told; arguments of the image count."""
    with Project(context) as p:
        project(context, p)
        for line, said in PUBLISHED:
            for command in ("run", "debug"):
                r = p.ukc(command, "--dry-run", "--accelerator", "tcg", "--block", "disk", *shlex.split(line))
                expect(said in r.err if said else not r.err, f"{command} {line}: '{said}'", r)


def without(p, *missing):
    """PATH with everything that it has now, but for these programs."""
    folder = p.file("..", "programs")
    os.makedirs(folder, exist_ok=True)
    for place in p.environment["PATH"].split(":"):
        for name in os.listdir(place) if os.path.isdir(place) else ():
            if name not in missing and not os.path.lexists(os.path.join(folder, name)):
                os.symlink(os.path.join(place, name), os.path.join(folder, name))
    return {"PATH": folder}


def missing(context):
    """A hypervisor or debugger that is not installed is told with what to do, and is not needed to see its command."""
    with Project(context) as p:
        project(context, p)
        path = without(p, "qemu-system-x86_64", "firecracker", "cloud-hypervisor", "gdb")
        for words, said in (
            (["run"], "error: qemu-system-x86_64 is not in PATH\nhelp: on Debian: apt-get install qemu-system-x86"),
            (["run", "--with", "firecracker", "--tap", "left"], "error: firecracker is not in PATH\nhelp: without --with the image runs in QEMU"),
            (["run", "--with", "cloud-hypervisor", "--tap", "left"], "error: cloud-hypervisor is not in PATH"),
            (["debug"], "error: gdb is not in PATH\nhelp: on Debian: apt-get install gdb"),
        ):
            r = p.ukc(*words, status=3, environment=path)
            expect(said in r.err, "it is said what is missing", r)
            r = p.ukc(*words, "--dry-run", environment=path)
            expect(r.out.split()[0] in ("qemu-system-x86_64", "firecracker", "cloud-hypervisor"), "the command is printed all the same", r)


# ---- what is run ----


def left_behind(p, name="probe"):
    return sorted(f for f in os.listdir(p.file("build", "kvm")) if f.startswith(f"{name}.") and f != f"{name}.debug")


def statuses(context):
    """The image's exit status is that of ukc, the command is printed before it, and nothing is left in build/."""
    harness.need("qemu-system-x86_64")
    with Project(context) as p:
        probe(context, p)
        before = left_behind(p)
        for machine, status in (("q35", 0), ("q35", 3), ("microvm", 1), ("microvm", 64), ("microvm", 94)):
            r = p.ukc("run", "--accelerator", "tcg", "--machine", machine, "--", f"--what={status}", status=status, timeout=120)
            said = p.ukc("run", "--accelerator", "tcg", "--machine", machine, "--dry-run", "--", f"--what={status}").out
            expect(r.err == said, "the command that is printed is that of --dry-run", r.err, said)
        expect(left_behind(p) == before, "no socket is left behind", left_behind(p))


def start(p, *words, environment=None):
    argv = [str(p.context.ukc), "run", "--quiet", "--accelerator", "tcg", *words]
    return Program(argv, cwd=p.path, env=dict(p.environment, **(environment or {})))


def stop(context):
    """SIGINT, SIGTERM and SIGHUP press the power button: the image ends by itself. One that does not is stopped by the second signal."""
    harness.need("qemu-system-x86_64")
    with Project(context) as p:
        probe(context, p)
        before = left_behind(p)
        for machine, number in (("q35", signal.SIGINT), ("microvm", signal.SIGTERM), ("q35", signal.SIGHUP)):
            with start(p, "--machine", machine, "--", "--what=wait") as q:
                q.wait_for("ready", 60)
                q.send(number)
                expect(q.wait(60) == 5 and "asked to stop" in q.output, f"{machine}: it ends with its own status after {number.name}", q.status, q.output)
        with start(p, "--", "--what=wait") as q:  # as timeout(1) and systemd do
            q.wait_for("ready", 60)
            for _ in range(2):
                os.killpg(q.pid, signal.SIGTERM)
                wait_until(lambda: not pending(q.pid, signal.SIGTERM), "the signal is taken")
            expect(q.wait(60) == 5 and "asked to stop" in q.output, "a signal to all of its group is no other", q.status, q.output)
        with start(p, "--", "--what=deaf") as q:
            q.wait_for("ready", 60)
            q.send(signal.SIGTERM)
            wait_until(lambda: not pending(q.pid, signal.SIGTERM), "the first signal is taken", 20, q)
            q.send(signal.SIGINT)
            expect(q.wait(60) == 130, "the second signal stops one that does not listen", q.status, q.output)
            expect("ukc: a second signal has stopped the machine, before it ended by itself" in q.output, "and it is said", q.output)
        expect(left_behind(p) == before, "no socket is left behind", left_behind(p))


def pending(pid, number):
    try:
        with open(f"/proc/{pid}/status") as f:
            masks = [int(line.split()[1], 16) for line in f if line.startswith(("SigPnd", "ShdPnd"))]
    except ProcessLookupError:
        return False
    return any(mask >> (number - 1) & 1 for mask in masks)


def terminal(context):
    """Ctrl-C in a terminal reaches the image as the power button, QEMU does not end by it, and the terminal is as it was."""
    harness.need("qemu-system-x86_64")
    with Project(context) as p:
        probe(context, p)
        pid, keyboard = pty.fork()
        if pid == 0:
            os.chdir(p.path)
            os.execve(str(context.ukc), ["ukc", "run", "--quiet", "--accelerator", "tcg", "--", "--what=wait"], p.environment)
        before, said = termios.tcgetattr(keyboard), b""
        while b"ready" not in said:
            said += os.read(keyboard, 1000)
        os.write(keyboard, b"\x03")
        while b"stop" not in said:
            said += os.read(keyboard, 1000)
        _, status = os.waitpid(pid, 0)
        expect(os.waitstatus_to_exitcode(status) == 5 and b"asked to stop" in said, "it ends with its own status", status, said)
        after = termios.tcgetattr(keyboard)
        expect(before[:4] == after[:4], "the terminal is as it was", before, after)


def publish(context):
    """-p leads a port of this host to the image; Ctrl-C ends it well."""
    harness.need("qemu-system-x86_64")
    with Project(context) as p:
        project(context, p)
        port = free_port()
        for machine in kvm.MACHINES:
            with start(p, "--machine", machine, "-p", f"{port}:8080", "--block", "store=disk") as q:
                wait_until(lambda: answer(port), f"an answer on {machine}", 60, q)
                q.send(signal.SIGINT)
                expect(q.wait(60) == 0, f"{machine}: it ends with status 0", q.status, q.output)
                expect("no port" not in q.output, "there is a port", q.output)
        argv = [str(context.ukc), "run", "--accelerator", "tcg", "--block", "disk"]
        with Program(argv, cwd=p.path, env=p.environment) as q:
            q.wait_for("listening", 60)
            expect("ukc: no port of this host leads to the image; with -p 8080:8080 its port 8080 would be 8080 here" in q.output, "without -p it is said how to reach it", q.output)


def taken(context):
    """A port of this host that cannot be opened is named, with another that can, before anything is started."""
    harness.need("qemu-system-x86_64")
    harness.need("gdb")
    with Project(context) as p:
        project(context, p)
        for kind, suffix, name in ((socket.SOCK_STREAM, "", "port"), (socket.SOCK_DGRAM, "/udp", "UDP port")):
            for address, prefix in (("127.0.0.1", ""), ("0.0.0.0", "0.0.0.0:")):
                with socket.socket(type=kind) as s:
                    s.bind((address, 0))
                    if kind == socket.SOCK_STREAM:
                        s.listen()
                    port = s.getsockname()[1]
                    for command in ("run", "debug"):
                        words = [command, "-p", f"{prefix}{port}:8080{suffix}", "--block", "disk"]
                        r = p.ukc(*words, status=3)
                        help = re.fullmatch(rf"error: --publish: another program has {name} {port} of this host\n"
                                            rf"help: -p {prefix}(\d+):8080{suffix} would lead to the same port of the image\n", r.err)
                        expect(help and int(help[1]) > port, "it is said who has it, and another port", r)
                        p.ukc(*words, "--dry-run")  # elsewhere it may be free
        r = p.ukc("run", "-p", "192.0.2.1:8080:8080", "--block", "disk", status=3)  # RFC 5737: nobody's
        expect("--publish: 192.0.2.1 is no address of this host\nhelp: 0.0.0.0 stands" in r.err and "qemu-system" not in r.err, "so is an address", r)


def busy(context):
    """A disk that another machine has is named, before anything is started; two may read one."""
    harness.need("qemu-system-x86_64")
    harness.need("gdb")
    with Project(context) as p:
        project(context, p)
        with start(p, "--block", "disk") as q:
            q.wait_for("listening", 60)
            for command in ("run", "debug"):
                for words in (["--block", "disk"], ["--block", "disk,ro"]):
                    r = p.ukc(command, *words, status=3)
                    expect(r.err.startswith("error: --block: another machine has 'disk'\nhelp: two that write"), "it is said which disk", r)
                    p.ukc(command, *words, "--dry-run")
            q.send(signal.SIGINT)
            expect(q.wait(60) == 0, "the machine that has it is not disturbed", q.status, q.output)
        r = p.ukc("run", "--dry-run", "--block", "disk", "--block", "b")
        expect("the machine has 2: without the key 'store.block.index' it does not start\nhelp: to take the first: -- --store.block.index=0\n" in r.err, "which of two it takes has to be said", r)
        r = p.ukc("run", "--dry-run", "--block", "disk", "--block", "b", "--", "--store.block.index=1")
        expect("warning: the image has drivers for 1 disk, and the machine has 2: what is more than that is not used" in r.err, "a second disk has no use", r)
        expect("drivers for" not in p.ukc("run", "--dry-run", "--block", "disk").err, "one has")


def large(context):
    """A machine with more memory than the host is warned of, before QEMU says that it cannot have it."""
    harness.need("qemu-system-x86_64")
    with Project(context) as p:
        project(context, p)
        r = p.ukc("run", "--accelerator", "tcg", "--block", "disk", "--memory", "4096G", status=None, timeout=60)
        expect(re.search(r"warning: the machine is to have 4096G of memory, and this host has \d+M: it may refuse to start\nhelp: --memory SIZE gives it less", r.err), "it is said", r)
        expect("4096G" not in p.ukc("run", "--dry-run", "--block", "disk", "--memory", "4096G").err, "not of a machine elsewhere")


def asked(context):
    """An image asked for its arguments says them and ends well; one that is given others ends with 64."""
    harness.need("qemu-system-x86_64")
    with Project(context) as p:
        probe(context, p)
        r = p.ukc("run", "--quiet", "--accelerator", "tcg", "--", "--help", timeout=60)
        expect("--what=0" in r.out, "the key is listed", r)
        r = p.ukc("run", "--quiet", "--accelerator", "tcg", "--", "--wat=1", status=64, timeout=60)
        expect("there is no such key at boot" in r.out, "another one is refused", r)


def answer(port):
    try:
        return fetch(port, "/x")[0] == 200
    except (OSError, http.client.HTTPException):
        return False


def tap(context):
    """--tap makes a device with the address that the image takes for its router's, and removes it; one that is there is left alone."""
    need_tun()
    harness.need("qemu-system-x86_64")
    with Network() as net, Project(context) as p:
        project(context, p)
        host = net.namespace("host")
        argv = [context.ukc, "run", "--quiet", "--accelerator", "tcg", "--tap", "made", "--block", "disk"]
        with host.start(*argv, directory=p.path, environment=p.environment) as q:
            host.wait_for_port(kvm.IPV4, 8080, q, 60)
            host.wait_for_port(kvm.IPV6, 8080, q, 60)
            made = {a["local"] for a in host.device("made")["addr_info"]}
            expect({kvm.HOST4, kvm.HOST6} <= made, "the device has the router's addresses", made)
            other = [*argv[:-1], "b"]
            r = host.run(*other, status=3, directory=p.path, environment=p.environment)
            expect("--tap: device 'made' is in use" in r.err, "a second machine cannot have it", r)
            expect(q.stop(signal.SIGINT, 60) == 0, "it ends with status 0", q.output)
        expect(host.device("made") is None, "the device is gone")
        os.makedirs(os.path.join(p.path, "few"))
        for program in ("qemu-system-x86_64", "ninja"):
            os.symlink(shutil.which(program), os.path.join(p.path, "few", program))
        r = host.run(*argv, status=3, directory=p.path, environment={**p.environment, "PATH": os.path.join(p.path, "few")})
        expect("--tap: ip, which configures network devices, is not in PATH\nhelp: on Debian: apt-get install iproute2" in r.err, "without ip none is made", r)
        expect(host.device("made") is None, "nothing is left of it")
        host.ip("tuntap add mode tap dev made")
        with host.start(*argv, directory=p.path, environment=p.environment) as q:
            wait_until(lambda: "LOWER_UP" in host.device("made")["flags"] or q.poll() is not None or "http" in q.output, "the machine is there", 60, q)
            expect(not host.device("made")["addr_info"], "a device that was there gets no address", host.device("made"))
            expect(q.stop(signal.SIGINT, 60) in (0, 130), "it ends", q.output)
        expect(host.device("made") is not None, "and stays")
        host.ip(f"addr add {kvm.IPV4}/32 dev lo")
        host.ip(f"addr add {kvm.IPV6}/128 dev lo")
        with host.start(*argv, directory=p.path, environment=p.environment) as q:
            q.wait_for("listening", 60)
            for key, address in (("address", kvm.IPV4), ("address6", kvm.IPV6)):
                expect(f"warning: the image is to be {address}, which is this host's own address, on 'lo'" in q.output, "an address that the host has is told", q.output)
                expect(f"ukc configure --set {key}=" in q.output, "with what would do", q.output)
            expect(q.stop(signal.SIGINT, 60) in (0, 130), "it ends", q.output)


def disks(context):
    """The order of --block is that of the machine's disks, whatever the machine; ',ro' is read only; data stays in the file."""
    harness.need("qemu-system-x86_64")
    with Project(context) as p:
        project(context, p)

        def ask(machine, index, method, *words):
            """What it answers, with the status in front if it is an error."""
            port = free_port()
            with start(p, "--machine", machine, "-p", f"{port}:8080", *words, "--", f"--store.block.index={index}") as q:
                wait_until(lambda: answer(port), "an answer", 60, q)
                try:
                    body = urllib.request.urlopen(urllib.request.Request(f"http://127.0.0.1:{port}/x", method=method), timeout=20).read()
                except urllib.error.HTTPError as error:
                    body = f"{error.code}".encode()
                expect(q.stop(signal.SIGINT, 60) == 0, "it ends with status 0", q.output)
            return body

        expect(ask("q35", 1, "POST", "--block", "b", "--block", "disk") == b"1\n", "it counts")
        expect(any(p.read("disk")) and not any(p.read("b")), "on the second disk")
        expect(ask("microvm", 0, "POST", "--block", "disk", "--block", "b") == b"2\n", "and remembers, on the first")
        expect(ask("microvm", 0, "GET", "--block", "b", "--block", "disk") == b"0\n", "another disk is another memory")
        before = p.read("disk")
        expect(ask("q35", 0, "GET", "--block", "disk,ro") == b"2\n", "one that is read only can be read")
        expect(ask("q35", 0, "POST", "--block", "disk,ro") == b"500" and p.read("disk") == before, "and not written")


# ---- programs that are not here, and a QEMU that fails ----

FAKES = {
    # says what it was given, and ends with a status from the environment
    "firecracker": """
assert sys.argv[1:3] == ["--no-api", "--config-file"] and len(sys.argv) == 4, sys.argv
print(json.load(open(sys.argv[3]))["boot-source"]["boot_args"])
sys.exit(int(os.environ.get("FAKE_STATUS", "0")))
""",
    # waits for the power button
    "cloud-hypervisor": """
path = next(word for word in sys.argv if word.startswith("path=build/kvm/") and word.endswith(".api"))[5:]
s = socket.socket(socket.AF_UNIX)
s.bind(path)
s.listen()
print("ready", flush=True)
while b"PUT /api/v1/vm.power-button HTTP/1.1" not in s.accept()[0].recv(4096):
    pass
print("pressed", flush=True)
""",
    # has stopped the machine, because KVM cannot go on with it
    "qemu-system-x86_64": """
if os.environ.get("FAKE_STATUS"):
    sys.exit(int(os.environ["FAKE_STATUS"]))
if os.environ.get("FAKE_SIGNAL"):
    os.kill(os.getpid(), int(os.environ["FAKE_SIGNAL"]))
s = socket.socket(socket.AF_UNIX)
s.bind(next(word for word in sys.argv if word.startswith("unix:"))[5:].split(",")[0])
s.listen()
c = s.accept()[0]
f = c.makefile("rw")
if os.environ.get("FAKE_LATE"):
    print("ready", flush=True)
    while not os.path.exists("go"):
        time.sleep(0.01)
    print('{"QMP": {}}', file=f, flush=True)
    sys.exit(43 if "qmp_capabilities" in f.readline() and "system_powerdown" in f.readline() else 1)
if os.environ.get("FAKE_DEAF"):
    print('{"QMP": {}}', file=f, flush=True)
    print("ready", flush=True)
    sys.exit(43 if "qmp_capabilities" in f.readline() and all("system_powerdown" in f.readline() for _ in range(2)) else 1)
print('{"QMP": {}}\\n{"event": "STOP"}', file=f, flush=True)
for line in f:
    if "query-status" in line:
        print('{"return": {"status": "internal-error", "running": false}}', file=f, flush=True)
    if "quit" in line:
        sys.exit(0)
""",
}


def programs(p, *names):
    """Puts programs of the test's own into PATH, in front."""
    folder = p.file("..", "fakes")
    os.makedirs(folder, exist_ok=True)
    for name in names:
        path = os.path.join(folder, name)
        with open(path, "w") as f:
            f.write(f"#!{sys.executable}\nimport json, os, socket, sys, time\n{FAKES[name]}")
        os.chmod(path, os.stat(path).st_mode | stat.S_IXUSR)
    p.environment["PATH"] = f"{folder}:{p.environment['PATH']}"


def firecracker(context):
    """It is given its configuration as a file; its status is that of ukc."""
    with Project(context) as p:
        probe(context, p)
        programs(p, "firecracker")
        r = p.ukc("run", "--with", "firecracker", "--", "--what=3", "a b")
        expect(r.out == '--what=3 "a b"\n', "it gets the arguments", r)
        expect(r.err.endswith("firecracker --no-api --config-file build/kvm/probe.firecracker.json\n"), "the command is printed", r)
        r = p.ukc("run", "--with", "firecracker", environment={"FAKE_STATUS": "148"}, status=3)
        expect("error: firecracker failed with status 148" in r.err, "its failure is told", r)


def cloud_hypervisor(context):
    """Its power button is pressed through its socket."""
    with Project(context) as p:
        probe(context, p)
        programs(p, "cloud-hypervisor")
        argv = [str(context.ukc), "run", "--quiet", "--with", "cloud-hypervisor"]
        with Program(argv, cwd=p.path, env=p.environment) as q:
            q.wait_for("ready")
            q.send(signal.SIGTERM)
            expect(q.wait() == 128 + signal.SIGTERM and "pressed" in q.output, "the button is pressed", q.status, q.output)
        expect(left_behind(p) == [], "its socket is gone", left_behind(p))


def failures(context):
    """A QEMU that fails, ends without a word, is killed, has stopped the machine, or takes its time."""
    with Project(context) as p:
        probe(context, p)
        programs(p, "qemu-system-x86_64")
        for environment, status, words in (
            ({"FAKE_STATUS": "1"}, 3, "error: qemu failed with status 1"),
            ({"FAKE_STATUS": "35"}, 1, ""),
            ({"FAKE_STATUS": "36"}, 3, "error: qemu failed with status 36"),
            ({"FAKE_SIGNAL": "11"}, 139, "error: qemu was ended by signal 11"),
            ({}, 3, "error: qemu has stopped the machine: KVM cannot go on with it"),
        ):
            r = p.ukc("run", "--quiet", "--accelerator", "tcg", status=status, environment=environment)
            expect(words in r.err and (words or not r.err), f"'{words}' is said", r)
        expect(left_behind(p) == [], "nothing is left behind", left_behind(p))
        with start(p, environment={"FAKE_LATE": "1"}) as q:
            q.wait_for("ready", 60)
            q.send(signal.SIGTERM)
            wait_until(lambda: not pending(q.pid, signal.SIGTERM), "the signal is taken", 20, q)
            p.write("go", "")
            expect(q.wait(60) == 5, "the button is pressed when QEMU takes commands", q.status, q.output)
        with start(p, environment={"FAKE_DEAF": "1"}) as q:
            q.wait_for("ready", 60)
            q.send(signal.SIGTERM)
            expect(q.wait(60) == 5, "and again, for an image that was not ready for it", q.status, q.output)


def posix(context):
    """A process has no machine: what is for one is refused."""
    with Project(context) as p:
        p.write("ukc.lua", 'return unikernel "probe" { sources = { "probe.c" } }')
        p.write("probe.c", "int probe_main(void) { return 7; }\n")
        p.ukc("configure", "--target", "posix")
        for command in ("run", "debug"):
            for words in (["--publish", "81:80"], ["--tap", "x"], ["--block", "x"], ["--memory", "1G"], ["--machine", "q35"], ["--accelerator", "tcg"]):
                r = p.ukc(command, *words, status=2)
                expect(f"error: {words[0]} is for target kvm: a process has no machine" in r.err, f"{command} {words[0]} is refused", r)
        p.ukc("run", "--json-config", status=2)
        p.ukc("run", status=7)


def tests(context):
    for f in (dry_run, dry_run_of_two, configurations, wrong, lacking, memory, long_names, ports, missing, statuses, stop, terminal, publish, taken, busy, large, asked, tap, disks, firecracker, cloud_hypervisor, failures, posix):
        yield f.__name__, lambda f=f: f(context)
