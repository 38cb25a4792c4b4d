/** Replies to the library's two JSON asks: `get_function_signature` and `get_test_cases`. */
import type { Query } from '../../../workflows/shared/query.ts';
import type { Draws } from './draws.ts';
import { skillTable } from './skill-table.ts';

export function writeSignature(query: Query): string {
  const reference = query.gold.kind === 'code' ? `${query.gold.prelude}\n${query.gold.reference ?? ''}` : '';
  const entryPoint = query.gold.kind === 'code' ? query.gold.entryPoint : 'solve';
  const header =
    new RegExp(`^def ${entryPoint}\\(.*$`, 'm').exec(reference)?.[0] ?? `def ${entryPoint}(value):`;
  return JSON.stringify(
    { think: 'The task names the function and what it takes.', function: header },
    null,
    2,
  );
}

/** A few of the query's own asserts, each right with `rightTestShare`, else with a spoilt expectation. */
export function writeTests(query: Query, draws: Draws): string {
  const asserts = query.gold.kind === 'code' ? singleAsserts(query.gold.tests, query.gold.entryPoint) : [];
  const chosen = asserts
    .map((test, index) => ({ test, order: draws.uniform(`test/${index}`) }))
    .toSorted((a, b) => a.order - b.order)
    .slice(0, 4)
    .map(({ test }, index) =>
      draws.uniform(`right/${index}`) < skillTable.rightTestShare ? test : spoilt(test),
    );
  return JSON.stringify(
    {
      think: 'Typical inputs first, then the edges.',
      basic: chosen.slice(0, 2),
      edge: chosen.slice(2, 3),
      'large scale': chosen.slice(3),
    },
    null,
    2,
  );
}

/** Tests of both forms as one-line asserts on the entry point. */
function singleAsserts(tests: readonly string[], entryPoint: string): string[] {
  return tests
    .join('\n')
    .split('\n')
    .map((line) => line.trim().replaceAll(/\bcandidate\b/g, entryPoint))
    .filter(
      (line) => line.startsWith('assert ') && line.includes(`${entryPoint}(`) && !/[\\,([{]$/.test(line),
    );
}

function spoilt(test: string): string {
  const comparison = test.lastIndexOf(' == ');
  return comparison < 0 ? test : `${test.slice(0, comparison)} == 'something else'`;
}
