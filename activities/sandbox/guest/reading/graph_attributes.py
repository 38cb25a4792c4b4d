"""`owner.name`, as graph_machine.py walks it."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from reading.graph_values import (
    Bound,
    Class,
    External,
    Function,
    Hole,
    Instance,
    Llm,
    Super,
    Text,
    Value,
    chosen_by,
    deps_of,
    one_of,
    options_of,
)

if TYPE_CHECKING:
    from reading.graph_machine import Machine

LLM_METHODS = {'call_llm', 'multi_turn_conversation'}


def attribute_of(machine: Machine, owner: Value, name: str, at: ast.AST) -> Value:
    return one_of([_attribute(machine, option, name, at) for option in options_of(owner)], owner.deps)


def _attribute(machine: Machine, owner: Value, name: str, at: ast.AST) -> Value:
    match owner:
        case Instance():
            if name in owner.attributes:
                return owner.attributes[name]
            return _member(machine, owner, owner.made_of, name, at)
        case Super():
            for base in owner.receiver.made_of.bases:
                if isinstance(base, Class) and find_member(base, name) is not None:
                    return _member(machine, owner.receiver, base, name, at)
            return Bound(owner, name)
        case Class():
            found = find_member(owner, name)
            return Value() if found is None else found
        case External():
            return External(f'{owner.path}.{name}')
        case _:
            return Bound(owner, name)


def _member(machine: Machine, receiver: Instance, made_of: Class, name: str, at: ast.AST) -> Value:
    found = find_member(made_of, name)
    if isinstance(found, Function) and isinstance(found.node, (ast.FunctionDef, ast.AsyncFunctionDef)):
        decorators = {ast.unparse(decorator) for decorator in found.node.decorator_list}
        if 'staticmethod' in decorators:
            return found
        bound = Function(found.node, found.scope, made_of if 'classmethod' in decorators else receiver)
        if decorators & {'property', 'cached_property', 'functools.cached_property'}:
            return machine.call(bound, [], {}, at)
        return bound
    if found is not None:
        return found
    if name in LLM_METHODS and _has_external_base(made_of):
        return Bound(Llm(), name)
    return Value(receiver.deps)


def find_member(made_of: Class, name: str) -> Value | None:
    if name in made_of.members:
        return made_of.members[name]
    for base in made_of.bases:
        if isinstance(base, Class):
            found = find_member(base, name)
            if found is not None:
                return found
    return None


def _has_external_base(made_of: Class) -> bool:
    return any(
        isinstance(base, External) or (isinstance(base, Class) and _has_external_base(base))
        for base in made_of.bases
    )


def computed_attribute(machine: Machine, owner: Value, name: Value, at: ast.AST) -> Value:
    """`getattr(owner, name)`: every member whose name the text may be."""
    found: list[Value] = []
    for text in options_of(name):
        if not isinstance(text, Text):
            continue
        pattern = re.compile(
            ''.join('.*' if isinstance(part, Hole) else re.escape(part) for part in text.parts)
        )
        for option in options_of(owner):
            if isinstance(option, Instance):
                names = [*option.attributes, *_all_members(option.made_of)]
                matching = [
                    one for one in dict.fromkeys(names) if pattern.fullmatch(one) and not one.startswith('__')
                ]
                found += [_attribute(machine, option, one, at) for one in matching]
    if not found:
        machine.remark(at, 'the name of what is called is made at run time')
    return one_of(found or [Value(deps_of(owner))], chosen_by(deps_of(name)))


def _all_members(made_of: Class) -> list[str]:
    inherited = [name for base in made_of.bases if isinstance(base, Class) for name in _all_members(base)]
    return [*made_of.members, *inherited]
