"""Runs one MAS program: `MAS(model_list=...)`, then `.forward(query)`. The result is a frame: an answer or a
named failure.
"""

from __future__ import annotations

import linecache
import mmap
import sys
import traceback
import types
from typing import Any

import shape
from captured import Captured
from failures import Failure, confined_traceback, one_line, show_source

FILE = '<program>'
ANSWER_BYTES = 256 * 1024
_STAR_IMPORT = 'from utils import *\n'

_module = types.ModuleType('program')

# Address space that is given back when memory runs out, so that the failure can still be told; no page of it
# is touched.
_reserve = [mmap.mmap(-1, 4 << 20, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)]


def run_program(start: dict[str, Any], output: Captured) -> dict[str, Any]:
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


def prepare() -> None:
    """Makes ready, in the zygote, what a program finds when it begins. `utils` is installed."""
    global _module
    _module = types.ModuleType('program')
    exec(_STAR_IMPORT, _module.__dict__)
    sys.modules.pop('program', None)
    linecache.cache.pop(FILE, None)


def _namespace(source: str) -> tuple[dict[str, Any], str]:
    """The names of `utils` are in place for a program that begins with their import, which is then taken out:
    to bind them costs each child a copy of every page on which one of them lies.
    """
    start = 0
    while source.startswith(('#', '\n'), start):
        start = source.find('\n', start) + 1 or len(source)
    global _module
    if source.startswith(_STAR_IMPORT, start):
        source = source[:start] + source[start + len(_STAR_IMPORT) - 1 :]
    else:
        _module = types.ModuleType('program')
    sys.modules['program'] = _module  # dataclasses and pickle look their module up
    return _module.__dict__, source


def _answer(start: dict[str, Any]) -> str:
    source: str = start['source'].removeprefix('\ufeff')
    show_source(FILE, source)
    names, source = _namespace(source)
    code = shape.compiled(source)
    exec(code, names)
    mas = names.get('MAS')
    if not isinstance(mas, type):
        raise Failure(
            'shape', f'MAS is {type(mas).__name__} when the program has run: it must stay the class'
        )
    answer = mas(model_list=list(start['models'])).forward(start['query'])
    if not isinstance(answer, str):
        what = 'None' if answer is None else f'a value of type {type(answer).__name__}'
        raise Failure('noAnswer', f'forward() returned {what}: it must return the answer as a string')
    if not str.strip(answer):
        raise Failure('noAnswer', 'forward() returned a blank text: it must return the answer')
    size = len(answer.encode('utf-8', 'replace'))
    if size > ANSWER_BYTES:
        raise Failure(
            'answerTooLarge', f'forward() returned {size} bytes: at most {ANSWER_BYTES} are allowed'
        )
    return str.__str__(answer)
