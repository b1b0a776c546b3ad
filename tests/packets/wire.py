"""A network interface as frames, hosts that exist only here, and headers that are mended after they were changed.

One end is an image on a tap device, the other this process, beside the kernel: 10.0.0.1 and fd00::1 are the kernel's,
the others of the networks are nobody's, or a Host's.
"""

import random
import socket
import struct
import time

ALL_PROTOCOLS = 0x0003  # linux/if_ether.h
IPV4, IPV6 = "10.0.0.2", "fd00::2"  # the image
MINE4, MINE6 = "10.0.0.66", "fd00::66"  # nobody: answers come only where a Host says so
MAC = "02:00:00:00:00:66"


class Failure(Exception):
    pass


def mac_bytes(text):
    return bytes.fromhex(text.replace(":", ""))


def address_bytes(text):
    return socket.inet_pton(socket.AF_INET6 if ":" in text else socket.AF_INET, text)


def checksum(data):
    """RFC 1071."""
    total = sum(struct.unpack(f"!{(len(data) + 1) // 2}H", data + b"\0" * (len(data) % 2)))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return total ^ 0xFFFF


PLACES = {6: 16, 17: 6, 1: 2, 58: 2}  # of the checksum, by protocol


def with_checksum(protocol, pseudo, data):
    at = PLACES.get(protocol)
    if at is None or len(data) < at + 2:
        return data
    data = data[:at] + b"\0\0" + data[at + 2:]
    head = b"" if protocol == 1 else pseudo + struct.pack("!II", len(data), protocol)
    return data[:at] + struct.pack("!H", checksum(head + data) or 0xFFFF) + data[at + 2:]


def mended(frame):
    """The frame with lengths and checksums that fit what is in it, so that it is refused for nothing but its contents."""
    kind, ip = frame[12:14], frame[14:]
    if kind == b"\x08\x00" and len(ip) >= 20:
        size = (ip[0] & 15) * 4
        ip = ip[:2] + struct.pack("!H", len(ip)) + ip[4:]
        if 20 <= size <= len(ip):
            body = ip[size:] if struct.unpack("!H", ip[6:8])[0] & 0x3FFF else with_checksum(ip[9], ip[12:20], ip[size:])
            ip = ip[:10] + struct.pack("!H", checksum(ip[:10] + b"\0\0" + ip[12:size])) + ip[12:size] + body
    elif kind == b"\x86\xdd" and len(ip) >= 40:
        ip = ip[:4] + struct.pack("!H", len(ip) - 40) + ip[6:40] + with_checksum(ip[6], ip[8:40], ip[40:])
    return frame[:14] + ip


def packet4(source, protocol, payload, destination=IPV4, identification=0, fragment=0, options=b"", ttl=64):
    head = struct.pack("!BBHHHBBH", 0x40 | (20 + len(options)) // 4, 0, 20 + len(options) + len(payload), identification, fragment, ttl, protocol, 0)
    head += address_bytes(source) + address_bytes(destination) + options
    return head[:10] + struct.pack("!H", checksum(head)) + head[12:] + payload


def packet6(source, following, payload, destination=IPV6, hops=64):
    return struct.pack("!IHBB", 6 << 28, len(payload), following, hops) + address_bytes(source) + address_bytes(destination) + payload


def segment(source, destination, sport, dport, seq, ack=0, flags=0x02, window=65535, options=b"", data=b"", urgent=0):
    """A whole packet of either version with a TCP segment."""
    pad = options + b"\0" * (-len(options) % 4)
    tcp = struct.pack("!HHIIBBHHH", sport, dport, seq & 0xFFFFFFFF, ack & 0xFFFFFFFF, (20 + len(pad)) // 4 << 4, flags & 255, window, 0, urgent) + pad + data
    tcp = with_checksum(6, address_bytes(source) + address_bytes(destination), tcp)
    return packet6(source, 6, tcp, destination) if ":" in source else packet4(source, 6, tcp, destination)


class Wire:
    """The interface. send() sees to it that the image takes what is sent: the queue before it is short."""

    def __init__(self, device, mac, port):
        self.socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ALL_PROTOCOLS))
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16 << 20)
        self.socket.bind((device, ALL_PROTOCOLS))
        self.mac, self.port, self.sent = mac, port, 0
        self.kernel = self.socket.getsockname()[4]  # the address of the kernel's end
        self.before4 = mac_bytes(mac) + mac_bytes(MAC) + b"\x08\x00"
        self.before6 = mac_bytes(mac) + mac_bytes(MAC) + b"\x86\xdd"

    def frame(self, packet):
        return (self.before6 if packet[0] >> 4 == 6 else self.before4) + packet

    def put(self, frame):
        """At once, without looking whether it arrives. The kernel refuses what is no frame at all, or too long."""
        try:
            self.socket.send(frame)
            self.sent += 1
        except OSError:
            pass

    def send(self, frames):
        for n, frame in enumerate(frames):
            self.put(frame)
            if n % 100 == 99:
                self.barrier()
        self.barrier()

    def barrier(self, seconds=20):
        """Returns when the image has taken everything: a datagram comes back."""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.settimeout(0.5)
            s.connect((IPV4, self.port))
            end = time.monotonic() + seconds
            while time.monotonic() < end:
                try:
                    s.send(b"there?")
                    s.recv(100)
                    return
                except (TimeoutError, ConnectionRefusedError):
                    pass
        raise Failure(f"no answer to a datagram within {seconds} s")

    def drain(self):
        """Forgets what has arrived."""
        self.socket.setblocking(False)
        try:
            while True:
                self.socket.recv(65536)
        except BlockingIOError:
            pass

    def arrived(self, seconds):
        """Frames, for so long."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            self.socket.settimeout(left)
            try:
                yield self.socket.recv(65536)
            except (TimeoutError, BlockingIOError):
                return


class Segment:
    """What is in a frame with a TCP segment; None as `of` says when it is something else."""

    @staticmethod
    def of(frame):
        if frame[12:14] == b"\x08\x00" and frame[23] == 6:
            at = 14 + (frame[14] & 15) * 4
            s = Segment()
            s.source, s.destination, end = socket.inet_ntop(socket.AF_INET, frame[26:30]), socket.inet_ntop(socket.AF_INET, frame[30:34]), 14 + struct.unpack("!H", frame[16:18])[0]
        elif frame[12:14] == b"\x86\xdd" and frame[20] == 6:
            at, s = 54, Segment()
            s.source, s.destination, end = socket.inet_ntop(socket.AF_INET6, frame[22:38]), socket.inet_ntop(socket.AF_INET6, frame[38:54]), 54 + struct.unpack("!H", frame[18:20])[0]
        else:
            return None
        s.sport, s.dport, s.seq, s.ack, size, s.flags, s.window = struct.unpack("!HHIIBBH", frame[at:at + 16])
        s.data = frame[at + (size >> 4) * 4:end]
        return s


class Host:
    """A host that is not there but for what happens here: it says where it is when asked."""

    def __init__(self, wire, address4=MINE4, address6=MINE6):
        self.wire, self.address4, self.address6 = wire, address4, address6

    def announce(self):
        """The image knows it then, without asking."""
        me, it = mac_bytes(MAC), mac_bytes(self.wire.mac)
        self.wire.put(it + me + b"\x08\x06" + struct.pack("!HHBBH", 1, 0x0800, 6, 4, 1) + me + address_bytes(self.address4) + bytes(6) + address_bytes(IPV4))

    def answer(self, frame):
        """Whether it was a question for our address."""
        me = mac_bytes(MAC)
        if frame[12:14] == b"\x08\x06" and frame[20:22] == b"\0\1" and frame[38:42] == address_bytes(self.address4):
            self.wire.put(frame[6:12] + me + b"\x08\x06" + struct.pack("!HHBBH", 1, 0x0800, 6, 4, 2) + me + frame[38:42] + frame[22:32])
            return True
        if frame[12:14] == b"\x86\xdd" and frame[20] == 58 and frame[54] == 135 and frame[62:78] == address_bytes(self.address6):
            advertisement = struct.pack("!BBHI", 136, 0, 0, 0x60000000) + frame[62:78] + b"\2\1" + me
            self.wire.put(mended(frame[6:12] + me + b"\x86\xdd" + packet6(self.address6, 58, advertisement, socket.inet_ntop(socket.AF_INET6, frame[22:38]), hops=255)))
            return True
        return False

    def segments(self, seconds):
        """Those for us, while questions are answered."""
        for frame in self.wire.arrived(seconds):
            if not self.answer(frame):
                s = Segment.of(frame)
                if s and s.destination in (self.address4, self.address6):
                    yield s

    def connect(self, port, count=1, first_port=20000, seconds=10, **options):
        """Opens connections: {our port: the image's last SYN and ACK}. What the image sends later is not looked at."""
        open_ones, wanted = {}, range(first_port, first_port + count)
        chunk = 200
        for at in range(0, count, chunk):
            ports = list(wanted[at:at + chunk])
            for p in ports:
                self.wire.put(self.wire.frame(segment(self.address4, IPV4, p, port, p * 1000, options=b"\2\4\5\xb4", **options)))
            missing = set(ports)
            for s in self.segments(seconds):
                if s.flags & 0x12 == 0x12 and s.dport in missing:
                    missing.discard(s.dport)
                    open_ones[s.dport] = s
                    self.wire.put(self.wire.frame(segment(self.address4, IPV4, s.dport, port, s.dport * 1000 + 1, s.seq + 1, 0x10, **options)))
                if not missing:
                    break
            if missing:
                break
        return open_ones


def seeded(name):
    return random.Random(f"packets {name}")
