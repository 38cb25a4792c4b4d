"""The library's readers of LLM replies: pure functions from text to what a program asked for."""

from __future__ import annotations

import ast
import json
import re
import warnings
from typing import Any

_FENCE = re.compile(r'```[ \t]*([\w+#.-]*)[ \t]*\r?\n(.*?)```', re.DOTALL)
_ESCAPE = re.compile(r'\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})|\\')
_MAX_REPAIRS = 3
_SOLUTION = re.compile(r'<Code Solution>(.*?)</Code Solution>', re.DOTALL | re.IGNORECASE)


def without_thinking(reply: str) -> str:
    """Removes `<think>…</think>`; some servers send the closing tag alone."""
    if 'think>' not in reply:
        return reply.strip()
    reply = re.sub(r'<think>.*?</think>', '', reply, flags=re.DOTALL)
    return reply.rpartition('</think>')[2].replace('<think>', '').strip()


def without_fence(code: str) -> str:
    """The first fenced block's content when there is one, else the text itself."""
    block = _FENCE.search(code)
    if block:
        return block.group(2).strip('\n')
    return re.sub(r'^\s*```[\w+#.-]*[ \t]*\n?|\n?```\s*$', '', code).strip('\n')


def extract_code_solution(solution: str) -> str:
    """The text between `<Code Solution>` and `</Code Solution>` without fences; "" if there is none."""
    found = _SOLUTION.search(solution or '')
    return without_fence(found.group(1)).strip() if found else ''


def extract_code(text: str) -> str:
    """The first fenced block, if it parses as Python; else ""."""
    block = _FENCE.search(text or '')
    if not block:
        return ''
    code = block.group(2).strip('\n')
    try:
        with warnings.catch_warnings():
            warnings.simplefilter('ignore')
            ast.parse(code)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return ''
    return code


def parse_to_json(text: str) -> dict[str, Any] | None:
    """The first JSON object in the text, nested braces included; None if there is none. Backslashes that
    are no escapes (LaTeX in a reply) stand for themselves.
    """
    decoder = json.JSONDecoder(strict=False)  # models write raw line breaks into strings
    text = text or ''
    repairs = 0
    start = text.find('{')
    while start >= 0:
        try:
            return decoder.raw_decode(text, start)[0]  # type: ignore[no-any-return]
        except ValueError as error:
            if str(error).startswith('Invalid \\') and repairs < _MAX_REPAIRS:
                repairs += 1
                text = text[:start] + _ESCAPE.sub(_whole_escape, text[start:])
                continue
        except RecursionError:
            return None  # each further brace would go as deep
        start = text.find('{', start + 1)
    return None


def _whole_escape(found: re.Match[str]) -> str:
    """Doubles a backslash that begins no escape."""
    return found.group() if len(found.group()) > 1 else '\\\\'
