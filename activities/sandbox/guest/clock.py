"""The clock starts at the execution's recorded start, each time the program runs, and goes on from there: `time`
and `datetime` tell the same. What measures durations (`monotonic`, `perf_counter`) is left alone.
"""

from __future__ import annotations

import datetime
import time
from collections.abc import Callable
from typing import Any

_start_ns: int | None = None
_zero_ns = 0

_real_time_ns = time.time_ns
_date, _datetime = datetime.date, datetime.datetime


def begin(started_at_ms: int) -> None:
    global _start_ns, _zero_ns
    _zero_ns = time.monotonic_ns()
    _start_ns = started_at_ms * 1_000_000


def install() -> None:
    time.time = _time
    time.time_ns = _time_ns
    for name in ('localtime', 'gmtime', 'ctime'):
        setattr(time, name, _from_now(getattr(time, name)))
    format_time = time.strftime
    time.strftime = lambda format, at=None: format_time(format, time.localtime() if at is None else at)
    for replaced, made in ((_date, Date), (_datetime, DateTime)):
        made.__name__ = made.__qualname__ = replaced.__name__
        made.__module__ = 'datetime'
        setattr(datetime, replaced.__name__, made)


def _time_ns() -> int:
    return _real_time_ns() if _start_ns is None else _start_ns + time.monotonic_ns() - _zero_ns


def _time() -> float:
    return _time_ns() / 1e9


def _from_now(function: Callable[..., Any]) -> Callable[..., Any]:
    def at(seconds: float | None = None) -> Any:
        return function(_time() if seconds is None else seconds)

    at.__name__ = function.__name__
    return at


class _StandsFor(type):
    """Types made in C cannot be changed. Their stand-ins pass for them, also for objects that C has made."""

    stood_for: type | None = None

    def __instancecheck__(cls, instance: object) -> bool:
        return cls.__subclasscheck__(type(instance))

    def __subclasscheck__(cls, other: type) -> bool:
        stood_for = cls.__dict__.get('stood_for')
        return super().__subclasscheck__(other) if stood_for is None else issubclass(other, stood_for)


class Date(_date, metaclass=_StandsFor):
    stood_for = _date

    @classmethod
    def today(cls) -> Any:
        return cls.fromtimestamp(_time())

    def __repr__(self) -> str:
        return _long_name(super().__repr__())


class DateTime(_datetime, metaclass=_StandsFor):
    stood_for = _datetime

    @classmethod
    def now(cls, tz: datetime.tzinfo | None = None) -> Any:
        return cls.fromtimestamp(_time(), tz)

    @classmethod
    def utcnow(cls) -> Any:
        return cls.fromtimestamp(_time(), datetime.timezone.utc).replace(tzinfo=None)

    @classmethod
    def today(cls) -> Any:
        return cls.now()

    def __repr__(self) -> str:
        return _long_name(super().__repr__())


# Programs hold the stand-ins; what C makes may be the real ones.
DATES = (_date, Date)
DATETIMES = (_datetime, DateTime)


def _long_name(text: str) -> str:
    return f'datetime.{text}' if text.startswith(('date(', 'datetime(')) else text
