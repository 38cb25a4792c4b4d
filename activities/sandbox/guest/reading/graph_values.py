"""Abstract values: what is known of a value without running the program, and which nodes it came from.

`deps` holds ids of nodes: "n3" when its output flowed into the value, "?n3" when it only decided which value
it is.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

MAX_OPTIONS = 8
MAX_PARTS = 24
MAX_ITEMS = 16

Deps = frozenset[str]
NONE: Deps = frozenset()


class Value:
    """A value of which nothing else is known."""

    __slots__ = ('deps',)

    def __init__(self, deps: Deps = NONE) -> None:
        self.deps = deps


class Const(Value):
    """A number, a boolean or None."""

    __slots__ = ('value',)

    def __init__(self, value: Any, deps: Deps = NONE) -> None:
        super().__init__(deps)
        self.value = value


@dataclass(frozen=True, slots=True)
class Hole:
    """A place in a text that is filled at run time; `options` are texts that are known to fill it."""

    name: str
    options: tuple[str, ...] = ()


class Text(Value):
    __slots__ = ('parts',)

    def __init__(self, parts: tuple[str | Hole, ...], deps: Deps = NONE) -> None:
        super().__init__(deps)
        self.parts = parts[:MAX_PARTS]

    def literal(self) -> str | None:
        """The whole text, when it has no holes."""
        words = [part for part in self.parts if isinstance(part, str)]
        return ''.join(words) if len(words) == len(self.parts) else None


class Sequence(Value):
    """A list, tuple, set or iterator. `exact`: `items` are all there are, in order; `size`: their number."""

    __slots__ = ('exact', 'items', 'size')

    def __init__(
        self, items: Iterable[Value] = (), deps: Deps = NONE, size: int | None = None, exact: bool = False
    ) -> None:
        super().__init__(deps)
        self.items = list(items)[:MAX_ITEMS]
        self.size = len(self.items) if exact else size
        self.exact = exact

    def add(self, value: Value) -> None:
        self.exact, self.size = False, None
        if not any(item is value for item in self.items) and len(self.items) < MAX_ITEMS:
            self.items.append(value)
        else:
            self.deps |= deps_of(value)


class Mapping(Value):
    """`default` makes the value of a key that is not there (defaultdict)."""

    __slots__ = ('default', 'entries', 'size')

    def __init__(
        self, entries: Iterable[tuple[Value, Value]] = (), deps: Deps = NONE, default: str = ''
    ) -> None:
        super().__init__(deps)
        self.entries = list(entries)[:MAX_ITEMS]
        self.default = default
        self.size: int | None = None  # known of a literal

    def put(self, key: Value, value: Value) -> None:
        self.size = None
        if len(self.entries) < MAX_ITEMS:
            self.entries.append((key, value))
        else:
            self.deps |= deps_of(key) | deps_of(value)


class Function(Value):
    """A function, method or lambda of the program; `receiver` is bound to its first parameter."""

    __slots__ = ('name', 'node', 'receiver', 'scope')

    def __init__(
        self,
        node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda,
        scope: Any,
        receiver: Value | None = None,
    ) -> None:
        super().__init__()
        self.node = node
        self.scope = scope
        self.name = getattr(node, 'name', 'lambda')
        self.receiver = receiver


class Class(Value):
    """`fields`: the annotated names of its body, which a dataclass takes as arguments."""

    __slots__ = ('bases', 'fields', 'members', 'name')

    def __init__(self, name: str, bases: list[Value], members: dict[str, Value], fields: list[str]) -> None:
        super().__init__()
        self.name = name
        self.bases = bases
        self.members = members
        self.fields = fields


class Instance(Value):
    __slots__ = ('attributes', 'made_of')

    def __init__(self, made_of: Class) -> None:
        super().__init__()
        self.made_of = made_of
        self.attributes: dict[str, Value] = {}


class Super(Value):
    """What `super()` gives."""

    __slots__ = ('receiver',)

    def __init__(self, receiver: Instance) -> None:
        super().__init__()
        self.receiver = receiver


class External(Value):
    """Something that is not of the program: a module, a builtin, a name of the library, by dotted path."""

    __slots__ = ('path',)

    def __init__(self, path: str) -> None:
        super().__init__()
        self.path = path


class Llm(Value):
    """A connection to a model."""


class Pool(Value):
    """An executor of threads or processes, or an event loop."""


class Future(Value):
    """A job under way and the value it will have."""

    __slots__ = ('value',)

    def __init__(self, value: Value) -> None:
        super().__init__()
        self.value = value


class Bound(Value):
    """The method of a value that is not of the program."""

    __slots__ = ('name', 'receiver')

    def __init__(self, receiver: Value, name: str) -> None:
        super().__init__()
        self.receiver = receiver
        self.name = name


class Partial(Value):
    __slots__ = ('function', 'named', 'positional')

    def __init__(self, function: Value, positional: list[Value], named: dict[str, Value]) -> None:
        super().__init__()
        self.function = function
        self.positional = positional
        self.named = named


class Either(Value):
    """One of several values."""

    __slots__ = ('options',)

    def __init__(self, options: tuple[Value, ...], deps: Deps = NONE) -> None:
        super().__init__(deps)
        self.options = options


def options_of(value: Value) -> tuple[Value, ...]:
    return value.options if isinstance(value, Either) else (value,)


def deps_of(*values: Value) -> Deps:
    """Of the values and all they contain."""
    found: set[str] = set()
    seen: set[int] = set()
    waiting = list(values)
    while waiting:
        value = waiting.pop()
        if id(value) in seen:
            continue
        seen.add(id(value))
        found |= value.deps
        waiting += _contents(value)
    return frozenset(found)


def _contents(value: Value) -> list[Value]:
    match value:
        case Sequence():
            return value.items
        case Mapping():
            return [part for entry in value.entries for part in entry]
        case Either():
            return list(value.options)
        case Instance():
            return [part for part in value.attributes.values() if not isinstance(part, Function)]
        case Future():
            return [value.value]
        case Bound():
            return [value.receiver]
        case Partial():
            return [*value.positional, *value.named.values()]
        case _:
            return []


def one_of(values: Iterable[Value], deps: Deps = NONE) -> Value:
    """The value that is any of these."""
    options: list[Value] = []
    for value in values:
        deps |= value.deps if isinstance(value, Either) else NONE
        for option in options_of(value):
            if not any(_same(option, known) for known in options):
                options.append(option)
    if not options:
        return Value(deps)
    if len(options) > MAX_OPTIONS:
        return Value(deps | deps_of(*options))
    if len(options) == 1 and not deps - options[0].deps:
        return options[0]
    return Either(tuple(options), deps)


def _same(one: Value, other: Value) -> bool:
    if one is other:
        return True
    if isinstance(one, Const) and isinstance(other, Const):
        return type(one.value) is type(other.value) and one.value == other.value and one.deps == other.deps
    if isinstance(one, Text) and isinstance(other, Text):
        return one.deps == other.deps and one.parts == other.parts
    return type(one) is Value and type(other) is Value and one.deps == other.deps


def chosen_by(deps: Deps) -> Deps:
    """What flowed into a condition only decides."""
    return frozenset(dep if dep.startswith('?') else f'?{dep}' for dep in deps)


def with_deps(value: Value, deps: Deps) -> Value:
    """The same value, also of these nodes."""
    if not deps - value.deps:
        return value
    match value:
        case Const():
            return Const(value.value, value.deps | deps)
        case Text():
            return Text(value.parts, value.deps | deps)
        case _:
            return (
                Value(value.deps | deps)
                if type(value) is Value
                else Either(options_of(value), value.deps | deps)
            )
