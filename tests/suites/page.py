"""ukc report: one HTML page that needs nothing else, says what the other commands say, and that names of others cannot break."""

import base64
import hashlib
import html
import html.parser
import json
import os
import re
import subprocess

import harness
from lib.project import Project, built_site, expect

SANITIZED = True
SECONDS = 600

VOID = {"meta", "input", "br", "path", "rect"}
LOADS = {"src", "srcset", "data", "poster", "action", "background", "xlink:href", "style"}


class Page(html.parser.HTMLParser):
    """The elements of a page, each as (tag, attributes, text); fails on what a browser would have to mend."""

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.text, self.elements, self.open = text, [], []
        self.feed(text)
        self.close()
        expect(not self.open, "every element is closed", self.open)
        self.ids = [a["id"] for _, a, _ in self.elements if "id" in a]

    def handle_starttag(self, tag, attributes):
        names = [n for n, _ in attributes]
        expect(len(set(names)) == len(names), f"<{tag}> has no attribute twice", attributes)
        self.elements.append((tag, dict(attributes), []))
        if tag not in VOID:
            self.open.append(self.elements[-1])

    def handle_startendtag(self, tag, attributes):
        self.elements.append((tag, dict(attributes), []))

    def handle_endtag(self, tag):
        expect(self.open and self.open[-1][0] == tag, f"</{tag}> closes what is open", [e[0] for e in self.open], self.getpos())
        self.open.pop()

    def handle_data(self, data):
        for element in self.open:
            element[2].append(data)

    def all(self, tag, **attributes):
        return [(a, "".join(t)) for found, a, t in self.elements if found == tag and all(a.get(k) == v for k, v in attributes.items())]

    def one(self, tag, **attributes):
        found = self.all(tag, **attributes)
        expect(len(found) == 1, f"there is one <{tag} {attributes}>", len(found))
        return found[0]

    def rows(self, section):
        """First cells of the rows of a section's tables."""
        inside = self.text[self.text.index(f'<section id="{section}"'):]
        return Page(inside[:inside.index("</section>") + len("</section>")]).all("th", scope="row")


def unescaped(page, section):
    return page.one("section", id=section)[1]


def digest(text):
    return "'sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() + "'"


def is_closed(page):
    """Nothing is loaded, nothing runs but the page's own, every link leads to something on the page."""
    expect(len(set(page.ids)) == len(page.ids), "no id is there twice")
    for tag, attributes, _ in page.elements:
        bad = [n for n in attributes if n in LOADS or n.startswith("on")]
        expect(not bad and tag not in ("link", "img", "iframe", "object", "embed", "base"), f"<{tag}> loads and runs nothing", attributes)
        if "href" in attributes:
            expect(attributes["href"][1:] in page.ids and attributes["href"][0] == "#", "a link leads to something on the page", attributes)
        for name in ("aria-labelledby", "aria-describedby", "for"):
            expect(attributes.get(name, page.ids[0]) in page.ids, f"{name} names something", attributes)
    style, scripts = page.one("style")[1], page.all("script")
    expect([a.get("type") for a, _ in scripts] == ["application/json", None], "there are the index and one script")
    policy = page.one("meta", **{"http-equiv": "Content-Security-Policy"})[0]["content"]
    expect(policy == f"default-src 'none'; base-uri 'none'; form-action 'none'; style-src {digest(style)}; script-src {digest(scripts[1][1])}",
           "the policy names them", policy)
    expect(not re.search(r"url\((?!#)|@import|fetch\(|XMLHttp|import\(|innerHTML|eval\(", style + scripts[1][1]), "neither asks for anything")
    return json.loads(scripts[0][1])


def report(p, *arguments, name="page.html", **options):
    r = p.ukc("report", "-o", name, *arguments, **options)
    return Page(p.read(name).decode()), r


def says_what_is_known(context):
    with Project(context) as p:
        built_site(context, p)
        page, r = report(p)
        index = is_closed(page)
        plan, log = p.ukc("plan", "--json").json, p.ukc("log", "--json", "--limit", "100000").json
        image = hashlib.sha256(p.read("build", "posix", "site")).hexdigest()
        record = next(x for x in log if x["sha256"] == image)
        headings, boxes = [t for _, t in page.all("h3")], [t for _, t in page.all("text", **{"class": "name"})]
        names = [x["name"] for x in plan["instances"]]
        expect(sorted(headings) == sorted(names) == sorted(boxes), "every instance is drawn and described", headings, names, boxes)
        ports = sorted(t for _, t in page.all("text", **{"class": "port"}))
        expect(ports == sorted(b["requirement"] for x in plan["instances"] for b in x["bindings"]), "every requirement is at the foot of a box", ports)
        graph = page.text[:page.text.index('<section id="bytes"')]
        rects = [tuple(map(int, r)) for r in re.findall(r'<rect x="(\d+)" y="(\d+)" width="(\d+)" height="(\d+)"', graph)]
        expect(len(rects) == len(names) and all(x + w <= u or u + v <= x or y + h <= t or t + s <= y for i, (x, y, w, h) in enumerate(rects)
                                                for u, t, v, s in rects[:i]), "no box hides another", rects)
        keys = [k["path"] for k in plan["keys"]]
        keys += [k["path"] if x["name"] == "site" else f"{x['name']}.{k['path']}" for x in plan["instances"] for k in x["keys"]]
        seals = [t for _, t in page.rows("keys") if t.startswith(("seal.", "note."))]
        rows = [t for _, t in page.rows("keys") if t not in seals]
        expect(sorted(rows) == sorted(keys) and seals, "every key is there", rows, keys)
        for hash in (record["record"], record["recipe"], record["sha256"]):
            expect(hash in page.text, "the record is named")
        sbom = json.loads(p.ukc("export", image, "--format", "cyclonedx").out)
        rows = [t for _, t in page.rows("provenance")]
        for component in sbom["components"]:
            expect(component["name"] in rows or component["name"] in ("generated", "host"), "every part is there", component["name"])
            for file in component.get("components", []):
                expect(file["name"] in rows and file["hashes"][0]["content"] in page.text, "and every file", file["name"])
        features = p.ukc("explain", "--hardening", "build/posix/site", "--json").json["features"]
        rows = [t for _, t in page.rows("hardening")]
        expect(rows == [f["feature"] for f in features] and features, "how it is hardened is there", rows, features)
        expect(all(f["evidence"] in unescaped(page, "hardening") for f in features), "with what shows it")
        kinds = {kind: sum(entry[0] == kind for entry in index) for kind in ("instance", "key", "symbol", "part", "tool", "file", "hardening")}
        expect(kinds["instance"] == len(names) and all(kinds.values()), "all of it can be searched for", kinds)
        expect(all(entry[3] in page.ids for entry in index), "and leads somewhere")
        expect(p.path not in page.text and str(context.root) not in page.text and p.top not in page.text, "no path of this machine is told")
        expect(record["record"][:16] in r.out and f"{len(names)} instances" in r.out, "what was written is said", r)


def every_byte(context):
    """The map, the table of instances and that of symbols each have all bytes of the file."""
    with Project(context) as p:
        built_site(context, p)
        page, _ = report(p)
        size = os.path.getsize(p.file("build", "posix", "site"))
        told = {x["name"]: x["bytes"] for x in p.ukc("size", "--json").json["instances"]}
        fields = re.findall(r'<g class="(of|of none|symbol)"><title>(.*?): (\d+) bytes, ', page.text)
        large = {html.unescape(name): int(n) for kind, name, n in fields if kind != "symbol"}
        expect(large == told and sum(large.values()) == size, "the map has what ukc size tells, and all of the file", large, told, size)
        within, inside = {}, None
        for kind, name, n in fields:
            inside = inside if kind == "symbol" else html.unescape(name)
            within[inside] = within.get(inside, 0) + (int(n) if kind == "symbol" else 0)
        expect(all(within[name] in (0, large[name]) for name in large) and any(within.values()), "symbols fill their instance", within, large)
        section = page.text[page.text.index('<section id="bytes"'):page.text.index('<section id="instances"')]
        def numbers(column):
            return [int(n.replace(",", "")) for n in re.findall(rf'<td class="n" data-name="{column}">([\d,]+)</td>', section)]

        cells = numbers("bytes")
        expect(sum(cells) == 2 * size, "so do the tables of instances and of symbols", sum(cells), size)
        pruned = p.ukc("size", "--pruned", "--json").json
        cells = {n: numbers(n) for n in ("left out", "would weigh", "alone")}
        expect(pruned["pruned"] > 0 and cells["left out"] == [i["pruned"] for i in pruned["instances"]] and cells["alone"] == [i["alone"] for i in pruned["instances"]]
               and sum(cells["would weigh"]) == pruned["pruned"], "what was left out is there, by instance and by symbol", cells, pruned)
        for x, y, w, h in re.findall(r'<rect x="(-?\d+)" y="(-?\d+)" width="(-?\d+)" height="(-?\d+)"', section):
            expect(0 <= int(x) <= int(x) + int(w) <= 1200 and 0 <= int(y) <= int(y) + int(h) <= 640, "a field lies within the map", x, y, w, h)


def same_page(context):
    with Project(context) as p:
        built_site(context, p)
        first, _ = report(p)
        p.ukc("report", "--quiet")
        expect(p.read("build", "posix", "site.html").decode() == first.text, "by default it lies beside the image, and is the same")
        os.makedirs(p.file("deep", "er"))
        answer = p.ukc("report", "-o", "here.html", "--json", directory=p.file("deep", "er")).json
        expect(p.read("deep", "er", "here.html").decode() == first.text, "--output is seen from where one stands")
        expect(answer["page"] == "here.html" and answer["bytes"] == len(first.text.encode()), "and said as JSON", answer)
        on_standard_output(p, first.text)
        p.run("cp", "-r", p.path, p.path + "-elsewhere")
        p.enter("../site-elsewhere")
        expect(report(p)[0].text == first.text, "in another directory it is the same")


def on_standard_output(p, page):
    """A page that is written there stands there alone."""
    for words in ((), ("--json",)):
        r = p.ukc("report", "-o", "/dev/stdout", *words)
        expect(r.out == page and "/dev/stdout" in r.err and ("instances" in r.err), "what is said of it goes elsewhere", r.out[-300:], r.err)
        r = p.run("sh", "-c", '"$0" report -o /dev/stdout "$@" > whole.html', str(p.context.ukc), *words)
        expect(p.read("whole.html").decode() == page and "instances" in r.err, "also of a file that the shell has opened", r)
    expect("instances" in p.ukc("report", "-o", "/dev/null").out, "of what nobody reads it is said as ever")


HOSTILE = "</script></style><script>alert(1)</script><!-- ' \" & \u00e9 \U0001f600"


def hostile_names(context):
    with Project(context) as p:
        p.ukc("init", "site")
        p.enter("site")
        manifest = p.read("ukc.lua").decode()
        p.write("ukc.lua", re.sub(r'doc *= *"[^"]*"', lambda _: f"doc = [[{HOSTILE}]]", manifest))
        name = "\"><img src=x onerror=alert(1)>&amp;'\u00e9.html"
        p.write(os.path.join("htdocs", name), "x")
        p.ukc("configure", "--target", "posix", "--profile", "dev", "--set", "http.server=</script><b>'\"&x")
        p.ukc("build", "--quiet")
        page, _ = report(p)
        index = is_closed(page)
        expect(any(entry[1].endswith(name) for entry in index if entry[0] == "file"), "a file's name is found as it is")
        expect(any(entry[2] == "</script><b>'\"&x" for entry in index if entry[0] == "key"), "a key's value, too")
        expect(any(t.endswith(name) for _, t in page.rows("provenance")), "and read as it is")
        expect(HOSTILE in "".join(t for _, t in page.all("td")), "a meaning is read as it is")
        expect(not page.all("b") and not page.all("img"), "and none of them is markup")


def without_image(context):
    with Project(context) as p:
        p.ukc("init", "site")
        p.enter("site")
        r = p.ukc("report", status=1)
        expect("configure" in r.err and not os.path.exists(p.file("build", "posix", "site.html")), "a page is of a configured target", r)
        p.ukc("configure", "--target", "posix", "--profile", "dev", "--quiet")
        page, r = report(p)
        expect("it is not built" in page.text and "no record" in r.out, "what is not known is not claimed", r)
        expect([t for _, t in page.all("h3")], "the plan is there")
        p.write("build/posix/site", b"\x7fELF of nobody")
        page, r = report(p)
        expect("this store has none" in page.text, "an image of nobody has no record", r)
        r = p.ukc("report", "-o", "ukc.lua/page.html", status=3)
        expect("something else is there" in r.err, "what cannot be written is said", r)


def other_plan(context):
    with Project(context) as p:
        built_site(context, p)
        p.write("ukc.lua", p.read("ukc.lua").decode().replace("8080", "8081"))
        page, r = report(p)
        expect("was built from another plan" in r.err and "ukc build" in r.err, "the image is not the manifest's any more", r)
        expect("built from another plan" in page.text and "8081" in page.text, "and the page says so")


def in_a_browser(context):
    """Search, details and colours as Chromium sees them; it is too large to be asked for in every run."""
    chromium = harness.need("chromium")
    with Project(context) as p:
        built_site(context, p)
        report(p)
        ask = """<script>addEventListener('load', () => { const w = document.getElementById('words'); w.value = 'http stack';
            w.dispatchEvent(new Event('input')); document.querySelector('.box a').dispatchEvent(new MouseEvent('click', {bubbles: true, cancelable: true})); });</script>"""
        # the policy forbids a stranger's script: here the test takes it away
        asked = re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", p.read("page.html").decode()).replace("</body>", ask + "</body>")
        p.write("asked.html", asked)
        flags = ["--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={p.file('chromium')}"]
        dom = subprocess.run([chromium, *flags, "--dump-dom", f"file://{p.file('asked.html')}"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                             timeout=100).stdout.decode()
        expect(re.search(r"found(, \d+ shown)?</div>", dom) and re.search(r'<ul id="results"><li><a href="#i\d+">http.stack</a>', dom), "the search finds, an instance first", dom[-3000:])
        expect(re.search(r"<dialog[^>]* open", dom), "a click shows details")
        for width in (390, 1280):
            shot = p.file(f"{width}.png")
            done = subprocess.run([chromium, *flags, f"--window-size={width},1200", f"--screenshot={shot}", "--enable-logging=stderr", f"file://{p.file('page.html')}"],
                                  stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, timeout=100).stderr.decode()
            expect(os.path.getsize(shot) > 20000, f"it is drawn, {width} wide")
            expect("CONSOLE" not in done, "without an error, under its policy", done)


def tests(context):
    for test in (says_what_is_known, every_byte, hostile_names, without_image, other_plan) + ((same_page, in_a_browser) if context.long else ()):
        yield test.__name__, lambda test=test: test(context)
