"""A tool that is replaced under its name: the next build makes everything anew."""

import os
import shutil

from lib.project import Project, expect


def put_tool(p, text, time=None):
    """A tool of our own in front of the real one: the same program with something behind it, which no loader looks at."""
    path = p.file("bin", "llvm-objcopy-19")
    with open(shutil.which("llvm-objcopy-19"), "rb") as f:
        p.write("bin/new", f.read() + text.encode())
    os.chmod(p.file("bin", "new"), 0o755)
    if time:
        os.utime(p.file("bin", "new"), (time, time))
    os.rename(p.file("bin", "new"), path)


def replaced(context, old):
    with Project(context) as p:
        p.copy("examples/hello")
        p.environment["PATH"] = p.file("bin") + os.pathsep + p.environment["PATH"]
        put_tool(p, "first")
        p.ukc("configure", "--target", "posix", "--profile", "dev")
        p.ukc("build")
        r = p.ukc("build")
        expect("LINK" not in r.out, "nothing is built while the tools are the same", r)
        put_tool(p, "second", time=978307200 if old else None)  # a package brings files with the time of its own build
        r = p.ukc("build")
        expect("CC" in r.out and "LINK" in r.out, "everything is built with the other tool", r)
        r = p.ukc("build")
        expect("LINK" not in r.out, "and once", r)


def missing(context):
    """The compiler goes away between configure and build."""
    with Project(context) as p:
        p.copy("examples/hello")
        put_tool(p, "first")
        tools = ("clang-19", "ld.lld-19", "llvm-link-19", "opt-19", "llvm-objcopy-19", "ninja", "sh")
        for tool in tools:
            if not os.path.exists(p.file("bin", tool)):
                os.symlink(shutil.which(tool), p.file("bin", tool))
        p.environment["PATH"] = p.file("bin")
        p.ukc("configure", "--target", "posix", "--profile", "dev")
        p.ukc("build")
        os.remove(p.file("bin", "ld.lld-19"))
        r = p.ukc("build", status=None)
        expect(r.status != 0 and "the program 'ld.lld-19' is not installed" in r.out + r.err, "the missing tool is named", r)


def another(context):
    """A program of the compiler's name that is something else: found out before anything is built with it."""
    with Project(context) as p:
        p.copy("examples/hello")
        p.write("bin/clang-19", "#!/bin/sh\necho nonsense\n")
        os.chmod(p.file("bin", "clang-19"), 0o755)
        p.environment["PATH"] = p.file("bin") + os.pathsep + p.environment["PATH"]
        r = p.ukc("configure", "--target", "posix", "--profile", "dev", status=3)
        expect("clang-19 --version' tells no version: 'nonsense'" in r.err and "PATH decides" in r.err, "it is named", r)
        expect(not os.path.exists(p.file("build/posix/build.ninja")), "and nothing is configured", r)


def no_sanitizers(context):
    """A compiler whose sanitizers are another package: found out when they are asked for, with the package's name."""
    with Project(context) as p:
        p.copy("examples/hello")
        real = shutil.which("clang-19")
        p.write("bin/clang-19", f'#!/bin/sh\ncase "$*" in -print-resource-dir) echo /nowhere;; *) exec {real} "$@";; esac\n')
        os.chmod(p.file("bin", "clang-19"), 0o755)
        p.environment["PATH"] = p.file("bin") + os.pathsep + p.environment["PATH"]
        p.ukc("configure", "--target", "posix", "--profile", "dev")
        r = p.ukc("configure", "--target", "posix", "--profile", "dev", "--sanitize", status=3)
        expect("sanitizers are not installed: there is no '/nowhere/include/sanitizer/asan_interface.h'" in r.err and "apt-get install libclang-rt-19-dev" in r.err,
               "what is missing is named", r)


def tests(context):
    yield "another", lambda: another(context)
    yield "no_sanitizers", lambda: no_sanitizers(context)
    yield "replaced/newer", lambda: replaced(context, False)
    yield "replaced/older", lambda: replaced(context, True)
    yield "missing", lambda: missing(context)
