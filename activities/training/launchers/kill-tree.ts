/** Ends what a dead shim left of its attempt, by shim/tree.py: by mark and control group, then asks the claim's lock. */
import { fileURLToPath } from 'node:url';
import { x } from 'tinyexec';
import type { AttemptLayout } from '../layout.ts';
import { identitySchema, readRecord, specSchema } from './records.ts';

const treeScript = fileURLToPath(new URL('../shim/tree.py', import.meta.url));

/** Undefined when nothing is left, which is proof of death; else what is known of the rest. */
export async function killTree(
  python: string,
  layout: AttemptLayout,
  graceS: number,
): Promise<string | undefined> {
  const spec = await readRecord(layout.spec, specSchema);
  if (!spec) return undefined; // Nothing was ever started.
  const group = (await readRecord(layout.identity, identitySchema))?.scope.group ?? '';
  const result = await x(python, [treeScript, 'kill', spec.mark, String(graceS), group, layout.claim]);
  if (result.exitCode !== 0) return result.stderr.slice(-300);
  return result.stdout.trim() === '0' ? undefined : `${result.stdout.trim()} processes survive KILL`;
}

/** Whether the shim or its trainer lives, wherever on this kernel: also in a container whose processes are out of sight. */
export async function isClaimed(python: string, layout: AttemptLayout): Promise<boolean> {
  const result = await x(python, [treeScript, 'held', layout.claim], { throwOnError: true });
  return result.stdout.trim() !== '0';
}
