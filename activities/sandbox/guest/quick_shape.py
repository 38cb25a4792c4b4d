"""Whether a program has the unified form, read from its compiled code. `shape.py` reads the syntax tree,
which costs several times as much: it is asked only when the form is not evident here, and says what is wrong.
"""

from __future__ import annotations

import inspect
from types import CodeType

_FUNCTION = inspect.CO_NEWLOCALS | inspect.CO_OPTIMIZED
_NO_PLAIN_FUNCTION = (
    inspect.CO_GENERATOR
    | inspect.CO_COROUTINE
    | inspect.CO_ASYNC_GENERATOR
    | inspect.CO_VARARGS
    | inspect.CO_VARKEYWORDS
)


def is_evident(code: CodeType, source: str) -> bool:
    """One top-level class MAS with plain methods `__init__(self, model_list)` and `forward(self, …)`."""
    found = [inner for inner in _all_code(code) if inner.co_name == 'MAS']
    if len(found) != 1:
        return False
    mas = found[0]
    lines = source.split('\n', mas.co_firstlineno)
    line = lines[mas.co_firstlineno - 1] if len(lines) >= mas.co_firstlineno else ''  # other line ends
    if mas.co_flags & _FUNCTION or not line.startswith(('class MAS:', 'class MAS(')):
        return False
    methods = {inner.co_name: inner for inner in mas.co_consts if isinstance(inner, CodeType)}
    init, forward = methods.get('__init__'), methods.get('forward')
    return (
        _takes_one(init) and _takes_one(forward) and init is not None and init.co_varnames[1] == 'model_list'
    )


def _all_code(code: CodeType) -> list[CodeType]:
    found = [code]
    for each in found:
        found += [inner for inner in each.co_consts if isinstance(inner, CodeType)]
    return found


def _takes_one(method: CodeType | None) -> bool:
    return (
        method is not None
        and method.co_flags & _FUNCTION == _FUNCTION
        and not method.co_flags & _NO_PLAIN_FUNCTION
        and method.co_argcount == 2
        and method.co_kwonlyargcount == 0
    )
