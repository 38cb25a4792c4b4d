/** Labelled cases for code extraction and grading: `double(x)` returns 2x. `found` says whether any code is to be found. */
export interface CodeCase {
  readonly trap: string;
  readonly answer: string;
  readonly found: boolean;
  readonly right: boolean;
}

const good = 'def double(x):\n    return 2 * x';
const bad = 'def double(x):\n    return x + 2';

export const codeCases: readonly CodeCase[] = [
  { trap: 'fence', answer: `Here:\n\`\`\`python\n${good}\n\`\`\``, found: true, right: true },
  {
    trap: 'fence',
    answer: `\`\`\`python\n${bad}\n\`\`\`\nBetter:\n\`\`\`python\n${good}\n\`\`\``,
    found: true,
    right: true,
  },
  {
    trap: 'fence',
    answer: `\`\`\`python\n${good}\n\`\`\`\nWorse:\n\`\`\`python\n${bad}\n\`\`\``,
    found: true,
    right: false,
  },
  {
    trap: 'example last',
    answer: `\`\`\`python\n${good}\n\`\`\`\nUse:\n\`\`\`python\nprint(double(2))\n\`\`\``,
    found: true,
    right: true,
  },
  {
    trap: 'other language',
    answer: `\`\`\`python\n${good}\n\`\`\`\n\`\`\`bash\npython x.py\n\`\`\``,
    found: true,
    right: true,
  },
  { trap: 'no language', answer: `\`\`\`\n${good}\n\`\`\``, found: true, right: true },
  { trap: 'cut', answer: `\`\`\`python\n${good}`, found: true, right: true },
  { trap: 'tag', answer: `<Code Solution>\n${good}\n</Code Solution>`, found: true, right: true },
  {
    trap: 'tag',
    answer: `<Code Solution>\n\`\`\`python\n${good}\n\`\`\`\n</Code Solution>`,
    found: true,
    right: true,
  },
  {
    trap: 'tag',
    answer: `\`\`\`python\n${bad}\n\`\`\`\n<Code Solution>\n${good}\n</Code Solution>`,
    found: true,
    right: true,
  },
  { trap: 'bare', answer: good, found: true, right: true },
  { trap: 'bare', answer: `Sure, here it is:\n\n${good}\n`, found: true, right: true },
  { trap: 'lambda', answer: '```python\ndouble = lambda x: x * 2\n```', found: true, right: true },
  { trap: 'body', answer: '    return 2 * x\n', found: true, right: true },
  { trap: 'body', answer: '\n    y = 2 * x\n    return y\n', found: true, right: true },
  {
    trap: 'wrong name',
    answer: '```python\ndef twice(x):\n    return 2 * x\n```',
    found: true,
    right: false,
  },
  {
    trap: 'raises',
    answer: '```python\ndef double(x):\n    raise ValueError("no")\n```',
    found: true,
    right: false,
  },
  { trap: 'syntax', answer: '```python\ndef double(x)\n    return 2 * x\n```', found: true, right: false },
  { trap: 'exits', answer: '```python\nimport sys\nsys.exit(0)\n```', found: true, right: false },
  { trap: 'kills', answer: '```python\nimport os\nos._exit(0)\n```', found: true, right: false },
  {
    trap: 'own check',
    answer: '```python\ndef double(x):\n    return 0\ndef check(f):\n    return True\n```',
    found: true,
    right: false,
  },
  { trap: 'nothing', answer: 'I would double the number.', found: false, right: false },
  { trap: 'nothing', answer: '', found: false, right: false },
];
