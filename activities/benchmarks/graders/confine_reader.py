"""Confines the calling process to computing: it may read its own interpreter and packages, and write to its open pipes.

`confine(memory_bytes)` raises when the system call filter cannot be set; the file system rules (Landlock) need Linux 5.13,
and its result says whether they are in force. Standard library only.
"""

from __future__ import annotations

import ctypes
import os
import resource
import struct
import sys

NOBODY = 65534

# System calls that computing never needs, by audit architecture: programs and processes, sockets, tracing, namespaces and
# mounts, signals to others, links, removal and renaming, permissions, io_uring, bpf.
DENIED = {
    0xC000003E: (
        *(56, 57, 58, 59, 322, 435),
        *(41, 42, 43, 44, 45, 46, 47, 49, 50, 53, 288),
        *(101, 310, 311, 321, 323, 425, 434, 438),
        *(155, 161, 165, 166, 272, 308),
        *(62, 200, 234),
        *(76, 77, 82, 83, 84, 85, 86, 87, 88, 90, 91, 92, 93, 94, 263, 264, 265, 266, 316),
    ),
    0xC00000B7: (
        *(220, 221, 281, 435),
        *(198, 199, 200, 201, 202, 203, 206, 207, 211, 212, 242),
        *(117, 270, 271, 280, 282, 425, 434, 438),
        *(39, 40, 41, 51, 97, 268),
        *(129, 130, 131),
        *(33, 34, 35, 36, 37, 38, 45, 46, 52, 53, 54, 55, 276),
    ),
}
MACHINES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}

libc = ctypes.CDLL(None, use_errno=True)


def confine(memory_bytes: int) -> bool:
    """Returns whether the file system rules are in force."""
    for limit, value in ((resource.RLIMIT_AS, memory_bytes), (resource.RLIMIT_FSIZE, 0), (resource.RLIMIT_CORE, 0), (resource.RLIMIT_NOFILE, 32)):
        resource.setrlimit(limit, (value, value))
    if os.getuid() == 0:
        os.setgroups([])
        os.setresgid(NOBODY, NOBODY, NOBODY)
        os.setresuid(NOBODY, NOBODY, NOBODY)
    if sys.platform != "linux":
        return False
    checked(libc.prctl(38, 1, 0, 0, 0), "no new privileges")
    limited = limit_files([path for path in {*sys.path, sys.prefix, sys.base_prefix + "/lib"} if os.path.exists(path)])
    filter_system_calls()
    return limited


def limit_files(readable: list[str]) -> bool:
    """Landlock: all file rights are handled, reading is granted below `readable`."""
    version = libc.syscall(444, None, 0, 1)
    if version < 1:
        return False
    handled = (1 << {1: 13, 2: 14}.get(version, 15)) - 1
    ruleset = libc.syscall(444, struct.pack("Q", handled), 8, 0)
    checked(ruleset, "the rule set")
    read = (1 << 2) | (1 << 3)
    for path in readable:
        descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
        rights = read if os.path.isdir(path) else 1 << 2
        checked(libc.syscall(445, ruleset, 1, struct.pack("=Qi", rights, descriptor), 0), "a rule")
        os.close(descriptor)
    checked(libc.syscall(446, ruleset, 0), "the file system rules")
    os.close(ruleset)
    return True


def filter_system_calls() -> None:
    """seccomp: DENIED fails with EPERM; another architecture and the x32 numbers kill."""
    arch = MACHINES[os.uname().machine]
    denied = DENIED[arch]
    load, equal, at_least, ret = 0x20, 0x15, 0x35, 0x06
    kill, refuse, allow = 0x80000000, 0x00050001, 0x7FFF0000
    lines = [(load, 0, 0, 4), (equal, 1, 0, arch), (ret, 0, 0, kill), (load, 0, 0, 0)]
    lines += [(at_least, 0, 1, 0x40000000), (ret, 0, 0, kill)]
    lines += [(equal, len(denied) - index, 0, number) for index, number in enumerate(denied)]
    lines += [(ret, 0, 0, allow), (ret, 0, 0, refuse)]
    buffer = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *line) for line in lines))
    program = ctypes.create_string_buffer(struct.pack("HxxxxxxQ", len(lines), ctypes.addressof(buffer)))
    checked(libc.prctl(22, 2, program, 0, 0), "the system call filter")


def checked(result: int, what: str) -> None:
    if result < 0:
        raise OSError(ctypes.get_errno(), f"{what} could not be set")
