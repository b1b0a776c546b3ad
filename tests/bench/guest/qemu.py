"""Guests in QEMU with software emulation, and the count of what they execute."""

import mmap
import os
import re
import shutil
import struct
import subprocess
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
NETWORK = {"q35": "virtio-net-pci,disable-legacy=on,romfile=", "microvm": "virtio-net-device"}
SLOTS = 17  # of count.c: the count, and its events; then the same of the image's own


def need(*programs):
    for program in programs:
        if not shutil.which(program, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin"):
            raise RuntimeError(f"{program} is not installed")


def version():
    out = subprocess.run(["qemu-system-x86_64", "--version"], stdout=subprocess.PIPE, text=True, check=True).stdout
    return tuple(map(int, re.search(r"version (\d+)\.(\d+)", out).groups()))


def counter(directory):
    """The plugin, compiled for the QEMU that is installed."""
    number = version()
    path = os.path.join(directory, "count.so")
    interface = 1 if number < (9, 0) else 2 if number < (9, 1) else 3
    subprocess.run(["cc", "-O2", "-Wall", "-Wextra", "-shared", "-fPIC", f"-DPLUGIN_VERSION={interface}", "-o", path, os.path.join(HERE, "count.c")],
                   check=True, timeout=60)
    return path


def empty(directory):
    """An image that ends the machine."""
    return assemble(directory, "empty", ["-m32"], ["-m", "elf_i386", "-T", os.path.join(HERE, "empty.ld")])


def assemble(directory, name, compile_options=(), link_options=()):
    path = os.path.join(directory, name)
    subprocess.run(["clang-19", "-c", *compile_options, "-o", path + ".o", os.path.join(HERE, name + ".S")], check=True, timeout=60)
    subprocess.run(["ld.lld-19", *link_options, "--strip-all", "-o", path, path + ".o"], check=True, timeout=60)
    return path


def symbols(path):
    """Addresses by name."""
    out = subprocess.run(["llvm-nm-19", path], stdout=subprocess.PIPE, text=True, check=True, timeout=60).stdout
    return {name: int(address, 16) for address, name in re.findall(r"(?m)^([0-9a-f]+) \w (\S+)$", out)}


def entry(path):
    with open(path, "rb") as f:
        head = f.read(64)
    return struct.unpack_from("<Q", head, 24)[0] if head[4] == 2 else struct.unpack_from("<I", head, 24)[0]


class Image:
    """What QEMU boots: a file that it loads itself, or a kernel with an initrd."""

    def __init__(self, kernel, initrd=None, line="", events=()):
        self.kernel, self.initrd, self.line, self.events = kernel, initrd, line, list(events)

    @property
    def size(self):
        return sum(os.path.getsize(f) for f in (self.kernel, self.initrd) if f)


class Counts:
    """The file that the plugin writes while the guest runs."""

    def __init__(self, path):
        with open(path, "rb") as f:
            self.map = mmap.mmap(f.fileno(), 8 * (2 * SLOTS + 1), prot=mmap.PROT_READ)

    def __getitem__(self, slot):
        return struct.unpack_from("<Q", self.map, 8 * slot)[0]

    @property
    def now(self):
        return self[0]

    def own(self, event=-1):
        """What was executed between low and high: until now, or until an event, from 0."""
        return self[SLOTS + event + 1]

    @property
    def guests(self):
        """What guests of a hypervisor executed."""
        return self[2 * SLOTS]


class Bench:
    """Where guests run: a directory, and the namespace with a tap device when they have a network."""

    def __init__(self, directory, namespace=None, tap="tap"):
        self.directory, self.namespace, self.tap = directory, namespace, tap
        self.plugin = counter(directory)

    def command(self, image, machine, memory, extra=(), count=None):
        words = ["qemu-system-x86_64", "-M", machine, "-accel", "tcg", "-cpu", "max", "-smp", "1", "-m", memory, "-nodefaults", "-no-user-config",
                 "-display", "none", "-no-reboot", "-serial", "stdio", "-device", "isa-debug-exit,iobase=0xf4,iosize=4", "-kernel", image.kernel]
        if image.initrd:
            words += ["-initrd", image.initrd]
        if image.line:
            words += ["-append", image.line]
        if self.namespace:
            words += ["-netdev", f"tap,id=net,ifname={self.tap},script=no,downscript=no", "-device", f"{NETWORK[machine.split(',')[0]]},netdev=net"]
            if machine.startswith("microvm"):
                words += ["-global", "virtio-mmio.force-legacy=false"]
        if count:
            words += ["-plugin", ",".join([self.plugin, f"to={count}", *image.events])]
        return words + list(extra)

    def end(self, image, machine="q35", memory="64M", seconds=60):
        """Runs one that ends by itself: (status of the image, what it said, counts)."""
        count = tempfile.mktemp(dir=self.directory)
        r = subprocess.run(self.command(image, machine, memory, count=count), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                           stderr=subprocess.STDOUT, timeout=seconds, text=True, errors="replace")
        return r.returncode, r.stdout, Counts(count)

    def ends_well(self, image, machine, memory):
        """Whether it boots and ends with status 0 (QEMU's 33 is the image's 0)."""
        try:
            return subprocess.run(self.command(image, machine, memory), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                  stderr=subprocess.DEVNULL, timeout=20).returncode == 33
        except subprocess.TimeoutExpired:
            return False

    def start(self, image, machine="q35", memory="64M", count=None):
        """A Program that serves."""
        return self.namespace.start(*self.command(image, machine, memory, count=count))


def least(works, low, high, step):
    """The least number of KiB, a multiple of step, with which it works; low does not, high does."""
    if not works(high):
        raise RuntimeError(f"it does not work with {high} KiB either")
    while high - low > step:
        middle = (low + high) // 2 // step * step
        if works(middle):
            high = middle
        else:
            low = middle
    return high


def processor_time(pid):
    """Seconds, all threads."""
    with open(f"/proc/{pid}/stat") as f:
        parts = f.read().rsplit(")", 1)[1].split()
    return (int(parts[11]) + int(parts[12])) / os.sysconf("SC_CLK_TCK")
