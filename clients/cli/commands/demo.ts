/**
 * `masgpt demo`: the whole method on real parts: generated queries -> dataset -> tiny training -> serving -> evaluation ->
 * report. The driver, refiner and judge are simulated, and everything says so. The same command again reuses what is stored.
 */
import { join, resolve } from 'node:path';
import { defineCommand } from 'citty';
import { generateQueries } from '../../../activities/dataset/generate-queries.ts';
import { readPool } from '../../../activities/mas/pool.ts';
import { createDirectoryBlobs } from '../../../activities/storage/blobs-directory.ts';
import { reportDataSchema } from '../../../workflows/evaluation/report-data.ts';
import { ensurePython } from '../../../workers/host/python-environment.ts';
import { startServing } from '../../dev/serve/start-serving.ts';
import { columns } from '../columns.ts';
import { type CommandContext, commonArgs, runCommand } from '../command.ts';
import { CommandFailed } from '../errors.ts';
import { wholeNumber } from '../flag-values.ts';
import { generatorQuality } from '../generator-quality.ts';
import { writeReport } from '../write-report.ts';
import { buildDataset } from '../dataset/build.ts';
import { evaluate } from './evaluate.ts';
import { train } from '../training/start.ts';

const name = 'demo';
const fewestExecutable = 0.8;
/** One of each form that the generated kinds of query tell apart; the whole pool would take several times as long. */
const programs = [
  'code-with-tests',
  'cot',
  'cot-self-consistency',
  'expert-panel',
  'llm-debate',
  'math-with-code',
  'self-consistency',
  'self-refine',
  'single',
];

interface Sizes {
  readonly train: number;
  readonly test: number;
  readonly seed: number;
}

export default defineCommand({
  meta: { name: 'demo', description: 'The whole method on generated problems' },
  args: {
    ...commonArgs,
    train: { type: 'string', description: 'Problems to build the dataset from', default: '200' },
    test: { type: 'string', description: 'Unseen problems to evaluate on', default: '60' },
    seed: { type: 'string', description: 'Seed of problems, weights and draws', default: '0' },
  },
  run: ({ args }) => {
    const sizes = {
      train: wholeNumber('--train', args.train, 8) ?? 200,
      test: wholeNumber('--test', args.test, 4) ?? 60,
      seed: wholeNumber('--seed', args.seed, 0) ?? 0,
    };
    // Installs beside the stack's start and the dataset stage; whoever needs it first waits for it.
    const installed = ensurePython('trainer', { note: (text) => process.stderr.write(`${text}\n`) });
    installed.catch(() => {});
    return runCommand(args, (context) => demo(context, sizes, installed));
  },
});

interface Stage {
  readonly name: string;
  readonly ok: boolean;
  readonly seconds: number;
}

async function demo(
  context: CommandContext,
  { seed, ...sizes }: Sizes,
  installed: Promise<string>,
): Promise<unknown> {
  const { output, config, database, signal, stack } = context;
  const stages: Stage[] = [];
  const stage = async <T>(title: string, work: () => Promise<T>): Promise<T> => {
    output.print(`\n${stages.length + 1}. ${title}`);
    const startedAt = performance.now();
    const seconds = (): number => Math.round((performance.now() - startedAt) / 100) / 10;
    try {
      const result = await work();
      stages.push({ name: title, ok: true, seconds: seconds() });
      output.print(`   ${seconds()} s`);
      return result;
    } catch (error) {
      stages.push({ name: title, ok: false, seconds: seconds() });
      throw error;
    }
  };

  const dataset = await stage('dataset', () =>
    buildDataset(
      context,
      { queries: [{ source: 'generated-train', limit: sizes.train }], programs, seed },
      name,
    ),
  );
  await stage('training', async () => {
    await installed;
    return train(context, { dataset: name, recipe: 'tiny', seed }, { name });
  });
  const serving = await stage('serve', () =>
    startServing({ run: name, config, database, signal, note: (text) => output.note(text) }),
  );
  signal.addEventListener('abort', () => void serving.stop(), { once: true });
  const system = `generator:${serving.model}`;
  const result = await stage('evaluate', () =>
    evaluate(
      context,
      {
        benchmarks: [{ name: 'generated-test' }],
        limit: sizes.test,
        systems: ['single', 'self-consistency', config.fallbackProgram, system],
        seed,
      },
      name,
    ),
  ).finally(() => serving.stop());

  const reportPath = await stage('report', () => writeReport(context, result));
  const blobs = createDirectoryBlobs(join(resolve(config.home), 'blobs'));
  const report = reportDataSchema.parse(JSON.parse(await blobs.getText(result.files['report.json'] ?? '')));
  const problems = generateQueries({ source: 'generated-test', seed, count: sizes.test });
  const kinds = new Map(problems.map(({ id, subject }) => [id, subject]));
  const pool = await readPool();
  const quality = generatorQuality(report, {
    system,
    forms: programs.map((program) => pool.get(program)),
    kindOf: (id) => kinds.get(id) ?? '',
  });

  const percent = (100 * quality.executableRate).toFixed(1);
  output.print(
    `\nThe trained generator wrote a program that runs for ${percent} % of ${quality.n} unseen queries.`,
  );
  const rows = Object.entries(quality.choices).map(([kind, forms]) => [
    kind,
    Object.entries(forms)
      .toSorted((a, b) => b[1] - a[1])
      .map(([form, count]) => `${form} ${count}`)
      .join(', '),
  ]);
  output.print(columns([['KIND OF QUERY', 'FORM OF ITS PROGRAM'], ...rows]));
  output.print(`\nreport       ${reportPath}`);
  if (stack.temporal.uiUrl)
    output.print(`Temporal UI  ${stack.temporal.uiUrl} (while the stack runs: masgpt dev)`);
  const { executableRate, n } = quality;
  const document = {
    stages,
    generator: { executableRate, n },
    reportPath,
    simulated: dataset.simulated || result.simulated,
  };
  if (executableRate < fewestExecutable) {
    throw new CommandFailed(
      `only ${percent} % of the generated programs run; ${100 * fewestExecutable} % are expected`,
      {
        document,
      },
    );
  }
  return document;
}
