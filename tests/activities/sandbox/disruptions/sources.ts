/** Program texts that are no program, or hardly one. */
import { type Disruption, healthy } from './disruption.ts';

export const sources: readonly Disruption[] = [
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
  {
    name: 'a source of white space',
    source: ' \n\t\n',
    kind: ['shape', 'syntax'],
    message: /class MAS|indent/,
  },
  {
    name: 'a source of 1 MiB',
    source: `${healthy}#${'x'.repeat((1 << 20) - 1 - healthy.length)}`,
    answer: /^healthy program$/,
  },
  {
    name: 'a source of 1 MB of statements',
    source: `${healthy}${'x = 1\n'.repeat(150_000)}`,
    kind: 'memoryLimit',
    answer: /^healthy program$/,
  },
  {
    name: 'Windows line ends and tabs',
    source: healthy.replaceAll('    ', '\t').replaceAll('\n', '\r\n'),
    answer: /^healthy program$/,
  },
  { name: 'old Macintosh line ends', source: healthy.replaceAll('\n', '\r'), answer: /^healthy program$/ },
  {
    name: 'tabs mixed with spaces',
    source: `${healthy}\n\tx = 1\n        y = 2\n`,
    kind: 'syntax',
    message: /line \d+: .*(indent|tab)/,
  },
  {
    name: 'a NUL in a string',
    source: healthy.replace('healthy ', 'healthy\0'),
    kind: 'syntax',
    message: /null byte/,
  },
  {
    name: 'another encoding declared',
    source: `# -*- coding: latin-1 -*-\n${healthy}`,
    answer: /^healthy program$/,
  },
  {
    name: 'half a surrogate pair',
    source: `${healthy}# \ud800\n`,
    answer: /^healthy program$/,
    kind: 'syntax',
  },
  {
    name: 'two byte order marks',
    source: `\ufeff\ufeff${healthy}`,
    kind: 'syntax',
    message: /U\+FEFF|invalid/,
  },
  { name: 'prose', source: 'Here is the program you asked for.', kind: 'syntax', message: /^line 1: / },
  {
    name: 'a fenced program',
    source: `\`\`\`python\n${healthy}\`\`\``,
    kind: 'syntax',
    message: /^line 1: /,
  },
  {
    name: 'Python 2',
    source: healthy.replace('return', 'print "x"\n        return'),
    kind: 'syntax',
    message: /Missing parentheses|invalid syntax/,
  },
  { name: 'a MAS that is no class', source: 'MAS = 1', kind: 'shape', message: /there is no class MAS/ },
  {
    name: 'a MAS inside a function',
    source: 'def f():\n  class MAS:\n    pass',
    kind: 'shape',
    message: /top level/,
  },
  {
    name: 'a MAS that is replaced',
    source: `${healthy}\nMAS = 1\n`,
    kind: 'shape',
    message: /MAS is int when the program has run/,
  },
  {
    name: 'two classes MAS by condition',
    source: `if True:\n  class MAS: pass\nelse:\n  class MAS: pass\n`,
    kind: 'shape',
    message: /defined 2 times/,
  },
  {
    name: 'no __init__',
    source: 'class MAS:\n  def forward(self, q): return q',
    kind: 'shape',
    message: /no __init__/,
  },
  {
    name: 'no forward',
    source: 'class MAS:\n  def __init__(self, model_list): pass',
    kind: 'shape',
    message: /no forward/,
  },
  {
    name: '__init__ with one more argument',
    source: 'class MAS:\n  def __init__(self, model_list, rounds): pass\n  def forward(self, q): return q',
    kind: 'shape',
    message: /requires rounds/,
  },
  {
    name: '__init__ without arguments',
    source: 'class MAS:\n  def __init__(self): pass\n  def forward(self, q): return q',
    kind: 'shape',
    message: /no parameter model_list/,
  },
  {
    name: '__init__ with defaults',
    source:
      'class MAS:\n  def __init__(self, model_list, rounds=3): self.n = rounds\n  def forward(self, q): return str(self.n)',
    answer: /^3$/,
  },
  {
    name: 'forward without arguments',
    source: 'class MAS:\n  def __init__(self, model_list): pass\n  def forward(self): return "x"',
    kind: 'shape',
    message: /exactly one argument/,
  },
  {
    name: 'a forward of the base class',
    source:
      'class Base:\n  def __init__(self, model_list): pass\n  def forward(self, q): return q\nclass MAS(Base): pass',
    answer: /^q$/,
  },
  { name: 'a base class without forward', source: 'class MAS(dict): pass', kind: ['raised', 'shape'] },
  {
    name: 'a metaclass that lies',
    source:
      'class M(type):\n  def __call__(cls, **k): return None\nclass MAS(metaclass=M):\n  def __init__(self, model_list): pass\n  def forward(self, q): return q',
    kind: 'raised',
    message: /NoneType/,
  },
];
