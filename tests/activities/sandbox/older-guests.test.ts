/** Guests of other releases: only what their name stands for, inside this release's walls, and not for ever. */
import { mkdtempSync, rmSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { identifyGuest } from '../../../activities/sandbox/guest-manifest.ts';
import { createOlderGuests } from '../../../activities/sandbox/older-guests.ts';
import { openSandbox, prepareSandbox } from '../../../activities/sandbox/open-sandbox.ts';
import { createDirectoryBlobs } from '../../../activities/storage/blobs-directory.ts';
import { canonicalJson } from '../../../activities/storage/canonical-json.ts';
import { type Edit, olderGuest, otherDraws } from '../../support/older-guest.ts';
import { programOf, runProgram, sandboxDirectory } from '../../support/sandbox.ts';

const directory = mkdtempSync(join(tmpdir(), 'masgpt-test-blobs-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));
const blobs = createDirectoryBlobs(directory);
const notes: string[] = [];
const log = (note: string): void => void notes.push(note);
const options = { memoryMb: 512, programs: 2, stateDirectory: sandboxDirectory, log };
const sandbox = await openSandbox({ ...options, level: 'auto', blobs });
afterAll(() => sandbox[Symbol.asyncDispose]());

const draw = programOf('return str(random.random())');
const attack = (
  await readFile(new URL('../../../activities/sandbox/self-test/break_out.py', import.meta.url))
).toString();

async function answerWith(guest: string, source = draw, query = 'q'): Promise<string> {
  const { outcome } = await runProgram(sandbox, source, { guest, query });
  return outcome.status === 'answered' ? outcome.answer : `${outcome.kind}: ${outcome.message}`;
}
const own = await answerWith(sandbox.guest);

/** It tells the host that every program has ended, whatever it did. */
const selfless: Edit = [
  'runner.py',
  "return {'t': 'done', 'answer': answer,",
  "return {'t': 'done', 'answer': '[\"lie\"]',",
];

describe('a guest from the store', () => {
  it('runs programs as its release did', async () => {
    const { sha256 } = await olderGuest(blobs);
    const answer = await answerWith(sha256);
    expect(answer).toMatch(/^0\.\d+$/);
    expect(answer).not.toBe(own);
    expect(await answerWith(sha256)).toBe(answer);
    const { manifest } = await olderGuest(blobs);
    expect(await blobs.getText(sha256)).toBe(manifest);
  });

  it('is this one, when it has the name of this one', async () => {
    expect(await blobs.has(sandbox.guest)).toBe(true);
    expect(notes.filter((note) => note.includes(sandbox.guest.slice(0, 12)))).toEqual([]);
  });

  it('is as confined as this one', async () => {
    const { sha256 } = await olderGuest(blobs);
    const canary = join(directory, 'canary');
    await writeFile(canary, 'text', { mode: 0o666 });
    const query = JSON.stringify({ canary, port: 1, pid: process.pid });
    expect(await answerWith(sha256, attack, query)).toBe(await answerWith(sandbox.guest, attack, query));
    expect(await answerWith(sha256, attack, query)).toBe('[]');
    expect(await readFile(canary, 'utf8')).toBe('text');
  });
});

/** Stored under an address of its own, as whoever may write rows and blobs could do. */
async function stored(change: (manifest: Record<string, unknown>) => unknown): Promise<string> {
  const { manifest } = await olderGuest(blobs);
  return await blobs.put(canonicalJson(change(JSON.parse(manifest) as Record<string, unknown>)));
}

async function withFile(name: string): Promise<string> {
  const sha256 = await blobs.put('def confine(to): pass\n');
  return await stored((manifest) => ({
    ...manifest,
    files: [...(manifest['files'] as object[]), { name, sha256 }],
  }));
}

describe('this guest is taken in place of one', () => {
  it.each<[string, () => Promise<string>, RegExp]>([
    ['that is not in the store', async () => 'ab'.repeat(32), /not in this store/],
    ['whose name is no address', async () => '../../etc/passwd', /not in this store/],
    [
      'of another interpreter',
      () => stored((manifest) => ({ ...manifest, interpreter: { build: '3.99', sha256: '0'.repeat(64) } })),
      /interpreter is not the one/,
    ],
    ['that brings walls of its own', () => withFile('confine.py'), /another form/],
    ['that reads programs its own way', () => withFile('reading/graph.py'), /another form/],
    ['with a file outside its directory', () => withFile('../x.py'), /another form/],
    ['whose manifest is none', () => blobs.put('no JSON'), /another form/],
    [
      'that does not start',
      async () =>
        (await olderGuest(blobs, ['child.py', 'def prepare() -> None:', 'def prepares() -> None:'])).sha256,
      /did not start/,
    ],
    [
      'that fails the self-test',
      async () => (await olderGuest(blobs, selfless)).sha256,
      /a program could lie/,
    ],
  ])('%s', async (_, name, reason) => {
    const guest = await name();
    notes.length = 0;
    expect(await answerWith(guest)).toBe(own);
    expect(notes.join('\n')).toMatch(reason);
    // Asked for again, it is neither started nor told of again.
    expect(await answerWith(guest)).toBe(own);
    expect(notes).toHaveLength(1);
  });

  it('whose files no longer match their addresses', async () => {
    const edit: Edit = [otherDraws[0], otherDraws[1], "f'tampered/{_seed}/{line.path}'"];
    const { sha256, library } = await olderGuest(blobs, edit);
    const seeding = await blobs.put(library.find(({ name }) => name === 'seeding.py')?.content ?? '');
    await writeFile(join(directory, seeding.slice(0, 2), seeding.slice(2, 4), seeding), 'import os\n');
    notes.length = 0;
    expect(await answerWith(sha256)).toBe(own);
    expect(notes.join('\n')).toMatch(/no longer matches its address/);
  });
});

it('is closed when nobody has used it for a while, and started again when asked for', async () => {
  const parts = await prepareSandbox(options);
  const pids = new Set<number>();
  const alive: (() => boolean)[] = [];
  const guests = createOlderGuests({
    ...parts,
    blobs,
    level: sandbox.level,
    present: await identifyGuest(parts.guest.library, parts.python),
    log,
    idleMs: 100,
    async start(level, directory) {
      const zygote = await parts.start(level, directory);
      pids.add(zygote.pid);
      alive.push(() => zygote.alive);
      return zygote;
    },
  });
  const { sha256 } = await olderGuest(blobs);
  const taken = await Promise.all([guests.take(sha256), guests.take(sha256)]);
  expect(pids.size).toBe(1);
  taken[0]?.done();
  taken[0]?.done();
  await new Promise((resolve) => setTimeout(resolve, 300));
  expect(alive.map((is) => is())).toEqual([true]);
  taken[1]?.done();
  await expect.poll(() => alive.map((is) => is())).toEqual([false]);
  expect(await guests.take(sha256)).not.toBeNull();
  expect(pids.size).toBe(2);
  await guests.close();
  expect(alive.map((is) => is())).toEqual([false, false]);
});
