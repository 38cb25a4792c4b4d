/** The labelled corpus: class, reaction and evidence of each case, through the same reader, fold and rules as a watch. */
import { describe, expect, it } from 'vitest';
import { classify } from '../../../../activities/training/classify.ts';
import { type AttemptOutcome, failureClasses } from '../../../../workflows/training/contract.ts';
import { react, recordFailure } from '../../../../workflows/training/reaction.ts';
import { endings } from './endings.ts';
import { errors } from './errors.ts';
import { hardware } from './hardware.ts';
import { nearMisses } from './near-misses.ts';
import { observationOf } from './observe.ts';
import { ranks } from './ranks.ts';

const corpus = [...endings, ...errors, ...hardware, ...nearMisses, ...ranks];

describe.each(corpus)('$name', (given) => {
  const found = classify(observationOf(given));

  it(`is ${given.class}`, () => {
    expect(found.class, found.evidence).toBe(given.class);
    expect(found.cause).toMatch(new RegExp(`^${given.class}/.`));
    if (given.cause !== undefined) expect(found.cause).toBe(given.cause);
    if (given.firstBadStep !== undefined) expect(found.firstBadStep).toBe(given.firstBadStep);
    if (given.rank !== undefined) expect(found.rank).toBe(given.rank);
  });

  it(`is answered by ${given.reaction}`, () => {
    const outcome: AttemptOutcome = { ...found, checkpoints: given.checkpoints ?? [] };
    expect(react(outcome, recordFailure([], outcome)).do).toBe(given.reaction);
  });

  it('has evidence for people, on one line', () => {
    expect(found.evidence).toContain(given.evidence);
    expect(found.evidence.length).toBeLessThanOrEqual(600);
    expect(['\n', '\r', '\u001B'].some((control) => found.evidence.includes(control))).toBe(false);
  });
});

it('has 60 cases and more, and each class', () => {
  expect(corpus.length).toBeGreaterThanOrEqual(60);
  expect(new Set(corpus.map((given) => given.class))).toEqual(new Set(failureClasses));
  expect(new Set(corpus.map(({ name }) => name)).size).toBe(corpus.length);
});
