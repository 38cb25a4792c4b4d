"""What a chaos trainer does to itself on order: `order.json` {id, kind, at, rank} in the witness directory, each obeyed once.

Whoever obeys moves it to `taken.ID` and writes its epoch to `epoch.ID` first. `at` is a phase, or `step` for the beginning of a step.
"""
from __future__ import annotations

import errno
import json
import os
import random
import signal
import threading
import time
from pathlib import Path
from typing import Any

# A save takes about as long.
KILL_WITHIN_S = 0.08


class NonFiniteLoss(ArithmeticError):
    """As the product's trainer calls it."""


ERRORS: dict[str, Exception] = {
    "import": ModuleNotFoundError("No module named 'chaos'"),
    "loadData": KeyError("messages"),
    "loadModel": ValueError("size mismatch for chaos"),
    "resume": EOFError("Ran out of input"),
    "step": RuntimeError("an order of the chaos"),
    "eval": IndexError("an order of the chaos"),
    "save": RuntimeError("an order of the chaos"),
    "finish": RuntimeError("an order of the chaos"),
}


class Orders:
    def __init__(self, witness: Path, rank: int, epoch: int, events: Any) -> None:
        self._witness = witness
        self._rank = rank
        self._epoch = epoch
        self._events = events
        self._torn = False

    def obey(self, at: str) -> None:
        try:
            order = json.loads((self._witness / "order.json").read_text())
        except (OSError, ValueError):
            return
        if order["at"] != at or order.get("rank", 0) != self._rank:
            return
        try:
            # Whoever moves it away has it: this rank, or the one who gave it and takes it back.
            os.rename(self._witness / "order.json", self._witness / f"taken.{order['id']}")
        except FileNotFoundError:
            return
        (self._witness / f"epoch.{order['id']}").write_text(f"{self._epoch}\n")
        self._provoke(order["kind"], at)

    def begin_save(self) -> None:
        """With the order `killInSave`: killed a random time later, within this save or just after it."""
        if self._torn:
            kill = threading.Timer(random.random() * KILL_WITHIN_S, os.kill, (os.getpid(), signal.SIGKILL))
            kill.start()

    def _provoke(self, kind: str, at: str) -> None:
        if kind == "raise":
            raise ERRORS[at]
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
        elif kind == "diskFull":
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        elif kind == "cudaOom":
            raise type("OutOfMemoryError", (RuntimeError,), {})("CUDA out of memory. Tried to allocate 2.00 GiB")
        elif kind == "nan":
            self._events.write("log", loss=float("nan"), gradNorm=float("nan"), lr=0.1, nonfinite=True)
            raise NonFiniteLoss("loss nan")
        elif kind == "nanUnseen":
            self._events.write("log", loss=float("nan"), gradNorm=float("nan"), lr=0.1, nonfinite=True)
        elif kind == "killInSave":
            self._torn = True
        elif kind == "clockJump":
            real = time.time
            time.time = lambda: real() + random.choice((-1e7, 1e7))
