/**
 * Every program of the pool has the unified form, runs to an answer within its expected calls on each kind of query against
 * the simulated driver and a model that keeps to every form, and answers as well when replies are worth nothing.
 */
import { beforeAll, describe, expect, it } from 'vitest';
import { parseProgram, readPool } from '../../../activities/mas/pool.ts';
import type { PendingCall, Sandbox } from '../../../activities/sandbox/sandbox.ts';
import type { HostReply } from '../../../workflows/shared/program.ts';
import {
  cooperative,
  type Model,
  poolQueries,
  simulatedDriver,
  worthless,
} from '../../support/pool-models.ts';
import { runProgram, testSandbox } from '../../support/sandbox.ts';

const pool = await readPool();
const queries = poolQueries();
const simulated = simulatedDriver(queries);
const never = new AbortController().signal;
let sandbox: Sandbox;

beforeAll(async () => {
  sandbox = await testSandbox();
});

function serve(model: ReturnType<Model>) {
  return async ({ call }: PendingCall): Promise<HostReply> => {
    if (call.method === 'chat') {
      return { ok: true, value: model(call.args.messages.map(({ content }) => content).join('\n\n')) };
    }
    if (call.method === 'websearch') return { ok: true, value: [] };
    const tests = call.method === 'testCode' ? call.args.tests : [];
    const outcome = await sandbox.runCode({ code: call.args.code, tests, timeoutMs: 5_000 }, never);
    return { ok: true, value: call.method === 'testCode' ? outcome : outcome.text };
  };
}

/** What the program did with each case, in a form that a failed comparison shows by its name. */
async function ends(source: string, cases: Readonly<Record<string, readonly [string, Model]>>) {
  const ran = Object.entries(cases).map(async ([name, [query, model]]) => {
    const { outcome, calls } = await runProgram(sandbox, source, { query, reply: serve(model()) });
    const chats = calls.filter(({ call }) => call.method === 'chat').length;
    const isBlank = outcome.status === 'failed' && outcome.message.includes('a blank text');
    if (outcome.status === 'failed' && !(isBlank && model === worthless['empty']))
      return [name, `${outcome.kind}: ${outcome.message}`] as const;
    return [name, chats] as const;
  });
  return Object.fromEntries(await Promise.all(ran));
}

const baselines = [
  ...[
    'cot',
    'self-consistency',
    'llm-debate',
    'self-refine',
    'quality-diversity',
    'solo-performance',
    'agentverse',
  ],
  ...[
    'gptswarm',
    'dylan',
    'aflow',
    'chatdev',
    'mad',
    'mav',
    'mapcoder',
    'macnet-chain',
    'macnet-star',
    'macnet-mesh',
  ],
  ...['reconcile', 'medagents', 'role-play'],
];

describe('registry', () => {
  it('holds at least 48 programs, finds them by name and alias, and says how each baseline differs from its paper', () => {
    expect(pool.list().length).toBeGreaterThanOrEqual(48);
    expect(pool.get('debate')).toBe(pool.get('llm-debate'));
    expect(() => pool.get('no-such')).toThrow(
      /the pool has no program "no-such"; it has adaptive-consistency, /,
    );
    expect(new Set(pool.list().map(({ sha256 }) => sha256)).size).toBe(pool.list().length);
    for (const baseline of baselines) expect(pool.get(baseline)).toHaveProperty('fidelity');
    const names = pool.list().flatMap(({ id, aliases }) => [id, ...aliases]);
    expect(new Set(names).size).toBe(names.length);
  });

  it('keeps the header out of the source, and refuses a wrong one', () => {
    for (const { source } of pool.list()) expect(source).toMatch(/^from utils import \*\n/);
    expect(() => parseProgram('x.py', '# name: x\n\nfrom utils import *\n')).toThrow(/pool program x\.py/);
  });
});

describe.each(pool.list())('$id', ({ source, calls: { min, max } }) => {
  const expected = Array.from({ length: max - min + 1 }, (_, index) => min + index);
  const within = (cases: object) =>
    Object.fromEntries(Object.keys(cases).map((name) => [name, expect.toBeOneOf(expected)]));

  it('has the unified form', async () => expect(await sandbox.check(source)).toEqual({ ok: true }));

  it('answers each kind of query within its expected calls: simulated driver', async () => {
    const cases = mapValues(queries, ({ text }) => [text, simulated] as const);
    expect(await ends(source, cases)).toEqual(within(cases));
  });

  it('answers each kind of query within its expected calls: cooperative model', async () => {
    const cases = mapValues(queries, ({ text }) => [text, cooperative] as const);
    expect(await ends(source, cases)).toEqual(within(cases));
  });

  it('answers within its expected calls, whatever the replies', async () => {
    const cases = mapValues(worthless, (model) => [queries['choice']?.text ?? '', model] as const);
    expect(await ends(source, cases)).toEqual(within(cases));
  });
});

function mapValues<A, B>(record: Readonly<Record<string, A>>, map: (value: A) => B): Record<string, B> {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, map(value)]));
}
