/** The formula of skill-table.ts, and the two latent facts it needs of a query: its domain and its difficulty. */
import type { Query } from '../../../workflows/shared/query.ts';
import { createDraws, normal } from './draws.ts';
import { type Domain, type Kind, type ModelName, skillTable } from './skill-table.ts';

export function isModelName(name: string): name is ModelName {
  return Object.hasOwn(skillTable.models, name);
}

export function domainOf(query: Query): Domain {
  switch (query.gold.kind) {
    case 'number':
      return query.gold.unit !== undefined || query.gold.relativeTolerance !== undefined
        ? 'science'
        : 'arithmetic';
    case 'latex':
      return 'math';
    case 'choice':
      return 'choice';
    case 'code':
      return 'code';
    case 'text':
    case 'none':
      return 'knowledge';
  }
}

export function difficultyOf(query: Query, simulatorSeed: number): number {
  return skillTable.difficultyDeviation * normal(createDraws(`${simulatorSeed}/${query.id}`), 'difficulty');
}

/** P(right) of one driver call. */
export function probabilityRight(model: ModelName, kind: Kind, query: Query, simulatorSeed: number): number {
  const domain = domainOf(query);
  const exceptions: Partial<Record<Domain, Partial<Record<Kind, number>>>> = skillTable.exceptions;
  const gain = exceptions[domain]?.[kind] ?? skillTable.gain[kind];
  return logistic(skillTable.models[model].skill[domain] + gain - difficultyOf(query, simulatorSeed));
}

function logistic(x: number): number {
  return 1 / (1 + Math.exp(-x));
}
