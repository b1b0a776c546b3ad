#!/usr/bin/python3
"""Sends an image what nobody should, and looks after each case whether it still serves, and how much memory it has had.

    attack.py --pid N --mac AA:BB:.. --most KIB [--many] [CASE...]

Runs in the network of the image's tap device; the image is examples/small-services' echo with the default addresses. Needs scapy.
Prints a line for each case; ends with status 1 at the first that does harm.
"""

import argparse
import os
import socket
import sys
import time

import attacks
from wire import IPV4, IPV6, Failure, Wire

ECHO = 7007
PATIENCE = 3  # seconds: the machine may be busy


def serve_once(address, seconds):
    """A connection is answered within the time."""
    end, data = time.monotonic() + seconds, os.urandom(20000)
    while True:
        try:
            with socket.create_connection((address, ECHO), 1) as s:
                s.settimeout(max(0.1, end - time.monotonic()))
                s.sendall(data)
                s.shutdown(socket.SHUT_WR)
                got = b""
                while piece := s.recv(65536):
                    got += piece
                if got == data:
                    return
                raise Failure(f"{address} answers something else")
        except OSError as e:
            if time.monotonic() > end:
                raise Failure(f"no service at {address} within {seconds} s: {e}") from None


def service(seconds=PATIENCE):
    for address in (IPV4, IPV6):
        serve_once(address, seconds)


def memory(pid):
    """The most it ever had, in KiB."""
    with open(f"/proc/{pid}/status") as f:
        return next(int(line.split()[1]) for line in f if line.startswith("VmHWM:"))


def cases(wire, many):
    import malformed

    maker = malformed.Maker(wire.mac)
    for name in malformed.CASES:
        yield name, lambda name=name: wire.send(getattr(maker, name)())
    yield from attacks.tests(wire, service, many)


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--pid", type=int, required=True)
    p.add_argument("--mac", required=True)
    p.add_argument("--most", type=int, required=True, help="KiB of memory that the image may have")
    p.add_argument("--many", action="store_true")
    p.add_argument("case", nargs="*")
    options = p.parse_args()
    wire = Wire("tap0", options.mac, ECHO)
    done = 0
    for name, case in cases(wire, options.many):
        if options.case and name not in options.case:
            continue
        start, sent = time.monotonic(), wire.sent
        try:
            case()
            middle = time.monotonic()
            service()
            most = memory(options.pid)
            if most > options.most:
                raise Failure(f"{most} KiB of memory, {options.most} were expected at most")
        except (Failure, OSError) as e:
            print(f"{name}: {type(e).__name__}: {e}", flush=True)
            return 1
        now = time.monotonic()
        print(f"{name}: {wire.sent - sent} frames in {middle - start:.1f} s, service after {now - middle:.2f} s, {most} KiB", flush=True)
        done += 1
    print(f"{done} cases", flush=True)
    return 0 if done else 1


if __name__ == "__main__":
    sys.exit(main())
