/**
 * Worker, simulator, PostgreSQL and Temporal server are killed while a dataset is built, each started again by the stack's own
 * supervision: the dataset is that of an undisturbed build, byte for byte. `npm run bench -- disruption` does it with 4,000 cells.
 */
import { expect, it } from 'vitest';
import { compareBuilds } from '../../support/disruption/compare-builds.ts';
import { disruptedRequest } from '../../support/disruption/disrupted-request.ts';
import { planKills, stackParts } from '../../support/disruption/plan-kills.ts';
import { sentAgain } from '../../support/disruption/sent-again.ts';

it('ends with the same files, and asks no recorded call again', async () => {
  const request = await disruptedRequest({ cells: 240, programs: 12 });
  const planned = planKills({ kills: stackParts.length, seed: 1 });
  const { undisturbed, disturbed, files, differing, otherCalls } = await compareBuilds({
    ...{ request, kills: planned, latencyMs: 20 },
    note: () => {},
  });
  expect(disturbed.kills.map(({ part }) => part).toSorted()).toEqual(stackParts.toSorted());
  expect(files).toContain('sft.jsonl');
  expect(differing).toEqual([]);
  expect(otherCalls).toBe(0);
  expect(undisturbed.sent).toMatchObject({ received: undisturbed.sent.calls });
  const { sent } = disturbed;
  expect(sent).toMatchObject({ calls: undisturbed.sent.calls, recordedAgain: 0, unexplained: 0 });
  expect(sent.inFlightAgain).toBeLessThanOrEqual(sent.inFlightAtKills);
}, 900_000);

it('tells what was paid for twice from what was under way at a kill, and from what no kill explains', () => {
  const received = (call: string, atMs: number) => ({ event: 'received', hash: '', call, atMs }) as const;
  const lines = [
    ...[received('once', 5), received('recorded', 10), received('recorded', 60)],
    ...[
      received('under way', 40),
      received('under way', 70),
      received('while away', 53),
      received('while away', 72),
    ],
    ...[received('for nothing', 80), received('for nothing', 90)],
  ];
  const kills = [{ part: 'worker', share: 0.5, beforeMs: 50, backMs: 55 }] as const;
  const recordedMs = new Map(
    Object.entries({ once: 6, recorded: 20, 'under way': 75, 'while away': 76, 'for nothing': 95 }),
  );
  expect(sentAgain(lines, kills, recordedMs)).toEqual({
    ...{ calls: 5, received: 9, inFlightAtKills: 2 },
    ...{ recordedAgain: 1, inFlightAgain: 2, unexplained: 1 },
  });
});
