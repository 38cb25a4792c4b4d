"""All randomness and the start of the clock come from the execution's seed, per line of work, so that a
replay repeats itself. The machine has the same name wherever a program runs.
"""

from __future__ import annotations

import hashlib
import os
import random
import socket
import time
import uuid
from collections.abc import Callable
from typing import Any

import lineage

_seed = ''
_start_ns: int | None = None
_zero_ns = 0

_real_random = random.Random
_real_seed = random.Random.seed
_real_time = time.time
_real_time_ns = time.time_ns


def begin(seed: str, started_at_ms: int) -> None:
    global _seed, _start_ns, _zero_ns
    _seed = seed
    _zero_ns = time.monotonic_ns()
    _start_ns = started_at_ms * 1_000_000


def install() -> None:
    """Patches names; nothing is drawn before `begin`."""
    hidden = random._inst  # type: ignore[attr-defined]
    for name in dir(hidden):
        if not name.startswith('_') and getattr(getattr(random, name, None), '__self__', None) is hidden:
            setattr(random, name, _dispatch(name))
    random.Random.seed = _seeded  # type: ignore[method-assign]
    random._urandom = urandom  # type: ignore[attr-defined]
    os.urandom = urandom
    os.getrandom = lambda size, flags=0: urandom(size)
    uuid._generate_time_safe = None  # type: ignore[attr-defined]
    uuid._node = 0x02_00_00_00_00_01  # type: ignore[attr-defined]
    machine = os.uname_result(('Linux', 'sandbox', '', '', os.uname().machine))
    os.uname = lambda: machine
    socket.gethostname = lambda: machine.nodename
    time.time = _time
    time.time_ns = _time_ns
    for name in ('localtime', 'gmtime', 'ctime'):
        setattr(time, name, _from_now(getattr(time, name)))
    format_time = time.strftime
    time.strftime = lambda format, at=None: format_time(format, time.localtime() if at is None else at)


def numbers() -> random.Random:
    """The generator behind the functions of module `random`, for the current line."""
    line = lineage.current()
    if line.random is None:
        line.random = _real_random(f'{_seed}/{line.path}')
    return line.random  # type: ignore[no-any-return]


def urandom(size: int) -> bytes:
    line = lineage.current()
    if line.entropy is None:
        line.entropy = [hashlib.sha256(f'{_seed}/{line.path}/entropy'.encode()).digest(), 0]
    key, counter = line.entropy
    line.entropy[1] = counter + 1
    return hashlib.shake_256(key + counter.to_bytes(8, 'big')).digest(size)


def _dispatch(name: str) -> Callable[..., Any]:
    def function(*arguments: Any, **named: Any) -> Any:
        return getattr(numbers(), name)(*arguments, **named)

    function.__name__ = name
    return function


def _seeded(self: random.Random, a: Any = None, version: int = 2) -> None:
    """`Random()` without a seed draws one from the line's source instead of the kernel's."""
    _real_seed(self, int.from_bytes(urandom(32), 'big') if a is None else a, version)


def _time_ns() -> int:
    return _real_time_ns() if _start_ns is None else _start_ns + time.monotonic_ns() - _zero_ns


def _time() -> float:
    return _real_time() if _start_ns is None else _time_ns() / 1e9


def _from_now(function: Callable[..., Any]) -> Callable[..., Any]:
    def at(seconds: float | None = None) -> Any:
        return function(_time() if seconds is None else seconds)

    at.__name__ = function.__name__
    return at
