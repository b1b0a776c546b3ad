"""ukc size: every byte of an image is in one line, and what others read in the file agrees."""

import os
import re
import struct

import harness
from lib import machine as kvm
from lib import sizes
from lib.project import Project, built_site, expect

SECONDS = 900  # the C library may have to be compiled
SECONDS_LONG = 1800

PARENTHESES = {"(start-up)", "(target)", "(libc)", "(compiler)", "(host)", "(constants)", "(linker)", "(headers)", "(debug)", "(padding)"}


def sections_agree(p, image):
    said = sizes.lines(p, image, "section")
    out = p.run(harness.need("llvm-size-19"), "-A", "-d", image).out
    loaded = {m[1]: int(m[2]) for m in re.finditer(r"^(\.\S+)\s+(\d+)\s+[1-9]\d*$", out, re.M)}
    without = set(re.findall(r"^\s*\[\s*\d+\]\s+(\S+)\s+NOBITS", p.run(harness.need("readelf"), "-SW", image).out, re.M))
    expected = {name: size for name, size in loaded.items() if name not in without and size}
    got = {name: said.get(name, 0) for name in expected}
    expect(expected and got == expected, "llvm-size and readelf see the same sections", expected, got)


def symbols_agree(p, image, linked):
    """Of symbols that are alone at their address, and within no other; strings (.L.str) share their ends, where the linker merges them."""
    said = sizes.lines(p, image, "symbol")
    rows = [line.split(maxsplit=3) for line in p.run(harness.need("llvm-nm-19"), "--print-size", "--defined-only", "--no-demangle", linked).out.splitlines()]
    rows = sorted((int(r[0], 16), int(r[1], 16), r[3], r[2]) for r in rows if len(r) == 4 and r[2] in "tTrR" and int(r[1], 16))
    sums, several, end = {}, set(), 0
    for k, (address, size, name, _) in enumerate(rows):
        overlaps = address < end or (k + 1 < len(rows) and rows[k + 1][0] < address + size)
        if overlaps:
            several.add(name)
        sums[name] = sums.get(name, 0) + size
        end = max(end, address + size)
    alone = {name: size for name, size in sums.items() if name not in several and not name.startswith(".L")}
    wrong = {name: (size, said.get(name)) for name, size in alone.items() if said.get(name) != size}
    expect(len(alone) > 20 and not wrong, "llvm-nm sees the same functions and constants", wrong)


def all_agree(p, image, linked, share=20):
    for by in sizes.BY:
        sizes.lines(p, image, by)
    sections_agree(p, image)
    symbols_agree(p, image, linked)
    return sizes.check(p, image, share)


def release(context):
    with Project(context) as p:
        built_site(context, p)
        sums = all_agree(p, "build/posix/site", "build/posix/obj/+image/site.elf")
        expect({"site", "pages", "http", "(libc)", "(start-up)"} <= set(sums), "instances and the C library are there", sums)
        expect(all(name in PARENTHESES or re.fullmatch(r"[a-z][a-z0-9_.]*", name) for name in sums), "and nothing else", sums)
        page = os.path.getsize(p.file("htdocs/index.html"))
        files = {f["name"]: f for f in p.ukc("size", "--by", "file", "--json").json["files"]}
        expect(files["htdocs/index.html"]["bytes"] >= page and files["htdocs/index.html"]["instance"] == "pages", "an embedded file has its name", files)
        expect("site.c" in files and files["site.c"]["instance"] == "site", "and so have sources", files)
        text = p.ukc("size", "--limit", "2").out.splitlines()
        expect(len(text) == 4 and re.fullmatch(r"\.\.\. +[\d,]+  \d+ more", text[2]) and text[3].startswith("total "), "the table is cut", text)
        text = p.ukc("size", "--by", "file").out.splitlines()
        ends = {re.match(r"\S+ +[\d,]+", line).end() for line in text}
        expect(len(ends) == 1 and max(len(line.split()[0]) for line in text) > 48, "long names leave the columns as they are", text)
        text = p.ukc("size", "--by", "section").out
        expect(re.search(r"^\(padding\) +[\d,]+  between sections$", text, re.M), "which padding is meant is said", text)
        elsewhere(p)


def elsewhere(p):
    """An image without the files beside it, or with those of another build."""
    path = "build/posix/obj/+image/site.elf.map"
    linked = p.read(path)
    for wrong, said in ((linked.replace(b"0", b"1"), "is of another"), (b"", "is of another"), (None, "is not there")):
        os.remove(p.file(path)) if wrong is None else p.write(path, wrong)
        for words, status in ((["size"], 4), (["explain", "accept_run"], 4), (["explain", "--absent", "accept_run"], 4), (["report"], 4)):
            r = p.ukc(*words, status=status)
            expect(f"'{path}', the linker's map of " in r.err and said in r.err and "'ukc clean' and 'ukc build'" in r.err, "a map of another build is refused", r)
    expect(not os.path.exists(p.file("site.html")), "and no page is written")
    p.write(path, linked)
    p.run("cp", "build/posix/site", "./stray")
    r = p.ukc("size", "./stray", status=4)
    expect("has no symbols" in r.err and "--by section" in r.err, "what is missing is said", r)
    sizes.lines(p, "./stray", "section")
    p.run("cp", "build/posix/site.debug", "./stray.debug")
    expect("http" in sizes.lines(p, "./stray"), "its debug information will do")
    image = bytearray(p.read("stray"))
    at = image.index(b"<!DOCTYPE")
    image[at:at + 1] = b"?"
    os.makedirs(p.file("away/obj/+image"))
    p.run("cp", "build/posix/obj/+image/site.elf", "away/obj/+image/stray.elf")
    p.write("away/stray", image)
    r = p.ukc("size", "./away/stray", status=4)
    expect("is not of the same build" in r.err, "facts of another image are refused", r)
    r = p.ukc("size", "./site.c", status=2)
    expect("is not an ELF file" in r.err, "a source is no image", r)
    struct.pack_into("<Q", image, 40, 1 << 40)
    p.write("broken", image)
    r = p.ukc("size", "--by", "section", "./broken", status=6)
    expect("is damaged" in r.err, "a broken image is told", r)


def dev(context):
    """With the host's C library, and with symbols and debug information in the image itself."""
    with Project(context) as p:
        p.copy("examples/hello")
        p.ukc("configure", "--target", "posix", "--profile", "dev")
        p.ukc("build")
        sums = all_agree(p, "build/posix/hello", "build/posix/hello")
        expect({"hello", "(libc)", "(linker)", "(debug)", "(start-up)"} <= set(sums), "all parts of it are there", sums)
        after_an_edit(p, sums)
        p.ukc("clean")
        expect("not configured yet" in p.ukc("size", status=1).err, "what is not there is said")


def after_an_edit(p, sums):
    """What a build says of the one before, and ukc diff of their records."""
    first = p.ukc("build", "--json").json
    expect({i["name"]: i["bytes"] for i in first["instances"]} == sums and first["changes"] is None, "a build says what it weighs", first)
    expect("largest" not in p.ukc("build").out, "once")
    p.write("hello.c", p.read("hello.c") + b"\nstatic volatile char text[1000] = {1};\n__attribute__((constructor)) static void added(void) { text[2]++; }\n")
    r = p.ukc("build")
    expect(re.search(r"^largest: .*; 'ukc size' has them all$", r.out, re.M) and re.search(r"^since the last build .* more bytes: .*hello .* more", r.out, re.M),
           "a build says what changed", r)
    p.write("hello.c", p.read("hello.c") + b"static volatile char again[2000] = {1};\n__attribute__((constructor)) static void more(void) { again[2]++; }\n")
    changes = {c["name"]: c["bytes"] - c["before"] for c in p.ukc("build", "--json").json["changes"]}
    expect(2000 <= changes["hello"] < 2100 and "console" not in changes, "also as JSON", changes)
    expect(p.ukc("build", "--json").json["changes"] is None, "what made nothing says nothing of it")
    second = p.ukc("build", "--json").json["record"]
    said = p.ukc("diff", first["record"], second, "--json").json
    parts = {c["name"]: c for c in said["instances"]}
    expect(int(parts["hello"]["b"]) - int(parts["hello"]["a"]) >= 3000, "ukc diff says it too", said["instances"])


def explained(p):
    """Of homepage on kvm: the way from the manifest, and from the entry."""
    [x] = p.ukc("explain", "--json", "tcp_input").json
    expect(x["instance"] == "http.stack" and x["file"].endswith("/tcp_in.c") and x["bytes"] > 1000, "a symbol", x)
    expect(x["requirements"][0].startswith("homepage requires http: sig.http_server, which is http1 (ukc.lua:") and len(x["requirements"]) == 2, "requirements", x)
    expect(x["way"][0] == {"symbol": "pvh_entry", "instance": "(target)"} and x["way"][-1]["symbol"] == "tcp_input", "the way from the entry", x)
    r = p.ukc("explain", "style.css")
    expect(r.out.startswith("htdocs/style.css: ") and " of pages at " in r.out and "reached by:" in r.out, "an embedded file", r)
    expect(r.out.splitlines()[-1].split()[0] == "htdocs/style.css" and "index.html" not in r.out, "whose way ends at it", r)
    way = [line.split()[0] for line in r.out.partition("reached by:\n")[2].splitlines()]
    expect(way[0] == "pvh_entry" and "main" in way and any(w.startswith("answer") for w in way), "and leads through who serves it, not from a bound at its address", r)
    [x] = p.ukc("explain", "--json", "connection_run").json
    jumps = [s["symbol"] for s in x["way"]]
    expect(jumps[-4:] == ["accept_run.cfi_jt", "accept_run", "connection_run.cfi_jt", "connection_run"], "an entry of a table of jumps leads to one function", x)
    expect({s["instance"] for s in x["way"][-4:]} == {"http"}, "and is its function's", x)
    for words in (["pages_open"], ["--absent", "pages_open"]):
        r = p.ukc("explain", *words)
        expect(r.out.startswith("pages_open: operation open of the requirement pages of homepage, which is pages: embed_open\npages.embed_open: "), "an operation", r)
    r = p.ukc("explain", "0x10-0x5", status=1)
    expect("'0x10-0x5' is no byte of the image" in r.err, "no range", r)
    [one] = p.ukc("explain", "--json", "0x1000").json
    expect(one["offset"] <= 0x1000 < one["offset"] + one["bytes"], "one byte", one)
    r = p.ukc("explain", "tcp_in.c")
    expect("tcp_input: " in r.out and "tcp_receive" in r.out, "a source", r)
    expect(p.ukc("explain", "libs/http1/head.c").out == p.ukc("explain", "head.c").out, "also by its path in the catalogue")
    [first, *_] = p.ukc("explain", "--json", "0-0x40").json
    expect(first["symbol"] == "(file header)" and first["bytes"] == 64, "a range of bytes", first)
    [x] = p.ukc("explain", "--json", "ok_line").json
    expect(x["instance"] == "http" and x["file"].endswith("/respond.c"), "a constant that the linker has merged is its file's", x)
    out = [s["name"] for i in p.ukc("size", "--pruned", "--json").json["instances"] for s in i["symbols"]]
    expect("udp_sendto" in out and "ok_line" not in out and not any(s.endswith(".cfi_jt") for s in out), "and is not left out, nor are jumps", out)
    expect(not {"http_octet.octets", "target_encode.hex"} & set(out), "nor is what another instance has as well", out)
    merged(p)
    folded(p)
    r = p.ukc("explain", "--absent", "udp_sendto")
    expect("it was compiled for http.stack" in r.out and "left nothing in the image either: udp_send of http.stack" in r.out, "what only is called by what is not there", r)
    r = p.ukc("explain", "--absent", "udp_send")
    expect("it was compiled for http.stack" in r.out and "nothing that was compiled refers to it" in r.out, "what nobody calls", r)
    r = p.ukc("explain", "udp_send", status=1)
    expect("help: it was compiled: 'ukc explain --absent udp_send' says why" in r.err, "of which --absent knows more", r)
    r = p.ukc("explain", "--absent", "tcp_process")
    expect("tcp_process" in r.out, "what became part of another", r)
    r = p.ukc("explain", "--absent", "kv_block_get")
    expect("kv_block" in r.out and "which is not in the image" in r.out, "what another component has", r)
    r = p.ukc("explain", "--absent", "dhcp_start")
    found = re.search(r"^  (build/kvm/root/\w+\.lwip-[0-9a-f]{12}/src/core/ipv4/dhcp\.c):(\d+), of the import lwip, names it, and no function of this name was compiled: "
                      r"the configuration of http\.stack leaves it out; 'ukc explain http\.stack' has its keys$", r.out, re.M)
    expect(found, "what a key leaves out of an import", r)
    lines = p.read(found[1]).decode().splitlines()[int(found[2]) - 1:]
    expect(lines[0].startswith("dhcp_start(") and lines[1] == "{", "and where it is defined", lines[:2])
    r = p.ukc("explain", "--absent", "udp_new_port")
    expect("it was compiled for http.stack" in r.out and "became part of what calls it there, and that left nothing in the image" in r.out, "what was compiled into what is not there", r)
    r = p.ukc("explain", "--absent", "malloc")
    expect("the C library has it (+library.a[src/malloc/lite_malloc.c.o]), and nothing that the image uses refers to it" in r.out, "also a weak symbol", r)
    r = p.ukc("explain", "--absent", "no_such_thing", status=1)
    expect("nothing is known of 'no_such_thing'" in r.err, "what nobody has", r)


def merged(p):
    """Of http_octet(), which http and http.parser have from one header: their tables became one."""
    for name in ("octets", "http_octet.octets"):
        r = p.ukc("explain", name)
        expect(re.match(r"http_octet\.octets\S*: 256 bytes of http(\.parser)? at ", r.out) and re.search(r"it is also octets of http(\.parser)?: constants with the same bytes became one", r.out),
               f"{name}: whose it is", r)
        expect(p.ukc("explain", "--absent", name).out == f"{name}: it is in the image: 'ukc explain {name}' says whose it is, and what keeps it\n", "so it is not absent")


def folded(p):
    """What is called, and had nothing to do; an end that is beyond the image's."""
    for words in (["pages_close"], ["--absent", "pages_close"], ["embed_close"]):
        r = p.ukc("explain", *words)
        expect(r.out.startswith(f"{words[-1]}: operation close of the requirement pages of homepage, which is pages: embed_close\n  homepage requires pages: sig.kv_ro, which is embed (ukc.lua:"),
               "whose operation it is", r)
        expect("left no code of its own: what uses it is in the image (answer of homepage)" in r.out, "and what became of it", r)
    r = p.ukc("explain", "--absent", "embed_close")
    expect("it was compiled for pages" in r.out and "(answer of homepage)" in r.out and "refers to it" not in r.out, "the same of the function", r)
    [x] = p.ukc("explain", "--json", "pages_close").json
    expect((x["operation"], x["required_by"], x["provider"], x["function"], len(x["absent"])) == ("close", "homepage", "pages", "embed_close", 1), "as JSON", x)
    size = os.path.getsize(p.file("build/kvm/homepage"))
    for words in (f"0-{size + 1}", f"0x{size:x}", f"{size - 1}-0xfffffff"):
        for more in ([], ["--absent"], ["--json"]):
            r = p.ukc("explain", *more, words, status=1)
            said = r.json["error"] if "--json" in more else r.err
            expect(f"'{words}' ends behind the last byte of the image, which has {size:,} bytes" in said, "beyond the end", r)
    expect(p.ukc("explain", "--json", f"{size - 1}-{size}").json, "its last byte is one")
    expect("htdocs/style.css: " in p.ukc("explain", "htdocs").out, "a folder that was embedded")


def plain(name):
    return re.sub(r"(\.(\d+|cfi|llvm|specialized))+$", "", name)


def names_of(p, file, *options):
    """{plain name: bytes} of what has bytes in a file, without labels' instances"""
    rows = [line.split() for line in p.run("llvm-nm-19", "--print-size", "--defined-only", "--no-demangle", *options, file).out.splitlines()]
    sums = {}
    for r in rows:
        if len(r) == 4 and r[2] in "tTrRdDVWvw":
            sums[plain(r[3])] = sums.get(plain(r[3]), 0) + int(r[1], 16)
    return sums


def left_out(p):
    """Of hello on kvm: what its instances would weigh, and what was left out, as llvm-size and llvm-nm weigh it."""
    weighed = {i["name"]: i for i in p.ukc("size", "--pruned", "--json").json["instances"]}
    by_instance = {i["name"]: i["bytes"] for i in p.ukc("size", "--json").json["instances"]}
    expect(len(weighed) > 1 and all(i["bytes"] == by_instance.get(name, 0) and i["pruned"] == sum(s["bytes"] for s in i["symbols"]) for name, i in weighed.items()),
           "all are there", weighed)
    name, heavy = max(weighed.items(), key=lambda x: x[1]["pruned"])
    p.run("ld.lld-19", "-r", "--threads=1", "--lto-O0", f"build/kvm/obj/{name}/linked.bc", "-o", "alone.o")
    rows = re.findall(r"^\.(text|rodata|data|lrodata)\S*\s+(\d+) ", p.run("llvm-size-19", "-A", "alone.o").out, re.M)
    expect(heavy["pruned"] > 0 and sum(int(n) for _, n in rows) == heavy["alone"], f"{name}: llvm-size weighs it alike", rows, heavy)
    alone = {n.removeprefix(name + "."): size for n, size in names_of(p, "alone.o").items()}
    there = {n.removeprefix(name + ".") for n in names_of(p, "build/kvm/obj/+image/hello.elf")}
    for symbol in heavy["symbols"]:
        expect(alone.get(symbol["name"]) == symbol["bytes"] and symbol["name"] not in there, f"{name}: llvm-nm weighs each symbol alike", symbol, alone)
    text = p.ukc("size", "--pruned", "--limit", "1").out.splitlines()
    expect(text[0].split() == ["instance", "alone", "in", "image", "pruned"] and text[1].split()[0] == name and text[2].startswith("total "), "as text", text)
    r = p.ukc("size", "--pruned", "--by", "file", status=2)
    expect("adds up by instance or symbol" in r.err, "of files nothing is said", r)
    lines = [i.get("lines", 0) for i in p.ukc("size", "--by", "lines", "--json").json["instances"]]
    expect(lines == sorted(lines, reverse=True) and lines[0] > 100, "by lines, the most first", lines)
    p.run("rm", "-r", *(f"build/kvm/obj/{name}/linked.bc" for name in weighed))
    r = p.ukc("size", "--pruned", "./build/kvm/hello", status=1)
    expect("there are no modules that were linked as one" in r.err and "help: build it here" in r.err, "what it was linked from is missing", r)


KNOWN = """
const char unused_table[5000] = {1};
const char *unused_function(void);
const char *unused_function(void) { return unused_table; }
int loud(int n)
{
    static const volatile char shout[3000] = {1, 2, 3};
    return shout[n] + shout[n * 2];
}
"""


def known_sizes(context):
    """A table of 5,000 bytes that nothing uses, a function that only code asks for which a key switches off."""
    with Project(context) as p:
        p.copy("examples/hello")
        p.write("more.c", KNOWN)
        manifest = p.read("ukc.lua").decode()
        p.write("ukc.lua", manifest.replace('{ "hello.c" },', '{ "hello.c", "more.c" },\n  keys     = { loud = key.bool { default = false, doc = "shout" } },'))
        source = p.read("hello.c").decode().replace('"console.h"\n', '"console.h"\n#include "keys.h"\nint loud(int);\n')
        p.write("hello.c", source.replace("return console_write(text, sizeof text - 1) < 0", "return (KEY_LOUD ? loud(text[0]) : 0) + console_write(text, sizeof text - 1) < 0"))
        p.ukc("configure", "--target", "posix")
        r = p.ukc("build")
        [hello] = [i for i in p.ukc("size", "--pruned", "--json").json["instances"] if i["name"] == "hello"]
        out = {s["name"]: s["bytes"] for s in hello["symbols"]}
        expect(out["unused_table"] == 5000 and out["loud.shout"] == 3000 and 0 < out["unused_function"] < 64 and 0 < out["loud"] < 200, "what was left out has its weight", out)
        expect(list(out)[:2] == ["unused_table", "loud.shout"] and "hello_main" not in out, "the largest first; not what became part of another", out)
        expect(hello["pruned"] == sum(out.values()) and re.search(rf"^left out: [\d,]+ bytes of code and data, the most of hello {hello['pruned']:,}[,;]", r.out, re.M),
               "the build says how much", r)
        expect(re.search(r"^unused_table +5,000  hello$", p.ukc("size", "--pruned", "--by", "symbol").out, re.M), "and which is asked for by name")
        p.ukc("configure", "--set", "loud=true")
        pruned = {i["name"]: i["bytes"] for i in p.ukc("build", "--json").json["pruned"]}
        expect(pruned["hello"] == out["unused_table"] + out["unused_function"], "what a key switches on is not left out any more", pruned, out)
        expect(p.ukc("build", "--json").json["pruned"] is None and "left out" not in p.ukc("build").out, "it is said once")
        p.ukc("configure", "--set", "loud=false")
        p.ukc("build", "--quiet")
        again = p.ukc("size", "--pruned", "--json", environment={"PATH": "/nowhere"}).json
        expect([i["symbols"] for i in again["instances"] if i["name"] == "hello"] == [hello["symbols"]], "the store keeps the weights: no linker is asked again", again)


def kvm_images(context):
    for example, instances in {"hello": {"hello"}, "counter": {"counter", "store"}, "homepage": {"http.stack", "http.stack.netif.virtio", "pages"}}.items():
        with Project(context) as p:
            kvm.built(context, p, example)
            sums = all_agree(p, f"build/kvm/{example}", f"build/kvm/obj/+image/{example}.elf")
            expect(instances | {"(target)", "(libc)", "(headers)"} <= set(sums), "instances, the target and the C library are there", sums)
            if example == "hello":
                left_out(p)
            if example == "homepage":
                explained(p)


SEVERAL = {"small-services": ("echo", "discard", "chargen")}  # unikernels of one manifest
NEEDS = {("two-networks", "posix"): ("--set", "net=native")}


def every_example(context, target):
    """Each example there is: every byte of its image is in one line, however they are added up, and others see the same."""
    examples = sorted(m.parent.name for m in (context.root / "examples").glob("*/ukc.lua"))
    expect({"homepage", "counter", *SEVERAL} <= set(examples), "the examples are found", examples)
    for example in examples:
        with Project(context) as p:
            p.copy(f"examples/{example}")
            for word in SEVERAL.get(example, (None,)):
                words = [word] if word else []
                p.ukc("configure", *words, "--target", target, *NEEDS.get((example, target), ()))
                image = p.ukc("build", *words, "--json", timeout=800).json["image"]
                image = os.path.relpath(p.file(image), p.path)
                directory, name = os.path.split(image)
                all_agree(p, image, os.path.join(directory, "obj", "+image", f"{name}.elf"), share=16)


def tests(context):
    yield "posix, release: the sum, llvm-size, llvm-nm; stray and broken images", lambda: release(context)
    yield "posix, dev: with the host's C library", lambda: dev(context)
    yield "posix, release: what was left out, of known sizes", lambda: known_sizes(context)
    yield "kvm: hello, counter, homepage", lambda: kvm_images(context)
    if context.long:
        for target in ("posix", "kvm", "xen"):
            yield f"{target}: every example", lambda target=target: every_example(context, target)
