"""Walks a program from MAS.forward on without running it.

Every branch once, loops until nothing new flows, its own functions in place where they are called. Bounded
in steps and depth; what exceeds them is left out and told.
"""

from __future__ import annotations

import ast
import time
from collections.abc import Iterator
from contextlib import contextmanager

from reading import graph_calls, graph_expressions, graph_flow, graph_names
from reading.graph_record import Group, Node, Recorder, Site, Way
from reading.graph_values import NONE, Deps, Function, Value, deps_of

MAX_STEPS = 60_000
MAX_CPU_S = 1.0


class Exhausted(Exception):
    """The program is too large to be read."""


class Scope:
    """Names of a module, function or comprehension."""

    __slots__ = ('declared', 'names', 'parent')

    def __init__(self, parent: Scope | None = None) -> None:
        self.names: dict[str, Value] = {}
        self.parent = parent
        self.declared: set[str] = set()  # global or nonlocal

    def find(self, name: str) -> Value | None:
        scope: Scope | None = self
        while scope is not None:
            if name in scope.names:
                return scope.names[name]
            scope = scope.parent
        return None

    def set(self, name: str, value: Value) -> None:
        if name not in self.declared:
            self.names[name] = value
            return
        scope = self.parent
        while scope is not None and scope.parent is not None and name not in scope.names:
            scope = scope.parent
        if scope is not None:
            scope.names[name] = value


class Frame:
    """One call under way. `control`: how many conditions were around it; `again`: arguments of own calls."""

    __slots__ = ('again', 'control', 'function', 'returns', 'target', 'yields')

    def __init__(self, function: Function | None, control: int) -> None:
        self.function = function
        self.control = control
        self.target = ''
        self.returns: list[Value] = []
        self.yields: list[Value] = []
        self.again: list[dict[str, Value]] = []


class Machine:
    def __init__(self, query_name: str) -> None:
        self.record = Recorder(query_name)
        self.frames: list[Frame] = [Frame(None, 0)]
        self.way: list[ast.AST] = []
        self.control: list[Deps] = []
        self.branches = 0
        # Names at each `break` and `continue` of the loops under way.
        self.loops: list[list[dict[str, Value]]] = []
        self.groups: list[Group] = []
        self.awaited: set[int] = set()  # calls that stand behind `await`
        self.remarks: dict[int, str] = {}
        self._steps = 0
        self._deadline_s = time.process_time() + MAX_CPU_S

    def evaluate(self, expression: ast.expr | None, scope: Scope) -> Value:
        self.step()
        return Value() if expression is None else graph_expressions.evaluate(self, expression, scope)

    def execute(self, body: list[ast.stmt], scope: Scope) -> bool:
        """True when the end of the body cannot be reached."""
        return graph_flow.execute(self, body, scope)

    def call(self, called: Value, positional: list[Value], named: dict[str, Value], at: ast.AST) -> Value:
        return graph_calls.call(self, called, positional, named, at)

    def new_frame(self, function: Function) -> Frame:
        return Frame(function, len(self.control))

    def new_scope(self, parent: Scope) -> Scope:
        return Scope(parent)

    def step(self) -> None:
        self._steps += 1
        if self._steps > MAX_STEPS or self._steps % 256 == 0 and time.process_time() > self._deadline_s:
            raise Exhausted

    @contextmanager
    def under(self, deps: Deps, *, branch: bool = False) -> Iterator[None]:
        """What happens inside depends on these nodes; in a `branch` it may not happen at all."""
        self.control.append(deps)
        self.branches += branch
        try:
            yield
        finally:
            self.control.pop()
            self.branches -= branch

    @contextmanager
    def within(self, group: Group) -> Iterator[Group]:
        self.groups.append(group)
        try:
            yield group
        finally:
            self.groups.pop()

    def open_group(self, kind: str, at: ast.AST, over: str, size: int | None) -> Group:
        return self.record.group(kind, at, self._way(), over, size, self.groups[-1] if self.groups else None)

    def open_node(self, kind: str, at: ast.AST, *inputs: Value, name: str = '') -> Node:
        """The node of a call that leaves the program; `inputs` flow into it. `name`: else the program's."""
        if self.record.full():
            raise Exhausted
        self.record.visited.add(id(at))
        frames = [(frame.function.name if frame.function else 'main', frame.target) for frame in self.frames]
        node = self.record.node(
            kind,
            at,
            self._way(),
            name or graph_names.name_of(frames),
            site=self._site(at),
            group=self.groups[-1] if self.groups else None,
            optional=self.branches > 0,
        )
        self.record.flow(node, deps_of(*inputs), NONE.union(*self.control))
        return node

    def side_by_side(self) -> None:
        """What the innermost loop starts goes on beside it."""
        if self.groups:
            self.groups[-1].parallel = True

    def remark(self, at: ast.AST, why: str) -> None:
        self.remarks.setdefault(getattr(at, 'lineno', 1), why)

    def _way(self) -> Way:
        return tuple(id(node) for node in self.way)

    def _site(self, at: ast.AST) -> Site:
        """Lines of the calls on the way, innermost first, as call_site.py tells them of a running program."""
        calls = [node for node in (at, *reversed(self.way)) if isinstance(node, ast.expr)]
        return tuple((node.lineno, node.end_lineno or node.lineno) for node in calls)
