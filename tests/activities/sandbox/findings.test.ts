/** What `program check` tells of a program, read in the sandbox: each finding names line and remedy; sound programs have none. */
import { describe, expect, it } from 'vitest';
import { programOf, testSandbox } from '../../support/sandbox.ts';

const sandbox = await testSandbox();

async function findingsOf(source: string): Promise<string[]> {
  const { findings } = await sandbox.read(source);
  return findings.map(({ severity, kind, message }) => `${severity} ${kind} ${message}`);
}

/** Bodies of forward (their first line is line 9) and what is told of them. */
const told: Record<string, [body: string, messages: readonly RegExp[]]> = {
  'an unknown name, and the one that was meant': [
    'answer = self.llm.call_llm(taskInfo)\nreturn anwser',
    [/^error unknownName line 10: the name anwser is not defined; did you mean answer\?$/],
  ],
  'a name of the class used bare in a method': [
    'return self.llm.call_llm(str(rounds))',
    [/^error unknownName line 9: the name rounds is not defined: write self\.rounds$/],
  ],
  'names in nested functions, lambdas, defaults and comprehensions': [
    'def inner(a=first):\n    return lambda b: a + b + second\nreturn self.llm.call_llm([third for x in fourth if fifth])',
    [/first/, /line 10.*second/, /line 11.*fifth/, /line 11.*fourth/, /line 11.*third/].map(
      (one) => new RegExp(`unknownName.*(?:${one.source})`),
    ),
  ],
  'a package that is not there': [
    'import openai\nreturn self.llm.call_llm(taskInfo)',
    [/^error forbiddenImport line 9: there is no module openai in the sandbox: agents are asked with/],
  ],
  'a package that is not there, and a way out': [
    'try:\n    import tiktoken\nexcept ImportError:\n    tiktoken = None\nreturn self.llm.call_llm(taskInfo)',
    [/^warning forbiddenImport line 10: there is no module tiktoken/],
  ],
  'a module that does not work': [
    'import subprocess, socket\nfrom urllib.request import urlopen\nreturn self.llm.call_llm(taskInfo)',
    [
      /^warning forbiddenImport line 9: socket .* no network/,
      /^warning forbiddenImport line 9: subprocess .* starts no processes/,
      /^warning forbiddenImport line 10: urllib\.request /,
    ],
  ],
  'calls that fail': [
    "os.system('ls')\ninput()\nsys.exit(1)\nreturn self.llm.call_llm(taskInfo)",
    [/line 9: os\.system\(\) fails/, /line 10: input\(\) fails/, /line 11: sys\.exit\(\) fails/],
  ],
  'arguments that the library does not take': [
    'self.llm.call_llm(taskInfo, max_tokens=9)\nexecute_code()\nreturn self.llm.call_llm(taskInfo, 3)',
    [
      /^error badCall line 9: call_llm\(prompt, temperature\) .*max_tokens/,
      /^error badCall line 10: execute_code\(code, timeout\) .*missing/,
      /^error badCall line 11: call_llm: a temperature lies between 0 and 2, not at 3$/,
    ],
  ],
  'a loop without an end': [
    'while True:\n    self.llm.call_llm(taskInfo)',
    [/^warning unboundedLoop line 9/],
  ],
  'an endless iterator': [
    'for n in itertools.count():\n    for m in [1]:\n        break\nreturn self.llm.call_llm(taskInfo)',
    [/^warning unboundedLoop line 9/],
  ],
  'a loop until a reply pleases': [
    "while True:\n    reply = self.llm.call_llm(taskInfo)\n    if 'good' in reply:\n        return reply",
    [/^warning unboundedCalls line 9: .*for _ in range\(5\)/],
  ],
  'a loop until a score pleases, in a helper': [
    'def rate(text):\n    return float(self.llm.call_llm(text))\nscore = 0\nwhile score < 8:\n    score = rate(taskInfo)\nreturn str(score)',
    [/^warning unboundedCalls line 12/],
  ],
  'recursion without a base case': [
    'def again(x):\n    y = x + 1\n    return again(y)\nreturn self.llm.call_llm(str(again(1)))',
    [/^warning unboundedRecursion line 9: again calls itself/],
  ],
  'no model is asked': ["return 'forty-two'", [/^warning noAgents no call of a model/]],
  'what parses but does not compile': [
    'nonlocal nothing\nreturn self.llm.call_llm(taskInfo)',
    [/^error syntax line 9: no binding for nonlocal 'nothing' found$/],
  ],
};

const sound: Record<string, string> = {
  'names that the star import and Python give':
    'import math as m\nx: Optional[List[str]] = None\nprint(re, json, defaultdict, asyncio, m, __name__, len, Counter)\nreturn self.llm.call_llm(taskInfo)',
  'a name that is global, a walrus, an exception, a match':
    'global found\nfound = 1\ntry:\n    pass\nexcept ValueError as e:\n    print(e)\nif (n := len(taskInfo)) > 1:\n    print(n)\nmatch taskInfo:\n    case str() as text:\n        return self.llm.call_llm(text)',
  'a loop that counts':
    "tries = 0\nwhile True:\n    reply = self.llm.call_llm(taskInfo)\n    tries += 1\n    if 'ok' in reply or tries > 3:\n        return reply",
  'a loop that empties a queue':
    'queue = [taskInfo]\nwhile queue:\n    task = queue.pop()\n    print(self.llm.call_llm(task))\nreturn task',
  'a loop over what is left':
    'left = [taskInfo] * 4\nwhile len(left) > 1:\n    left = [self.llm.call_llm(a + b) for a, b in zip(left[::2], left[1::2])]\nreturn left[0]',
  'recursion with a base case':
    'def fold(xs):\n    return xs[0] if len(xs) == 1 else self.llm.call_llm(fold(xs[1:]))\nreturn fold([taskInfo])',
  'an own function of a known name':
    'def execute_code(a, b, c):\n    return a\nreturn self.llm.call_llm(execute_code(1, 2, 3))',
};

describe('told', () => {
  it.each(Object.entries(told))('%s', async (_name, [body, messages]) => {
    const head = '';
    const found = await findingsOf(
      programOf(body, head)
        .replace('class MAS:', 'class MAS:\n    rounds = 2')
        .replace('\n\n\nclass', '\n\nclass'),
    );
    expect(found).toHaveLength(messages.length);
    for (const [index, message] of messages.entries()) expect(found[index]).toMatch(message);
  });

  it('the form of a program: where it is wrong, and no graph', async () => {
    const { findings, graph } = await sandbox.read('class MAS:\n    def __init__(self, model_list): ...\n');
    expect(graph).toBeNull();
    expect(findings).toMatchObject([{ severity: 'error', kind: 'shape', line: null }]);
    expect((await sandbox.read('def f(:\n')).findings).toMatchObject([{ kind: 'syntax', line: 1 }]);
  });

  it('programs that the reader cannot take are told of', async () => {
    for (const source of [
      '',
      '\0',
      `x = ${'('.repeat(5_000)}`,
      `${'-'.repeat(200_000)}1`,
      'x'.repeat(2 ** 20 + 1),
    ]) {
      const { findings, graph } = await sandbox.read(source);
      expect(graph).toBeNull();
      expect(findings).toHaveLength(1);
      expect(findings[0]?.severity).toBe('error');
    }
  });
});

describe('not told', () => {
  it.each(Object.entries(sound))('%s', async (_name, body) => {
    expect(await findingsOf(programOf(body))).toEqual([]);
  });
});
