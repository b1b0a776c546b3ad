"""The life of domains of a real Xen: disks, as ukc run gives them to xl, and as dom0 serves them; xl save and xl restore; devices and memory that go and come."""

import re
import socket
import subprocess
import tempfile
import time
import urllib.request

import harness
from lib import xen
from lib.project import Project, expect, free_port

SECONDS = 1500  # the C library may have to be compiled; Xen and dom0 are downloaded once


def run_with_disks(context):
    """`ukc run --block`: what the file for xl says, and what is refused; counter's image."""
    with Project(context) as p:
        p.copy("examples/counter")
        p.ukc("configure", "--target", "xen")
        p.ukc("build", timeout=800)
        names = ("it's, one", "it's, two")
        for name in names:
            p.write(name, bytes(1 << 20))
        r = p.ukc("run", "--dry-run", "--block", names[0] + ",ro", "--block", names[1])
        paths = [p.file(name).replace("'", "\\'") for name in names]
        wanted = [f"'format=raw,vdev={vdev},access={access},target={path}'" for vdev, access, path in zip(("xvda", "xvdb"), ("ro", "rw"), paths)]
        expect(f"disk = [{', '.join(wanted)}]\n" in r.out, "xl is given the disks", r)
        expect("drivers for 1 disk, and the machine has 0: --block FILE adds one" in p.ukc("run", "--dry-run").err, "a missing one is noticed")
        expect("does not start" in p.ukc("run", status=2).err, "and refused when it is to run")
        return p.read("build", "xen", "counter")


def ask(port, method, path):
    """What the domain answers; while it starts, QEMU resets connections, or nothing comes."""
    for last in range(20, -1, -1):
        r = subprocess.run([harness.need("curl"), "-sS", "--max-time", "30", "-X", method, f"http://127.0.0.1:{port}/{path}"], capture_output=True, text=True)
        if not r.returncode or not last:
            return r.stdout or r.stderr
        time.sleep(1)


LIVE_MANIFEST = """
return unikernel "live" { sources = { "live.c" }, requires = { http = sig.http_server, clock = sig.clock, random = sig.random } }
"""
LINES = 1 << 17  # of 16 bytes: more than all buffers between the domain and here hold
LIVE = r"""
#include "clock.h"
#include "http.h"
#include "random.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <ukc/deadline.h>

enum { LINES = @LINES@, SIZE = 16, PIECE = 64, MUCH = 8 << 20 };

/* Whether there is much memory that holds what is written into it. */
static bool is_memory(void)
{
    volatile uint32_t *words = malloc(MUCH);
    bool good = words;
    for (size_t i = 0; good && i < MUCH / sizeof *words; i += 64)
        words[i] = (uint32_t)i;
    for (size_t i = 0; good && i < MUCH / sizeof *words; i += 64)
        good = words[i] == i;
    free((void *)words);
    return good;
}

static int count(struct http_exchange *exchange)
{
    char piece[PIECE * SIZE + 1];
    int error = http_begin(exchange, 200, VIEW("text/plain"), (int64_t)LINES * SIZE);
    for (unsigned i = 0; !error && i < LINES; i += PIECE) {
        for (unsigned k = 0; k < PIECE; k++)
            snprintf(piece + k * SIZE, SIZE + 1, "%15u\n", i + k);
        error = http_write(exchange, (struct view){piece, PIECE * SIZE});
    }
    return error ? error : http_end(exchange);
}

/* Bytes of what is sent, and a hash of them (FNV-1a). */
static int take(struct http_exchange *exchange)
{
    char text[60];
    struct view piece;
    uint64_t hash = 0xcbf29ce484222325, size = 0;
    int got;
    while ((got = http_read(exchange, &piece, DEADLINE_NEVER)) == 0 && piece.size > 0)
        for (size_t i = 0; i < piece.size; i++, size++)
            hash = (hash ^ (unsigned char)((const char *)piece.bytes)[i]) * 0x100000001b3;
    int length = snprintf(text, sizeof text, "%d %" PRIu64 " %" PRIx64, got, size, hash);
    return http_respond(exchange, 200, VIEW("text/plain"), (struct view){text, (size_t)length});
}

static int answer(struct http_exchange *exchange, void *)
{
    char text[100];
    uint64_t word;
    if (http_method(exchange).size == 4)
        return take(exchange);
    if (http_page(exchange).size == 5)
        return count(exchange);
    if (http_page(exchange).size == 6)
        return http_respond(exchange, 200, VIEW("text/plain"), is_memory() ? VIEW("much") : VIEW("little"));
    random_fill(&word, sizeof word);
    int size = snprintf(text, sizeof text, "%" PRId64 " %" PRId64 " %" PRIx64, clock_now(), clock_wall(), word);
    return http_respond(exchange, 200, VIEW("text/plain"), (struct view){text, (size_t)size});
}

int live_main(void)
{
    return http_serve(8080, answer, NULL) < 0;
}
""".replace("@LINES@", str(LINES))

# counter has 10.0.0.2, live 10.0.0.3, third 10.0.0.4; lonely has no interface; two and crossed have 10.0.0.5 and 6 in front, and a network behind
SCRIPT = r"""
memory() { # NAME [MIB]: prints what it has, once it has so much, or after ten seconds
	for try in $(seq 50); do
		has=$(timeout 20 xl list $1 | awk 'NR == 2 { print $3 }')
		[ "$has" = "${2:-$has}" ] && break
		sleep 0.2
	done
	echo "$1 has $has"
}
try() { # WORDS: xl, for 100 seconds
	timeout 100 xl "$@" >/tmp/xl.log 2>&1 || { echo "@@ xl $*: $?"; cat /tmp/xl.log; }
}
bridge
truncate -s 1M /tmp/disk.img
configure counter '' "vif=['mac=00:16:3e:00:00:02,bridge=br0']" "disk=['format=raw,vdev=xvda,access=rw,target=/tmp/disk.img']"
configure live '--http.stack.address=10.0.0.3/24 --http.stack.address6=fd00::3/64' "vif=['mac=00:16:3e:00:00:03,bridge=br0']"
KERNEL=live configure third '--http.stack.address=10.0.0.4/24 --http.stack.address6=fd00::4/64' "vif=['mac=00:16:3e:00:00:04,bridge=br0']" 'maxmem=32'
create counter && create live && create third && echo created
read word
try save -c live /tmp/live.saved
echo copied
read word
memory third 16
try mem-set third 24
memory third 24
try mem-set live 8
memory live 8
echo shrunk
read word
for name in live counter; do try save $name /tmp/$name.saved; done
echo saved
read word
for name in live counter; do
	try restore /tmp/$name.saved
	timeout 20 xl domid $name >/tmp/$name.id
	rm /tmp/$name.saved
done
memory live 8
echo restored
read word
try mem-set live 1
sleep 2
memory live
echo least
read word
try mem-set live 16
memory live 16
echo grown
read word
echo "frames: $(cat /sys/class/net/vif$(cat /tmp/live.id).0/statistics/tx_packets /sys/class/net/vif$(cat /tmp/live.id).0/statistics/tx_bytes | tr '\n' ' ')"
grep "vif$(cat /tmp/live.id).0-" /proc/interrupts
echo counted
read word
try block-detach counter 51712
try network-detach live 0
echo detached
read word
try network-attach live mac=00:16:3e:00:00:03 bridge=br0
try block-attach counter format=raw,vdev=xvda,access=rw,target=/tmp/disk.img
echo attached
read word
for name in live counter; do try pause $name; done
echo "paused: $(state live) $(state counter)"
for name in live counter; do try unpause $name; done
KERNEL=live domain lonely ''
configure two '--port=@PORT@ --front.address=10.0.0.5/24 --front.address6=fd00::5/64' \
	"vif=['mac=00:16:3e:00:00:05,bridge=br0', 'mac=00:16:3e:00:00:06,bridge=br1']"
words='--port=@PORT@ --front.address=10.0.0.6/24 --front.address6=fd00::6/64 --front.netif.mac=00:16:3e:00:00:08'
KERNEL=two configure crossed "$words --back.address=10.0.1.3/24 --back.address6=fd00:0:0:1::3/64 --back.netif.mac=00:16:3e:00:00:07" \
	"vif=['mac=00:16:3e:00:00:07,bridge=br1', 'mac=00:16:3e:00:00:08,bridge=br0']"
create two && create crossed
for name in two crossed; do await_addresses $name; done
echo unpaused
read word
for name in live counter third two crossed; do try shutdown $name; done
for name in live counter third two crossed; do await_end $name; report $name; done
echo "disk: $(head -c 6 /tmp/disk.img)"
"""


class Life:
    """All domains, on ports of this machine."""

    def __init__(self, context, images, directory):
        self.ports = {name: free_port() for name in ("counter", "live", "third", "two", "crossed")}
        self.behind = socket.create_server(("127.0.0.1", 0))  # what is at 10.0.1.1
        port = self.behind.getsockname()[1]
        forwards = [f"hostfwd=tcp:127.0.0.1:{at}-10.0.0.{2 + i}:{8080 if i < 3 else port}" for i, at in enumerate(self.ports.values())]
        options = ["-netdev", ",".join(["user", "id=n0", "net=10.0.0.0/24", "host=10.0.0.1", *forwards]), "-device", "e1000,netdev=n0",
                   "-netdev", "user,id=n1,net=10.0.1.0/24,host=10.0.1.1", "-device", "e1000,netdev=n1"]
        self.machine = xen.Machine(context, images, SCRIPT.replace("@PORT@", str(port)), directory, options, timeout=1000)

    def ask(self, name, method="GET", path=""):
        return ask(self.ports[name], method, path)

    def moment(self, name="live"):
        """What time it is there, the date, and a random number."""
        now, wall, word = self.ask(name).split()
        return int(now), int(wall), word

    def begin_to_count(self):
        """A connection that has asked for the count, and read some of it."""
        s = socket.socket()
        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        s.settimeout(120)
        s.connect(("127.0.0.1", self.ports["live"]))
        s.sendall(b"GET /count HTTP/1.1\r\nHost: live\r\nConnection: close\r\n\r\n")
        return s, s.recv(1000)

    def upload(self, size):
        """What live says of so many bytes, and what it should."""
        sent, hash = bytes(i * i >> 7 & 255 for i in range(size)), 0xcbf29ce484222325
        for byte in sent:
            hash = (hash ^ byte) * 0x100000001b3 & (1 << 64) - 1
        with urllib.request.urlopen(f"http://127.0.0.1:{self.ports['live']}/", sent, 60) as answer:
            return answer.read().decode(), f"0 {size} {hash:x}"

    def relay(self, name):
        """What comes back from the network behind a domain with two."""
        self.behind.settimeout(60)
        with socket.create_connection(("127.0.0.1", self.ports[name]), 60) as client, self.behind.accept()[0] as server:
            server.settimeout(60)
            client.sendall(b"there")
            server.sendall(server.recv(5, socket.MSG_WAITALL) + b" and back")
            server.shutdown(socket.SHUT_WR)
            return read_rest(client, b"")

    def step(self, word, then):
        self.machine.tell(word)
        self.machine.wait_for(then)


def read_rest(connection, got):
    with connection:
        while piece := connection.recv(65536):
            got += piece
    return got


def live_through(life):
    """counter's numbers, live's moments, whether there was much memory, what came through two networks, of what was sent, and of three transfers."""
    counts, moments = [], []
    life.machine.wait_for("created")
    counts += [life.ask("counter", *q) for q in (("GET", "a"), ("POST", "a"), ("POST", "a"), ("GET", "a"))]
    life.moment("third")
    moments.append(life.moment())
    connection, got = life.begin_to_count()
    life.step("copy", "copied")
    moments.append(life.moment())
    rooms = [life.ask("live", path="memory")]
    life.step("shrink", "shrunk")
    rooms += [life.ask("live", path="memory"), life.ask("third", path="memory")]
    life.step("save", "saved")
    time.sleep(2)
    life.step("restore", "restored")
    got = read_rest(connection, got)
    moments.append(life.moment())
    counts += [life.ask("counter", *q) for q in (("GET", "a"), ("POST", "a"), ("GET", "a"))]
    for step, then in (("least", "least"), ("grow", "grown")):
        life.step(step, then)
        rooms.append(life.ask("live", path="memory"))
    uploads = life.upload(900_000)
    life.step("count", "counted")
    connection, second = life.begin_to_count()
    life.step("detach", "detached")
    life.ask("counter", "POST", "a")  # whatever it says
    life.step("attach", "attached")
    second = read_rest(connection, second)
    counts += [life.ask("counter", *q) for q in (("GET", "a"), ("POST", "a"))]
    connection, third = life.begin_to_count()
    life.step("pause", "unpaused")
    third = read_rest(connection, third)
    counts.append(life.ask("counter", "GET", "a"))
    relays = [life.relay(name) for name in ("two", "crossed")]
    life.unread = life.begin_to_count()  # it is told to stop meanwhile
    return counts, moments, rooms, relays, uploads, got, second, third


def life(context):
    """
    The counter counts, is saved, and goes on counting; dom0 finds its store in the file that was the disk.  live is saved in the middle of a transfer:
    the connection lives on, and the clock stood still.  Disk and interface are taken away and given back, and so is memory; all is paused, and stopped, in
    the middle of transfers too.  A third domain runs all the while, that was created with less memory than its most.
    """
    images = {"counter": run_with_disks(context)}
    images["live"] = xen.image(context, "live", {"ukc.lua": LIVE_MANIFEST, "live.c": LIVE}, options=("--set", "http.send_time=600"))  # a busy machine takes its time
    images["two"] = xen.image(context, "two-networks", example="two-networks")
    with tempfile.TemporaryDirectory() as d:
        life = Life(context, images, d)
        with life.machine:
            counts, moments, rooms, relays, uploads, *transfers = live_through(life)
            life.machine.tell("done")
            said, log = life.machine.finish()
    found = xen.domains(said)
    expect("@@ xl" not in said, "xl does as it is told", said, log)
    check_counter(counts, found, said, log)
    check_memory(rooms, said)
    check_upload(*uploads, said)
    check_live(moments, transfers, found, said, log)
    check_others(found, relays, said, log)


def check_counter(counts, found, said, log):
    expect(counts == [f"{n}\n" for n in (0, 1, 2, 2, 2, 3, 3, 3, 4, 4)], "it counts, and goes on where it was", counts, said, log)
    expect("counter" in found and found["counter"].status == 0, "it stops when it is told", said, log)
    expect("blkfront: 2048 sectors of 512 bytes" in found["counter"].text, "it says what the disk is", found["counter"])
    expect("disk: ukc kv" in said.splitlines(), "dom0 finds the store on the disk", said)


def check_memory(rooms, said):
    """In the order of SCRIPT; with little left, live has what it needs to answer, and no more."""
    found = re.findall(r"^(live|third) has (\d+)$", said, re.M)
    least = int(found.pop(4)[1]) if len(found) > 4 else 0
    wanted = [("third", "16"), ("third", "24"), ("live", "8"), ("live", "8"), ("live", "16")]
    expect(found == wanted and 1 < least < 8, "domains come to the memory that xl sets, across saving, and keep what they use", found, least, said)
    expect(rooms == ["much", "little", "much", "little", "much"], "memory that is gone is not given out, and what comes is memory", rooms, said)


def check_upload(got, wanted, said):
    """A window is what comes at once; dom0's network joins the segments of one, and they need not be divided before they come here."""
    expect(got == wanted, "what is sent to it arrives as it was", got, wanted, said)
    frames = re.search(r"^frames: (\d+) (\d+) ", said, re.M)
    expect(frames and int(frames[2]) > 2000 * int(frames[1]), "frames hold several segments", said)
    told = {which: int(times) for times, which in re.findall(r"^ *\d+: +(\d+) .* vif\d+\.0-q0-(rx|tx)$", said, re.M)}
    expect(set(told) == {"rx", "tx"} and all(told.values()), "dom0 is told of each ring by a channel of its own", told, said)


def check_live(moments, transfers, found, said, log):
    text = "".join(f"{i:15}\n" for i in range(LINES)).encode()
    for got in transfers:
        expect(got.endswith(b"\r\n\r\n" + text), "the connection lives on, and nothing of the count is missing", len(got), got[-100:], said, log)
    first, copied, restored = moments
    expect(abs(first[1] / 1e9 - time.time()) < 3600, "the date is right", first, time.time())
    for before, after in ((first, copied), (copied, restored)):
        expect(0 < after[0] - before[0] and before[1] < after[1], "time goes on", moments)
    expect(restored[1] - copied[1] - (restored[0] - copied[0]) > 1e9, "the clock stood still while the domain was saved, and the date did not", moments)
    expect(len({word for _, _, word in moments}) == 3, "random numbers are others", moments)
    expect("live" in found and found["live"].status == 0 and not found["live"].crashed, "it stops when it is told", said, log)


def check_others(found, relays, said, log):
    expect(relays == [b"there and back"] * 2, "two interfaces, by number and by address, are two networks", relays, said, log)
    expect(all(name in found and found[name].status == 0 for name in ("two", "crossed")), "both stop when they are told", said, log)
    expect(re.search(r"^paused: -[b-]p--- -[b-]p---$", said, re.M), "they are paused, waiting or not", said)
    expect("third" in found and found["third"].status == 0, "the third stops when it is told", said, log)
    lonely = found.get("lonely")
    expect(lonely and lonely.status not in (None, 0) and not lonely.crashed, "without an interface it ends", said, log)
    expect("the domain has no network interface: its file for xl needs a line vif = [...]" in lonely.text, "and says why", lonely)


def tests(context):
    yield "life", lambda: life(context)
