/** Programs that eat memory, CPU, threads, processes, disk or time. */
import { type Disruption, quick } from './disruption.ts';

export const bombs: readonly Disruption[] = [
  {
    name: 'memory by a list',
    body: 'x = []\nwhile True: x.append(bytearray(1 << 20))',
    kind: 'memoryLimit',
    message: /MemoryError/,
  },
  {
    name: 'memory by one block',
    body: "return 'x' * (1 << 40)",
    kind: 'memoryLimit',
    message: /line 9, in forward/,
  },
  {
    name: 'memory by an integer',
    body: 'return str(len(bin(1 << (1 << 36))))',
    kind: ['memoryLimit', 'raised'],
  },
  { name: 'CPU', body: 'while True: pass', limits: quick, kind: 'computeLimit', message: /0\.7 s/ },
  {
    name: 'CPU with ignored signals',
    body: 'import signal\nfor n in range(1, 30):\n    try: signal.signal(n, signal.SIG_IGN)\n    except (OSError, ValueError): pass\nwhile True: pass',
    limits: quick,
    kind: 'computeLimit',
  },
  {
    name: 'CPU behind except',
    body: 'while True:\n    try:\n        while True: pass\n    except BaseException: pass',
    limits: quick,
    kind: 'computeLimit',
  },
  {
    name: 'threads',
    body: 'import threading\nn = 0\ntry:\n    while n < 5000:\n        threading.Thread(target=time.sleep, args=(9,), daemon=True).start(); n += 1\nexcept RuntimeError: pass\nreturn f"stopped at {n}"',
    answer: /^stopped at \d+$/,
  },
  { name: 'recursion', body: 'return self.forward(taskInfo)', kind: 'raised', message: /RecursionError/ },
  {
    name: 'recursion without a limit',
    body: 'sys.setrecursionlimit(10**9)\nreturn self.forward(taskInfo)',
    limits: { computeMs: 2_000 },
    kind: ['exited', 'memoryLimit', 'computeLimit', 'raised'],
  },
  {
    name: 'recursion in C',
    body: 'sys.setrecursionlimit(10**9)\nx = []\nfor _ in range(10**6): x = [x]\nreturn repr(x)',
    kind: ['exited', 'memoryLimit', 'raised'],
  },
  {
    name: 'regular expression',
    body: "return str(re.match('(a+)+$', 'a' * 60 + 'b'))",
    limits: quick,
    kind: 'computeLimit',
  },
  { name: 'sleep', body: 'time.sleep(1000)', limits: quick, kind: 'computeLimit' },
  {
    name: 'dead lock',
    body: 'lock = threading.Lock()\nlock.acquire()\nlock.acquire()',
    limits: quick,
    kind: 'computeLimit',
  },
  {
    name: 'disk by one file',
    body: "try:\n    with open('/tmp/big', 'wb') as f:\n        while True: f.write(b'x' * (1 << 20))\nexcept OSError as e: return 'stopped'",
    answer: /^stopped$/,
  },
  {
    name: 'disk by many files',
    body: "n = 0\ntry:\n    while n < 100000:\n        open(f'/tmp/{n}', 'w').close(); n += 1\nexcept OSError: pass\nreturn f'stopped at {n}'",
    answer: /^stopped at \d{1,4}$/,
  },
  {
    name: 'total time',
    body: "return self.llm.call_llm('never answered')",
    unanswered: true,
    limits: { totalMs: 600 },
    kind: 'totalLimit',
  },
  {
    name: 'memory by mappings',
    body: "import mmap\nx = []\nwhile True: x.append(mmap.mmap(-1, 1 << 24)); x[-1].write(b'x' * (1 << 24))",
    kind: ['memoryLimit', 'raised'],
  },
  {
    name: 'memory by the C library',
    body: "import ctypes\nc = ctypes.CDLL(None)\nc.malloc.restype = ctypes.c_void_p\nn = 0\nwhile c.malloc(1 << 20): n += 1\nreturn 'stopped at ' + str(n)",
    answer: /^stopped at \d{1,3}$/,
  },
  {
    name: 'memory by one thread among many',
    body: 'def grow():\n    x = []\n    while True: x.append(bytearray(1 << 20))\nwith ThreadPoolExecutor(8) as pool:\n    return str(list(pool.map(lambda _: grow(), range(8))))',
    kind: ['memoryLimit', 'exited', 'raised'],
  },
  {
    name: 'memory of the kernel by pipes',
    body: "ends = []\ntry:\n    while True: ends += os.pipe2(os.O_NONBLOCK)\nexcept OSError: pass\nfor end in ends[1::2]:\n    try: os.write(end, b'x' * (1 << 20))\n    except OSError: pass\nreturn f'stopped at {len(ends)}'",
    answer: /^stopped at [1-6]\d?$/,
  },
  {
    name: 'compressed bomb',
    body: "import zlib\nsmall = zlib.compress(b'0' * (1 << 28)) if False else zlib.compressobj()\ndata = b''.join(small.compress(b'0' * (1 << 20)) for _ in range(1024)) + small.flush()\nreturn str(len(zlib.decompress(data)))",
    limits: { computeMs: 20_000 },
    kind: ['memoryLimit', 'computeLimit'],
  },
  { name: 'width of a format', body: "return '{:>9999999999}'.format('x')", kind: ['memoryLimit', 'raised'] },
  {
    name: 'an exponent',
    body: 'return str(10 ** 10 ** 10 > 0)',
    limits: quick,
    kind: ['computeLimit', 'memoryLimit'],
  },
  {
    name: 'nested JSON',
    body: "return str(json.loads('[' * 10_000_000))",
    kind: ['raised', 'memoryLimit', 'exited'],
  },
  {
    name: 'nested expressions',
    body: "return str(eval('-' * 1_000_000 + '1'))",
    kind: ['raised', 'memoryLimit', 'exited'],
  },
  {
    name: 'a chain of exceptions',
    body: 'def chain(n):\n    try: raise ValueError(n)\n    except ValueError as e:\n        if n: raise chain(n - 1) from e\n        raise\nchain(100000)',
    kind: ['raised', 'memoryLimit'],
    message: /RecursionError|ValueError|MemoryError/,
  },
  {
    name: 'processes by fork',
    body: "n = 0\ntry:\n    while True:\n        if os.fork() == 0: pass\n        n += 1\nexcept OSError as e: return f'stopped at {n}'",
    answer: /^stopped at 0$/,
  },
  {
    name: 'processes by fork in every thread',
    body: "def spawn(_):\n    try: return os.fork()\n    except OSError: return 'no'\nwith ThreadPoolExecutor(32) as pool: return str(set(pool.map(spawn, range(1000))))",
    answer: /^\{'no'\}$/,
  },
  {
    name: 'threads below Python',
    body: "import _thread\nthreading.stack_size(32768)\nn = 0\ntry:\n    while n < 20000: _thread.start_new_thread(time.sleep, (30,)); n += 1\nexcept RuntimeError: pass\nreturn f'stopped at {n}'",
    answer: /^stopped at \d{1,4}$/,
  },
  {
    name: 'CPU by many threads',
    body: 'def spin():\n    while True: hashlib.sha256(bytes(1 << 20))\nfor _ in range(16): threading.Thread(target=spin).start()\nspin()',
    limits: quick,
    kind: 'computeLimit',
  },
  {
    name: 'a storm of signals',
    body: 'import signal\nsignal.signal(signal.SIGALRM, lambda *_: None)\nsignal.setitimer(signal.ITIMER_REAL, 1e-6, 1e-6)\nwhile True: pass',
    limits: quick,
    kind: 'computeLimit',
  },
  {
    name: 'stops itself',
    body: "import signal\nos.kill(os.getpid(), signal.SIGSTOP)\nif os.getpid() == 1: return 'process 1 cannot stop'\nwhile True: pass",
    limits: quick,
    kind: ['computeLimit', 'memoryLimit'],
    answer: /cannot stop/,
  },
  {
    name: 'disk by a sparse file',
    body: "try:\n    with open('/tmp/sparse', 'wb') as f: f.truncate(1 << 40)\nexcept OSError: return 'stopped'",
    answer: /^stopped$/,
  },
  {
    name: 'disk by directories',
    body: "n = 0\ntry:\n    while n < 100000: os.mkdir('/tmp/' + 'd/' * n + 'd') if n < 900 else os.mkdir(f'/tmp/e{n}'); n += 1\nexcept OSError: pass\nreturn f'stopped at {n}'",
    answer: /^stopped at \d{1,4}$/,
  },
  {
    name: 'a message of 10 MB',
    body: "raise ValueError('x' * 10_000_000)",
    kind: 'raised',
    message: /^[^]{1,4100}$/,
  },
  {
    name: 'a traceback through a million calls of code without a name',
    body: "source = 'def f(n):\\n    return f(n - 1) if n else 1 / 0\\n'\nspace = {}\nexec(source, space)\nsys.setrecursionlimit(20000)\nreturn space['f'](15000)",
    kind: ['raised', 'exited'],
  },
  {
    name: 'waits for a thread that never ends',
    body: 'thread = threading.Thread(target=time.sleep, args=(1000,))\nthread.start()\nthread.join()',
    limits: quick,
    kind: 'computeLimit',
  },
  {
    name: 'asyncio without an end',
    body: 'async def forever():\n    while True: await asyncio.sleep(0)\nreturn asyncio.run(forever())',
    limits: quick,
    kind: 'computeLimit',
  },
];
