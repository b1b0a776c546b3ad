"""The machine below kvm images, in QEMU with software emulation: how it ends, what the loader may say, what a crash tells."""

import json
import subprocess

import harness
from lib.project import Project, expect

SECONDS = 900  # musl may have to be compiled
QEMU = ["qemu-system-x86_64", "-accel", "tcg", "-cpu", "max", "-smp", "1", "-nodefaults", "-no-user-config", "-display", "none", "-no-reboot"]


def conduct(image, machine, directory, *options, memory="64M"):
    """Runs an image without the device that `ukc run` gives it: what it said, and the reason for which QEMU ended."""
    serial = directory / "serial"
    argv = [*QEMU, "-M", machine, "-m", memory, "-kernel", str(image), "-serial", f"file:{serial}", "-qmp", "stdio", "-S", *options]
    q = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        out, _ = q.communicate('{"execute":"qmp_capabilities"}\n{"execute":"cont"}\n', timeout=60)
    except subprocess.TimeoutExpired:
        q.kill()
        q.communicate()
        raise harness.Failure(f"{machine}: it did not end") from None
    events = [json.loads(line) for line in out.splitlines() if line.startswith("{")]
    reasons = [e["data"]["reason"] for e in events if e.get("event") == "SHUTDOWN"]
    return serial.read_text(errors="replace").replace("\r", ""), reasons, out


ENDS = {  # a machine, and by what it has to end: switched off by ACPI, or reset where there is none
    "q35": "guest-shutdown", "pc": "guest-shutdown", "microvm,acpi=on": "guest-shutdown", "microvm,acpi=off": "guest-reset",
    "q35,acpi=off": "guest-reset",
}


def ends(context):
    harness.need("qemu-system-x86_64")
    directory = harness.scratch()
    with Project(context) as p:
        p.copy("examples/hello")
        p.ukc("configure", "--target", "kvm")
        p.ukc("build", timeout=800)
        for machine, reason in ENDS.items():
            said, reasons, out = conduct(p.file("build", "kvm", "hello"), machine, directory)
            expect(said == "Hello, world.\n", f"it works on {machine}", said, out)
            expect(reasons == [reason], f"{machine} ends by {reason}", reasons, out)


def tests(context):
    yield "ends", lambda: ends(context)
