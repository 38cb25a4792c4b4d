/** Programs that do things at once give one answer whatever the latencies, and go on from every prefix of their journal. */
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import type { JournalEntry } from '../../../activities/mas/journal.ts';
import { hostProgram, sandboxLimits } from '../../../activities/mas/program-host.ts';
import { limitsSchema } from '../../../workflows/shared/program.ts';
import {
  programsByAddress,
  programsByArrival,
  programsThatCancel,
  replayedPrograms,
} from '../../support/replayed-programs.ts';
import { programOf, testSandbox } from '../../support/sandbox.ts';

const sandbox = await testSandbox();
const limits = limitsSchema.parse({ totalMs: 60_000 });
const noUsage = { tokensIn: 0, tokensCached: 0, tokensOut: 0, costUsd: 0 };
const prices = { in: 0, cached: 0, out: 0 };

interface Ran {
  readonly answer: string;
  /** Answered calls in the order of their answers. */
  readonly journal: readonly JournalEntry[];
  readonly divergences: number;
  /** Keys of the calls that the journal did not answer. */
  readonly made: readonly string[];
}

const keyOf = ({ lineage, hash, occurrence }: JournalEntry): string => `${lineage} ${hash} ${occurrence}`;
const keysOf = (journal: readonly JournalEntry[]): string[] => journal.map(keyOf).toSorted();

/** A reply says of which call it is; latencies are chance. */
async function run(source: string, known: readonly JournalEntry[], maxLatencyMs: number): Promise<Ran> {
  const start = { source, query: 'q', seed: '5eed', startedAtMs: 1_700_000_000_000, models: ['driver'] };
  const never = new AbortController().signal;
  const session = await sandbox.open({ ...start, limits: sandboxLimits(limits) }, never);
  const journal = [...known];
  const made: string[] = [];
  const host = hostProgram({
    ...{ session, known, limits, prices },
    onCall(call) {
      made.push(keyOf(call.entry));
      const { lineage, hash, occurrence } = call.entry;
      const reply = { ok: true, value: `<${lineage} ${hash.slice(0, 5)} ${occurrence}>` } as const;
      void sleep(Math.random() * maxLatencyMs).then(() => {
        journal.push({ ...call.entry, reply, endedAtMs: Date.now() });
        call.answer(reply, noUsage);
      });
    },
  });
  const { outcome } = await host.ended;
  if (outcome.status === 'failed') throw new Error(outcome.message);
  return { answer: outcome.answer, journal, divergences: host.divergences, made };
}

const ask = `    def ask(self, text):
        return self.llm.call_llm(text, temperature=0.5)

`;

/** `ask` is bound in the body of `forward`. */
function sourceOf(body: string): string {
  const source = programOf(body.trim()).replace('    def forward', `${ask}    def forward`);
  return source.replace('(self, taskInfo):\n', '(self, taskInfo):\n        ask = self.ask\n');
}

describe.each(Object.entries(replayedPrograms))('%s', (_, body) => {
  const source = sourceOf(body);

  it('has one answer', async () => {
    const first = await run(source, [], 30);
    for (const latencyMs of [0, 5, 30]) {
      const again = await run(source, [], latencyMs);
      expect(again.answer).toBe(first.answer);
      expect(keysOf(again.journal)).toEqual(keysOf(first.journal));
    }
  });

  it('goes on from every prefix', async () => {
    const whole = await run(source, [], 20);
    for (let length = 0; length <= whole.journal.length; length += 1) {
      const resumed = await run(source, whole.journal.slice(0, length), 10);
      const after = `after ${length} calls`;
      expect(resumed, after).toMatchObject({ answer: whole.answer, divergences: 0 });
      expect(resumed.made.toSorted(), after).toEqual(keysOf(whole.journal.slice(length)));
    }
  });
});

describe.each(Object.entries(programsThatCancel))('%s', (_, body) => {
  it('has the same answer from every prefix, and makes no call again', async () => {
    const source = sourceOf(body);
    const whole = await run(source, [], 20);
    for (let length = 0; length <= whole.journal.length; length += 1) {
      const known = whole.journal.slice(0, length);
      const resumed = await run(source, known, 10);
      expect(resumed).toMatchObject({ answer: whole.answer, divergences: 0 });
      // A task that was cancelled before its thread began makes no call: how many there are is chance.
      const keys = [...keysOf(known), ...resumed.made];
      expect(new Set(keys).size, `after ${length} calls`).toBe(keys.length);
    }
  });
});

describe.each(Object.entries(programsByArrival))('%s', (_, { body, mostCalls }) => {
  it('may ask its last question anew, and nothing else', async () => {
    const source = sourceOf(body);
    const whole = await run(source, [], 20);
    for (let length = 0; length <= whole.journal.length; length += 1) {
      const { made, journal } = await run(source, whole.journal.slice(0, length), 10);
      // Who loses a race may not have asked before it was over: how many calls there are is chance.
      expect(made.length, `after ${length} calls`).toBeLessThanOrEqual(mostCalls - length + 1);
      expect(journal.length).toBeLessThanOrEqual(mostCalls + 1);
    }
  });
});

describe.each(Object.entries(programsByAddress))('%s', (_, body) => {
  it('goes on from every prefix, and what went otherwise is counted', async () => {
    const source = sourceOf(body);
    const whole = await run(source, [], 20);
    for (let length = 1; length <= whole.journal.length; length += 1) {
      const resumed = await run(source, whole.journal.slice(0, length), 10);
      if (resumed.answer !== whole.answer) expect(resumed.divergences).toBeGreaterThan(0);
      else expect(resumed.made.toSorted()).toEqual(keysOf(whole.journal.slice(length)));
    }
  });
});
