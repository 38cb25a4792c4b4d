"""System calls that Python's standard library lacks. A failure is an OSError that names the step."""

from __future__ import annotations

import ctypes
import os

libc = ctypes.CDLL(None, use_errno=True)
# Keeps the interpreter lock held: a process must not be cloned while another thread could run.
locked_libc = ctypes.PyDLL(None, use_errno=True)


def system_call(step: str, number: int, *arguments: int | bytes | ctypes.Array[ctypes.c_char]) -> int:
    values = [ctypes.c_long(value) if isinstance(value, int) else value for value in arguments]
    return _checked(step, libc.syscall(ctypes.c_long(number), *values))


def prctl(step: str, option: int, *arguments: int) -> int:
    padded = [ctypes.c_ulong(value) for value in (*arguments, 0, 0, 0, 0)[:4]]
    return _checked(step, libc.prctl(option, *padded))


def mount(step: str, target: bytes, kind: bytes, flags: int, options: bytes) -> None:
    _checked(step, libc.mount(kind, target, kind, ctypes.c_ulong(flags), options))


def _checked(step: str, result: int) -> int:
    if result == -1:
        number = ctypes.get_errno()
        raise OSError(number, f'{step}: {os.strerror(number)}')
    return result
