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
def unicode_text(llm):
    text = 'Ünïcödé 漢字 🙂 ∑ \u200b'
    assert llm.call_llm(text) == text
    print(text)


@feature
def long_prompts(llm):
    text = 'long ' * 100_000
    assert llm.call_llm(text) == text.strip()


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
def text_wrapping_and_templates(llm):
    import string

    assert textwrap.dedent('  a\n  b') == 'a\nb' and string.Template('$x').substitute(x=1) == '1'


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
def markup_and_urls(llm):
    import html
    import urllib.parse
    import xml.etree.ElementTree as tree

    assert tree.fromstring('<a><b>1</b></a>').findtext('b') == '1' and html.unescape('&lt;') == '<'
    assert urllib.parse.urlparse('https://x.org/a?b=1').query == 'b=1'


@feature
def a_hundred_megabytes(llm):
    block = bytearray(100 << 20)
    assert len(block) == 100 << 20


@feature
def cpu_heavy_work(llm):
    assert sum(i * i for i in range(300_000)) == 8999955000050000


@feature
def counters_and_chains(llm):
    votes = collections.Counter(['A', 'B', 'A'])
    votes.update('BBB')
    assert votes.most_common(1) == [('B', 4)] and (votes - collections.Counter('A')).total() == 5
    assert collections.ChainMap({'a': 1}, {'a': 2, 'b': 3})['b'] == 3
    order = collections.OrderedDict(a=1, b=2)
    order.move_to_end('a')
    assert list(order) == ['b', 'a']


@feature
def iteration_tools(llm):
    assert (
        len(list(itertools.permutations('abcd'))) == 24
        and sum(1 for _ in itertools.product('ab', repeat=10)) == 1024
    )
    groups = {key: len(list(group)) for key, group in itertools.groupby('aabbb')}
    assert groups == {'a': 2, 'b': 3} and list(itertools.accumulate([1, 2, 3])) == [1, 3, 6]


@feature
def numbers_of_every_kind(llm):
    import cmath
    import numbers

    assert round(cmath.sqrt(-1).imag) == 1 and isinstance(1, numbers.Number) and 0.1 + 0.2 != 0.3
    assert (
        math.isclose(math.comb(50, 25), 126410606437752) and pow(3, -1, 7) == 5 and math.isnan(float('nan'))
    )
    assert statistics.stdev([1, 2, 3, 4]) > 1.29 and statistics.quantiles(range(1, 100), n=4)[1] == 50


@feature
def regular_expressions_of_replies(llm):
    reply = llm.call_llm(
        'Reasoning…\n```python\nx = 1\n```\nThe answer is <<3>> of [[5]], \\boxed{\\frac{1}{2}}.'
    )
    assert re.search(r'```(?:python)?\n(.*?)```', reply, re.DOTALL).group(1) == 'x = 1\n'
    assert re.findall(r'<<(\d+)>>|\[\[(\d+)\]\]', reply) == [('3', ''), ('', '5')]
    assert re.compile(r'(?<=is )\S+', re.VERBOSE | re.IGNORECASE).search('IT IS  x') is None


@feature
def text_is_compared_and_normalized(llm):
    import difflib
    import unicodedata

    assert difflib.SequenceMatcher(None, 'answer', 'answers').ratio() > 0.9
    assert unicodedata.normalize('NFKC', 'ﬁ') == 'fi' and 'Straße'.casefold() == 'strasse'
    assert f'{1234567.891:,.2f}|{"x":>5}|{255:#x}' == '1,234,567.89|    x|0xff'


@feature
def json_with_hooks(llm):
    value = json.loads('{"a": 1.10, "b": {"c": [1]}}', parse_float=decimal.Decimal, object_pairs_hook=list)
    assert str(value[0][1]) == '1.10' and json.dumps({'s': {1}}, default=sorted) == '{"s": [1]}'
    assert json.dumps({'b': 1, 'a': 2}, sort_keys=True) == '{"a": 2, "b": 1}'


@feature
def tables_and_settings(llm):
    import configparser
    import csv

    sheet = io.StringIO()
    writer = csv.DictWriter(sheet, ['name', 'score'])
    writer.writeheader()
    writer.writerow({'name': 'a, b', 'score': 1})
    assert next(csv.DictReader(io.StringIO(sheet.getvalue())))['name'] == 'a, b'
    settings = configparser.ConfigParser()
    settings.read_string('[agent]\nrounds = 3\n')
    assert settings.getint('agent', 'rounds') == 3


@feature
def binary_data(llm):
    import array
    import bz2
    import gzip
    import lzma
    import struct

    data = bytes(range(256)) * 10
    for kind in (gzip, bz2, lzma):
        assert kind.decompress(kind.compress(data)) == data
    assert struct.unpack('<IH', struct.pack('<IH', 7, 8)) == (7, 8) and sum(array.array('d', [1, 2])) == 3
    view = memoryview(bytearray(b'abc'))
    view[0] = 65
    assert bytes(view) == b'Abc'


@feature
def archives_in_memory(llm):
    import tarfile
    import zipfile

    store = io.BytesIO()
    with zipfile.ZipFile(store, 'w') as archive:
        archive.writestr('a.txt', 'text')
    assert zipfile.ZipFile(store).namelist() == ['a.txt'] and tarfile.is_tarfile(io.BytesIO(b'')) is False


@feature
def time_is_formatted(llm):
    import calendar
    import datetime as dates

    moment = dates.datetime(2024, 2, 29, 13, 5, tzinfo=dates.timezone.utc)
    assert (
        moment.isoformat() == '2024-02-29T13:05:00+00:00'
        and moment.strftime('%d %B %Y') == '29 February 2024'
    )
    assert dates.datetime.fromisoformat('2024-02-29').weekday() == 3 and calendar.isleap(2024)
    assert time.strftime('%Y', time.gmtime()) == '2023' and dates.datetime.now().year >= 2023
    before = time.perf_counter()
    assert time.perf_counter() >= before and time.process_time() >= 0


@feature
def sorting_and_searching(llm):
    words = sorted(['b', 'A', 'c'], key=str.lower)
    assert words == ['A', 'b', 'c'] and sorted([3, 1, 2], key=functools.cmp_to_key(lambda a, b: b - a)) == [
        3,
        2,
        1,
    ]
    import bisect

    ranks = [1, 3, 5]
    bisect.insort(ranks, 4)
    assert ranks == [1, 3, 4, 5] and list(heapq.merge([1, 4], [2, 3])) == [1, 2, 3, 4]


@feature
def large_collections(llm):
    table = {i: str(i) for i in range(200_000)}
    assert len(set(table.values())) == 200_000 and sorted(table, reverse=True)[0] == 199_999
    assert len('x' * 20_000_000) == 20_000_000


@feature
def memory_is_given_back(llm):
    for _ in range(20):
        block = bytearray(100 << 20)
        block[-1] = 1
        del block


@feature
def queries_to_a_database_in_memory(llm):
    try:
        import sqlite3
    except ImportError:
        return
    with contextlib.closing(sqlite3.connect(':memory:')) as database:
        database.create_function('double', 1, lambda x: 2 * x)
        database.execute('create table votes (agent text, score real)')
        database.executemany('insert into votes values (?, ?)', [('a', 1.5), ('b', 2.5), ('a', 3.5)])
        rows = database.execute(
            'select agent, sum(double(score)) from votes group by agent order by 1'
        ).fetchall()
        assert rows == [('a', 10.0), ('b', 5.0)]


@feature
def pages_are_parsed(llm):
    from html.parser import HTMLParser

    class Words(HTMLParser):
        def __init__(self):
            super().__init__()
            self.words = []

        def handle_data(self, data):
            self.words.append(data)

    words = Words()
    words.feed('<p>one <b>two</b></p>')
    assert words.words == ['one ', 'two']


@feature
def chance_of_every_kind(llm):
    own = random.Random(5)
    assert (
        own.random() == random.Random(5).random() and len(random.choices('abc', weights=[1, 2, 3], k=5)) == 5
    )
    deck = list(range(10))
    random.shuffle(deck)
    assert sorted(deck) == list(range(10)) and 0 <= random.gauss(0.5, 0) <= 1 and random.uniform(1, 2) >= 1


@feature
def prompts_with_every_character(llm):
    text = ''.join(map(chr, [*range(1, 0x250), 0x2028, 0xFEFF, 0xFFFD, 0x1F600, 0x10FFFF]))
    assert llm.call_llm(text) == text.strip()
    assert llm.call_llm('{"json": "{braces}"} %s {0}') == '{"json": "{braces}"} %s {0}'
