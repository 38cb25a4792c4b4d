/** Groups of a plan's queries, for a plan that holds some of them: they are not clustered anew, since a race went by these groups. */
import type { DatasetActivities } from '../../workflows/dataset/contract.ts';
import { type Groups, groupsSchema } from '../../workflows/dataset/selection-contract.ts';
import { createPlanReader } from '../mas/plan-reader.ts';
import type { Blobs } from '../storage/blobs.ts';
import { canonicalJson } from '../storage/canonical-json.ts';

export function createRegroupQueries({
  blobs,
}: {
  readonly blobs: Blobs;
}): DatasetActivities['regroupQueries'] {
  return async ({ groups: sha256, from, to }) => {
    const groups = groupsSchema.parse(JSON.parse(await blobs.getText(sha256)));
    const labelOf = new Map((await linesOf(blobs, from)).map((line, query) => [line, groups.labels[query]]));
    const kept: Groups = {
      ...groups,
      labels: (await linesOf(blobs, to)).map((line) => {
        const label = labelOf.get(line);
        if (label === undefined) throw new RangeError('a query of the plan has no group');
        return label;
      }),
    };
    return await blobs.put(canonicalJson(kept));
  };
}

async function linesOf(blobs: Blobs, plan: string): Promise<string[]> {
  const { queries } = await createPlanReader(blobs).plan(plan);
  const lines = (await blobs.getText(queries)).split('\n').filter((line) => line !== '');
  return lines.map((line) => JSON.stringify(JSON.parse(line)));
}
