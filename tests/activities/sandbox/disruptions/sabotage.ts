/** Programs that break, replace or imitate the library and the runner around them. They can forge their own answer only. */
import { type Disruption, quick } from './disruption.ts';

export const sabotage: readonly Disruption[] = [
  {
    name: 'redefines the library',
    body: 'global LLM\nLLM = None\nimport utils\nutils.LLM = None\nreturn self.llm.call_llm("kept")',
    answer: /kept/,
  },
  { name: 'breaks json', body: 'json.dumps = None\nreturn "x"', answer: /^x$/ },
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
  {
    name: 'shadows the library',
    source: `class LLM:\n  def __init__(self, m): pass\n  def call_llm(self, p): return 'own'\nclass MAS:\n  def __init__(self, model_list): self.llm = LLM(model_list)\n  def forward(self, q): return self.llm.call_llm(q)`,
    answer: /^own$/,
  },
  {
    name: 'removes the library',
    body: "del sys.modules['utils']\ntry:\n    import utils\nexcept ImportError: return 'gone'",
    answer: /^gone$/,
  },
  {
    name: 'replaces the channel',
    body: "sys.modules['channel'].Channel.send = lambda self, frame: None\nreturn 'unheard'",
    answer: /^unheard$/,
  },
  {
    name: 'answers for the channel',
    body: "channel = sys.modules['channel']\nsend = channel.Channel.send\nchannel.Channel.send = lambda self, frame: send(self, {**frame, 'answer': 'altered'})\nreturn 'plain'",
    answer: /^plain$/,
  },
  { name: 'replaces os.write', body: "os.write = lambda *a: 1 << 30\nreturn 'unheard'", kind: 'exited' },
  { name: 'replaces the encoder', body: "json.dumps = lambda *a, **k: '{}'\nreturn 'x'", answer: /^x$/ },
  {
    name: 'replaces isinstance',
    body: 'import builtins\nbuiltins.isinstance = lambda *a: True\nreturn None',
    kind: ['raised', 'exited'],
  },
  {
    name: 'replaces len',
    body: "import builtins\nbuiltins.len = lambda x: 0\nreturn 'x' * 300_000",
    kind: ['protocol', 'raised', 'exited', 'answerTooLarge'],
  },
  {
    name: 'replaces import',
    body: "import builtins\nbuiltins.__import__ = None\nreturn 'x'",
    answer: /^x$/,
    kind: ['raised', 'exited'],
  },
  { name: 'closes standard output', body: "sys.stdout.close()\nprint\nreturn 'x'", answer: /^x$/ },
  { name: 'replaces standard output', body: "sys.stdout = None\nprint('x')\nreturn 'x'", answer: /^x$/ },
  {
    name: 'breaks the captured output',
    body: "type(sys.stdout).text = None\nreturn 'x'",
    kind: ['exited', 'raised'],
  },
  {
    name: 'empties the modules',
    body: "sys.modules.clear()\nreturn 'x'",
    answer: /^x$/,
    kind: ['raised', 'exited'],
  },
  {
    name: 'forges the failure of the guest',
    body: "failures = sys.modules['failures']\nraise failures.Failure('callLimit', 'forged')",
    kind: ['protocol', 'raised'],
  },
  {
    name: 'raises with a class that breaks tracebacks',
    body: "class E(Exception):\n    __traceback__ = property(lambda self: 1 / 0)\nraise E('x')",
    kind: ['raised', 'exited'],
  },
  {
    name: 'traces the runner',
    body: "sys.settrace(lambda *a: 1 / 0)\nreturn self.llm.call_llm('x')",
    kind: ['raised', 'exited'],
    answer: /x/,
  },
  {
    name: 'profiles the runner',
    body: "sys.setprofile(lambda *a: sys.exit(1))\nreturn 'x'",
    kind: ['raised', 'exited'],
  },
  {
    name: 'audits everything away',
    body: "def hook(*a): raise MemoryError\nsys.addaudithook(hook)\nreturn 'x'",
    answer: /^x$/,
    kind: ['memoryLimit', 'exited', 'raised'],
  },
  {
    name: 'wakes by the control socket',
    body: "import signal\nos.set_blocking\ntry: signal.set_wakeup_fd(3, warn_on_full_buffer=False)\nexcept (OSError, ValueError): return 'refused'\nsignal.signal(signal.SIGALRM, lambda *a: None)\nsignal.raise_signal(signal.SIGALRM)\nreturn 'x'",
    kind: 'protocol',
    answer: /^refused$/,
  },
  {
    name: 'replaces the reader of answers',
    body: "sys.modules['channel'].Channel.receive = lambda self: {'id': 1, 'ok': True, 'value': 'own'}\nreturn self.llm.call_llm('x')",
    answer: /^own$/,
  },
  {
    name: 'reads the answer itself',
    body: 'return os.read(3, 10).decode()',
    limits: quick,
    kind: 'computeLimit',
  },
  {
    name: 'collects with its own hands',
    body: "import gc\ngc.unfreeze()\nfor o in gc.get_objects():\n    if type(o).__name__ == 'Channel': o.__dict__.clear()\nreturn 'x'",
    kind: ['exited', 'raised'],
  },
  {
    name: 'kills the thread that reads',
    body: "import ctypes\nt = threading.Thread(target=self.llm.call_llm, args=('x',)); t.start(); t.join()\nfor ident in list(sys._current_frames()):\n    if ident != threading.get_ident(): ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(ident), ctypes.py_object(SystemExit))\nreturn 'x'",
    answer: /^x$/,
  },
];
