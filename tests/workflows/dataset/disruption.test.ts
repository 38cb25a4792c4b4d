/**
 * Worker, simulator, PostgreSQL and Temporal server are killed while a dataset is built, each started again by the stack's own
 * supervision: the dataset is that of an undisturbed build, byte for byte. `npm run bench -- disruption` does it with 4,000 cells.
 */
import { expect, it } from 'vitest';
import { compareBuilds } from '../../support/disruption/compare-builds.ts';
import { disruptedRequest } from '../../support/disruption/disrupted-request.ts';
import { planKills, stackParts } from '../../support/disruption/plan-kills.ts';

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
