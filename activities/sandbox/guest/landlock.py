"""Landlock: which files a process may still open. All rights of the running kernel's ABI are handled, so what
is not granted is denied.
"""

from __future__ import annotations

import os
import stat
import struct

from kernel import Call, close, libc, open_from, system_call

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446  # the same on all architectures
_RULE_PATH_BENEATH = 1
_READ_FILE, _READ_DIR, _TRUNCATE, _WRITE_FILE = 0x4, 0x8, 0x4000, 0x2
_FILE_RIGHTS = {1: 0x1FFF, 2: 0x3FFF, 3: 0x7FFF, 4: 0x7FFF}  # from ABI 5 on: 0xFFFF (ioctl on devices)
_MAKE_CHAR, _MAKE_SOCK, _MAKE_FIFO, _MAKE_BLOCK, _MAKE_SYM, _EXECUTE = 0x40, 0x200, 0x400, 0x800, 0x1000, 0x1
_SPECIAL = _MAKE_CHAR | _MAKE_SOCK | _MAKE_FIFO | _MAKE_BLOCK | _MAKE_SYM | _EXECUTE


def landlock_abi() -> int:
    """0 where the kernel has no Landlock."""
    try:
        return system_call('landlock', _CREATE_RULESET, 0, 0, 1)()
    except OSError:
        return 0


def restrict(abi: int, readable: list[str], own: str | None, free: int, kept: int) -> list[Call]:
    """What a child calls so that it may open only `readable`, /dev/null, and the directory `own` that it has
    mounted for itself. `free` will be its lowest free descriptor; the paths' handles are opened here, from
    `kept` on, and it must still have them.

    TCP is denied from ABI 4 on; abstract sockets and signals to others from ABI 6 on (seccomp denies all of
    them anyway).
    """
    rights = _FILE_RIGHTS.get(abi, 0xFFFF)
    attributes = struct.pack('=Q', rights)
    if abi >= 4:
        attributes += struct.pack('=Q', 3)
    if abi >= 6:
        attributes += struct.pack('=Q', 3)
    size = len(attributes)
    calls = [system_call('landlock ruleset', _CREATE_RULESET, attributes, size, 0, expected=free)]
    for path in readable:
        calls += _grant_existing(path, _READ_FILE | _READ_DIR, free, kept)
    calls += _grant_existing('/dev/null', rights & ~_SPECIAL, free, kept)
    if own is not None:
        flags = os.O_PATH | os.O_CLOEXEC
        calls += [
            Call(f'open {own}', libc.open, own.encode(), flags, expected=free + 1),
            _grant(own, rights & ~_SPECIAL, free, free + 1),
            close(free + 1),
        ]
    return [*calls, system_call('landlock', _RESTRICT_SELF, free, 0), close(free)]


def _grant_existing(path: str, rights: int, ruleset: int, lowest: int) -> list[Call]:
    try:
        handle = open_from(lowest, path, os.O_PATH)
    except OSError:
        return []  # what is not there needs no right
    if not stat.S_ISDIR(os.fstat(handle).st_mode):
        rights &= _READ_FILE | _WRITE_FILE | _TRUNCATE
    return [_grant(path, rights, ruleset, handle)]


def _grant(path: str, rights: int, ruleset: int, handle: int) -> Call:
    rule = struct.pack('=Qi', rights, handle)
    return system_call(f'landlock rule for {path}', _ADD_RULE, ruleset, _RULE_PATH_BENEATH, rule, 0)
