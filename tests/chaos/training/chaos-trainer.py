"""A trainer for chaos: the real protocol, real files, standard library only, one or more ranks in lock-step.

`chaos-trainer.py JOB.json` starts its ranks as torchrun does, each in a session of its own, and ends when one fails; under
the real torchrun it is one rank. The state of a rank is a chain of hashes, so that a lost, repeated or invented step shows
in the final weights. It leaves its own account in the witness directory (`recipe.options.witness`): `steps.log`, one line a
step, and a lock per process, which tells whether two trainers of one run ever lived at the same time. It obeys orders there
(chaos_orders.py).
"""
from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent))
from chaos_orders import Orders  # noqa: E402

JOB = Path(sys.argv[1])
job: dict[str, Any] = json.loads(JOB.read_text())
recipe, options = job["recipe"], job["recipe"]["options"]
ranks = int(options.get("ranks", 1))
witness = Path(options["witness"])
CHUNKS = 8
CHUNK_S = 0.002
MESSAGE_BYTES = 64


class Account:
    """What the trainer says of itself, beside the protocol."""

    def __init__(self, who: str) -> None:
        self.who = who
        self.log = os.open(witness / "steps.log", os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC)
        self.lock = os.open(witness / f"lock.{who}", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC)
        try:
            fcntl.flock(self.lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self.note("duplicate", 0)

    def note(self, what: str, step: int) -> None:
        os.write(self.log, f"{what} {job['epoch']} {self.who} {os.getpid()} {step}\n".encode())


def launch() -> int:
    account = Account("launcher")
    children: list[subprocess.Popen[bytes]] = []
    for rank in range(ranks):
        env = {**os.environ, "RANK": str(rank), "WORLD_SIZE": str(ranks)}
        children.append(subprocess.Popen([sys.executable, __file__, str(JOB)], env=env, start_new_session=True))
    account.note("launcher", 0)
    while any(child.poll() is None for child in children) and not any(child.returncode for child in children):
        time.sleep(0.01)
    time.sleep(0.02)  # a partner's words come first now and then
    failed = sorted((child.returncode, rank) for rank, child in enumerate(children) if child.poll())
    for child in children:
        if failed and child.poll() is None:
            child.kill()
        child.wait()
    if not failed:
        return 0
    code, rank = failed[0]
    pid = children[rank].pid
    print("torch.distributed.elastic.multiprocessing.errors.ChildFailedError:", file=sys.stderr)
    print(f"Root Cause (first observed failure):\n[0]:\n  rank      : {rank} (local_rank: {rank})", file=sys.stderr)
    print(f"  exitcode  : {code} (pid: {pid})", file=sys.stderr, flush=True)
    return 1


class Rank:
    def __init__(self) -> None:
        sys.path.insert(0, job["protocol"])
        from events import Control, EventWriter

        self.rank = int(os.environ.get("RANK", "0"))
        self.directory = Path(job["directory"])
        self.account = Account(str(self.rank))
        self.events = EventWriter(self.directory, job["run"], job["epoch"], self.rank)
        self.control = Control(self.directory, job["epoch"])
        self.orders = Orders(witness, self.rank, job["epoch"], self.events)
        self.peers: list[socket.socket] = []

    def run(self) -> None:
        events, orders = self.events, self.orders
        events.report_uncaught()
        events.max_steps, events.step = recipe["maxSteps"], job["resumeStep"] or 0
        events.write("phase", edge="begin")
        events.beat_every(0.5)
        orders.obey("import")
        self.meet()
        events.write(
            "hello", host="here", pid=os.getpid(), worldSize=ranks, versions={}, resumeFrom=job["resumeFrom"],
            resumeStep=job["resumeStep"], configSha=job["configSha"], dataSha=job["dataSha"],
            strategy={"kind": "ddp" if ranks > 1 else "single", "precision": "fp32"},
        )
        events.enter("loadData")
        orders.obey("loadData")
        rows = Path(job["dataset"]).read_bytes()
        events.enter("loadModel")
        orders.obey("loadModel")
        state = hashlib.sha256(rows + f"{job['seed']}:{self.rank}".encode()).hexdigest()
        if job["resumeFrom"]:
            events.enter("resume")
            orders.obey("resume")
            state = json.loads((Path(job["resumeFrom"]) / f"state.{self.rank}.json").read_text())["state"]
        events.enter("train")
        state, stopped = self.train(state)
        if not stopped:
            events.enter("finish")
            orders.obey("finish")
            states = self.gather(state)
            if self.rank == 0:
                artefact = Path(job["artefact"])
                shutil.rmtree(artefact, ignore_errors=True)
                artefact.mkdir(parents=True)
                (artefact / "weights.json").write_text(json.dumps({"states": states}))
        events.write("end", reason="stopped" if stopped else "completed")

    def train(self, state: str) -> tuple[str, bool]:
        events = self.events
        for step in range(events.step + 1, recipe["maxSteps"] + 1):
            self.orders.obey("step")
            time.sleep(options["stepS"])
            state = hashlib.sha256(f"{state}:{step}".encode()).hexdigest()
            events.step = step
            events.alive()
            self.account.note("step", step)
            events.write("step", stepS=options["stepS"], samples=1)
            if step % 5 == 0:
                events.write("log", loss=round(10 / step, 6), gradNorm=1.0, lr=0.1, nonfinite=False)
            command = self.agree(self.control.next() if self.rank == 0 else None)
            if step % recipe["saveSteps"] == 0:
                events.enter("eval")
                self.orders.obey("eval")
                events.write("eval", eval_loss=round(10 / step, 6))
            if command in ("save", "saveStop") or step % recipe["saveSteps"] == 0:
                self.save(step, state)
            if command in ("saveStop", "stop"):
                events.write("stopAck", cmd=command)
                return state, True
        return state, False

    def save(self, step: int, state: str) -> None:
        self.events.enter("save")
        began = time.monotonic()
        self.orders.begin_save()
        target = Path(job["output"]) / f"checkpoint-{step}"
        target.mkdir(parents=True, exist_ok=True)
        files = [(f"state.{self.rank}.json", json.dumps({"state": state, "padding": "x" * 8192}))]
        if self.rank == 0:
            files.append(("optimizer.bin", state * 64))
            files.append(("trainer_state.json", json.dumps({"global_step": step})))
        for name, text in files:
            self.orders.obey("save")
            size = len(text) // CHUNKS + 1
            with (target / name).open("w") as file:
                for at in range(0, len(text), size):
                    file.write(text[at : at + size])
                    file.flush()
                    time.sleep(CHUNK_S)
        paths = [target / name for name, _ in files]
        part = self.events.write_part(target, paths, ranks)
        total = sum(path.stat().st_size for path in paths)
        self.events.write("save", dir=str(target), bytes=total, durS=round(time.monotonic() - began, 4), part=str(part))
        self.events.enter("train")

    def meet(self) -> None:
        """Rank 0 hears the others at a name without a file, which ends with it."""
        name = f"\0masgpt-chaos-{hashlib.sha256(str(self.directory).encode()).hexdigest()[:32]}"
        if self.rank == 0 and ranks > 1:
            server = socket.socket(socket.AF_UNIX)
            server.bind(name)
            server.listen(ranks)
            self.peers = [server.accept()[0] for _ in range(1, ranks)]
        while self.rank > 0 and not self.peers:
            peer = socket.socket(socket.AF_UNIX)
            try:
                peer.connect(name)
                self.peers.append(peer)
            except OSError:
                time.sleep(0.02)

    def agree(self, command: str | None) -> str | None:
        """All ranks do what rank 0 read."""
        if self.rank == 0:
            for peer in self.peers:
                self.receive(peer)
            for peer in self.peers:
                self.send(peer, command or "-")
            return command
        self.send(self.peers[0], "here")
        heard = self.receive(self.peers[0]).decode().strip()
        return None if heard == "-" else heard

    def gather(self, state: str) -> list[str]:
        if self.rank == 0:
            return [state, *(self.receive(peer).decode() for peer in self.peers)]
        self.send(self.peers[0], state)
        return []

    def send(self, peer: socket.socket, text: str) -> None:
        try:
            peer.sendall(text.ljust(MESSAGE_BYTES).encode())
        except ConnectionError:
            raise ConnectionError("Connection closed by peer") from None

    def receive(self, peer: socket.socket) -> bytes:
        heard = b""
        while len(heard) < MESSAGE_BYTES:
            try:
                more = peer.recv(MESSAGE_BYTES - len(heard))
            except ConnectionError:
                more = b""
            if not more:
                raise ConnectionError("Connection closed by peer")
            heard += more
        return heard


if __name__ == "__main__":
    if ranks > 1 and "RANK" not in os.environ:
        sys.exit(launch())
    Rank().run()
