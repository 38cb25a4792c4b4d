"""Values in a plain form, as JSON text: what crosses between code under test and its tests.

Only what a value holds crosses, never what its class says of it: of a subclass of int, the number. Whatever
has no plain form becomes `Opaque`, which equals nothing.
"""

from __future__ import annotations

import collections
import datetime
import decimal
import fractions
import itertools
import json
import re
import sys
from collections.abc import Callable
from typing import Any

import clock

TEXT_CHARS = 4 << 20
_NODES = 1_000_000
_DEPTH = 200
_ITERATED = 10_000
_JSON_INT_BITS = 1_000


class NotPlain(Exception):
    """A value without a plain form."""


class OutOfReach(BaseException):
    """Whoever looks at an `Opaque` wants more than is known of it. Not an Exception: no test shall catch
    it.
    """


class Opaque:
    """Stands for such a value: all that is known is the name of its type. It equals no plain value, and
    lacks what plain values have: then it is simply wrong. Anything else that is asked of it is out of
    reach.
    """

    __slots__ = ('type_name',)
    asked = 0  # how often something was out of reach, should a test swallow even that

    def __init__(self, type_name: str) -> None:
        self.type_name = type_name

    def __repr__(self) -> str:
        return f'<{self.type_name}>'

    def __eq__(self, other: object) -> bool:
        return self is other or (type(other) is Opaque and self._reach())

    __hash__ = object.__hash__

    def __call__(self, *_arguments: Any, **_named: Any) -> Any:
        return self._reach()

    def __getattr__(self, name: str) -> Any:
        if name in _PLAIN_ATTRIBUTES or name.startswith('__'):
            raise AttributeError(f'a value of type {self.type_name} has no {name} here')
        return self._reach()

    def _reach(self) -> Any:
        Opaque.asked += 1
        raise OutOfReach


_PLAIN_ATTRIBUTES = {
    name for kind in (int, float, complex, str, bytes, list, tuple, dict, set, range) for name in dir(kind)
}


def dumps(value: Any, strict: bool) -> str:
    """`strict` raises NotPlain for what `Opaque` would stand for, and for subclasses."""
    text = json.dumps(_Encoder(strict).encode(value, 0), separators=(',', ':'))
    if len(text) > TEXT_CHARS:
        if strict:
            raise NotPlain('too large')
        return json.dumps({'t': 'opaque', 'v': f'{type(value).__name__}, too large'})
    return text


def loads(text: str) -> Any:
    """Raises ValueError, TypeError or RecursionError for text that `dumps` would not write."""
    return _decode(json.loads(text))


_EXACT: dict[type, Callable[[Any], Any]] = {
    complex: lambda value: [value.real, value.imag],
    bytes: lambda value: value.hex(),
    bytearray: lambda value: value.hex(),
    range: lambda value: [value.start, value.stop, value.step],
    fractions.Fraction: lambda value: [hex(value.numerator), hex(value.denominator)],
    decimal.Decimal: str,
    **dict.fromkeys(clock.DATETIMES, datetime.datetime.isoformat),
    **dict.fromkeys(clock.DATES, datetime.date.isoformat),
    datetime.time: datetime.time.isoformat,
    datetime.timedelta: lambda value: [value.days, value.seconds, value.microseconds],
}
_LISTS: tuple[type, ...] = (tuple, set, frozenset, collections.deque)
_PAIRS: dict[type, str] = {
    dict: 'dict',
    collections.OrderedDict: 'OrderedDict',
    collections.Counter: 'Counter',
    collections.defaultdict: 'dict',
}
_VIEWS: dict[type, str] = {type({}.keys()): 'keys', type({}.values()): 'values', type({}.items()): 'items'}
_ITERATORS: set[type] = {
    *(type(iter(empty)) for empty in ([], (), {}, set(), '', range(0), b'', {}.values(), {}.items())),
    *(type(value) for value in ((_ for _ in ()), reversed([]), reversed({}), iter(int, 0))),
    *(map, filter, zip, enumerate),
    *(kind for kind in vars(itertools).values() if isinstance(kind, type)),
}
# What a subclass holds, read by the base's own method.
_BASES: tuple[tuple[type, Callable[[Any], Any]], ...] = (
    (int, int.__int__),
    (float, float.__float__),
    (str, str.__str__),
    (tuple, lambda value: tuple(tuple.__iter__(value))),
    (list, lambda value: list(list.__iter__(value))),
    (dict, lambda value: dict(dict.items(value))),
    (set, lambda value: set(set.__iter__(value))),
    (frozenset, lambda value: frozenset(frozenset.__iter__(value))),
)


class _Encoder:
    def __init__(self, strict: bool) -> None:
        self.strict = strict
        self.nodes = 0

    def encode(self, value: Any, depth: int) -> Any:
        kind = type(value)
        self.nodes += 1
        if self.nodes > _NODES or depth > _DEPTH:
            return self.opaque('a value too large or nested too deeply')
        if value is None or kind is bool or kind is str or kind is float:
            return value
        if kind is int:
            return value if value.bit_length() <= _JSON_INT_BITS else {'t': 'int', 'v': hex(value)}
        if kind is list:
            return self.items(value, depth)
        if kind in _LISTS:
            return {'t': kind.__name__, 'v': self.items(value, depth)}
        if kind in _PAIRS:
            return {'t': _PAIRS[kind], 'v': self.items(value.items(), depth)}
        if kind in _EXACT:
            return {'t': kind.__name__, 'v': _EXACT[kind](value)}
        if kind in _VIEWS:
            return {'t': _VIEWS[kind], 'v': self.items(value, depth)}
        return self.opaque(kind.__name__) if self.strict else self.uncommon(value, kind, depth)

    def items(self, values: Any, depth: int) -> list[Any]:
        return [self.encode(item, depth + 1) for item in values]

    def uncommon(self, value: Any, kind: type, depth: int) -> Any:
        if kind in _ITERATORS:
            head = list(itertools.islice(value, _ITERATED))
            return {'t': 'iterator', 'v': self.items(head, depth)}
        numpy: Any = sys.modules.get('numpy')
        if numpy is not None and (kind is numpy.ndarray or issubclass(kind, numpy.generic)):
            return self.array(value, kind is numpy.ndarray, depth)
        for base, held in _BASES:
            if issubclass(kind, base):
                return self.encode(held(value), depth + 1)
        return self.opaque(kind.__name__)

    def array(self, value: Any, whole: bool, depth: int) -> Any:
        if value.dtype.kind not in 'biufcU':
            return self.opaque(f'numpy {value.dtype}')
        held = self.encode(value.tolist(), depth + 1)
        return {'t': 'array' if whole else 'scalar', 'd': value.dtype.str, 's': list(value.shape), 'v': held}

    def opaque(self, name: str) -> Any:
        if self.strict:
            raise NotPlain(name)
        return {'t': 'opaque', 'v': name[:200]}


def _decode(form: Any) -> Any:
    if isinstance(form, list):
        return [_decode(item) for item in form]
    if not isinstance(form, dict):
        return form
    kind, held = form['t'], form['v']
    if kind in ('array', 'scalar'):
        import numpy

        if not re.fullmatch(r'[<>|=][biufcU]\d{1,5}', form['d']):
            raise ValueError('no plain array')

        array = numpy.array(_decode(held), dtype=form['d']).reshape(form['s'])
        return array if kind == 'array' else array[()]
    return _DECODERS[kind](held)


def _pairs(held: Any) -> dict[Any, Any]:
    return {_decode(key): _decode(value) for key, value in (pair['v'] for pair in held)}


def _list(held: Any) -> list[Any]:
    return [_decode(item) for item in held]


_DECODERS: dict[str, Callable[[Any], Any]] = {
    'int': lambda held: int(held, 16),
    'tuple': lambda held: tuple(_list(held)),
    'set': lambda held: set(_list(held)),
    'frozenset': lambda held: frozenset(_list(held)),
    'deque': lambda held: collections.deque(_list(held)),
    'dict': _pairs,
    'OrderedDict': lambda held: collections.OrderedDict(_pairs(held)),
    'Counter': lambda held: collections.Counter(_pairs(held)),
    'complex': lambda held: complex(*held),
    'bytes': bytes.fromhex,
    'bytearray': bytearray.fromhex,
    'range': lambda held: range(*held),
    'Fraction': lambda held: fractions.Fraction(*(int(part, 16) for part in held)),
    'Decimal': decimal.Decimal,
    'datetime': datetime.datetime.fromisoformat,
    'date': datetime.date.fromisoformat,
    'time': datetime.time.fromisoformat,
    'timedelta': lambda held: datetime.timedelta(*held),
    'iterator': lambda held: iter(_list(held)),
    'keys': lambda held: dict.fromkeys(_list(held)).keys(),
    'values': lambda held: dict(enumerate(_list(held))).values(),
    'items': lambda held: _pairs(held).items(),
    'opaque': lambda held: Opaque(str(held)),
}
