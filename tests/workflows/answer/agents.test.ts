/** The table and the view of an answer's agents: rows per step, totals, states; hostile names do nothing in Temporal's UI. */
import { expect, it } from 'vitest';
import { createAgents } from '../../../workflows/answer/agents.ts';
import { evilCorpus } from '../../support/evil-corpus.ts';

const done = { tokensIn: 10, tokensOut: 5, costUsd: 0.5 };

it('counts by name, apart for each program of the ladder', () => {
  const agents = createAgents();
  agents.begin('generated');
  agents.outline([{ depth: 0, kind: 'agent', name: 'critic' }]);
  const first = { seq: 0, agent: 1, name: 'critic', summary: 'critic: You are' };
  const code = { seq: 1, agent: 0, method: 'executeCode', name: 'run_code', summary: 'run_code' };
  agents.start(first);
  agents.start({ ...first, seq: 2 });
  agents.start(code);
  expect(agents.markdown()).toContain('| critic | 2 | 0 in, 0 out | 2 running |');
  agents.end(first, done);
  agents.end({ ...first, seq: 2 }, 'failed');
  agents.end(code, { tokensIn: 0, tokensOut: 0, costUsd: 0 });
  expect(agents.markdown()).toContain('| critic | 2 | 10 in, 5 out | done, 1 failed |');
  expect(agents.view()).toMatchObject({
    outline: [{ name: 'critic' }],
    rows: { critic: { calls: 2, open: 0, failed: 1 }, run_code: { calls: 1, tool: true } },
  });
  agents.begin('fallback');
  expect(agents.isOutlined).toBe(false);
  expect(agents.view()).toEqual({ outline: [], rows: {} });
  agents.start({ ...first, seq: 0 });
  expect(agents.markdown()).toContain('| critic, generated | 2 |');
  expect(agents.markdown()).toContain('| critic, fallback | 1 |');
  expect(agents.usage()).toMatchObject({ llmCalls: 2, tokensIn: 10, tokensOut: 5 });
  expect(agents.done()).toBe(3);
});

it('goes on after continue-as-new, and with rows of a release that had no names', () => {
  const row = { calls: 2, open: 0, tokensIn: 7, tokensOut: 1, costUsd: 0 };
  const agents = createAgents({
    'agent 1': row,
    executeCode: { ...row, tokensIn: 0 },
    'generated/critic': row,
  });
  agents.begin('generated');
  expect(agents.usage()).toMatchObject({ llmCalls: 4, tokensIn: 14 });
  expect(agents.view().rows).toEqual({ critic: row });
  agents.start({ seq: 9, agent: 3, summary: '' });
  expect(agents.view().rows).toHaveProperty('agent 3');
});

it.each(Object.entries(evilCorpus))('a name that is %s', (_name, text) => {
  const agents = createAgents();
  agents.begin('generated');
  agents.start({ seq: 0, agent: 1, name: text, summary: '' });
  const [, , row = ''] = agents.markdown().split('\n');
  expect(row).toMatch(/^\| [^|`<>[\]\n]* \| 1 \| 0 in, 0 out \| 1 running \|$/);
  expect(agents.markdown().split('\n')).toHaveLength(3);
});
