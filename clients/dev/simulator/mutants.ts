/**
 * Wrong code for a query with a reference solution: the reference with a slip that is sure to fail a test. The modal
 * mutant slips on one test's input only (an edge case that few tests meet), the others on every input.
 */
import type { Query } from '../../../workflows/shared/query.ts';
import type { Draws } from './draws.ts';

/** The right code, or undefined when upstream had none. */
export function referenceOf(query: Query): string | undefined {
  return query.gold.kind === 'code' ? query.gold.reference : undefined;
}

export function mutantsOf(query: Query, draws: Draws): string[] {
  if (query.gold.kind !== 'code') return [];
  const { entryPoint, tests, reference } = query.gold;
  if (reference === undefined) return [`def ${entryPoint}(*args):\n    return None`];
  const everywhere = [
    slipped(reference, entryPoint, undefined, 'off by one'),
    slipped(reference, entryPoint, undefined, 'misread the task'),
  ];
  const inputs = tests.flatMap((test) => callArguments(test));
  if (inputs.length === 0) return everywhere;
  return [slipped(reference, entryPoint, draws.pick('edge', inputs), 'edge case missed'), ...everywhere];
}

/** `assert f(ARGS) == …` or `assert candidate(ARGS) == …`: the source of ARGS, where it is closed on its line. */
function callArguments(test: string): string[] {
  const found: string[] = [];
  for (const match of test.matchAll(/^\s*assert\s+(?:candidate|[a-z_]\w*)\(/gm)) {
    const start = match.index + match[0].length;
    const end = closingParenthesis(test, start);
    const after = end < 0 ? '' : test.slice(end + 1, end + 5);
    if (end > start && after.startsWith(' == ')) found.push(test.slice(start, end));
  }
  return found;
}

function closingParenthesis(text: string, from: number): number {
  let depth = 1;
  let quote = '';
  for (let at = from; at < text.length; at++) {
    const character = text[at] ?? '';
    if (character === '\n') return -1;
    if (quote !== '') {
      if (character === '\\') at++;
      else if (character === quote) quote = '';
    } else if (character === '"' || character === "'") quote = character;
    else if ('([{'.includes(character)) depth++;
    else if (')]}'.includes(character) && --depth === 0) return at;
  }
  return -1;
}

/** Corrupts the outermost result only, so that a recursive reference cannot undo the slip by meeting it twice. */
function slipped(reference: string, entryPoint: string, input: string | undefined, comment: string): string {
  const when = input === undefined ? 'True' : `repr(args) == repr((${input},))`;
  return `${reference.trimEnd()}


def _hasty(solve, depth=[0]):
    def answer(*args):
        slips = ${when}  # ${comment}
        depth[0] += 1
        try:
            value = solve(*args)
        finally:
            depth[0] -= 1
        if depth[0] or not slips:
            return value
        if isinstance(value, bool):
            return not value
        if isinstance(value, (int, float, complex)):
            return value + 1
        if isinstance(value, str):
            return value + '?'
        if isinstance(value, (list, tuple)):
            return value[1:] if value else type(value)([0])
        return 0 if value is None else None
    return answer


${entryPoint} = _hasty(${entryPoint})`;
}
