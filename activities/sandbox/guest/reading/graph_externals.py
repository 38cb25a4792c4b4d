"""Calls of what is not the program's own: the library `utils`, builtins, executors and asyncio."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from reading import graph_loops
from reading.graph_attributes import computed_attribute
from reading.graph_containers import elements_of, new_container, size_of, spread
from reading.graph_values import (
    NONE,
    Const,
    Future,
    Instance,
    Llm,
    Mapping,
    Partial,
    Pool,
    Sequence,
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

# Functions of the library that leave the program: kind of node, its name, and what its agent is asked.
LIBRARY = {
    'execute_code': ('code', 'run_code', ''),
    'test_code_get_feedback': ('tests', 'run_tests', ''),
    'websearch': ('search', 'websearch', ''),
    'get_function_signature': ('agent', 'signature', 'You are a writer of function signatures.'),
    'get_test_cases': ('agent', 'test_cases', 'You are a writer of test cases.'),
    'generate_and_extract_code': ('agent', '', ''),
}
_POOLS = set(
    'ThreadPoolExecutor ProcessPoolExecutor ThreadPool Pool TaskGroup '
    'get_event_loop new_event_loop get_running_loop'.split()
)
# They are given functions, and call none.
_INERT = set('wraps update_wrapper lru_cache cache callable isinstance print hasattr type id repr'.split())
_SAME = {'list', 'tuple', 'set', 'frozenset', 'sorted', 'reversed', 'iter', 'deque'}


def call_external(
    machine: Machine, path: str, positional: list[Value], named: dict[str, Value], at: ast.AST
) -> Value:
    name = path.rpartition('.')[2]
    arguments = [*positional, *named.values()]
    if path in LIBRARY or path == f'utils.{name}' and name in LIBRARY:
        return _library(machine, name, positional, named, at)
    if name == 'LLM':
        return Llm()
    if name in _POOLS:
        return Pool()
    if path.startswith('asyncio.'):
        return _asyncio(machine, name, positional, named, at)
    if name == 'Thread':
        machine.side_by_side()
        target = named.get('target') or (positional[1] if len(positional) > 1 else None)
        if target is not None:
            machine.call(target, spread(named['args']) if 'args' in named else [], {}, at)
        return Value()
    if name == 'partial' and positional:
        return Partial(positional[0], positional[1:], named)
    if name == 'super' and machine.frames[-1].function is not None:
        receiver = machine.frames[-1].function.receiver
        return Super(receiver) if isinstance(receiver, Instance) else Value()
    if path == 'getattr' and len(positional) > 1:
        return computed_attribute(machine, positional[0], positional[1], at)
    if name in _INERT:
        return Value(deps_of(*arguments))
    if path in ('eval', 'exec', 'compile'):
        machine.remark(at, f'{path}() runs text that is made at run time')
    if path in ('map', 'filter') and len(positional) > 1:
        mapped = for_each(machine, positional[0], positional[1:], at)
        return mapped if path == 'map' else Sequence(elements_of(positional[1]), chosen_by(deps_of(mapped)))
    found: Value | None = _container(path, name, positional, named)
    key = named.get('key')
    if key is not None and positional:
        deps = deps_of(for_each(machine, key, positional[:1], at))
        found = found or one_of(elements_of(positional[0]))
        return one_of([found], chosen_by(deps))
    if found is not None:
        return found
    if name in ('as_completed', 'wait') and positional:
        return Sequence(elements_of(positional[0]), deps_of(positional[0]), size_of(positional[0]))
    if path in ('str', 'dedent', 'textwrap.dedent') and arguments and isinstance(arguments[0], Text):
        return arguments[0]
    return unknown_result(machine, Value(), positional, named, at)


def _library(
    machine: Machine, name: str, positional: list[Value], named: dict[str, Value], at: ast.AST
) -> Value:
    kind, own_name, prompt = LIBRARY[name]
    node = machine.open_node(kind, at, *positional, *named.values(), name=own_name)
    deps = frozenset({node.id})
    if prompt:
        machine.record.prompt(node, Text((prompt,)))
    if name == 'generate_and_extract_code':
        asked = named.get('prompt') or (positional[1] if len(positional) > 1 else Value())
        _describe(
            machine, node, asked, named.get('temperature') or (positional[2] if len(positional) > 2 else None)
        )
        return Sequence([Value(deps), Value(deps)], exact=True)
    if name == 'test_code_get_feedback':
        return Sequence([Value(deps), Value(deps)], exact=True)
    return Value(deps)


def call_agent(
    machine: Machine, method: str, positional: list[Value], named: dict[str, Value], at: ast.AST
) -> Value:
    node = machine.open_node('agent', at, *positional, *named.values())
    prompt = positional[0] if positional else named.get('prompt', Value())
    place = 1 if method == 'call_llm' else 2
    temperature = positional[place] if len(positional) > place else named.get('temperature')
    _describe(machine, node, prompt, temperature)
    reply = Value(frozenset({node.id}))
    if method == 'call_llm':
        return reply
    return Sequence([reply, Sequence([reply], deps_of(*positional[1:2]))], exact=True)


def _describe(machine: Machine, node: object, prompt: Value, temperature: Value | None) -> None:
    machine.record.prompt(node, prompt)  # type: ignore[arg-type]
    if isinstance(temperature, Const) and isinstance(temperature.value, (int, float)):
        node.temperature = float(temperature.value)  # type: ignore[attr-defined]


def for_each(
    machine: Machine, function: Value, iterables: list[Value], at: ast.AST, *, parallel: bool = False
) -> Value:
    """A function called for each element."""
    size = size_of(iterables[0]) if iterables else None
    arguments = at.args if isinstance(at, ast.Call) else []
    group = machine.open_group(
        'each', at, graph_loops.name_of_iterable(arguments[1]) if len(arguments) > 1 else '', size
    )
    group.parallel = group.parallel or parallel
    with machine.within(group):
        result = machine.call(function, [one_of(elements_of(each), each.deps) for each in iterables], {}, at)
    return Sequence([result], NONE, size)


def _asyncio(
    machine: Machine, name: str, positional: list[Value], named: dict[str, Value], at: ast.AST
) -> Value:
    match name:
        case 'gather':
            found = [
                part.value if isinstance(part, Future) else part
                for one in positional
                for part in options_of(one)
            ]
            return Sequence(found)
        case 'run' | 'wait_for' | 'shield' | 'create_task' | 'ensure_future' if positional:
            return positional[0]
        case 'to_thread' if positional:
            if id(at) not in machine.awaited:
                machine.side_by_side()
            return machine.call(positional[0], positional[1:], named, at)
        case 'as_completed' | 'wait' if positional:
            return Sequence(elements_of(positional[0]), deps_of(positional[0]))
    return unknown_result(machine, Value(), positional, named, at)


def _container(path: str, name: str, positional: list[Value], named: dict[str, Value]) -> Value | None:
    """What builtins make of containers."""
    match path, positional:
        case 'range', [Const(value=int() as count)]:
            return Sequence([Value()], size=max(0, count))
        case 'range', [Const(value=int() as start), Const(value=int() as stop), *_]:
            return Sequence([Value()], size=max(0, stop - start) if len(positional) == 2 else None)
        case 'range', _:
            return Sequence([Value(deps_of(*positional))])
        case 'len', [only]:
            size = size_of(only)
            return Value(deps_of(only)) if size is None else Const(size)
        case 'enumerate', [only, *_]:
            pairs = [Sequence([Value(), element], exact=True) for element in elements_of(only)]
            return Sequence(pairs, only.deps, size_of(only))
        case 'zip', [_, *_]:
            element = Sequence([one_of(elements_of(each), each.deps) for each in positional], exact=True)
            sizes = [size for size in map(size_of, positional) if size is not None]
            return Sequence([element], size=min(sizes) if len(sizes) == len(positional) else None)
        case (('next' | 'min' | 'max'), [only, *_]):
            return one_of(elements_of(only), only.deps)
        case 'dict', []:
            return Mapping([(Text((key,)), value) for key, value in named.items()])
    if name == 'defaultdict':
        kind = getattr(positional[0], 'path', '') if positional else ''
        return Mapping(default=kind or 'value')
    if name in ('OrderedDict', 'dict') and positional:
        return _mapping_of(positional[0])
    if name in _SAME:
        if not positional:
            return new_container('list')
        source = positional[0]
        exact = isinstance(source, Sequence) and source.exact and name in ('list', 'tuple')
        return Sequence(
            elements_of(source) if _has_elements(source) else [], source.deps, size_of(source), exact
        )
    return None


def _mapping_of(value: Value) -> Value:
    """`dict(value)`, of a mapping or of pairs."""
    if isinstance(value, Mapping):
        return value
    pairs = [option for element in elements_of(value) for option in options_of(element)]
    known = [pair.items for pair in pairs if isinstance(pair, Sequence) and len(pair.items) == 2]
    if len(known) < len(pairs):
        return Value(deps_of(value))
    return Mapping([(key, item) for key, item in known], value.deps)


def _has_elements(value: Value) -> bool:
    return not isinstance(value, Sequence) or bool(value.items)


def unknown_result(
    machine: Machine, called: Value, positional: list[Value], named: dict[str, Value], at: ast.AST
) -> Value:
    from reading.graph_calls import unknown

    return unknown(machine, called, positional, named, at)
