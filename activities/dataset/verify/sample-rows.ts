/** A random sample of a dataset's rows, with their queries and programs: what a verification executes. */
import { z } from 'zod';
import type { VerifyActivities } from '../../../workflows/dataset/verify-contract.ts';
import { programRefSchema } from '../../../workflows/shared/program.ts';
import { type Query, querySchema } from '../../../workflows/shared/query.ts';
import { failure } from '../../failure.ts';
import type { CallService } from '../../llm/chat.ts';
import { createPlanReader } from '../../mas/plan-reader.ts';
import type { Blobs } from '../../storage/blobs.ts';
import { canonicalHash } from '../../storage/canonical-json.ts';
import { manifestSchema } from '../export/manifest.ts';
import { provenanceSchema } from '../export/provenance.ts';
import { createRandom } from '../random.ts';
import { readLines, writeLines } from '../selection.ts';

export const sampledRowSchema = z.object({
  query: querySchema,
  program: programRefSchema,
  group: z.string(),
  adapted: z.boolean(),
});
export type SampledRow = z.infer<typeof sampledRowSchema>;

export interface SampleRowsParts {
  readonly blobs: Blobs;
  readonly calls: Pick<CallService, 'identity'>;
}

export function createSampleRows({ blobs, calls }: SampleRowsParts): VerifyActivities['sampleRows'] {
  return async (input) => {
    const manifest = manifestSchema.parse(JSON.parse(await blobs.getText(input.manifest)));
    const rows = await readLines(blobs, input.provenance, provenanceSchema);
    const plan = await createPlanReader(blobs).plan(manifest.plan);
    const driver = plan.drivers[0] as string;
    const { revision, simulated } = await calls.identity(driver);
    const pinned = plan.revisions[driver] ?? revision;
    if (revision !== pinned) {
      throw failure(
        'Input.Invalid',
        `dataset: it was built with ${driver} at revision ${pinned}, which is at ${revision} now: restore it in the config, or build the dataset anew`,
      );
    }
    const queries = new Map<string, Query>();
    for (const query of await readLines(blobs, plan.queries, querySchema)) queries.set(query.id, query);
    const order = createRandom(`verify/${input.seed}/${input.provenance}`).shuffle([...rows.keys()]);
    const chosen = new Set(order.slice(0, input.rows));
    const sampled = rows.flatMap((row, index): SampledRow[] => {
      const query = queries.get(row.query_id);
      if (!chosen.has(index) || !query) return [];
      const program = { id: row.adapted ? 'adapted' : row.base_program, sha256: row.program_sha256 };
      return [{ query, program, group: row.group, adapted: row.adapted }];
    });
    return {
      sample: await writeLines(blobs, sampled),
      rows: sampled.length,
      plan: manifest.plan,
      seed: freshSeed(plan.seed, input.seed),
      simulated,
    };
  };
}

/** Never the seed of the dataset, also where the verification's own is the same number. */
function freshSeed(dataset: number, verification: number): number {
  const seed = Number.parseInt(canonicalHash(['verify', dataset, verification]).slice(0, 7), 16);
  return seed === dataset ? seed + 1 : seed;
}
