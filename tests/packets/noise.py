#!/usr/bin/python3
"""Sends an image malformed frames, each case of malformed.py in turn, again and again.

    noise.py --mac AA:BB:.. --count N [CASE...]

Runs in the network of the image's tap device; the image answers datagrams (examples/small-services' echo). Needs scapy.
"""

import argparse
import itertools

import malformed
from wire import Wire

ECHO = 7007


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--mac", required=True)
    p.add_argument("--count", type=int, required=True)
    p.add_argument("case", nargs="*")
    options = p.parse_args()
    wire, maker = Wire("tap0", options.mac, ECHO), malformed.Maker(options.mac)
    made = []  # scapy takes its time: what it has made is sent again
    cases = [getattr(maker, name)() for name in options.case or malformed.CASES]
    share = -(-options.count // len(cases))
    for name, case in zip(options.case or malformed.CASES, cases):
        frames = list(itertools.islice(case, share))
        made += frames
        wire.send(frames)
        print(f"{name}: {len(frames)}", flush=True)
    left = options.count - len(made)
    while left > 0:
        wire.send(made[:left])
        left -= len(made)
    print(f"{wire.sent} frames in all")


if __name__ == "__main__":
    main()
