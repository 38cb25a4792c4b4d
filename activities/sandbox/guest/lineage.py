"""Names the line of work that makes a host call: "0" is the main thread, "0.2" the third thread, pooled job
or task it started.

A line is counted where the work is submitted, never where it happens to run, so that a replay finds the same
names. Executors' worker threads have no line of their own.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import functools
import itertools
import threading
from collections.abc import Callable
from concurrent.futures import thread as pool
from contextvars import ContextVar
from typing import Any

import call_site
from channel import Channel

# The kernel's own limit answers only when a thread has half begun, and then Python waits for it for ever.
MAX_THREADS = 60


class Line:
    __slots__ = ('arrays', 'entropy', 'origin', 'path', 'random', '_children')

    def __init__(self, path: str, origin: tuple[int, ...] = ()) -> None:
        self.path = path
        self.origin = origin  # the lines from which it was submitted
        self.random: Any = None  # of seeding.py
        self.entropy: Any = None
        self.arrays: Any = None  # of science.py
        self._children = itertools.count()

    def child(self) -> Line:
        return Line(f'{self.path}.{next(self._children)}', self.site())

    def site(self) -> tuple[int, ...]:
        return (*call_site.lines(), *self.origin)[: call_site.MAX_LINES]


_main = Line('0')
_current: ContextVar[Line] = ContextVar('line')
_submissions = itertools.count()


def current() -> Line:
    return _current.get(_main)


def run_as(line: Line, work: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
    token = _current.set(line)
    try:
        return work(*arguments, **named)
    finally:
        _current.reset(token)


def install(channel: Channel) -> None:
    """Patches where Python starts work: threads, executors and asyncio tasks."""
    start_thread = threading.Thread.start
    submit_job = concurrent.futures.ThreadPoolExecutor.submit
    create_task = asyncio.BaseEventLoop.create_task

    @functools.wraps(start_thread)
    def start(self: threading.Thread) -> None:
        channel.become_threaded()
        if threading.active_count() >= MAX_THREADS:
            raise RuntimeError(f"can't start new thread: {MAX_THREADS} are running")
        is_pool_worker = getattr(self, '_target', None) is pool._worker
        if not is_pool_worker and not self._started.is_set():  # type: ignore[attr-defined]
            self.run = functools.partial(run_as, current().child(), self.run)  # type: ignore[method-assign]
        start_thread(self)

    @functools.wraps(submit_job)
    def submit(self: Any, work: Any, /, *arguments: Any, **named: Any) -> Any:
        future = submit_job(self, run_as, current().child(), work, *arguments, **named)
        future.submission = next(_submissions)  # type: ignore[attr-defined]
        return future

    @functools.wraps(create_task)
    def task(self: Any, coroutine: Any, **named: Any) -> Any:
        line = current().child()
        context = named.get('context')
        if context is not None:
            context.run(_current.set, line)
            return create_task(self, coroutine, **named)
        token = _current.set(line)  # a task copies the context in which it is made
        try:
            return create_task(self, coroutine, **named)
        finally:
            _current.reset(token)

    threading.Thread.start = start  # type: ignore[method-assign]
    concurrent.futures.ThreadPoolExecutor.submit = submit  # type: ignore[method-assign]
    asyncio.BaseEventLoop.create_task = task  # type: ignore[method-assign]
