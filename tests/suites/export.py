"""What a record says to others: provenance, bills of materials, OmniBOR ids, signatures; checked by programs of others."""

import base64
import hashlib
import json
import os
import re
import subprocess

import harness
from lib.project import expect
from suites.provenance import Recorded

SECONDS = 600
FORMATS = ("slsa", "cyclonedx", "spdx", "omnibor")
LICENCES = {"ISC", "MIT", "BSD-3-Clause"}  # what the catalogue has
# purl-spec, PURL-SPECIFICATION: scheme, type, namespace, name, version, qualifiers
PART = r"(?:[A-Za-z0-9.\-_~]|%[0-9A-F]{2})+"
PURL = re.compile(rf"pkg:(deb|generic)/(?:({PART})/)?({PART})(?:@((?:{PART}|:)+))?(\?[a-z_]+=(?:{PART}|[:/])+(?:&[a-z_]+=(?:{PART}|[:/])+)*)?")


def export(p, word, kind, *arguments, **options):
    return p.ukc("export", word, "--format", kind, *arguments, **options).out


def blob(p, data):
    """The id that a git repository with SHA-256 objects gives."""
    if not os.path.isdir(p.file("sha256")):
        p.run("git", "init", "-q", "--object-format=sha256", "sha256")
    p.write("blob", data)
    return p.git("hash-object", p.file("blob"), directory=p.file("sha256")).strip()


def refs_of(value, key, found):
    """Every value of a key, at any depth."""
    if isinstance(value, dict):
        found += [v for k, v in value.items() if k == key]
    for v in value.values() if isinstance(value, dict) else value if isinstance(value, list) else []:
        refs_of(v, key, found)
    return found


def check_purls(purls):
    expect(purls, "there are package URLs")
    for purl in purls:
        m = PURL.fullmatch(purl)
        keys = re.findall(r"[?&]([a-z_]+)=", purl)
        expect(m and keys == sorted(set(keys)), "a package URL is one", purl)


def check_licences(expressions):
    for expression in expressions:
        names = set(re.split(r" AND ", expression))
        expect(names <= LICENCES, "the licence is one that SPDX lists", expression)


def check_slsa(p, shown, text):
    s = json.loads(text)
    expect(s["_type"] == "https://in-toto.io/Statement/v1" and s["predicateType"] == "https://slsa.dev/provenance/v1", "a statement", s["_type"])
    expect(s["subject"] == [{"name": "hello", "digest": {"sha256": shown["sha256"]}}], "of the image", s["subject"])
    definition, run = s["predicate"]["buildDefinition"], s["predicate"]["runDetails"]
    expect(definition["externalParameters"]["target"] == shown["target"] and "--target=" + shown["target"] in definition["externalParameters"]["settings"],
           "what the user asked for", definition["externalParameters"])
    dependencies = definition["resolvedDependencies"]
    expect(all("uri" in d or "digest" in d for d in dependencies), "each is named so that it can be found", dependencies)
    files = {d["name"]: d["digest"]["sha256"] for d in dependencies if "uri" not in d and "sha256" in d["digest"]}
    wanted = {f["path"]: f["sha256"] for f in shown["inputs"] + shown["host"]}
    expect(wanted.items() <= files.items(), "every file that was read", wanted.keys() - files.keys())
    clang = [d for d in dependencies if d["name"] == "clang-19"]
    expect(len(clang) == 1 and clang[0]["uri"].startswith("pkg:deb/") and "sha256" in clang[0]["digest"], "the compiler", clang)
    check_purls([d["uri"] for d in dependencies if "uri" in d])
    times = [run["metadata"][k] for k in ("startedOn", "finishedOn")]
    expect(all(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", t) for t in times) and times[0] <= times[1], "times", times)
    expect(definition["internalParameters"]["inputs"] == ("complete" if shown["audit"] == "complete" else "declared"), "no more than was seen", shown["audit"])
    expect(shown["host_name"] not in json.dumps(run) and shown["project"] not in text, "neither the machine nor a directory of it is named", run)


def check_cyclonedx(shown, text):
    b = json.loads(text)
    expect(b["bomFormat"] == "CycloneDX" and b["specVersion"] == "1.6" and re.fullmatch(r"urn:uuid:[0-9a-f-]{36}", b["serialNumber"]), "a bill", text[:200])
    refs = refs_of(b, "bom-ref", [])
    used = refs_of(b["dependencies"], "ref", []) + [r for d in b["dependencies"] for r in d["dependsOn"]]
    expect(len(refs) == len(set(refs)) and set(used) <= set(refs), "every reference leads somewhere", set(used) - set(refs))
    reached, more = set(), {"image"}
    edges = {d["ref"]: d["dependsOn"] for d in b["dependencies"]}
    while more:
        reached |= more
        more = {r for x in more for r in edges.get(x, [])} - reached
    expect(set(edges) <= reached, "everything is there for the image", set(edges) - reached)
    check_purls(refs_of(b, "purl", []))
    check_licences(refs_of(b["components"], "expression", []))
    files = {f["name"]: f["hashes"][0]["content"] for c in b["components"] for f in c.get("components", [])}
    expect(files == {f["path"]: f["sha256"] for f in shown["inputs"] + shown["host"]}, "every file that was read, and no other")
    component = {c["name"]: c for c in b["components"]}
    expect(any(f["name"] == "hello.c" for f in component["hello"]["components"]), "whose file it is", component["hello"])
    expect(component["tasks"]["licenses"] == [{"expression": "ISC"}] and component["tasks"]["version"], "licence and version", component["tasks"]["licenses"])
    steps = [s for t in b["formulation"][0]["workflows"][0]["tasks"] for s in t["steps"]]
    expect(len(steps) == len(shown["actions"]), "a step for each action", len(steps))
    return refs_of(b["components"], "omniborId", [])


def check_spdx(p, shown, text):
    d = json.loads(text)
    expect(d["spdxVersion"] == "SPDX-2.3" and d["dataLicense"] == "CC0-1.0" and d["SPDXID"] == "SPDXRef-DOCUMENT", "a document", text[:200])
    elements = d["packages"] + d["files"]
    ids = [e["SPDXID"] for e in elements] + ["SPDXRef-DOCUMENT"]
    ends = [r[k] for r in d["relationships"] for k in ("spdxElementId", "relatedSpdxElement")]
    expect(len(ids) == len(set(ids)) and set(ends) == set(ids), "every element is there, and related", set(ends) ^ set(ids))
    expect(all(re.fullmatch(r"SPDXRef-[A-Za-z0-9.\-]+", i) for i in ids), "names of elements", ids)
    check_licences(x["licenseDeclared"] for x in d["packages"] if x["licenseDeclared"] != "NOASSERTION")
    check_purls([r["referenceLocator"] for x in d["packages"] for r in x.get("externalRefs", [])])
    sums = {f["SPDXID"]: {c["algorithm"]: c["checksumValue"] for c in f["checksums"]} for f in d["files"]}
    hello = [f["SPDXID"] for f in d["files"] if f["fileName"] == "./hello.c"]
    expect(sums[hello[0]] == {"SHA1": hashlib.sha1(p.read("hello.c")).hexdigest(), "SHA256": hashlib.sha256(p.read("hello.c")).hexdigest()}, "checksums", hello)
    expect(len(d["files"]) == len(shown["inputs"] + shown["host"]), "every file that was read", len(d["files"]))
    for package in d["packages"]:
        own = sorted(sums[r["relatedSpdxElement"]]["SHA1"] for r in d["relationships"]
                     if r["relationshipType"] == "CONTAINS" and r["spdxElementId"] == package["SPDXID"])
        code = hashlib.sha1("".join(own).encode()).hexdigest()
        expect(package["filesAnalyzed"] == bool(own) and (not own or package["packageVerificationCode"]["packageVerificationCodeValue"] == code),
               "the code of its files", package)


def check_omnibor(p, built, text, ids):
    lines = text.splitlines()
    expect(lines[0] == "gitoid:blob:sha256" and lines[1:] == sorted(set(lines[1:])), "a header, and ids in order", lines[:3])
    expect({f"gitoid:blob:sha256:{line}" for line in lines[1:]} == {i for x in ids for i in x}, "those of the bill of materials")
    expect(blob(p, p.read("hello.c")) in lines, "git's id of a source", lines[:3])
    export(p, built["record"], "omnibor", "-o", "omnibor")
    image, manifest = p.read("omnibor", "targets").decode().split()
    expect(image == blob(p, p.read(built["image"])) and manifest == blob(p, text), "git's ids of image and manifest", image, manifest)
    expect(p.read("omnibor/manifests/gitoid_blob_sha256", manifest[:2], manifest[2:]).decode() == text, "the manifest is where it belongs")


def formats(context):
    """Each says what ukc show says, is sound in itself, and is the same whenever and wherever it is made."""
    with Recorded(context) as p:
        built = p.built
        shown = dict(p.ukc("show", built["record"], "--json").json, host_name=os.uname().nodename)
        texts = {kind: export(p, built["image"], kind) for kind in FORMATS}
        check_slsa(p, shown, texts["slsa"])
        ids = check_cyclonedx(shown, texts["cyclonedx"])
        check_spdx(p, shown, texts["spdx"])
        check_omnibor(p, built, texts["omnibor"], ids)
        expect(p.ukc("export", built["record"]).out == texts["slsa"], "provenance when nothing else is asked for")
        strange = {"TZ": "Pacific/Kiritimati", "LC_ALL": "C.UTF-8", "USER": "someone", "HOME": p.top}
        for kind in FORMATS:
            again = export(p, built["sha256"], kind, environment=strange, directory="/")
            expect(again == texts[kind], f"{kind}: the same elsewhere and later")
        kept = os.path.join(p.environment["UKC_STORE"], "blobs", built["sha256"][:2], built["sha256"][2:])
        os.rename(kept, p.file("away"))
        r = p.ukc("export", built["record"], "--format", "omnibor", status=4)
        expect("is not in the store" in r.err and "'ukc reproduce " in r.err, "an image that the store does not have", r)
        expect(export(p, built["image"], "omnibor") == texts["omnibor"], "a file with its bytes will do")
        os.rename(p.file("away"), kept)
        os.remove(built["image"])
        p.build("--target", "posix", "--profile", "dev")
        expect(export(p, built["record"], "cyclonedx") == texts["cyclonedx"] and export(p, built["record"], "spdx") == texts["spdx"],
               "another run of the same record is no other bill")
        for arguments, status, said in ((("ffffffffff",), 1, "begins with"), ((built["record"], "--format", "spdy"), 2, "spdx"),
                                        ((built["record"], "--format", "omnibor", "--sign", "key"), 2, "not signed"), ((), 2, "HASH|IMAGE")):
            r = p.ukc("export", *arguments, status=status)
            expect(said in r.err and r.out == "", f"{arguments} is explained", r)


def pae(kind, payload):
    """What DSSE signs: envelope's type and payload, with their lengths (protocol.md)."""
    return b"DSSEv1 %d %s %d %s" % (len(kind), kind.encode(), len(payload), payload)


def make_key(p, name):
    p.run("openssl", "genpkey", "-algorithm", "ed25519", "-out", name)
    p.run("openssl", "pkey", "-in", name, "-pubout", "-out", name + ".pub")
    os.chmod(p.file(name), 0o600)
    return name


def signed(context):
    """openssl finds the signature good, and any other byte of type or payload wrong."""
    harness.need("openssl")
    with Recorded(context) as p:
        record, key, other = p.built["record"], make_key(p, "key"), make_key(p, "other")
        for kind, mime in (("slsa", "application/vnd.in-toto+json"), ("cyclonedx", "application/vnd.cyclonedx+json"), ("spdx", "application/spdx+json")):
            envelope = json.loads(export(p, record, kind, "--sign", key))
            payload = base64.b64decode(envelope["payload"], validate=True)
            expect(envelope["payloadType"] == mime and payload.decode() == export(p, record, kind), "what is signed", envelope["payloadType"])
            der = p.run("openssl", "pkey", "-pubin", "-in", key + ".pub", "-outform", "DER", "-out", "der")
            expect(envelope["signatures"][0]["keyid"] == hashlib.sha256(p.read("der")).hexdigest(), "by whom", der)
            p.write("sig", base64.b64decode(envelope["signatures"][0]["sig"], validate=True))

            def verify(message, public=key + ".pub", status=0):
                p.write("message", message)
                p.run("openssl", "pkeyutl", "-verify", "-pubin", "-inkey", public, "-rawin", "-in", "message", "-sigfile", "sig", status=status)

            verify(pae(mime, payload))
            verify(pae(mime, payload), public=other + ".pub", status=1)
            verify(pae(mime + "x", payload), status=1)
            verify(pae(mime, payload[:-2] + b"]\n"), status=1)
            verify(payload, status=1)
            p.write("signed", json.dumps(envelope))
            r = p.ukc("verify", "--signed", "signed", "--key", key + ".pub", "-o", "payload", "--json").json
            expect(p.read("payload") == payload and r["type"] == mime and r["key"] == envelope["signatures"][0]["keyid"], "ukc says the same", r)
            expect(r["subjects"] == ([{"name": "hello", "sha256": p.built["sha256"]}] if kind == "slsa" else []), "and what it speaks of", r)
            os.remove(p.file("payload"))
            flipped = base64.b64encode(payload[:-2] + b"]\n").decode()
            others = [dict(envelope, payload=flipped), dict(envelope, payloadType=mime + "x"), dict(envelope, signatures=[]),
                      dict(envelope, signatures=[{"sig": envelope["signatures"][0]["sig"][4:]}])]
            for wrong in others:
                p.write("wrong", json.dumps(wrong))
                r = p.ukc("verify", "--signed", "wrong", "--key", key + ".pub", "-o", "payload", status=6)
                expect("no good signature" in r.err and not os.path.exists(p.file("payload")), "what is wrong is not handed over", r)
            r = p.ukc("verify", "--signed", "signed", "--key", other + ".pub", status=6)
            expect("names the key " + envelope["signatures"][0]["keyid"][:12] in r.err, "whose signature it is", r)
            p.write("two", json.dumps(dict(envelope, signatures=[{"sig": "AAAA"}] + envelope["signatures"])))
            expect("signed by key " in p.ukc("verify", "--signed", "two", "--key", key + ".pub").out, "one good signature is enough")
        for text, status, said in (("{", 1, "is not JSON: its byte 2"), ("{}", 1, "no DSSE envelope"), (json.dumps(dict(envelope, payload="A")), 1, "no DSSE envelope")):
            p.write("wrong", text)
            r = p.ukc("verify", "--signed", "wrong", "--key", key + ".pub", status=status)
            expect(said in r.err and "export --sign" in r.err, "no envelope", r)
        expect("given together" in p.ukc("verify", "--signed", "two", status=2).err and "no public key" in
               p.ukc("verify", "--signed", "two", "--key", key, status=1).err, "the key is a public one")
        os.chmod(p.file(key), 0o640)
        r = p.ukc("export", record, "--sign", key, "-o", "out", status=1)
        expect("can be read by others" in r.err and "chmod 600" in r.err and not os.path.exists(p.file("out")), "a key that others can read", r)
        p.run("openssl", "genpkey", "-algorithm", "RSA", "-out", "rsa")
        os.chmod(p.file("rsa"), 0o600)
        os.chmod(p.file(key), 0o600)
        os.chmod(p.file(key + ".pub"), 0o644)
        r = p.ukc("export", record, "--sign", key + ".pub", "-o", "out", status=1)
        expect("no private key" in r.err and "chmod" not in r.err, "its mode is not what is wrong with it", r)
        for name, said in (("rsa", "no Ed25519 key"), (key + ".pub", "no private key"), ("missing", "No such file")):
            if os.path.exists(p.file(name)):
                os.chmod(p.file(name), 0o600)
            r = p.ukc("export", record, "--sign", name, status=1)
            expect(said in r.err and r.out == "", f"{name} is explained", r)


# ---- from a file to the image ----

def a_file(context):
    """Which commands read it, their way to the image, and who wanted it: a source, a header, a file of the host, an embedded file."""
    with Recorded(context) as p:
        def said(name, *arguments, record=p.built["record"], **options):
            return p.ukc("explain", "--in", record, name, *arguments, **options)

        source = said("hello.c", "--json").json
        steps = [s["output"] for s in source["readers"][0]["steps"]]
        expect(len(source["readers"]) == 1 and steps[0].endswith("hello.c.o") and steps[-1] == "build/posix/hello", "a source's way", source)
        expect(source["component"] == "hello" and hashlib.sha256(p.read("hello.c")).hexdigest() in source["is"], "what it is", source)
        actions = {a["outputs"][0]: a["inputs"] for a in p.ukc("show", p.built["record"], "--json").json["actions"]}
        expect(all(made in actions[taker] for made, taker in zip(steps, steps[1:])), "each takes what the one before made", steps)
        header = said("tasks.c", "--json").json
        wanted = [w for r in header["readers"] for w in r["wanted"]]
        expect(header["component"] == "tasks" and wanted == ["console: task: sig.task = console.task [tasks] (nothing else fits)"], "who wanted it", header)
        shared = said("clock.h", status=2)
        expect("ambiguous" in shared.err and "gen/console.events/clock.h'" in shared.err, "several end so", shared)
        generated = said("gen/console.events/clock.h").out
        expect("read as a header" in generated and "console: events: sig.events" in generated, "a header", generated)
        expect("the host's own" in said("/usr/include/stdio.h").out, "a file of the host")
        r = said("hello.d", status=1)
        expect("did you mean 'hello.c'" in r.err, "what is there", r)
        p.write("pages/a file.txt", "hello")
        p.write("ukc.lua", p.read("ukc.lua").decode().replace("console = sig.console", "console = sig.console, pages = sig.kv_ro")
                .replace("sources", 'choose = { pages = embed "pages" }, sources', 1))
        embedded = said("a file.txt", "--json", record=p.build("--target", "posix", "--profile", "dev")["record"]).json
        expect(embedded["embedded_in"].endswith("obj/pages/embed.o") and embedded["is"].endswith(hashlib.sha256(b"hello").hexdigest()), "embedded", embedded)
        bill = json.loads(export(p, p.file("build/posix/hello"), "cyclonedx"))
        own = {f["name"]: f["hashes"][0]["content"] for c in bill["components"] if c["name"] == "hello" for f in c["components"]}
        expect(own.get("pages/a file.txt") == hashlib.sha256(b"hello").hexdigest(), "in the bill of materials too", own)
        expect(embedded["readers"][0]["wanted"] == ["hello: pages: sig.kv_ro = pages [embed] (chosen)"], "and by whom it is wanted", embedded)


# ---- official schemas: texts of others, fetched when they are needed ----

def npm(package, directory):
    harness.need("npm")
    os.makedirs(directory, exist_ok=True)
    try:
        r = subprocess.run(["npm", "pack", "--silent", package], cwd=directory, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120)
    except subprocess.TimeoutExpired:
        raise harness.Skip("the registry of npm does not answer") from None
    if r.returncode:
        raise harness.Skip(f"npm cannot fetch {package}")
    subprocess.run(["tar", "-xzf", r.stdout.split()[-1]], cwd=directory, check=True)
    return os.path.join(directory, "package")


def validate(schema, document, *others):
    try:
        import jsonschema
    except ImportError:
        raise harness.Skip("python3-jsonschema is not installed") from None
    store = {s["$id"]: s for s in others}
    resolver = jsonschema.RefResolver(schema["$id"], schema, store=store)
    wrong = list(jsonschema.Draft7Validator(schema, resolver=resolver).iter_errors(document))
    expect(not wrong, "valid by the official schema", *[f"{list(e.path)}: {e.message[:300]}" for e in wrong[:5]])


def records_of(context):
    for arguments in (("--target", "posix", "--profile", "dev"), ("--target", "kvm")):
        with Recorded(context, *arguments) as p:
            yield p


def schema_cyclonedx(context):
    """CycloneDX's own schema, and its list of licences."""
    with Recorded(context, "--target", "kvm") as p:
        folder = os.path.join(npm("@cyclonedx/cyclonedx-library@10", p.file("npm")), "res/schema")
        schema, *others = [json.load(open(os.path.join(folder, name + ".SNAPSHOT.schema.json")))
                           for name in ("bom-1.6", "spdx", "jsf-0.82", "cryptography-defs")]
        bill = json.loads(export(p, p.built["record"], "cyclonedx"))
        validate(schema, bill, *others)
        expect(LICENCES <= set(others[0]["enum"]), "the licences are in its list")
        musl = [c for c in bill["components"] if c["name"] == "musl"]
        expect(musl and musl[0]["purl"].startswith("pkg:deb/debian/musl@") and musl[0]["licenses"] == [{"expression": "MIT"}], "a source package", musl)
        check_purls(refs_of(bill, "purl", []))
        bill["components"][0]["type"] = "thing"
        try:
            validate(schema, bill, *others)
        except harness.Failure:
            return
        raise harness.Failure("a wrong bill is found wrong")


def schema_spdx(context):
    """SPDX's own schema."""
    for p in records_of(context):
        url = "https://raw.githubusercontent.com/spdx/spdx-spec/v2.3/schemas/spdx-schema.json"
        local = os.environ.get("UKC_SPDX_SCHEMA")
        r = None if local else subprocess.run(["curl", "-fsSL", "-m", "60", "-o", p.file("schema"), url], capture_output=True, text=True)
        if r and r.returncode:
            raise harness.Skip(f"SPDX's schema cannot be fetched ({r.stderr.strip()}); UKC_SPDX_SCHEMA=FILE names a copy")
        with open(local or p.file("schema")) as f:
            validate(json.load(f), json.loads(export(p, p.built["record"], "spdx")))


def tests(context):
    harness.need("git")
    yield "formats", lambda: formats(context)
    yield "a_file", lambda: a_file(context)
    yield "signed", lambda: signed(context)
    if context.long:
        yield "schema/cyclonedx", lambda: schema_cyclonedx(context)
        yield "schema/spdx", lambda: schema_spdx(context)
