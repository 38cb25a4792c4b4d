/**
 * Finds queries whose tests Python cannot compile: no program could ever solve them. The tests are only parsed, in the sandbox; an
 * import asks for this, since nothing that parses Python runs in the importing process.
 */
import type { Query } from '../../workflows/shared/query.ts';
import type { Sandbox } from '../sandbox/sandbox.ts';

export interface BrokenTests {
  readonly id: string;
  /** What Python says, with the line within the tests. */
  readonly reason: string;
}

/** Queries without tests need no sandbox: `open` is not called for them alone. Throws `Sandbox.*` when it cannot work. */
export async function findBrokenTests(
  queries: readonly Query[],
  open: () => Promise<Pick<Sandbox, 'check'>>,
): Promise<readonly BrokenTests[]> {
  const broken: BrokenTests[] = [];
  for (const { id, gold } of queries) {
    if (gold.kind !== 'code') continue;
    const sandbox = await open();
    for (const source of sourcesOf(gold)) {
      const check = await sandbox.check(source);
      // "shape": it compiles, and is no program with a `forward`, which tests need not be.
      if (check.ok || check.kind !== 'syntax') continue;
      broken.push({ id, reason: `its tests do not compile: ${check.message}` });
      break;
    }
  }
  return broken;
}

/** All at once; the prelude of HumanEval is the stub of a function, which only the answer makes whole. */
function sourcesOf({ form, prelude, tests }: Extract<Query['gold'], { kind: 'code' }>): readonly string[] {
  const source = tests.join('\n');
  return [form === 'asserts' && prelude !== '' ? `${prelude}\n${source}` : source];
}
