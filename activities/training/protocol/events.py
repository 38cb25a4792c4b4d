"""Events of one rank: append-only JSON lines that any trainer can write (docs/training-protocol.md, version 1).

One `os.write` of at most 4 KiB per line, so that a reader never sees two lines mixed and tolerates a torn last one. `seq`
is gapless over the life of the file; non-finite numbers travel as strings. Standard library only, Python 3.9 or newer:
this one file may be copied into any trainer.
"""
from __future__ import annotations

import faulthandler
import json
import math
import os
import platform
import signal
import sys
import threading
import time
import traceback
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Optional

MAX_LINE_BYTES = 4096
COMMANDS = (None, "save", "saveStop", "stop")


class EventWriter:
    """`rank` defaults to the environment's RANK, which torchrun and accelerate set."""

    def __init__(self, directory: Path, run: str, epoch: int, rank: Optional[int] = None) -> None:
        rank = int(os.environ.get("RANK", "0")) if rank is None else rank
        path = Path(directory) / f"events.{rank}.jsonl"
        self._seq, self._torn = _last_line(path)
        self._fd = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o644)
        self._directory = Path(directory)
        self._lock = threading.RLock()
        self._pid = os.getpid()
        self._common = {"v": 1, "run": run, "epoch": epoch, "rank": rank}
        self._ended = False
        self._loop_at = time.monotonic()
        self._stacks: Any = None
        self.rank = rank
        self.step = 0
        self.max_steps = 0
        self.phase = "import"

    @classmethod
    def of_job(cls, job: Mapping[str, Any], beat_s: float = 2.0) -> EventWriter:
        """All that a trainer needs before its imports: phase `import` begun, beats, reports of errors and stacks."""
        events = cls(Path(job["directory"]), job["run"], job["epoch"])
        events.step = job.get("resumeStep") or 0
        events.max_steps = job["recipe"]["maxSteps"]
        events.report_uncaught()
        events.write("phase", edge="begin")
        events.beat_every(beat_s)
        return events

    def write(self, ev: str, **fields: object) -> None:
        """Raises OSError when the disk is full: a trainer that cannot be seen must not go on. A forked child writes nothing."""
        if os.getpid() != self._pid:
            return
        with self._lock:
            # Counted before it is written: a signal handler that writes meanwhile gets a number of its own.
            seq = self._seq
            self._seq += 1
            event = {
                **self._common,
                "seq": seq,
                "ts": time.time(),
                "ev": ev,
                "step": self.step,
                "maxSteps": self.max_steps,
                "phase": self.phase,
                **{key: _plain(value) for key, value in fields.items()},
            }
            line = _line(event)
            # A torn line is closed first, so that it costs no other.
            data = b"\n" + line if self._torn else line
            try:
                # What a full disk left of the line is asked for again: that call says why, and is what the error names.
                while data:
                    data = data[os.write(self._fd, data) :]
                    self._torn = bool(data)
            except OSError:
                self._seq = seq
                raise

    def hello(
        self, job: Mapping[str, Any], kind: str = "single", precision: str = "fp32", versions: Optional[Mapping[str, str]] = None
    ) -> None:
        """Who trains, and how: `kind` is single, ddp, fsdp2 or zero3; `precision` fp32, bf16 or fp16. What is, not what was asked for."""
        self.write(
            "hello",
            host=platform.node(),
            pid=os.getpid(),
            worldSize=int(os.environ.get("WORLD_SIZE", "1")),
            strategy={"kind": kind, "precision": precision},
            versions={"python": platform.python_version(), **(versions or {})},
            resumeFrom=job.get("resumeFrom"),
            resumeStep=job.get("resumeStep"),
            configSha=job.get("configSha"),
            dataSha=job.get("dataSha"),
        )

    def enter(self, phase: str) -> None:
        """Ends the phase at hand and begins another."""
        self.write("phase", edge="end")
        self.phase = phase
        self.alive()
        self.write("phase", edge="begin")

    def alive(self) -> None:
        """Called by the loop itself: a beat tells how long ago this was."""
        self._loop_at = time.monotonic()

    def saved(self, directory: Path, files: Optional[Iterable[Path]] = None, since: Optional[float] = None) -> None:
        """A checkpoint of the present step is complete on this rank. `files`: what this rank wrote, by default all that is
        there; `since`: `time.monotonic()` when the save began."""
        mine = [file for file in (Path(directory).rglob("*") if files is None else files) if file.is_file()]
        part = self.write_part(directory, mine, int(os.environ.get("WORLD_SIZE", "1")))
        took = 0.0 if since is None else round(time.monotonic() - since, 3)
        size = sum(file.stat().st_size for file in mine)
        self.write("save", dir=str(directory), bytes=size, durS=took, part=str(part))

    def write_part(self, directory: Path, files: Iterable[Path], world_size: int) -> Path:
        """This rank's part of the manifest of the checkpoint `directory` of the present step: the files that it wrote there.

        Every file of the checkpoint is in exactly one rank's part. The path goes into the `save` event as `part`.
        """
        listed = [{"path": file.relative_to(directory).as_posix(), "size": file.stat().st_size} for file in sorted(files)]
        part = {"v": 1, "step": self.step, "rank": self.rank, "worldSize": world_size, "files": listed}
        target = self._directory / "output" / "parts" / f"{self.step}.{self.rank}.json"
        target.parent.mkdir(parents=True, exist_ok=True)
        draft = target.with_suffix(".draft")
        draft.write_text(json.dumps(part))
        draft.replace(target)
        return target

    def end(self, reason: str) -> None:
        """completed, stopped or earlyStop: said once, as the last thing before a clean exit."""
        if not self._ended:
            self._ended = True
            self.write("end", reason=reason)

    def beat_every(self, seconds: float) -> None:
        """A thread says that the process lives, and how long ago its loop did; silent while a disk is full."""

        def beat() -> None:
            while os.getpid() == self._pid:
                try:
                    age = round(time.monotonic() - self._loop_at, 2)
                    self.write("beat", loopAgeS=age, rssBytes=_rss_bytes(), **_gpu_bytes())
                except OSError:
                    pass
                time.sleep(seconds)

        threading.Thread(target=beat, name="beat", daemon=True).start()

    def report_uncaught(self) -> None:
        """Writes `error` for what ends the interpreter or a thread, before its own report; SIGUSR2 writes the stacks of
        all threads to `stacks.RANK.txt`, even while the loop hangs in native code; a native crash leaves them in the log."""
        before, before_thread = sys.excepthook, threading.excepthook

        def hook(kind: type[BaseException], error: BaseException, trace: Optional[TracebackType]) -> None:
            self._report(kind, error, trace)
            before(kind, error, trace)

        def thread_hook(args: threading.ExceptHookArgs) -> None:
            name = args.thread.name if args.thread else "unknown"
            self._report(args.exc_type, args.exc_value or args.exc_type(), args.exc_traceback, thread=name)
            before_thread(args)

        sys.excepthook, threading.excepthook = hook, thread_hook
        self._stacks = (self._directory / f"stacks.{self.rank}.txt").open("a")
        faulthandler.register(signal.SIGUSR2, file=self._stacks, all_threads=True)
        faulthandler.enable(all_threads=True)

    def _report(
        self, kind: type[BaseException], error: BaseException, trace: Optional[TracebackType], **fields: object
    ) -> None:
        try:
            tail = "".join(traceback.format_exception(kind, error, trace))[-2000:]
            self.write("error", type=kind.__name__, message=str(error)[:500], traceback=tail, **fields)
        except Exception:  # noqa: BLE001 - the interpreter's own report must follow in any case
            pass


class Control:
    """Reads `control.json` {epoch, seq, cmd}: each command once, and only those of this attempt's epoch."""

    def __init__(self, directory: Path, epoch: int) -> None:
        self._path = Path(directory) / "control.json"
        self._epoch = epoch
        self._seen = -1

    def next(self) -> Optional[str]:
        """save, saveStop, stop or None; to be asked at the end of each step. `dump` is none of the loop's business."""
        try:
            order = json.loads(self._path.read_text())
            if order["epoch"] != self._epoch or not order["seq"] > self._seen:
                return None
            self._seen = order["seq"]
            return order["cmd"] if order["cmd"] in COMMANDS else None
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def next_for_all(self) -> Optional[str]:
        """The same on every rank, at the same step: rank 0's word. A collective call of torch.distributed, where it is in use."""
        torch = sys.modules.get("torch")
        distributed = getattr(torch, "distributed", None)
        if distributed is None or not distributed.is_available() or not distributed.is_initialized():
            return self.next()
        command = self.next() if distributed.get_rank() == 0 else None
        said = [command]
        distributed.broadcast_object_list(said, src=0)
        return said[0]


def _last_line(path: Path) -> tuple[int, bool]:
    """The next `seq`, and whether the file ends within a line: a process that starts anew goes on with the count."""
    try:
        with path.open("rb") as file:
            file.seek(max(0, os.fstat(file.fileno()).st_size - 4 * MAX_LINE_BYTES))
            lines = file.read().split(b"\n")
    except FileNotFoundError:
        return 0, False
    for line in reversed(lines[:-1]):
        try:
            return int(json.loads(line)["seq"]) + 1, lines[-1] != b""
        except (ValueError, KeyError, TypeError):
            continue
    return 0, lines[-1] != b""


def _line(event: dict[str, Any]) -> bytes:
    """Shortened until it fits: a trace loses its beginning, then every text and list its end."""
    line = _encode(event)
    for limit in (1000, 300, 100, 30):
        if len(line) <= MAX_LINE_BYTES:
            return line
        line = _encode({key: _shorten(value, limit) for key, value in event.items()})
    if len(line) <= MAX_LINE_BYTES:
        return line
    common = ("v", "run", "epoch", "rank", "seq", "ts", "ev", "step", "maxSteps", "phase")
    return _encode({key: _shorten(event[key], 100) for key in common})


def _encode(event: dict[str, Any]) -> bytes:
    return json.dumps(event, ensure_ascii=False, allow_nan=False).encode("utf-8", "replace") + b"\n"


def _shorten(value: object, limit: int) -> object:
    if isinstance(value, str):
        return value[-limit:] if value.startswith("Traceback") else value[:limit]
    if isinstance(value, dict):
        return {key: _shorten(inner, limit) for key, inner in list(value.items())[:16]}
    return value[:16] if isinstance(value, list) else value


def _plain(value: object) -> object:
    """What JSON has; numbers of numpy and torch become Python's."""
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, Mapping):
        return {str(key): _plain(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(inner) for inner in value]
    try:
        number = float(value.item() if hasattr(value, "item") else value)  # type: ignore[arg-type]
    except (TypeError, ValueError, RuntimeError):
        return str(value)
    return number if math.isfinite(number) else str(number)


def _rss_bytes() -> int:
    try:
        return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError, IndexError):
        return 0


def _gpu_bytes() -> dict[str, int]:
    """Reserved by this process on its device, where torch is loaded and uses one; nothing is imported or initialised here."""
    try:
        cuda = sys.modules["torch"].cuda
        return {"gpuBytes": int(cuda.memory_reserved())} if cuda.is_initialized() else {}
    except Exception:  # noqa: BLE001 - absent, or half imported by the main thread
        return {}
