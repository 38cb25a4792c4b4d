/** The witness of the chaos: what it says of trainers that live at once, that raise on order, and of weights. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { protocolDirectory } from '../../activities/training/ports.ts';
import { give, openWitness, readWitness, undisturbed } from './training/witness.ts';

const trainer = fileURLToPath(new URL('./training/chaos-trainer.py', import.meta.url));
const rows = 'rows\n';

let root: string;
let witness: string;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'masgpt-witness-'));
  witness = join(root, 'witness');
  await openWitness(witness);
  await writeFile(join(root, 'rows'), rows);
});

afterEach(() => rm(root, { recursive: true, force: true }));

/** Resolves with the exit code and the finished weights, if there are any. */
async function train(epoch: number, ranks = 1): Promise<{ code: number | null; states: unknown }> {
  const directory = join(root, String(epoch));
  await mkdir(directory);
  const recipe = { maxSteps: 20, saveSteps: 10, options: { witness, ranks, stepS: 0.05 } };
  const job = {
    ...{ run: 'training/witnessed', epoch, directory, seed: 7, configSha: '', dataSha: '', recipe },
    ...{ dataset: join(root, 'rows'), output: join(directory, 'output'), artefact: join(directory, 'model') },
    ...{ resumeFrom: null, resumeStep: null, protocol: protocolDirectory },
  };
  await writeFile(join(directory, 'job.json'), JSON.stringify(job));
  const child = spawn('python3', [trainer, join(directory, 'job.json')], { stdio: 'ignore' });
  const [code] = (await once(child, 'exit')) as [number | null];
  const text = await readFile(join(directory, 'model', 'weights.json'), 'utf8').catch(() => '{}');
  return { code, states: (JSON.parse(text) as { states?: unknown }).states };
}

it('counts trainers of one run that live at once, and none that follow one another', async () => {
  await train(1);
  await train(2);
  expect(await readWitness(witness)).toMatchObject({ duplicates: 0, steps: { length: 40 } });
  const third = train(3);
  const hanging = await give(witness, { kind: 'hang', at: 'save' }, 20_000);
  await train(4);
  const { steps, duplicates } = await readWitness(witness);
  expect([hanging?.epoch, duplicates]).toEqual([3, 1]);
  process.kill(steps.find(({ epoch }) => epoch === 3)?.pid ?? 0, 'SIGKILL');
  expect((await third).code).toBeNull();
});

it('knows the weights of an undisturbed run, of each rank', async () => {
  const { code, states } = await train(1, 2);
  expect(code).toBe(0);
  expect(states).toEqual(undisturbed(rows, 7, 2, 20));
});

it('tells which attempt obeyed an order, and that nobody did', async () => {
  const training = train(5, 2);
  expect(await give(witness, { kind: 'raise', at: 'step', rank: 1 }, 20_000)).toMatchObject({ epoch: 5 });
  expect(await training).toEqual({ code: 1, states: undefined });
  expect(await give(witness, { kind: 'raise', at: 'step' }, 100)).toBeUndefined();
  expect((await train(6)).code).toBe(0);
});
