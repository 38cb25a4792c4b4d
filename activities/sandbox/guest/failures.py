"""Why a program failed, in words from which a model can repair it: the traceback is confined to the program's
own lines.
"""

from __future__ import annotations

import linecache
from collections import deque
from types import TracebackType

MESSAGE_CHARS = 4_000
_SHOWN_FRAMES = 6


class Failure(Exception):
    """A named end without an answer; `kind` is of `programFailureKinds` in workflows/shared/program.ts."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind
        self.message = message[:MESSAGE_CHARS]


def show_source(file: str, source: str) -> None:
    """Lets tracebacks quote the lines of a source that is in no file."""
    linecache.cache[file] = (len(source), None, source.splitlines(keepends=True), file)


def one_line(error: BaseException) -> str:
    try:
        text = str(error)
    except BaseException:
        text = '(its message cannot be shown)'
    name = type(error).__name__
    return f'{name}: {text[:2_000]}' if text else name


def confined_traceback(error: BaseException, file: str) -> str:
    first, last = _lines_of(error.__traceback__, file)
    lines = [
        f'  line {number}, in {name}\n    {linecache.getline(file, number).strip()}' for number, name in first
    ]
    if last:
        lines.append('  …')
        lines += [
            f'  line {number}, in {name}\n    {linecache.getline(file, number).strip()}'
            for number, name in last
        ]
    return '\n'.join([*lines, one_line(error)])[-MESSAGE_CHARS:]


def last_line(error: BaseException, file: str) -> int | None:
    """The line of `file` at which the error arose."""
    if isinstance(error, SyntaxError) and error.filename == file:
        return error.lineno
    first, last = _lines_of(error.__traceback__, file)
    return (last or first)[-1][0] if first else None


def _lines_of(
    traceback: TracebackType | None, file: str
) -> tuple[list[tuple[int, str]], list[tuple[int, str]]]:
    """The outermost and the innermost frames of `file`: after an endless recursion there are millions between
    them.
    """
    first: list[tuple[int, str]] = []
    last: deque[tuple[int, str]] = deque(maxlen=_SHOWN_FRAMES)
    while traceback is not None:
        code = traceback.tb_frame.f_code
        if code.co_filename == file:
            (first if len(first) < _SHOWN_FRAMES else last).append((traceback.tb_lineno, code.co_name))
        traceback = traceback.tb_next
    return first, list(last)


def syntax_message(error: BaseException) -> str:
    if not isinstance(error, SyntaxError):
        return f'the program does not parse: {one_line(error)}'
    quoted = (error.text or '').rstrip('\n')[:500]
    return f'line {error.lineno}: {error.msg}' + (f'\n    {quoted.strip()}' if quoted.strip() else '')
