"""`asyncio.as_completed` and `asyncio.wait` in the order of submission, as ordering.py does it for threads."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Iterable, Iterator
from typing import Any

import lineage
from ordering import FIRST_LOOK_S, LAST_LOOK_S, in_order


def install() -> None:
    for module in (asyncio, asyncio.tasks):
        module.as_completed = as_completed  # type: ignore[assignment]
        module.wait = wait  # type: ignore[assignment]


class as_completed:  # noqa: N801 (the name that programs use)
    """Yields awaitables of results; with `async for` the futures themselves, as newer Pythons do."""

    def __init__(self, fs: Iterable[Awaitable[Any]], *, timeout: float | None = None) -> None:
        if asyncio.isfuture(fs) or asyncio.iscoroutine(fs):
            raise TypeError(f'expect an iterable of futures, not {type(fs).__name__}')
        loop = asyncio.get_event_loop()
        self._futures = in_order(asyncio.ensure_future(future, loop=loop) for future in dict.fromkeys(fs))
        self._left = len(self._futures)
        self._deadline = None if timeout is None else loop.time() + timeout

    def __iter__(self) -> Iterator[Any]:
        while self._left:
            self._left -= 1
            yield self._result()

    def __aiter__(self) -> AsyncIterator[Any]:
        return self

    async def __anext__(self) -> Any:
        if not self._left:
            raise StopAsyncIteration
        self._left -= 1
        return await self._next()

    async def _next(self) -> Any:
        future = await _settle(self._futures, self._deadline)
        self._futures.remove(future)
        return future

    async def _result(self) -> Any:
        return (await self._next()).result()


async def wait(
    fs: Iterable[Any], *, timeout: float | None = None, return_when: str = asyncio.ALL_COMPLETED
) -> tuple[set[Any], set[Any]]:
    if asyncio.isfuture(fs) or asyncio.iscoroutine(fs):
        raise TypeError(f'expect a list of futures, not {type(fs).__name__}')
    futures = in_order(fs)
    if not futures:
        raise ValueError('Set of Tasks/Futures is empty.')
    if any(asyncio.iscoroutine(future) for future in futures):
        raise TypeError('Passing coroutines is forbidden, use tasks explicitly.')
    if return_when not in (asyncio.FIRST_COMPLETED, asyncio.FIRST_EXCEPTION, asyncio.ALL_COMPLETED):
        raise ValueError(f'Invalid return_when value: {return_when}')
    deadline = None if timeout is None else asyncio.get_running_loop().time() + timeout
    done: set[Any] = set()
    while futures:
        try:
            future = await _settle(futures, deadline)
        except asyncio.TimeoutError:
            if return_when == asyncio.ALL_COMPLETED:
                done.update(future for future in futures if future.done())
            break
        futures.remove(future)
        done.add(future)
        if return_when == asyncio.FIRST_COMPLETED:
            break
        failed = not future.cancelled() and future.exception() is not None
        if return_when == asyncio.FIRST_EXCEPTION and failed:
            break
    return done, set(futures) - done


async def _settle(futures: list[Any], deadline: float | None) -> Any:
    """The first of them, done; none is cancelled when the wait is."""
    loop = asyncio.get_running_loop()
    look_s = FIRST_LOOK_S
    first = futures[0]
    while not first.done():
        until = deadline
        if len(futures) > 1:
            look_at = loop.time() + look_s
            look_s = min(LAST_LOOK_S, 2 * look_s)
            until = look_at if deadline is None else min(look_at, deadline)
        if await _done_until(first, until):
            break
        if deadline is not None and loop.time() >= deadline:
            raise asyncio.TimeoutError
        later = next((future for future in futures if future.done()), None)
        if later is not None and _has_nothing_to_do(loop) and lineage.at_rest():
            return later
    return first


def _has_nothing_to_do(loop: Any) -> bool:
    return not loop._ready and all(timer.cancelled() for timer in loop._scheduled)


async def _done_until(future: Any, until: float | None) -> bool:
    loop = asyncio.get_running_loop()
    woken = loop.create_future()

    def wake(*_: Any) -> None:
        if not woken.done():
            woken.set_result(None)

    timer = None if until is None else loop.call_at(until, wake)
    future.add_done_callback(wake)
    try:
        await woken
    finally:
        if timer is not None:
            timer.cancel()
        future.remove_done_callback(wake)
    return bool(future.done())
