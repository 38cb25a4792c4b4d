"""asyncio wakes its loop through a socket pair, which the sandbox denies: a pipe does the same. Its tasks are
waited for in the order of their submission.
"""

from __future__ import annotations

import asyncio
import os
from asyncio import selector_events
from typing import Any

import ordering_tasks


class PipeEnd:
    """As much of a socket as the loop uses."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def fileno(self) -> int:
        return self._descriptor

    def recv(self, size: int) -> bytes:
        return os.read(self._descriptor, size)

    def send(self, data: bytes) -> int:
        return os.write(self._descriptor, data)

    def close(self) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


def install() -> None:
    def make_self_pipe(self: Any) -> None:
        read_end, write_end = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        self._ssock, self._csock = PipeEnd(read_end), PipeEnd(write_end)
        self._internal_fds += 1
        self._add_reader(read_end, self._read_from_self)

    selector_events.BaseSelectorEventLoop._make_self_pipe = make_self_pipe  # type: ignore[attr-defined]
    ordering_tasks.install()
    assert issubclass(asyncio.SelectorEventLoop, selector_events.BaseSelectorEventLoop)
