/**
 * Downloads one file of a dataset at one commit. What arrived lies in `FILE.part` and is gone on with (Range, If-Range); the file gets
 * its name only when its size and digest are those that the hub lists.
 */
import { createHash, type Hash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, open, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { maxFileBytes } from '../../../activities/benchmarks/importers/foreign-file.ts';
import { CommandFailed } from '../errors.ts';
import { type Hub, persistently, request } from './hub-http.ts';
import type { HubFile } from './list-dataset.ts';

export interface Download {
  readonly dataset: string;
  readonly commit: string;
  readonly file: HubFile;
  /** Where it shall lie. */
  readonly target: string;
}

/** Throws `CommandFailed` when the file cannot be had, is too big, or is not what the hub lists. */
export async function download(hub: Hub, wanted: Download): Promise<void> {
  const { dataset, commit, file, target } = wanted;
  const what = `hf:${dataset}@${commit.slice(0, 12)}:${file.path}`;
  if ((file.bytes ?? 0) > maxFileBytes)
    throw new CommandFailed(`${what} has ${file.bytes} bytes; at most ${maxFileBytes} are read`);
  if (await isWhole(target, file)) return;
  await mkdir(dirname(target), { recursive: true });
  const part = `${target}.part`;
  await persistently(hub, what, () => fetchRest(hub, wanted, part, what));
  if (!(await isAsListed(part, file))) {
    await forget(part);
    throw new CommandFailed(
      `${what}: what arrived is not the file that the hub lists (${listed(file)}): refused`,
    );
  }
  await rename(part, target);
  await rm(`${part}.etag`, { force: true });
}

/** A file that the hub lists without a digest is downloaded anew each time. */
async function isWhole(target: string, file: HubFile): Promise<boolean> {
  return file.digest !== undefined && (await sizeOf(target)) > 0 && isAsListed(target, file);
}

async function fetchRest(hub: Hub, { dataset, commit, file }: Download, part: string, what: string) {
  const path = file.path.split('/').map(encodeURIComponent).join('/');
  const address = `${hub.endpoint}/datasets/${dataset}/resolve/${commit}/${path}`;
  const have = await sizeOf(part);
  if (have > 0 && have === file.bytes) return;
  const etag = await readFile(`${part}.etag`, 'utf8').catch(() => undefined);
  // Without a tag only the digest tells whether both halves are of one file.
  const goesOn = have > 0 && (etag !== undefined || file.digest !== undefined);
  const response = await request(hub, address, what, {
    ...(goesOn ? { range: `bytes=${have}-` } : {}),
    ...(goesOn && etag !== undefined ? { 'if-range': etag } : {}),
  });
  const at = response.status === 206 ? startOf(response) : 0;
  if (response.status === 416 || (response.status === 206 && at !== have)) {
    await response.body?.cancel();
    await forget(part);
    throw new Error('the hub cannot go on where the download stopped');
  }
  await keepTag(part, response);
  await append(part, at, response, what);
}

function startOf(response: Response): number {
  return Number(/^bytes (\d+)-/.exec(response.headers.get('content-range') ?? '')?.[1] ?? -1);
}

/** A weak tag does not tell bytes apart. */
async function keepTag(part: string, response: Response): Promise<void> {
  const etag = response.headers.get('etag');
  if (etag?.startsWith('"')) await writeFile(`${part}.etag`, etag);
  else await rm(`${part}.etag`, { force: true });
}

async function append(part: string, at: number, response: Response, what: string): Promise<void> {
  const handle = await open(part, at > 0 ? 'r+' : 'w', 0o600);
  try {
    let bytes = at;
    for await (const chunk of response.body ?? []) {
      if (bytes + chunk.byteLength > maxFileBytes) {
        await handle.truncate(0);
        throw new CommandFailed(`${what} has more than ${maxFileBytes} bytes`);
      }
      await handle.write(chunk, 0, chunk.byteLength, bytes);
      bytes += chunk.byteLength;
    }
  } finally {
    await handle.close();
  }
}

async function isAsListed(path: string, { bytes, digest }: HubFile): Promise<boolean> {
  const size = await sizeOf(path);
  if (bytes !== undefined && size !== bytes) return false;
  if (!digest) return true;
  const hash: Hash =
    digest.kind === 'sha256' ? createHash('sha256') : createHash('sha1').update(`blob ${size}\0`);
  await pipeline(createReadStream(path), hash);
  return hash.digest('hex') === digest.hex;
}

function listed({ bytes, digest }: HubFile): string {
  return `${bytes ?? 'unknown'} bytes, ${digest ? `${digest.kind} ${digest.hex}` : 'no digest'}`;
}

async function sizeOf(path: string): Promise<number> {
  return (await stat(path).catch(() => undefined))?.size ?? 0;
}

async function forget(part: string): Promise<void> {
  await rm(part, { force: true });
  await rm(`${part}.etag`, { force: true });
}
