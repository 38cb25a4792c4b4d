"""Loops, as graph_machine.py walks them: a turn, and again while something new flows into the next."""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import TYPE_CHECKING

from reading import graph_flow
from reading.graph_containers import elements_of, size_of
from reading.graph_values import deps_of, one_of, with_deps

if TYPE_CHECKING:
    from reading.graph_machine import Machine, Scope
    from reading.graph_record import Group

_MAX_PASSES = 4


def walk_for(machine: Machine, loop: ast.For | ast.AsyncFor, scope: Scope) -> None:
    over = machine.evaluate(loop.iter, scope)
    group = machine.open_group('for', loop, name_of_iterable(loop.iter), size_of(over))
    group.exits = group.exits or _exits(loop.body)
    with machine.within(group):

        def turn() -> None:
            graph_flow.assign(machine, loop.target, with_deps(one_of(elements_of(over)), over.deps), scope)
            machine.execute(loop.body, scope)

        _until_settled(machine, scope, group, turn)
    machine.execute(loop.orelse, scope)


def walk_while(machine: Machine, loop: ast.While, scope: Scope) -> None:
    group = machine.open_group('while', loop, '', None)
    group.exits = True
    with machine.within(group):

        def turn() -> None:
            with machine.under(deps_of(machine.evaluate(loop.test, scope))):
                machine.execute(loop.body, scope)

        _until_settled(machine, scope, group, turn)
    machine.execute(loop.orelse, scope)


def _until_settled(machine: Machine, scope: Scope, group: Group, turn: Callable[[], None]) -> None:
    """A body once, and again as long as something new flows from one turn to the next."""
    for number in range(_MAX_PASSES):
        changes = machine.record.changes
        before = dict(scope.names)
        machine.loops.append([])
        turn()
        graph_flow.merge(scope, [before, *machine.loops.pop(), scope.names])
        if machine.record.changes == changes:
            return
        group.carried = group.carried or number > 0


def _exits(body: list[ast.stmt]) -> bool:
    """Whether a loop's body can end the loop."""
    waiting: list[ast.AST] = list(body)
    while waiting:
        node = waiting.pop()
        if isinstance(node, (ast.Return, ast.Break)):
            return True
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef)):
            continue
        if isinstance(node, (ast.For, ast.AsyncFor, ast.While)):
            waiting += [inner for inner in ast.walk(node) if isinstance(inner, ast.Return)]
        else:
            waiting += ast.iter_child_nodes(node)
    return False


def name_of_iterable(expression: ast.expr) -> str:
    """What a loop goes over, by an identifier of the program, never by a text."""
    match expression:
        case ast.Name(name) | ast.Attribute(_, name):
            return name
        case ast.Call(
            ast.Name('enumerate' | 'zip' | 'list' | 'sorted' | 'reversed' | 'tuple' | 'set'), [first, *_]
        ):
            return name_of_iterable(first)
        case ast.Call(ast.Attribute(owner, 'items' | 'keys' | 'values')):
            return name_of_iterable(owner)
        case ast.Subscript(owner):
            return name_of_iterable(owner)
        case _:
            return ''
