"""Network cards of kvm images: many connections at once, several cards or none, noise."""

import errno
import os
import random
import re
import select
import signal
import socket
import threading
import time

import harness
from lib import liar, machine as kvm
from lib.machine import IPV4, IPV6, MACHINES, TAP, bare, card, image_status
from lib.network import Network, Program, need_tun, wait_until
from lib.project import Project, expect
from suites.hostile_packets import interpreter

SECONDS = 1800  # the C library may have to be compiled; a million frames
PORT = 8080
ADDRESSES = (IPV4, IPV6)
CONNECTIONS = (1, 8, 64, 512)


def page(host, address):
    url = f"http://{f'[{address}]' if ':' in address else address}:{PORT}/"
    host.run(harness.need("curl"), "-sSf", "--max-time", "20", "-o", "/dev/null", url)


# ---- load ----


def load(host, program, connections, seconds):
    """wrk on connections that stay: none is refused, reset or left waiting."""
    r = host.run(harness.need("wrk"), "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "30s", f"http://{IPV4}:{PORT}/", status=None, timeout=seconds + 60)
    found = re.search(r"(\d+) requests in", r.out)
    expect(r.status == 0 and found and program.poll() is None, f"wrk ends with {connections} connections, and the image goes on", r, program.output)
    expect("Non-2xx" not in r.out and "Socket errors" not in r.out, f"every response on {connections} connections is good", r.out)
    expect(int(found[1]) >= connections, f"{connections} connections were answered", r.out)


def together(host, program, count):
    """So many come while the machine stands still, all before the first of them is answered: none of them is lost."""
    host.ip(f"link set {TAP} txqueuelen {4 * count}")
    waiting, left = select.poll(), {}
    try:
        os.killpg(program.pid, signal.SIGSTOP)
        for n in range(count):
            s = host.socket()
            s.setblocking(False)
            left[s.fileno()] = (n, s)
            waiting.register(s, select.POLLOUT)
            expect(s.connect_ex((IPV4, PORT)) == errno.EINPROGRESS, "nobody answers while the machine stands still")
        os.killpg(program.pid, signal.SIGCONT)
        while left:
            ready = waiting.poll(30000)
            expect(ready and program.poll() is None, f"{len(left)} of {count} connections wait for ever", program.output)
            for descriptor, _ in ready:
                n, s = left.pop(descriptor)
                waiting.unregister(descriptor)
                with s:
                    answer(s, f"connection {n} of {count}")
    finally:
        os.killpg(program.pid, signal.SIGCONT)
        for _, s in left.values():
            s.close()


def answer(s, who):
    try:
        s.settimeout(30)
        s.sendall(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        got = b""
        while part := s.recv(65536):
            got += part
    except OSError as e:
        raise harness.Failure(f"{who}: {e}") from None
    expect(got.startswith(b"HTTP/1.1 200 ") and got.endswith(b"</html>\n"), f"{who} is answered in full", got[:500])


def loads(context):
    need_tun()
    seconds, runs = (3, 10) if context.long else (1, 1)
    with Network() as net, Project(context) as p:
        host = kvm.bridged(net)
        p.copy("examples/homepage")
        kvm.build(p)
        for machine in MACHINES:
            with kvm.machine(p, machine, host) as server:
                host.wait_for_port(IPV4, PORT, server, 60)
                for connections in CONNECTIONS:
                    for _ in range(runs):
                        load(host, server, connections, seconds)
                together(host, server, 512)
                for address in ADDRESSES:
                    page(host, address)


# ---- several cards ----

WIRE = """
#include <stdio.h>
#include <ukc/deadline.h>
#include "left.h"
#include "right.h"
#include "task.h"

static const struct way {
    __typeof__(left_receive) *receive;
    __typeof__(left_send) *send;
} to_right = {left_receive, right_send}, to_left = {right_receive, left_send};

static void carry(void *argument)
{
    const struct way *way = argument;
    char frame[1514];
    ptrdiff_t size;
    while ((size = way->receive(frame, sizeof frame, DEADLINE_NEVER)) > 0)
        way->send(&(struct view){frame, (size_t)size}, 1, DEADLINE_NEVER);
}

int wire_main(void)
{
    struct task *task;
    struct netif_info left, right;
    left_info(&left);
    right_info(&right);
    printf("left is %02x, right is %02x\\n", left.mac[5], right.mac[5]);
    task_start_service(&task, 0, carry, (void *)&to_right);
    task_start_service(&task, 0, carry, (void *)&to_left);
    task_park(DEADLINE_NEVER);
    return 0;
}
"""

MANIFEST = """
return unikernel "wire" {
  sources  = { "wire.c" },
  requires = { left = sig.netif, right = sig.netif, task = sig.task, console = sig.console },
  choose   = {
    left  = instance "virtio_net" { set = { mac = "02:00:00:00:00:02" } },
    right = instance "virtio_net" { set = { index = 0 } },
  },
}
"""


def mac(number):
    return f"02:00:00:00:00:{number:02x}"


def quiet(machine, *numbers):
    """Cards that are connected to nothing, in this order."""
    return [word for n in numbers for word in card(machine, n, "hubport,hubid=0", mac(n))]


def which(p, machine):
    """None where one is required, too many, one that is not there: a line says so and the image fails. Else it has those that were named."""
    several = "there are several network cards: the key 'mac' or 'index' has to say which"
    cases = (
        ((), (), "left", f"there is no network card with the address {mac(2)}"),
        ((1,), ("--left.mac=00:00:00:00:00:00",), "right", "network card 0: it is in use"),
        ((2,), ("--right.index=1",), "right", "network card 1: there is none"),
        ((1, 2), (f"--right.mac={mac(2)}",), "right", f"there is no network card with the address {mac(2)}, unless one that is in use has it"),
        ((1, 2), ("--left.mac=00:00:00:00:00:00",), "left", several),
    )
    for numbers, arguments, who, words in cases:
        r = p.run(*bare(p, machine, quiet(machine, *numbers), arguments=arguments), status=None, timeout=60)
        expect(words in r.out and f"wire: {who} did not start" in r.out and image_status(r.status) == 1,
               f"{machine}, cards {numbers} {arguments}: it says what is wrong, and ends with status 1", r)


def wire(p, machine, net):
    """The image is a cable between two networks, its cards the ones that the manifest names: by address, and by order."""
    one, other = net.namespace("one"), net.namespace("other")
    taps = [word for n in (1, 2) for word in card(machine, n, f"tap,ifname=tap{n},script=no,downscript=no", mac(n))]
    for n in (1, 2):
        one.ip(f"tuntap add mode tap dev tap{n}")
    with one.start(*bare(p, machine, taps), directory=p.path, environment=p.environment) as program:
        program.wait_for("left is 02, right is 01", 60)
        one.ip(f"link set tap2 netns /proc/{os.getpid()}/fd/{other.descriptor}")
        one.address("tap1", "10.1.0.1/24", "fd01::1/64")
        other.address("tap2", "10.1.0.2/24", "fd01::2/64")
        one.wait_for_ping("10.1.0.2", program)
        sent = os.urandom(1_000_000)
        for family, address in ((socket.AF_INET, "10.1.0.2"), (socket.AF_INET6, "fd01::2")):
            with other.socket(family) as listener:
                listener.bind((address, 1000))
                listener.listen()
                with one.connect(address, 1000) as s:
                    with listener.accept()[0] as end:
                        feeder = threading.Thread(target=lambda: (s.sendall(sent), s.shutdown(socket.SHUT_WR)))
                        feeder.start()
                        end.settimeout(60)
                        got = b""
                        while part := end.recv(65536):
                            got += part
                        feeder.join()
            expect(got == sent, f"{machine}: what is sent over {address} arrives through both cards", len(got))


def links(p, machine):
    """A cable that is pulled out, and put in again, while the image runs: the log says so, of the card that it is."""
    control = p.file("control")
    command = bare(p, machine, quiet(machine, 1, 2) + ["-qmp", "unix:control,server=on,wait=off"])
    with Program(command, cwd=p.path, env=p.environment) as program:
        program.wait_for("left is 02, right is 01", 60)
        with socket.socket(socket.AF_UNIX) as s:
            s.connect(control)
            qmp = s.makefile("rw")
            qmp.readline()
            print('{"execute": "qmp_capabilities"}', file=qmp, flush=True)
            for turn in (1, 2):
                for up, said in (("false", "link is down"), ("true", "link is up again")):
                    print(f'{{"execute": "set_link", "arguments": {{"name": "c2", "up": {up}}}}}', file=qmp, flush=True)
                    wait_until(lambda: program.output.count(said) == turn, f"{machine}: '{said}'", 60, program)
            print('{"execute": "quit"}', file=qmp, flush=True)
        program.wait(60)


def cards(context):
    harness.need("qemu-system-x86_64")
    with Project(context) as p:
        p.write("wire.c", WIRE)
        p.write("ukc.lua", MANIFEST)
        kvm.build(p)
        for machine in MACHINES:
            which(p, machine)
            links(p, machine)
        need_tun()
        with Network() as net:
            for machine in MACHINES:
                wire(p, machine, net)


# ---- segments that the host joins ----


def echoed(host, address, data):
    """What a client sends comes back; it hears while it speaks."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    got = bytearray()
    with host.socket(family) as s:
        s.settimeout(60)
        s.connect((address, 7007))

        def hear():
            while part := s.recv(1 << 16):
                got.extend(part)

        listener = threading.Thread(target=hear)
        listener.start()
        s.sendall(data)
        s.shutdown(socket.SHUT_WR)
        listener.join(120)
    return bytes(got)


def longest(p, host, destination):
    """Bytes of the longest frame to the image in a capture."""
    r = host.run(harness.need("tcpdump"), "-nn", "-e", "-r", p.file("capture"), "dst", "host", destination)
    return max(map(int, re.findall(r"length (\d+): ", r.out)), default=0)


def joined(context):
    """A host that may leave segments of TCP together does, and every byte arrives; without the key, or on a card that cannot, none are."""
    need_tun()
    data = random.Random(1).randbytes(4_000_003)
    with Network() as net, Project(context) as p:
        host = kvm.bridged(net)
        p.copy("examples/small-services")
        kvm.build(p, "echo")
        for machine in MACHINES:
            for options, arguments, joins in (("", [], True), (",guest_tso4=off,guest_tso6=off", [], False), (",guest_csum=off", [], False),
                                              (",mrg_rxbuf=off", [], False), ("", ["--offload=false"], False)):
                more = card(machine, 0, f"tap,ifname={TAP},script=no,downscript=no", mac(1))
                more[-1] += options
                with host.start(*bare(p, machine, more, words=["echo"], arguments=arguments), directory=p.path, environment=p.environment) as server:
                    for address in ADDRESSES:
                        host.wait_for_port(address, 7007, server, 60)
                        with host.capture(TAP, p.file("capture"), "-s", "100"):
                            expect(echoed(host, address, data) == data, f"{machine}{options}: every byte comes back from {address}", server.output)
                        most = longest(p, host, address)
                        expect((most > 1514) == joins and most > 1000, f"{machine}{options} {arguments}, {address}: segments come together if they may", most)
                    expect(("joined segments" in server.output) == joins and "rules" not in server.output, "the log says whether", server.output)


# ---- addresses that are announced ----

MOVED = "asks for addresses to be announced"


def announcements(p, host):
    """Who tells the link where it is, in a capture: gratuitous ARP, unsolicited neighbour advertisements to everyone."""
    tool, said = harness.need("tcpdump"), set()
    for line in host.run(tool, "-nn", "-v", "-r", p.file("capture"), "ether", "src", mac(1)).out.replace("\n\t", " ").splitlines():
        if found := re.search(r"Request who-has (\S+) tell (\S+),|Announcement (\S+),", line):
            said |= {found[3]} if found[3] else {found[1]} & {found[2]}
        if found := re.search(r"> ff02::1: .*neighbor advertisement, length 32, tgt is (\S+), Flags \[override\] .*" + mac(1), line):
            said.add(found[1])
    return said


def announced(context):
    """A card that asks gets its image's addresses announced, each time: when QEMU is told to, and where a machine continues that was moved."""
    need_tun()
    everyone = {IPV4, IPV6, "fe80::ff:fe00:1"}
    with Network() as net, Project(context) as p:
        host = kvm.bridged(net)
        p.copy("examples/small-services")
        kvm.build(p, "echo")

        def booted(machine, options="", more=()):
            words = card(machine, 0, f"tap,ifname={TAP},script=no,downscript=no", mac(1))
            words[-1] += options
            return host.start(*bare(p, machine, [*words, "-qmp", "unix:qmp,server=on,wait=off", *more], words=["echo"]), directory=p.path, environment=p.environment)

        for machine in MACHINES:
            for options, asks in (("", True), (",guest_announce=off", False), (",ctrl_vq=off", False)):
                with booted(machine, options) as server:
                    host.wait_for_port(IPV6, 7007, server, 60)
                    server.wait_for("address fe80::ff:fe00:1", 20)
                    with host.capture(TAP, p.file("capture")):
                        liar.Monitor(p.file("qmp")).ask("announce-self", initial=50, max=100, rounds=4, step=10)
                        if asks:
                            wait_until(lambda: server.output.count(MOVED) == 4, "four rounds", 30, server)
                        else:
                            time.sleep(1)
                    said = announcements(p, host)
                    expect(said == (everyone if asks else set()), f"{machine}{options}: the addresses are announced if the card asks", said, server.output)
                    expect((MOVED in server.output) == asks, "and the log says so", server.output)
                    host.wait_for_port(IPV4, 7007, server)
                    if options:
                        continue
                    qmp = liar.Monitor(p.file("qmp"))
                    qmp.ask("migrate", uri=f"exec:cat >{p.file('state')}")
                    wait_until(lambda: qmp.ask("query-migrate").get("status") == "completed", "the machine is saved", 60, server)
            with host.capture(TAP, p.file("capture")):
                with booted(machine, "", ["-incoming", f"exec:cat {p.file('state')}"]) as server:
                    wait_until(lambda: server.output.count(MOVED) >= 3, "the image announces itself where it continues", 60, server)
                    host.wait_for_port(IPV4, 7007, server)
            expect(announcements(p, host) >= everyone, f"{machine}: where it continues it says where it is", announcements(p, host))


# ---- noise ----

QUICK = ["truncated", "changed", "flags", "tcp_options", "ip_options", "addresses", "fragments4", "arp", "ethernet"]
COUNT = ["set $pieces = 0", "set $at = 0", "while $at < arena.count", "set $pieces = $pieces + arena.table[$at].used", "set $at = $at + 1", "end",
         "printf \"%d pieces of memory\\n\", $pieces", "detach"]


def pieces(p, gdb, control):
    """How many pieces of the stack's memory are given out, as a debugger sees it."""
    script = p.file("count.gdb")
    p.write("count.gdb", "\n".join([f"target remote {control}", *COUNT]) + "\n")
    r = p.run(gdb, "-nx", "-batch", "-x", script, p.file("build/kvm/echo/echo.debug"))
    found = re.search(r"(\d+) pieces of memory", r.out)
    expect(found, "the debugger reads the image's memory", r)
    return int(found[1])


def settled(p, gdb, control):
    """The same twice, half a second apart: what the connection of before left behind is gone."""
    counts = [pieces(p, gdb, control)]

    def same():
        time.sleep(0.5)
        counts.append(pieces(p, gdb, control))
        return counts[-1] == counts[-2]
    wait_until(same, "the image is at rest", 30)
    return counts[-1]


def noise(context, machine, count, cases):
    """So many malformed frames: the services answer, and when the last fragment is too old the stack holds what it held before."""
    need_tun()
    gdb, python = harness.need("gdb"), interpreter()
    with Network() as net, Project(context) as p:
        host = kvm.bridged(net)
        p.copy("examples/small-services")
        kvm.build(p, "echo")
        control = p.file("control")
        more = [*card(machine, 0, f"tap,ifname={TAP},script=no,downscript=no", mac(1)), "-chardev", f"socket,id=gdb,path={control},server=on,wait=off", "-gdb", "chardev:gdb"]
        with host.start(*bare(p, machine, more, words=["echo"]), directory=p.path, environment=p.environment) as server:
            for address in ADDRESSES:
                host.wait_for_port(address, 7007, server, 60)
            program = [python, os.path.join(str(context.root), "tests/packets/noise.py"), f"--mac={mac(1)}"]
            before = settled(p, gdb, control)
            r = host.run(*program, f"--count={count}", *cases, timeout=SECONDS - 200)
            expect(server.poll() is None and "frames in all" in r.out, "the image is there after all of it", r, server.output)
            try:
                wait_until(lambda: pieces(p, gdb, control) <= before, f"no more than the {before} pieces of memory in use from before", 150, server)
            except harness.Failure as e:
                raise harness.Failure(f"{e}\n{pieces(p, gdb, control)} pieces\n{r.out}") from None


def tests(context):
    yield "load", lambda: loads(context)
    yield "cards", lambda: cards(context)
    yield "joined", lambda: joined(context)
    yield "announced", lambda: announced(context)
    if not context.long:  # without fragments of IPv6, which are kept for a minute
        yield "noise", lambda: noise(context, "microvm", 10_000, QUICK)
        return
    for machine in MACHINES:
        yield f"noise/{machine}", lambda machine=machine: noise(context, machine, 1_000_000, [])
