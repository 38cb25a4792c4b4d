"""Contracts of the library's readers of replies, as assertions."""

from utils import *

CHECKS = []


def check(function):
    CHECKS.append(function)
    return function


@check
def json_nested():
    assert parse_to_json('Sure: {"a": {"b": [1, {"c": 2}]}, "d": "}"} and more') == {
        'a': {'b': [1, {'c': 2}]},
        'd': '}',
    }


@check
def json_in_fence_and_after_braces():
    assert parse_to_json('Set {x} is\n```json\n{"a": "line\nbreak"}\n```') == {'a': 'line\nbreak'}


@check
def json_absent():
    assert parse_to_json('no json') is None and parse_to_json('{broken') is None and parse_to_json('') is None


@check
def code_solution():
    assert (
        extract_code_solution('x <Code Solution>\n```python\nprint(1)\n```\n</Code Solution> y') == 'print(1)'
    )
    assert extract_code_solution('<Code Solution>a = 1</Code Solution>') == 'a = 1'
    assert extract_code_solution('none') == ''


@check
def code_block():
    assert extract_code('text\n```python\nx = 1\n```\n```\ny\n```') == 'x = 1'
    assert extract_code('```\nx = 1\n```') == 'x = 1'
    assert extract_code('```python\nx = = 1\n```') == '' and extract_code('none') == ''


@check
def code_block_with_crlf_and_unicode():
    assert extract_code('```py\r\nx = "ü"\r\n```').strip() == 'x = "ü"'


class MAS:
    def __init__(self, model_list):
        self.llm = LLM(model_list)

    def forward(self, taskInfo):
        failures = []
        for function in CHECKS:
            try:
                function()
            except BaseException as error:
                failures.append(f'{function.__name__}: {type(error).__name__} {error}')
        return json.dumps(failures)
