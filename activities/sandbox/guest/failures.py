"""Why a program failed, in words from which a model can repair it: the traceback is confined to the program's own lines."""

from __future__ import annotations

import linecache
import traceback
from types import TracebackType

MESSAGE_CHARS = 4_000


class Failure(Exception):
    """A named end without an answer; `kind` is one of `programFailureKinds` in workflows/shared/program.ts."""

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
    frames = [frame for frame in _frames(error.__traceback__) if frame.filename == file]
    if len(frames) > 12:  # a deep recursion: both ends tell enough
        frames = [*frames[:6], *frames[-6:]]
    lines = [f'  line {frame.lineno}, in {frame.name}\n    {frame.line}' for frame in frames]
    return '\n'.join([*lines, one_line(error)])[-MESSAGE_CHARS:]


def last_line(error: BaseException, file: str) -> int | None:
    """The line of `file` at which the error arose."""
    if isinstance(error, SyntaxError) and error.filename == file:
        return error.lineno
    numbers = [frame.lineno for frame in _frames(error.__traceback__) if frame.filename == file]
    return numbers[-1] if numbers else None


def _frames(start: TracebackType | None) -> traceback.StackSummary:
    return traceback.extract_tb(start)


def syntax_message(error: BaseException) -> str:
    if not isinstance(error, SyntaxError):
        return f'the program does not parse: {one_line(error)}'
    quoted = (error.text or '').rstrip('\n')[:500]
    return f'line {error.lineno}: {error.msg}' + (f'\n    {quoted.strip()}' if quoted.strip() else '')
