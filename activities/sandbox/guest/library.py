"""The library that programs import as `utils`: LLM calls, code execution, and readers of replies (contract:
docs of `utils`).
"""

from __future__ import annotations

import sys
import types
from collections.abc import Callable, Sequence
from typing import Any

import lineage
import preload
import science
import texts
from channel import Channel
from texts import extract_code, extract_code_solution, parse_to_json

_MAX_TOKENS = 2048
# What the host takes (hostCallSchema in workflows/shared/program.ts); beyond it, it would end the program.
_CODE_CHARS = 1 << 20
_MAX_TESTS = 1_000
_TEST_CHARS = 64 << 10
_QUERY_CHARS = 8_192
_MAX_SECONDS = 120
_TOO_LONG = f'the code has more than {_CODE_CHARS} characters'
_channel: Channel


class CallFailed(Exception):
    """The host could not answer a call. Raised where the call was made; uncaught, it ends the program."""


class LLM:
    """The driver model. `model_list` names models; addresses and keys stay with the host."""

    def __init__(self, model_list: Sequence[Any] | None = None) -> None:
        self.model_list = model_list

    def call_llm(self, prompt: str, temperature: float | None = 0.5) -> str:
        """One user message, no system message, at most 2,048 new tokens."""
        _require_text('call_llm', 'prompt', prompt)
        return _chat([{'role': 'user', 'content': prompt}], temperature)

    def multi_turn_conversation(
        self, prompt: str, messages: list[dict[str, str]] | None = None, temperature: float = 0.5
    ) -> tuple[str, list[dict[str, str]]]:
        """Appends the prompt to the conversation; returns the reply and the conversation with both."""
        _require_text('multi_turn_conversation', 'prompt', prompt)
        conversation = [*(messages or []), {'role': 'user', 'content': prompt}]
        reply = _chat(conversation, temperature)
        return reply, [*conversation, {'role': 'assistant', 'content': reply}]


def execute_code(code: str, timeout: float = 30) -> str:
    """Runs code apart and returns what it left in `output` and printed, or its error, as text."""
    code = _code_of('execute_code', code)
    if not code.strip():
        return 'Empty code. No output.'
    if _too_long(code):
        return f'Get the following error during code execution:\nValueError: {_TOO_LONG}'
    return str(_host_call('executeCode', {'code': code, 'timeoutS': _seconds(timeout, 30)}))


def test_code_get_feedback(code: str, test_cases: Sequence[str], timeout: float = 20) -> tuple[bool, str]:
    """Runs assert statements one by one in one namespace after the code: (all passed, a line per test)."""
    tests = [test_cases] if isinstance(test_cases, str) else [str(test) for test in test_cases or ()]
    code = _code_of('test_code_get_feedback', code)
    if not code.strip():
        return False, 'The code is empty.'
    if not tests:
        return True, 'There are no test cases.'
    if _too_long(code):
        return False, _TOO_LONG
    if len(tests) > _MAX_TESTS or any(len(test) > _TEST_CHARS for test in tests):
        return False, f'At most {_MAX_TESTS} test cases of {_TEST_CHARS} characters each can be run.'
    outcome = _host_call('testCode', {'code': code, 'tests': tests, 'timeoutS': _seconds(timeout, 20)})
    if outcome['status'] != 'done' or len(outcome['tests']) != len(tests):
        return False, str(outcome['text'])
    words = {'pass': 'passed', 'fail': 'failed', 'error': 'raised an error'}
    lines = []
    for number, (test, verdict) in enumerate(zip(tests, outcome['tests']), 1):
        detail = f': {verdict["message"]}' if verdict['message'] else ''
        lines.append(f'Test {number} {words[verdict["status"]]}{detail}\n    {test}')
    passed = all(verdict['status'] == 'pass' for verdict in outcome['tests'])
    return passed, '\n'.join(lines)


def get_function_signature(llm: LLM, taskInfo: str) -> str:  # noqa: N803 (the name that programs use)
    """The signature of the function that a coding task asks for; "" if the reply does not parse."""
    reply = llm.call_llm(
        'Read the coding task below and state the signature of the one function that a solution must '
        'define.\nReply with a JSON object of two keys: "think" (your reasoning, short) and "function" (the '
        'signature as Python, '
        f'for example "def area(width: int, height: int) -> int:").\n\nTask:\n{taskInfo}'
    )
    value = (parse_to_json(reply) or {}).get('function')
    return value.strip() if isinstance(value, str) else ''


def get_test_cases(llm: LLM, taskInfo: str, function_signature: str) -> list[str]:  # noqa: N803
    """Assert statements for a coding task; [] if the reply does not parse."""
    reply = llm.call_llm(
        'Write test cases for the function described below. Each is one Python assert statement that calls '
        'the function with '
        'concrete arguments. Only assert what the task determines beyond doubt.\n'
        'Reply with a JSON object of four keys: "think" (your reasoning, short), "basic", "edge" and '
        '"large scale" (lists of assert statements as strings).\n\n'
        f'Task:\n{taskInfo}\n\nFunction signature:\n{function_signature}',
        temperature=0.3,
    )
    value = parse_to_json(reply) or {}
    groups = [value.get(key) for key in ('basic', 'edge', 'large scale')]
    return [test for group in groups if isinstance(group, list) for test in group if isinstance(test, str)]


def generate_and_extract_code(
    llm: LLM, prompt: str, temperature: float | None = None, max_attempts: int = 3
) -> tuple[str, str]:
    """Calls until a reply has a `<Code Solution>`: (reply, code); after the last attempt (reply, "")."""
    reply = ''
    for _ in range(max_attempts):
        reply = llm.call_llm(prompt) if temperature is None else llm.call_llm(prompt, temperature)
        code = extract_code_solution(reply)
        if code:
            return reply, code
    return reply, ''


def websearch(query: str) -> list[Any]:
    """Results of a web search; [] unless the host has a search tool."""
    found = _host_call('websearch', {'query': str(query)[:_QUERY_CHARS]})
    return found if isinstance(found, list) else []


EXPORTS: dict[str, Callable[..., Any]] = {
    entry.__name__: entry
    for entry in (
        LLM,
        CallFailed,
        execute_code,
        test_code_get_feedback,
        get_function_signature,
        get_test_cases,
        extract_code_solution,
        generate_and_extract_code,
        extract_code,
        parse_to_json,
        websearch,
    )
}


def install(channel: Channel) -> None:
    """Makes `utils` importable, with the modules that real programs use without importing them."""
    global _channel
    _channel = channel
    utils = types.ModuleType('utils', __doc__)
    names = {name.partition('.')[0] for name in preload.STAR_MODULES}
    utils.__dict__.update({name: sys.modules[name] for name in sorted(names)})
    utils.__dict__.update(EXPORTS)
    utils.__dict__.update(science.presets())
    for name in ('ThreadPoolExecutor', 'as_completed', 'wait'):
        utils.__dict__[name] = getattr(sys.modules['concurrent.futures'], name)
    for name in ('Counter', 'defaultdict', 'deque', 'OrderedDict', 'namedtuple'):
        utils.__dict__[name] = getattr(sys.modules['collections'], name)
    for name in (
        'Any',
        'Callable',
        'Dict',
        'Iterable',
        'List',
        'Optional',
        'Sequence',
        'Set',
        'Tuple',
        'Union',
    ):
        utils.__dict__[name] = getattr(sys.modules['typing'], name)
    utils.__dict__['__all__'] = [name for name in utils.__dict__ if not name.startswith('_')]
    sys.modules['utils'] = utils


def uninstall() -> None:
    """Code under test has no library and makes no host calls."""
    sys.modules.pop('utils', None)


def _chat(messages: list[dict[str, str]], temperature: float | None) -> str:
    if temperature is None:
        temperature = 0.5
    if (
        isinstance(temperature, bool)
        or not isinstance(temperature, (int, float))
        or not 0 <= temperature <= 2
    ):
        raise ValueError(f'temperature must be a number from 0 to 2, not {temperature!r}')
    for message in messages:
        if not isinstance(message, dict) or message.get('role') not in ('system', 'user', 'assistant'):
            raise ValueError(
                'each message must be a dict with a "role" (system, user or assistant) and a "content"'
            )
        _require_text('a message', 'content', message.get('content'))
    reply = _host_call('chat', {'messages': messages, 'temperature': temperature, 'maxTokens': _MAX_TOKENS})
    return texts.without_thinking(reply if isinstance(reply, str) else str(reply))


def _code_of(where: str, code: str | None) -> str:
    if code is not None:
        _require_text(where, 'code', code)
    return texts.without_fence(code or '')


def _too_long(code: str) -> bool:
    # The host counts as JavaScript does: characters beyond the first plane are two.
    return 2 * len(code) > _CODE_CHARS and len(code.encode('utf-16-le', 'replace')) > 2 * _CODE_CHARS


def _seconds(timeout: float | None, default: float) -> float:
    if timeout is None:
        return default
    if isinstance(timeout, bool) or not isinstance(timeout, (int, float)) or not timeout > 0:
        raise ValueError(f'timeout must be a positive number of seconds, not {timeout!r}')
    return min(timeout, _MAX_SECONDS)


def _require_text(where: str, name: str, value: Any) -> None:
    if not isinstance(value, str):
        raise TypeError(f'{where}: {name} must be a string, not {type(value).__name__}')


def _host_call(method: str, arguments: dict[str, Any]) -> Any:
    line = lineage.current()
    reply = _channel.call(line.path, method, arguments, line.site())
    if reply.get('ok'):
        return reply.get('value')
    error = reply.get('error') or {}
    raise CallFailed(f'{error.get("type")}: {error.get("message")}')
