/**
 * Queries by reference: an imported file's blob, a query pool's, or the product's own generated problems. The chosen ones become a blob of
 * `Query` JSON lines, and the simulated models learn their gold.
 */
import { querySchema, type Query } from '../../workflows/shared/query.ts';
import { generatedSourceOf, generateQueries } from '../dataset/generate-queries.ts';
import { createRandom } from '../dataset/random.ts';
import { failure, isFailure } from '../failure.ts';
import type { Blobs } from '../storage/blobs.ts';
import type { AnswerKey } from './answer-key.ts';

export type QueryReference = SourceReference | PoolReference;

interface PoolReference {
  /** Name of a query pool, whose queries are of several sources. */
  readonly pool: string;
  /** Blob of its queries. */
  readonly sha256?: string | undefined;
  /** The first N. */
  readonly limit?: number | undefined;
  readonly seed: number;
}

interface SourceReference {
  /** Registry name of a benchmark, or `generated`, `generated-train`, `generated-test`. */
  readonly source: string;
  /** Blob of the imported `Query` lines; absent for generated problems. */
  readonly sha256?: string | undefined;
  /** The first N. */
  readonly limit?: number | undefined;
  /** N sampled by `seed`, in file order; taken before `limit`. */
  readonly sample?: number | undefined;
  readonly seed: number;
}

/** `sha256`: blob of the chosen queries; `size`: how many there were to choose from. */
export interface LoadedQueries {
  readonly sha256: string;
  readonly count: number;
  readonly size: number;
}

export type LoadQueries = (reference: QueryReference) => Promise<LoadedQueries>;

export function createLoadQueries(ports: {
  readonly blobs: Blobs;
  /** Only where simulated models are configured. */
  readonly answerKey?: AnswerKey | undefined;
}): LoadQueries {
  const { blobs, answerKey } = ports;
  return async (reference) => {
    const all = await readAll(blobs, reference);
    const queries = choose(all, reference);
    if (queries.length === 0) throw failure('Input.Invalid', `${nameOf(reference)}: there is no query in it`);
    await answerKey?.add(queries);
    const sha256 = await blobs.put(queries.map((query) => `${JSON.stringify(query)}\n`).join(''));
    return { sha256, count: queries.length, size: all.length };
  };
}

async function readAll(blobs: Blobs, reference: QueryReference): Promise<Query[]> {
  const { sha256, limit, seed } = reference;
  const name = nameOf(reference);
  if (sha256 === undefined) {
    const generated = 'pool' in reference ? undefined : generatedSourceOf(reference.source);
    const sample = 'pool' in reference ? undefined : reference.sample;
    if (generated) return generateQueries({ source: generated, seed, count: sample ? undefined : limit });
    throw failure(
      'Input.Invalid',
      `${name}: name its file (--benchmark ${name}=FILE, which imports it and gives its sha256); only "generated-train" and "generated-test" need none`,
    );
  }
  const text = await blobs.getText(sha256).catch((error: unknown) => {
    if (!isFailure(error, 'Input.NotFound')) throw error;
    throw failure(
      'Input.NotFound',
      `${name}: its sha256 ${sha256} is in no blob of this store: import its file again`,
    );
  });
  return text
    .split('\n')
    .flatMap((line, index) => (line === '' ? [] : [parseQuery(line, reference, index + 1)]));
}

function nameOf(reference: QueryReference): string {
  return 'pool' in reference ? reference.pool : reference.source;
}

/** A blob of another kind may be named by mistake. */
function parseQuery(line: string, reference: QueryReference, number: number): Query {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    value = undefined;
  }
  const query = querySchema.safeParse(value);
  const isOwn = ({ source }: Query): boolean =>
    'pool' in reference || source === (generatedSourceOf(reference.source) ?? reference.source);
  if (query.success && isOwn(query.data)) return query.data;
  const found = query.success ? `a query of ${query.data.source}` : 'no query';
  throw failure(
    'Input.Invalid',
    `${nameOf(reference)}: its sha256 names a blob that does not hold its imported queries (line ${number} is ${found}): import its file`,
  );
}

function choose(queries: Query[], reference: QueryReference): Query[] {
  const { limit, seed } = reference;
  const sample = 'pool' in reference ? undefined : reference.sample;
  let chosen = queries;
  if (sample !== undefined && sample < queries.length) {
    const order = createRandom(`sample/${nameOf(reference)}/${seed}`).shuffle([...queries.keys()]);
    const kept = new Set(order.slice(0, sample));
    chosen = queries.filter((_, index) => kept.has(index));
  }
  return limit === undefined ? chosen : chosen.slice(0, limit);
}
