"""What a shim writes and reads: records whole or not at all, the lease, orders, the kernel's count of kills."""
from __future__ import annotations

import hashlib
import json
import os
import time
from pathlib import Path
from typing import Any

from tree import start_ticks

RESERVED_CHARS = 2048
MAX_BYTES = 1024 * 1024


def reserve(target: Path) -> None:
    """Room for a record that must also be written when the disk is full by then."""
    with _draft(target).open("w") as file:
        file.write(" " * RESERVED_CHARS)
        file.flush()
        os.fsync(file.fileno())


def write(target: Path, value: dict[str, object]) -> None:
    """Whole or not at all, also after a power failure."""
    draft = _draft(target)
    with draft.open("r+" if draft.exists() else "w") as file:
        file.write(json.dumps(value).ljust(RESERVED_CHARS))
        file.truncate()
        file.flush()
        os.fsync(file.fileno())
    draft.rename(target)


def _draft(target: Path) -> Path:
    return target.with_suffix(".part")


def identity(spec: dict[str, Any], trainer_pid: int, scope: dict[str, object]) -> dict[str, object]:
    command = json.dumps(spec["command"]).encode()
    return {
        "run": spec["run"],
        "epoch": spec["epoch"],
        "mark": spec["mark"],
        "host": spec["host"],
        "bootId": Path("/proc/sys/kernel/random/boot_id").read_text().strip(),
        "pidNamespace": os.stat("/proc/self/ns/pid").st_ino,
        "pid": os.getpid(),
        "startTicks": start_ticks(os.getpid()),
        "trainerPid": trainer_pid,
        "commandSha256": hashlib.sha256(command).hexdigest(),
        "scope": scope,
        "gpus": spec.get("gpus", []),
        "startedAt": time.time(),
    }


def read_object(path: Path) -> dict[str, Any]:
    """Empty when it is absent, unreadable or no object: a foreign writer may be in the middle of it."""
    try:
        with path.open("rb") as file:
            value = json.loads(file.read(MAX_BYTES))
        return value if isinstance(value, dict) else {}
    except (OSError, ValueError):
        return {}


def lease_epoch(lease: Path) -> int:
    epoch = read_object(lease).get("epoch")
    return epoch if isinstance(epoch, int) else 0


def oom_kills(pid: int | str = "self") -> int:
    """Kills by the kernel in the nearest memory group of a process (version 2, else 1); 0 where it cannot be read."""
    try:
        for line in Path(f"/proc/{pid}/cgroup").read_text().splitlines():
            _, controllers, path = line.split(":", 2)
            if controllers == "":
                found = _count(Path("/sys/fs/cgroup"), path, "memory.events")
            elif controllers == "memory":
                found = _count(Path("/sys/fs/cgroup/memory"), path, "memory.oom_control")
            else:
                continue
            if found is not None:
                return found
    except (OSError, ValueError):
        pass
    return 0


def _count(base: Path, path: str, name: str) -> int | None:
    """Of the group itself or, where it has no memory controller, of the nearest one above."""
    group = base / path.lstrip("/")
    while True:
        file = group / name
        if file.exists():
            counts = dict(entry.split(maxsplit=1) for entry in file.read_text().splitlines())
            return int(counts.get("oom_kill", 0))
        if group == base or base not in group.parents:
            return None
        group = group.parent
