/**
 * Reads `manifest.json` and `provenance.jsonl` of a dataset that may come from anywhere: capped, parsed line by line, and checked
 * against the manifest's digest. Foreign files are read by a process of its own (clients/cli/dataset-files-process.ts).
 */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { type Manifest, manifestSchema } from '../export/manifest.ts';
import { type Provenance, provenanceSchema } from '../export/provenance.ts';

export const datasetCaps = {
  manifestBytes: 4 * 1024 ** 2,
  provenanceBytes: 1024 ** 3,
  lineBytes: 64 * 1024,
  rows: 1_000_000,
} as const;

export interface DatasetReader {
  manifest(manifest: Manifest): Promise<void>;
  row(row: Provenance): Promise<void>;
}

/** `path`: the directory, or the manifest in it. Throws an Error that says what is wrong with which file. */
export async function readDatasetFiles(path: string, reader: DatasetReader): Promise<void> {
  const directory = basename(path) === 'manifest.json' ? dirname(path) : path;
  const manifest = await readManifest(join(directory, 'manifest.json'));
  await reader.manifest(manifest);
  const file = join(directory, 'provenance.jsonl');
  await sizeOf(file, datasetCaps.provenanceBytes);
  const hash = createHash('sha256');
  let [number, rest] = [0, Buffer.alloc(0)];
  const take = async (line: Buffer): Promise<void> => {
    number += 1;
    if (line.length === 0) return;
    if (number > datasetCaps.rows) throw new Error(`${file}: it has more than ${datasetCaps.rows} rows`);
    await reader.row(parseLine(line, `${file}:${number}`));
  };
  for await (const chunk of createReadStream(file) as AsyncIterable<Buffer>) {
    hash.update(chunk);
    let from = 0;
    for (let end = chunk.indexOf(10); end >= 0; end = chunk.indexOf(10, from)) {
      await take(Buffer.concat([rest, chunk.subarray(from, end)]));
      rest = Buffer.alloc(0);
      from = end + 1;
    }
    rest = Buffer.concat([rest, chunk.subarray(from)]);
    if (rest.length > datasetCaps.lineBytes)
      throw new Error(`${file}:${number + 1}: the line has more than ${datasetCaps.lineBytes} bytes`);
  }
  if (rest.length > 0) await take(rest);
  if (manifest.files['provenance.jsonl']?.sha256 !== hash.digest('hex'))
    throw new Error(`${file}: it is not the file that the manifest beside it names (another sha256)`);
}

async function readManifest(file: string): Promise<Manifest> {
  await sizeOf(file, datasetCaps.manifestBytes);
  const parsed = manifestSchema.safeParse(parseJson(await readFile(file), file));
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const where = issue?.path.map(String).join('.').slice(0, 100);
  throw new Error(`${file}: it is no manifest of this product's datasets (${where}: ${issue?.message})`);
}

async function sizeOf(file: string, most: number): Promise<void> {
  const found = await stat(file).catch(() => undefined);
  if (!found?.isFile()) throw new Error(`${file}: there is no such file`);
  if (found.size > most) throw new Error(`${file}: it has ${found.size} bytes, the limit is ${most}`);
}

function parseLine(line: Buffer, where: string): Provenance {
  if (line.length > datasetCaps.lineBytes)
    throw new Error(`${where}: the line has more than ${datasetCaps.lineBytes} bytes`);
  const parsed = provenanceSchema.safeParse(parseJson(line, where));
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new Error(
    `${where}: it is no row of provenance (${issue?.path.map(String).join('.')}: ${issue?.message})`,
  );
}

function parseJson(bytes: Buffer, where: string): unknown {
  try {
    return JSON.parse(bytes.toString()) as unknown;
  } catch {
    throw new Error(`${where}: it is not JSON`);
  }
}
