"""Completion order is chance, and a replay must not depend on it: futures are yielded in the order of their
submission.
"""

from __future__ import annotations

import concurrent.futures
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import Future
from typing import Any

Futures = Iterable['Future[Any]']


def install() -> None:
    wait_for_all = concurrent.futures.wait
    result_type = concurrent.futures._base.DoneAndNotDoneFutures  # type: ignore[attr-defined]

    def as_completed(fs: Futures, timeout: float | None = None) -> Iterator[Future[Any]]:
        deadline = None if timeout is None else time.monotonic() + timeout
        for future in _in_order(fs):
            _await(future, deadline)
            yield future

    def wait(fs: Futures, timeout: float | None = None, return_when: str = 'ALL_COMPLETED') -> Any:
        futures = _in_order(fs)
        if return_when == 'ALL_COMPLETED' or not futures:
            return wait_for_all(futures, timeout)
        deadline = None if timeout is None else time.monotonic() + timeout
        done: set[Future[Any]] = set()
        for future in futures:
            try:
                _await(future, deadline)
            except concurrent.futures.TimeoutError:
                break
            done.add(future)
            if return_when == 'FIRST_COMPLETED' or future.cancelled() or future.exception() is not None:
                break
        return result_type(done, set(futures) - done)

    for module in (concurrent.futures, concurrent.futures._base):  # type: ignore[attr-defined]
        module.as_completed = as_completed
        module.wait = wait


def _in_order(fs: Futures) -> list[Future[Any]]:
    return sorted(set(fs), key=lambda future: getattr(future, 'submission', -1))


def _await(future: Future[Any], deadline: float | None) -> None:
    """Waits until the future is done, whatever its outcome."""
    try:
        future.exception(None if deadline is None else max(0.0, deadline - time.monotonic()))
    except concurrent.futures.CancelledError:
        pass
    except concurrent.futures.TimeoutError:
        if not future.done():
            raise
