"""Names the line of work that makes a host call: "0" is the main thread, "0.2" the third thread, pooled job
or task it started.

A line is counted where the work is submitted, never where it happens to run, so that a replay finds the same
names. Executors' worker threads have no line of their own.
"""

from __future__ import annotations

import asyncio
import asyncio.threads
import concurrent.futures
import contextvars
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
    __slots__ = ('arrays', 'entropy', 'origin', 'path', 'random', '_children', '_submissions')

    def __init__(self, path: str, origin: tuple[int, ...] = ()) -> None:
        self.path = path
        self.origin = origin  # the lines from which it was submitted
        self.random: Any = None  # of seeding.py
        self.entropy: Any = None
        self.arrays: Any = None  # of science.py
        self._children = itertools.count()
        self._submissions = itertools.count()

    def child(self) -> Line:
        return Line(f'{self.path}.{next(self._children)}', self.site())

    def submission(self) -> tuple[int, ...]:
        """Sorts what was submitted, by which lines whatsoever, in an order that no race decides."""
        return (*map(int, self.path.split('.')), next(self._submissions))

    def site(self) -> tuple[int, ...]:
        return (*call_site.lines(), *self.origin)[: call_site.MAX_LINES]


_main = Line('0')
_channel: Channel
_current: ContextVar[Line] = ContextVar('line')


def at_rest() -> bool:
    return _channel.at_rest()


def current() -> Line:
    return _current.get(_main)


def run_as(line: Line, work: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
    token = _current.set(line)
    try:
        return work(*arguments, **named)
    finally:
        _current.reset(token)


def install(channel: Channel) -> None:
    """Patches where Python starts work: threads, executors, callbacks and asyncio tasks."""
    global _channel
    _channel = channel
    start_thread = threading.Thread.start
    submit_job = concurrent.futures.ThreadPoolExecutor.submit
    add_callback = concurrent.futures.Future.add_done_callback
    create_task = asyncio.BaseEventLoop.create_task
    create_future = asyncio.BaseEventLoop.create_future

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
        line = current()
        future = submit_job(self, run_as, line.child(), work, *arguments, **named)
        future.submission = line.submission()  # type: ignore[attr-defined]
        return future

    @functools.wraps(add_callback)
    def add_done_callback(self: Any, callback: Any) -> None:
        """It runs in the thread that comes last, and is counted where it is added."""
        add_callback(self, functools.partial(run_as, current().child(), callback))

    @functools.wraps(create_task)
    def task(self: Any, coroutine: Any, **named: Any) -> Any:
        submission = current().submission()
        line = current().child()
        context = named.get('context')
        if context is not None:
            context.run(_current.set, line)
            made = create_task(self, coroutine, **named)
        else:
            token = _current.set(line)  # a task copies the context in which it is made
            try:
                made = create_task(self, coroutine, **named)
            finally:
                _current.reset(token)
        made.submission = submission  # type: ignore[attr-defined]
        return made

    @functools.wraps(create_future)
    def future(self: Any) -> Any:
        made = create_future(self)
        made.submission = current().submission()  # type: ignore[attr-defined]
        return made

    @functools.wraps(asyncio.to_thread)
    async def to_thread(work: Any, /, *arguments: Any, **named: Any) -> Any:
        """The job has the context of its task, but a line of its own: the task may go on without it."""
        context = contextvars.copy_context()
        job = functools.partial(context.run, run_as, current().child(), work, *arguments, **named)
        return await asyncio.get_running_loop().run_in_executor(None, job)

    threading.Thread.start = start  # type: ignore[method-assign]
    concurrent.futures.ThreadPoolExecutor.submit = submit  # type: ignore[method-assign]
    concurrent.futures.Future.add_done_callback = add_done_callback  # type: ignore[method-assign]
    asyncio.BaseEventLoop.create_task = task  # type: ignore[method-assign]
    asyncio.BaseEventLoop.create_future = future  # type: ignore[method-assign]
    asyncio.to_thread = asyncio.threads.to_thread = to_thread
