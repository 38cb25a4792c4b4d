/** One round of more repeats for leading programs, as plans of their own: what the matrix has done of them is not done again. */
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
    const { plan, queries, groups, table } = await readScores(parts, sha256, input, more);
    const ids = programsOf(plan).map(({ id }) => id);
    const rounds = leaders({ table, ids, groups, settings, repeats: plan.repeats, round });
    if (rounds.length === 0) return { cells: null, plans: [] };
    const plans = await Promise.all(
      rounds.map(async (cells) => {
        const lines = cells.queries.map((query) => `${JSON.stringify(queries[query])}\n`);
        const own: Plan = {
          ...plan,
          queries: await parts.blobs.put(lines.join('')),
          queryCount: lines.length,
          systems: cells.programs.map((program) => plan.systems[program] as Plan['systems'][number]),
          drivers: plan.drivers.slice(0, 1),
          repeats: cells.repeats,
        };
        const further = lines.length * cells.programs.length * settings.extraRepeats;
        return { plan: await parts.blobs.put(canonicalJson(own)), cells: cellCount(own), further };
      }),
    );
    return { cells: await writeLines(parts.blobs, rounds), plans };
  };
}
