"""Methods of values that are not the program's own: of models, pools, containers and texts."""

from __future__ import annotations

import ast
import string
from typing import TYPE_CHECKING

from reading.graph_attributes import LLM_METHODS
from reading.graph_containers import elements_of, item_of, pairs_of, spread
from reading.graph_externals import call_agent, for_each, unknown_result
from reading.graph_texts import as_text, joined
from reading.graph_values import (
    Bound,
    Const,
    Future,
    Hole,
    Llm,
    Mapping,
    Pool,
    Sequence,
    Text,
    Value,
    deps_of,
    one_of,
)

if TYPE_CHECKING:
    from reading.graph_machine import Machine

_ADDING = set(
    'append add extend insert update appendleft push put put_nowait setdefault write record store set '
    'union'.split()
)
_SAME_TEXT = {
    'strip',
    'lstrip',
    'rstrip',
    'replace',
    'expandtabs',
    'removeprefix',
    'removesuffix',
    'encode',
    'decode',
}


def call_method(
    machine: Machine, method: Bound, positional: list[Value], named: dict[str, Value], at: ast.AST
) -> Value:
    receiver, name = method.receiver, method.name
    arguments = [*positional, *named.values()]
    if isinstance(receiver, Llm) or name in LLM_METHODS:
        if name in LLM_METHODS:
            return call_agent(machine, name, positional, named, at)
        return Value(deps_of(*arguments))
    match receiver:
        case Pool():
            return _of_pool(machine, name, positional, named, at)
        case Future():
            return receiver.value if name in ('result', 'get') else Value(deps_of(receiver))
        case Mapping():
            found = _of_mapping(receiver, name, positional)
        case Sequence():
            found = _of_sequence(receiver, name, positional)
        case Text():
            found = _of_text(receiver, name, positional, named)
        case _:
            found = None
            if name in _ADDING and type(receiver) is Value:
                receiver.deps |= deps_of(*arguments)
    return found if found is not None else unknown_result(machine, receiver, positional, named, at)


def _of_pool(
    machine: Machine, name: str, positional: list[Value], named: dict[str, Value], at: ast.AST
) -> Value:
    if not positional:
        return Pool() if name == '__enter__' else Value()
    first, rest = positional[0], positional[1:]
    if name in ('map', 'imap', 'imap_unordered', 'map_async'):
        found = for_each(machine, first, rest, at, parallel=True)
        return Future(found) if name == 'map_async' else found
    if name == 'starmap':
        parts = spread(one_of(elements_of(rest[0]))) if rest else []
        return for_each(machine, first, [Sequence([part]) for part in parts], at, parallel=True)
    if name in ('submit', 'apply_async', 'apply', 'run_in_executor', 'to_thread'):
        machine.side_by_side()
        if name == 'run_in_executor' and rest:
            first, rest = rest[0], rest[1:]
        if name.startswith('apply'):
            rest = spread(rest[0]) if rest else []
            named = {}
        return Future(machine.call(first, rest, named, at))
    if name in ('run_until_complete', 'create_task', 'run'):
        return first
    return Value(deps_of(*positional))


def _of_mapping(mapping: Mapping, name: str, positional: list[Value]) -> Value | None:
    match name:
        case 'get' | 'pop' | 'setdefault' if positional:
            found = (
                item_of(mapping, positional[0]) if mapping.entries or mapping.default else Value(mapping.deps)
            )
            if name == 'setdefault' and len(positional) > 1:
                mapping.put(positional[0], positional[1])
            return one_of([found, *positional[1:2]])
        case 'items':
            return Sequence(pairs_of(mapping), mapping.deps, mapping.size)
        case 'values':
            return Sequence([value for _, value in mapping.entries], mapping.deps, mapping.size)
        case 'keys':
            return Sequence([key for key, _ in mapping.entries], mapping.deps, mapping.size)
        case 'update' if positional:
            other = positional[0]
            if isinstance(other, Mapping):
                for key, value in other.entries:
                    mapping.put(key, value)
            mapping.deps |= deps_of(other)
            return Const(None)
        case 'copy':
            copy = Mapping(mapping.entries, mapping.deps, mapping.default)
            copy.size = mapping.size
            return copy
    return None


def _of_sequence(sequence: Sequence, name: str, positional: list[Value]) -> Value | None:
    match name:
        case 'append' | 'add' | 'appendleft' | 'put' if positional:
            sequence.add(positional[0])
            return Const(None)
        case 'insert' if len(positional) > 1:
            sequence.add(positional[1])
            return Const(None)
        case 'extend' | 'update' if positional:
            for element in elements_of(positional[0]):
                sequence.add(element)
            return Const(None)
        case 'pop' | 'popleft' | 'get':
            return one_of(elements_of(sequence))
        case 'copy':
            return Sequence(sequence.items, sequence.deps, sequence.size, sequence.exact)
    return None


def _of_text(text: Text, name: str, positional: list[Value], named: dict[str, Value]) -> Value | None:
    if name in _SAME_TEXT:
        return Text(text.parts, text.deps | deps_of(*positional))
    if name == 'join' and positional:
        literals = [item.literal() if isinstance(item, Text) else None for item in elements_of(positional[0])]
        exact = isinstance(positional[0], Sequence) and positional[0].exact
        if exact and all(literal is not None for literal in literals):
            separator = text.literal() or ' '
            return Text((separator.join(literal or '' for literal in literals),), deps_of(positional[0]))
        return Text((Hole('…'),), text.deps | deps_of(positional[0]))
    if name == 'format':
        return _formatted(text, positional, named)
    return None


def _formatted(text: Text, positional: list[Value], named: dict[str, Value]) -> Value:
    deps = text.deps | deps_of(*positional, *named.values())
    pieces: list[Value] = []
    for part in text.parts:
        if isinstance(part, Hole):
            pieces.append(Text((part,)))
            continue
        try:
            fields = list(string.Formatter().parse(part))
        except ValueError:
            return Text(text.parts, deps)
        automatic = 0
        for literal, field, _, _ in fields:
            pieces.append(Text((literal,)))
            if field is None:
                continue
            name = field.partition('.')[0].partition('[')[0]
            key = name or str(automatic)
            automatic += not name
            value = named.get(key) or (
                positional[int(key)] if key.isdigit() and int(key) < len(positional) else None
            )
            known = as_text(value, None) if value is not None else Text((Hole('…'),))
            unnamed = [
                Hole(name, p.options) if isinstance(p, Hole) and p.name == '…' and name else p
                for p in known.parts
            ]
            pieces.append(Text(tuple(unnamed), known.deps))
    return Text(joined(pieces).parts, deps)
