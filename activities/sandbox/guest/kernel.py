"""Functions of the C library that Python's own lacks. A failure is an OSError that names the step."""

from __future__ import annotations

import ctypes
import fcntl
import os
import signal
from collections.abc import Callable

libc = ctypes.CDLL(None, use_errno=True)
# Keeps the interpreter lock held: a process must not be cloned while another thread could run.
locked_libc = ctypes.PyDLL(None, use_errno=True)

_SIGNAL_SET_BYTES = 128

Argument = int | bytes | ctypes.Array[ctypes.c_char]


class Call:
    """A call with its arguments: made in the zygote, carried out in each child. What a child computes for
    itself costs it a copy of each page that it touches.
    """

    __slots__ = ('_arguments', '_expected', '_function', '_step')

    def __init__(
        self, step: str, function: Callable[..., int], *arguments: Argument, expected: int | None = None
    ) -> None:
        """`expected`: the only result that is no failure; without it, all but negative ones are good."""
        self._step = step
        self._function = function
        self._arguments = [ctypes.c_long(each) if isinstance(each, int) else each for each in arguments]
        self._expected = expected

    def __call__(self) -> int:
        result = self._function(*self._arguments)
        if result < 0 or (self._expected is not None and result != self._expected):
            number = ctypes.get_errno()
            raise OSError(number, f'{self._step}: {os.strerror(number) if result < 0 else f"got {result}"}')
        return result


def system_call(step: str, number: int, *arguments: Argument, expected: int | None = None) -> Call:
    return Call(step, libc.syscall, number, *arguments, expected=expected)


def prctl(step: str, option: int, argument: int) -> Call:
    return Call(step, libc.prctl, option, argument, 0, 0, 0)


def open_from(lowest: int, path: str, flags: int) -> int:
    """Opens a path under the lowest free number from `lowest` on."""
    opened = os.open(path, flags | os.O_CLOEXEC)
    number = fcntl.fcntl(opened, fcntl.F_DUPFD_CLOEXEC, lowest)
    os.close(opened)
    return number


def signals_as_descriptor(number: int) -> int:
    """Blocks a signal of this process; each that comes makes the descriptor readable."""
    mask = (1 << (number - 1)).to_bytes(_SIGNAL_SET_BYTES, 'little')
    signal.pthread_sigmask(signal.SIG_BLOCK, [number])
    return Call('signalfd', libc.signalfd, -1, mask, os.O_NONBLOCK | os.O_CLOEXEC)()


def unblock_signals() -> Call:
    return Call('unblock signals', libc.sigprocmask, signal.SIG_SETMASK, bytes(_SIGNAL_SET_BYTES), 0)


def close(descriptor: int) -> Call:
    return Call(f'close {descriptor}', libc.close, descriptor)


def close_all(first: int, end: int) -> Call:
    return Call('close descriptors', _close_all, first, end)


def _close_all(first: ctypes.c_long, end: ctypes.c_long) -> int:
    os.closerange(first.value, end.value)
    return 0
