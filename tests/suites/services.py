"""The small services (examples/small-services): what their RFCs say, and that nobody can misuse or block them."""

import contextlib
import os
import signal
import socket
import struct
import time

from lib.network import Network, Program, need_tun, wait_until
from lib.project import Project, expect, free_port

SECONDS = 240
PRINTING = bytes(range(32, 127))
STACKS = {
    "host": ([], "127.0.0.1", "::1"),
    # a tap device in a namespace of the test's own; the addresses are the defaults
    "native": (["--set", "net=native"], "10.0.0.2", "fd00::2"),
}


class Service:
    """One of them, built with sanitizers once and started for each case. It ends with status 0 at SIGTERM."""

    def __init__(self, project, name, stack):
        self.project, self.name, self.stack = project, name, stack
        settings, self.ipv4, self.ipv6 = STACKS[stack]
        self.image = project.file("build/posix", name, name)
        project.copy("examples/small-services")
        project.ukc("configure", name, "--profile", "dev", "--sanitize", *settings)
        project.ukc("build", name)

    @contextlib.contextmanager
    def running(self, **settings):
        port = free_port()
        arguments = [f"--{key}={value}" for key, value in settings.items()]
        with Program([self.image, f"--port={port}", *arguments], env=self.project.environment) as program:
            self.port = port
            program.wait_for(f"port {port}, TCP and UDP")  # the second of the two comes after the first
            self.wait(self.ipv4, program)
            yield port, program
            expect(program.stop() == 0, f"{self.name}: SIGTERM ends it with status 0", program.status, program.output)

    def wait(self, address, program=None):
        def answers():
            with socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET) as s:
                s.settimeout(1)
                return s.connect_ex((address, self.port)) == 0

        wait_until(answers, f"a connection to {address}", program=program)

    def each(self):
        """Its addresses, when they can be used."""
        for address in (self.ipv4, self.ipv6):
            self.wait(address)
            yield address

    def tcp(self, address=None, seconds=20):
        address = address or self.ipv4
        s = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET)
        s.settimeout(seconds)
        s.connect((address, self.port))
        return s

    def udp(self, address=None):
        """What is sent goes to the service, what is received comes from it."""
        address = address or self.ipv4
        s = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_DGRAM)
        s.settimeout(20)
        s.connect((address, self.port))
        return s

    def answers(self, question=b"still there?"):
        with self.tcp() as s:
            s.sendall(question)
            s.shutdown(socket.SHUT_WR)
            return ended(s) == question


def reset(s):
    s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    s.close()


def ended(s):
    """Reads to the end; b'' or what came, or None after a reset."""
    got = b""
    try:
        while piece := s.recv(65536):
            got += piece
    except ConnectionResetError:
        return None
    return got


def silent(s, seconds=0.3):
    s.settimeout(seconds)
    try:
        return not s.recv(65536) and False
    except TimeoutError:
        return True


# ---- echo ----


def echo_answers_all_then_ends(service):
    with service.running():
        for address in service.each():
            for size in (0, 1, 100000, 3000000):
                question = os.urandom(size)
                with service.tcp(address) as s:
                    if os.fork() == 0:
                        s.sendall(question)
                        s.shutdown(socket.SHUT_WR)
                        os._exit(0)
                    expect(ended(s) == question, f"all {size} bytes come back, then the end", address)
                    os.wait()


def echo_datagrams(service):
    sizes = (0, 1, 1452, 1472, 1473, 2000, 20000, 60000)  # most of them in fragments
    if service.stack == "host":  # a stack may have a lower limit
        sizes += (65507,)
    with service.running():
        for address in service.each():
            with service.udp(address) as s:
                for size in sizes:
                    question = os.urandom(size)
                    s.send(question)
                    expect(s.recv(65536) == question, f"{size} bytes come back", address)


def no_answers_to_services(service):
    """With a forged source two services would talk to each other for ever."""
    if os.getuid() != 0:
        return  # forging a source needs permission
    with service.running() as (port, _), socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_UDP) as raw:
        for source in (port, 7, 1023, 1024):
            raw.sendto(struct.pack("!HHHH", source, port, 9, 0) + b"x", (service.ipv4, 0))
        time.sleep(0.3)
        raw.setblocking(False)
        seen = []
        with contextlib.suppress(BlockingIOError):  # what arrives here; on the loopback that is all
            while len(seen) < 100:
                seen.append(struct.unpack_from("!HH", raw.recv(100), 20))
        expect([to for source, to in seen if source == port and to != port] == [1024], "only the last gets an answer", seen)
        expect(seen.count((port, port)) == (service.stack == "host"), "and it does not talk to itself", seen)


def answers_have_a_rate(service):
    with service.running(answers=20):
        with service.udp() as s:
            for _ in range(200):
                s.send(b"x")
            count = 0
            s.settimeout(0.3)
            with contextlib.suppress(TimeoutError):
                while s.recv(10):
                    count += 1
            expect(20 <= count <= 40, "so many answers in a second (or in two) and no more", count)
            time.sleep(1)
            s.send(b"y")
            expect(s.recv(10) == b"y", "a second later it answers again")


def still_connections_make_place(service):
    with service.running(connections=4):
        held = [service.tcp() for _ in range(4)]
        for s in held:
            s.sendall(b"mine")
            expect(s.recv(10) == b"mine", "four are served")
        time.sleep(1.1)
        held[0].sendall(b"again")
        expect(held[0].recv(10) == b"again", "one of them moves")
        for _ in range(3):
            expect(service.answers(), "a fifth is served all the same")
        held[0].sendall(b"first")
        expect(held[0].recv(10) == b"first", "the one that moved has stayed")
        lost = sum(ended(s) in (b"", None) for s in held[1:2])
        expect(lost == 1, "the one that was still longest was given up")
        for s in held:
            s.close()


def still_connections_are_given_up(service):
    with service.running(idle=1):
        with service.tcp() as s:
            s.sendall(b"x")
            expect(s.recv(10) == b"x", "it is served")
            start = time.monotonic()
            expect(ended(s) is None, "and reset when nothing moves")
            expect(0.9 < time.monotonic() - start < 10, "after a second", time.monotonic() - start)
        with service.tcp() as s:  # one that sends and does not read
            s.setblocking(False)
            end = time.monotonic() + 10
            lost = False
            while not lost and time.monotonic() < end:
                try:
                    s.send(b"x" * 65536)
                except BlockingIOError:
                    time.sleep(0.05)
                except (ConnectionResetError, BrokenPipeError):
                    lost = True
            expect(lost, "also when it is the client that does not read")
        expect(service.answers(), "others are served")


def many_clients_and_resets(service):
    with service.running(connections=200):
        for round_ in range(3):
            held = [service.tcp() for _ in range(150)]
            for k, s in enumerate(held):
                s.sendall(b"%d" % k)
            for k, s in enumerate(held[::2]):
                expect(s.recv(10) == b"%d" % (2 * k), "each gets its own")
            for s in held:
                reset(s)
        expect(service.answers(), "150 resets later it answers")


def stops_with_connections_open(service):
    with service.running() as (_, program):
        held = [service.tcp() for _ in range(5)]
        held[0].sendall(b"x")
        time.sleep(0.1)
        start = time.monotonic()
        program.send(signal.SIGTERM)
        program.wait(10)
        expect(time.monotonic() - start < 5, "it ends at once")
        expect(service.name == "chargen" or all(ended(s) is not None for s in held), "its clients read the end")
        for s in held:
            s.close()


# ---- discard ----


def discard_takes_all(service):
    with service.running():
        for address in service.each():
            with service.tcp(address) as s:
                s.sendall(bytes(5000000))
                s.shutdown(socket.SHUT_WR)
                expect(ended(s) == b"", "all is taken, nothing is said, then the end")
            with service.udp(address) as s:
                s.send(b"anybody?")
                expect(silent(s), "a datagram gets no answer")


# ---- chargen ----


def lines(count):
    ring = PRINTING * 3
    return b"".join(ring[k % 95:][:72] + b"\r\n" for k in range(count))


def chargen_sends_lines(service):
    with service.running():
        for address in service.each():
            with service.tcp(address) as s:
                s.sendall(b"thrown away")
                s.shutdown(socket.SHUT_WR)
                got = b""
                while len(got) < 2000000:
                    piece = s.recv(65536)
                    expect(piece, "there is no end")
                    got += piece
                expect(got == lines(30000)[: len(got)], "the lines of RFC 864")
                reset(s)


def chargen_answers_with_no_more_than_it_got(service):
    with service.running():
        for address in service.each():
            with service.udp(address) as s:
                sizes = set()
                for size in [0, 1, 2] + [600] * 40:
                    s.send(bytes(size))
                    answer = s.recv(65536)
                    expect(len(answer) <= min(size, 512) and lines(10).startswith(answer), "at most 512, at most as many as came")
                    sizes.add(len(answer))
                expect(len(sizes) > 10, "so many as chance decides", sizes)


def chargen_stops_on_a_reset(service):
    with service.running(connections=1, idle=100):
        for end in (reset, socket.socket.close):
            for read in (True, False):  # false: its window is full
                s = service.tcp()
                s.recv(1 if read else 10)
                if not read:
                    time.sleep(0.3)
                end(s)
                with service.tcp(seconds=5) as other:
                    expect(other.recv(10), "there is place for one, and it is free")
                    reset(other)


def chargen_takes_while_it_sends(service):
    """A client that sends much before it reads is not waited for by both sides."""
    with service.running():
        with service.tcp() as s:
            s.sendall(bytes(20000000))
            expect(s.recv(100), "all was taken though nothing was read")
            reset(s)


CASES = {
    "echo": [echo_answers_all_then_ends, echo_datagrams, no_answers_to_services, answers_have_a_rate, still_connections_make_place,
             still_connections_are_given_up, many_clients_and_resets, stops_with_connections_open],
    "discard": [discard_takes_all, stops_with_connections_open],
    "chargen": [chargen_sends_lines, chargen_answers_with_no_more_than_it_got, chargen_stops_on_a_reset,
                chargen_takes_while_it_sends, stops_with_connections_open],
}


def run(context, name, stack):
    with contextlib.ExitStack() as held:
        service = Service(held.enter_context(Project(context)), name, stack)
        if stack == "native":  # from here on the tap device's
            held.enter_context(Network()).namespace("host").enter()
            need_tun()
        for case in CASES[name]:
            print(case.__name__, flush=True)
            case(service)


def tests(context):
    for stack in STACKS:
        for name in CASES:
            yield f"{name}/{stack}", lambda name=name, stack=stack: run(context, name, stack)
