/** Replies to a prompt that asks which agents should work on a query: a JSON list of roles under the key it names. */
import type { Query } from '../../../workflows/shared/query.ts';
import { domainOf } from './ability.ts';
import type { Domain } from './skill-table.ts';

const experts: Readonly<Record<Domain, readonly string[]>> = {
  arithmetic: ['a teacher of arithmetic', 'a bookkeeper', 'a puzzle solver'],
  science: ['a physicist', 'a chemist', 'an engineer who minds units'],
  math: ['an algebraist', 'a geometer', 'a mathematics teacher'],
  choice: ['an examiner', 'a quiz champion', 'an encyclopaedist'],
  code: ['a software engineer', 'a tester', 'a code reviewer'],
  knowledge: ['a librarian', 'a historian', 'a fact checker'],
};

export function recruit(query: Query, keys: readonly string[]): string {
  const key = keys.find((name) => /experts|roles|agents/i.test(name)) ?? 'experts';
  return JSON.stringify({ [key]: experts[domainOf(query)] });
}
