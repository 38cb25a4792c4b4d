/** Programs whose output or end is not what a program should give. */
import { type Disruption, quick } from './disruption.ts';

export const ends: readonly Disruption[] = [
  {
    name: 'prints 100 MB',
    body: "for _ in range(100): print('x' * (1 << 20))\nreturn 'done'",
    answer: /^done$/,
  },
  {
    name: 'answers 10 MB',
    body: "return 'x' * 10_000_000",
    kind: 'answerTooLarge',
    message: /10000000 bytes: at most 262144/,
  },
  { name: 'answers None', body: 'pass', kind: 'noAnswer', message: /forward\(\) returned None/ },
  { name: 'answers bytes', body: "return b'x'", kind: 'noAnswer', message: /type bytes/ },
  { name: 'answers a list', body: "return ['x']", kind: 'noAnswer', message: /type list/ },
  {
    name: 'answers NUL and half a surrogate pair',
    body: "return 'a\\0b\\ud800c'",
    answer: /^a\ufffdb\ufffd+c$/,
  },
  {
    name: 'answers a string of its own class',
    body: "class S(str):\n    def __str__(self): return 'forged'\nreturn S('plain')",
    answer: /^plain$/,
  },
  {
    name: 'raises',
    body: "raise ValueError('no idea')",
    kind: 'raised',
    message: /line 9, in forward\n {4}raise ValueError\('no idea'\)\nValueError: no idea$/,
  },
  {
    name: 'raises BaseException',
    body: "raise BaseException('out')",
    kind: 'raised',
    message: /BaseException: out/,
  },
  {
    name: 'raises KeyboardInterrupt',
    body: 'raise KeyboardInterrupt',
    kind: 'raised',
    message: /KeyboardInterrupt/,
  },
  {
    name: 'raises what cannot be shown',
    body: 'class E(Exception):\n    def __str__(self): raise E()\nraise E()',
    kind: 'raised',
    message: /cannot be shown/,
  },
  {
    name: 'raises in a group of helpers',
    body: 'def f(x): return g(x)\ndef g(x): return x["k"]\nreturn f({})',
    kind: 'raised',
    message: /in f\n[^]*in g\n[^]*KeyError: 'k'/,
  },
  {
    name: 'calls sys.exit',
    body: 'sys.exit(3)',
    kind: 'exited',
    message: /SystemExit: 3.*return the answer/,
  },
  { name: 'calls os._exit', body: 'os._exit(7)', kind: 'exited', message: /status 7/ },
  { name: 'aborts', body: 'os.abort()', kind: 'exited' },
  {
    name: 'reads a null pointer',
    body: 'import ctypes\nreturn ctypes.string_at(0)',
    kind: 'exited',
    message: /signal 11/,
  },
  {
    name: 'kills itself',
    body: 'import signal\nos.kill(os.getpid(), signal.SIGKILL)\nreturn "immortal"',
    kind: 'memoryLimit',
    message: /signal 9/,
    answer: /immortal/,
  },
  {
    name: 'sets an alarm',
    body: 'import signal\nsignal.alarm(1)\ntime.sleep(0.01)\nreturn "quick"',
    answer: /quick/,
  },
  {
    name: 'exits a thread only',
    body: 'import threading\nthreading.Thread(target=sys.exit).start()\nreturn "main goes on"',
    answer: /main goes on/,
  },
  {
    name: 'leaves threads running',
    body: 'def spin():\n    while True: pass\nthreading.Thread(target=spin).start()\nreturn "left"',
    answer: /left/,
  },
  {
    name: 'registers an exit handler',
    body: 'import atexit\natexit.register(lambda: time.sleep(60))\nreturn "gone"',
    answer: /gone/,
  },
  {
    name: 'uses the x32 interface',
    body: 'import ctypes\nctypes.CDLL(None).syscall(ctypes.c_long(0x40000000 + 39))\nreturn "alive"',
    kind: 'exited',
    answer: /alive/,
  },
  {
    name: 'floods standard error',
    body: "for _ in range(100): sys.stderr.write('x' * (1 << 20))\nreturn 'done'",
    answer: /^done$/,
  },
  {
    name: 'floods from 32 threads',
    body: "def flood(_):\n    for _ in range(50): print('x' * (1 << 16))\nwith ThreadPoolExecutor(32) as pool: list(pool.map(flood, range(32)))\nreturn 'done'",
    answer: /^done$/,
  },
  { name: 'answers an empty string', body: "return ''", kind: 'noAnswer', message: /blank/ },
  { name: 'answers blanks', body: "return ' \\n\\t'", kind: 'noAnswer', message: /blank/ },
  { name: 'answers a number', body: 'return 42', kind: 'noAnswer', message: /type int/ },
  {
    name: 'answers a coroutine',
    body: "async def later(): return 'x'\nreturn later()",
    kind: 'noAnswer',
    message: /type coroutine/,
  },
  {
    name: 'answers a generator',
    body: "return (c for c in 'x')",
    kind: 'noAnswer',
    message: /type generator/,
  },
  {
    name: 'raises SystemExit by hand',
    body: "raise SystemExit('enough')",
    kind: 'exited',
    message: /SystemExit: enough/,
  },
  { name: 'quits', body: 'quit()', kind: ['exited', 'raised'] },
  {
    name: 'exits by the C library',
    body: 'import ctypes\nctypes.CDLL(None).exit(0)',
    kind: 'exited',
    message: /status 0/,
  },
  {
    name: 'ends itself by a signal',
    body: 'import signal\nsignal.signal(signal.SIGTERM, signal.SIG_DFL)\nos.kill(os.getpid(), signal.SIGTERM)\ntime.sleep(1)\nreturn "process 1 lives"',
    kind: 'exited',
    message: /signal 15/,
    answer: /process 1 lives/,
  },
  {
    name: 'overwrites its own memory',
    body: 'import ctypes\nctypes.memset(id(None), 255, 64)\nreturn str(None)',
    kind: ['exited', 'raised', 'noAnswer'],
    answer: /^/,
  },
  {
    name: 'unmaps the interpreter',
    body: 'import ctypes\nlibc = ctypes.CDLL(None)\nlibc.munmap(ctypes.c_void_p(0x400000), ctypes.c_size_t(0x7ffffffff000))\nreturn "x"',
    kind: 'exited',
    answer: /x/,
  },
  {
    name: 'raises in __init__',
    source:
      'class MAS:\n  def __init__(self, model_list): raise KeyError("model")\n  def forward(self, q): return q',
    kind: 'raised',
    message: /line 2, in __init__/,
  },
  {
    name: 'exits in __init__',
    source:
      'import sys\nclass MAS:\n  def __init__(self, model_list): sys.exit("no")\n  def forward(self, q): return q',
    kind: 'exited',
    message: /SystemExit: no/,
  },
  {
    name: 'exits at the top level',
    source:
      'raise SystemExit(0)\nclass MAS:\n  def __init__(self, model_list): pass\n  def forward(self, q): return q',
    kind: 'exited',
  },
  {
    name: 'raises a class of its own at exit',
    body: "class D:\n    def __del__(self): raise SystemExit\nself.d = D()\nreturn 'fine'",
    answer: /^fine$/,
  },
  {
    name: 'hangs at exit',
    body: "class D:\n    def __del__(self):\n        while True: pass\nglobal keep\nkeep = D()\nreturn 'fine'",
    answer: /^fine$/,
  },
  {
    name: 'raises what hangs when shown',
    body: 'class E(Exception):\n    def __str__(self):\n        while True: pass\nraise E()',
    limits: quick,
    kind: 'computeLimit',
  },
  {
    name: 'ends with its call open',
    body: "threading.Thread(target=self.llm.call_llm, args=('open',)).start()\ntime.sleep(0.05)\nreturn 'gone'",
    unanswered: true,
    answer: /^gone$/,
  },
  {
    name: 'uses the interface of 32-bit programs',
    body: "import ctypes, mmap\nif os.uname().machine != 'x86_64': return 'alive'\npage = mmap.mmap(-1, 4096, prot=7)\npage.write(b'\\xb8\\x14\\x00\\x00\\x00\\xcd\\x80\\xc3')\nctypes.CFUNCTYPE(ctypes.c_long)(ctypes.addressof(ctypes.c_char.from_buffer(page)))()\nreturn 'broke out'",
    kind: 'exited',
    message: /signal (11|31)/,
    answer: /^alive$/,
  },
];
