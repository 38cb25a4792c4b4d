/** Lengths of what the rows hold, in tokens of a given tokenizer, or in bytes and words where there is none. */
import { setImmediate } from 'node:timers/promises';
import { promptOf, responseOf, type Sample, wellFormed } from './sample.ts';
import type { CountTokens } from './tokenizer.ts';

export const lengthParts = ['query', 'reasoning', 'program', 'response', 'row'] as const;
export type LengthPart = (typeof lengthParts)[number];

export interface LengthSummary {
  readonly mean: number;
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly max: number;
}

export interface Lengths {
  /** What is counted: tokens of this tokenizer, else `bytes` (UTF-8) and `words` (runs between white space). */
  readonly units: readonly {
    readonly unit: 'tokens' | 'bytes' | 'words';
    readonly parts: Readonly<Record<LengthPart, LengthSummary>>;
  }[];
  readonly tokenizer: { readonly name: string; readonly sha256: string } | null;
}

/** `row`: system prompt, query and response, without what a chat template adds. */
export async function measureLengths(
  samples: readonly Sample[],
  tokenizer: { readonly name: string; readonly sha256: string; readonly count: CountTokens } | null,
): Promise<Lengths> {
  const counters: { unit: Lengths['units'][number]['unit']; count: CountTokens }[] = tokenizer
    ? [{ unit: 'tokens', count: tokenizer.count }]
    : [
        { unit: 'bytes', count: (text) => Buffer.byteLength(text) },
        { unit: 'words', count: (text) => text.split(/\s+/).filter((word) => word !== '').length },
      ];
  const units: Lengths['units'][number][] = [];
  for (const { unit, count } of counters) {
    const counts = Object.fromEntries(lengthParts.map((part) => [part, [] as number[]]));
    for (const sample of samples) {
      for (const [part, text] of Object.entries(textsOf(sample))) counts[part]?.push(count(text));
      // A tokenizer takes milliseconds per row: heartbeats go out in between.
      await setImmediate();
    }
    const parts = Object.fromEntries(lengthParts.map((part) => [part, summarise(counts[part] ?? [])]));
    units.push({ unit, parts: parts as Record<LengthPart, LengthSummary> });
  }
  return { units, tokenizer: tokenizer && { name: tokenizer.name, sha256: tokenizer.sha256 } };
}

function textsOf({ query, final, program }: Sample): Record<LengthPart, string> {
  const response = wellFormed(responseOf(program, final.reasoning));
  const prompt = promptOf(query).map(({ content }) => content);
  return {
    query: wellFormed(query.text),
    reasoning: wellFormed(final.reasoning),
    program: wellFormed(program),
    response,
    row: [...prompt, response].join('\n'),
  };
}

/** Quantiles by the nearest rank; zeros for no rows. */
export function summarise(counts: readonly number[]): LengthSummary {
  const sorted = counts.toSorted((a, b) => a - b);
  const at = (share: number): number => sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? 0;
  const mean = sorted.length === 0 ? 0 : sorted.reduce((sum, count) => sum + count, 0) / sorted.length;
  return { mean, p50: at(0.5), p90: at(0.9), p99: at(0.99), max: at(1) };
}
