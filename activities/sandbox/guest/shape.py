"""Parses a program without running it, and checks its form: one class MAS with `__init__(self, model_list)`
and `forward(self, query)`.
"""

from __future__ import annotations

import ast
from collections.abc import Callable
from types import CodeType
from typing import TypeVar

import quick_shape
from failures import Failure, syntax_message

SOURCE_BYTES = 1 << 20

T = TypeVar('T')


def compiled(source: str) -> CodeType:
    """The code of a program in the unified form. Raises as `parse` does."""
    _check_size(source)
    code = _attempt(lambda: compile(source, '<program>', 'exec', dont_inherit=True))
    if not quick_shape.is_evident(code, source):
        parse(source)
    return code


def parse(source: str) -> ast.Module:
    """The tree of a program in the unified form. Raises Failure('syntax') or Failure('shape')."""
    _check_size(source)
    tree = _attempt(lambda: ast.parse(source, '<program>'))
    classes = [node for node in ast.walk(tree) if isinstance(node, ast.ClassDef) and node.name == 'MAS']
    if not classes:
        raise Failure(
            'shape',
            'there is no class MAS: define `class MAS:` with `__init__(self, model_list)` and '
            '`forward(self, taskInfo)`',
        )
    if len(classes) > 1:
        lines = ' and '.join(str(node.lineno) for node in classes)
        raise Failure(
            'shape', f'class MAS is defined {len(classes)} times (lines {lines}): define it exactly once'
        )
    mas = classes[0]
    if mas not in tree.body:
        raise Failure('shape', f'class MAS (line {mas.lineno}) must stand at the top level of the program')
    _check_init(mas)
    _check_forward(mas)
    return tree


def _check_size(source: str) -> None:
    size = len(source.encode('utf-8', 'replace'))
    if size > SOURCE_BYTES:
        raise Failure('syntax', f'the program has {size} bytes: at most {SOURCE_BYTES} are allowed')


def _attempt(read: Callable[[], T]) -> T:
    try:
        return read()
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise Failure('syntax', syntax_message(error)) from None


def _check_init(mas: ast.ClassDef) -> None:
    init = _method(mas, '__init__')
    if init is None:
        if mas.bases:
            return  # inherited, perhaps: the run will tell
        raise Failure('shape', 'class MAS has no __init__: define `def __init__(self, model_list)`')
    arguments = init.args
    named = [*arguments.args[1:], *arguments.kwonlyargs]
    if arguments.kwarg is None and 'model_list' not in [argument.arg for argument in named]:
        raise Failure(
            'shape',
            f'line {init.lineno}: MAS is made by `MAS(model_list=...)`, but __init__ has no parameter '
            'model_list',
        )
    positional = [*arguments.posonlyargs, *arguments.args][1:]
    required = positional[: len(positional) - len(arguments.defaults)]
    required += [arg for arg, default in zip(arguments.kwonlyargs, arguments.kw_defaults) if default is None]
    others = [argument.arg for argument in required if argument.arg != 'model_list']
    if others:
        raise Failure(
            'shape',
            f'line {init.lineno}: __init__ requires {", ".join(others)}, but MAS is made by '
            '`MAS(model_list=...)` alone',
        )


def _check_forward(mas: ast.ClassDef) -> None:
    forward = _method(mas, 'forward')
    if forward is None:
        if mas.bases:
            return
        raise Failure(
            'shape',
            'class MAS has no forward: define `def forward(self, taskInfo)` that returns the answer as '
            'a string',
        )
    if isinstance(forward, ast.AsyncFunctionDef):
        raise Failure(
            'shape', f'line {forward.lineno}: forward must be a plain method; use asyncio.run(...) inside it'
        )
    arguments = forward.args
    positional = [*arguments.posonlyargs, *arguments.args][1:]
    required = len(positional) - len(arguments.defaults)
    needs_named = any(default is None for default in arguments.kw_defaults)
    if required > 1 or needs_named or (not positional and arguments.vararg is None):
        raise Failure(
            'shape',
            f'line {forward.lineno}: forward is called as `forward(query)`: it must take exactly one '
            'argument',
        )


def _method(mas: ast.ClassDef, name: str) -> ast.FunctionDef | ast.AsyncFunctionDef | None:
    methods = [node for node in mas.body if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))]
    return next((method for method in reversed(methods) if method.name == name), None)
