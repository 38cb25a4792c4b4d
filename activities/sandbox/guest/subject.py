"""The code under test, asked by its tests. They run in another process (examiner.py), and of them nothing
enters here but names and arguments; so nothing that happens here can make a wrong value look right.

Each ask and its reply is JSON text, handed on by the host as it stands:
    {"op": "names", "names": [...]} ->
        {name: {"kind": "callable" | "class" | "module" | "value" | "other" | "absent"}}
    {"op": "call", "name", "args"} ->
        {"value", "args"?, "same"?} or {"raised": [names of the classes], "message"}
    {"op": "test", "source": [...]} ->
        {"status", "message"}: the last resort, in process; only the last one is judged
"""

from __future__ import annotations

import json
import types
from typing import Any

import plain
from channel import Channel
from failures import one_line


def serve(channel: Channel, namespace: dict[str, Any]) -> None:
    """Never returns: the host ends the process."""
    told = ''
    while True:
        reply = channel.call('0', 'serve', {'told': told})
        ask = json.loads(reply['value'])
        try:
            answer = _ANSWERS[ask['op']](ask, namespace)
        except BaseException as error:
            answer = {'raised': ['RuntimeError'], 'message': f'the call failed: {one_line(error)}'}
        told = json.dumps(answer)


def verdict(test: str, namespace: dict[str, Any]) -> dict[str, str]:
    """Of one test, run in this process."""
    try:
        exec(compile(test, '<test>', 'exec', dont_inherit=True), namespace)
    except AssertionError as error:
        return {'status': 'fail', 'message': one_line(error) if str(error) else 'the assertion does not hold'}
    except BaseException as error:
        return {'status': 'error', 'message': one_line(error)}
    return {'status': 'pass', 'message': ''}


def _names(ask: dict[str, Any], namespace: dict[str, Any]) -> dict[str, Any]:
    return {name: _kind(name, namespace) for name in ask['names']}


def _kind(name: str, namespace: dict[str, Any]) -> dict[str, Any]:
    if name not in namespace:
        return {'kind': 'absent'}
    value = namespace[name]
    if isinstance(value, types.ModuleType):
        return {'kind': 'module', 'name': value.__name__}
    if isinstance(value, type):
        return {'kind': 'class', 'module': value.__module__, 'name': value.__qualname__}
    if callable(value):
        return {'kind': 'callable', 'module': getattr(value, '__module__', None)}
    try:
        return {'kind': 'value', 'value': plain.dumps(value, strict=True)}
    except Exception:
        return {'kind': 'other'}


def _call(ask: dict[str, Any], namespace: dict[str, Any]) -> dict[str, Any]:
    arguments, named = plain.loads(ask['args'])
    try:
        if ask['name'] not in namespace:
            raise NameError(f"name '{ask['name']}' is not defined")
        value = namespace[ask['name']](*arguments, **named)
        if type(value) is types.CoroutineType:
            value.close()
        answer: dict[str, Any] = {'value': plain.dumps(value, strict=False)}
    except BaseException as error:
        return {'raised': [kind.__name__ for kind in type(error).__mro__], 'message': _message(error)}
    for index, argument in enumerate(arguments):
        if value is argument and isinstance(value, (list, dict, set, bytearray)):
            answer['same'] = index
    try:
        after = plain.dumps([arguments, named], strict=True)
    except Exception:
        return answer
    if after != ask['args']:
        answer['args'] = after
    return answer


def _message(error: BaseException) -> str:
    try:
        return str(error)[:2_000]
    except BaseException:
        return '(its message cannot be shown)'


def _test(ask: dict[str, Any], namespace: dict[str, Any]) -> dict[str, str]:
    outcome = {'status': 'error', 'message': 'there is no test'}
    for test in ask['source']:
        outcome = verdict(test, namespace)
    return outcome


_ANSWERS = {'names': _names, 'call': _call, 'test': _test}
