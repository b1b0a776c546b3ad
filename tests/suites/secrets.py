"""Secrets: they are in the sealed file, and nowhere else; images without them say so; what cannot be sealed is refused."""

import hashlib
import os
import re
import stat

import harness
from lib import machine as kvm
from lib import sizes
from lib.project import Project, expect

SECONDS = 900  # the C library may have to be compiled
MASK = (1 << 64) - 1
SECRET = bytes.fromhex("9f0b6a1d42c7e85330f1aa7be29c54d6") * 4
TEXT = b"a text"


def rotated(x, by):
    return (x << by | x >> 64 - by) & MASK


def siphash(key, text):
    """What examples/vault prints: SipHash-2-4, from its paper."""
    k = [int.from_bytes(key[at:at + 8], "little") for at in (0, 8)]
    v = [k[0] ^ 0x736F6D6570736575, k[1] ^ 0x646F72616E646F6D, k[0] ^ 0x6C7967656E657261, k[1] ^ 0x7465646279746573]

    def mix(rounds):
        for _ in range(rounds):
            v[0], v[2] = (v[0] + v[1]) & MASK, (v[2] + v[3]) & MASK
            v[1], v[3] = rotated(v[1], 13) ^ v[0], rotated(v[3], 16) ^ v[2]
            v[0] = rotated(v[0], 32)
            v[2], v[0] = (v[2] + v[1]) & MASK, (v[0] + v[3]) & MASK
            v[1], v[3] = rotated(v[1], 17) ^ v[2], rotated(v[3], 21) ^ v[0]
            v[2] = rotated(v[2], 32)

    padded = text + bytes(7 - len(text) % 8) + bytes([len(text) & 255])
    for at in range(0, len(padded), 8):
        word = int.from_bytes(padded[at:at + 8], "little")
        v[3] ^= word
        mix(2)
        v[0] ^= word
    v[2] ^= 255
    mix(4)
    return f"{v[0] ^ v[1] ^ v[2] ^ v[3]:016x}"


def holders(secret, *tops):
    """The files below that have the secret, or a good part of it."""
    found = []
    for top in tops:
        for directory, _, files in os.walk(top):
            for path in (os.path.join(directory, f) for f in files):
                if os.path.isfile(path) and not os.path.islink(path):
                    with open(path, "rb") as f:
                        if secret[:16] in f.read():
                            found.append(os.path.relpath(path, top))
    return found


def give(p, name, content=SECRET, mode=0o600):
    p.write(name, content)
    os.chmod(p.file(name), mode)
    return name


def refused(p, words, *says, status=1):
    r = p.ukc("seal", *words, status=status)
    for text in says:
        expect(text in r.err, f"'{text}' is said", r)
    expect("help: " in r.err and not r.out, "with what to do", r)
    expect(not os.path.exists(p.file("vault.sealed")), "and nothing is written", os.listdir(p.path))


def refusals(p, image):
    secret, given = give(p, "secret"), ("--secret", "signing_key=secret")
    refused(p, [image], "needs the secrets", status=2)
    refused(p, [image, "--secret", "signing_key"], "--secret NAME=FILE", status=2)
    refused(p, [image, *given, "--secret", "other=secret"], "no room for a secret 'other'", "it has room for: signing_key")
    refused(p, [image, "--secret", "signing_ky=secret"], "did you mean 'signing_key'?")
    refused(p, [image, "--secret", "signing_key=nowhere"], "cannot read 'nowhere'")
    refused(p, [image, "--secret", "signing_key=."], "it is a directory")
    refused(p, [image, "--secret", "signing_key=" + give(p, "large", bytes(1025))], "larger than the 1024 bytes", "the key 'size'")
    refused(p, [image, "--secret", "signing_key=" + give(p, "empty", b"")], "is empty")
    refused(p, [image, *given, "-o", image], "is the image itself", status=2)
    refused(p, [image, *given, "-o", given[-1].partition("=")[2]], "is the file of the secret 'signing_key', which would be lost", status=2)
    refused(p, ["vault.c", *given], "is no image", status=6)
    p.write("short", p.read(image)[:2000])
    refused(p, ["short", *given], "beyond its end", status=6)
    room = p.read(image).index(b"ukc-secret 1")
    for at, byte, words in ((0, 65, "not as ukc makes it"), (80, 255, "has no room in it"), (96, 1, "cannot be"), (160, 1, "cannot be")):
        broken = bytearray(p.read(image))
        broken[room + at] = byte
        p.write("broken", bytes(broken))
        refused(p, ["broken", *given], "is damaged", words, status=6)
    expect(stat.S_IMODE(os.stat(p.file(secret)).st_mode) == 0o600, "the secret's file is left alone")


def seal(p, image, output="vault.sealed"):
    before = p.read(image)
    answer = p.ukc("seal", image, "--secret", "signing_key=secret", "-o", output, "--json").json
    expect(answer["image_sha256"] == hashlib.sha256(before).hexdigest() and p.read(image) == before, "the image stays as it is", answer)
    after = p.read(output)
    expect(len(after) == len(before) and after.count(SECRET) == 1, "the secret is in the sealed file, once")
    at = after.index(SECRET)
    expect(after[:at - 56] == before[:at - 56] and after[at + len(SECRET):] == before[at + len(SECRET):], "the rest is the image")
    expect(bytes.fromhex(answer["image_sha256"]) == after[at - 40:at - 8], "it says which image it was")
    return answer


def killed(p, image):
    """A signal while the sealed file is written leaves no secret aside; after SIGKILL the next one that is sealed there takes it away."""
    strace, left = harness.need("strace"), lambda: [f for f in os.listdir(p.path) if f.startswith(".ukc-")]
    for signal, status in (("INT", 130), ("TERM", 143), ("KILL", 137)):
        r = p.run(strace, "-o", "/dev/null", "-e", "trace=write", "-e", f"inject=write:signal={signal}:when=1", p.context.ukc, "seal", image, "--secret", "signing_key=secret", status=None)
        expect(r.status in (status, status - 256, 128 - status), "it ends by the signal", signal, r)
        expect(len(left()) == (signal == "KILL"), "nothing is left aside", signal, left())
    p.ukc("seal", image, "--secret", "signing_key=secret")
    expect(len(left()) == 1, "one that may still be written is left alone", left())
    os.utime(p.file(left()[0]), (1, 1))
    p.ukc("seal", image, "--secret", "signing_key=secret")
    expect(not left(), "an old one is removed", left())


def process(context):
    """A process, everything that ukc says of it, and what it refuses."""
    with Project(context) as p:
        store = p.environment["UKC_STORE"] = os.path.join(p.top, "store")
        p.copy("examples/vault")
        image = "build/posix/vault"
        p.ukc("configure", "--target", "posix", "--profile", "dev", "--seed", "3")  # which the recipe has
        p.ukc("build")
        r = p.run(f"./{image}", status=1)
        expect("the secret 'signing_key' is not in this image: 'ukc seal IMAGE --secret signing_key=FILE'" in r.err, "an image without says so", r)
        refusals(p, image)
        first = p.ukc("seal", image, "--secret", "signing_key=secret")
        expect(first.out.startswith("vault.sealed: sealed with signing_key; made from the image ") and not first.err, "it is said", first)
        expect(stat.S_IMODE(os.stat(p.file("vault.sealed")).st_mode) == 0o700, "others cannot read it")
        seal(p, image)
        killed(p, image)
        expect(p.run("./vault.sealed", f"--text={TEXT.decode()}").out == siphash(SECRET, TEXT) + "\n", "it has the secret")
        expect(p.ukc("run", "--sealed", "vault.sealed", "--", "--text=x").out == siphash(SECRET, b"x") + "\n", "and so it runs")
        spoken(p, image)
        found = holders(SECRET, p.path, store)
        expect(sorted(found) == ["secret", "vault.sealed"], "nothing else has it", found)


def spoken(p, image):
    """What the commands say of a sealed file."""
    plain, sealed = (p.ukc("show", "--json", f) for f in (image, "vault.sealed"))
    expect(sealed.json == plain.json and "'vault.sealed' is sealed" in sealed.err, "show takes either", sealed)
    expect("is sealed" in p.ukc("diff", image, "vault.sealed").err, "diff too")
    expect(p.ukc("reproduce", "vault.sealed", "-o", "again", timeout=600).err.count("is sealed") == 1 and p.read("again") == p.read(image), "the image is made again")
    room = [{"name": "signing_key", "room": 1024, "sealed": False}]
    expect(p.ukc("size", "--json").json["secrets"] == room, "its room is reported")
    for file, said in ((image, "no   secrets          needed, and not there: signing_key (at most 1024 bytes)"), ("vault.sealed", "yes  secrets          signing_key (64 of 1024 bytes); sealed from")):
        r = p.ukc("explain", "--hardening", file)
        expect(said in r.out, "and whether it is there", r)
    r = p.ukc("seal", "vault.sealed", "--secret", "signing_key=secret", "-o", "twice", status=1)
    expect("'vault.sealed' is sealed already" in r.err and "help: " in r.err, "nothing is sealed twice", r)
    r = p.ukc("run", "--sealed", image, status=1)
    expect("has no secrets" in r.err and "help: ukc seal" in r.err, "what is not sealed is not run as if it were", r)
    broken = bytearray(p.read("vault.sealed"))
    broken[broken.index(b"ukc-secret 1") - 32] ^= 1
    p.write("broken", bytes(broken))
    r = p.ukc("show", "broken", status=6)
    expect("'broken' is damaged: without its secrets it is not the image" in r.err, "what was changed is found out", r)
    os.remove(p.file("broken"))


def explained(p):
    """The secret by its name; operations of it that the optimiser folded into the one that calls them."""
    r = p.ukc("explain", "signing_key")
    expect(r.out.startswith("signing_key: a secret; the image has room for at most 1,024 bytes of it, ") and ", ukc_secret (" in r.out and "vault requires key: sig.kv_ro, which is secret (ukc.lua:" in r.out,
           "the secret is found", r)
    [x] = p.ukc("explain", "--json", "signing_key").json
    expect((x["instance"], x["section"], x["bytes"]) == ("key", "ukc_secret", 144 + 1024), "as JSON", x)
    for name, words in (("signing_key", "it is in the image: 'ukc explain signing_key'"), ("reserved", "it is in the image: 'ukc explain reserved'"), ("secret_close", "(vault_main of vault)"),
                        ("secret_next", "nothing that was compiled refers to it")):
        r = p.ukc("explain", "--absent", name)
        expect(words in r.out, f"{name}: whether it is there", r)
    for name in ("key_close", "secret_close"):
        r = p.ukc("explain", name)
        expect(r.out.startswith(f"{name}: operation close of the requirement key of vault, which is key: secret_close\n  vault requires key: sig.kv_ro, which is secret (ukc.lua:"), f"{name}: who answers", r)
        expect("left no code of its own: what uses it is in the image (vault_main of vault)" in r.out, f"{name}: and that no code is left", r)
    expect(p.ukc("explain", "key_read").out.startswith("key_read: operation read of the requirement key of vault, which is key: secret_read\n"), "whether it left something or not")
    r = p.ukc("explain", "key_wipe", status=1)
    expect("nothing is called 'key_wipe'" in r.err, "what is no operation", r)


def padded(p, image):
    """Nothing reaches what lies between functions."""
    parts = p.ukc("explain", "--json", f"0-{os.path.getsize(p.file(image))}").json
    expect(any(x["instance"] == "(padding)" for x in parts) and any(x["way"] for x in parts), "all parts are there")
    expect(not [x for x in parts if x["instance"] == "(padding)" and x["way"]], "padding is reached by nothing", [x for x in parts if x["instance"] == "(padding)"])
    at = next(x["offset"] for x in parts if x["instance"] == "(padding)")
    r = p.ukc("explain", f"{at}")
    expect("(padding): between what has to be aligned" in r.out and "reache" not in r.out, "and it is said what it is", r)


def sized(p, image):
    """The bytes of a sealed file are those of the image that it was made from, wherever either lies."""
    [traps] = [f for f in p.ukc("explain", "--hardening", "--json", image).json["features"] if f["feature"] == "traps"]
    expect(traps["holds"] is None and "untrusted_input = true" in traps["evidence"] and "seal.traps" in traps["evidence"], "what would be trapped, and why nothing is", traps)
    plain = p.ukc("size", "--json", image).json
    os.makedirs(p.file("away"))
    for name in ("away/secret", "build/kvm/other"):
        p.run("cp", "vault.sealed", name)
    for file in ("vault.sealed", "./vault.sealed", "away/secret", "build/kvm/other"):
        said = p.ukc("size", "--json", file).json
        expect(said["instances"] == plain["instances"] and said["bytes"] == plain["bytes"] and said["image"] == file and said["secrets"][0]["sealed"], f"{file}: as of the image", said)
    for by in sizes.BY:
        sizes.lines(p, "vault.sealed", by)
    expect(p.ukc("size", "--pruned", "vault.sealed").out == p.ukc("size", "--pruned", image).out, "what was left out, too")
    os.remove(p.file("build/kvm/other"))
    p.run("cp", image, "vault")
    expect(p.ukc("size", "--json", "vault.sealed").json["instances"] == plain["instances"], "a copy of the image, beside which nothing lies, is passed over")
    p.run("cp", "vault", "vault.sealed", "away")
    r = p.ukc("size", "vault.sealed", directory=p.file("away"), status=4)
    expect("'vault' has no symbols" in r.err, "where there is no other, that is said", r)
    os.remove(p.file("vault"))
    os.remove(p.file("away/vault"))
    for name in ("loop", "away/loop"):
        os.symlink("loop", p.file(name))
    for command, file, words in (("size", p.file("away/none"), "there is no file"), ("report", p.file("away/loop"), "there is no file"), ("report", "vault.sealed", "is a file, and no unikernel of this name"),
                                 ("run", "vault.sealed", "'ukc run --sealed FILE'"), ("size", "away/loop", "there is no file"), ("size", "loop", "is a symbolic link that leads to no file")):
        r = p.ukc(command, file, status=1)
        expect(words in r.err and "help: 'ukc " + command in r.err and f"'{file}'" in r.err and "--target" not in r.err, f"{command} of what is no unikernel", r)
    r = p.ukc("run", image, status=2)
    expect("is a file or directory, and no unikernel has a name with a slash" in r.err and "--sealed FILE" in r.err, "or lies elsewhere", r)
    os.remove(p.file("loop"))
    r = p.ukc("size", "secret", directory=p.file("away"), status=4)
    expect("the image " + hashlib.sha256(p.read(image)).hexdigest()[:12] in r.err and "help: 'ukc size' of that image" in r.err, "where it is not found, that is said", r)
    p.run("rm", "-r", "away")


def kvm_machine(context):
    """A machine of its own: it boots with the secret, and says so without."""
    harness.need("qemu-system-x86_64")
    with Project(context) as p:
        kvm.built(context, p, "vault")
        image = "build/kvm/vault"
        explained(p)
        padded(p, image)
        give(p, "secret", mode=0o644)
        r = p.ukc("seal", image, "--secret", "signing_key=secret")
        expect("warning: others than its owner can read 'secret'" in r.err and "chmod 600" in r.err, "a secret that others can read is said to be", r)
        seal(p, image)
        expect(stat.S_IMODE(os.stat(p.file("vault.sealed")).st_mode) in (0o600, 0o700), "others cannot read it")
        sized(p, image)
        asked = kvm.command(p, "microvm", tap=False)
        r = p.run(*asked, status=1)
        expect("the secret 'signing_key' is not in this image" in r.out + r.err, "it says so without", r)
        asked[asked.index("--"):] = ["--sealed", "vault.sealed", "--", f"--text={TEXT.decode()}"]
        r = p.run(*asked)
        expect(r.out.replace("\r", "") == siphash(SECRET, TEXT) + "\n", "and with it does its work", r)
        expect(holders(SECRET, p.file("build")) == [], "what is built has nothing of it")
        r = p.run("readelf", "-SW", "vault.sealed")
        flags = next(line for line in r.out.splitlines() if "ukc_secret" in line).split("PROGBITS")[1].split()[4]
        expect(flags == "A", "its section is read-only", r)
        kvm.build(p, options=["--seed", "7"])
        expect(p.ukc("run", "--sealed", "vault.sealed", "--target", "kvm", status=1).err.count("was sealed from another image"), "of another image it is refused")
        seal(p, image)
        expect(p.run(*asked).out.replace("\r", "") == siphash(SECRET, TEXT) + "\n", "it boots in another order as well")


def xen_domain(context):
    """A domain's image, sealed: xl is given the sealed file.  Suite xen_examples boots one."""
    with Project(context) as p:
        p.copy("examples/vault")
        p.ukc("configure", "--target", "xen")
        p.ukc("build", timeout=800)
        image = "build/xen/vault"
        give(p, "secret")
        seal(p, image)
        r = p.ukc("explain", "--hardening", "vault.sealed")
        expect("yes  secrets          signing_key (64 of 1024 bytes); sealed from" in r.out, "the secret is there", r)
        r = p.ukc("run", "--sealed", "vault.sealed", "--dry-run")
        expect(re.search(r'^kernel *= *[\'"].*/vault\.sealed[\'"]$', r.out, re.M), "the domain is made of it", r)
        r = p.ukc("run", "--sealed", image, status=1)
        expect("has no secrets" in r.err, "and not of what has none", r)
        expect(sorted(holders(SECRET, p.path)) == ["secret", "vault.sealed"], "nothing else has it", holders(SECRET, p.path))


def tests(context):
    yield "process", lambda: process(context)
    yield "kvm", lambda: kvm_machine(context)
    yield "xen", lambda: xen_domain(context)
