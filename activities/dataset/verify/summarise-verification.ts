/** The replication rate of the sampled rows, in all and by part, beside what the dataset expected. */
import type { Rate, VerifyActivities } from '../../../workflows/dataset/verify-contract.ts';
import { wilson } from '../../benchmarks/stats/wilson.ts';
import type { Blobs } from '../../storage/blobs.ts';
import { manifestSchema } from '../export/manifest.ts';
import { countBy } from '../export/card-table.ts';
import { readLines, writeLines } from '../selection.ts';
import { type RowOutcome, rowOutcomeSchema } from './verify-rows.ts';

export function createSummariseVerification({
  blobs,
}: {
  readonly blobs: Blobs;
}): VerifyActivities['summariseVerification'] {
  return async (input, batches) => {
    const outcomes = (
      await Promise.all(batches.map((sha256) => readLines(blobs, sha256, rowOutcomeSchema)))
    ).flat();
    const { labelPrecision } = manifestSchema.parse(JSON.parse(await blobs.getText(input.manifest)));
    const { estimate, interval } = labelPrecision;
    const groups = [...new Set(outcomes.map(({ group }) => group))].toSorted();
    return {
      dataset: input.dataset,
      ...rateOf(outcomes),
      expected: estimate === null || interval === null ? null : { estimate, interval },
      adapted: rateOf(outcomes.filter(({ adapted }) => adapted)),
      base: rateOf(outcomes.filter(({ adapted }) => !adapted)),
      groups: groups.slice(0, maxGroups).map((group) => ({
        group,
        ...rateOf(outcomes.filter((outcome) => outcome.group === group)),
      })),
      failures: Object.fromEntries(countBy(outcomes.flatMap(({ failure }) => failure ?? []))),
      outcomes: await writeLines(blobs, outcomes),
    };
  };
}

/** The result travels through history. */
const maxGroups = 200;

export function rateOf(outcomes: readonly Pick<RowOutcome, 'solved'>[]): Rate {
  const rows = outcomes.length;
  const solved = outcomes.filter((outcome) => outcome.solved).length;
  return { rows, solved, rate: rows === 0 ? 0 : solved / rows, interval: wilson(solved, rows) };
}
