"""simulation: 1,000 hosts that exchange TCP traffic at 1 % loss: events per second."""

import os
import re
import shutil
import subprocess
import tempfile

ADDRESSES = "--address=10.0.{n/250}.{n%250+1}/16 --address6=fd00::{n:x}/64 --level=warning"


def run(argv, cwd):
    r = subprocess.run(argv, cwd=cwd, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=1800)
    if r.returncode:
        raise RuntimeError(f"{argv[0]} ended with status {r.returncode}: {(r.stderr.strip().splitlines() or ['no message'])[-1]}")
    return r.stdout, r.stderr


def simulate(context, cwd, pairs, *options):
    image = "build/posix/tcp-echo"
    out, err = run([os.path.join(context.build, "ukc-switch"), "--loss", "1%", "--delay", "10ms", "--jitter", "2ms", "--until", "1h", *options,
                    "--serve", f"{image}:{ADDRESSES}", f"x{pairs}",
                    f"{image}:{ADDRESSES} --servers={pairs} --first={{i}}", f"x{pairs}"], cwd)
    counts = dict(re.findall(r"^([a-z.]+) ([0-9.]+)$", out, re.M))
    seconds, events, turns = re.search(r"([\d.]+) s, (\d+) events/s, (\d+) turns/s", err).groups()
    return counts, float(seconds), int(events), int(turns)


def measure(context):
    directory = tempfile.mkdtemp(prefix="ukc-bench-")
    try:
        shutil.copytree(os.path.join(context.root, "tests", "simulation", "tcp"), directory, dirs_exist_ok=True)
        ukc = os.path.join(context.build, "ukc")
        run([ukc, "configure", "--target", "posix", "--set", "net=native", "--set", "link=switch", "--set", "router=0.0.0.0", "--set", "router6=::"], directory)
        run([ukc, "build"], directory)
        pairs = 100 if context.quick else 500
        for label, options in (("each frame at once", []), ("frames at multiples of 100 us", ["--coalesce", "100us"])):
            counts, seconds, events, turns = simulate(context, directory, pairs, *options)
            yield (f"{2 * pairs} hosts, {label}: {events:,} events/s, {turns:,} turns/s; {int(counts['events']):,} events, "
                   f"{int(counts['frames.sent']):,} frames sent, {int(counts['frames.lost']):,} lost, "
                   f"{float(counts['time']):.2f} s of virtual time in {seconds:.1f} s; {counts['hosts.failed']} hosts failed")
    finally:
        shutil.rmtree(directory, ignore_errors=True)
