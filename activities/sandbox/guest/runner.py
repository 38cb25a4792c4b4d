"""Runs one MAS program: `MAS(model_list=...)`, then `.forward(query)`. The result is a frame: an answer or a
named failure.
"""

from __future__ import annotations

import mmap
import sys
import traceback
import types
from typing import Any

import shape
from captured import Captured
from failures import Failure, confined_traceback, one_line, show_source, syntax_message

FILE = '<program>'
ANSWER_BYTES = 256 * 1024

_reserve: list[mmap.mmap] = []


def run_program(start: dict[str, Any], output: Captured) -> dict[str, Any]:
    # Address space that is given back when memory runs out, so that the failure can still be told; no page of
    # it is touched.
    _reserve.append(mmap.mmap(-1, 4 << 20))
    try:
        answer = _answer(start)
        return {'t': 'done', 'answer': answer, 'stdout': output.text()}
    except Failure as failure:
        kind, message = failure.kind, failure.message
    except SystemExit as error:
        kind, message = (
            'exited',
            f'{one_line(error)}: the program must not exit; return the answer from forward()',
        )
    except MemoryError as error:
        _reserve.clear()
        traceback.clear_frames(error.__traceback__)
        message = confined_traceback(error, FILE)
        kind = 'memoryLimit'
    except BaseException as error:
        kind, message = 'raised', confined_traceback(error, FILE)
    _reserve.clear()
    return {'t': 'failed', 'kind': kind, 'message': message, 'stdout': output.text()}


def _answer(start: dict[str, Any]) -> str:
    source: str = start['source'].removeprefix('\ufeff')
    show_source(FILE, source)
    tree = shape.parse(source)
    try:
        code = compile(tree, FILE, 'exec', dont_inherit=True)
    except (SyntaxError, ValueError, RecursionError) as error:
        raise Failure('syntax', syntax_message(error)) from None
    module = types.ModuleType('program')
    sys.modules['program'] = module  # dataclasses and pickle look their module up
    exec(code, module.__dict__)
    mas = module.__dict__.get('MAS')
    if not isinstance(mas, type):
        raise Failure(
            'shape', f'MAS is {type(mas).__name__} when the program has run: it must stay the class'
        )
    answer = mas(model_list=list(start['models'])).forward(start['query'])
    if not isinstance(answer, str):
        what = 'None' if answer is None else f'a value of type {type(answer).__name__}'
        raise Failure('noAnswer', f'forward() returned {what}: it must return the answer as a string')
    size = len(answer.encode('utf-8', 'replace'))
    if size > ANSWER_BYTES:
        raise Failure(
            'answerTooLarge', f'forward() returned {size} bytes: at most {ANSWER_BYTES} are allowed'
        )
    return str.__str__(answer)
