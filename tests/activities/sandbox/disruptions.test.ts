/**
 * Programs that flood, forge, crash or never end: each gets a named status whose message would let a model repair it, and
 * the program after it answers. At each level this machine gives.
 */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { levelsHere, programOf, runProgram, testSandbox } from '../../support/sandbox.ts';
import { disruptions, healthy } from './disruptions.ts';

const forge = readFileSync(new URL('programs/forge.py', import.meta.url), 'utf8');

const levels = (await levelsHere()).filter(({ passed }) => passed);

describe.each(levels)('level $level', async ({ level }) => {
  const sandbox = await testSandbox(level);

  it.each(disruptions)('$name', async (test) => {
    const source = test.source ?? programOf(test.body ?? '', test.forge ? forge : '');
    const { outcome } = await runProgram(sandbox, source, {
      ...(test.limits ? { limits: test.limits } : {}),
      reply: ({ call }) =>
        test.limits?.totalMs
          ? new Promise(() => {})
          : { ok: true, value: call.method === 'chat' ? call.args.messages[0]?.content : [] },
    });
    if (outcome.status === 'answered') {
      expect(test.answer, JSON.stringify(outcome).slice(0, 200)).toBeDefined();
      expect(outcome.answer).toMatch(test.answer ?? /never/);
    } else {
      expect([test.kind].flat(), outcome.message).toContain(outcome.kind);
      expect(outcome.message).not.toBe('');
      expect(outcome.message).not.toMatch(/runner\.py|zygote|\/guest|site-packages/);
      if (test.message) expect(outcome.message).toMatch(test.message);
    }
    const next = await runProgram(sandbox, healthy, { query: 'next' });
    expect(next.outcome).toMatchObject({ status: 'answered', answer: 'healthy program', stdout: '' });
  });
});
