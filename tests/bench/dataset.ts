/**
 * The score matrix of a dataset at scale: its rate against the bare bulk activity's on the same programs, and how time, memory,
 * history and database grow with the cells; before it, the selection over generated scores; after it, races over the largest. `--cells=2000,8000,32000` gives
 * the sizes (the default: an hour on two cores).
 */
import { readPool } from '../../activities/mas/pool.ts';
import type { DatasetRequest } from '../../workflows/dataset/contract.ts';
import { bareRate } from './dataset/bare-rate.ts';
import { type DatasetBench, openDatasetBench } from './dataset/bench-client.ts';
import { raceOnStored } from './dataset/race-stored.ts';
import { benchSelection } from './dataset/selection.ts';
import { type MeasuredRun, measureRun } from './dataset/measure-run.ts';
import type { BenchOptions, BenchResult } from './main.ts';
import { quietTemporal, withBenchStack } from './support/bench-stack.ts';
import { median, round } from './support/figures.ts';

/** As many as in `bench matrix`. */
const programs = 40;
const defaultCells = [2_000, 8_000, 32_000];
/** The rate and the bare one are measured in turns, so that both meet the same machine. */
const turns = 3;

export default function benchDataset(
  note: (text: string) => void,
  { cells = defaultCells }: BenchOptions = {},
): Promise<BenchResult> {
  quietTemporal();
  return withBenchStack({ worker: true, note }, async (stack) => {
    await using bench = await openDatasetBench(stack, note);
    const selection = await benchSelection(note, bench.database);
    const matrix = await measure(
      bench,
      cells.toSorted((a, b) => a - b),
    );
    return {
      metrics: { ...selection.metrics, ...matrix.metrics },
      ratios: { ...selection.ratios, ...matrix.ratios },
    };
  });
}

async function measure(bench: DatasetBench, sizes: readonly number[]): Promise<BenchResult> {
  const names = (await readPool())
    .list()
    .slice(0, programs)
    .map(({ id }) => id);
  const [smallest = 2_000] = sizes;
  await measureRun(bench, 'warm', inputOf(names, 2 * names.length, 1));

  const rates: { readonly whole: number; readonly bare: number }[] = [];
  for (let turn = 0; turn < turns; turn += 1) {
    const seed = 100 + 2 * turn;
    const run = await measureRun(bench, `rate-${turn}`, inputOf(names, smallest, seed));
    const bare = await bareRate(bench, `dataset/rate-${turn}`, seed + 1);
    rates.push({ whole: run.cells / run.matrixSeconds, bare });
  }

  const runs: MeasuredRun[] = [];
  for (const [index, cells] of sizes.entries())
    runs.push(await measureRun(bench, `cells-${cells}`, inputOf(names, cells, 200 + index)));
  const largest = sizes.at(-1) ?? smallest;
  const again = await measureRun(bench, `cells-${largest}`, inputOf(names, largest, 199 + sizes.length));

  const raced = await raceOnStored(bench, `dataset/cells-${largest}`);

  const [first, last] = [runs[0] as MeasuredRun, runs.at(-1) as MeasuredRun];
  const whole = median(rates.map((rate) => rate.whole));
  return {
    metrics: {
      executionsPerSecond: round(whole),
      bareExecutionsPerSecond: round(median(rates.map(({ bare }) => bare))),
      secondStartSeconds: round(again.totalSeconds),
      ...perSize(runs, 'matrixSeconds', ({ matrixSeconds }) => matrixSeconds),
      ...perSize(runs, 'workerMb', ({ workerMb }) => workerMb),
      ...perSize(runs, 'eventsPer1000Cells', ({ events, cells }) => (1_000 * events) / cells),
      ...perSize(runs, 'databaseBytesPerCell', ({ databaseBytes, cells }) => databaseBytes / cells),
    },
    ratios: {
      wholeToBare: round(median(rates.map((rate) => rate.whole / rate.bare))),
      raceSavedSimulated: round(raced.saved),
      raceWithin1PointSimulated: round(raced.within),
      workerMbLargestToSmallest: round(last.workerMb / first.workerMb),
      ...(sizes.length > 1 ? { exponentOfTime: round(exponentOf(runs)) } : {}),
    },
  };
}

function inputOf(names: readonly string[], cells: number, seed: number): DatasetRequest {
  return {
    queries: [{ source: 'generated-train', limit: Math.max(1, Math.round(cells / names.length)) }],
    programs: [...names],
    switches: { adaptation: false, reasoning: false },
    seed,
  };
}

function perSize(
  runs: readonly MeasuredRun[],
  name: string,
  figure: (run: MeasuredRun) => number,
): Record<string, number> {
  return Object.fromEntries(runs.map((run) => [`${name}At${run.cells}`, round(figure(run))]));
}

/** Least squares of log time over log cells. */
function exponentOf(runs: readonly MeasuredRun[]): number {
  const points = runs.map(({ cells, matrixSeconds }) => [Math.log(cells), Math.log(matrixSeconds)] as const);
  const mean = (pick: 0 | 1): number => points.reduce((sum, point) => sum + point[pick], 0) / points.length;
  const [x, y] = [mean(0), mean(1)];
  const over = points.reduce((sum, point) => sum + (point[0] - x) * (point[1] - y), 0);
  return over / points.reduce((sum, point) => sum + (point[0] - x) ** 2, 0);
}
