"""A device that lies to a booted image: QEMU's own device stands still, and the test writes into the used ring in its place.

QEMU says where a queue's rings are (x-query-virtio-queue-status); its gdb stub writes physical memory while the machine stands still.
"""

import contextlib
import json
import re
import socket
import struct

from lib.project import expect


class Monitor:
    """QMP on a socket."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(60)
        self.socket.connect(path)
        self.lines = self.socket.makefile("r")
        self.lines.readline()
        self.ask("qmp_capabilities")

    def ask(self, command, **arguments):
        self.socket.sendall(json.dumps({"execute": command, "arguments": arguments}).encode() + b"\n")
        for line in self.lines:
            answer = json.loads(line)
            if "event" not in answer:
                expect("return" in answer, f"QEMU answers {command}", answer)
                return answer["return"]
        raise ConnectionError(command)

    def queue(self, kind, number):
        path = next(d["path"] for d in self.ask("x-query-virtio") if d["name"] == kind)
        return self.ask("x-query-virtio-queue-status", path=path, queue=number)


class Memory:
    """The machine stands still from here to close()."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(60)
        self.socket.connect(path)
        self.received = b""
        self.say("Qqemu.PhyMemMode:1")

    def packet(self):
        """The next one; acknowledgements are passed over."""
        while not (found := re.search(rb"\$([^#]*)#..", self.received)):
            got = self.socket.recv(4096)
            expect(got, "the stub answers", self.received)
            self.received += got
        self.received = self.received[found.end():]
        self.socket.sendall(b"+")
        return found[1].decode()

    def say(self, text):
        self.socket.sendall(f"${text}#{sum(text.encode()) & 0xff:02x}".encode())
        while (answer := self.packet()).startswith("T"):  # that the machine stopped
            pass
        return answer

    def read(self, address, size):
        return bytes.fromhex(self.say(f"m{address:x},{size:x}"))

    def write(self, address, content):
        answer = self.say(f"M{address:x},{len(content):x}:{content.hex()}")
        expect(answer == "OK", "memory is written", hex(address), answer)

    def close(self):
        with contextlib.suppress(BrokenPipeError):  # the machine goes on, and may be at its end before the stub has its acknowledgement
            self.say("D")
        self.socket.close()


def lie(monitor, memory_path, kind, number, entry, jump=1, content=b""):
    """The device 'uses' one more chain: entry is (identifier, length) or None; the index moves by jump. What its first buffer then holds."""
    queue = monitor.queue(kind, number)
    memory, index, size = Memory(memory_path), queue["used-idx"], queue["vring-num"]
    if content:
        buffer, = struct.unpack("<Q", memory.read(queue["vring-desc"] + 16 * entry[0], 8))
        memory.write(buffer, content)
    if entry:
        memory.write(queue["vring-used"] + 4 + 8 * (index % size), struct.pack("<II", *entry))
    memory.write(queue["vring-used"] + 2, struct.pack("<H", (index + jump) & 0xFFFF))
    memory.close()
