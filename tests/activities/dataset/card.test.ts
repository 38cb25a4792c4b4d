/** The card: counts that fit the rows, the same bytes from the same input, and nothing in it that acts. */
import { describe, expect, it } from 'vitest';
import { type CardInput, writeCard } from '../../../activities/dataset/card.ts';
import { exportSchema } from '../../../workflows/dataset/export-contract.ts';
import { parse } from 'yaml';
import type { FinalQuery } from '../../../activities/dataset/selection.ts';
import { datasetInputSchema } from '../../../workflows/dataset/contract.ts';
import { evilCorpus } from '../../support/evil-corpus.ts';

const program = (digit: string) => ({ id: `program-${digit}`, sha256: digit.repeat(64) });

function final(queryIndex: number, given: Partial<FinalQuery>): FinalQuery {
  const base = program('0');
  return { queryIndex, group: 'g', base, baseScore: 1, final: null, kept: null, ...given };
}

const solved = (digit: string, adapted: boolean) => ({
  program: program(digit),
  score: 1,
  reasoning: 'It votes.',
  adapted,
});

function cardInput(given: Partial<CardInput> = {}): CardInput {
  const source = { source: 'gsm8k', licence: 'MIT' };
  return {
    name: 'masgpt-sft-0123456789ab',
    input: datasetInputSchema.parse({ queries: [{ source: 'gsm8k' }] }),
    plan: { plan: 'a'.repeat(64), cells: 12, queries: 4, simulated: false },
    selection: {
      selection: 'b'.repeat(64),
      queries: 4,
      dropped: 0,
      groups: [{ group: 'gsm8k', queries: 4, program: 'cot', meanScore: 2 / 3 }],
    },
    refinement: { tried: 4, accepted: 2, kept: 1 },
    dropped: 1,
    rowsOf: { train: 3, validation: 0, test: 0 },
    options: exportSchema.parse({}),
    files: { 'sft.jsonl': { rows: 3, bytes: 9_000, sha256: 'c'.repeat(64) } },
    units: 4,
    precision: { estimate: null, interval: null, queries: 0 },
    lengths: { units: [], tokenizer: null },
    promptHash: 'd'.repeat(12),
    queries: [source, source, { source: 'aqua', licence: '' }, source],
    origins: [{ kind: 'source', source: 'gsm8k' }],
    selectionReport: null,
    finals: [
      final(0, { final: solved('1', true) }),
      final(1, { final: solved('1', true) }),
      final(2, { final: solved('0', false), kept: 'leaked' }),
      final(3, { kept: 'badProgram' }),
    ],
    models: [{ role: 'driver', model: 'qwen', revision: 'r1', simulated: false }],
    ...given,
  };
}

/** Without the YAML header. */
const bodyOf = (card: string): string => card.slice(card.indexOf('\n---\n') + '\n---\n'.length);

/** The cells of the line that begins with this one. */
const lineOf = (card: string, first: string): string[] | undefined =>
  card
    .split('\n')
    .map((line) => line.slice(2, -2).split(' | '))
    .find(([name]) => name === first);

describe('the card', () => {
  it('counts what is in the dataset', () => {
    const card = writeCard(cardInput());
    expect(lineOf(card, 'rows')).toEqual(['rows', '3']);
    expect(lineOf(card, 'distinct programs')).toEqual(['distinct programs', '2']);
    expect(lineOf(card, 'queries dropped: no final program solves them')?.[1]).toBe('1');
    // A query that was dropped kept nothing.
    expect(lineOf(card, 'leaked')).toEqual(['leaked', '1']);
    expect(lineOf(card, 'badProgram')).toBeUndefined();
    expect(lineOf(card, 'gsm8k')).toEqual(['gsm8k', 'MIT', '3']);
    expect(lineOf(card, 'aqua')).toEqual(['aqua', 'not stated', '1']);
    expect(card).toContain('| gsm8k | 4 | cot | 0.667 |');
    expect(card).not.toContain('Simulated');
  });

  it('says first when any model is simulated, and what an ablation means for the selection', () => {
    const models = [{ role: 'refiner', model: 'sim-refiner', revision: 'r', simulated: true }];
    const card = writeCard(cardInput({ models }));
    expect(bodyOf(card).trim().split('\n\n')[1]).toMatch(/^\*\*Simulated\*\*/);
    expect(parse(card.split('\n---\n')[0] ?? '')).toMatchObject({
      tags: expect.arrayContaining(['simulated']),
    });
    const queries = [{ source: 'gsm8k' }];
    const input = datasetInputSchema.parse({ queries, switches: { interConsistency: false } });
    expect(writeCard(cardInput({ input }))).toContain('Inter-consistency was off');
  });

  it('names the query pool and what it was cleared of, and says where nothing was looked for', () => {
    const bare = writeCard(cardInput());
    expect(bare).toContain('Queries of gsm8k were taken as they are');
    const set = { source: 'gsm8k-test', queries: { sha256: 'e'.repeat(64), count: 1_319 } };
    const report = (against: (typeof set)[]) => ({
      ...{ against, heldOut: { source: 'sciq', queries: { sha256: 'f'.repeat(64), count: 7 } } },
      settings: {
        ...{ seed: 0, sample: {} },
        nearDuplicates: { jaccard: 0.7, shingleWords: 3, permutations: 128, bands: 32, expectedMissRate: 0 },
        contamination: {
          ...{ gramWords: 8, fewestWords: 4, fewestMaskedWords: 6, leastMaskedOverlap: 0.5 },
          maskNumbers: true,
        },
      },
    });
    const pool = { kind: 'pool', pool: 'mixed', sha256: '9'.repeat(64) } as const;
    const card = writeCard(cardInput({ origins: [{ ...pool, report: report([set]) }] }));
    expect(card).toContain(`Query pool mixed, sha256 of its queries ${'9'.repeat(64)}: without near-dup`);
    expect(card).toContain('runs of 8 words with these evaluation sets, numbers masked');
    expect(lineOf(card, 'gsm8k-test')).toEqual(['gsm8k-test', '1319', 'e'.repeat(64)]);
    expect(lineOf(card, 'sciq, held out')?.[1]).toBe('7');
    const none = writeCard(cardInput({ origins: [{ ...pool, report: { ...report([]), heldOut: null } }] }));
    expect(none).toContain('It was cleared of no evaluation set');
    expect(writeCard(cardInput({ origins: [{ ...pool, report: null }] }))).toContain('no longer stored');
  });

  it('says what the selection is worth, and whether its groups beat random ones', () => {
    const permutation = { grouped: 0.81, random: 0.7, single: 0.69, p: 0.0004, permutations: 2_000 };
    const overall = { inSample: 0.81, crossFitted: 0.765 };
    const of = (selectionReport: CardInput['selectionReport']) => writeCard(cardInput({ selectionReport }));
    const card = of({ overall, permutation, crossFit: 'queries' });
    expect(card).toContain('score 81.0 % on the draws that chose them, and 76.5 % cross-fitted');
    expect(card).toContain('one half of the queries');
    expect(card).toContain('81.0 % against 70.0 %, the mean of 2000 random groupings');
    expect(card).toContain('one program for all: 69.0 %. p = below 0.001');
    const off = of({ overall: { ...overall, crossFitted: null }, permutation: null, crossFit: 'off' });
    expect(off).toContain('too high by an unknown amount: cross-fitting was off');
    expect(off).not.toMatch(/random groups|NaN|null/);
  });

  it('names the strictest licence, says what is not known, and gives lengths and precision where they are', () => {
    const queries = ['MIT', 'CC-BY-NC-3.0', 'CC-BY-4.0'].map((licence) => ({ source: 'a', licence }));
    const bare = writeCard(cardInput({ queries }));
    expect(bare).toContain('license: "cc-by-nc-3.0"');
    expect(bare).toContain(
      'The strictest of these licences, CC-BY-NC-3.0, asks for attribution and allows no commercial',
    );
    expect(bare).toContain('of one repeat nothing can be held out');
    expect(bare).toContain('croissant.json lacks url, creator and datePublished');
    const zero = { mean: 1.5, p50: 1, p90: 2, p99: 2, max: 2 };
    const parts = { query: zero, reasoning: zero, program: zero, response: zero, row: zero };
    const card = writeCard(
      cardInput({
        options: exportSchema.parse({
          publication: { date: '2026-01-02', url: 'https://example.org/d', creator: 'A' },
        }),
        precision: { estimate: 0.9, interval: { low: 0.8, high: 0.95 }, queries: 40 },
        lengths: {
          units: [{ unit: 'tokens', parts }],
          tokenizer: { name: 'qwen', sha256: 'e'.repeat(64) },
        },
      }),
    );
    expect(card).toContain('90.0 % (95 %: 80.0 % to 95.0 %, 40 queries)');
    expect(lineOf(card, 'response')).toEqual(['response', '1.5', '1', '2', '2', '2']);
    expect(card).not.toContain('croissant.json lacks');
  });

  it('is the same from the same input, in whatever order its parts were counted', () => {
    const { finals, queries } = cardInput();
    const turned = { finals: finals.toReversed(), queries: queries.toReversed() };
    expect(writeCard(cardInput(turned))).toBe(writeCard(cardInput()));
  });

  it('shows foreign texts without letting them act', () => {
    const plain = writeCard(cardInput()).split('\n').length;
    for (const text of Object.values(evilCorpus)) {
      const queries = Array.from({ length: 4 }, () => ({ source: text, licence: text }));
      const groups = [{ group: text, queries: 4, program: 'cot', meanScore: 1 }];
      const { selection } = cardInput();
      const card = writeCard(cardInput({ queries, selection: { ...selection, groups } }));
      expect(bodyOf(card)).not.toMatch(/[<>]|\]\(/);
      expect(parse(card.split('\n---\n')[0] ?? '')).toMatchObject({
        license: expect.stringMatching(/^(other|unknown)$/),
        configs: [{ config_name: 'chat', data_files: [{ split: 'train', path: 'sft.jsonl' }] }],
      });
      // Four rows of one source: one line less than with two sources.
      expect(card.split('\n')).toHaveLength(plain - 1);
    }
  });
});
