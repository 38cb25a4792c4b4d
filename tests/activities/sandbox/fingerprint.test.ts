/** Programs are one program when they differ in layout, comments and names they chose only. */
import { describe, expect, it } from 'vitest';
import { readPool } from '../../../activities/mas/pool.ts';
import type { Fingerprint } from '../../../activities/sandbox/program-graph.ts';
import { testSandbox } from '../../support/sandbox.ts';

const sandbox = await testSandbox();

const program = `from utils import *
import json as j

class MAS:
    """Asks several."""
    limit = 2

    def __init__(self, model_list):
        self.llm = LLM(model_list)
        self.rounds = 3

    def ask(self, prompt, temperature=0.5):
        # One agent.
        return self.llm.call_llm(prompt, temperature=temperature)

    def forward(self, taskInfo):
        answers = [self.ask(prompt=f"Solve {taskInfo} {i!r}", temperature=0.1) for i in range(self.rounds)]
        total = 0
        def count():
            nonlocal total
            total += 1
        try:
            best = max(set(answers), key=lambda one: answers.count(one))
        except ValueError as error:
            best = str(error)
        match best:
            case [first, *rest]:
                best = first
        return j.dumps({'best': best, **{item: 1 for item in answers}})
`;

async function fingerprintOf(source: string): Promise<Fingerprint> {
  const { fingerprint } = await sandbox.read(source);
  if (fingerprint === null) throw new Error('no fingerprint');
  return fingerprint;
}

const word = (from: string, to: string) => (source: string) =>
  source.replaceAll(new RegExp(`\\b${from}\\b`, 'g'), to);

describe('a fingerprint stays', () => {
  it.each<[string, (source: string) => string]>([
    ['with other comments', (source) => source.replace('# One agent.', '# The only one, asked often.')],
    ['with another docstring', (source) => source.replace('"""Asks several."""', '"""Votes."""')],
    ['without the docstring', (source) => source.replace('    """Asks several."""\n', '')],
    ['with other white space', (source) => source.replaceAll(' = ', '  =  ').replaceAll('\n\n', '\n\n\n')],
    ['with Windows line ends', (source) => source.replaceAll('\n', '\r\n')],
    ['with other quotes', (source) => source.replaceAll("'best'", '"best"')],
    ['with another local name', word('answers', 'replies')],
    ['with another parameter', word('taskInfo', 'query')],
    ['with another parameter and its keyword', word('prompt', 'text')],
    ['with another attribute', word('rounds', 'turns')],
    ['with another method', word('ask', 'question')],
    ['with another class variable', word('limit', 'bound')],
    ['with another self', word('self', 'me')],
    ['with another alias', word('j', 'js')],
    ['with another name of an error', word('error', 'problem')],
    ['with another name in a comprehension', word('item', 'k')],
    ['with another nonlocal', word('total', 'sum_of_all')],
    ['with another captured name', word('first', 'head')],
    [
      'with two names exchanged',
      (source) =>
        word('x1', 'best')(word('best', 'total')(word('total', 'x1')(source))).replace("'total'", "'best'"),
    ],
  ])('%s', async (_name, change) => {
    const changed = change(program);
    expect(changed).not.toBe(program);
    expect(await fingerprintOf(changed)).toEqual(await fingerprintOf(program));
  });
});

describe('a fingerprint changes', () => {
  it.each<[string, string, string]>([
    ['with a number', '0.1', '0.2'],
    ['with a text', 'Solve', 'Answer'],
    ['with a text of its output', "'best'", "'worst'"],
    ['with a builtin', 'max(', 'min('],
    ['with a method of the library', 'call_llm', 'call_llm2'],
    ['with a module', 'json as j', 'math as j'],
    ['with another variable of its own', 'best = str(error)', 'answers = str(error)'],
    ['with another argument', 'temperature=temperature', 'temperature=prompt'],
    ['with another attribute stored', 'self.rounds = 3', 'self.llm = 3'],
    ['with an order', 'best = first', 'best = rest'],
    ['with an operator', 'total += 1', 'total -= 1'],
    ['with a conversion', '!r', '!s'],
  ])('%s', async (_name, from, to) => {
    expect(program).toContain(from);
    const { sha256 } = await fingerprintOf(program.replace(from, to));
    expect(sha256).not.toBe((await fingerprintOf(program)).sha256);
  });
});

it('tells every program of the pool from every other', async () => {
  const programs = (await readPool()).list();
  const found = await Promise.all(programs.map(({ source }) => fingerprintOf(source)));
  expect(new Set(found.map(({ sha256 }) => sha256)).size).toBe(programs.length);
  expect(found.every(({ shingles }) => shingles.length > 20)).toBe(true);
});

it('is null for what is no program, too large or too deep, and the rest is still read', async () => {
  expect((await sandbox.read('x = 1')).fingerprint).toBeNull();
  const large = `${program}\nvalues = [${'1, '.repeat(60_000)}]\n`;
  const reading = await sandbox.read(large);
  expect(reading.fingerprint).toBeNull();
  expect(reading.graph).not.toBeNull();
  const deep = `${program}\nvalue = ${'-'.repeat(900)}1\n`;
  expect((await sandbox.read(deep)).findings.every(({ kind }) => kind !== 'shape')).toBe(true);
});
