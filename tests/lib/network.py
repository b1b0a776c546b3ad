"""Networks for tests: namespaces, devices in them, programs in them.

    with Network() as net:
        host, peer = net.namespace("host"), net.namespace("peer")
        host.veth("left", peer, "right")
        host.address("left", "10.1.0.1/24", "fd01::1/64")
        peer.address("right", "10.1.0.2/24")
        peer.run("ping", "-c1", "10.1.0.1")
        with host.start(image, "--port=80") as server:
            peer.wait_for_port("10.1.0.1", 80, server)
            peer.run("curl", "-sf", "http://10.1.0.1/")
        expect("stopped" in server.output, ...)

A namespace is a descriptor that this process holds: with it go its devices, also when the test is killed. Nothing
has a name on the machine, nothing needs to be cleared away. Network() raises Skip where none of this is permitted.
"""

import contextlib
import ctypes
import errno
import fcntl
import os
import signal
import socket
import struct
import subprocess
import tempfile
import time

import harness
from harness import Failure, Skip
from lib.project import Result, expect

NEWNET, NEWUSER = 0x40000000, 0x10000000  # unshare(2)
TUNSETIFF, TAP, NO_PI = 0x400454CA, 0x0002, 0x1000  # linux/if_tun.h
ALL_PROTOCOLS = 0x0003  # linux/if_ether.h

libc = ctypes.CDLL(None, use_errno=True)


def check(result, what):
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")


def wait_until(condition, what, seconds=20, program=None):
    """Until condition() is true, which it returns. Fails after a time, or when the program ends before."""
    end = time.monotonic() + seconds
    while True:
        result = condition()
        if result:
            return result
        if program is not None and program.poll() is not None:
            raise Failure(f"{what}: the program ended with status {program.poll()}\n{program.output}")
        if time.monotonic() > end:
            raise Failure(f"{what}: not after {seconds} s\n{program.output if program is not None else ''}")
        time.sleep(0.02)


def answer(connection, question, size):
    """What comes back for a question, which has nothing behind it: so many bytes, or all there are."""
    connection.sendall(question)
    connection.shutdown(socket.SHUT_WR)
    got = b""
    while len(got) < size and (part := connection.recv(65536)):
        got += part
    return got


def expose(path):
    """Lets other users reach a file below TMPDIR, whose directories are the test's alone."""
    path = os.path.realpath(path)
    os.chmod(path, os.stat(path).st_mode | (0o055 if os.access(path, os.X_OK) else 0o044))
    while os.stat(path).st_uid == os.geteuid() and (path := os.path.dirname(path)) != "/":
        mode = os.stat(path).st_mode
        if not mode & 0o001:
            os.chmod(path, mode | 0o001)


class Program:
    """A running program. `output` is what it has printed so far, stdout and stderr together."""

    def __init__(self, argv, **options):
        self.argv = [str(word) for word in argv]
        self.file = tempfile.NamedTemporaryFile(prefix="output-")
        self.process = subprocess.Popen(self.argv, stdin=subprocess.DEVNULL, stdout=self.file, stderr=subprocess.STDOUT,
                                        start_new_session=True, **options)
        self.pid = self.process.pid

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        self.stop()
        if kind is not None and issubclass(kind, (Failure, AssertionError)):
            print(f"$ {' '.join(self.argv)}\n{self.output}")  # the runner shows it with the failure

    @property
    def output(self):
        with open(self.file.name, errors="backslashreplace") as f:
            return f.read()

    @property
    def status(self):
        return self.process.returncode

    def poll(self):
        return self.process.poll()

    def send(self, number):
        self.process.send_signal(number)

    def wait(self, seconds=20):
        """Its exit status."""
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            raise Failure(f"'{self.argv[0]}' does not end\n{self.output}") from None

    def wait_for(self, text, seconds=20):
        """Until it has printed the text."""
        wait_until(lambda: text in self.output, f"'{text}' from {self.argv[0]}", seconds, self)

    def stop(self, number=signal.SIGTERM, seconds=10):
        """Its exit status, after a signal if it still runs. It is killed when that does not help."""
        if self.poll() is None:
            self.send(number)
            try:
                self.process.wait(seconds)
            except subprocess.TimeoutExpired:
                os.killpg(self.pid, signal.SIGKILL)
                self.process.wait()
        return self.status


class Namespace:
    """A network of its own, with the loopback up."""

    def __init__(self, name):
        self.name = name
        before = os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
        try:
            check(libc.unshare(NEWNET), "unshare")
            self.descriptor = os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
            check(libc.setns(before, NEWNET), "setns")
        finally:
            os.close(before)
        self.ip("link set lo up")

    def close(self):
        os.close(self.descriptor)

    def enter(self):
        check(libc.setns(self.descriptor, NEWNET), "setns")

    @contextlib.contextmanager
    def entered(self):
        """This thread is in the namespace: sockets made here belong to it for good, files of /proc/sys/net are its own."""
        before = os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
        try:
            self.enter()
            yield self
        finally:
            check(libc.setns(before, NEWNET), "setns")
            os.close(before)

    # ---- programs ----

    def options(self, directory, environment):
        return {"cwd": directory, "env": environment if environment is not None else harness.environment(), "preexec_fn": self.enter}

    def run(self, *argv, status=0, timeout=60, directory=None, environment=None, input=None):
        """A Result, with out and err. status=None accepts every status."""
        argv = [str(word) for word in argv]
        try:
            r = subprocess.run(argv, timeout=timeout, input=input, stdin=None if input is not None else subprocess.DEVNULL,
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8", errors="backslashreplace",
                               **self.options(directory, environment))
        except subprocess.TimeoutExpired as e:
            raise Failure(f"$ {' '.join(argv)}\nno end within {timeout} s\n{e.stdout or ''}{e.stderr or ''}") from None
        result = Result(r.returncode, r.stdout, r.stderr)
        if status is not None:
            expect(r.returncode == status, f"in {self.name}: '{' '.join(argv)}' should end with status {status}", result)
        return result

    def start(self, *argv, directory=None, environment=None):
        """A Program, to be used with 'with'."""
        return Program(argv, **self.options(directory, environment))

    # ---- devices ----

    def ip(self, words, status=0):
        """ip("addr add 10.0.0.1/24 dev eth0"): what ip prints."""
        return self.run(harness.need("ip"), *words.split(), status=status).out

    def veth(self, name, other, other_name, mtu=1500):
        """A cable: two devices that are one another's other end, both up, without addresses."""
        with other.entered():
            self.ip(f"link add {name} mtu {mtu} type veth peer name {other_name} mtu {mtu} netns /proc/{os.getpid()}/ns/net")
        self.ip(f"link set {name} up")
        other.ip(f"link set {other_name} up")

    def address(self, device, *prefixes):
        """Gives it addresses, usable at once, and takes it up."""
        for prefix in prefixes:
            self.ip(f"addr add {prefix} dev {device}" + (" nodad" if ":" in prefix else ""))
        self.ip(f"link set {device} up")

    def sysctl(self, name, value):
        with self.entered(), open(f"/proc/sys/{name}", "w") as f:
            f.write(f"{value}\n")

    def tap(self, name, flags=0):
        """The descriptor of a tap device that this process is the other end of: one read or write is one frame."""
        if not os.path.exists("/dev/net/tun"):
            raise Skip("there is no /dev/net/tun")
        with self.entered():
            descriptor = os.open("/dev/net/tun", os.O_RDWR | os.O_CLOEXEC)
            fcntl.ioctl(descriptor, TUNSETIFF, struct.pack("16sH22x", name.encode(), TAP | NO_PI | flags))
        return descriptor

    def device(self, name):
        """What 'ip -json addr' says of a device; None if there is none."""
        import json

        known = json.loads(self.ip("-json addr show") or "[]")
        return next((d for d in known if d["ifname"] == name), None)

    def wait_for_device(self, name, program=None, seconds=20):
        """Until it is there, up, and its addresses can be used."""
        def ready():
            d = self.device(name)
            return d and "UP" in d["flags"] and not any(a.get("tentative") for a in d["addr_info"]) and d
        return wait_until(ready, f"device {name} in {self.name}", seconds, program)

    # ---- sockets ----

    def socket(self, family=socket.AF_INET, kind=socket.SOCK_STREAM, protocol=0):
        with self.entered():
            return socket.socket(family, kind, protocol)

    def frames(self, device, timeout=5):
        """A socket that sends and receives whole frames on a device."""
        s = self.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ALL_PROTOCOLS))
        s.bind((device, ALL_PROTOCOLS))
        s.settimeout(timeout)
        return s

    def connect(self, address, port, timeout=10):
        s = self.socket(socket.AF_INET6 if ":" in address else socket.AF_INET)
        try:
            s.settimeout(timeout)
            s.connect((address, port))
        except BaseException:
            s.close()
            raise
        return s

    def wait_for_port(self, address, port, program=None, seconds=20):
        """Until somebody accepts connections there."""
        def answers():
            try:
                self.connect(address, port, 1).close()
                return True
            except OSError:
                return False
        wait_until(answers, f"port {port} of {address}, seen from {self.name}", seconds, program)

    def wait_for_ping(self, address, program=None, seconds=20):
        """Until somebody answers echo requests there."""
        ping = harness.need("ping")
        wait_until(lambda: self.run(ping, "-n", "-c1", "-W1", address, status=None).status == 0,
                   f"an answer of {address} to {self.name}", seconds, program)

    # ---- helpers that several suites start ----

    @contextlib.contextmanager
    def capture(self, device, path, *filter):
        """Everything that goes over the device, in a file for tcpdump or tshark. Complete when the block ends."""
        tool = harness.need("tcpdump")
        with self.start(tool, "-i", device, "-w", path, "-U", "-Z", "root", "--immediate-mode", *filter) as program:
            program.wait_for("listening on")
            yield program
            time.sleep(0.2)  # frames that are on their way to it
            program.stop(signal.SIGINT)
        expect(os.path.exists(path), "tcpdump writes its file", program.output)

    def dnsmasq(self, device, *options):
        """A server of addresses (DHCP, router advertisements), as the options say."""
        tool, leases = harness.need("dnsmasq"), tempfile.mkdtemp(prefix="dnsmasq-")
        # nothing of the machine's own configuration
        return self.start(tool, "--keep-in-foreground", "--log-facility=-", "--log-dhcp", "--conf-file=/dev/null", "--no-resolv", "--no-hosts",
                          "--port=0", "--bind-dynamic", "--user=root", "--pid-file=", f"--interface={device}",
                          f"--dhcp-leasefile={leases}/leases", *options)


class Network:
    """Namespaces that end together. Skips the test where they are not permitted."""

    def __init__(self):
        self.namespaces = []

    def __enter__(self):
        harness.need("ip")
        try:
            own_user_namespace()
            self.namespace("probe")
        except OSError as e:
            if e.errno in (errno.EPERM, errno.EACCES, errno.ENOSYS, errno.EINVAL, errno.ENOSPC):
                raise Skip(f"network namespaces are not permitted here ({e.strerror})") from None
            raise
        return self

    def __exit__(self, *_):
        for n in self.namespaces:
            n.close()

    def namespace(self, name="net"):
        self.namespaces.append(Namespace(name))
        return self.namespaces[-1]


def own_user_namespace():
    """An ordinary user becomes root of a namespace, where the system lets him. For good: a test is a process of its own."""
    user, group = os.geteuid(), os.getegid()
    if user == 0:
        return
    check(libc.unshare(NEWUSER | NEWNET), "unshare")
    for name, text in (("setgroups", "deny"), ("uid_map", f"0 {user} 1"), ("gid_map", f"0 {group} 1")):
        with open(f"/proc/self/{name}", "w") as f:
            f.write(text)


def need_tun():
    """Skips where an image could not open a tap device."""
    try:
        os.close(os.open("/dev/net/tun", os.O_RDWR))
    except OSError as e:
        raise Skip(f"/dev/net/tun cannot be opened ({e.strerror})") from None
