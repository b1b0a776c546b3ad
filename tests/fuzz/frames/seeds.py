#!/usr/bin/env python3
"""Writes inputs: seeds.py DIRECTORY, those below; seeds.py FILE CAPTURE, the peer's frames of a pcap file with the image at 02:...

The language of inputs is in steps.h.
"""

import os
import struct
import sys

RAW, TCP, UDP, ICMP, ICMPV6, ARP, NEIGHBOUR, DHCP, FRAGMENT, TIME, ACTION = range(11)
CHECK, DIVIDE = 4, 96
FIN, SYN, RST, PSH, ACK = 1, 2, 4, 8, 16
ACCEPT, SERVE, READ, WRITE, CONSTANT, SHUTDOWN, CLOSE, ABORT, CONNECT, UNLISTEN, LISTEN, SEND, RECEIVE, LOOK = range(14)
MILLISECONDS = [1, 10, 100, 250, 500, 1000, 1500, 3000, 6000, 15000, 30000, 61000, 120000, 300000, 600000, 7200000]


def step(kind, *rest):
    body = b"".join(r if isinstance(r, bytes) else bytes([r]) for r in rest)
    return struct.pack("<BH", kind, len(body)) + body


def u16(value):
    return struct.pack("<H", value & 0xffff)


def action(kind, flow=0, remote=0, six=False, size=0):
    return step(ACTION, kind, remote | 0x80 * six, flow, u16(size))


def wait(milliseconds):
    return step(TIME, min(range(16), key=lambda i: abs(MILLISECONDS[i] - milliseconds)))


def syn(port=0, six=False, options=b"\x07\xb4\x05\x07", remote=1):
    """MSS 1460, a window scale of 7, SACK."""
    return step(TCP, 0, 0x80 | 0x40 * six | port << 2 | remote, SYN, 8, options)


def segment(connection, flags=ACK, *, data=0, how=0, rest=b""):
    """how and rest: what else of it (steps.c)."""
    return step(TCP, 0, connection, flags, how | (16 if data else 0), rest, u16(data) if data else b"")


def opened(port=0, six=False, **options):
    return syn(port, six, **options) + segment(0)


def later(connection, by, data):
    """A segment that leaves out `by` bytes."""
    return step(TCP, 0, connection, ACK, 128 | 16, u16(by), u16(0), u16(data))


def scripted():
    echo = {six: opened(six=six) + action(SERVE) + segment(0, data=900) + segment(0) + wait(250) for six in (False, True)}
    yield "tcp_echo", echo[False] + segment(0, FIN | ACK) + wait(10) + segment(0) + wait(15000)
    yield "tcp6_echo", echo[True] + segment(0, FIN | ACK) + wait(10) + segment(0) + wait(15000)
    yield "tcp_gap", echo[False] + later(0, 500, 300) + later(0, 1000, 200) + later(0, 800, 200) + segment(0, data=500) + wait(250) + segment(0, RST | ACK)
    yield "tcp6_manual", (opened(1, True) + action(ACCEPT, remote=1) + segment(0, data=700) + action(READ, size=600) + action(WRITE, size=9000)
                          + segment(0, how=8, rest=b"\x10\x00\x08\x00\x04") + segment(0) * 4 + wait(1000) + action(SHUTDOWN) + segment(0)
                          + segment(0, FIN | ACK) + action(CLOSE) + wait(500))
    yield "tcp_refused", syn(3) + syn(2, True) + segment(0, RST) + step(TCP, 0, 0xc0, FIN | PSH | 32, 0) + wait(1000)
    yield "tcp_connect", action(CONNECT, remote=1) + segment(0, SYN | ACK, how=8, rest=b"\x0f\xb4\x05\x07") + segment(0, data=100) + wait(3000) + segment(0, FIN | ACK) + wait(1000)
    yield "tcp_window", (opened(1, True) + action(ACCEPT, remote=1) + segment(0, how=64, rest=u16(0)) + action(CONSTANT, size=20000) + wait(6000)
                         + segment(0, how=64, rest=u16(500)) + wait(1000) + segment(0) * 3 + action(ABORT))
    yield "tcp_self", action(CONNECT, remote=3, size=0) + wait(10) + action(SERVE) + action(WRITE, flow=1, size=100) + wait(1000)
    yield "udp", step(UDP, 0, 4, 0, u16(100)) + action(RECEIVE, six=True) + step(UDP, 0, 5, 0, u16(2000)) + action(RECEIVE) + action(SEND, remote=1, size=5000) \
        + step(UDP, 0, 4, 3, u16(10)) + step(UDP, 0, 5, 3, u16(10))
    yield "icmp", b"".join(step(kind, 0, 4, ask, 0, u16(7), u16(56)) for kind, ask in ((ICMP, 8), (ICMPV6, 128))) + step(ICMPV6, 0, 4 | 3, 2, 0, u16(0), u16(1300), u16(600))
    yield "fragments", b"".join(step(kind, 32 | twice, 4, 8 + 120 * (kind == ICMPV6), 0, u16(7), u16(1000), 20, how)
                                for kind in (ICMP, ICMPV6) for twice in (0, 128) for how in (0, 1, 2, 4, 9)) + wait(61000)
    yield "holes", b"".join(step(FRAGMENT, 0, six | 4 | more, u16(place), u16(80)) for six in (0, 1) for place, more in ((10, 2), (0, 2), (30, 0), (5, 2))) + wait(61000)
    yield "neighbours", b"".join(step(NEIGHBOUR, 0, 1 | 0x60, kind, target, 2, 0) for kind in (3, 4, 5) for target in (0, 0x81)) \
        + step(ARP, 0, 3) + step(ARP, 0, 2) + step(ICMPV6, 0, 5 | 2 << 2, 130, 0, u16(1000), u16(0), u16(16)) + wait(3000)
    yield "tcp6_divided", (opened(1, True) + action(ACCEPT, remote=1) + action(WRITE, size=20000) + action(CONSTANT, size=20000) + segment(0) * 3
                           + step(TIME, 16 + 2) + segment(0) + wait(1500) + segment(0) * 3 + action(CLOSE) + segment(0, FIN | ACK) + wait(500))
    yield "duplicate", b"".join(step(NEIGHBOUR, 0, 1 | 3 << 3, 4, target, 1) for target in (0, 1)) + wait(3000)
    yield "listeners", wait(3000) + step(ICMPV6, 0, 1 | 5 << 2 | 3 << 5, 130, 0, u16(1000), u16(0), u16(0)) + wait(100) \
        + step(ICMPV6, 0, 1 | 5 << 2 | 2 << 5, 131, 1, u16(0), u16(0), u16(0)) + wait(3000)
    yield "full", step(TIME, 16 + 5) + step(UDP, 0, 4, 0, u16(100)) + wait(1000) + opened(1, True) + action(ACCEPT, remote=1) + step(TIME, 16 + 6) \
        + action(WRITE, size=4000) + segment(0, data=100) + wait(1500) + segment(0) + wait(1000)
    yield "many_fragments", b"".join(step(UDP, 32, 4, 0, u16(3890), 15, 4 | n << 4) for n in range(12)) + wait(61000)
    yield "tcp_fast", opened(1, True) + action(ACCEPT, remote=1) + action(WRITE, size=1000) + segment(0, how=128, rest=u16(0) + u16(-1000)) * 5 + wait(1000) + segment(0)
    yield "router", step(NEIGHBOUR, 0, 0, 0, 14, 0, u16(1800), 0, 2, 0, 3, u16(1400), 4, u16(600), 2, 0x14, u16(5)) + wait(6000) + action(LOOK) + wait(61000)
    yield "dhcp", wait(6000) + action(LOOK) + step(DHCP, 0, 5, 5, 0, 0, u16(30)) + wait(30000) + step(DHCP, 0, 1, 6) + wait(6000) \
        + step(DHCP, 0, 9, 2, 0x40, 0, u16(0), b"\x3a\x02\x01\x01")


# ---- captures ----

def captured(bytes_):
    assert struct.unpack_from("<I", bytes_)[0] == 0xA1B2C3D4, "a little-endian pcap file with microseconds"
    at = 24
    while at < len(bytes_):
        seconds, micro, size, _ = struct.unpack_from("<IIII", bytes_, at)
        yield seconds * 1000 + micro / 1000, bytes_[at + 16:at + 16 + size]
        at += 16 + size


def tcp_of(frame):
    """Offset of the TCP header, and how many bytes come after it; or None."""
    kind = frame[12:14]
    if kind == b"\x08\x00" and frame[23] == 6:
        at, end = 14 + (frame[14] & 15) * 4, 14 + struct.unpack_from(">H", frame, 16)[0]
    elif kind == b"\x86\xdd" and frame[20] == 6:
        at, end = 54, 54 + struct.unpack_from(">H", frame, 18)[0]
    else:
        return None
    return at, end - at - (frame[at + 12] >> 4) * 4


def from_capture(bytes_):
    """Acknowledgement numbers become distances from what the image had sent."""
    out, time, image_next, served = b"", None, {}, set()
    for when, frame in captured(bytes_):
        tcp, frame = tcp_of(frame), bytearray(frame)
        if tcp:
            at, data = tcp
            here, there, seq, ack, flags = *struct.unpack_from(">HHII", frame, at), frame[at + 13]
        if frame[6] == 2:  # the image's
            if tcp:
                image_next[there, here] = seq + data + bool(flags & SYN) + bool(flags & FIN)
            continue
        if time is not None and when - time > 5:
            out += wait(when - time)
        time = when
        if frame[0] == 2:
            frame[0:6] = bytes([2, 0, 0, 0, 0, 2])
        if tcp and flags & ACK:
            struct.pack_into(">I", frame, at + 8, (ack - image_next.get((here, there), ack)) & 0xffffffff)
        out += step(RAW, 7, bytes(frame))
        if tcp and flags & ACK and not flags & SYN and here not in served:
            served.add(here)
            out += action(SERVE)
    return out


def main(to, *capture):
    if capture:
        with open(capture[0], "rb") as f:
            content = {to: bytes([CHECK]) + from_capture(f.read())}
    else:
        content = {os.path.join(to, name): bytes([CHECK | DIVIDE if "divided" in name else CHECK]) + steps for name, steps in scripted()}
    for name, bytes_ in content.items():
        with open(name, "wb") as f:
            f.write(bytes_)


if __name__ == "__main__":
    main(*sys.argv[1:])
