"""A feature that is off leaves nothing: no symbol, no string, and the image is smaller.

Each feature has a setting that turns it off, and patterns of what it is known by. The image with everything has all of them: a
pattern that matches nothing there would prove nothing.
"""

import re

from lib.machine import build
from lib.project import Project, expect

SECONDS = 900  # the C library may have to be compiled


class Feature:
    def __init__(self, off, symbols=None, strings=None):
        self.off, self.symbols, self.strings = off, symbols, strings


# of examples/homepage on kvm
FEATURES = {
    "IPv6": Feature("http.stack.ipv6=off", r"ip6|nd6_|mld6", r"(?i)(?<!feature-)ipv6|fd00::|router6"),  # feature-ipv6-…: what xen's network card offers
    "IPv4": Feature("http.stack.ipv4=off", r"^ip4_|etharp|^icmp_", r"(?i)ipv4|10\.0\.0\.|router=|ipv4=static"),
    "reassembly": Feature("http.stack.reassembly=false", r"reass"),
    "devices on PCI": Feature("virtio.transport=mmio", r"^(window_of|device_map|free_vector)$"),
    "devices at addresses": Feature("virtio.transport=pci", r"^interrupts_claim$", r"LNRO0005"),
    "seeds after a snapshot": Feature("random.snapshots=false", r"seed_is_another|^aml_next$"),
    "dates in the log": Feature("log.time=none", r"clock_tsc_wall|days_in_month|^stamp"),
}
# what can be off at the same time, in the order in which it is told
TOGETHER = ["IPv6", "reassembly", "devices at addresses", "seeds after a snapshot"]
# where there are no such devices; on posix with the image's own stack, and not on a tap device, whose other end may have an IPv6 address
ELSEWHERE = {"xen": ((), ["IPv6", "reassembly", "dates in the log"]), "posix": (("net=native", "link=packet"), ["IPv6", "reassembly"])}


def image(p, *settings, target="kvm"):
    """(size, symbols, strings) of homepage with these settings"""
    options = [f"--set={setting}" for setting in settings]
    if target == "kvm":
        build(p, options=options)
    else:
        p.ukc("configure", "--target", target, *options)
        p.ukc("build", "--quiet", timeout=800)
    names = p.run("llvm-nm-19", "--format=just-symbols", f"build/{target}/homepage.debug").out.split()
    content = p.read(f"build/{target}/homepage")
    return len(content), names, [s.decode() for s in re.findall(rb"[\x20-\x7e]{4,}", content)]


def found(pattern, texts):
    return sorted({t for t in texts if re.search(pattern, t)}) if pattern else []


def traces(feature, names, strings):
    return found(feature.symbols, names) + found(feature.strings, strings)


def begin(context, p, *settings, target="kvm"):
    p.copy("examples/homepage")
    return image(p, *settings, target=target)


def check_known(whole, features):
    for name in features:
        for pattern, texts in ((FEATURES[name].symbols, whole[1]), (FEATURES[name].strings, whole[2])):
            expect(not pattern or found(pattern, texts), f"{name}: the image with everything has what matches {pattern}")


def without_users(p, names):
    """Nobody uses UDP in homepage: nothing of it is left but the answer that nobody is there, for whom it would look in an empty list."""
    compiled = {s["name"] for i in p.ukc("size", "--pruned", "--json").json["instances"] if i["name"] == "http.stack" for s in i["symbols"]}
    expect({"udp_bind", "udp_recv", "udp_sendto"} <= compiled, "UDP was compiled, and left out", compiled)
    left = [n for n in found(r"^(http\.stack\.)?(stack_|lwip_)?udp_", names) if not n.endswith(("udp_input", "udp_pcbs"))]
    expect(not left, "and is not in the image", left)


def together(context):
    with Project(context) as p:
        whole = begin(context, p)
        without_users(p, whole[1])
        check_known(whole, TOGETHER)
        less = image(p, *(FEATURES[name].off for name in TOGETHER))
        for name in TOGETHER:
            left = traces(FEATURES[name], *less[1:])
            expect(not left, f"{name}: off, and not in the image", left)
        expect(less[0] < whole[0], "the image is smaller", (less[0], whole[0]))
        print(f"score: {whole[0]:,} bytes, {less[0]:,} without {', '.join(TOGETHER)}")


def elsewhere(context, target):
    """On a target without virtio: likewise, by the file alone."""
    always, names = ELSEWHERE[target]
    with Project(context) as p:
        whole = begin(context, p, *always, target=target)
        check_known(whole, names)
        less = image(p, *always, *(FEATURES[name].off for name in names), target=target)
        for name in names:
            left = traces(FEATURES[name], *less[1:])
            expect(not left, f"{name}: off, and not in the image", left)
        expect(less[0] < whole[0], "the image is smaller", (less[0], whole[0]))
        print(f"score: {target}: {whole[0]:,} bytes, {less[0]:,} without {', '.join(names)}")


def singly(context):
    with Project(context) as p:
        whole = begin(context, p)
        check_known(whole, FEATURES)
        saved = []
        for name, feature in FEATURES.items():
            less = image(p, feature.off)
            left = traces(feature, *less[1:])
            expect(not left, f"{name}: off, and not in the image", left)
            expect(less[0] < whole[0], f"{name}: the image is smaller", (less[0], whole[0]))
            saved.append(f"{name} {whole[0] - less[0]:,}")
        print(f"score: bytes saved: {', '.join(saved)}")


def tests(context):
    yield "together", lambda: together(context)
    if context.long:
        yield "singly", lambda: singly(context)
        for target in ELSEWHERE:
            yield f"together on {target}", lambda target=target: elsewhere(context, target)
