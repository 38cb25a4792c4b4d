@feature
def star_import_gives_modules(llm):
    assert (
        re
        and json
        and os
        and ast
        and random
        and sys
        and io
        and math
        and time
        and threading
        and itertools
        and collections
    )


@feature
def data_classes(llm):
    @dataclasses.dataclass(order=True, frozen=True)
    class Candidate:
        score: float
        text: str = dataclasses.field(compare=False, default='')
        tags: typing.List[str] = dataclasses.field(default_factory=list)

    assert max(Candidate(1.0, 'a'), Candidate(2.0, 'b')).text == 'b'
    assert dataclasses.asdict(Candidate(1.0))['tags'] == []


@dataclasses.dataclass
class TopLevel:
    name: 'str'
    size: typing.Optional[int] = None


@feature
def data_classes_at_top_level(llm):
    assert TopLevel('a') == TopLevel('a') and typing.get_type_hints(TopLevel)['size'] == typing.Optional[int]


@feature
def enums_and_named_tuples(llm):
    Colour = enum.Enum('Colour', 'RED GREEN')
    Point = collections.namedtuple('Point', 'x y')
    assert Colour.RED.name == 'RED' and Point(1, 2).y == 2


@feature
def generators_and_closures(llm):
    def counter():
        n = 0
        while True:
            n += (yield n) or 1

    g = counter()
    assert [next(g), g.send(5), next(g)] == [0, 5, 6]
    assert functools.reduce(lambda a, b: a * b, range(1, 6)) == 120


@feature
def caches_and_recursion(llm):
    @functools.lru_cache(None)
    def fib(n):
        return n if n < 2 else fib(n - 1) + fib(n - 2)

    assert fib(200) == 280571172992510140037611932413038677189525


@feature
def recursion_errors_are_caught(llm):
    def forever(n):
        return forever(n + 1)

    try:
        forever(0)
    except RecursionError:
        return
    raise AssertionError('no RecursionError')


@feature
def syntax_trees(llm):
    tree = ast.parse('x = 1 + 2')
    assert (
        ast.literal_eval('[1, 2]') == [1, 2]
        and eval(compile(ast.Expression(tree.body[0].value), '', 'eval')) == 3
    )


@feature
def exec_and_eval(llm):
    space = {}
    exec('def f(x):\n    return x * 2', space)
    assert space['f'](21) == 42 and eval('sum([1, 2])') == 3


@feature
def warnings_and_tracebacks(llm):
    import traceback
    import warnings

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter('always')
        warnings.warn('careful')
    try:
        1 / 0
    except ZeroDivisionError:
        assert 'ZeroDivisionError' in traceback.format_exc() and len(caught) == 1


@feature
def pickles_and_copies(llm):
    import copy
    import pickle

    value = {'a': [TopLevel('x')]}
    assert pickle.loads(pickle.dumps(value)) == value == copy.deepcopy(value)


@feature
def abstract_classes(llm):
    import abc

    class Agent(abc.ABC):
        @abc.abstractmethod
        def act(self): ...

    class Real(Agent):
        def act(self):
            return 'acted'

    assert Real().act() == 'acted'


@feature
def context_managers_and_matching(llm):
    match {'kind': 'answer', 'value': 3}:
        case {'kind': 'answer', 'value': int(value)}:
            assert value == 3
        case _:
            raise AssertionError('no match')


@feature
def garbage_is_collected(llm):
    import gc
    import weakref

    class Node:
        pass

    node = Node()
    node.self = node
    watch = weakref.ref(node)
    del node
    gc.collect()
    assert watch() is None


@feature
def modules_that_were_not_imported_before(llm):
    import colorsys
    import plistlib

    assert colorsys.rgb_to_hsv(1, 0, 0) == (0.0, 1.0, 1.0) and plistlib.dumps({}).startswith(b'<?xml')


@feature
def utils_by_name(llm):
    import utils
    from utils import LLM as Driver

    assert utils.LLM is Driver and utils.extract_code('none') == ''


@feature
def absent_packages_raise_import_error(llm):
    try:
        import a_package_nobody_has
    except ImportError:
        return
    raise AssertionError(a_package_nobody_has)


@feature
def conversation_in_turns(llm):
    reply, messages = llm.multi_turn_conversation('second', [{'role': 'system', 'content': 'be brief'}], 0.1)
    assert reply == 'second' and [message['role'] for message in messages] == ['system', 'user', 'assistant']


@feature
def several_models_in_one_list(llm):
    assert LLM(['a', 'b']).call_llm('x') == 'x'


@feature
def single_dispatch_and_partials(llm):
    @functools.singledispatch
    def show(value):
        return 'thing'

    @show.register
    def _(value: int):
        return 'number'

    class Agent:
        @functools.cached_property
        def role(self):
            return 'critic'

    assert show(1) == 'number' and show('') == 'thing' and Agent().role == 'critic'
    assert functools.partial(int, base=2)('101') == 5


@feature
def protocols_and_typed_dicts(llm):
    class Speaks(typing.Protocol):
        def speak(self) -> str: ...

    class Message(typing.TypedDict, total=False):
        role: str

    T = typing.TypeVar('T')

    class Box(typing.Generic[T]):
        def __init__(self, value: T) -> None:
            self.value = value

    assert Box[int](3).value == 3 and Message(role='user')['role'] == 'user' and Speaks.__name__ == 'Speaks'


@feature
def contexts_and_suppression(llm):
    log = []

    @contextlib.contextmanager
    def step(name):
        log.append(f'enter {name}')
        try:
            yield name
        finally:
            log.append(f'leave {name}')

    with contextlib.suppress(KeyError), contextlib.ExitStack() as stack:
        stack.enter_context(step('a'))
        {}['missing']
    assert log == ['enter a', 'leave a']


@feature
def descriptors_and_metaclasses(llm):
    class Named(type):
        def __new__(meta, name, bases, names):
            return super().__new__(meta, name, bases, {**names, 'label': name.lower()})

    class Positive:
        def __set_name__(self, owner, name):
            self.name = f'_{name}'

        def __get__(self, owner, kind=None):
            return getattr(owner, self.name)

        def __set__(self, owner, value):
            if value < 0:
                raise ValueError(value)
            setattr(owner, self.name, value)

    class Agent(metaclass=Named):
        budget = Positive()

    agent = Agent()
    agent.budget = 3
    assert agent.budget == 3 and Agent.label == 'agent'


@feature
def operators_and_slots(llm):
    @functools.total_ordering
    class Score:
        __slots__ = ('value',)

        def __init__(self, value):
            self.value = value

        def __eq__(self, other):
            return self.value == other.value

        def __lt__(self, other):
            return self.value < other.value

        def __add__(self, other):
            return Score(self.value + other.value)

    assert max(Score(1), Score(3), Score(2)).value == 3 and (Score(1) + Score(2)).value == 3


@feature
def chains_of_errors(llm):
    class AgentError(Exception):
        pass

    try:
        try:
            json.loads('{')
        except json.JSONDecodeError as error:
            raise AgentError('bad reply') from error
    except AgentError as error:
        assert isinstance(error.__cause__, ValueError) and str(error) == 'bad reply'
    else:
        raise AssertionError('no error')


@feature
def own_source_can_be_read(llm):
    import inspect

    assert inspect.getsource(own_source_can_be_read).startswith('@feature')
    assert list(inspect.signature(MAS.forward).parameters) == ['self', 'taskInfo']


@feature
def deep_recursion_after_raising_the_limit(llm):
    def depth(n):
        return 0 if n == 0 else 1 + depth(n - 1)

    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(6000)
    try:
        assert depth(5000) == 5000
    finally:
        sys.setrecursionlimit(limit)


@feature
def unit_tests_inside_a_program(llm):
    import doctest
    import unittest

    class Case(unittest.TestCase):
        def test_sum(self):
            self.assertEqual(sum([1, 2]), 3)

    result = unittest.TextTestRunner(stream=io.StringIO()).run(
        unittest.defaultTestLoader.loadTestsFromTestCase(Case)
    )
    assert result.testsRun == 1 and result.wasSuccessful()
    test = doctest.DocTestParser().get_doctest('>>> 1 + 1\n2\n', {}, 'x', None, 0)
    assert doctest.DocTestRunner(verbose=False).run(test).failed == 0


@feature
def facts_of_the_machine(llm):
    import platform

    assert platform.system() == 'Linux' and platform.python_version() == sys.version.split()[0]
    assert (os.cpu_count() or 1) >= 1 and os.getpid() > 0 and os.getcwd() and os.environ.get('HOME') == '/tmp'
    assert os.environ.get('OPENAI_API_KEY', 'none') == 'none'


@feature
def name_of_the_module(llm):
    assert __name__ == 'program' and TopLevel.__module__ == 'program'
