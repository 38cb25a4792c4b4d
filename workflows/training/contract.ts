/** superviseTraining: launches, watches and recovers a trainer; parks for an operator when it should not go on alone. Workflow id: training/NAME. */
import { z } from 'zod';
import { nameSchema } from '../shared/names.ts';
import { runFields } from '../shared/run-input.ts';

export const superviseTrainingType = 'superviseTraining';

export const trainingInputSchema = z.strictObject({
  /** The name of a finished dataset run (`dataset/NAME`). */
  dataset: nameSchema,
  recipe: nameSchema.default('tiny'),
  launcher: nameSchema.default('local'),
  ...runFields,
});
export type TrainingInput = z.infer<typeof trainingInputSchema>;
export type TrainingRequest = z.input<typeof trainingInputSchema>;

export const trainingStates = [
  'pending',
  'launching',
  'running',
  'recovering',
  'pausing',
  'paused',
  'needsOperator',
  'succeeded',
  'failed',
  'cancelled',
] as const;
export type TrainingState = (typeof trainingStates)[number];

export interface TrainingResult {
  readonly run: string;
  readonly state: 'succeeded' | 'failed' | 'cancelled';
  /** sha256 over the artefact's manifest: the model's revision wherever it is used. */
  readonly artefact: string;
  readonly steps: number;
  readonly attempts: number;
  /** Training loss of the last logged step. */
  readonly finalLoss: number | null;
  readonly trainSeconds: number;
}
