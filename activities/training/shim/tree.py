"""The processes of one attempt: found by descent, by control group and by a mark in their environment; killed politely,
then surely.

`tree.py kill MARK GRACE_S [GROUP [LOCK]]` kills them and prints how many are left (0 = proved dead; a lock that is still
held counts as one); `tree.py list MARK [GROUP]` prints their ids; `tree.py held LOCK` prints 1 while a lock is held. A process group would not do: launchers start each
rank in a session of its own.
"""
from __future__ import annotations

import fcntl
import os
import signal
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
import scope  # noqa: E402

MARK_VARIABLE = "MASGPT_ATTEMPT"
KILL_WAIT_S = 5.0


class Tree:
    """`root`: whose descendants count; `group`: directory of a control group, killed at once where the kernel can."""

    def __init__(self, mark: str, root: int | None = None, group: str | None = None) -> None:
        self._mark = mark
        self._root = root
        self._group = Path(group) if group and scope.is_ours(group) else None
        # Wait statuses of all children that were reaped, by process id.
        self.statuses: dict[int, int] = {}

    def alive(self) -> set[int]:
        found = marked(self._mark) | (descendants(self._root) if self._root else set())
        return (found | self._grouped()) - {os.getpid()}

    def signal(self, number: signal.Signals, pids: set[int] | None = None) -> None:
        for pid in self.alive() if pids is None else pids:
            try:
                os.kill(pid, number)
            except OSError:
                pass

    def kill(self, grace_s: float) -> int:
        """TERM, grace, KILL, scanned twice; the number of processes that are left."""
        self.signal(signal.SIGTERM)
        self._wait(grace_s)
        for _ in range(2):
            self._kill_group()
            self.signal(signal.SIGKILL)
            self._wait(KILL_WAIT_S)
        return len(self.alive())

    def reap(self) -> None:
        """A subreaper's children are those it started and the orphans of its tree."""
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            self.statuses[pid] = status

    def _wait(self, limit_s: float) -> None:
        deadline = time.monotonic() + limit_s
        while True:
            self.reap()
            if time.monotonic() >= deadline or not self.alive():
                return
            time.sleep(0.02)

    def _grouped(self) -> set[int]:
        if not self._group:
            return set()
        found: set[int] = set()
        for directory, _, files in os.walk(self._group):
            if "cgroup.procs" in files:
                try:
                    found |= {int(line) for line in Path(directory, "cgroup.procs").read_text().split()}
                except OSError:
                    continue
        return {pid for pid in found if pid and not _is_zombie(pid)}

    def _kill_group(self) -> None:
        if self._group:
            try:
                (self._group / "cgroup.kill").write_text("1")
            except OSError:
                pass  # Version 1, an older kernel, or gone: its processes get the signal one by one.


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


def catches(pid: int, number: signal.Signals) -> bool:
    """Whether the process has a handler: without one, most signals end it."""
    try:
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("SigCgt:"):
                return bool(int(line.split()[1], 16) >> (number - 1) & 1)
    except (OSError, ValueError, IndexError):
        pass
    return False


def start_ticks(pid: int) -> str:
    """Field 22 of /proc/PID/stat: with the boot id, what tells a process from a later one of the same number."""
    return _stat(pid)[19]


def is_locked(path: str) -> bool:
    """Whether a process still holds the file's lock: it is inherited, and crosses process namespaces."""
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return False
    except OSError:
        return True
    finally:
        os.close(descriptor)


def _stat(pid: int) -> list[str]:
    return Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")[2].split()


def _parent(pid: int) -> int:
    try:
        return int(_stat(pid)[1])
    except (OSError, ValueError, IndexError):
        return 0


def _is_zombie(pid: int) -> bool:
    """A process whose first thread alone has ended lives on."""
    try:
        return _stat(pid)[0] in "ZX" and len(os.listdir(f"/proc/{pid}/task")) < 2
    except (OSError, IndexError):
        return True


def _pids() -> list[int]:
    return [int(name) for name in os.listdir("/proc") if name.isdigit()]


def main(action: str, mark: str, *rest: str) -> None:
    if action == "held":
        print(int(is_locked(mark)))
        return
    if action == "list":
        print(*sorted(Tree(mark, group=rest[0] if rest else None).alive()))
        return
    grace_s, group, lock = (*rest, "", "")[:3]
    left = Tree(mark, group=group or None).kill(float(grace_s))
    if left == 0 and group:
        scope.remove(group)
    print(left or int(bool(lock) and is_locked(lock)))


if __name__ == "__main__":
    main(*sys.argv[1:])
