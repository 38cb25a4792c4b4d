/** How far a trainer started from here would get away from this process (shim/scope.py tries, and leaves nothing behind). */
import { fileURLToPath } from 'node:url';
import { x } from 'tinyexec';
import { z } from 'zod';
import type { AttemptScope } from '../launcher.ts';
import { scopeSchema } from './records.ts';

const script = fileURLToPath(new URL('../shim/scope.py', import.meta.url));

const probeSchema = scopeSchema.extend({ tried: z.array(z.string()) });

/** `tried` = why the kinds before it did not work. */
export async function probeScope(
  python: string,
): Promise<AttemptScope & { readonly tried: readonly string[] }> {
  const { stdout } = await x(python, [script, 'probe'], { throwOnError: true, timeout: 30_000 });
  return probeSchema.parse(JSON.parse(stdout));
}
