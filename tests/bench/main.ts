/**
 * `npm run bench -- NAME [--json] [--cells=N,N] [--long]`: runs one benchmark of this folder and prints `{ name, machine, metrics, ratios }`, where
 * metrics and ratios are flat name -> number with the unit in the name.
 */
import { cpus, totalmem } from 'node:os';

export interface BenchResult {
  readonly metrics: Readonly<Record<string, number>>;
  /** Of two metrics of the same run: what can be compared between machines. */
  readonly ratios: Readonly<Record<string, number>>;
}

export interface BenchOptions {
  /** Sizes of a matrix, of `dataset` and `disruption`. */
  readonly cells?: readonly number[] | undefined;
  /** Of `supervision`: trainings of ten minutes. */
  readonly long?: boolean;
}

type Bench = (note: (text: string) => void, options: BenchOptions) => Promise<BenchResult>;

const benches: Record<string, () => Promise<{ default: Bench }>> = {
  answer: () => import('./answer.ts'),
  dataset: () => import('./dataset.ts'),
  disruption: () => import('./disruption.ts'),
  files: () => import('./files.ts'),
  kill: () => import('./kill.ts'),
  matrix: () => import('./matrix.ts'),
  replay: () => import('./replay.ts'),
  sandbox: () => import('./sandbox.ts'),
  server: () => import('./server.ts'),
  supervision: () => import('./supervision.ts'),
};

const [name, ...flags] = process.argv.slice(2);
const load = name === undefined ? undefined : benches[name];
const known = /^--(json|long|cells=[1-9]\d*(,[1-9]\d*)*)$/;
if (!name || !load || flags.some((flag) => !known.test(flag))) {
  console.error(
    `usage: npm run bench -- NAME [--json] [--cells=N,N] [--long]\nNAME: ${Object.keys(benches).join(', ')}`,
  );
  process.exit(2);
}
const { default: bench } = await load();
const cells = flags
  .find((flag) => flag.startsWith('--cells='))
  ?.slice('--cells='.length)
  .split(',')
  .map(Number);
const { metrics, ratios } = await bench((text) => console.error(text), {
  cells,
  long: flags.includes('--long'),
});
const machine = {
  cpu: cpus()[0]?.model.trim() ?? 'unknown',
  cores: cpus().length,
  memoryGb: Math.round(totalmem() / 1e9),
  platform: `${process.platform} ${process.arch}`,
  node: process.version,
};
const result = { name, machine, metrics, ratios };
if (flags.includes('--json')) console.log(JSON.stringify(result, null, 2));
else
  for (const [key, value] of Object.entries({ ...metrics, ...ratios }))
    console.log(`${key.padEnd(44)}${value}`);
