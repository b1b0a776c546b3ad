"""Peers and strangers that mean no good: segments that do not belong into a connection, floods, connections that only cost."""

import os
import socket
import struct
import time

from wire import IPV4, IPV6, MINE4, Failure, Host, Segment, address_bytes, mac_bytes, mended, packet4, packet6, seeded, segment

ECHO, CLOSED = 7007, 7
FIN, SYN, RST, PSH, ACK, URG = 1, 2, 4, 8, 16, 32


# ---- segments into a connection of others ----


class Connection:
    """A connection of the kernel with the echo service, and what is on the wire of it."""

    def __init__(self, wire, address):
        self.wire, self.address = wire, address
        wire.drain()
        self.socket = socket.create_connection((address, ECHO), 10)
        self.socket.settimeout(10)
        self.local, self.lport = self.socket.getsockname()[:2]
        self.look()

    def exchange(self, size=3000):
        """It is still alive, and nothing foreign is in it."""
        data = os.urandom(size)
        self.socket.sendall(data)
        got = b""
        while len(got) < size:
            piece = self.socket.recv(65536)
            if not piece:
                raise Failure("the connection was ended")
            got += piece
        if got != data:
            raise Failure("there is something foreign in the connection")

    def look(self):
        """Where both ends are: seq is what the image expects next, ack what the kernel does."""
        self.exchange(100)
        time.sleep(0.3)  # acknowledgements that are delayed
        for frame in self.wire.arrived(0.05):
            s = Segment.of(frame)
            if s and s.source == self.address and s.dport == self.lport:
                self.seq, self.window = s.ack, s.window
                self.ack = s.seq + len(s.data)

    def inject(self, seq, ack, flags, data=b"", **more):
        """To the image, in the kernel's name."""
        packet = segment(self.local, self.address, self.lport, ECHO, seq, ack, flags, data=data, **more)
        self.wire.put(mac_bytes(self.wire.mac) + self.wire.kernel + (b"\x86\xdd" if ":" in self.address else b"\x08\x00") + packet)

    def close(self):
        self.socket.close()


def foreign_segments(wire, address):
    """Data out of the window, acknowledgements of what was not sent, urgent data: none of it gets in, and none ends the connection."""
    c = Connection(wire, address)
    chance = seeded("foreign")
    far = 1 << 30
    for seq in (c.seq - 1, c.seq - 5000, c.seq + far, c.seq - far, c.seq + (1 << 31), c.seq + (1 << 20), 0, 0xFFFFFFFF):
        for flags in (ACK, ACK | PSH, ACK | FIN, ACK | PSH | FIN, FIN, 0, ACK | URG, PSH):
            for data in (b"", b"foreign", bytes(1400)):
                if flags & FIN and seq == c.seq - 1 - len(data):
                    continue
                c.inject(seq, c.ack, flags, data if seq != c.seq - 1 else b"", urgent=chance.randrange(65536))
    for ack in (c.ack + 1, c.ack + 100000, c.ack + far, c.ack - far, c.ack + (1 << 31), 0):
        for flags in (ACK, ACK | PSH):
            c.inject(c.seq, ack, flags, window=chance.randrange(65536))
    wire.barrier()
    c.exchange()
    c.close()


def blind_resets(wire, address):
    """RFC 5961: RST and SYN are believed at exactly the expected number only, elsewhere in the window they are asked about; data with foreign acknowledgements is not taken."""
    c = Connection(wire, address)
    for distance in (1, 2, 10, 1000, 20000, 60000, -1, -10, -1000, 1 << 20, 1 << 30, -(1 << 30), 1 << 31):
        for flags in (RST, RST | ACK, SYN, SYN | ACK, SYN | RST, SYN | FIN):
            c.inject(c.seq + distance, c.ack, flags)
    c.inject(c.seq, c.ack, SYN)
    c.inject(c.seq, c.ack, SYN | ACK)
    wire.barrier()
    c.exchange()
    c.look()
    # what ICMP says about a connection is a hint, not its end (RFC 5927)
    local, remote = address_bytes(c.local), address_bytes(address)
    tcp = struct.pack("!HHI", ECHO, c.lport, c.ack & 0xFFFFFFFF)
    for kind, code in ((3, 0), (3, 1), (3, 2), (3, 3), (3, 4), (4, 0), (11, 0), (12, 0)) if ":" not in address else ((1, 0), (1, 1), (1, 4), (2, 0), (3, 0), (4, 1)):
        if ":" in address:
            inner = struct.pack("!IHBB", 6 << 28, 20, 6, 64) + remote + local + tcp + bytes(12)
            wire.put(mended(wire.frame(packet6("fd00::66", 58, struct.pack("!BBHI", kind, code, 0, 1280 if kind == 2 else 0) + inner))))
        else:
            inner = struct.pack("!BBHHHBBH", 0x45, 0, 40, 1, 0, 64, 6, 0) + remote + local + tcp
            wire.put(mended(wire.frame(packet4(MINE4, 1, struct.pack("!BBHI", kind, code, 0, 68) + inner))))
    wire.barrier()
    c.exchange()
    c.look()
    c.inject(c.seq, c.ack, RST)  # this one is right: the test could see an end
    wire.barrier()
    try:
        c.exchange()
    except (OSError, Failure):
        c.close()
        return
    raise Failure("a reset with the right number is not believed")


# ---- connections that only cost ----


def window_games(wire, counts):
    """Peers that never open their window, open it by single bytes, take segments of one byte, or shrink it below what was sent."""
    host = Host(wire)
    host.announce()
    for first, window in ((20000, 0), (21000, 1), (22000, 65535)):
        ours = host.connect(ECHO, counts // 4, first_port=first, window=window)
        if len(ours) < counts // 5:
            raise Failure(f"only {len(ours)} of {counts // 4} connections")
        for port, s in ours.items():
            for n in range(4):
                wire.put(wire.frame(segment(MINE4, IPV4, port, ECHO, port * 1000 + 1 + 1400 * n, s.seq + 1, ACK | PSH, window=window, data=b"w" * 1400)))
        for _ in host.segments(0.2):
            pass
        for port, s in ours.items():  # a window that shrinks, one that opens by a byte
            wire.put(wire.frame(segment(MINE4, IPV4, port, ECHO, port * 1000 + 5601, s.seq + 1, ACK, window=0)))
            wire.put(wire.frame(segment(MINE4, IPV4, port, ECHO, port * 1000 + 5601, s.seq + 1, ACK, window=1)))
        for _ in host.segments(0.2):
            pass


def holes(wire, counts):
    """Connections of which all but the first byte arrives: what waits beyond the gap has its bound."""
    host = Host(wire)
    host.announce()
    for port, s in host.connect(ECHO, counts // 4, first_port=24000).items():
        for n in range(40):
            wire.put(wire.frame(segment(MINE4, IPV4, port, ECHO, port * 1000 + 2 + 3000 * n, s.seq + 1, ACK, data=b"h" * 1400)))
    wire.barrier()


def idle_connections(wire, counts, service):
    """Many more connections than the service takes, from one host that then is silent: others are served when their turn comes."""
    host = Host(wire)
    host.announce()
    ours = host.connect(ECHO, counts, first_port=30000)
    if len(ours) < counts // 2:
        raise Failure(f"only {len(ours)} of {counts} connections")
    service(30)


# ---- floods ----


def flood(wire, packets):
    """As fast as they can be sent, and no more than fit the queue: an image that gets little of the processor is to have them all."""
    for n, packet in enumerate(packets):
        wire.put(packet)
        if n % 20_000 == 19_999:
            wire.barrier(60)


def syn_flood(wire, count, service):
    """From addresses beyond the router, on the network, and of the other version, with people who want to be served meanwhile."""
    chance = seeded("syn")
    prepared = []
    for n in range(min(count, 20000)):
        far = f"198.18.{chance.randrange(256)}.{chance.randrange(1, 255)}" if n % 4 else f"10.0.0.{chance.randrange(3, 255)}"
        source = far if n % 8 != 1 else f"fd99::{chance.randrange(1 << 16):x}"
        target = IPV6 if ":" in source else IPV4
        prepared.append(wire.frame(segment(source, target, chance.randrange(1024, 65536), ECHO, chance.randrange(1 << 32), options=b"\2\4\5\xb4")))
    sent = 0
    while sent < count:
        flood(wire, prepared)
        sent += len(prepared)
        # other sources and ports the next time: bytes 26 to 36 are IPv4's source, destination and source port
        mixed = chance.randrange(1, 256)
        for n, frame in enumerate(prepared):
            if n % 8 != 1:
                prepared[n] = changed_port(frame, 34, mixed)
        service(20)


def changed_port(frame, at, by):
    """Another source port, with the checksum still right (RFC 1624)."""
    old = frame[at] << 8 | frame[at + 1]
    new = (old + by * 251) & 0xFFFF or 1
    total = (~(frame[50] << 8 | frame[51]) & 0xFFFF) + (~old & 0xFFFF) + new
    total = (total & 0xFFFF) + (total >> 16)
    total = (total & 0xFFFF) + (total >> 16)
    return frame[:at] + struct.pack("!H", new) + frame[at + 2:50] + struct.pack("!H", ~total & 0xFFFF) + frame[52:]


def fragment_flood(wire, count, service):
    """Beginnings of packets whose ends never come. Whole packets in fragments are put together soon after."""
    frames = []
    for n in range(count):
        frames.append(wire.frame(packet4(f"10.0.{n >> 8 & 3}.{n & 255}" if n % 3 else MINE4, 17, bytes(1400), identification=n & 0xFFFF, fragment=0x2000 | (n % 5) * 175)))
        frames.append(wire.frame(packet6(f"fd00::{n + 256:x}", 44, struct.pack("!BBHI", 17, 0, (n % 5) * 1200 | 1, n) + bytes(1200))))
    flood(wire, frames)
    service(20)
    datagram_in_fragments()


def datagram_in_fragments():
    """The kernel sends one, which comes back."""
    for address in (IPV4, IPV6):
        with socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.settimeout(1)
            s.connect((address, ECHO))
            for attempt in range(20):
                data = os.urandom(6000)
                s.send(data)
                try:
                    if s.recv(65536) == data:
                        break
                except TimeoutError:
                    pass
            else:
                raise Failure(f"{address} puts no packets together any more")


def other_floods(wire, count, service):
    """Acknowledgements and resets of nothing, datagrams for nobody, echo requests from everybody: each could cost an answer, and a question who that was."""
    chance = seeded("others")
    frames = []
    for n in range(count):
        source = f"10.0.0.{chance.randrange(3, 255)}" if n % 2 else f"198.18.{chance.randrange(256)}.{chance.randrange(1, 255)}"
        source6 = f"fd00::{chance.randrange(1 << 16):x}"
        frames.append(wire.frame(segment(source, IPV4, chance.randrange(1, 65536), ECHO, chance.randrange(1 << 32), 1, ACK, data=b"nothing")))
        frames.append(mended(wire.frame(packet4(source, 17, struct.pack("!HHHH", 1234, CLOSED, 1008, 0) + bytes(1000)))))
        frames.append(mended(wire.frame(packet4(source, 1, struct.pack("!BBHI", 8, 0, 0, n) + bytes(1000)))))
        frames.append(mended(wire.frame(packet6(source6, 17, struct.pack("!HHHH", 1234, ECHO, 1008, 0) + bytes(1000)))))
        frames.append(mended(wire.frame(packet6(source6, 58, struct.pack("!BBHI", 128, 0, 0, n) + bytes(1000)))))
        frames.append(wire.frame(segment(source6, IPV6, chance.randrange(1, 65536), CLOSED, chance.randrange(1 << 32))))
    flood(wire, frames)
    service(20)


def tests(wire, service, many):
    """Name and function of each."""
    for address in (IPV4, IPV6):
        yield f"foreign segments {address}", lambda address=address: foreign_segments(wire, address)
        yield f"blind resets {address}", lambda address=address: blind_resets(wire, address)
    yield "window games", lambda: window_games(wire, 800)
    yield "holes", lambda: holes(wire, 800)
    yield "idle connections", lambda: idle_connections(wire, 1000, service)
    yield "SYN flood", lambda: syn_flood(wire, 1_000_000 if many else 40_000, service)
    yield "fragment flood", lambda: fragment_flood(wire, 50_000 if many else 5_000, service)
    yield "other floods", lambda: other_floods(wire, 50_000 if many else 3_000, service)
