"""A trainer for chaos: the real protocol, real files, standard library only, one or more ranks in lock-step.

`chaos-trainer.py JOB.json` starts its ranks as torchrun does, each in a session of its own, and ends when one fails. The state
of a rank is a chain of hashes, so that a lost, repeated or invented step shows in the final weights. It obeys `order.json` in the
witness directory (`recipe.options.witness`), each order once, and leaves its own account there: `steps.log`, one line a step, and
a lock per rank, which tells whether two trainers of one run ever lived at the same time.
"""
from __future__ import annotations

import errno
import fcntl
import hashlib
import json
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

JOB = Path(sys.argv[1])
job: dict[str, Any] = json.loads(JOB.read_text())
recipe, options = job["recipe"], job["recipe"]["options"]
ranks = int(options.get("ranks", 1))
witness = Path(options["witness"])


class NonFiniteLoss(ArithmeticError):
    """As the product's trainer calls it."""


def launch() -> int:
    pairs = [socket.socketpair() for _ in range(1, ranks)]
    children = []
    for rank in range(ranks):
        own = [left for left, _ in pairs] if rank == 0 else [pairs[rank - 1][1]]
        fds = [end.fileno() for end in own]
        env = {**os.environ, "RANK": str(rank), "WORLD_SIZE": str(ranks), "PEERS": " ".join(map(str, fds))}
        children.append(subprocess.Popen([sys.executable, __file__, str(JOB)], env=env, pass_fds=fds, start_new_session=True))
    for pair in pairs:
        for end in pair:
            end.close()
    failed = 0
    while any(child.poll() is None for child in children) and not failed:
        failed = next((child.returncode for child in children if child.returncode), 0)
        time.sleep(0.01)
    failed = failed or next((child.returncode for child in children if child.returncode), 0)
    for child in children:
        if failed and child.poll() is None:
            child.kill()
        child.wait()
    return 1 if failed else 0


class Rank:
    def __init__(self) -> None:
        sys.path.insert(0, job["protocol"])
        from events import Control, EventWriter

        self.rank = int(os.environ.get("RANK", "0"))
        self.peers = [socket.socket(fileno=int(fd)) for fd in os.environ.get("PEERS", "").split()]
        self.directory = Path(job["directory"])
        self.events = EventWriter(self.directory, job["run"], job["epoch"], self.rank)
        self.control = Control(self.directory, job["epoch"])
        self.torn = False
        self.log = os.open(witness / "steps.log", os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        self.lock = os.open(witness / f"lock.{self.rank}", os.O_RDWR | os.O_CREAT)
        try:
            fcntl.flock(self.lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self.note("duplicate", 0)

    def note(self, what: str, step: int) -> None:
        os.write(self.log, f"{what} {job['epoch']} {self.rank} {os.getpid()} {step}\n".encode())

    def run(self) -> None:
        events = self.events
        events.report_uncaught()
        events.max_steps, events.step = recipe["maxSteps"], job["resumeStep"] or 0
        events.write("phase", edge="begin")
        events.beat_every(0.5)
        events.write(
            "hello", host="here", pid=os.getpid(), worldSize=ranks, versions={}, resumeFrom=job["resumeFrom"],
            resumeStep=job["resumeStep"], configSha=job["configSha"], dataSha=job["dataSha"],
            strategy={"kind": "ddp" if ranks > 1 else "single", "precision": "fp32"},
        )
        events.enter("loadData")
        self.obey("load")
        rows = Path(job["dataset"]).read_bytes()
        state = hashlib.sha256(rows + f"{job['seed']}:{self.rank}".encode()).hexdigest()
        if job["resumeFrom"]:
            events.enter("resume")
            state = json.loads((Path(job["resumeFrom"]) / f"state.{self.rank}.json").read_text())["state"]
        events.enter("train")
        stopped = False
        for step in range(events.step + 1, recipe["maxSteps"] + 1):
            self.obey("step")
            time.sleep(options["stepS"])
            state = hashlib.sha256(f"{state}:{step}".encode()).hexdigest()
            events.step = step
            events.alive()
            self.note("step", step)
            events.write("step", stepS=options["stepS"], samples=1)
            if step % 5 == 0:
                events.write("log", loss=round(10 / step, 6), gradNorm=1.0, lr=0.1, nonfinite=False)
            command = self.agree(self.control.next() if self.rank == 0 else None)
            if command in ("save", "saveStop") or step % recipe["saveSteps"] == 0:
                self.save(step, state)
            if command in ("saveStop", "stop"):
                events.write("stopAck", cmd=command)
                stopped = True
                break
        if not stopped:
            events.enter("finish")
            states = self.gather(state)
            if self.rank == 0:
                artefact = Path(job["artefact"])
                shutil.rmtree(artefact, ignore_errors=True)
                artefact.mkdir(parents=True)
                (artefact / "weights.json").write_text(json.dumps({"states": states}))
        events.write("end", reason="stopped" if stopped else "completed")

    def save(self, step: int, state: str) -> None:
        self.events.enter("save")
        began = time.monotonic()
        target = Path(job["output"]) / f"checkpoint-{step}"
        target.mkdir(parents=True, exist_ok=True)
        files = [(f"state.{self.rank}.json", json.dumps({"state": state, "padding": "x" * 8192}))]
        if self.rank == 0:
            files.append(("optimizer.bin", state * 64))
            files.append(("trainer_state.json", json.dumps({"global_step": step})))
        torn_at = random.random() * len(files) if self.torn else None
        for index, (name, text) in enumerate(files):
            self.obey("save")
            if torn_at is not None and torn_at < index + 1:
                (target / name).write_text(text[: int(len(text) * (torn_at - index))])
                os.kill(os.getpid(), signal.SIGKILL)
            (target / name).write_text(text)
        paths = [target / name for name, _ in files]
        part = self.events.write_part(target, paths, ranks)
        size = sum(path.stat().st_size for path in paths)
        self.events.write("save", dir=str(target), bytes=size, durS=round(time.monotonic() - began, 4), part=str(part))
        self.events.enter("train")

    def agree(self, command: str | None) -> str | None:
        """All ranks do what rank 0 read."""
        if self.rank == 0:
            for peer in self.peers:
                self.receive(peer)
            for peer in self.peers:
                peer.sendall((command or "-").ljust(64).encode())
            return command
        self.peers[0].sendall(b"x" * 64)
        heard = self.receive(self.peers[0]).decode().strip()
        return None if heard == "-" else heard

    def gather(self, state: str) -> list[str]:
        if self.rank == 0:
            return [state, *(self.receive(peer).decode() for peer in self.peers)]
        self.peers[0].sendall(state.encode())
        return []

    def receive(self, peer: socket.socket) -> bytes:
        heard = b""
        while len(heard) < 64:
            more = peer.recv(64 - len(heard))
            if not more:
                raise ConnectionError("a peer closed the connection")
            heard += more
        return heard

    def obey(self, at: str) -> None:
        try:
            order = json.loads((witness / "order.json").read_text())
        except (OSError, ValueError):
            return
        if order["at"] != at or order.get("rank", 0) != self.rank:
            return
        try:
            os.close(os.open(witness / f"taken.{order['id']}", os.O_CREAT | os.O_EXCL | os.O_WRONLY))
        except FileExistsError:
            return
        self.provoke(order["kind"])

    def provoke(self, kind: str) -> None:
        if kind == "exit0":
            os._exit(0)
        elif kind == "abort":
            os.abort()
        elif kind == "segv":
            signal.signal(signal.SIGSEGV, signal.SIG_DFL)
            os.kill(os.getpid(), signal.SIGSEGV)
        elif kind == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        elif kind == "hang":
            time.sleep(3_600)
        elif kind == "raise":
            raise RuntimeError("an order of the chaos")
        elif kind == "diskFull":
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        elif kind == "cudaOom":
            raise type("OutOfMemoryError", (RuntimeError,), {})("CUDA out of memory. Tried to allocate 2.00 GiB")
        elif kind == "nan":
            self.events.write("log", loss=float("nan"), gradNorm=float("nan"), lr=0.1, nonfinite=True)
            raise NonFiniteLoss("loss nan")
        elif kind == "tornSave":
            self.torn = True
        elif kind == "clockJump":
            real = time.time
            time.time = lambda: real() + random.choice((-1e7, 1e7))


if __name__ == "__main__":
    if ranks > 1 and "RANK" not in os.environ:
        sys.exit(launch())
    Rank().run()
