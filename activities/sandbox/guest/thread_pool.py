"""`multiprocessing.pool.ThreadPool` and `multiprocessing.dummy.Pool` over a ThreadPoolExecutor: the standard ones
want semaphores in /dev/shm, and hand jobs to whichever thread is free, which no replay could name.
"""

from __future__ import annotations

import concurrent.futures
import multiprocessing.dummy
import multiprocessing.pool
import os
import threading
from collections.abc import Callable, Iterable, Iterator
from typing import Any


def install() -> None:
    multiprocessing.pool.ThreadPool = ThreadPool  # type: ignore[assignment,misc]
    multiprocessing.dummy.Pool = ThreadPool  # type: ignore[assignment]


class ThreadPool:
    def __init__(
        self,
        processes: int | None = None,
        initializer: Callable[..., Any] | None = None,
        initargs: Iterable[Any] = (),
    ) -> None:
        if processes is not None and processes < 1:
            raise ValueError('Number of processes must be at least 1')
        size = processes or os.cpu_count() or 1
        self._pool = concurrent.futures.ThreadPoolExecutor(size, '', initializer, tuple(initargs))

    def apply(self, func: Callable[..., Any], args: Any = (), kwds: Any = None) -> Any:
        return self.apply_async(func, args, kwds).get()

    def apply_async(
        self, func: Any, args: Any = (), kwds: Any = None, callback: Any = None, error_callback: Any = None
    ) -> _Result:
        job = self._pool.submit(func, *args, **(kwds or {}))
        return _Result([job], lambda values: values[0], callback, error_callback)

    def map(
        self, func: Callable[..., Any], iterable: Iterable[Any], chunksize: int | None = None
    ) -> list[Any]:
        return self.map_async(func, iterable).get()  # type: ignore[no-any-return]

    def map_async(
        self,
        func: Any,
        iterable: Any,
        chunksize: int | None = None,
        callback: Any = None,
        error_callback: Any = None,
    ) -> _Result:
        return _Result([self._pool.submit(func, item) for item in iterable], list, callback, error_callback)

    def starmap(self, func: Any, iterable: Iterable[Any], chunksize: int | None = None) -> list[Any]:
        return self.starmap_async(func, iterable).get()  # type: ignore[no-any-return]

    def starmap_async(
        self,
        func: Any,
        iterable: Any,
        chunksize: int | None = None,
        callback: Any = None,
        error_callback: Any = None,
    ) -> _Result:
        return _Result(
            [self._pool.submit(func, *items) for items in iterable], list, callback, error_callback
        )

    def imap(self, func: Any, iterable: Iterable[Any], chunksize: int = 1) -> Iterator[Any]:
        jobs = [self._pool.submit(func, item) for item in iterable]
        return (job.result() for job in jobs)

    imap_unordered = imap  # in order of submission, as `as_completed` is: replays need it

    def close(self) -> None:
        self._pool.shutdown(wait=False)

    def terminate(self) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)

    def join(self) -> None:
        self._pool.shutdown(wait=True)

    def __enter__(self) -> ThreadPool:
        return self

    def __exit__(self, *_: object) -> None:
        self.terminate()


class _Result:
    """As `multiprocessing.pool.AsyncResult`."""

    def __init__(
        self, jobs: list[Any], join: Callable[[list[Any]], Any], callback: Any, error_callback: Any
    ) -> None:
        self._jobs = jobs
        self._join = join
        self._left = len(jobs)
        self._lock = threading.Lock()
        self._callback = callback
        self._error_callback = error_callback
        self._told = threading.Event()  # callbacks come first, then whoever waits
        if not jobs:
            self._told.set()
        for job in jobs:
            job.add_done_callback(self._count)

    def get(self, timeout: float | None = None) -> Any:
        self.wait(timeout)
        if not self.ready():
            raise multiprocessing.TimeoutError
        return self._join([job.result() for job in self._jobs])

    def wait(self, timeout: float | None = None) -> None:
        self._told.wait(timeout)

    def ready(self) -> bool:
        return self._told.is_set()

    def successful(self) -> bool:
        if not self.ready():
            raise ValueError(f'{self!r} not ready')
        return all(job.exception() is None for job in self._jobs)

    def _count(self, _: Any) -> None:
        with self._lock:
            self._left -= 1
            if self._left:
                return
        errors = [error for job in self._jobs if (error := job.exception())]
        try:
            if errors and self._error_callback:
                self._error_callback(errors[0])
            elif not errors and self._callback:
                self._callback(self._join([job.result() for job in self._jobs]))
        finally:
            self._told.set()
