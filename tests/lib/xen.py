"""A real Xen with a dom0, in QEMU: targets/xen/in-qemu assembles it once from packages; a script runs in dom0 and says what came of it."""

import gzip
import os
import re
import subprocess
import tempfile

import harness
from lib import sizes
from lib.project import Project, expect

MEMORY = 512  # MiB; dom0 has half of it
PROCESSOR = "qemu64,+svm,+npt,+rdrand"  # SVM and nested paging are emulated; without RDRAND xl waits for entropy

# Shell functions for scripts in dom0.  `domain NAME 'WORDS' [LINE..]` creates one from /job/NAME, waits for its end, and prints what it was.
PRELUDE = r"""
bridge() { # each network card of dom0 and the domains' interfaces on br0, br1 are one network
	number=0
	for link in /sys/class/net/e*; do
		ip link add br$number type bridge
		ip link set ${link##*/} master br$number
		ip link set ${link##*/} up
		ip link set br$number up
		number=$((number + 1))
	done
}
configure() { # NAME WORDS [LINE..]
	printf '%s\n' "name='$1'" "type='pvh'" "kernel='/job/${KERNEL:-$1}'" "memory=${MEMORY:-16}" 'vcpus=1' "tsc_mode='native'" "on_poweroff='preserve'" \
		"on_crash='preserve'" "on_reboot='destroy'" "extra='$2'" "${@:3}" >/tmp/$1.cfg
}
create() { # NAME
	xl create /tmp/$1.cfg >/tmp/xl.log 2>&1 || { echo "@@ xl create $1 failed"; cat /tmp/xl.log; return 1; }
	timeout 100 xl domid $1 >/tmp/$1.id
}
state() { timeout 20 xl list $1 2>/dev/null | awk 'NR == 2 { print $5 }'; }
await_end() { # NAME: until it has ended, or for 40 seconds
	for try in $(seq 200); do
		case "$(state $1)" in *s*|*c*|"") return ;; esac
		sleep 0.2
	done
}
await_addresses() { # NAME: until its stack has the last one
	for try in $(seq 300); do
		grep -q 'address fe80' /var/log/xen/console/guest-$1.log 2>/dev/null && return
		sleep 0.2
	done
}
report() { # NAME
	id=$(cat /tmp/$1.id)
	echo "@@ $1 status=$(xenstore-read /local/domain/$id/data/exit-status 2>/dev/null) state=$(state $1)"
	sleep 0.1
	cat /var/log/xen/console/guest-$1.log 2>/dev/null
	echo "@@ end"
	timeout 100 xl destroy $1
	rm -f /var/log/xen/console/guest-$1.log
}
domain() {
	configure "$@"
	create $1 && await_end $1 && report $1
}
"""


def cache(context):
    """What XDG_CACHE_HOME is for tests, so that `ukc run --in-qemu` has the same Xen."""
    return os.path.join(str(context.root), "build", "cache")


def host(context):
    """The directory with xen.elf, vmlinux and initrd.gz."""
    harness.need("qemu-system-x86_64")
    path = os.path.join(cache(context), "ukc", "xen-in-qemu")
    done = subprocess.run(["sh", os.path.join(str(context.root), "targets", "xen", "in-qemu", "assemble"), path], capture_output=True, text=True, timeout=600)
    if done.returncode and re.search("package lists know no|apt-get is missing", done.stderr):
        raise harness.Skip(done.stderr.strip())
    expect(done.returncode == 0, "Xen and dom0 are put together from packages", done.stdout, done.stderr)
    return path


def image(context, name, files=None, example=None, unikernel=(), options=()):
    """The bytes of what is built for xen of these files ({name: text}) or of a folder of the repository."""
    with Project(context) as p:
        if example:
            p.copy(example if "/" in example else f"examples/{example}")
        for file, text in (files or {}).items():
            p.write(file, text)
        p.ukc("configure", *unikernel, "--target", "xen", *options)
        p.ukc("build", *unikernel, timeout=800)
        sizes.lines(p, os.path.join("build", "xen", *unikernel, name))
        return p.read("build", "xen", *unikernel, name)


def archive(files):
    """A cpio archive (newc: Linux, Documentation/driver-api/early-userspace/buffer-format.rst) of {path: bytes}."""
    out = bytearray()

    def entry(name, mode, data=b""):
        raw = name.encode() + b"\0"
        fields = [0, mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(raw), 0]
        out.extend(b"070701" + b"".join(b"%08X" % f for f in fields) + raw)
        out.extend(bytes(-len(out) % 4))
        out.extend(data)
        out.extend(bytes(-len(out) % 4))

    for name, data in sorted(files.items()):
        entry(name, 0o100644, data)
    entry("TRAILER!!!", 0)
    return bytes(out)


class Machine:
    """QEMU with Xen and dom0, which has /job/NAME for each of the files and runs the script.  What the script prints is read, what it reads is told."""

    def __init__(self, context, files, script, directory, options=(), memory=MEMORY, timeout=240):
        top = host(context)
        job = {f"job/{name}": data for name, data in files.items()}
        job["job/run"] = (PRELUDE + script).encode()
        initrd = os.path.join(directory, "initrd.gz")
        self.logged = os.path.join(directory, "log")
        with open(initrd, "wb") as out, open(os.path.join(top, "initrd.gz"), "rb") as base:
            out.write(base.read() + gzip.compress(archive(job), 1))
        command = ["timeout", str(timeout), "qemu-system-x86_64", "-accel", "tcg", "-machine", "pc", "-cpu", PROCESSOR, "-m", str(memory), "-smp", "1",
                   "-nodefaults", "-display", "none", "-no-reboot", "-serial", f"file:{self.logged}", "-serial", "stdio", *options,
                   "-kernel", os.path.join(top, "xen.elf"),
                   "-initrd", f"{os.path.join(top, 'vmlinux')} console=hvc0 panic=1 quiet loglevel=4,{initrd}",
                   "-append", f"console=com1 com1=115200,8n1 dom0_mem={memory // 2}M,max:{memory // 2}M loglvl=warning guest_loglvl=all"]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, errors="backslashreplace")
        self.said = ""

    @property
    def log(self):
        return open(self.logged, errors="backslashreplace").read().replace("\r", "") if os.path.exists(self.logged) else ""

    def wait_for(self, line):
        """until the script prints it"""
        for got in self.process.stdout:
            self.said += got.replace("\r", "")
            if got.strip() == line:
                return
        expect(False, f"dom0 comes to '{line}'", self.said, self.log, self.process.stderr.read())

    def tell(self, line):
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        """What went wrong meanwhile is the news, and not that the machine waits for ever."""
        if self.process.poll() is None:
            self.process.kill()
            rest = self.process.communicate()[0]
            print(self.said + rest.replace("\r", ""), self.log)

    def finish(self):
        """What it printed, and what Xen and dom0 logged."""
        out, err = self.process.communicate()
        self.said += out.replace("\r", "")
        expect(self.process.returncode == 0 and not err, "QEMU ends by itself, without a word", self.process.returncode, err, self.said, self.log)
        expect(not complaints(self.log), "Xen has nothing to say against what domains do", complaints(self.log), self.said)
        return self.said, self.log


def complaints(log):
    """What Xen says while domains run, except for what it says of saving, of a Linux, and of the machine's end, and what a domain writes to port 0xE9."""
    lines = re.findall(r"^.*?\(XEN\) (.*)$", log.partition("init memory")[2], re.M)
    return [line for line in lines if not re.match(r"HVM ?d?\d+(v\d+)? (save|restore): |\(d\d+\) |d\d+v\d+: upcall vector |Disabling non-boot CPUs|Entering ACPI S5 state", line)]


def run(context, files, script):
    """Boots it and waits for the end; (what the script printed, what Xen and dom0 logged)."""
    with tempfile.TemporaryDirectory() as d:
        return Machine(context, files, script, d, timeout=800).finish()


class Domain:
    def __init__(self, name, written, state, text):
        self.name, self.written, self.state, self.text = name, written, state, text

    @property
    def crashed(self):
        return "c" in self.state

    @property
    def status(self):
        """What it has written, and 0 where it ended well without a word; None: it did neither."""
        return int(self.written) if self.written else 0 if "s" in self.state and not self.crashed else None

    def __str__(self):
        return f"{self.name}: status {self.status}, {self.state}\n{self.text}"


def domains(said):
    """{name: Domain} of what `report` printed."""
    found = re.findall(r"^@@ (\S+) status=(\d*) state=(\S*)\n(.*?)^@@ end$", said, re.M | re.S)
    return {name: Domain(name, written, state, text) for name, written, state, text in found}
