"""All randomness comes from the execution's seed, per line of work, so that a replay repeats itself. The machine
has the same name wherever a program runs, and its clock the same start.
"""

from __future__ import annotations

import hashlib
import os
import random
import socket
import uuid
from collections.abc import Callable
from typing import Any

import clock
import lineage

_seed = ''

_real_random = random.Random
_real_seed = random.Random.seed


def begin(seed: str, started_at_ms: int) -> None:
    global _seed
    _seed = seed
    clock.begin(started_at_ms)


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
    clock.install()


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
