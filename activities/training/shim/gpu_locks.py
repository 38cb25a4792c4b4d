"""A lock per GPU: two attempts on this host never share one, whoever started them.

The file's lock is held by the shim and inherited by the trainer; it names its holder, whose marked processes count as
holding it, too: they may have closed what they inherited, and outlive both.
"""
from __future__ import annotations

import fcntl
import json
import os
import re
import time

from tree import marked

# The whole host's; where only root may write there, the user's own.
DIRECTORIES = ("/var/lock", f"/run/user/{os.geteuid()}", "/tmp")


class GpuTaken(OSError):
    """The message names the GPU and its holder."""


def lock_gpus(uuids: list[str], directory: str | None, holder: dict[str, object]) -> list[int]:
    """Descriptors to be inherited; `holder` has run, epoch and mark. Raises GpuTaken, ValueError for a name that is none."""
    held: list[int] = []
    try:
        # In one order everywhere, so that two attempts cannot each get half of what both want.
        for uuid in sorted(set(uuids)):
            held.append(_lock(uuid, directory or _directory(), holder))
    except BaseException:
        release(held)
        raise
    return held


def release(descriptors: list[int]) -> None:
    """After the tree is dead: nobody is named any more."""
    for descriptor in descriptors:
        os.ftruncate(descriptor, 0)
        os.close(descriptor)


def _lock(uuid: str, directory: str, holder: dict[str, object]) -> int:
    if not re.fullmatch(r"[A-Za-z0-9-]{1,64}", uuid):
        raise ValueError(f"{uuid[:80]!r} is no name of a GPU")
    descriptor = _open(os.path.join(directory, f"masgpt-gpu-{uuid}.lock"))
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise GpuTaken(f"gpu {uuid} is held by {_name(_read(descriptor))}") from None
        last = _read(descriptor)
        if last.get("mark") != holder["mark"] and marked(str(last.get("mark", "none"))):
            raise GpuTaken(f"gpu {uuid} is held by processes of {_name(last)}, whose shim is dead")
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, json.dumps({**holder, "pid": os.getpid(), "since": time.time()}).encode(), 0)
        return descriptor
    except BaseException:
        os.close(descriptor)
        raise


def _directory() -> str:
    return next(path for path in DIRECTORIES if os.access(path, os.W_OK | os.X_OK))


def _open(path: str) -> int:
    """Without O_CREAT first: in a sticky directory the kernel refuses it for another user's file."""
    flags = os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        return os.open(path, flags)
    except FileNotFoundError:
        descriptor = os.open(path, flags | os.O_CREAT, 0o666)
        os.fchmod(descriptor, 0o666)
        return descriptor


def _read(descriptor: int) -> dict[str, object]:
    try:
        value = json.loads(os.pread(descriptor, 4096, 0))
        return value if isinstance(value, dict) else {}
    except ValueError:
        return {}


def _name(holder: dict[str, object]) -> str:
    """Of a file that other users may write: printable, and short."""
    name = f"{holder.get('run', 'an unknown run')}:{holder.get('epoch', '?')}"[:200]
    return "".join(letter if letter.isprintable() else "?" for letter in name)
