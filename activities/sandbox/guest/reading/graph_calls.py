"""Calls, as graph_machine.py walks them: the program's own in place, others by what is known of them."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from reading.graph_attributes import find_member
from reading.graph_externals import call_external
from reading.graph_methods import call_method
from reading.graph_values import (
    NONE,
    Bound,
    Class,
    External,
    Function,
    Instance,
    Mapping,
    Partial,
    Sequence,
    Text,
    Value,
    chosen_by,
    deps_of,
    one_of,
    options_of,
)

if TYPE_CHECKING:
    from reading.graph_machine import Frame, Machine, Scope

MAX_DEPTH = 30


def call(
    machine: Machine, called: Value, positional: list[Value], named: dict[str, Value], at: ast.AST
) -> Value:
    options = options_of(called)
    if len(options) == 1:
        return _call_one(machine, options[0], positional, named, at)
    # What chose the function decides which of these calls is made.
    results: list[Value] = []
    with machine.under(frozenset(dep.lstrip('?') for dep in called.deps), branch=True):
        results = [_call_one(machine, option, positional, named, at) for option in options]
    return one_of(results, chosen_by(called.deps))


def _call_one(
    machine: Machine, called: Value, positional: list[Value], named: dict[str, Value], at: ast.AST
) -> Value:
    match called:
        case Function():
            return inline(machine, called, positional, named, at)
        case Partial():
            return call(
                machine, called.function, [*called.positional, *positional], {**called.named, **named}, at
            )
        case Class():
            return _instantiate(machine, called, positional, named, at)
        case Instance():
            method = find_member(called.made_of, '__call__')
            if isinstance(method, Function):
                bound = Function(method.node, method.scope, called)
                return inline(machine, bound, positional, named, at)
        case Bound():
            return call_method(machine, called, positional, named, at)
        case External():
            return call_external(machine, called.path, positional, named, at)
    return unknown(machine, called, positional, named, at)


def unknown(
    machine: Machine, called: Value, positional: list[Value], named: dict[str, Value], at: ast.AST
) -> Value:
    """A call of which nothing is known: it may call what functions it is given, and gives what flowed in."""
    arguments = [*positional, *named.values()]
    deps = deps_of(called, *arguments)
    for argument in arguments:
        for option in options_of(argument):
            if isinstance(option, (Function, Partial)):
                with machine.under(NONE, branch=True):
                    deps |= deps_of(machine.call(option, [Value(deps)], {}, at))
    return Value(deps)


def inline(
    machine: Machine, function: Function, positional: list[Value], named: dict[str, Value], at: ast.AST
) -> Value:
    if len(machine.frames) > MAX_DEPTH:
        machine.remark(at, 'the functions call each other too deeply')
        return Value(deps_of(*positional, *named.values()))
    arguments = _bind(machine, function, positional, named)
    under_way = next((f for f in machine.frames if f.function and f.function.node is function.node), None)
    if under_way is not None:
        under_way.again.append(arguments)
        return Value(deps_of(*positional, *named.values(), *under_way.returns))
    if isinstance(function.node, ast.AsyncFunctionDef) and id(at) not in machine.awaited:
        machine.side_by_side()
    frame = machine.new_frame(function)
    loops, machine.loops = machine.loops, []
    machine.frames.append(frame)
    machine.way.append(at)
    opened = _calls_itself(function.node)
    if opened:
        machine.groups.append(machine.open_group('recursion', function.node, '', None))
    try:
        _run(machine, function, frame, arguments)
        if frame.again:
            _run(machine, function, frame, _joined([arguments, *frame.again]))
    finally:
        if opened:
            machine.groups.pop()
        machine.way.pop()
        machine.frames.pop()
        machine.loops = loops
    return Sequence(frame.yields) if frame.yields else one_of(frame.returns)


def _run(machine: Machine, function: Function, frame: Frame, arguments: dict[str, Value]) -> None:
    scope: Scope = machine.new_scope(function.scope)
    scope.names = dict(arguments)
    if isinstance(function.node, ast.Lambda):
        frame.returns.append(machine.evaluate(function.node.body, scope))
    else:
        machine.execute(function.node.body, scope)


def _bind(
    machine: Machine, function: Function, positional: list[Value], named: dict[str, Value]
) -> dict[str, Value]:
    parameters = function.node.args
    given = [*([function.receiver] if function.receiver is not None else []), *positional]
    plain = [*parameters.posonlyargs, *parameters.args]
    bound = {parameter.arg: value for parameter, value in zip(plain, given)}
    if parameters.vararg is not None:
        bound[parameters.vararg.arg] = Sequence(given[len(plain) :], exact=True)
    defaults = list(zip(reversed(plain), reversed(parameters.defaults)))
    defaults += [(p, d) for p, d in zip(parameters.kwonlyargs, parameters.kw_defaults) if d is not None]
    for parameter in [*plain, *parameters.kwonlyargs]:
        if parameter.arg in named:
            bound[parameter.arg] = named[parameter.arg]
    rest = {name: value for name, value in named.items() if name not in bound}
    if parameters.kwarg is not None:
        bound[parameters.kwarg.arg] = Mapping([(Text((name,)), value) for name, value in rest.items()])
    for parameter, default in defaults:
        if parameter.arg not in bound:
            bound[parameter.arg] = machine.evaluate(default, function.scope)
    for parameter in [*plain, *parameters.kwonlyargs]:
        bound.setdefault(parameter.arg, Value(deps_of(*rest.values())))
    return bound


def _joined(arguments: list[dict[str, Value]]) -> dict[str, Value]:
    return {name: one_of([each[name] for each in arguments if name in each]) for name in arguments[0]}


def _calls_itself(node: ast.AST) -> bool:
    name = getattr(node, 'name', None)
    return name is not None and any(
        isinstance(inner, ast.Call)
        and (
            (isinstance(inner.func, ast.Name) and inner.func.id == name)
            or (isinstance(inner.func, ast.Attribute) and inner.func.attr == name)
        )
        for inner in ast.walk(node)
    )


def _instantiate(
    machine: Machine, made_of: Class, positional: list[Value], named: dict[str, Value], at: ast.AST
) -> Value:
    instance = Instance(made_of)
    init = find_member(made_of, '__init__')
    if isinstance(init, Function):
        inline(machine, Function(init.node, init.scope, instance), positional, named, at)
    else:
        instance.attributes.update(zip(made_of.fields, positional))
        instance.attributes.update(named)
    return instance
