"""Starts one attempt's trainer and outlives the worker: `shim.py ATTEMPT_DIR`, which holds `spec.json`.

It claims the directory (a second shim exits), leads a session, adopts orphans, writes `attempt.json` (who runs) and,
once the whole tree is gone, `exit.json` {code, signal, oomKills, endedAt, reason}. It stops the trainer on TERM or when
`lease.json`, two levels up, names a higher epoch. Standard library only.
"""
from __future__ import annotations

import ctypes
import hashlib
import json
import os
import platform
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent))
from tree import MARK_VARIABLE, kill_tree, reap, start_ticks  # noqa: E402

PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36
WATCHED = {signal.SIGCHLD, signal.SIGTERM, signal.SIGINT, signal.SIGHUP}
ALREADY_CLAIMED = 75


def main() -> int:
    directory = Path(sys.argv[1])
    spec = json.loads((directory / "spec.json").read_text())
    try:
        os.close(os.open(directory / "claim", os.O_CREAT | os.O_EXCL | os.O_WRONLY))
    except FileExistsError:
        return ALREADY_CLAIMED
    if os.getpid() != os.getsid(0):
        os.setsid()
    _prctl(PR_SET_CHILD_SUBREAPER, 1)
    signal.pthread_sigmask(signal.SIG_BLOCK, WATCHED)
    mark = f"{spec['run']}:{spec['epoch']}"
    ooms = oom_kills()
    try:
        trainer = start(spec, mark, directory)
    except OSError as error:
        write(directory / "exit.json", ended(127, None, 0, f"launchFailed: {error}"))
        return 0
    write(directory / "attempt.json", identity(spec, trainer.pid))
    status, reason = watch(trainer.pid, spec, directory.parent.parent / "lease.json")
    if reason:
        status = stop(trainer.pid, mark, spec["graceS"])
    left = kill_tree(mark, 1.0, os.getpid())
    if left:
        reason = f"{left} processes survived KILL"
    code, number = (os.WEXITSTATUS(status), None) if os.WIFEXITED(status) else (None, os.WTERMSIG(status))
    write(directory / "exit.json", ended(code, number, oom_kills() - ooms, reason))
    return 0


def start(spec: dict[str, Any], mark: str, directory: Path) -> subprocess.Popen[bytes]:
    def child() -> None:
        _prctl(PR_SET_PDEATHSIG, signal.SIGKILL)  # a shim that is killed takes its trainer along
        signal.pthread_sigmask(signal.SIG_UNBLOCK, WATCHED)

    with (directory / "trainer.log").open("ab") as log:
        return subprocess.Popen(
            spec["command"],
            cwd=directory,
            env={**spec["env"], MARK_VARIABLE: mark},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=child,
        )


def watch(pid: int, spec: dict[str, Any], lease: Path) -> tuple[int, str | None]:
    """Returns the trainer's wait status, or the reason to stop it."""
    while True:
        ended_children = reap()
        if pid in ended_children:
            return ended_children[pid], None
        if lease_epoch(lease) > spec["epoch"]:
            return 0, "fenced"
        caught = signal.sigtimedwait(WATCHED, 0.5)
        if caught is not None and caught.si_signo in (signal.SIGTERM, signal.SIGINT):
            return 0, "stopped"


def stop(pid: int, mark: str, grace_s: float) -> int:
    """TERM to the trainer first, so that it may end by itself; its wait status."""
    try:
        os.kill(pid, signal.SIGTERM)
    except ProcessLookupError:
        pass
    deadline = time.monotonic() + grace_s
    while True:
        done, status = os.waitpid(pid, os.WNOHANG)
        if done:
            return status
        if time.monotonic() > deadline:
            os.kill(pid, signal.SIGKILL)
            return os.waitpid(pid, 0)[1]
        time.sleep(0.02)


def identity(spec: dict[str, Any], trainer_pid: int) -> dict[str, object]:
    command = json.dumps(spec["command"]).encode()
    return {
        "run": spec["run"],
        "epoch": spec["epoch"],
        "host": platform.node(),
        "bootId": Path("/proc/sys/kernel/random/boot_id").read_text().strip(),
        "pid": os.getpid(),
        "startTicks": start_ticks(os.getpid()),
        "trainerPid": trainer_pid,
        "commandSha256": hashlib.sha256(command).hexdigest(),
        "startedAt": time.time(),
    }


def ended(code: int | None, number: int | None, ooms: int, reason: str | None) -> dict[str, object]:
    name = signal.Signals(number).name if number else None
    return {"code": code, "signal": name, "oomKills": ooms, "endedAt": time.time(), "reason": reason}


def lease_epoch(lease: Path) -> int:
    try:
        return int(json.loads(lease.read_text())["epoch"])
    except (OSError, ValueError, KeyError, TypeError):
        return 0


def oom_kills() -> int:
    """Kills by the kernel in this process's memory cgroup (version 2, else 1); 0 where it cannot be read."""
    try:
        for line in Path("/proc/self/cgroup").read_text().splitlines():
            _, controllers, path = line.split(":", 2)
            base = "/sys/fs/cgroup" if controllers == "" else "/sys/fs/cgroup/memory"
            name = "memory.events" if controllers == "" else "memory.oom_control"
            file = Path(f"{base}{path}") / name
            if controllers in ("", "memory") and file.exists():
                counts = dict(entry.split() for entry in file.read_text().splitlines())
                return int(counts.get("oom_kill", 0))
    except (OSError, ValueError):
        pass
    return 0


def write(target: Path, value: dict[str, object]) -> None:
    """Whole or not at all, also after a power failure."""
    draft = target.with_suffix(".part")
    with draft.open("w") as file:
        json.dump(value, file)
        file.flush()
        os.fsync(file.fileno())
    draft.rename(target)


def _prctl(option: int, value: int) -> None:
    if ctypes.CDLL(None, use_errno=True).prctl(option, value, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), f"prctl {option}")


if __name__ == "__main__":
    sys.exit(main())
