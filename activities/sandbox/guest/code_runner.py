"""Runs code under test, without any host call: `execute_code` (reads the variable `output`) and
`test_code_get_feedback`.
"""

from __future__ import annotations

import importlib
import io
import math
import os
import random
import sys
import types
from typing import Any

from captured import Captured
from failures import last_line, one_line, show_source

FILE = '<code>'
OUTPUT_CHARS = 64 * 1024


def run_code(start: dict[str, Any], printed: Captured) -> dict[str, Any]:
    """{"t": "code", "status", "text", "stdout", "tests"}; `text` is what `execute_code` returns."""
    code: str = start['code'].removeprefix('\ufeff')
    tests: list[str] = start['tests']
    if not code.strip():
        return _result(
            'done',
            'Empty code. No output.',
            printed,
            [_error_of(test, 'the code is empty') for test in tests],
        )
    show_source(FILE, code)
    module = types.ModuleType('__main__')
    module.__dict__.update(_presets())
    sys.modules['__main__'] = module
    try:
        exec(compile(code, FILE, 'exec', dont_inherit=True), module.__dict__)
    except BaseException as error:
        text = _error_text(error, code)
        verdicts = [_error_of(test, one_line(error)) for test in tests]
        return _result('raised', text + _printed_after_error(printed), printed, verdicts)
    verdicts = [_verdict(test, module.__dict__) for test in tests]
    try:
        output = str(module.__dict__.get('output'))[:OUTPUT_CHARS]
    except BaseException as error:
        return _result('raised', _error_text(error, code) + _printed_after_error(printed), printed, verdicts)
    return _result(
        'done', f'Final output: {output}\nPrint during execution:\n{printed.text()}', printed, verdicts
    )


def _result(status: str, text: str, printed: Captured, tests: list[dict[str, str]]) -> dict[str, Any]:
    return {'t': 'code', 'status': status, 'text': text, 'stdout': printed.text(), 'tests': tests}


def _presets() -> dict[str, Any]:
    presets: dict[str, Any] = {'math': math, 'random': random, 'os': os, 'sys': sys}
    for name, module, alias in (
        ('numpy', 'numpy', 'np'),
        ('pandas', 'pandas', 'pd'),
        ('matplotlib', 'matplotlib.pyplot', 'plt'),
    ):
        try:
            loaded = importlib.import_module(module)
        except Exception:
            continue
        presets[alias] = loaded
        presets[name] = sys.modules[name]
    return presets


def _error_text(error: BaseException, code: str) -> str:
    text = f'Get the following error during code execution:\n{one_line(error)}'
    number = last_line(error, FILE)
    lines = io.StringIO(code).read().splitlines()
    if number is None or not 1 <= number <= len(lines):
        return text
    return f'{text}\nThe error occurred at line {number} in the code:\n{lines[number - 1].strip()}'


def _printed_after_error(printed: Captured) -> str:
    """What ran before the error is often what explains it."""
    text = printed.text()
    return f'\nPrint during execution:\n{text}' if text else ''


def _verdict(test: str, namespace: dict[str, Any]) -> dict[str, str]:
    try:
        exec(compile(test, '<test>', 'exec', dont_inherit=True), namespace)
    except AssertionError as error:
        return {'status': 'fail', 'message': one_line(error) if str(error) else 'the assertion does not hold'}
    except BaseException as error:
        return {'status': 'error', 'message': one_line(error)}
    return {'status': 'pass', 'message': ''}


def _error_of(_: str, message: str) -> dict[str, str]:
    return {'status': 'error', 'message': message}
