"""The guest's end of the control socket: JSON lines. The protocol is described in ../frames.ts.

A program without threads reads its own answers. Once it starts a thread, one reader serves all lines of work,
and tells the host when the whole process has come to rest while calls are open ({"t": "idle", "answered": N},
N being the answers seen).
"""

from __future__ import annotations

import _thread
import concurrent.futures.thread
import itertools
import json
import os
import select
import selectors
import sys
import threading
import time
from typing import Any

# The process is at rest when its other threads used no CPU for some ticks: few when each is known to wait, more
# when one may be computing and merely was not given the CPU, or sleeps.
_TICK_MS = 2
_QUIET_CPU_NS = 50_000
_TICKS_WAITING = 2
_TICKS_UNKNOWN = 25
_WAITING_IN = {__file__, concurrent.futures.thread.__file__, selectors.__file__, threading.__file__}


_encode = json.JSONEncoder(separators=(',', ':')).encode
_decode = json.JSONDecoder().raw_decode


class Channel:
    def __init__(self) -> None:
        self.begin(-1)

    def begin(self, descriptor: int) -> None:
        self.descriptor = descriptor
        self._rest = bytearray()
        self._write_lock = _thread.allocate_lock()
        self._alone_lock = _thread.allocate_lock()
        self._threaded = False
        self._ids = itertools.count(1)
        self._open: dict[int, _Call] = {}
        self._wake = (-1, -1)
        self._answered = 0
        self._looks: dict[int, int] = {}

    def send(self, frame: dict[str, Any]) -> None:
        self.write(_encode(frame).encode() + b'\n')

    def write(self, line: bytes) -> None:
        data = memoryview(line)
        with self._write_lock:
            while data:
                data = data[os.write(self.descriptor, data) :]

    def receive(self) -> dict[str, Any]:
        """The next frame; ends the process when the host has closed the socket."""
        while True:
            end = self._rest.find(b'\n')
            if end >= 0:
                frame: dict[str, Any] = _decode(self._rest[:end].decode())[0]
                del self._rest[: end + 1]
                return frame
            self._read()

    def call(
        self, lineage: str, method: str, arguments: dict[str, Any], site: tuple[int, ...] = ()
    ) -> dict[str, Any]:
        """Waits for the host's answer: {"ok": true, "value"} or {"ok": false, "error"}."""
        frame = {'t': 'call', 'lineage': lineage, 'method': method, 'args': arguments, 'site': site}
        if not self._threaded:
            with self._alone_lock:
                if not self._threaded:
                    return self._call_alone(frame)
        call = _Call()
        number = next(self._ids)
        self._open[number] = call
        self.send({**frame, 'id': number})
        os.write(self._wake[1], b'.')
        call.answered.acquire()
        return call.reply

    def become_threaded(self) -> None:
        if self._threaded:
            return
        with self._alone_lock:
            if self._threaded:
                return
            self._wake = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
            _thread.start_new_thread(self._serve_answers, ())
            self._threaded = True

    def at_rest(self) -> bool:
        """Whether no call is open and all other threads wait, and have since this thread last asked."""
        me = _thread.get_ident()
        used_ns = time.process_time_ns() - time.thread_time_ns()
        before_ns = self._looks.get(me, 0)
        self._looks[me] = used_ns
        return not self._open and used_ns - before_ns < _QUIET_CPU_NS and _all_wait()

    def _call_alone(self, frame: dict[str, Any]) -> dict[str, Any]:
        number = next(self._ids)
        self.send({**frame, 'id': number, 'alone': True})
        while True:
            reply = self.receive()
            if reply.get('id') == number:
                self._answered += 1
                return reply

    def _serve_answers(self) -> None:
        poll = select.poll()
        poll.register(self.descriptor, select.POLLIN)
        poll.register(self._wake[0], select.POLLIN)
        resting = False
        quiet_ticks = 0
        before_ns = 0
        while True:
            events = poll.poll(None if resting or not self._open else _TICK_MS)
            for descriptor, _ in events:
                if descriptor == self.descriptor:
                    self._read()
                    self._deliver()
                else:
                    os.read(self._wake[0], 4096)
                resting = False
            now_ns = time.process_time_ns() - time.thread_time_ns()
            quiet_ticks = 0 if events or now_ns - before_ns > _QUIET_CPU_NS else quiet_ticks + 1
            before_ns = now_ns
            if self._open and quiet_ticks >= (_TICKS_WAITING if _all_wait() else _TICKS_UNKNOWN):
                resting = True
                quiet_ticks = 0
                self.send({'t': 'idle', 'answered': self._answered})

    def _read(self) -> None:
        data = os.read(self.descriptor, 1 << 16)
        if not data:
            os._exit(0)
        self._rest += data

    def _deliver(self) -> None:
        while (end := self._rest.find(b'\n')) >= 0:
            reply = json.loads(self._rest[:end])
            del self._rest[: end + 1]
            call = self._open.pop(reply.get('id'), None)
            if call is not None:
                self._answered += 1
                call.reply = reply
                call.answered.release()


def _all_wait() -> bool:
    """Whether every other thread stands in a function that waits: for an answer, a job or another thread."""
    frames = sys._current_frames()
    del frames[_thread.get_ident()]
    return all(frame.f_code.co_filename in _WAITING_IN for frame in frames.values())


class _Call:
    __slots__ = ('answered', 'reply')

    def __init__(self) -> None:
        self.answered = _thread.allocate_lock()
        self.answered.acquire()
        self.reply: dict[str, Any] = {}
