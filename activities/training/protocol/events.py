"""Events of one rank: append-only JSON lines that any trainer can write (training-supervision protocol, version 1).

One `os.write` of at most 4 KiB per line, so that a reader never sees two lines mixed and tolerates a torn last one.
Standard library only. `seq` is gapless per rank and epoch; non-finite numbers travel as strings.
"""
from __future__ import annotations

import json
import math
import os
import sys
import threading
import time
import traceback
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType

MAX_LINE_BYTES = 4096


class EventWriter:
    def __init__(self, directory: Path, run: str, epoch: int, rank: int = 0) -> None:
        self._fd = os.open(directory / f"events.{rank}.jsonl", os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
        self._parts = directory / "output" / "parts"
        self._lock = threading.Lock()
        self._common = {"v": 1, "run": run, "epoch": epoch, "rank": rank}
        self._seq = 0
        self.step = 0
        self.max_steps = 0
        self.phase = "import"
        self._loop_at = time.monotonic()

    def write(self, ev: str, **fields: object) -> None:
        with self._lock:
            event = {
                **self._common,
                "seq": self._seq,
                "ts": time.time(),
                "ev": ev,
                "step": self.step,
                "maxSteps": self.max_steps,
                "phase": self.phase,
                **{key: _plain(value) for key, value in fields.items()},
            }
            line = json.dumps(event, ensure_ascii=False, allow_nan=False).encode() + b"\n"
            if len(line) > MAX_LINE_BYTES:
                event = {key: _shorten(value) for key, value in event.items()}
                line = json.dumps(event, allow_nan=False).encode() + b"\n"
            os.write(self._fd, line)
            self._seq += 1

    def write_part(self, directory: Path, files: Iterable[Path], world_size: int) -> Path:
        """This rank's part of the manifest of the checkpoint `directory` of the present step: the files that it wrote there.

        Every file of the checkpoint is in exactly one rank's part. The path goes into the `save` event as `part`.
        """
        rank = self._common["rank"]
        listed = [{"path": file.relative_to(directory).as_posix(), "size": file.stat().st_size} for file in sorted(files)]
        part = {"v": 1, "step": self.step, "rank": rank, "worldSize": world_size, "files": listed}
        target = self._parts / f"{self.step}.{rank}.json"
        target.parent.mkdir(parents=True, exist_ok=True)
        draft = target.with_suffix(".draft")
        draft.write_text(json.dumps(part))
        draft.replace(target)
        return target

    def enter(self, phase: str) -> None:
        """Ends the phase at hand and begins another."""
        self.write("phase", edge="end")
        self.phase = phase
        self.alive()
        self.write("phase", edge="begin")

    def alive(self) -> None:
        """Called by the loop itself: a beat tells how long ago this was."""
        self._loop_at = time.monotonic()

    def beat_every(self, seconds: float) -> None:
        def beat() -> None:
            while True:
                self.write("beat", loopAgeS=round(time.monotonic() - self._loop_at, 2), rssBytes=_rss_bytes())
                time.sleep(seconds)

        threading.Thread(target=beat, name="beat", daemon=True).start()

    def report_uncaught(self) -> None:
        """Installs an excepthook that writes `error` before the interpreter's own report."""
        before = sys.excepthook

        def hook(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
            tail = "".join(traceback.format_exception(kind, error, trace))[-2000:]
            self.write("error", type=kind.__name__, message=str(error)[:500], traceback=tail)
            before(kind, error, trace)

        sys.excepthook = hook


class Control:
    """Reads `control.json` {epoch, seq, cmd}: each command once, and only those of this attempt's epoch."""

    def __init__(self, directory: Path, epoch: int) -> None:
        self._path = directory / "control.json"
        self._epoch = epoch
        self._seen = -1

    def next(self) -> str | None:
        try:
            order = json.loads(self._path.read_text())
        except (OSError, ValueError):
            return None
        if order.get("epoch") != self._epoch or order.get("seq", -1) <= self._seen:
            return None
        self._seen = order["seq"]
        return order.get("cmd")


def _plain(value: object) -> object:
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if isinstance(value, dict):
        return {key: _plain(inner) for key, inner in value.items()}
    return value


def _shorten(value: object) -> object:
    return value[:400] if isinstance(value, str) else value if isinstance(value, (int, float)) else None


def _rss_bytes() -> int:
    try:
        return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError, IndexError):
        return 0
