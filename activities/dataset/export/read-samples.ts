/** The rows of a dataset with all that their files say: queries, final programs, executions, splits. In the order of the selection. */
import type { DatasetInput } from '../../../workflows/dataset/contract.ts';
import type { Plan } from '../../../workflows/matrix/contract.ts';
import type { ProgramRef } from '../../../workflows/shared/program.ts';
import type { Query } from '../../../workflows/shared/query.ts';
import type { CallService } from '../../llm/chat.ts';
import { createCellKeys } from '../../mas/cell-outcomes.ts';
import type { Blobs } from '../../storage/blobs.ts';
import type { Database } from '../../storage/tables.ts';
import type { FinalQuery } from '../selection.ts';
import type { Sample } from './sample.ts';
import type { Splits } from './split-queries.ts';

export interface SampleParts {
  readonly database: Database;
  readonly blobs: Blobs;
  readonly calls: Pick<CallService, 'identity'>;
}

export async function readSamples(
  parts: SampleParts,
  given: {
    readonly plan: Plan;
    readonly input: DatasetInput;
    readonly queries: readonly Query[];
    readonly finals: readonly FinalQuery[];
    readonly splits: Splits;
  },
): Promise<Sample[]> {
  const { plan, input, queries, finals, splits } = given;
  const driver = plan.drivers[0] as string;
  const { revision } = await parts.calls.identity(driver);
  const repeats = Math.max(plan.repeats, input.refinement.repeats ?? 0);
  const keyOf = createCellKeys({ ...plan, drivers: [driver] }, () => revision);
  const keysOf = (query: Query, program: ProgramRef): string[] =>
    Array.from({ length: repeats }, (_, repeat) => keyOf({ driver, query, repeat }, program));
  const rows = finals.flatMap(({ final, ...selected }) => {
    const query = queries[selected.queryIndex];
    if (!final || !query) return [];
    const keys = { base: keysOf(query, selected.base), final: keysOf(query, final.program) };
    return [{ final, selected, query, keys }];
  });
  const stored = await storedKeys(
    parts.database,
    rows.flatMap(({ keys }) => [...keys.base, ...keys.final]),
  );
  const samples: Sample[] = [];
  for (const { final, selected, query, keys } of rows) {
    const { queryIndex, group, base, baseScore, kept, ...notes } = selected;
    const isStored = (key: string): boolean => stored.has(key);
    samples.push({
      ...{ query, group, base, baseScore, final, kept },
      notes: { ...notes, ...otherThanRow(final) },
      split: splits.of[queryIndex] ?? 'train',
      cluster: queries[splits.clusters[queryIndex] ?? queryIndex]?.id ?? query.id,
      program: await parts.blobs.getText(final.program.sha256),
      executions: { base: keys.base.filter(isStored), final: keys.final.filter(isStored) },
    });
  }
  return samples;
}

function otherThanRow(final: Sample['final']): Record<string, unknown> {
  const { program: _program, score: _score, reasoning: _reasoning, adapted: _adapted, ...notes } = final;
  return notes;
}

const maxKeys = 1_000;

async function storedKeys(database: Database, keys: readonly string[]): Promise<Set<string>> {
  const stored = new Set<string>();
  for (let from = 0; from < keys.length; from += maxKeys) {
    const chunk = keys.slice(from, from + maxKeys);
    const found = await database.selectFrom('executions').select('key').where('key', 'in', chunk).execute();
    for (const { key } of found) stored.add(key);
  }
  return stored;
}
