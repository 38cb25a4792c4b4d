"""Completion order is chance, and a replay must not depend on it: threads' futures are yielded in the order of
their submission (asyncio's in ordering_tasks.py). Only where the first waits for what the program would do with
a later one, and hence for ever, does a later one come first.
"""

from __future__ import annotations

import concurrent.futures
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import Future
from typing import Any

import lineage

Futures = Iterable['Future[Any]']

# How long a wait lasts before the program is looked at: each look costs a wake-up.
FIRST_LOOK_S = 0.05
LAST_LOOK_S = 1.0


def install() -> None:
    wait_for_all = concurrent.futures.wait
    result_type = concurrent.futures._base.DoneAndNotDoneFutures  # type: ignore[attr-defined]

    def settle(futures: list[Future[Any]], deadline: float | None) -> Future[Any]:
        """The first of them, done."""
        look_s = FIRST_LOOK_S
        while not futures[0].done():
            left_s = None if deadline is None else max(0.0, deadline - time.monotonic())
            if len(futures) > 1:
                left_s = look_s if left_s is None else min(look_s, left_s)
                look_s = min(LAST_LOOK_S, 2 * look_s)
            if wait_for_all(futures[:1], left_s).done:
                break
            if deadline is not None and time.monotonic() >= deadline:
                raise concurrent.futures.TimeoutError
            later = next((future for future in futures if future.done()), None)
            if later is not None and lineage.at_rest() and not futures[0].done():
                return later
        return futures[0]

    def as_completed(fs: Futures, timeout: float | None = None) -> Iterator[Future[Any]]:
        deadline = None if timeout is None else time.monotonic() + timeout
        futures = in_order(fs)
        while futures:
            future = settle(futures, deadline)
            futures.remove(future)
            yield future

    def wait(fs: Futures, timeout: float | None = None, return_when: str = 'ALL_COMPLETED') -> Any:
        futures = in_order(fs)
        if return_when == 'ALL_COMPLETED' or not futures:
            return wait_for_all(futures, timeout)
        deadline = None if timeout is None else time.monotonic() + timeout
        done: set[Future[Any]] = set()
        while futures:
            try:
                future = settle(futures, deadline)
            except concurrent.futures.TimeoutError:
                break
            futures.remove(future)
            done.add(future)
            if return_when == 'FIRST_COMPLETED' or future.cancelled() or future.exception() is not None:
                break
        return result_type(done, set(futures))

    for module in (concurrent.futures, concurrent.futures._base):  # type: ignore[attr-defined]
        module.as_completed = as_completed
        module.wait = wait


def in_order(fs: Iterable[Any]) -> list[Any]:
    return sorted(dict.fromkeys(fs), key=lambda future: getattr(future, 'submission', ()))
