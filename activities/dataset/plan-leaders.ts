/** One round of more repeats for leading programs, as a sparse plan of its own: what the matrix has done of it is not done again. */
import type { DatasetActivities, DatasetInput } from '../../workflows/dataset/contract.ts';
import type { LeadersInput, LeadersPlan } from '../../workflows/dataset/selection-contract.ts';
import { cellCount, type Plan } from '../../workflows/matrix/contract.ts';
import { canonicalJson } from '../storage/canonical-json.ts';
import { leaders } from './choosing/leaders.ts';
import { programsOf } from './read-score-table.ts';
import { readScores, type SelectParts } from './select-programs.ts';
import { writeLines } from './selection.ts';

export function createPlanLeaders(parts: SelectParts): DatasetActivities['planLeaders'] {
  return async (input: DatasetInput, { plan: sha256, round, more }: LeadersInput): Promise<LeadersPlan> => {
    const settings = input.selection?.leaders;
    if (!settings) return { cells: null, plans: [] };
    const { plan, groups, table, races } = await readScores(parts, sha256, input, more);
    const ids = programsOf(plan).map(({ id }) => id);
    const rounds = leaders({ table, ids, groups, races, settings, repeats: plan.repeats, round });
    if (rounds.length === 0) return { cells: null, plans: [] };
    const own: Plan = {
      ...plan,
      blocks: rounds.map(({ queries, programs }) => ({ queries: [...queries], systems: [...programs] })),
      drivers: plan.drivers.slice(0, 1),
      // Those of a round are all the same.
      repeats: Math.max(...rounds.map(({ repeats }) => repeats)),
    };
    const sizes = { cells: cellCount(own), further: cellCount({ ...own, repeats: settings.extraRepeats }) };
    const stored = { plan: await parts.blobs.put(canonicalJson(own)), ...sizes };
    return { cells: await writeLines(parts.blobs, rounds), plans: [stored] };
  };
}
