"""The processes of one attempt: found by descent and by a mark in their environment, killed politely, then surely.

`tree.py kill MARK GRACE_S` kills whatever carries the mark and prints how many processes are left (0 = proved dead);
`tree.py list MARK` prints their ids. A process group would not do: launchers start each rank in a session of its own.
"""
from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path

MARK_VARIABLE = "MASGPT_ATTEMPT"


def marked(mark: str) -> set[int]:
    """Living processes whose environment carries the mark, the caller excepted."""
    wanted = f"{MARK_VARIABLE}={mark}".encode()
    found: set[int] = set()
    for pid in _pids():
        try:
            environment = Path(f"/proc/{pid}/environ").read_bytes()
        except OSError:
            continue
        if wanted in environment.split(b"\0") and not _is_zombie(pid):
            found.add(pid)
    return found - {os.getpid()}


def descendants(root: int) -> set[int]:
    parents = {pid: _parent(pid) for pid in _pids()}
    found: set[int] = set()
    fresh = {root}
    while fresh:
        fresh = {pid for pid, parent in parents.items() if parent in fresh} - found
        found |= fresh
    return {pid for pid in found if not _is_zombie(pid)}


def kill_tree(mark: str, grace_s: float, root: int | None = None) -> int:
    """TERM, grace, KILL, scanned twice; the number of processes that are left."""

    def alive() -> set[int]:
        return marked(mark) | (descendants(root) if root else set())

    _signal(alive(), signal.SIGTERM)
    deadline = time.monotonic() + grace_s
    while time.monotonic() < deadline and alive():
        reap()
        time.sleep(0.05)
    for _ in range(2):
        _signal(alive(), signal.SIGKILL)
        deadline = time.monotonic() + 5
        while time.monotonic() < deadline and alive():
            reap()
            time.sleep(0.02)
    return len(alive())


def reap() -> dict[int, int]:
    """Statuses of children that ended; a subreaper also gets the orphans of its tree."""
    ended: dict[int, int] = {}
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return ended
        if pid == 0:
            return ended
        ended[pid] = status


def start_ticks(pid: int) -> str:
    """Field 22 of /proc/PID/stat: with the boot id, what tells a process from a later one of the same number."""
    return _stat(pid)[19]


def _stat(pid: int) -> list[str]:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()


def _parent(pid: int) -> int:
    try:
        return int(_stat(pid)[1])
    except (OSError, ValueError, IndexError):
        return 0


def _is_zombie(pid: int) -> bool:
    try:
        return _stat(pid)[0] in "ZX"
    except (OSError, IndexError):
        return True


def _pids() -> list[int]:
    return [int(name) for name in os.listdir("/proc") if name.isdigit()]


def _signal(pids: set[int], number: signal.Signals) -> None:
    for pid in pids:
        try:
            os.kill(pid, number)
        except OSError:
            pass


if __name__ == "__main__":
    if sys.argv[1] == "kill":
        print(kill_tree(sys.argv[2], float(sys.argv[3])))
    else:
        print(*sorted(marked(sys.argv[2])))
