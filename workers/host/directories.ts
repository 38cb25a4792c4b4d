/**
 * Where the embedded stack keeps files. What another uid must read or own lies outside home directories when we are root
 * (a root home is 0700): state under /var/lib/masgpt, caches under /var/cache/masgpt.
 */
import { createHash } from 'node:crypto';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';

export const isRoot = process.getuid?.() === 0;

/** State of one home that other uids must reach. */
export function sharedStateDirectory(home: string): string {
  const path = resolve(home);
  if (!isRoot) return path;
  return join('/var/lib/masgpt', createHash('sha256').update(path).digest('hex').slice(0, 12));
}

/** Downloads, builds and Python environments: MASGPT_CACHE, else the system's or the user's cache. */
export function cacheDirectory(env: NodeJS.ProcessEnv = process.env): string {
  if (env['MASGPT_CACHE']) return resolve(env['MASGPT_CACHE']);
  if (isRoot) return '/var/cache/masgpt';
  return join(env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'masgpt');
}
