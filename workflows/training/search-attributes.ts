/**
 * Search attributes by which operators list runs: MasgptState = "needsOperator" are those that wait for a person. Only those that
 * the server knew when the run was resolved are set, for an unknown one fails the workflow's tasks for ever.
 */
import { defineSearchAttributeKey } from '@temporalio/common';
import { upsertSearchAttributes } from '@temporalio/workflow';

const keys = {
  state: defineSearchAttributeKey('MasgptState', 'KEYWORD'),
  cause: defineSearchAttributeKey('MasgptCause', 'KEYWORD'),
  recipe: defineSearchAttributeKey('MasgptRecipe', 'KEYWORD'),
  step: defineSearchAttributeKey('MasgptStep', 'INT'),
};

export interface Searched {
  readonly state: string;
  /** Of a run that waits or recovers: the cause key; empty for none. */
  readonly cause: string;
  readonly step: number;
}

const stepEveryMs = 60_000;

/** The step alone is written at most once a minute. */
export function createSearchAttributes(
  registered: readonly string[],
  recipe: string,
): (now: Searched) => void {
  const known = Object.values(keys).some(({ name }) => registered.includes(name));
  let last: Searched & { readonly atMs: number } = { state: '', cause: '', step: -1, atMs: -Infinity };
  let told = false;
  return ({ state, cause, step }) => {
    const atMs = Date.now();
    const isNew = state !== last.state || cause !== last.cause;
    if (!known || (!isNew && (step === last.step || atMs - last.atMs < stepEveryMs))) return;
    last = { state, cause, step, atMs };
    const pairs = [
      { key: keys.state, value: state },
      // A value of its own for "none": an unset attribute cannot be told from one of an older release.
      { key: keys.cause, value: cause === '' ? 'none' : cause.slice(0, maxKeyword) },
      { key: keys.step, value: step },
      ...(told ? [] : [{ key: keys.recipe, value: recipe }]),
    ];
    told = true;
    upsertSearchAttributes(pairs.filter(({ key }) => registered.includes(key.name)));
  };
}

const maxKeyword = 200;
