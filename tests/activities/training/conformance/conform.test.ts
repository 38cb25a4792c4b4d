/** The conformance kit on trainers that keep the protocol, and on those that break it in one way each: the right line fails. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type CheckName,
  conform,
  conformanceChecks,
} from '../../../../activities/training/conformance/conform.ts';
import { createLocalLauncher } from '../../../../activities/training/launchers/local.ts';
import { protocolDirectory } from '../../../../activities/training/ports.ts';
import { thisMachine } from '../../../../activities/training/process-identity.ts';
import { recipeSchema } from '../../../../activities/training/recipe.ts';
import { ensurePython } from '../../../../workers/host/python-environment.ts';
import { python } from '../../../support/local-attempts.ts';

const support = (name: string): string => fileURLToPath(new URL(`../../../support/${name}`, import.meta.url));
let root: string;

beforeAll(async () => void (root = await mkdtemp(join(tmpdir(), 'masgpt-conform-'))));
afterAll(() => rm(root, { recursive: true, force: true }));

let trials = 0;

/** Names and reasons of the checks that failed. */
async function broken(command: string[], change: object = {}, limitMs = 120_000) {
  const dataset = join(root, 'rows.jsonl');
  await writeFile(
    dataset,
    `${JSON.stringify({ messages: [{ role: 'user', content: 'a text of some length' }] })}\n`,
  );
  const recipe = recipeSchema.parse({
    ...{ kind: 'command', v: 1, maxSteps: 30, saveSteps: 10, graceS: 1, command },
    ...change,
  });
  if (recipe.kind !== 'command') throw new Error('not a command');
  const told: string[] = [];
  const { ok, checks } = await conform(
    {
      launcher: createLocalLauncher({
        findPython: () => Promise.resolve(python),
        machine: thisMachine(hostname()),
      }),
      root: join(root, String((trials += 1))),
      ...{
        recipe,
        dataset,
        limitMs,
        passedOn: { PATH: '/usr/bin:/bin' },
        signal: new AbortController().signal,
      },
    },
    ({ name }) => told.push(name),
  );
  expect(told.toSorted()).toEqual(Object.keys(conformanceChecks).toSorted());
  const failed = Object.fromEntries(checks.flatMap(({ name, why }) => (why === null ? [] : [[name, why]])));
  expect(ok).toBe(Object.keys(failed).length === 0);
  return failed as Partial<Record<CheckName, string>>;
}

const breaking = (breaks: string, change: object = {}) =>
  broken([python, support('breaking-trainer.py')], {
    ...{ options: { breaks }, checkpointFiles: ['state.json'], strategy: { kind: 'single' } },
    ...change,
  });

describe('a trainer that keeps the protocol', () => {
  it.each<[string, string[], object]>([
    [
      'the stand-in',
      [python, support('stand-in-trainer.py')],
      { options: { stepS: 0.03 }, checkpointFiles: ['state.json'] },
    ],
    [
      'the breaking one that breaks nothing',
      [python, support('breaking-trainer.py')],
      { options: { breaks: 'nothing' } },
    ],
  ])('passes: %s', async (_, command, change) => {
    expect(await broken(command, change)).toEqual({});
  });

  it.each<[string, string, object]>([
    ['the plain PyTorch loop', 'plain_loop.py', { checkpointFiles: ['state.pt'] }],
    [
      'the plain loop with FSDP2 on two ranks',
      'plain_loop_fsdp.py',
      {
        ...{
          distributed: { launch: 'torchrun', ranks: 2 },
          strategy: { kind: 'fsdp2', precision: 'fp32' },
          layout: 'dcp',
        },
        checkpointFiles: ['.metadata', '__0_0.distcp', '__1_0.distcp', 'rank.0.pt', 'rank.1.pt'],
      },
    ],
  ])(
    'passes: %s',
    async (_, script, change) => {
      const interpreter = await ensurePython('trainer', { note: console.error });
      const options = { stepS: 0.05 };
      expect(
        await broken(
          [interpreter, join(protocolDirectory, script)],
          { options, graceS: 30, ...change },
          300_000,
        ),
      ).toEqual({});
    },
    900_000,
  );
});

describe('a trainer that breaks it', () => {
  it.each<[string, string, Partial<Record<CheckName, string>>]>([
    ['leaves a gap in seq', 'gap', { events: 'gap' }],
    ['says another strategy than the recipe expects', 'strategy', { hello: 'ddp' }],
    [
      'leaves files out of its part',
      'unnamed',
      { checkpoints: 'state.json is in no part', save: 'in no part', saveStop: 'in no part' },
    ],
    ['obeys no orders', 'obeysNothing', { save: 'no save came', saveStop: '{completed}' }],
    ['does not end cleanly when told to stop', 'failsToStop', { saveStop: 'code 3' }],
    ['forgets its random numbers', 'unseeded', { artefact: 'weights.json differs' }],
  ])('%s: that line fails', async (_, breaks, expected) => {
    const failed = await breaking(breaks);
    expect(Object.keys(failed).toSorted()).toEqual(Object.keys(expected).toSorted());
    for (const [name, why] of Object.entries(expected)) expect(failed[name as CheckName]).toContain(why);
  });

  it.each<[string, string, CheckName, string]>([
    ['does not hear TERM', 'deaf', 'term', '1 s after TERM'],
    ['has no handler for stacks', 'undumpable', 'dump', 'stacks.0.txt is empty'],
  ])('%s: that line fails, of a longer training', async (_, breaks, name, why) => {
    const failed = await breaking(breaks, { maxSteps: 250, saveSteps: 100 });
    expect(Object.keys(failed)).toEqual([name]);
    expect(failed[name]).toContain(why);
  });

  it('trains to its end after TERM: told as such', async () => {
    expect((await breaking('deaf', { graceS: 60 })).term).toContain('ignores TERM');
  });

  it('begins anew instead of resuming: resume fails, and its artefact is not looked at', async () => {
    const failed = await breaking('forgets');
    expect(failed.resume).toContain('step 1 came where');
    expect(failed.artefact).toContain('not tried');
  });

  it('ends early with code 0: nothing else is tried', async () => {
    const failed = await breaking('earlyExit');
    expect(failed.start).toContain('end {nothing}');
    expect(Object.keys(failed)).toHaveLength(Object.keys(conformanceChecks).length - 1);
    expect(failed.resume).toContain('not tried');
  });

  it('that does not exist, hangs, or writes nothing is told in the first line', async () => {
    expect((await broken(['/no/such/trainer'])).start).toContain('No such file');
    expect((await broken(['/bin/sleep', '3600'].slice(0, 1))).start).toContain('ended with code 1');
    const silent = await broken(['/bin/sh', '-c', 'exit 0']);
    expect(silent.start).toContain('end {nothing}');
    expect(silent.events).toContain('wrote no events');
    expect((await broken(['/bin/sh', '-c', 'sleep 3600'], {}, 1_000)).start).toContain('time limit');
  });
});
