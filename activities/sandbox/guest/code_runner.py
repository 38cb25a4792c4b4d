"""Runs code under test, without any host call: `execute_code` reads its variable `output`; where tests
follow, it then serves their calls (subject.py).
"""

from __future__ import annotations

import io
import math
import os
import random
import sys
import types
from typing import Any

import science
import subject
from captured import Captured
from channel import Channel
from failures import last_line, one_line, show_source

FILE = '<code>'
OUTPUT_CHARS = 64 * 1024
_EMPTY = 'Empty code. No output.'


def run_code(start: dict[str, Any], printed: Captured, channel: Channel) -> dict[str, Any]:
    """{"t": "code", "status", "text"}; `text` is what `execute_code` returns. With start["serve"] it only
    returns when the code raised.
    """
    code: str = start['code'].removeprefix('\ufeff')
    if not code.strip():
        return _result('raised' if start['serve'] else 'done', _EMPTY, printed)
    show_source(FILE, code)
    module = types.ModuleType('__main__')
    module.__dict__.update(math=math, random=random, os=os, sys=sys, **science.presets())
    sys.modules['__main__'] = module
    try:
        exec(compile(code, FILE, 'exec', dont_inherit=True), module.__dict__)
        if start['serve']:
            subject.serve(channel, module.__dict__)
        output = str(module.__dict__.get('output'))
    except BaseException as error:
        text = printed.text()
        # What ran before the error is often what explains it.
        after = f'\nPrint during execution:\n{text}' if text else ''
        return _result('raised', _error_text(error, code) + after, printed)
    if len(output) > OUTPUT_CHARS:
        output = f'{output[:OUTPUT_CHARS]}… (cut)'
    return _result('done', f'Final output: {output}\nPrint during execution:\n{printed.text()}', printed)


def _result(status: str, text: str, printed: Captured) -> dict[str, Any]:
    printed.finish()
    return {'t': 'code', 'status': status, 'text': text}


def _error_text(error: BaseException, code: str) -> str:
    text = f'Get the following error during code execution:\n{one_line(error)}'
    number = last_line(error, FILE)
    lines = io.StringIO(code).read().splitlines()
    if number is None or not 1 <= number <= len(lines):
        return text
    return f'{text}\nThe error occurred at line {number} in the code:\n{lines[number - 1].strip()}'
