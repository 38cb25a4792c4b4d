"""What a program is apart from layout, comments and the names it chose: a hash that equal programs share, and
hashes of its stretches of tokens, by which programs can be likened.

Names that the program binds are numbered in order of first use (fingerprint_names.py); docstrings count as
comments. Nothing here runs the program; the work grows with the size of its tree.
"""

from __future__ import annotations

import ast
import hashlib
import re
from collections.abc import Iterator
from typing import Any

from reading.fingerprint_names import renamed

SHINGLE_TOKENS = 4
MAX_SHINGLES = 4_096
_MAX_NODES = 40_000
_WORD = re.compile(r'\w+|[^\w\s]')
_CONTEXTS = (ast.expr_context, ast.type_ignore)
_NAMED_ONLY = frozenset({'ctx', 'type_comment', 'kind', 'type_ignores'})


def fingerprint(tree: ast.Module) -> dict[str, Any] | None:
    """{"sha256", "shingles"}: the shingles are 32-bit numbers in rising order, the lowest 4,096 of a larger
    program. None when the tree is too deep or too large to be renamed.
    """
    if sum(1 for _ in zip(range(_MAX_NODES + 1), ast.walk(tree))) > _MAX_NODES:
        return None
    try:
        names = renamed(tree)
    except RecursionError:
        return None
    whole = hashlib.sha256()
    words: list[str] = []
    for kind, text in _tokens(tree, names):
        whole.update(f'{kind}{len(text)}:{text}'.encode('utf-8', 'surrogatepass'))
        if kind == 's':
            words.extend(_WORD.findall(text))
        elif kind != ')':
            words.append(text)
    return {'sha256': whole.hexdigest(), 'shingles': _shingles(words)}


def _shingles(words: list[str]) -> list[int]:
    count = max(1, len(words) - SHINGLE_TOKENS + 1)
    found = {
        int.from_bytes(
            hashlib.blake2b(
                '\0'.join(words[at : at + SHINGLE_TOKENS]).encode('utf-8', 'surrogatepass'), digest_size=4
            ).digest(),
            'big',
        )
        for at in range(count)
    }
    return sorted(found)[:MAX_SHINGLES]


def _tokens(tree: ast.Module, names: dict[tuple[int, str], str]) -> Iterator[tuple[str, str]]:
    """(kind, text): n a node or field, i an identifier, s a text, c another constant, ) the end of a node."""
    todo: list[Any] = [tree]
    while todo:
        item = todo.pop()
        if isinstance(item, tuple):
            yield item
        elif isinstance(item, ast.Constant):
            yield ('s', item.value) if isinstance(item.value, str) else ('c', repr(item.value))
        elif isinstance(item, ast.AST):
            yield 'n', type(item).__name__
            parts: list[Any] = []
            for field, value in ast.iter_fields(item):
                if field not in _NAMED_ONLY:
                    parts.extend(_parts(item, field, value, names))
            todo.append((')', ''))
            todo.extend(reversed(parts))


def _parts(node: ast.AST, field: str, value: Any, names: dict[tuple[int, str], str]) -> list[Any]:
    if isinstance(value, list):
        items = _without_docstring(node, field, value)
        found: list[Any] = []
        for item in items:
            found.extend(_parts(node, field, item, names))
        return [('n', f'{field}['), *found, (')', '')] if items else []
    if isinstance(value, _CONTEXTS) or value is None:
        return [('n', 'None')] if value is None and field in ('value', 'key', 'keys', 'kw_defaults') else []
    if isinstance(value, ast.AST):
        return [('n', field), value] if field in ('orelse', 'finalbody', 'step', 'upper', 'lower') else [value]
    if isinstance(value, str):
        return [('i', names.get((id(node), value), value))]
    return [('c', repr(value))]


def _without_docstring(node: ast.AST, field: str, items: list[Any]) -> list[Any]:
    owners = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    if field != 'body' or not isinstance(node, owners) or not items:
        return items
    first = items[0]
    if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
        if isinstance(first.value.value, str):
            return items[1:]
    return items
