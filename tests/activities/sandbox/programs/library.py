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
def json_with_latex():
    assert parse_to_json(r'{"a": "\(x\) \sqrt{2}", "b": {"c": "\\alpha\n"}}') == {
        'a': r'\(x\) \sqrt{2}',
        'b': {'c': '\\alpha\n'},
    }
    assert parse_to_json(r'{"path": "\users", "e": "\u00e9"}') == {'path': r'\users', 'e': 'é'}


@check
def json_deep_large_and_hopeless():
    deep = '{"a":' * 400 + '1' + '}' * 400
    found = parse_to_json('see ' + deep)
    for _ in range(400):
        found = found['a']
    assert found == 1
    assert parse_to_json('{"a":' * 100_000) is None and parse_to_json('{' * 5_000) is None
    assert parse_to_json('{"n": ' + '9' * 5_000 + '} {"n": 1}') == {'n': 1}
    assert len(parse_to_json('{"big": "' + 'ü' * 1_000_000 + '"}')['big']) == 1_000_000


@check
def json_only_objects():
    assert parse_to_json('[1, {"a": 2}]') == {'a': 2} and parse_to_json('{"a": 1}{"b": 2}') == {'a': 1}
    assert parse_to_json("{'a': 1}") is None and parse_to_json(None) is None


@check
def star_import():
    for name in ('re json os ast random sys io math time threading itertools collections string functools copy '
                 'statistics heapq bisect uuid hashlib base64 queue traceback asyncio logging concurrent').split():
        assert type(globals()[name]).__name__ == 'module', name
    assert deque([1]) and Counter('aa')['a'] == 2 and defaultdict(list)[0] == [] and OrderedDict(a=1)
    assert ThreadPoolExecutor and as_completed and wait and namedtuple('P', 'x')(1).x == 1
    assert Any and Callable and Dict[str, int] and List[int] and Optional[int] and Tuple[int] and Union[int, str]
    for name in ('LLM execute_code test_code_get_feedback get_function_signature get_test_cases extract_code_solution '
                 'generate_and_extract_code extract_code parse_to_json websearch CallFailed').split():
        assert callable(globals()[name]), name


@check
def code_solution_odd():
    assert extract_code_solution('<code solution>\n```py\r\nx = 1\r\n```\n</code solution>').strip() == 'x = 1'
    assert extract_code_solution('<Code Solution>open') == '' and extract_code_solution(None) == ''
    assert extract_code_solution('<Code Solution>a</Code Solution><Code Solution>b</Code Solution>') == 'a'


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
