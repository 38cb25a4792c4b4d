/**
 * What an operator may change of a run's recipe between two attempts. All else makes another model, and so another run. Read by
 * hand: zod schemas change themselves when they are first used, and contracts are frozen (workers/workflow-code.ts).
 */

export interface ConfigChange {
  /** Only with `gradientAccumulation`, at the same product: the global batch stays. */
  readonly batchSize?: number;
  readonly gradientAccumulation?: number;
  /** Seconds without progress that matter, by phase. */
  readonly phaseLimitS?: Readonly<Partial<Record<(typeof phases)[number], number>>>;
  readonly saveSteps?: number;
  /** Upward only; the schedule of the learning rate is then that of the new length. */
  readonly maxSteps?: number;
}

const phases = ['start', 'step', 'save', 'eval'] as const;
const counts = ['batchSize', 'gradientAccumulation', 'saveSteps', 'maxSteps'] as const;
export const changeableFields = [
  'batchSize',
  'gradientAccumulation',
  'phaseLimitS',
  'saveSteps',
  'maxSteps',
] as const;

/** Why a known field is refused. */
const refused: Readonly<Record<string, string>> = {
  learningRate: 'a resume restores it with the optimizer and the scheduler of the checkpoint',
  seed: 'the data would come in another order',
  maxLength: 'other rows would be cut',
  dataset: 'another dataset is another run',
  recipe: 'another recipe is another run',
  model: 'another model is another run',
};

const maxSeconds = 86_400;
const maxCount = 1_000_000_000;

/** The change, or what is wrong with it. `fields`: without `by` and `why`. */
export function readConfigChange(
  fields: Readonly<Record<string, unknown>>,
  now: { readonly maxSteps: number },
): ConfigChange | string {
  for (const name of Object.keys(fields)) {
    if (changeableFields.some((known) => known === name)) continue;
    const reason = refused[name] ?? 'start another run with another recipe';
    return `${name.slice(0, 64)} cannot change within a run: ${reason}. What can: ${changeableFields.join(', ')}`;
  }
  if (Object.keys(fields).length === 0) return `name what changes: ${changeableFields.join(', ')}`;
  for (const name of counts) {
    const value = fields[name];
    if (value === undefined) continue;
    if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 1 || value > maxCount)
      return `${name}: a whole number from 1 on is expected`;
  }
  const change = fields as ConfigChange;
  if ((change.batchSize === undefined) !== (change.gradientAccumulation === undefined))
    return 'batchSize and gradientAccumulation change together, at the same product';
  if (change.maxSteps !== undefined && change.maxSteps < now.maxSteps)
    return `maxSteps goes upward only: it is ${now.maxSteps}`;
  return limitsFault(fields['phaseLimitS']) ?? change;
}

function limitsFault(limits: unknown): string | undefined {
  if (limits === undefined) return undefined;
  const expected = `phaseLimitS: seconds by phase (${phases.join(', ')}), such as { "step": 900 }`;
  if (typeof limits !== 'object' || limits === null || Object.keys(limits).length === 0) return expected;
  const isFine = Object.entries(limits).every(
    ([phase, seconds]) =>
      phases.some((known) => known === phase) &&
      typeof seconds === 'number' &&
      seconds > 0 &&
      seconds <= maxSeconds,
  );
  return isFine ? undefined : expected;
}
