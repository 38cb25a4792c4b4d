"""Statements: assignments, branches, loops and definitions, as graph_machine.py walks them."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from reading import graph_loops
from reading.graph_containers import elements_of, store_item
from reading.graph_values import (
    NONE,
    Class,
    Deps,
    External,
    Function,
    Instance,
    Sequence,
    Value,
    chosen_by,
    deps_of,
    one_of,
    options_of,
    with_deps,
)

if TYPE_CHECKING:
    from reading.graph_machine import Machine, Scope


def execute(machine: Machine, body: list[ast.stmt], scope: Scope) -> bool:
    guards = 0
    try:
        for statement in body:
            machine.step()
            ends, guard = _statement(machine, statement, scope)
            if ends:
                return True
            if guard:
                # After `if done: break` the rest depends on what `done` came from.
                machine.control.append(guard)
                guards += 1
        return False
    finally:
        del machine.control[len(machine.control) - guards :]


def _statement(machine: Machine, statement: ast.stmt, scope: Scope) -> tuple[bool, Deps]:
    """Whether it never goes on, and what decided whether it does."""
    _aim(machine, None)
    match statement:
        case ast.Assign(targets, value):
            _aim(machine, targets[0])
            result = machine.evaluate(value, scope)
            for target in targets:
                assign(machine, target, result, scope)
        case ast.AnnAssign(target, _, stated) if stated is not None:
            _aim(machine, target)
            assign(machine, target, machine.evaluate(stated, scope), scope)
        case ast.AugAssign(target, operator, value):
            _aim(machine, target)
            read = ast.BinOp(_loaded(target), operator, value)
            assign(machine, target, machine.evaluate(ast.copy_location(read, statement), scope), scope)
        case ast.Expr(value):
            _aim(machine, None, value)
            machine.evaluate(value, scope)
        case ast.Return(value):
            machine.frames[-1].target = 'return'
            control = NONE.union(*machine.control[machine.frames[-1].control :])
            machine.frames[-1].returns.append(with_deps(machine.evaluate(value, scope), chosen_by(control)))
            return True, NONE
        case ast.If(test, then, otherwise):
            return _branches(machine, [(test, then), (None, otherwise)], scope)
        case ast.For() | ast.AsyncFor():
            graph_loops.walk_for(machine, statement, scope)
        case ast.While():
            graph_loops.walk_while(machine, statement, scope)
        case ast.With(items, inner) | ast.AsyncWith(items, inner):
            for item in items:
                entered = machine.evaluate(item.context_expr, scope)
                if item.optional_vars is not None:
                    assign(machine, item.optional_vars, entered, scope)
            return execute(machine, inner, scope), NONE
        case ast.AST() if type(statement).__name__ in ('Try', 'TryStar'):  # TryStar came with Python 3.11
            return _try(machine, statement, scope), NONE  # type: ignore[arg-type]
        case ast.Match(subject, cases):
            deps = deps_of(machine.evaluate(subject, scope))
            for case in cases:
                for node in ast.walk(case.pattern):
                    for name in (getattr(node, 'name', None), getattr(node, 'rest', None)):
                        if isinstance(name, str):
                            scope.set(name, Value(deps))
            return _branches(machine, [(None, case.body) for case in cases], scope, deps)
        case ast.FunctionDef() | ast.AsyncFunctionDef():
            scope.set(statement.name, _decorated(machine, statement, scope))
        case ast.ClassDef():
            scope.set(statement.name, _class(machine, statement, scope))
        case ast.Import(names):
            for alias in names:
                path = alias.name if alias.asname else alias.name.partition('.')[0]
                scope.set(alias.asname or path, External(path))
        case ast.ImportFrom(module, names):
            for alias in names:
                if alias.name != '*':
                    scope.set(alias.asname or alias.name, _imported(module or '', alias.name))
        case ast.Global(names) | ast.Nonlocal(names):
            scope.declared.update(names)
        case ast.Raise(exc, _):
            machine.evaluate(exc, scope)
            return True, NONE
        case ast.Break() | ast.Continue():
            if machine.loops:
                machine.loops[-1].append(dict(scope.names))
            return True, NONE
        case ast.Assert(test, _):
            machine.evaluate(test, scope)
    return False, NONE


def _aim(machine: Machine, target: ast.expr | None, value: ast.expr | None = None) -> None:
    """The name for what the statement's calls bring."""
    name = ''
    if isinstance(target, (ast.Tuple, ast.List)) and target.elts:
        target = (
            target.elts[-1] if len(target.elts) == 2 and _is_throwaway(target.elts[0]) else target.elts[0]
        )
    while isinstance(target, (ast.Subscript, ast.Starred)):
        target = target.value
    match target, value:
        case ast.Name(name), _:
            pass
        case ast.Attribute(_, name), _:
            pass
        case None, ast.Call(
            ast.Attribute(ast.Name(name) | ast.Attribute(_, name), 'append' | 'extend' | 'add')
        ):
            pass
    if machine.frames:
        machine.frames[-1].target = name


def _is_throwaway(target: ast.expr) -> bool:
    return isinstance(target, ast.Name) and target.id.strip('_') in ('', 'reply', 'response', 'raw', 'text')


def _loaded(target: ast.expr) -> ast.expr:
    match target:
        case ast.Name(name):
            return ast.copy_location(ast.Name(name, ast.Load()), target)
        case ast.Attribute(value, name):
            return ast.copy_location(ast.Attribute(value, name, ast.Load()), target)
        case ast.Subscript(value, index):
            return ast.copy_location(ast.Subscript(value, index, ast.Load()), target)
        case _:
            return target


def assign(machine: Machine, target: ast.expr, value: Value, scope: Scope) -> None:
    match target:
        case ast.Name(name):
            scope.set(name, value)
        case ast.Tuple(targets) | ast.List(targets):
            _unpack(machine, targets, value, scope)
        case ast.Starred(inner):
            assign(machine, inner, value, scope)
        case ast.Attribute(owner, name):
            for option in options_of(machine.evaluate(owner, scope)):
                if isinstance(option, Instance):
                    known = option.attributes.get(name)
                    certain = known is None or not (machine.branches or machine.groups)
                    option.attributes[name] = value if certain else one_of([known or value, value])
        case ast.Subscript(owner, index):
            store_item(machine.evaluate(owner, scope), machine.evaluate(index, scope), value)


def _unpack(machine: Machine, targets: list[ast.expr], value: Value, scope: Scope) -> None:
    plain = not any(isinstance(target, ast.Starred) for target in targets)
    parts: list[list[Value]] = [[] for _ in targets]
    for option in options_of(value):
        known = isinstance(option, Sequence) and plain and len(option.items) == len(targets)
        element = one_of(elements_of(option)) if not known else None
        for index, part in enumerate(parts):
            part.append(option.items[index] if element is None else element)  # type: ignore[attr-defined]
    for target, part in zip(targets, parts):
        found = with_deps(one_of(part), value.deps)
        assign(machine, target, Sequence([found]) if isinstance(target, ast.Starred) else found, scope)


def _branches(
    machine: Machine,
    branches: list[tuple[ast.expr | None, list[ast.stmt]]],
    scope: Scope,
    deps: Deps = NONE,
) -> tuple[bool, Deps]:
    before = dict(scope.names)
    ends: list[dict[str, Value]] = []
    guard = NONE
    for test, body in branches:
        if test is not None:
            deps |= deps_of(machine.evaluate(test, scope))
            before = dict(scope.names)
        scope.names = dict(before)
        with machine.under(deps, branch=True):
            if execute(machine, body, scope):
                guard = deps
            else:
                ends.append(scope.names)
    merge(scope, ends or [before], chosen_by(deps))
    return not ends, guard


def merge(scope: Scope, ends: list[dict[str, Value]], chosen: Deps = NONE) -> None:
    if len(ends) == 1:
        scope.names = ends[0]
        return
    names = dict.fromkeys(name for end in ends for name in end)
    merged: dict[str, Value] = {}
    for name in names:
        values = [end[name] for end in ends if name in end]
        differ = any(value is not values[0] for value in values)
        merged[name] = with_deps(one_of(values), chosen) if differ else values[0]
    scope.names = merged


def _try(machine: Machine, statement: ast.Try, scope: Scope) -> bool:
    before = dict(scope.names)
    ends: list[dict[str, Value]] = []
    if not execute(machine, statement.body, scope) and not execute(machine, statement.orelse, scope):
        ends.append(scope.names)
    during = [before, scope.names]
    for handler in statement.handlers:
        scope.names = {}
        merge(scope, [dict(names) for names in during])
        if handler.name:
            scope.set(handler.name, Value())
        with machine.under(NONE, branch=True):
            if not execute(machine, handler.body, scope):
                ends.append(scope.names)
    merge(scope, ends or [before])
    return execute(machine, statement.finalbody, scope) or not ends


def _decorated(machine: Machine, definition: ast.FunctionDef | ast.AsyncFunctionDef, scope: Scope) -> Value:
    function: Value = Function(definition, scope)
    for decorator in reversed(definition.decorator_list):
        wrapper = machine.evaluate(decorator, scope)
        if isinstance(wrapper, Function):
            made = machine.call(wrapper, [function], {}, decorator)
            function = made if isinstance(made, Function) else function
    return function


def _class(machine: Machine, definition: ast.ClassDef, scope: Scope) -> Value:
    inner = type(scope)(scope)
    bases = [machine.evaluate(base, scope) for base in definition.bases]
    execute(machine, definition.body, inner)
    for value in inner.names.values():
        if isinstance(value, Function) and value.scope is inner:
            value.scope = scope  # a method does not see the names of its class
    fields = [
        part.target.id
        for part in definition.body
        if isinstance(part, ast.AnnAssign) and isinstance(part.target, ast.Name)
    ]
    return Class(definition.name, bases, inner.names, fields)


def _imported(module: str, name: str) -> Value:
    return External(name if module == 'utils' else f'{module}.{name}')
