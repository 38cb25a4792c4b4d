"""A scope of its own: the end of the worker's unit or control group then leaves the shim and its trainer alive.

`enter(name, kinds)` moves this process into the first kind that works: a systemd scope (asked for over the bus), a
control group beside the worker's (version 2, else version 1), else nothing but its session, and says what was reached.
The trainer gets a group below (`group`), so that all of it can be named and killed. `scope.py probe [KIND]` tells without
moving anybody but itself. A container's end takes every scope inside it along: `container` says so.
"""
from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

KINDS = ("systemd", "cgroup2", "cgroup1", "session")
TREE = "tree"
# The number of the first process namespace of any Linux kernel (PROC_PID_INIT_INO).
FIRST_PID_NAMESPACE = 0xEFFFFFFC
BUS_WAIT_S = 5.0
ABANDONED_S = 60.0


def enter(name: str, kinds: list[str] | None = None) -> dict[str, object]:
    """{kind, group, container, tried}: `group` = directory for the trainer's processes, null without control groups."""
    tried: list[str] = []
    for kind in kinds or KINDS:
        try:
            group = {"systemd": _systemd, "cgroup2": _cgroup2, "cgroup1": _cgroup1, "session": lambda _: None}[kind](name)
        except (OSError, ValueError, subprocess.SubprocessError) as error:
            tried.append(f"{kind}: {error}"[:300])
            continue
        return {"kind": kind, "group": group and str(group), "container": in_container(), "tried": tried}
    return {"kind": "session", "group": None, "container": in_container(), "tried": tried}


def leave(group: str) -> None:
    """Removes the trainer's empty group; this process steps out of the one above it, which goes, too, if it was made here."""
    tree = Path(group)
    own = tree.parent
    _remove(tree)
    if own.name.startswith("masgpt-") and not own.name.endswith(".scope"):
        try:
            (own.parent / "cgroup.procs").write_text("0")
        except OSError:
            return
        _remove(own)


def remove(group: str) -> None:
    """The same from outside, after the shim's death."""
    tree = Path(group)
    if is_ours(group):
        _remove(tree)
        if not tree.parent.name.endswith(".scope"):
            _remove(tree.parent)


def is_ours(group: str) -> bool:
    """A record is foreign input: only a group that was made here may be killed or removed."""
    path = Path(group)
    return group.startswith("/sys/fs/cgroup/") and ".." not in path.parts and path.name == TREE and path.parent.name.startswith("masgpt-")


def in_container() -> bool:
    try:
        return os.stat("/proc/self/ns/pid").st_ino != FIRST_PID_NAMESPACE
    except OSError:
        return False


def _systemd(name: str) -> Path:
    if not Path("/run/systemd/system").is_dir():
        raise OSError("systemd is not the init process here")
    environment = {"PATH": os.environ.get("PATH", "/usr/bin:/bin")}
    manager = []
    if os.geteuid() != 0:
        manager = ["--user"]
        environment["XDG_RUNTIME_DIR"] = f"/run/user/{os.geteuid()}"
    unit = f"{name}.scope"
    properties = ["3", "PIDs", "au", "1", str(os.getpid()), "Delegate", "b", "true", "CollectMode", "s", "inactive-or-failed"]
    call = ["org.freedesktop.systemd1", "/org/freedesktop/systemd1", "org.freedesktop.systemd1.Manager", "StartTransientUnit"]
    asked = subprocess.run(
        ["busctl", *manager, "--timeout=5", "call", *call, "ssa(sv)a(sa(sv))", unit, "fail", *properties, "0"],
        env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=BUS_WAIT_S * 2,
    )
    if asked.returncode != 0:
        raise OSError(asked.stderr.strip() or f"busctl ended with {asked.returncode}")
    deadline = time.monotonic() + BUS_WAIT_S
    while time.monotonic() < deadline:
        for mount, path in (_own("cgroup2", ""), _own("cgroup", "name=systemd")):
            if mount and path.endswith(f"/{unit}"):
                return _below(Path(f"{mount}{path}"))
        time.sleep(0.02)
    raise OSError(f"systemd did not move this process into {unit}")


def _cgroup2(name: str) -> Path:
    return _beside(*_own("cgroup2", ""), name)


def _cgroup1(name: str) -> Path:
    problems = []
    for controller in ("name=systemd", "pids"):
        try:
            return _beside(*_own("cgroup", controller), name)
        except OSError as error:
            problems.append(str(error))
    raise OSError("; ".join(problems))


def _beside(mount: str, path: str, name: str) -> Path:
    """A group next to this process's own: one below would end with it."""
    if not mount:
        raise OSError("no such hierarchy is mounted")
    parent = Path(f"{mount}{os.path.dirname(path)}")
    _sweep(parent)
    own = parent / name
    own.mkdir(exist_ok=True)  # left by a start that failed
    try:
        group = _below(own)
        (own / "cgroup.procs").write_text("0")
    except OSError:
        _remove(own / TREE)
        _remove(own)
        raise
    return group


def _sweep(parent: Path) -> None:
    """Empty groups of shims that were killed; the kernel refuses to remove one that holds processes."""
    for own in parent.glob("masgpt-*"):
        try:
            if own.stat().st_mtime < time.time() - ABANDONED_S:
                for group in (own / TREE, own):
                    group.rmdir()
        except OSError:
            continue


def _below(own: Path) -> Path:
    group = own / TREE
    group.mkdir(exist_ok=True)
    return group


def _own(kind: str, controller: str) -> tuple[str, str]:
    """Where the hierarchy is mounted and this process's path in it; empty texts where it is not."""
    mounts = Path("/proc/self/mountinfo").read_text().splitlines()
    for line in mounts:
        head, _, tail = line.partition(" - ")
        fields, (filesystem, _, options) = head.split(), tail.split(" ", 2)
        if filesystem != kind or fields[3] != "/" or (controller and controller not in options.split(",")):
            continue
        for group in Path("/proc/self/cgroup").read_text().splitlines():
            _, names, path = group.split(":", 2)
            if controller in names.split(","):
                return fields[4], path
    return "", ""


def _remove(group: Path) -> None:
    """A group goes when it is empty; processes that ended a moment ago may still be counted."""
    for _ in range(20):
        try:
            group.rmdir()
            return
        except FileNotFoundError:
            return
        except OSError:
            time.sleep(0.02)


if __name__ == "__main__":
    reached = enter(f"masgpt-probe-{os.getpid()}", sys.argv[2:] or None)
    if reached["group"]:
        leave(str(reached["group"]))
    json.dump(reached, sys.stdout)
