"""The graph under construction: nodes, one per way in which a call is reached, and groups."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field
from typing import Any

from reading import graph_names
from reading.graph_values import Deps, Hole, Value, chosen_by

MAX_NODES = 120
MAX_SITE = 12
_CHARS = 80

Way = tuple[int, ...]
Site = tuple[tuple[int, int], ...]


@dataclass(slots=True)
class Node:
    id: str
    kind: str
    name: str
    line: int
    site: Site
    group: Group | None
    optional: bool
    temperature: float | None = None
    prompts: list[tuple[str | Hole, ...]] = field(default_factory=list)
    into: set[str] = field(default_factory=set)


@dataclass(slots=True)
class Group:
    key: Any
    kind: str  # 'for', 'while', 'each' (a comprehension or a map) or 'recursion'
    line: int
    over: str
    size: int | None
    parent: Group | None
    parallel: bool = False
    exits: bool = False
    carried: bool = False  # a turn uses what an earlier one brought

    def within(self, other: Group) -> bool:
        group: Group | None = self
        while group is not None and group is not other:
            group = group.parent
        return group is other


class Recorder:
    def __init__(self, query_name: str) -> None:
        self.nodes: dict[Any, Node] = {}
        self.groups: dict[Any, Group] = {}
        self.visited: set[int] = set()
        self.changes = 0
        self._names: dict[str, int] = {}
        self.query_name = query_name

    def node(
        self,
        kind: str,
        call: ast.AST,
        way: Way,
        name: str,
        *,
        site: Site,
        group: Group | None,
        optional: bool,
    ) -> Node:
        key = (*way, id(call))
        node = self.nodes.get(key)
        if node is None:
            number = len(self.nodes) + 1
            node = Node(
                f'n{number}',
                kind,
                self._unique(name),
                getattr(call, 'lineno', 1),
                site[:MAX_SITE],
                group,
                optional,
            )
            self.nodes[key] = node
            self.changes += 1
        node.optional = node.optional and optional
        return node

    def full(self) -> bool:
        return len(self.nodes) >= MAX_NODES

    def flow(self, node: Node, deps: Deps, control: Deps) -> None:
        before = len(node.into)
        node.into |= deps | chosen_by(control)
        self.changes += len(node.into) - before

    def prompt(self, node: Node, value: Value) -> None:
        for parts in graph_names.prompts_of(value):
            if parts not in node.prompts and len(node.prompts) < graph_names.MAX_ROLES:
                node.prompts.append(parts)

    def group(
        self, kind: str, at: ast.AST, way: Way, over: str, size: int | None, parent: Group | None
    ) -> Group:
        key = (*way, id(at))
        group = self.groups.get(key)
        if group is None:
            group = Group(key, kind, getattr(at, 'lineno', 1), over[:_CHARS], size, parent)
            self.groups[key] = group
        elif group.size != size:
            group.size = None
        return group

    def _unique(self, name: str) -> str:
        name = name[:_CHARS]
        count = self._names[name] = self._names.get(name, 0) + 1
        return name if count == 1 else f'{name} {count}'
