"""Names that neither the program nor the star import nor Python defines, scope by scope as compiled."""

from __future__ import annotations

import ast
import builtins
import difflib
import symtable
import sys
import warnings
from collections.abc import Iterator
from typing import Any

import science

_MODULE_NAMES = set(
    '__name__ __doc__ __package__ __loader__ __spec__ __builtins__ __annotations__ '
    '__debug__ __class__'.split()
)
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef)
_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
_MAX_SCOPES = 5_000


def unknown_names(source: str, tree: ast.Module) -> list[dict[str, Any]]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter('ignore')
            top = symtable.symtable(source, '<program>', 'exec')
    except (SyntaxError, ValueError, RecursionError) as error:
        # What parses but does not compile: `return` outside a function, `nonlocal` without a binding.
        line = getattr(error, 'lineno', None)
        message = f'line {line}: {getattr(error, "msg", error)}'
        return [{'severity': 'error', 'kind': 'syntax', 'line': line, 'message': message}]
    tables = list(_tables(top))
    known = _known(top, tables, tree)
    scopes: dict[tuple[str, int], list[ast.AST]] = {}
    for node in ast.walk(tree):
        if isinstance(node, (*_FUNCTIONS, *_COMPREHENSIONS)):
            scopes.setdefault((_table_name(node), node.lineno), []).append(node)
    own = {symbol.get_name() for table in tables for symbol in table.get_symbols() if symbol.is_assigned()}
    members = _members(tree)
    found: dict[tuple[str, int], dict[str, Any]] = {}
    for table in tables[:_MAX_SCOPES]:
        nodes: list[ast.AST] = (
            [tree] if table is top else scopes.get((table.get_name(), table.get_lineno()), [])
        )
        for symbol in table.get_symbols():
            name = symbol.get_name()
            if not symbol.is_referenced() or name in known or not (symbol.is_global() or table is top):
                continue
            for line in _lines(nodes, name) or [table.get_lineno()]:
                found.setdefault((name, line), _finding(name, line, known | own, members))
    return list(found.values())


def _tables(table: symtable.SymbolTable) -> Iterator[symtable.SymbolTable]:
    yield table
    for child in table.get_children():
        yield from _tables(child)


def _known(top: symtable.SymbolTable, tables: list[symtable.SymbolTable], tree: ast.Module) -> set[str]:
    known = {*dir(builtins), *_MODULE_NAMES}
    known |= {
        symbol.get_name() for symbol in top.get_symbols() if symbol.is_assigned() or symbol.is_imported()
    }
    known |= {child.get_name() for child in top.get_children()}
    for table in tables[:_MAX_SCOPES]:
        known |= {s.get_name() for s in table.get_symbols() if s.is_declared_global() and s.is_assigned()}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and any(alias.name == '*' for alias in node.names):
            module = sys.modules.get(node.module or '')
            if module is None and node.level == 0:
                return _Everything()
            names = getattr(module, '__all__', None) or [
                name for name in dir(module) if not name.startswith('_')
            ]
            known |= set(names)
    return known


class _Everything(set[str]):
    """A star import of a module that is not here: any name may be its."""

    def __contains__(self, name: object) -> bool:
        return True


def _table_name(node: ast.AST) -> str:
    match node:
        case ast.FunctionDef(name) | ast.AsyncFunctionDef(name) | ast.ClassDef(name):
            return name
        case ast.Lambda():
            return 'lambda'
        case ast.ListComp():
            return 'listcomp'
        case ast.SetComp():
            return 'setcomp'
        case ast.DictComp():
            return 'dictcomp'
        case _:
            return 'genexpr'


def _lines(scopes: list[ast.AST], name: str) -> list[int]:
    """Where the scopes themselves, not those inside them, use the name."""
    lines = []
    for scope in scopes:
        waiting: list[ast.AST] = list(ast.iter_child_nodes(scope))
        while waiting:
            node = waiting.pop()
            if isinstance(node, ast.Name) and node.id == name and isinstance(node.ctx, ast.Load):
                lines.append(node.lineno)
            if not isinstance(node, (*_FUNCTIONS, *_COMPREHENSIONS)):
                waiting += ast.iter_child_nodes(node)
            else:
                # Decorators, defaults and the first iterable belong to the scope outside.
                waiting += _outside(node)
    return sorted(set(lines))


def _outside(node: ast.AST) -> list[ast.AST]:
    match node:
        case ast.FunctionDef() | ast.AsyncFunctionDef():
            return [*node.decorator_list, node.args, *([node.returns] if node.returns else [])]
        case ast.Lambda():
            return [node.args]
        case ast.ClassDef():
            return [*node.decorator_list, *node.bases, *node.keywords]
        case ast.ListComp() | ast.SetComp() | ast.DictComp() | ast.GeneratorExp():
            return [node.generators[0].iter]
        case _:
            return []


def _members(tree: ast.Module) -> set[str]:
    """Names that classes and `self` have."""
    found = {
        node.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute)
        and isinstance(node.ctx, ast.Store)
        and ast.unparse(node.value) == 'self'
    }
    for definition in (node for node in ast.walk(tree) if isinstance(node, ast.ClassDef)):
        for node in definition.body:
            found |= {node.name} if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) else set()
            targets = node.targets if isinstance(node, ast.Assign) else []
            found |= {target.id for target in targets if isinstance(target, ast.Name)}
    return found


def _finding(name: str, line: int, known: set[str], members: set[str]) -> dict[str, Any]:
    if name in science.PRESETS:
        module = science.PRESETS[name]
        advice = f': write `import {module}' + (f' as {name}`' if name != module else '`')
    elif name in ('LLM', 'execute_code', 'test_code_get_feedback', 'websearch'):
        advice = ': begin the program with `from utils import *`'
    elif name in members:
        advice = f': write self.{name}'
    else:
        close = difflib.get_close_matches(name, sorted(known), 1, 0.8)
        advice = (
            f'; did you mean {close[0]}?' if close else ': define it, pass it as an argument, or import it'
        )
    message = f'line {line}: the name {name} is not defined{advice}'
    return {'severity': 'error', 'kind': 'unknownName', 'line': line, 'message': message}
