"""What people call an agent: a name from the program's identifiers, and the role that its prompt gives it."""

from __future__ import annotations

import re
from collections.abc import Sequence

from reading.graph_values import Either, Hole, Text, Value, options_of

PROMPT_CHARS = 600
MAX_ROLES = 6

_FUNCTION = re.compile(
    r'^_*(?:(?:ask|call|run|query|invoke|generate|get|send|chat|prompt|complete|respond|request|do|execute|perform'
    r'|make|process|handle)(?:_?(?:llm|agents?|model|api|chat|prompt|response|reply|answer|completion|one|single|all))*'
    r'|(?:llm|agents?|model|api|chat)_?(?:call|ask|query|chat|invoke|run|request|generate|response)?|forward|__call__|lambda|main|workers?|task|job|one|sample|wrapper|inner|step)_*\d*$'
)
_VARIABLE = re.compile(
    r'^_*(?:jobs?|coroutines?|repl(?:y|ies)|responses?|results?|res|r|out|outputs?|raw|texts?|completions?|content|messages?|futures?'
    r'|tasks?|threads?|values?|x|tmp|temp|_)_*\d*$'
)
_ROLE = re.compile(
    r"\b(?:you are|you're|you will be|act as|acting as|play the role of|your role is|in the role of)\s+"
    r'(?:(?:an?|the|our|one of)\s+)?(?P<role>[^.,:;!?\n]{3,80})',
    re.IGNORECASE,
)
_NO_ROLE = re.compile(
    r'^(?:that|not|now|asked|about|free|allowed|also|done|being|both|sure|\w+ing|(?:asked|given|shown|provided|told)\b)\b',
    re.IGNORECASE,
)
_TAIL = re.compile(
    r'\s+(?:who|whose|that|which|and your|tasked|in charge|with the task|working|solving|given|for this)\b.*$'
)


def name_of(frames: Sequence[tuple[str, str]]) -> str:
    """`frames`: function and assigned variable at each level of the call, outermost first."""
    for function, target in reversed(frames):
        if target and target != 'return' and not _VARIABLE.match(target):
            return target
        if not _FUNCTION.match(function):
            return function.strip('_') or function
    outer = next((target for _, target in frames if target), '')
    return 'final' if outer == 'return' else outer.strip('_') or 'agent'


def prompts_of(value: Value) -> list[tuple[str | Hole, ...]]:
    """The texts that a prompt may be; none when nothing of it is known."""
    return [option.parts for option in options_of(value) if isinstance(option, Text)]


def shown(parts: Sequence[str | Hole]) -> str:
    """A text with its holes as {name}; constant options stand for a hole that is all of it."""
    return ''.join(part if isinstance(part, str) else f'{{{part.name}}}' for part in parts)[:PROMPT_CHARS]


def roles_of(prompts: Sequence[Sequence[str | Hole]]) -> list[str]:
    """The roles that the prompts give, in order, each once."""
    found: list[str] = []
    for parts in prompts:
        for text in _filled(parts):
            match = _ROLE.search(text)
            role = _TAIL.sub('', ' '.join(match['role'].split())) if match else ''
            if role and role not in found and not _NO_ROLE.match(role):
                found.append(role)
    return found[:MAX_ROLES]


def _filled(parts: Sequence[str | Hole]) -> list[str]:
    """The text once per option of its first hole that has options."""
    for index, part in enumerate(parts):
        if isinstance(part, Hole) and part.options:
            before, after = shown(parts[:index]), parts[index + 1 :]
            return [before + option[:PROMPT_CHARS] + shown(after) for option in part.options]
    return [shown(parts)]


def hole_options(value: Value) -> tuple[str, ...]:
    """The literal texts among what fills a hole."""
    if not isinstance(value, (Either, Text)):
        return ()
    literals = [option.literal() for option in options_of(value) if isinstance(option, Text)]
    return tuple(text for text in literals if text is not None)[:MAX_ROLES]
