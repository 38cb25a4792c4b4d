"""Landlock: which files a process may still open. All rights of the running kernel's ABI are handled, so what
is not granted is denied.
"""

from __future__ import annotations

import os
import stat
import struct

from kernel import system_call

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446  # the same on all architectures
_RULE_PATH_BENEATH = 1
_READ_FILE, _READ_DIR, _TRUNCATE, _WRITE_FILE = 0x4, 0x8, 0x4000, 0x2
_FILE_RIGHTS = {1: 0x1FFF, 2: 0x3FFF, 3: 0x7FFF, 4: 0x7FFF}  # from ABI 5 on: 0xFFFF (ioctl on devices)
_MAKE_CHAR, _MAKE_SOCK, _MAKE_FIFO, _MAKE_BLOCK, _MAKE_SYM, _EXECUTE = 0x40, 0x200, 0x400, 0x800, 0x1000, 0x1
_SPECIAL = _MAKE_CHAR | _MAKE_SOCK | _MAKE_FIFO | _MAKE_BLOCK | _MAKE_SYM | _EXECUTE


def landlock_abi() -> int:
    """0 where the kernel has no Landlock."""
    try:
        return system_call('landlock', _CREATE_RULESET, 0, 0, 1)
    except OSError:
        return 0


def restrict(abi: int, readable: list[str], writable: list[str]) -> None:
    """TCP is denied from ABI 4 on; abstract sockets and signals to others from ABI 6 on (seccomp denies all
    of them anyway).
    """
    rights = _FILE_RIGHTS.get(abi, 0xFFFF)
    attributes = struct.pack('=Q', rights)
    if abi >= 4:
        attributes += struct.pack('=Q', 3)
    if abi >= 6:
        attributes += struct.pack('=Q', 3)
    ruleset = system_call('landlock ruleset', _CREATE_RULESET, attributes, len(attributes), 0)
    for path in readable:
        _grant(ruleset, path, _READ_FILE | _READ_DIR)
    for path in writable:
        _grant(ruleset, path, rights & ~_SPECIAL)
    system_call('landlock', _RESTRICT_SELF, ruleset, 0)
    os.close(ruleset)


def _grant(ruleset: int, path: str, rights: int) -> None:
    try:
        handle = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return  # what is not there needs no right
    if not stat.S_ISDIR(os.fstat(handle).st_mode):
        rights &= _READ_FILE | _WRITE_FILE | _TRUNCATE
    system_call(
        f'landlock rule for {path}',
        _ADD_RULE,
        ruleset,
        _RULE_PATH_BENEATH,
        struct.pack('=Qi', rights, handle),
        0,
    )
    os.close(handle)
