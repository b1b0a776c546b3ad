"""Runs a program under one that watches, in the way that ukc does: then ukc cannot.  Usage: watched.py PROGRAM ARGUMENT.."""

import ctypes
import os
import sys

PR_SET_NO_NEW_PRIVS, SECCOMP, MODE_FILTER, NEW_LISTENER = 38, {"x86_64": 317, "aarch64": 277}[os.uname().machine], 1, 8


class Instruction(ctypes.Structure):
    _fields_ = [("code", ctypes.c_ushort), ("jt", ctypes.c_ubyte), ("jf", ctypes.c_ubyte), ("k", ctypes.c_uint)]


class Program(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("instructions", ctypes.POINTER(Instruction))]


libc = ctypes.CDLL(None, use_errno=True)
allow = Instruction(0x06, 0, 0, 0x7FFF0000)  # return SECCOMP_RET_ALLOW
program = Program(1, ctypes.pointer(allow))
libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
listener = libc.syscall(SECCOMP, MODE_FILTER, NEW_LISTENER, ctypes.byref(program))
if listener < 0:
    sys.exit(f"seccomp: {os.strerror(ctypes.get_errno())}")
os.set_inheritable(listener, True)
os.execvp(sys.argv[1], sys.argv[1:])
