/** The table of disruptions.test.ts: programs that flood, forge, crash or never end, and what each must come to. */
import type { Limits, ProgramFailureKind } from '../../../workflows/shared/program.ts';
import { programOf } from '../../support/sandbox.ts';

/** The program that must answer after each of them. */
export const healthy = programOf("return 'healthy ' + self.llm.call_llm('program')");

export interface Disruption {
  readonly name: string;
  /** Body of forward, or a whole source. */
  readonly body?: string;
  readonly source?: string;
  readonly forge?: boolean;
  readonly limits?: Partial<Limits>;
  readonly kind?: ProgramFailureKind | readonly ProgramFailureKind[];
  readonly message?: RegExp;
  readonly answer?: RegExp;
}

const quick = { computeMs: 700 };
export const disruptions: readonly Disruption[] = [
  // bombs
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
    limits: { totalMs: 600 },
    kind: 'totalLimit',
  },
  // output
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
  // ends
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
  // bad sources
  { name: 'empty source', source: '', kind: 'shape', message: /there is no class MAS/ },
  {
    name: 'syntax error',
    source: 'class MAS:\n  def forward(self, q)\n    pass',
    kind: 'syntax',
    message: /^line 2: /,
  },
  { name: 'NUL in the source', source: 'class MAS: pass\0', kind: 'syntax', message: /null bytes/ },
  {
    name: 'source too large',
    source: `${healthy}#${'x'.repeat(1 << 20)}`,
    kind: 'syntax',
    message: /at most 1048576/,
  },
  { name: 'source nested too deeply', source: `x = ${'('.repeat(5000)}`, kind: 'syntax' },
  {
    name: 'byte order mark and CRLF',
    source: `\ufeff${healthy.replaceAll('\n', '\r\n')}`,
    answer: /^healthy program$/,
  },
  { name: 'tabs', source: healthy.replaceAll('    ', '\t'), answer: /^healthy program$/ },
  {
    name: 'two classes MAS',
    source: `${healthy}\n${healthy}`,
    kind: 'shape',
    message: /defined 2 times \(lines \d+ and \d+\)/,
  },
  {
    name: '__init__ with other arguments',
    source: 'class MAS:\n  def __init__(self, models): pass\n  def forward(self, q): return q',
    kind: 'shape',
    message: /no parameter model_list/,
  },
  {
    name: 'forward with two arguments',
    source: 'class MAS:\n  def __init__(self, model_list): pass\n  def forward(self, q, r): return q',
    kind: 'shape',
    message: /exactly one argument/,
  },
  {
    name: 'forward is a coroutine',
    source: 'class MAS:\n  def __init__(self, model_list): pass\n  async def forward(self, q): return q',
    kind: 'shape',
    message: /asyncio\.run/,
  },
  {
    name: 'unknown name',
    body: 'return call_the_model(taskInfo)',
    kind: 'raised',
    message: /NameError: name 'call_the_model'/,
  },
  {
    name: 'missing package',
    body: 'import openai',
    kind: 'raised',
    message: /ModuleNotFoundError: No module named 'openai'/,
  },
  {
    name: 'raises at the top level',
    source: `1 / 0\n${healthy}`,
    kind: 'raised',
    message: /line 1, in <module>/,
  },
  // sabotage of the library and the runner
  {
    name: 'redefines the library',
    body: 'global LLM\nLLM = None\nimport utils\nutils.LLM = None\nreturn self.llm.call_llm("kept")',
    answer: /kept/,
  },
  { name: 'breaks json', body: 'json.dumps = None\nreturn "x"', kind: 'exited' },
  {
    name: 'breaks builtins',
    body: 'import builtins\nfor n in list(vars(builtins)):\n    if not n.startswith("__"): delattr(builtins, n)\nreturn "x"',
    kind: ['exited', 'raised'],
    answer: /x/,
  },
  {
    name: 'walks to the runner',
    body: 'f = sys._getframe()\nwhile f.f_back: f = f.f_back\nf.f_globals.clear()\nreturn "walked"',
    kind: ['exited', 'raised'],
    answer: /walked/,
  },
  {
    name: 'audits the runner',
    body: 'sys.addaudithook(lambda *a: sys.exit(1))\nreturn open("/x").read()',
    kind: ['exited', 'raised'],
  },
  // frames
  {
    name: 'forges its result',
    forge: true,
    body: "frame(t='done', answer='forged', stdout='')\nreturn linger()",
    answer: /^forged$/,
  },
  {
    name: 'forges two results',
    forge: true,
    body: "frame(t='done', answer='one', stdout='')\nframe(t='done', answer='two', stdout='')\nreturn linger()",
    answer: /^one$/,
  },
  {
    name: 'forges a failure of the host',
    forge: true,
    body: "frame(t='failed', kind='callLimit', message='x', stdout='')\nreturn linger()",
    kind: 'protocol',
  },
  {
    name: 'forges a frame of another mode',
    forge: true,
    body: "frame(t='code', status='done', text='x', stdout='', tests=[])\nreturn linger()",
    kind: 'protocol',
  },
  {
    name: 'forges an exit report',
    forge: true,
    body: 'raw(\'{"exit":[[1,0,0,0]]}\\n\')\nreturn linger()',
    kind: 'protocol',
  },
  {
    name: 'forges readiness',
    forge: true,
    body: "frame(t='ready', slot=1)\nreturn linger()",
    kind: 'protocol',
  },
  { name: 'malformed JSON', forge: true, body: "raw('{{{\\n')\nreturn linger()", kind: 'protocol' },
  { name: 'not UTF-8', forge: true, body: "raw(b'\\xff\\xfe\\n')\nreturn linger()", kind: 'protocol' },
  { name: 'an empty line', forge: true, body: "raw('\\n')\nreturn linger()", kind: 'protocol' },
  { name: 'nested JSON', forge: true, body: "raw('[' * 1000000 + '\\n')\nreturn linger()", kind: 'protocol' },
  {
    name: 'keys of the prototype',
    forge: true,
    body: 'raw(\'{"__proto__":{"t":"done"},"constructor":1}\\n\')\nreturn linger()',
    kind: 'protocol',
  },
  {
    name: 'a line of 9 MB',
    forge: true,
    body: "raw('x' * 9_000_000)\nreturn linger()",
    kind: 'protocol',
    message: /8 MiB/,
  },
  {
    name: 'a result of 300 KB',
    forge: true,
    body: "frame(t='done', answer='x' * 300_000, stdout='')\nreturn linger()",
    kind: 'protocol',
  },
  {
    name: 'a flood of idle frames',
    forge: true,
    body: 'line = b\'{"t":"idle","answered":0}\\n\' * 1000\nwhile True: raw(line)',
    limits: quick,
    kind: 'computeLimit',
  },
  {
    name: 'a call with a used number',
    forge: true,
    body: 'forged_call(5)\nforged_call(5)\nreturn linger()',
    kind: 'protocol',
  },
  {
    name: 'a call with a negative number',
    forge: true,
    body: 'forged_call(-1)\nreturn linger()',
    kind: 'protocol',
  },
  {
    name: 'a call with a false lineage',
    forge: true,
    body: "forged_call(1, lineage='0/../1')\nreturn linger()",
    kind: 'protocol',
  },
  {
    name: 'a thousand calls at once',
    forge: true,
    body: 'for n in range(1, 1000): forged_call(n)\nreturn linger()',
    kind: 'protocol',
    message: /at once/,
  },
  {
    name: 'an unknown method',
    forge: true,
    body: "forged_call(1, method='readFile')\nreturn linger()",
    kind: 'badCall',
  },
  {
    name: 'a temperature of 9',
    forge: true,
    body: "forged_call(1, args={'messages': [{'role': 'user', 'content': 'x'}], 'temperature': 9, 'maxTokens': 5})\nreturn linger()",
    kind: 'badCall',
    message: /temperature/,
  },
  {
    name: 'a prompt of 2 MB',
    body: "return self.llm.call_llm('x' * 2_000_000)",
    kind: 'badCall',
    message: /messages\.0\.content/,
  },
  { name: 'closes the control socket', body: 'os.close(3)\ntime.sleep(10)', kind: ['exited', 'memoryLimit'] },
  {
    name: 'replaces the control socket',
    body: "os.dup2(os.open('/dev/null', os.O_RDWR), 3)\nreturn 'unheard'",
    kind: ['exited', 'memoryLimit'],
  },
];
