"""Images that several tests run: each is built once, by the test that comes first.

    page = images.homepage(context)                     # the release profile
    echo = images.service(context, "echo", sanitized=True, memory="16MiB")

All have the stack in the image (net=native) on a tap device, with the default addresses; what may be set at boot is left to the test.
"""

import fcntl
import hashlib
import os
import random
import shutil

from lib.project import Project, identity

SANITIZED = ["--profile", "dev", "--sanitize"]
PROFILES = {"release": False, "sanitized": True}  # name: sanitized
IPV4, IPV6 = "10.0.0.2", "fd00::2"
ADDRESSES = (IPV4, IPV6)
PORTS = {"homepage": 8080, "echo": 7007, "discard": 7009, "chargen": 7019}


def url(address, path="/", port=PORTS["homepage"]):
    return f"http://{f'[{address}]' if ':' in address else address}:{port}{path}"


def noise(size, seed=0):
    """Bytes that are the same for the same seed and do not repeat within themselves."""
    return random.Random(f"{size} {seed}").randbytes(size)


def homepage(context, sanitized=False, **settings):
    """The home page, with files of 1 KiB, 500 KB, 2 MB and 8 MB more."""
    # 35 KB/s at least, as it asks of clients by default, are too much for some links here
    return cached(context, "homepage", sanitized, ["http.send_time=600", *(f"http.stack.{key}={value}" for key, value in sorted(settings.items()))])


def service(context, name, sanitized=False, **settings):
    """echo, discard or chargen."""
    return cached(context, name, sanitized, [f"stack.{key}={value}" for key, value in sorted(settings.items())])


FILES = {"1k": 1024, "500k": 500_003, "2m": 2_000_003, "8m": 8_000_003}


def prepare(p, name):
    """The project in which it is built, and the words that name it there."""
    if name != "homepage":
        p.copy("examples/small-services")
        return [name]
    p.copy("examples/homepage")
    for file, size in FILES.items():
        p.write(f"htdocs/{file}", noise(size))
    return []


def cached(context, name, sanitized, settings):
    options = (SANITIZED if sanitized else []) + [f"--set={setting}" for setting in settings]
    top = os.path.join(str(context.root), "build", "test-images")
    key = hashlib.sha256(f"{name} {options} {os.stat(context.ukc).st_mtime_ns}".encode()).hexdigest()[:16]
    path = os.path.join(top, f"{name}-{key}")
    mark = path + ".made-from"
    os.makedirs(top, exist_ok=True)
    with open(path + ".lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        made_from = identity(context, "examples")
        if not os.path.exists(mark) or open(mark).read() != made_from:
            build(context, name, options, path)
            with open(mark, "w") as f:
                f.write(made_from)
    return path


def build(context, name, options, path):
    with Project(context) as p:
        words = prepare(p, name)
        p.ukc("configure", *words, "--target", "posix", "--set", "net=native", *options)
        image = p.file(p.ukc("build", *words, "--json", timeout=600).json["image"])
        shutil.copy(image, path + ".new")
        os.rename(path + ".new", path)
