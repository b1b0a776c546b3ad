"""The Linux guest beside our figures: Debian's kernel for clouds, and nginx in an initial file system in memory.

Its packages are downloaded and unpacked into a directory of the benchmark, never installed: a kernel on the machine would
become what it boots.  nginx and its libraries are those that are installed.
"""

import glob
import lzma
import os
import re
import shutil
import stat
import subprocess

from guest.qemu import Image, assemble, need

META = "linux-image-cloud-amd64"
ADDRESS, ADDRESS6, PORT = "10.0.0.2", "fd00::2", 8080
LINE = "console=ttyS0 quiet panic=-1"
MODULES = ("virtio_pci", "virtio_net")
XEN_MODULES = ("xen_netfront",)

SCRIPT = """
export PATH=/bin
busybox mount -t proc proc /proc
{modules}
until [ -e /proc/sys/net/ipv6/conf/eth0 ]; do busybox sleep 0.1; done
echo 0 > /proc/sys/net/ipv6/conf/eth0/accept_dad
busybox ip link set lo up
busybox ip addr add {address}/24 dev eth0
busybox ip addr add {address6}/64 dev eth0
busybox ip link set eth0 up
nginx -c /nginx.conf -e /early.log
/mark 2
exec busybox sleep 1000000
"""

NGINX = """
{process} pid /nginx.pid; error_log /error.log crit; user root;
events {{ worker_connections 4096; }}
http {{
  access_log off; sendfile on; tcp_nopush on; keepalive_requests 1000000000; keepalive_timeout 600;
  open_file_cache max=1000; types {{ text/html html; }}
  client_body_temp_path /t1; proxy_temp_path /t2; fastcgi_temp_path /t3; uwsgi_temp_path /t4; scgi_temp_path /t5;
  server {{ listen {port} backlog=4096; listen [::]:{port} backlog=4096; root /htdocs; }}
}}
"""


def download(directory, *packages):
    """Unpacks them into the directory."""
    os.makedirs(directory, exist_ok=True)
    subprocess.run(["apt-get", "-qq", "-o", "APT::Sandbox::User=root", "download", *packages], cwd=directory, check=True, timeout=300)
    for package in glob.glob(os.path.join(directory, "*.deb")):
        subprocess.run(["dpkg-deb", "-x", package, directory], check=True, timeout=60)
        os.remove(package)


def kernel_package():
    """What the meta-package depends on."""
    out = subprocess.run(["apt-cache", "depends", META], stdout=subprocess.PIPE, text=True, check=True, timeout=60).stdout
    return re.search(r"Depends: (linux-image-\S+)", out)[1]


def module_file(tree, name):
    found = [f for f in glob.glob(f"{tree}/**/*.ko*", recursive=True) if os.path.basename(f).split(".")[0].replace("-", "_") == name.replace("-", "_")]
    return found[0] if found else None  # None: built into the kernel


def modules(tree, names):
    """[(name, content)] in the order in which they are inserted, with what they depend on."""
    done = {}

    def add(name):
        path = module_file(tree, name)
        if not path or name in done:
            return
        with open(path, "rb") as f:
            content = f.read()
        if path.endswith(".xz"):
            content = lzma.decompress(content)
        needed = re.search(rb"\0depends=([^\0]*)\0", content)[1].decode()
        for other in filter(None, needed.split(",")):
            add(other)
        done[name] = content

    for name in names:
        add(name)
    return list(done.items())


def unpacked(path):
    """The ELF file within a kernel's: a loader that is emulated would take a minute to unpack it."""
    with open(path, "rb") as f:
        data = f.read()
    at = data.find(b"\xfd7zXZ\0")
    return lzma.LZMADecompressor().decompress(data[at:]) if at >= 0 else data


class Archive:
    """A cpio archive ("newc", Documentation/driver-api/early-userspace/buffer-format.rst of Linux)."""

    def __init__(self):
        self.parts, self.number, self.known = [], 0, set()

    def entry(self, name, mode, content=b"", device=(0, 0)):
        self.number += 1
        word = name.encode() + b"\0"
        fields = [self.number, mode, 0, 0, 1, 0, len(content), 0, 0, *device, len(word), 0]
        head = b"070701" + b"".join(b"%08X" % f for f in fields) + word
        self.parts += [head, bytes(-len(head) % 4), content, bytes(-len(content) % 4)]

    def directory(self, name):
        if name and name not in self.known:
            self.directory(os.path.dirname(name))
            self.known.add(name)
            self.entry(name, stat.S_IFDIR | 0o755)

    def add(self, name, content, mode=0o644):
        self.directory(os.path.dirname(name))
        self.entry(name, stat.S_IFREG | mode, content.encode() if isinstance(content, str) else content)

    def file(self, name, path, mode=0o755):
        with open(path, "rb") as f:
            self.add(name, f.read(), mode)

    def bytes(self):
        self.entry("TRAILER!!!", 0)
        return b"".join(self.parts)


def program(archive, path):
    """A program and the libraries that it is linked with, each where it looks for it."""
    archive.file("bin/" + os.path.basename(path), path)
    out = subprocess.run(["ldd", path], stdout=subprocess.PIPE, text=True, check=True, timeout=60).stdout
    for library in sorted(set(re.findall(r"(/\S+) \(0x", out))):
        archive.file(library.lstrip("/"), os.path.realpath(library))


def initrd(directory, packages, pages, needed):
    archive = Archive()
    for name in ("dev", "proc", "sys", "tmp", "var/lib/nginx", "var/log/nginx", "run"):
        archive.directory(name)
    archive.entry("dev/console", stat.S_IFCHR | 0o600, device=(5, 1))
    archive.entry("dev/null", stat.S_IFCHR | 0o666, device=(1, 3))
    mark = assemble(directory, "init")
    for name in ("init", "mark"):
        archive.file(name, mark)
    archive.file("bin/busybox", os.path.join(packages, "bin/busybox"))
    program(archive, shutil.which("nginx", path="/usr/sbin:/usr/local/sbin:" + os.environ.get("PATH", "")))
    names = []
    for name, content in modules(packages, needed):
        archive.add(f"modules/{name}.ko", content)
        names.append(f"busybox insmod /modules/{name}.ko")
    archive.add("script", SCRIPT.format(modules="\n".join(names), address=ADDRESS, address6=ADDRESS6))
    archive.add("nginx.conf", NGINX.format(process="worker_processes 1;", port=PORT))
    archive.add("etc/passwd", "root:x:0:0::/:/bin/sh\n")
    archive.add("etc/group", "root:x:0:\n")
    for name, content in pages.items():
        archive.add("htdocs/" + name, content)
    path = os.path.join(directory, "initrd")
    with open(path, "wb") as f:
        f.write(archive.bytes())
    subprocess.run(["gzip", "-9n", path], check=True, timeout=60)
    return path + ".gz"


def guest(directory, pages, needed=MODULES):
    """The image, which loads the modules that are needed; its events are the first program (mark 1) and nginx listening (mark 2)."""
    need("apt-get", "apt-cache", "dpkg-deb", "nginx", "gzip", "ldd")
    packages = os.path.join(directory, "linux")
    download(packages, kernel_package(), "busybox-static")
    kernel = glob.glob(os.path.join(packages, "boot/vmlinuz-*"))[0]
    return Image(kernel, initrd(directory, packages, pages, needed), LINE, ["mark=1", "mark=2"])
