"""Loops and recursions without an end, and loops that ask a model until its reply pleases.

Nothing is told of a loop that may count its rounds, whatever it counts.
"""

from __future__ import annotations

import ast
from typing import Any

_LOOPS = (ast.While, ast.For, ast.AsyncFor)
_SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef)
_SHRINKING = {'pop', 'popleft', 'remove', 'discard', 'get', 'get_nowait', 'popitem', 'clear'}
_ENDLESS = {'itertools.count', 'itertools.cycle', 'count', 'cycle'}
_LIMIT = 'the host ends a program after its limit of calls'


def loops(tree: ast.Module, drawn: dict[str, Any]) -> list[dict[str, Any]]:
    asking = _lines_that_ask(drawn)
    found = []
    for node in ast.walk(tree):
        if isinstance(node, _LOOPS) and _is_endless(node):
            if not _leaves(node):
                found.append(
                    _finding('unboundedLoop', node, 'this loop never ends: it has no break and no return')
                )
            elif node.lineno in asking and not _is_bounded(node):
                found.append(_asks(node))
        elif isinstance(node, ast.While) and node.lineno in asking and not _is_bounded(node):
            found.append(_asks(node))
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and _always_calls_itself(node):
            message = f'{node.name} calls itself on every way through it: return before that in the base case'
            found.append(_finding('unboundedRecursion', node, message))
    return found


def _asks(node: ast.stmt) -> dict[str, Any]:
    message = (
        'this loop asks models until a reply pleases it, perhaps for ever: '
        f'count the rounds, for example `for _ in range(5):` with a break ({_LIMIT})'
    )
    return _finding('unboundedCalls', node, message)


def _lines_that_ask(drawn: dict[str, Any]) -> set[int]:
    """Lines of the loops in which a model is asked, however far down."""
    groups = {group['id']: group for group in drawn['groups']}
    lines = set()
    for node in drawn['nodes']:
        group = groups.get(node['group']) if node['kind'] == 'agent' else None
        while group is not None:
            lines.add(group['line'])
            group = groups.get(group['parent'])
    return lines


def _is_endless(node: ast.stmt) -> bool:
    match node:
        case ast.While(test=ast.Constant(value)):
            return bool(value)
        case ast.For(iter=ast.Call(function)):
            return ast.unparse(function) in _ENDLESS
        case _:
            return False


def _leaves(loop: ast.stmt) -> bool:
    """Whether anything in the loop can end it: break, return, raise, an exit, or the end of a generator."""
    return bool(_exits(loop)) or any(
        isinstance(node, (ast.Raise, ast.Yield, ast.YieldFrom, ast.Await))
        or (
            isinstance(node, ast.Call)
            and ast.unparse(node.func) in ('exit', 'quit', 'sys.exit', 'os._exit', 'next')
        )
        for node in _inside(loop)
    )


def _exits(loop: ast.stmt) -> list[ast.stmt]:
    """The `return`s of the loop and the `break`s that are its own."""
    found: list[ast.stmt] = []
    body = [*loop.body, *loop.orelse]  # type: ignore[attr-defined]
    waiting: list[tuple[ast.AST, bool]] = [(part, True) for part in body]
    while waiting:
        node, own = waiting.pop()
        if isinstance(node, ast.Return) or (own and isinstance(node, ast.Break)):
            found.append(node)
        if not isinstance(node, _SCOPES):
            waiting += [(child, own and not isinstance(node, _LOOPS)) for child in ast.iter_child_nodes(node)]
    return found


def _is_bounded(loop: ast.stmt) -> bool:
    """Whether the loop may count: a name that it steps is compared, or it empties a container."""
    stepped: set[str] = set()
    for node in _inside(loop):
        match node:
            case ast.AugAssign(target=ast.Name(name) | ast.Attribute(_, name)):
                stepped.add(name)
            case ast.Assign(targets=[ast.Name(name)], value=ast.BinOp() as value):
                if any(isinstance(part, ast.Name) and part.id == name for part in ast.walk(value)):
                    stepped.add(name)
            case ast.Subscript(ast.Name(name) | ast.Attribute(_, name), _, ast.Store()):
                stepped.add(name)
            case ast.Call(ast.Attribute(_, method)) if method in _SHRINKING:
                return True
            case ast.Call(ast.Name('next') | ast.Attribute(_, 'time' | 'monotonic' | 'perf_counter')):
                return True
            case ast.Delete():
                return True
            case ast.Compare(ast.Call(ast.Name('len'))):
                return True
            case ast.Call(
                ast.Attribute(ast.Name(name) | ast.Attribute(_, name), 'append' | 'add' | 'extend' | 'update')
            ):
                stepped.add(name)
    if isinstance(loop, (ast.For, ast.AsyncFor)):
        stepped |= {part.id for part in ast.walk(loop.target) if isinstance(part, ast.Name)}
    if isinstance(loop, ast.While) and any(
        ast.unparse(part).startswith('len(') for part in ast.walk(loop.test)
    ):
        return True
    comparisons = [
        node for node in [*_inside(loop), loop] if isinstance(node, (ast.Compare, ast.While, ast.If))
    ]
    return any(
        isinstance(part, (ast.Name, ast.Attribute))
        and (getattr(part, 'id', '') or getattr(part, 'attr', '')) in stepped
        for node in comparisons
        for part in ast.walk(getattr(node, 'test', node))
    )


def _inside(loop: ast.stmt) -> list[ast.AST]:
    found: list[ast.AST] = []
    waiting: list[ast.AST] = list(loop.body)  # type: ignore[attr-defined]
    while waiting:
        node = waiting.pop()
        found.append(node)
        if not isinstance(node, _SCOPES):
            waiting += ast.iter_child_nodes(node)
    return found


def _always_calls_itself(function: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    """Whether a statement that is always reached calls the function itself, and none before it can leave."""
    for statement in function.body:
        if isinstance(statement, (ast.Return, ast.Expr, ast.Assign, ast.AnnAssign, ast.AugAssign)):
            if any(_is_own_call(node, function) for node in _always_evaluated(statement)):
                return True
            if isinstance(statement, ast.Return):
                return False
        elif not isinstance(
            statement,
            (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Import, ast.ImportFrom, ast.Pass),
        ):
            return False
    return False


def _always_evaluated(statement: ast.stmt) -> list[ast.AST]:
    found: list[ast.AST] = []
    waiting: list[ast.AST] = [statement]
    while waiting:
        node = waiting.pop()
        found.append(node)
        match node:
            case ast.BoolOp(_, [first, *_]):
                waiting.append(first)
            case ast.IfExp(test):
                waiting.append(test)
            case ast.ListComp() | ast.SetComp() | ast.DictComp() | ast.GeneratorExp():
                waiting.append(node.generators[0].iter)
            case ast.Lambda() | ast.FunctionDef() | ast.AsyncFunctionDef() | ast.Yield() | ast.YieldFrom():
                pass
            case ast.Compare(left, _, [second, *_]):
                waiting += [left, second]
            case _:
                waiting += ast.iter_child_nodes(node)
    return found


def _is_own_call(node: ast.AST, function: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    first = function.args.args[0].arg if function.args.args else ''
    match node:
        case ast.Call(ast.Name(name)):
            return name == function.name and first != 'self'
        case ast.Call(ast.Attribute(ast.Name(owner), name)):
            return name == function.name and owner == first == 'self'
        case _:
            return False


def _finding(kind: str, node: ast.stmt, message: str) -> dict[str, Any]:
    return {
        'severity': 'warning',
        'kind': kind,
        'line': node.lineno,
        'message': f'line {node.lineno}: {message}',
    }
