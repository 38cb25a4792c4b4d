"""Starts one attempt's trainer and outlives the worker: `shim.py ATTEMPT_DIR`, which holds `spec.json`.

It claims the directory (a second shim exits), leads a session and a scope of its own, adopts orphans, locks its GPUs,
writes `attempt.json` (who runs) and, once the whole tree is gone, `exit.json` {code, signal, oomKills, endedAt, reason}.
It stops the trainer on TERM or when `lease.json`, two levels up, names a higher epoch; USR1, a scheduler's warning, makes it
save and stop by itself. In a scheduler's job (`scheduler` in the spec) it stays in the job's session and control group, and
one job alone gets the attempt (job_claim.py). Standard library only.
"""
from __future__ import annotations

import ctypes
import fcntl
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent))
import scope  # noqa: E402
from gpu_locks import lock_gpus, release  # noqa: E402
from job_claim import claim_job, job_host  # noqa: E402
from records import identity, lease_epoch, oom_kills, read_object, reserve, write  # noqa: E402
from tree import MARK_VARIABLE, Tree, catches  # noqa: E402

PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36
WATCHED = {signal.SIGCHLD, signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGUSR1}
ALREADY_CLAIMED = 75
LOOK_S = 0.25
TERM_TREE_S = 1.0
FENCED_GRACE_S = 2.0  # what a fenced trainer saves counts for nothing


def main() -> int:
    directory = Path(sys.argv[1])
    signal.pthread_sigmask(signal.SIG_BLOCK, WATCHED)
    spec = read_object(directory / "spec.json")
    in_job = bool(spec.get("scheduler"))
    if in_job and not claim_job(directory):
        return ALREADY_CLAIMED
    claim = os.open(directory / "claim", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        fcntl.flock(claim, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return ALREADY_CLAIMED
    except OSError:
        if not in_job:  # A shared file system may have no locks: the job has its claim.
            raise
    if in_job:
        spec["host"] = job_host()
    elif os.getpid() != os.getsid(0):
        os.setsid()
    _prctl(PR_SET_CHILD_SUBREAPER, 1)
    shim = Shim(directory, spec, claim)
    try:
        shim.run()
    except (OSError, ValueError, subprocess.SubprocessError) as error:
        # Also when the trainer runs: a shim that cannot keep its records must not leave one behind.
        shim.finish(f"launchFailed: {error}" if shim.trainer is None else f"shim failed: {error}")
    return 0


class Shim:
    def __init__(self, directory: Path, spec: dict[str, Any], claim: int) -> None:
        self._directory = directory
        self._spec = spec
        self._claim = claim
        self._lease = directory.parent.parent / "lease.json"
        self._tree = Tree(spec["mark"], os.getpid())
        self._group: str | None = None
        self._gpus: list[int] = []
        self._ooms = oom_kills()
        self._ordered = -1
        self._warned = False
        self._started: subprocess.Popen[bytes] | None = None
        self.trainer: int | None = None

    def run(self) -> None:
        if (self._directory / "attempt.json").exists():
            return  # It ran already.
        (self._directory / "exit.json").unlink(missing_ok=True)  # of a start that failed
        reserve(self._directory / "exit.json")
        self._tree.kill(0)  # What an earlier shim left that was killed before it could write who runs.
        reached = scope.enter(self._spec["scopeName"], self._spec.get("scopeKinds"))
        self._group = reached["group"] and str(reached["group"])
        self._tree = Tree(self._spec["mark"], os.getpid(), self._group)
        holder = {key: self._spec[key] for key in ("run", "epoch", "mark")}
        self._gpus = lock_gpus(self._spec.get("gpus", []), self._spec.get("gpuLocks"), holder)
        if self._is_fenced():
            return self.finish("fenced")
        self.trainer = self._start()
        self._ooms = oom_kills(self.trainer)
        write(self._directory / "attempt.json", identity(self._spec, self.trainer, reached))
        reason = self._watch()
        if reason:
            self._stop_trainer(FENCED_GRACE_S if reason == "fenced" else self._spec["graceS"])
        self.finish(reason)

    def finish(self, reason: str | None) -> None:
        """Writes the record only when the whole tree is proved dead; until then the attempt counts as alive."""
        ooms = oom_kills(self._group_member()) - self._ooms
        while (left := self._tree.kill(TERM_TREE_S)) > 0:
            print(f"{left} processes survive KILL", file=sys.stderr, flush=True)
            time.sleep(LOOK_S)
        status = self._tree.statuses.get(self.trainer or 0)
        code, name = (127, None) if self.trainer is None else _ending(status)
        if reason is None and self._warned and code == 0:
            reason = "warned"
        ended = {"code": code, "signal": name, "oomKills": max(0, ooms), "endedAt": time.time(), "reason": reason}
        release(self._gpus)
        try:
            write(self._directory / "exit.json", ended)
        finally:
            if self._group:
                scope.leave(self._group)

    def _start(self) -> int:
        def child() -> None:
            if self._group:
                with open(f"{self._group}/cgroup.procs", "w") as file:
                    file.write("0")
            _prctl(PR_SET_PDEATHSIG, signal.SIGKILL)  # a shim that is killed takes its trainer along
            signal.pthread_sigmask(signal.SIG_UNBLOCK, WATCHED)

        with (self._directory / "trainer.log").open("ab") as log:
            # Kept, as a forgotten one would reap its process, and the wait status would be lost.
            self._started = subprocess.Popen(
                self._spec["command"],
                cwd=self._directory,
                env={**self._spec["env"], **self._of_job(), MARK_VARIABLE: self._spec["mark"]},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                pass_fds=[self._claim, *self._gpus],
                preexec_fn=child,
            )
        return self._started.pid

    def _watch(self) -> str | None:
        """Returns when the trainer has ended, or with the reason to stop it. The lease comes first: this process may
        have been stopped for hours."""
        while True:
            if self._is_fenced():
                return "fenced"
            self._tree.reap()
            if self.trainer in self._tree.statuses:
                return None
            self._dump_when_asked()
            caught = signal.sigtimedwait(WATCHED, LOOK_S)
            if caught is not None and caught.si_signo == signal.SIGUSR1:
                self._order_save_and_stop()
            elif caught is not None and caught.si_signo in (signal.SIGTERM, signal.SIGINT):
                return "fenced" if self._is_fenced() else "stopped"

    def _stop_trainer(self, most_s: float) -> None:
        """TERM to the trainer alone, so that it may save and end by itself. `stop.json` may shorten its time."""
        self._tree.signal(signal.SIGTERM, {self.trainer or 0})
        asked = read_object(self._directory / "stop.json").get("graceS")
        grace_s = min(most_s, asked) if isinstance(asked, (int, float)) else most_s
        deadline = time.monotonic() + grace_s
        while time.monotonic() < deadline:
            self._tree.reap()
            if self.trainer in self._tree.statuses:
                return
            signal.sigtimedwait({signal.SIGCHLD}, 0.1)

    def _dump_when_asked(self) -> None:
        """Order `dump`: the stacks of every process of the tree that has a handler; the trainer's loop may hang."""
        order = read_object(self._directory / "control.json")
        number = order.get("seq")
        if order.get("cmd") != "dump" or order.get("epoch") != self._spec["epoch"] or not isinstance(number, int):
            return
        if number > self._ordered:
            self._ordered = number
            self._tree.signal(signal.SIGUSR2, {pid for pid in self._tree.alive() if catches(pid, signal.SIGUSR2)})

    def _order_save_and_stop(self) -> None:
        """The scheduler's warning: its time is nearly over, or another job takes its place."""
        self._warned = True
        control = self._directory / "control.json"
        before = read_object(control).get("seq")
        number = max(int(time.time() * 1000), before + 1 if isinstance(before, int) else 0)
        write(control, {"epoch": self._spec["epoch"], "seq": number, "cmd": "saveStop"})

    def _of_job(self) -> dict[str, str]:
        """What the scheduler gave to this job, its GPUs above all."""
        names = self._spec.get("scheduler", {}).get("passedOn", [])
        return {name: os.environ[name] for name in names if name in os.environ}

    def _is_fenced(self) -> bool:
        return lease_epoch(self._lease) > self._spec["epoch"]

    def _group_member(self) -> int | str:
        return self.trainer if self.trainer and self.trainer not in self._tree.statuses else "self"


def _ending(status: int | None) -> tuple[int | None, str | None]:
    if status is None:
        return None, None
    if os.WIFEXITED(status):
        return os.WEXITSTATUS(status), None
    number = os.WTERMSIG(status)
    try:
        return None, signal.Signals(number).name
    except ValueError:
        return None, f"SIG{number}"  # a real-time signal


def _prctl(option: int, value: int) -> None:
    if ctypes.CDLL(None, use_errno=True).prctl(option, value, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), f"prctl {option}")


if __name__ == "__main__":
    sys.exit(main())
