/**
 * The port `Embedder`: texts become unit vectors, so that the distance of two says how alike they are. Vectors are recorded
 * by the embedder's identity and the text's sha256: none is computed or paid twice, and a later run meets the same bytes. What an
 * embedder charges for is paid by the run's chain of budgets.
 */
import { createHash } from 'node:crypto';
import { sql } from 'kysely';
import { type Payer, payFor, type Spending } from '../../llm/paid-work.ts';
import type { Database } from '../../storage/tables.ts';

export interface Embedder {
  /** Its name in config, or `minilm`. */
  readonly name: string;
  /** Names the weights: vectors of equal identity are comparable. */
  readonly identity: string;
  /** Texts per request. */
  readonly batch: number;
  /** The most that these texts may cost, and how long they may take; undefined where nothing is counted. */
  readonly worst?: (texts: readonly string[]) => Spending & { readonly timeoutMs: number };
  /** Unit vectors, in the order of the texts. Throws `Embedder.Failed` and the failures of models. */
  embed(texts: readonly string[], signal: AbortSignal): Promise<Embedded>;
}

export interface Embedded extends Spending {
  readonly vectors: readonly Float32Array[];
}

export interface Embedders {
  /** Throws `Llm.UnknownModel` with the names there are. */
  get(name: string): Promise<Embedder>;
}

/** All vectors in one array, row by row. */
export interface Vectors {
  readonly count: number;
  readonly dimensions: number;
  readonly values: Float32Array;
}

export interface EmbeddedTexts extends Vectors {
  /** Texts newly embedded; the others were recorded. */
  readonly embedded: number;
  /** Of those newly embedded. */
  readonly tokens: number;
  readonly costUsd: number;
}

interface Ports {
  readonly database: Database;
  readonly embedder: Embedder;
  /** Undefined: nobody's budget, as in runs that an earlier release began. */
  readonly payer?: Payer | undefined;
  readonly signal: AbortSignal;
  /** After each batch: texts that have their vector. */
  readonly onProgress?: (done: number) => void;
}

const rowsPerRead = 1_000;
/** Between an endpoint's last word and its record. */
const graceMs = 60_000;

/** Each batch is recorded before the next is asked for. Throws `Budget.Exceeded`, and what `Embedder.embed` throws. */
export async function embedTexts(texts: readonly string[], ports: Ports): Promise<EmbeddedTexts> {
  const { database, embedder } = ports;
  const keys = texts.map(sha256Of);
  const known = await readRecorded(database, embedder.identity, [...new Set(keys)]);
  const missing = new Map(
    keys.flatMap((key, index) => (known.has(key) ? [] : [[key, texts[index] as string]])),
  );
  const open = [...missing];
  const spent = { embedded: 0, tokens: 0, costUsd: 0 };
  for (let from = 0; from < open.length; from += embedder.batch) {
    ports.signal.throwIfAborted();
    const chunk = open.slice(from, from + embedder.batch);
    const asked = await embedBatch(chunk, ports);
    spent.embedded += chunk.length;
    spent.tokens += asked.tokens;
    spent.costUsd += asked.costUsd;
    ports.onProgress?.(texts.length - open.length + spent.embedded);
  }
  // Read back, so that two writers at once go on with the same vector.
  if (open.length > 0)
    for (const [key, vector] of await readRecorded(database, embedder.identity, [...missing.keys()]))
      known.set(key, vector);
  return { ...together(keys.map((key) => known.get(key) as Float32Array)), ...spent };
}

type Keyed = readonly [key: string, text: string];

async function embedBatch(
  batch: readonly Keyed[],
  { database, embedder, payer, signal }: Ports,
): Promise<Embedded> {
  const texts = batch.map(([, text]) => text);
  const work = () => embedder.embed(texts, signal);
  const record = (store: Database, asked: Embedded) => writeRecorded(store, embedder.identity, batch, asked);
  const worst = embedder.worst?.(texts);
  if (payer && worst)
    return payFor(database, { payer, worst, leaseMs: worst.timeoutMs + graceMs, work, record, signal });
  const asked = await work();
  await record(database, asked);
  return asked;
}

async function writeRecorded(
  database: Database,
  identity: string,
  batch: readonly Keyed[],
  { vectors, tokens, costUsd }: Embedded,
): Promise<void> {
  const rows = batch.map(([key], index) => ({
    embedder: identity,
    text_sha256: key,
    vector: Buffer.from(bytesOf(vectors[index] as Float32Array)),
    // Of the request, in equal parts.
    tokens: tokens / batch.length,
    cost_usd: costUsd / batch.length,
  }));
  await database
    .insertInto('embeddings')
    .values(rows)
    .onConflict((conflict) => conflict.doNothing())
    .execute();
}

async function readRecorded(
  database: Database,
  identity: string,
  keys: readonly string[],
): Promise<Map<string, Float32Array>> {
  const found = new Map<string, Float32Array>();
  for (let from = 0; from < keys.length; from += rowsPerRead) {
    const chunk = keys.slice(from, from + rowsPerRead);
    const rows = await database
      .selectFrom('embeddings')
      .select(['text_sha256', 'vector'])
      .where('embedder', '=', identity)
      .where('text_sha256', '=', sql<string>`any(${chunk})`)
      .execute();
    for (const { text_sha256, vector } of rows) found.set(text_sha256, floatsOf(vector));
  }
  return found;
}

function together(vectors: readonly Float32Array[]): Vectors {
  const dimensions = vectors[0]?.length ?? 0;
  const values = new Float32Array(vectors.length * dimensions);
  for (const [index, vector] of vectors.entries()) values.set(vector, index * dimensions);
  return { count: vectors.length, dimensions, values };
}

/** Float32, little-endian. */
export function floatsOf(bytes: Uint8Array): Float32Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Float32Array.from({ length: bytes.byteLength / 4 }, (_, index) => view.getFloat32(index * 4, true));
}

function bytesOf(vector: Float32Array): Uint8Array {
  const view = new DataView(new ArrayBuffer(vector.length * 4));
  for (const [index, value] of vector.entries()) view.setFloat32(index * 4, value, true);
  return new Uint8Array(view.buffer);
}

function sha256Of(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
