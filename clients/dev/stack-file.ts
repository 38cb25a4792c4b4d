/**
 * `stack.json` in the home: who runs this home's stack and where its parts are. Mode 0600: it holds the database's
 * password and the simulator's token. Creating the file is the claim; the owner's pid with its start time tells a stale one.
 */
import { open, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { isAlive, markOf, type ProcessMark } from '../../workers/host/process-mark.ts';
import { makeDirectory } from '../make-directory.ts';

const markSchema = z.object({ pid: z.number().int().positive(), startedAt: z.string() });

const partsSchema = z.object({
  temporal: z.object({ address: z.string(), namespace: z.string(), uiUrl: z.string().optional() }),
  databaseUrl: z.string(),
  simulator: z.object({ url: z.string(), token: z.string(), revision: z.string() }),
  storeId: z.string(),
});
export type StackParts = z.infer<typeof partsSchema>;

const stackFileSchema = z.object({
  version: z.literal(1),
  owner: markSchema,
  /** What the owner was started for: "dev", "evaluate". */
  purpose: z.string(),
  /** Children by name; recorded while they run, so that the next start can end what a killed owner left. */
  children: z.record(z.string(), markSchema),
  /** Absent while the stack starts. */
  parts: partsSchema.optional(),
});
export type StackFile = z.infer<typeof stackFileSchema>;

export async function readStackFile(home: string): Promise<StackFile | undefined> {
  const text = await readFile(pathOf(home), 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  try {
    return stackFileSchema.parse(JSON.parse(text));
  } catch {
    // Half-written by a crash or by another release: nobody can attach to it, so it counts as stale.
    return { version: 1, owner: { pid: 2 ** 22 + 1, startedAt: '' }, purpose: 'unreadable', children: {} };
  }
}

export function isStale(file: StackFile): boolean {
  return !isAlive(file.owner);
}

/** Undefined when another process holds the file. */
export async function claimStack(home: string, purpose: string): Promise<StackClaim | undefined> {
  await makeDirectory(home, 0o700);
  const owner = markOf(process.pid);
  if (!owner) throw new Error('this process cannot read its own start time from /proc or ps');
  let file: StackFile = { version: 1, owner, purpose, children: {} };
  const handle = await open(pathOf(home), 'wx', 0o600).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'EEXIST') return undefined;
    throw new Error(`cannot write ${pathOf(home)}: ${error.message}; choose another directory with --home`, {
      cause: error,
    });
  });
  if (!handle) return undefined;
  await handle.writeFile(JSON.stringify(file));
  await handle.close();
  let writes: Promise<void> = Promise.resolve();
  const save = (change: Partial<StackFile>): Promise<void> => {
    file = { ...file, ...change };
    writes = writes.then(() => replace(home, file));
    return writes;
  };
  return {
    setChild(name, pid) {
      const mark = markOf(pid);
      return save({ children: { ...file.children, ...(mark ? { [name]: mark } : {}) } });
    },
    setParts: (parts) => save({ parts }),
    async release() {
      await writes;
      await rm(pathOf(home), { force: true });
    },
  };
}

export interface StackClaim {
  setChild(name: string, pid: number): Promise<void>;
  setParts(parts: StackParts): Promise<void>;
  release(): Promise<void>;
}

export async function removeStale(home: string): Promise<void> {
  await rm(pathOf(home), { force: true });
}

export function childrenOf(file: StackFile): ProcessMark[] {
  return Object.values(file.children).filter(isAlive);
}

function pathOf(home: string): string {
  return join(home, 'stack.json');
}

async function replace(home: string, file: StackFile): Promise<void> {
  const next = `${pathOf(home)}.${process.pid}`;
  await writeFile(next, JSON.stringify(file, null, 2), { mode: 0o600 });
  await rename(next, pathOf(home));
}
