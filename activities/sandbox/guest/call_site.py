"""The lines of the program through which a call was made, innermost first: which place of it asked.

A thread, pooled job or task begins where it was submitted (lineage.py keeps that part); the frames of an
event loop under a task are not the program's way to it. A comprehension is a part of its function.
"""

from __future__ import annotations

import asyncio.events
import sys
from types import FrameType

PROGRAM_FILE = '<program>'
MAX_LINES = 12

_MAX_FRAMES = 400
_LOOP_FILE = asyncio.events.__file__
_COMPREHENSIONS = {'<listcomp>', '<setcomp>', '<dictcomp>', '<genexpr>'}


def lines() -> tuple[int, ...]:
    frame: FrameType | None = sys._getframe(1)
    found: list[int] = []
    comprehension = None
    for _ in range(_MAX_FRAMES):
        if frame is None or len(found) == MAX_LINES:
            break
        code = frame.f_code
        if code.co_filename == PROGRAM_FILE:
            if comprehension is None or comprehension not in code.co_consts:
                found.append(frame.f_lineno)
            comprehension = code if code.co_name in _COMPREHENSIONS else None
        elif code.co_filename == _LOOP_FILE:
            break
        frame = frame.f_back
    return tuple(found)
