"""What honest programs do and must be able to do. Each function asserts; `writes_files` marks those that need
a writable /tmp.
"""

import asyncio
import dataclasses
import decimal
import enum
import fractions
import functools
import hashlib
import heapq
import logging
import queue
import statistics
import tempfile
import textwrap
import typing
from concurrent.futures import FIRST_COMPLETED, as_completed, wait

from utils import *

FEATURES = []


def feature(function):
    FEATURES.append(function)
    return function


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
def threads_up_to_32(llm):
    replies = [None] * 32

    def work(i):
        replies[i] = llm.call_llm(f'thread {i}')

    threads = [threading.Thread(target=work, args=(i,)) for i in range(32)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    assert replies == [f'thread {i}' for i in range(32)]


@feature
def executor_map(llm):
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(llm.call_llm, 'abcdefgh')) == list('abcdefgh')


@feature
def completed_in_order_of_submission(llm):
    with ThreadPoolExecutor(4) as pool:
        futures = [pool.submit(llm.call_llm, f'slow {9 - i}') for i in range(4)]
        assert [future.result() for future in as_completed(futures)] == [f'slow {9 - i}' for i in range(4)]


@feature
def wait_for_the_first(llm):
    with ThreadPoolExecutor(3) as pool:
        futures = [pool.submit(llm.call_llm, str(i)) for i in range(3)]
        done, pending = wait(futures, return_when=FIRST_COMPLETED)
        assert {future.result() for future in done} == {'0'} and len(pending) == 2
        assert len(wait(futures).done) == 3


@feature
def nested_pools(llm):
    def outer(i):
        with ThreadPoolExecutor(2) as inner:
            return list(inner.map(llm.call_llm, [f'{i}a', f'{i}b']))

    with ThreadPoolExecutor(3) as pool:
        assert list(pool.map(outer, range(3))) == [[f'{i}a', f'{i}b'] for i in range(3)]


@feature
def pool_errors_arrive(llm):
    def fail():
        raise ValueError('inside')

    with ThreadPoolExecutor(1) as pool:
        try:
            pool.submit(fail).result()
        except ValueError as error:
            assert str(error) == 'inside'
        else:
            raise AssertionError('no error')


@feature
def asyncio_gather(llm):
    async def ask(i):
        await asyncio.sleep(0.001)
        return await asyncio.to_thread(llm.call_llm, str(i))

    async def main():
        return await asyncio.gather(*(ask(i) for i in range(5)))

    assert asyncio.run(main()) == ['0', '1', '2', '3', '4']


@feature
def asyncio_twice_and_timeouts(llm):
    async def slow():
        await asyncio.wait_for(asyncio.sleep(5), 0.01)

    for _ in range(2):
        try:
            asyncio.run(slow())
        except asyncio.TimeoutError:
            continue
        raise AssertionError('no timeout')


@feature
def asyncio_queues_and_locks(llm):
    async def main():
        lock, line, seen = asyncio.Lock(), asyncio.Queue(), []

        async def consume():
            while (item := await line.get()) is not None:
                async with lock:
                    seen.append(item)

        consumer = asyncio.create_task(consume())
        for item in (1, 2, 3, None):
            await line.put(item)
        await consumer
        return seen

    assert asyncio.run(main()) == [1, 2, 3]


@feature
def async_call_from_executor(llm):
    async def main():
        loop = asyncio.get_running_loop()
        return await asyncio.gather(*(loop.run_in_executor(None, llm.call_llm, str(i)) for i in range(3)))

    assert asyncio.run(main()) == ['0', '1', '2']


@feature
def locks_events_conditions(llm):
    event, lock, seen = threading.Event(), threading.RLock(), []

    def work():
        with lock, lock:
            seen.append(1)
        event.set()

    threading.Thread(target=work).start()
    assert event.wait(5) and seen == [1]
    barrier = threading.Barrier(2)
    threading.Thread(target=barrier.wait).start()
    barrier.wait(5)


@feature
def queues_between_threads(llm):
    line = queue.Queue()
    threading.Thread(target=lambda: [line.put(i) for i in range(100)]).start()
    assert [line.get(timeout=5) for _ in range(100)] == list(range(100))


@feature
def timers_and_local_data(llm):
    local, event = threading.local(), threading.Event()
    local.value = 1
    threading.Timer(0.01, event.set).start()
    assert event.wait(5) and local.value == 1


@feature
def decimal_numbers(llm):
    decimal.getcontext().prec = 60
    assert str(decimal.Decimal(2).sqrt())[:12] == '1.4142135623'


@feature
def fractions_and_statistics(llm):
    assert fractions.Fraction(1, 3) + fractions.Fraction(1, 6) == fractions.Fraction(1, 2)
    assert statistics.median([3, 1, 2]) == 2


@feature
def large_integers(llm):
    assert math.factorial(1000) % 997 == 0 and len(str(2**10000)) == 3011


@feature
def regular_expressions(llm):
    assert re.findall(r'\\boxed\{(\d+)\}', r'so \boxed{42}') == ['42']
    assert re.sub(r'(?P<a>\w+) (?P<b>\w+)', r'\g<b> \g<a>', 'x y') == 'y x'


@feature
def json_round_trip(llm):
    value = {'a': [1, 2.5, None, True, 'ü'], 'b': {'c': '\u2603'}}
    assert json.loads(json.dumps(value, ensure_ascii=False, indent=2)) == value


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
def unicode_text(llm):
    text = 'Ünïcödé 漢字 🙂 ∑ \u200b'
    assert llm.call_llm(text) == text
    print(text)


@feature
def long_prompts(llm):
    text = 'long ' * 100_000
    assert llm.call_llm(text) == text.strip()


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
def recursion_in_a_thread(llm):
    def depth(n):
        return 0 if n == 0 else 1 + depth(n - 1)

    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(depth, 800).result() == 800


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
def heaps_and_bisection(llm):
    heap = [3, 1, 2]
    heapq.heapify(heap)
    assert heapq.heappop(heap) == 1 and heapq.nlargest(1, [1, 5, 2]) == [5]


@feature
def seeded_randomness(llm):
    random.seed(7)
    first = [random.random(), random.randint(1, 100), random.choice('abc')]
    random.seed(7)
    assert first == [random.random(), random.randint(1, 100), random.choice('abc')]
    assert sorted(random.sample(range(10), 10)) == list(range(10))


@feature
def hashes_and_ids(llm):
    import secrets
    import uuid

    assert hashlib.sha256(b'x').hexdigest().startswith('2d711642')
    assert len(str(uuid.uuid4())) == 36 and uuid.uuid4() != uuid.uuid4() and len(secrets.token_hex(8)) == 16


@feature
def dates_and_times(llm):
    import datetime as dates
    import zoneinfo

    assert dates.datetime(2024, 2, 28) + dates.timedelta(days=2) == dates.datetime(2024, 3, 1)
    assert dates.datetime(
        2024, 7, 1, tzinfo=zoneinfo.ZoneInfo('Europe/Berlin')
    ).utcoffset() == dates.timedelta(hours=2)
    assert 1_700_000_000 <= time.time() < 1_700_000_100


@feature
def sleeping(llm):
    before = time.monotonic()
    time.sleep(0.01)
    assert time.monotonic() - before >= 0.01


@feature
def text_wrapping_and_templates(llm):
    import string

    assert textwrap.dedent('  a\n  b') == 'a\nb' and string.Template('$x').substitute(x=1) == '1'


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
def standard_streams(llm):
    stream = io.StringIO()
    print('to a stream', file=stream)
    sys.stdout.write('written\n')
    sys.stdout.flush()
    sys.stdout.buffer.write(b'bytes\n')
    print('error', file=sys.stderr)
    assert stream.getvalue() == 'to a stream\n'


@feature
def redirected_output(llm):
    import contextlib

    stream = io.StringIO()
    with contextlib.redirect_stdout(stream):
        print('inside')
    assert stream.getvalue() == 'inside\n'


@feature
def no_input_ends_at_once(llm):
    try:
        input()
    except EOFError:
        return
    raise AssertionError('input returned')


@feature
def null_device(llm):
    with open(os.devnull, 'w') as sink:
        print('nowhere', file=sink)
    assert open(os.devnull).read() == ''


@feature
def logging_to_stderr(llm):
    logging.basicConfig(level=logging.INFO)
    logging.getLogger('agent').info('hello')


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
def in_memory_database(llm):
    try:
        import sqlite3
    except ImportError:
        return
    database = sqlite3.connect(':memory:')
    database.execute('create table t (x)')
    database.execute('insert into t values (1), (2)')
    assert database.execute('select sum(x) from t').fetchone() == (3,)


@feature
def compression_and_encoding(llm):
    import base64
    import csv
    import zlib

    assert zlib.decompress(zlib.compress(b'x' * 1000)) == b'x' * 1000 and base64.b64encode(b'a') == b'YQ=='
    assert list(csv.reader(['a,"b,c"'])) == [['a', 'b,c']]


@feature
def pickles_and_copies(llm):
    import copy
    import pickle

    value = {'a': [TopLevel('x')]}
    assert pickle.loads(pickle.dumps(value)) == value == copy.deepcopy(value)


@feature
def markup_and_urls(llm):
    import html
    import urllib.parse
    import xml.etree.ElementTree as tree

    assert tree.fromstring('<a><b>1</b></a>').findtext('b') == '1' and html.unescape('&lt;') == '<'
    assert urllib.parse.urlparse('https://x.org/a?b=1').query == 'b=1'


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
def a_hundred_megabytes(llm):
    block = bytearray(100 << 20)
    assert len(block) == 100 << 20


@feature
def cpu_heavy_work(llm):
    assert sum(i * i for i in range(300_000)) == 8999955000050000


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


def writes_files(llm):
    with open('notes.txt', 'w') as file:
        file.write('note')
    assert open('/tmp/notes.txt').read() == 'note'
    with tempfile.TemporaryDirectory() as directory:
        assert os.listdir(directory) == []
    with tempfile.NamedTemporaryFile('w+') as file:
        file.write('x')
    os.rename('notes.txt', 'moved.txt')
    os.remove('moved.txt')


class MAS:
    def __init__(self, model_list):
        self.llm = LLM(model_list)

    def forward(self, taskInfo):
        features = [*FEATURES, writes_files] if taskInfo == 'with files' else FEATURES
        results = {}
        for function in features:
            try:
                function(self.llm)
                results[function.__name__] = 'works'
            except BaseException as error:
                results[function.__name__] = f'{type(error).__name__}: {error}'[:300]
        return json.dumps(results)
