"""Expressions, as graph_machine.py walks them."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

from reading import graph_flow, graph_loops
from reading.graph_attributes import attribute_of
from reading.graph_containers import elements_of, item_of, size_of, spread
from reading.graph_texts import as_text, joined
from reading.graph_values import (
    NONE,
    Const,
    External,
    Function,
    Hole,
    Mapping,
    Sequence,
    Text,
    Value,
    chosen_by,
    deps_of,
    one_of,
    options_of,
    with_deps,
)

if TYPE_CHECKING:
    from reading.graph_machine import Machine, Scope


def evaluate(machine: Machine, expression: ast.expr, scope: Scope) -> Value:
    match expression:
        case ast.Constant(value):
            if isinstance(value, str):
                return Text((value,))
            return Const(value) if value is None or isinstance(value, (bool, int, float)) else Value()
        case ast.Name(name):
            found = scope.find(name)
            return External(name) if found is None else found
        case ast.Attribute(owner, name):
            return attribute_of(machine, machine.evaluate(owner, scope), name, expression)
        case ast.Call():
            return _call(machine, expression, scope)
        case ast.JoinedStr(parts):
            return joined(_template_part(machine, part, scope) for part in parts)
        case ast.BinOp(left, operator, right):
            return _binary(
                machine.evaluate(left, scope), operator, machine.evaluate(right, scope), left, right
            )
        case ast.BoolOp(_, operands):
            return _bool_op(machine, operands, scope)
        case ast.IfExp(test, then, otherwise):
            deps = deps_of(machine.evaluate(test, scope))
            with machine.under(deps, branch=True):
                options = [machine.evaluate(then, scope), machine.evaluate(otherwise, scope)]
            return with_deps(one_of(options), chosen_by(deps))
        case ast.List(items) | ast.Tuple(items) | ast.Set(items):
            return _sequence(machine, items, scope)
        case ast.Dict(keys, values):
            return _mapping(machine, keys, values, scope)
        case ast.Subscript(owner, ast.Slice() as piece):
            machine.evaluate(piece, scope)
            return _slice_of(machine.evaluate(owner, scope), piece)
        case ast.Subscript(owner, index):
            return item_of(machine.evaluate(owner, scope), machine.evaluate(index, scope))
        case ast.ListComp() | ast.SetComp() | ast.GeneratorExp() | ast.DictComp():
            return _comprehension(machine, expression, scope)
        case ast.Lambda():
            return Function(expression, scope)
        case ast.Await(value):
            machine.awaited.add(id(value))
            return machine.evaluate(value, scope)
        case ast.Starred(value) | ast.FormattedValue(value):
            return machine.evaluate(value, scope)
        case ast.NamedExpr(target, value):
            result = machine.evaluate(value, scope)
            scope.set(target.id, result)
            return result
        case ast.Yield(value) | ast.YieldFrom(value):
            result = machine.evaluate(value, scope)
            machine.frames[-1].yields += (
                elements_of(result) if isinstance(expression, ast.YieldFrom) else [result]
            )
            return Value(deps_of(result))
        case _:
            parts = [part for part in ast.iter_child_nodes(expression) if isinstance(part, ast.expr)]
            return Value(deps_of(*[machine.evaluate(part, scope) for part in parts]))


def _call(machine: Machine, call: ast.Call, scope: Scope) -> Value:
    called = machine.evaluate(call.func, scope)
    positional: list[Value] = []
    for argument in call.args:
        value = machine.evaluate(argument, scope)
        if isinstance(argument, ast.Starred):
            positional += spread(value)
        else:
            positional.append(value)
    named: dict[str, Value] = {}
    for keyword in call.keywords:
        value = machine.evaluate(keyword.value, scope)
        if keyword.arg is not None:
            named[keyword.arg] = value
        elif isinstance(value, Mapping):
            literal = [(key.literal(), item) for key, item in value.entries if isinstance(key, Text)]
            named.update({key: item for key, item in literal if key})
        else:
            named['**'] = value
    return machine.call(called, positional, named, call)


def _template_part(machine: Machine, part: ast.expr, scope: Scope) -> Text:
    if isinstance(part, ast.Constant):
        return Text((str(part.value),))
    inner = part.value if isinstance(part, ast.FormattedValue) else part
    return as_text(machine.evaluate(inner, scope), inner)


def _binary(left: Value, operator: ast.operator, right: Value, one: ast.expr, other: ast.expr) -> Value:
    deps = left.deps | right.deps
    if len(options_of(left)) > 1 or len(options_of(right)) > 1:
        pairs = [(a, b) for a in options_of(left) for b in options_of(right)]
        return one_of([_binary(a, operator, b, one, other) for a, b in pairs], deps)
    match operator, left, right:
        case ast.Add(), Text() | Value(), Text() | Value() if isinstance(left, Text) or isinstance(
            right, Text
        ):
            return joined([as_text(left, one), as_text(right, other)])
        case ast.Mod(), Text(), _:
            return joined([left, Text((Hole('…'),), deps_of(right))])
        case ast.Add(), Sequence(), Sequence():
            exact = left.exact and right.exact
            size = None if left.size is None or right.size is None else left.size + right.size
            return Sequence([*left.items, *right.items], deps, size, exact)
        case ast.Mult(), Sequence(), Const(value=int() as count):
            return _repeated(left, right, count)
        case ast.Mult(), Const(value=int() as count), Sequence():
            return _repeated(left, right, count)
        case ast.Mult(), Sequence(), _:
            return Sequence(left.items, deps)
        case _, Const(value=a), Const(value=b):
            return _number(a, operator, b, deps)
        case ast.Add(), Sequence(), _:
            return Sequence([*left.items, *elements_of(right)], deps)
        case _:
            return Value(deps_of(left, right))


def _repeated(left: Value, right: Value, count: int) -> Value:
    sequence = left if isinstance(left, Sequence) else right
    assert isinstance(sequence, Sequence)
    size = None if sequence.size is None else max(0, sequence.size * count)
    return Sequence(sequence.items, left.deps | right.deps, size)


def _number(a: Any, operator: ast.operator, b: Any, deps: frozenset[str]) -> Value:
    if not all(isinstance(part, (int, float)) and abs(part) < 1e9 for part in (a, b)):
        return Value(deps)
    try:
        match operator:
            case ast.Add():
                return Const(a + b, deps)
            case ast.Sub():
                return Const(a - b, deps)
            case ast.Mult():
                return Const(a * b, deps)
            case ast.FloorDiv():
                return Const(a // b, deps)
            case ast.Div():
                return Const(a / b, deps)
    except (ArithmeticError, ValueError):
        pass
    return Value(deps)


def _bool_op(machine: Machine, operands: list[ast.expr], scope: Scope) -> Value:
    """Each operand is looked at when those before it did not decide."""
    values = [machine.evaluate(operands[0], scope)]
    for operand in operands[1:]:
        with machine.under(deps_of(*values), branch=True):
            values.append(machine.evaluate(operand, scope))
    return one_of(values, chosen_by(deps_of(*values[:-1])))


def _sequence(machine: Machine, items: list[ast.expr], scope: Scope) -> Value:
    found: list[Value] = []
    exact = True
    for item in items:
        value = machine.evaluate(item, scope)
        if isinstance(item, ast.Starred):
            found += elements_of(value)
            exact = exact and isinstance(value, Sequence) and value.exact
        else:
            found.append(value)
    return Sequence(found, exact=exact)


def _mapping(machine: Machine, keys: list[ast.expr | None], values: list[ast.expr], scope: Scope) -> Value:
    mapping = Mapping()
    for key, value in zip(keys, values):
        item = machine.evaluate(value, scope)
        if key is not None:
            mapping.put(machine.evaluate(key, scope), item)
        elif isinstance(item, Mapping):
            mapping.entries += item.entries
        mapping.deps |= NONE if key is not None else item.deps
    mapping.size = len(keys) if all(keys) else None
    return mapping


def _slice_of(value: Value, piece: ast.Slice) -> Value:
    found: list[Value] = []
    for option in options_of(value):
        match option:
            case Sequence(exact=True) if all(
                part is None or isinstance(part, ast.Constant)
                for part in (piece.lower, piece.upper, piece.step)
            ):
                bounds = slice(
                    *(getattr(part, 'value', None) for part in (piece.lower, piece.upper, piece.step))
                )
                found.append(Sequence(option.items[bounds], option.deps, exact=True))
            case Sequence():
                found.append(Sequence(option.items, option.deps))
            case Text():
                found.append(option)
            case _:
                found.append(Value(deps_of(option)))
    return one_of(found)


def _comprehension(
    machine: Machine, expression: ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp, scope: Scope
) -> Value:
    inner = type(scope)(scope)
    opened = 0
    size: int | None = 1
    control = NONE
    try:
        for generator in expression.generators:
            over = machine.evaluate(generator.iter, inner)
            count = size_of(over)
            group = machine.open_group('each', generator, graph_loops.name_of_iterable(generator.iter), count)
            group.line = expression.lineno
            machine.groups.append(group)
            opened += 1
            graph_flow.assign(
                machine, generator.target, with_deps(one_of(elements_of(over)), over.deps), inner
            )
            for test in generator.ifs:
                control |= deps_of(machine.evaluate(test, inner))
            size = None if size is None or count is None or generator.ifs else size * count
        with machine.under(control):
            if isinstance(expression, ast.DictComp):
                pair = (machine.evaluate(expression.key, inner), machine.evaluate(expression.value, inner))
                return Mapping([pair], chosen_by(control))
            element = machine.evaluate(expression.elt, inner)
            return Sequence([element], chosen_by(control), size)
    finally:
        del machine.groups[len(machine.groups) - opened :]
