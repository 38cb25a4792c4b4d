/**
 * The product's own problems, by seed: four kinds in equal parts, each with its gold. Whether a problem belongs to train
 * or to test is decided by a hash of what it asks, so the two never share a problem, whatever the seeds and counts.
 */
import { createHash } from 'node:crypto';
import type { Query } from '../../workflows/shared/query.ts';
import { failure } from '../failure.ts';
import { createQuery } from '../benchmarks/query-id.ts';
import { listFunction } from './generated/list-functions.ts';
import { multipleChoice } from './generated/multiple-choice.ts';
import type { Problem } from './generated/problem.ts';
import { unitPhysics } from './generated/unit-physics.ts';
import { wordArithmetic } from './generated/word-arithmetic.ts';
import { createRandom, type Random } from './random.ts';

/** Problems by default: enough to train and measure the tiny recipe. */
const defaultCounts = { 'generated-train': 200, 'generated-test': 60 } as const;
export type GeneratedSource = keyof typeof defaultCounts;

/** `generated` means `generated-train`. */
export function generatedSourceOf(name: string): GeneratedSource | undefined {
  if (name === 'generated') return 'generated-train';
  return Object.hasOwn(defaultCounts, name) ? (name as GeneratedSource) : undefined;
}

const kinds: readonly (readonly [subject: string, write: (random: Random) => Problem])[] = [
  ['word-arithmetic', wordArithmetic],
  ['list-functions', listFunction],
  ['unit-physics', unitPhysics],
  ['multiple-choice', multipleChoice],
];

/** Attempts per problem before the kind counts as exhausted. */
const maxAttempts = 2_000;

export function generateQueries(options: {
  readonly source: GeneratedSource;
  readonly seed: number;
  readonly count?: number | undefined;
}): Query[] {
  const { source, seed, count = defaultCounts[options.source] } = options;
  const seen = new Set<string>();
  return Array.from({ length: count }, (_, index) => {
    const [subject, write] = kinds[index % kinds.length] as (typeof kinds)[number];
    const random = createRandom(`${source}/${seed}/${index}`);
    for (let attempt = 0; attempt < maxAttempts; attempt++) {
      const { text, gold, key = text } = write(random);
      if (splitOf(key) !== source || seen.has(text)) continue;
      seen.add(text);
      return createQuery({
        source,
        subject,
        split: source.slice('generated-'.length),
        licence: 'Apache-2.0',
        text,
        gold,
      });
    }
    throw failure(
      'Input.Invalid',
      `limit: there are no ${count} different problems in ${source}; ask for fewer`,
    );
  });
}

function splitOf(key: string): GeneratedSource {
  return (createHash('sha256').update(key).digest()[0] as number) % 4 === 0
    ? 'generated-test'
    : 'generated-train';
}
