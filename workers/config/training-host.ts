/** This host's name among those that train: one function, as queues, attempts, locks and commands must agree on it. */
import { hostname } from 'node:os';
import type { Config } from './schema.ts';

export function trainingHost({ training }: Pick<Config, 'training'>): string {
  return training.host ?? hostname();
}
