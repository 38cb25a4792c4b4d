/**
 * Two controls on a program that would be accepted; each compares with the base program, so that chance counts for both.
 *
 * constantDriver: its agents all reply with one empty sentence. A right answer then comes from the program. Caught when it is
 * right in more than half of three runs, and more often than the base (a default option, a number in the format of an answer).
 * similarQuery: the nearest query of its group with another answer. Caught when it answers that, and the next two where there
 * are some, with this query's gold, and the base does not: one equal letter or small number may be chance, three are not.
 */
import type { Control } from '../../workflows/dataset/refinement.ts';
import type { Query } from '../../workflows/shared/query.ts';
import type { ProgramRunner } from '../mas/run-program.ts';
import { constantDriver } from './constant-driver.ts';
import { scoreProgram, type ScoreParts, type ScoreSpec } from './score-program.ts';
import type { Controlled } from './selection.ts';

export interface ControlParts extends ScoreParts {
  readonly runner: ProgramRunner;
  /** Over constantCalls. */
  readonly constantRunner: ProgramRunner;
}

export type ControlResult =
  | { readonly caught: null; readonly controlled: Controlled }
  | { readonly caught: Control; readonly message: string };

type Program = ScoreSpec['program'];

const constantRepeats = 3;
/** Similar queries asked at most. */
export const similarCount = 3;

export async function control(
  parts: ControlParts,
  spec: Omit<ScoreSpec, 'runner' | 'repeats' | 'driver'>,
  base: Program,
  similar: readonly Query[],
): Promise<ControlResult> {
  const constant = await constantScore(parts, spec);
  if (constant > 0.5 && constant > (await constantScore(parts, { ...spec, program: base }))) {
    const message =
      'With agents that all reply with the same empty sentence the program still gives its answer: the answer must come from the agents.';
    return { caught: 'constantDriver', message };
  }
  const told = await toldElsewhere(parts, spec, similar);
  if (told.everywhere && !(await toldElsewhere(parts, { ...spec, program: base }, similar)).everywhere) {
    const message =
      'The program gives its answer to this query when it is asked another one: it must read the query it is given.';
    return { caught: 'similarQuery', message };
  }
  return { caught: null, controlled: { constantDriver: constant, similarQuery: told.nearest } };
}

/** Runs on only while it scores: most programs score 0 at once. */
async function constantScore(
  parts: ControlParts,
  spec: Omit<ScoreSpec, 'runner' | 'repeats'>,
): Promise<number> {
  const scoreOf = async (repeats: readonly number[]): Promise<number> => {
    // Its calls cost nothing, so they are nobody's usage.
    const free = { runner: parts.constantRunner, driver: constantDriver, onSpent: () => {} };
    const given = { ...spec, ...free, repeats };
    return (await scoreProgram(parts, given)).score;
  };
  const first = await scoreOf([0]);
  return first === 0 ? 0 : await scoreOf(Array.from({ length: constantRepeats }, (_, repeat) => repeat));
}

async function toldElsewhere(
  parts: ControlParts,
  spec: Omit<ScoreSpec, 'runner' | 'repeats'>,
  similar: readonly Query[],
): Promise<{ readonly everywhere: boolean; readonly nearest: Controlled['similarQuery'] }> {
  let nearest: Controlled['similarQuery'] = null;
  for (const other of similar) {
    const scored = await scoreProgram(parts, { ...spec, runner: parts.runner, query: other, repeats: [0] });
    nearest ??= { queryId: other.id, score: scored.score };
    const [execution] = scored.executions;
    if (execution?.status !== 'answered') return { everywhere: false, nearest };
    const { score } = await parts.grading.grade(spec.query, execution.answer, spec.signal);
    if (score <= 0.5) return { everywhere: false, nearest };
  }
  return { everywhere: similar.length > 0, nearest };
}
