"""Calls of the library with arguments that it does not take."""

from __future__ import annotations

import ast
import inspect
from typing import Any

import library

_METHODS = {
    'call_llm': library.LLM.call_llm,
    'multi_turn_conversation': library.LLM.multi_turn_conversation,
}


def calls(tree: ast.Module) -> list[dict[str, Any]]:
    own = {
        node.name
        for node in ast.walk(tree)
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef))
    }
    found = []
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        match node.func:
            case ast.Name(name) if name in library.EXPORTS and name not in own and name != 'CallFailed':
                found += _check(node, name, library.EXPORTS[name], 0)
            case ast.Attribute(_, name) if name in _METHODS and name not in own:
                found += _check(node, name, _METHODS[name], 1)
    return found


def _check(call: ast.Call, name: str, function: Any, receivers: int) -> list[dict[str, Any]]:
    if any(isinstance(part, ast.Starred) for part in call.args) or any(
        word.arg is None for word in call.keywords
    ):
        return []
    signature = inspect.signature(function)
    names = [parameter for parameter in signature.parameters if parameter != 'self']
    try:
        signature.bind(
            *[None] * (len(call.args) + receivers), **{word.arg or '': None for word in call.keywords}
        )
    except TypeError as error:
        return [_finding(call, f'{name}({", ".join(names)}) is called with other arguments: {error}')]
    bound = signature.bind_partial(
        *[None] * receivers, *call.args, **{word.arg or '': word.value for word in call.keywords}
    )
    temperature = bound.arguments.get('temperature')
    value = getattr(temperature, 'value', None)
    if isinstance(value, (int, float)) and not isinstance(value, bool) and not 0 <= value <= 2:
        return [_finding(call, f'{name}: a temperature lies between 0 and 2, not at {value}')]
    return []


def _finding(call: ast.Call, message: str) -> dict[str, Any]:
    return {
        'severity': 'error',
        'kind': 'badCall',
        'line': call.lineno,
        'message': f'line {call.lineno}: {message}',
    }
