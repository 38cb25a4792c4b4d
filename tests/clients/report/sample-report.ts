/** A made-up evaluation, seeded, in the shape and with the text lengths of real ones. `texts` replaces every foreign text. */
import { seededRandom } from '../../../activities/benchmarks/stats/seeded-random.ts';
import { summarise } from '../../../activities/benchmarks/stats/summarise.ts';
import { benchmarkOf } from '../../../activities/benchmarks/registry.ts';
import type { ReportDraft } from '../../../workflows/evaluation/report-data.ts';

interface Sample {
  /** Queries per benchmark. */
  readonly queries: number;
  readonly systems?: readonly string[];
  readonly benchmarks?: readonly string[];
  readonly text?: (index: number) => string;
}

const skills: Readonly<Record<string, readonly [skill: number, calls: number]>> = {
  single: [0.55, 1],
  'chain-of-thought': [0.62, 1],
  'self-consistency': [0.71, 6],
  debate: [0.69, 9],
  'self-refine': [0.6, 5],
  'expert-panel': [0.66, 7],
  'generator:tiny-run': [0.74, 4],
};

const story =
  'A bakery sells muffins in boxes of 12. On Monday it bakes 17 trays of 24 muffins, gives 9 boxes to a school, and sells the rest at 3 dollars per box. How many dollars does it earn on Monday?';

export function sampleReport({
  queries,
  systems = Object.keys(skills),
  benchmarks = ['gsm8k', 'scibench', 'humaneval'],
  text,
}: Sample): ReportDraft {
  const random = seededRandom(7);
  let counter = 0;
  const foreign = (own: string): string => (text ? text((counter += 1)) : own);
  const programs = Object.fromEntries(
    systems.map((id, index) => [sha(index), { id, source: foreign(program(id)) }]),
  );
  const items = benchmarks.flatMap((benchmark) =>
    Array.from({ length: queries }, (_, query) => {
      const difficulty = random();
      return systems.map((system, index) =>
        item({ benchmark, query, system, index, difficulty, random, foreign }),
      );
    }).flat(),
  );
  const executions = items.map((one) => ({ ...one, failed: one.failure !== undefined }));
  const { rows, comparisons, fronts } = summarise(executions, 1);
  const usage = {
    llmCalls: sum(items, 'llmCalls'),
    tokensIn: sum(items, 'tokensIn'),
    tokensCached: 0,
    tokensOut: sum(items, 'tokensOut'),
    costUsd: sum(items, 'costUsd'),
  };
  return {
    v: 1,
    title: foreign('Evaluation of seven systems on three benchmarks'),
    simulated: true,
    provenance: {
      run: 'evaluation/a1b2c3d4e5f6',
      createdAt: '2026-03-04T05:06:07.000Z',
      input: { benchmarks, systems, note: foreign('none') },
      plan: sha(99),
      seed: 1,
      gitCommit: 'aabbccddeeff00112233445566778899aabbccdd',
      versions: { 'masgpt-temporal': '0.1.0', node: '20.20.0' },
    },
    benchmarks: benchmarks.map((name) => ({ ...describe(name), items: queries })),
    systems: systems.map((id) => ({
      id,
      kind: id.startsWith('generator:') ? ('generator' as const) : ('program' as const),
    })),
    drivers: [{ name: 'sim-driver', model: foreign('sim-driver'), revision: '1', simulated: true }],
    rows: [...rows],
    comparisons: [...comparisons],
    fronts: fronts.map((front) => ({ ...front, systems: [...front.systems] })),
    items,
    programs,
    usage,
  };
}

interface ItemContext {
  readonly benchmark: string;
  readonly query: number;
  readonly system: string;
  readonly index: number;
  readonly difficulty: number;
  readonly random: () => number;
  readonly foreign: (own: string) => string;
}

type Item = ReportDraft['items'][number] & {
  score: number;
  llmCalls: number;
  tokensIn: number;
  tokensOut: number;
  costUsd: number;
};

function item({ benchmark, query, system, index, difficulty, random, foreign }: ItemContext): Item {
  const [skill, calls] = skills[system] ?? [0.5, 1];
  const failure =
    random() < 0.02 ? (['raised', 'computeLimit', 'noAnswer'] as const)[Math.floor(random() * 3)] : undefined;
  const isRight = failure === undefined && random() < skill + 0.3 * (0.5 - difficulty);
  const answer = `First find the muffins: 17 x 24 = 408. That makes 408 / 12 = 34 boxes. The school gets 9, so 25 are sold. The answer is ${isRight ? 75 : 34}.`;
  const llmCalls = Math.max(1, calls + Math.round(random() * 2 - 1));
  return {
    ...{ queryId: query.toString(16).padStart(32, '0'), benchmark, system, driver: 'sim-driver' },
    query: foreign(`${story} (variant ${query})`),
    gold: foreign('75'),
    answer: failure ? '' : foreign(answer),
    extracted: failure ? null : foreign(isRight ? '75' : '34'),
    score: isRight ? 1 : 0,
    ...(failure === undefined ? {} : { failure }),
    reason: foreign(
      failure
        ? 'TypeError: unsupported operand type(s)'
        : `the marked answer ${isRight ? 'equals' : 'differs from'} 75`,
    ),
    grader: 'number/1',
    programSha256: sha(index),
    calls: Array.from({ length: llmCalls }, (_, call) => ({
      ...{ lineage: `0.${call}`, method: 'chat', tokensIn: 120, tokensOut: 80 },
      request: foreign(`Solve step by step.\n\n${story}`),
      reply: foreign(answer),
    })),
    ...{
      llmCalls,
      tokensIn: 120 * llmCalls,
      tokensOut: 80 * llmCalls,
      costUsd: 0.00002 * llmCalls * (1 + random() * 0.2),
      wallMs: 900,
    },
  };
}

function program(id: string): string {
  return `from utils import *\n\n\nclass MAS:\n    """${id}"""\n\n    def __init__(self, model_list):\n        self.llm = LLM(model_list)\n\n    def forward(self, taskInfo):\n        return self.llm.call_llm(f"Solve step by step.\\n\\n{taskInfo}")\n`;
}

function describe(name: string): Omit<ReportDraft['benchmarks'][number], 'items'> {
  const { title, version, source, licence, split, answerKind, citation } = benchmarkOf(name);
  return { name, title, version, source, licence, split, answerKind, citation };
}

function sha(index: number): string {
  return index.toString(16).padStart(2, '0').repeat(32);
}

function sum(items: readonly Item[], field: 'llmCalls' | 'tokensIn' | 'tokensOut' | 'costUsd'): number {
  return items.reduce((total, one) => total + one[field], 0);
}
