/**
 * Whether a GGUF file may be given to the trainer: the header's claims are read one by one and checked against the file
 * before anything is allocated for them. Nothing of it is executed. Format, version 2 and 3 (little-endian):
 * https://github.com/ggml-org/ggml/blob/master/docs/gguf.md
 */
import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { ByteReader, OutOfBounds } from './byte-reader.ts';
import { tensorBytes } from './ggml-types.ts';

export interface GgufSummary {
  readonly architecture: string;
  readonly tensors: number;
  /** Tokens of its tokenizer; 0 = it has none. */
  readonly tokens: number;
  readonly hasChatTemplate: boolean;
}

const maxHeaderBytes = 256 * 1024 * 1024;
const maxTensors = 100_000;
const maxEntries = 10_000;
const maxItems = 4_000_000;
const maxKeyBytes = 65_535;
const maxTextBytes = 1024 * 1024;
const maxDimensions = 4;

const typeText = 8;
const typeArray = 9;
/** uint8, int8, uint16, int16, uint32, int32, float32, bool, text, array, uint64, int64, float64. */
const valueBytes = [1, 1, 2, 2, 4, 4, 4, 1, 0, 0, 8, 8, 8] as const;

/** The summary, or what is wrong with the file. Throws on I/O errors (ENOENT, ELOOP for a link). */
export async function readGguf(path: string): Promise<GgufSummary | string> {
  const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    const stat = await file.stat();
    if (!stat.isFile()) return 'it is not a file';
    const reader = new ByteReader(file, Math.min(stat.size, maxHeaderBytes));
    return await readHeader(reader, stat.size);
  } catch (error) {
    if (error instanceof OutOfBounds) return 'its header goes beyond the file, or beyond 256 MiB';
    if (error instanceof Unfit) return error.message;
    throw error;
  } finally {
    await file.close();
  }
}

class Unfit extends Error {}

async function readHeader(reader: ByteReader, fileBytes: number): Promise<GgufSummary> {
  if ((await reader.take(4)).toString('latin1') !== 'GGUF') throw new Unfit('it is not a GGUF file');
  const version = await reader.uint32();
  if (version !== 2 && version !== 3) throw new Unfit(`its version ${version} is not known (2 and 3 are)`);
  const tensors = await counted(reader, maxTensors, 'tensors');
  const entries = await counted(reader, maxEntries, 'entries');
  const seen: Seen = { architecture: '', tokens: 0, hasChatTemplate: false, alignment: 32, keys: new Set() };
  for (let index = 0; index < entries; index += 1) await readEntry(reader, seen);
  const extents: Extent[] = [];
  for (let index = 0; index < tensors; index += 1) extents.push(await readTensor(reader, index));
  const data = Math.ceil(reader.offset / seen.alignment) * seen.alignment;
  for (const { name, offset, bytes } of extents) {
    if (offset % seen.alignment !== 0) throw new Unfit(`tensor ${name} is not aligned`);
    if (data + offset + bytes > fileBytes) throw new Unfit(`tensor ${name} goes beyond the file`);
  }
  const { architecture, tokens, hasChatTemplate } = seen;
  return { architecture, tensors, tokens, hasChatTemplate };
}

interface Seen {
  architecture: string;
  tokens: number;
  hasChatTemplate: boolean;
  alignment: number;
  readonly keys: Set<string>;
}

async function readEntry(reader: ByteReader, seen: Seen): Promise<void> {
  const key = await text(reader, maxKeyBytes);
  if (seen.keys.has(key)) throw new Unfit(`${shown(key)} stands twice`);
  seen.keys.add(key);
  const type = await reader.uint32();
  if (type === typeArray) {
    const items = await skipArray(reader);
    if (key === 'tokenizer.ggml.tokens') seen.tokens = items;
    return;
  }
  if (type === typeText) {
    const value = await text(reader, maxTextBytes);
    if (key === 'general.architecture') seen.architecture = value;
    if (key === 'tokenizer.chat_template') seen.hasChatTemplate = value.trim() !== '';
    return;
  }
  const value = await reader.take(bytesOf(type, key));
  if (key !== 'general.alignment') return;
  seen.alignment = type === 4 ? value.readUInt32LE() : 0;
  if (seen.alignment < 8 || seen.alignment > 65_536 || seen.alignment % 8 !== 0)
    throw new Unfit('its alignment is not a multiple of 8');
}

/** Arrays of arrays are in no model that is known. */
async function skipArray(reader: ByteReader): Promise<number> {
  const type = await reader.uint32();
  const items = await counted(reader, maxItems, 'items of one list');
  if (type === typeText) {
    for (let index = 0; index < items; index += 1) await text(reader, maxTextBytes);
  } else {
    await reader.skip(items * bytesOf(type, 'a list'));
  }
  return items;
}

interface Extent {
  readonly name: string;
  readonly offset: number;
  readonly bytes: number;
}

async function readTensor(reader: ByteReader, index: number): Promise<Extent> {
  const name = shown(await text(reader, maxKeyBytes)) || `number ${index}`;
  const dimensions = await reader.uint32();
  if (dimensions < 1 || dimensions > maxDimensions)
    throw new Unfit(`tensor ${name} has ${dimensions} dimensions`);
  const shape: number[] = [];
  for (let axis = 0; axis < dimensions; axis += 1)
    shape.push(await counted(reader, Number.MAX_SAFE_INTEGER, `elements of tensor ${name}`));
  const type = await reader.uint32();
  const bytes = tensorBytes(type, shape);
  if (bytes === undefined) throw new Unfit(`tensor ${name} has a type or shape that is not known (${type})`);
  return { name, bytes, offset: await counted(reader, Number.MAX_SAFE_INTEGER, `offset of ${name}`) };
}

async function counted(reader: ByteReader, most: number, what: string): Promise<number> {
  const value = await reader.uint64();
  if (value > BigInt(most)) throw new Unfit(`it claims ${value} ${what}`);
  return Number(value);
}

async function text(reader: ByteReader, most: number): Promise<string> {
  return (await reader.take(await counted(reader, most, 'bytes of one text'))).toString('utf8');
}

function bytesOf(type: number, where: string): number {
  const bytes = valueBytes[type];
  if (!bytes) throw new Unfit(`${shown(where)} has type ${type}`);
  return bytes;
}

function shown(name: string): string {
  return name.replaceAll(/[^\w.-]+/g, '?').slice(0, 60);
}
