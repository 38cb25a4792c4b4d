/** The simulated model as a function: request in, text out; by role of the model's name. */
import { createHash } from 'node:crypto';
import { isModelName } from './ability.ts';
import type { AnswerKey } from './answer-key.ts';
import { badRefiners } from './bad-refiners.ts';
import { createDraws } from './draws.ts';
import { driverReply, type Prompt } from './driver.ts';
import { judgeReply } from './judge.ts';
import { refinerReply } from './refiner.ts';
import { type Role, skillTable } from './skill-table.ts';

const replyOf: Readonly<Record<Role, (prompt: Prompt) => string>> = {
  driver: driverReply,
  refiner: (prompt) => refinerReply(prompt),
  judge: judgeReply,
};

export interface ReplyOptions {
  readonly model: string;
  /** All messages, joined. */
  readonly prompt: string;
  /** The request's `seed`. */
  readonly seed: number;
  readonly simulatorSeed: number;
  readonly key: AnswerKey;
}

/** Undefined for a model that is not simulated here. */
export function simulateReply(options: ReplyOptions): string | undefined {
  const manner = badRefiners[options.model];
  const model = manner ? 'sim-refiner' : options.model;
  if (!isModelName(model)) return undefined;
  const prompt: Prompt = {
    model,
    text: options.prompt,
    query: options.key.find(options.prompt),
    simulatorSeed: options.simulatorSeed,
    draws: createDraws(`${options.simulatorSeed}/${options.model}/${options.seed}/${options.prompt}`),
  };
  return manner ? refinerReply(prompt, manner) : replyOf[skillTable.models[model].role](prompt);
}

/** Identity of the simulated weights: its seed and every number of the table. */
export function simulatedRevision(simulatorSeed: number): string {
  const digest = createHash('sha256')
    .update(JSON.stringify([simulatorSeed, skillTable]))
    .digest('hex');
  return `simulated-${digest.slice(0, 12)}`;
}

/** Every model that answers here. */
export const simulatedModelNames: readonly string[] = [
  ...Object.keys(skillTable.models),
  ...Object.keys(badRefiners),
];
