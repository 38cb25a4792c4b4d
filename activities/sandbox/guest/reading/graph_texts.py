"""Texts made of texts: what is known of a prompt that a program puts together."""

from __future__ import annotations

import ast
from collections.abc import Iterable

from reading.graph_names import hole_options
from reading.graph_values import NONE, Const, Hole, Text, Value, deps_of

_HOLE_CHARS = 40
_LITERAL_CHARS = 2_000


def joined(values: Iterable[Value]) -> Text:
    """Texts one after the other."""
    parts: list[str | Hole] = []
    deps = NONE
    for value in values:
        deps |= deps_of(value)
        for part in value.parts if isinstance(value, Text) else (Hole('…'),):
            if isinstance(part, str) and parts and isinstance(parts[-1], str):
                parts[-1] = (parts[-1] + part)[:_LITERAL_CHARS]
            else:
                parts.append(part[:_LITERAL_CHARS] if isinstance(part, str) else part)
    return Text(tuple(parts), deps)


def as_text(value: Value, expression: ast.expr | None) -> Text:
    """A value inside a text: its own words if they are constant, else a hole named by the expression."""
    if isinstance(value, Text) and value.literal() is not None:
        return value
    if isinstance(value, Const) and not isinstance(value.value, bool):
        return Text((str(value.value),), value.deps)
    if isinstance(value, Text) and any(isinstance(part, str) and part.strip() for part in value.parts):
        return value
    name = '…' if expression is None else _hole_name(expression)
    return Text((Hole(name, hole_options(value)),), deps_of(value))


def _hole_name(expression: ast.expr) -> str:
    match expression:
        case ast.Name(name) | ast.Attribute(_, name):
            return name
        case ast.Call(ast.Attribute(_, 'join' | 'dumps'), [inner, *_]) | ast.Call(ast.Name('str'), [inner]):
            return _hole_name(inner)
        case ast.Call(ast.Attribute(owner)) | ast.Subscript(owner):
            return _hole_name(owner)
        case _:
            return ast.unparse(expression)[:_HOLE_CHARS]
