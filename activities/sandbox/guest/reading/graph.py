"""The graph of a program, read from its tree: agents, tools, loops, ensembles and what flows between them.

The program is walked from MAS.forward on and never run; what could not be followed is listed as `unresolved`.
"""

from __future__ import annotations

import ast
from typing import Any

from reading import graph_names
from reading.graph_attributes import LLM_METHODS, attribute_of
from reading.graph_externals import LIBRARY
from reading.graph_machine import Exhausted, Machine, Scope
from reading.graph_record import Group, Node
from reading.graph_values import Class, Deps, Hole, Text, Value, deps_of, options_of

_MAX_UNRESOLVED = 40


def read_graph(tree: ast.Module) -> dict[str, Any]:
    """{"nodes", "groups", "edges", "unresolved"}; see program-graph.ts."""
    machine = Machine(_query_name(tree))
    answer: Deps = frozenset()
    complete = True
    try:
        answer = _walk(machine, tree)
    except (Exhausted, RecursionError):
        complete = False
    nodes = list(machine.record.nodes.values())
    groups = _groups(machine, nodes)
    return {
        'query': machine.record.query_name,
        'nodes': [_node(node, groups) for node in nodes],
        'groups': [_group(group, groups) for group in groups],
        'edges': _edges(nodes, answer),
        'unresolved': _unresolved(machine, tree, complete),
    }


def _walk(machine: Machine, tree: ast.Module) -> Deps:
    scope = Scope()
    machine.execute(tree.body, scope)
    mas = next(
        (option for option in options_of(scope.find('MAS') or Value()) if isinstance(option, Class)), None
    )
    if mas is None:
        return frozenset()
    query = Text((Hole(machine.record.query_name),), frozenset({'in'}))
    instance = machine.call(mas, [], {'model_list': Value()}, mas_node(tree))
    forward = attribute_of(machine, instance, 'forward', tree)
    result = machine.call(forward, [query], {}, tree)
    return deps_of(result)


def mas_node(tree: ast.Module) -> ast.ClassDef:
    return next(node for node in tree.body if isinstance(node, ast.ClassDef) and node.name == 'MAS')


def _query_name(tree: ast.Module) -> str:
    for method in mas_node(tree).body:
        if isinstance(method, ast.FunctionDef) and method.name == 'forward':
            names = [*method.args.posonlyargs, *method.args.args][1:2]
            return names[0].arg if names else 'query'
    return 'query'


def _node(node: Node, groups: list[Group]) -> dict[str, Any]:
    return {
        'id': node.id,
        'kind': node.kind,
        'name': node.name,
        'line': node.line,
        'site': [list(lines) for lines in node.site],
        'group': _id(node.group, groups),
        'optional': node.optional,
        'temperature': node.temperature,
        'roles': graph_names.roles_of(node.prompts),
        'prompts': [graph_names.shown(parts) for parts in node.prompts],
    }


def _groups(machine: Machine, nodes: list[Node]) -> list[Group]:
    """Those that hold a node and are walked more than once, outer ones first."""
    used = [group for group in machine.record.groups.values() if any(_inside(node, group) for node in nodes)]
    return [group for group in used if group.size != 1]


def _inside(node: Node, group: Group) -> bool:
    return node.group is not None and node.group.within(group)


def _id(group: Group | None, groups: list[Group]) -> str | None:
    while group is not None and group not in groups:
        group = group.parent
    return None if group is None else f'g{groups.index(group) + 1}'


def _group(group: Group, groups: list[Group]) -> dict[str, Any]:
    repeats = group.kind in ('while', 'recursion') or group.exits or group.carried
    return {
        'id': _id(group, groups),
        'parent': _id(group.parent, groups),
        'kind': 'loop' if repeats and group.kind != 'each' else 'ensemble',
        'line': group.line,
        'over': group.over,
        'count': group.size,
        'exits': group.exits,
        'recursive': group.kind == 'recursion',
        'parallel': group.parallel,
    }


def _edges(nodes: list[Node], answer: Deps) -> list[dict[str, Any]]:
    order = {'in': -1, **{node.id: index for index, node in enumerate(nodes)}, 'out': len(nodes)}
    into = {node.id: node.into for node in nodes} | {'out': set(answer)}
    sources = {target: {one.lstrip('?') for one in flows} for target, flows in into.items()}
    edges = []
    for target, flows in into.items():
        for source in sorted(sources[target], key=lambda one: order[one]):
            back = order[source] >= order[target]
            # A choice is drawn where no other way leads from the one to the other.
            if source in flows or not (source == 'in' or back or _leads(source, target, sources, order)):
                kind = 'data' if source in flows else 'choice'
                edges.append({'from': source, 'to': target, 'kind': kind, 'back': back})
    return edges


def _leads(source: str, target: str, sources: dict[str, set[str]], order: dict[str, int]) -> bool:
    """Whether a way of two edges or more goes forward from one node to the other."""
    seen: set[str] = set()
    waiting = [one for one in sources[target] if one != source and order[one] < order[target]]
    while waiting:
        node = waiting.pop()
        if node == source:
            return True
        if node not in seen:
            seen.add(node)
            waiting += [one for one in sources.get(node, ()) if order[one] < order[node]]
    return False


def _unresolved(machine: Machine, tree: ast.Module, complete: bool) -> list[dict[str, Any]]:
    found = (
        [] if complete else [{'line': 1, 'call': '', 'why': 'the program is too large to be read to its end'}]
    )
    missed = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and _leaves(node)]
    missed = [node for node in missed if id(node) not in machine.record.visited]
    if missed:
        found += [{'line': line, 'call': '', 'why': why} for line, why in sorted(machine.remarks.items())]
    for node in sorted(missed, key=lambda call: call.lineno):
        why = f'no way from forward to {_place(tree, node)} could be read'
        found.append({'line': node.lineno, 'call': ast.unparse(node.func)[:60], 'why': why})
    return found[:_MAX_UNRESOLVED]


def _leaves(call: ast.Call) -> bool:
    """Whether the call is one of the library's that leave the program."""
    match call.func:
        case ast.Attribute(_, name):
            return name in LLM_METHODS
        case ast.Name(name):
            return name in LIBRARY
        case _:
            return False


def _place(tree: ast.Module, call: ast.Call) -> str:
    functions = [
        node
        for node in ast.walk(tree)
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
        and node.lineno <= call.lineno <= (node.end_lineno or node.lineno)
    ]
    return max(functions, key=lambda node: node.lineno).name if functions else 'it'
