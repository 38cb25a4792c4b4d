/** Datasets of a hub, against a server of this machine with the hub's URL layout: pinned, resumed, checked, and no token leaves. */
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { hashFile } from '../../../activities/benchmarks/importers/hash-file.ts';
import { importReportSchema } from '../../../activities/benchmarks/importers/import-report.ts';
import { createDirectoryBlobs } from '../../../activities/storage/blobs-directory.ts';
import { fetchDataset, type FetchedDataset, hubOf } from '../../../clients/cli/hub/fetch-dataset.ts';
import { type HubReference, parseHubReference } from '../../../clients/cli/hub/hub-reference.ts';
import { importBenchmarks } from '../../../clients/cli/import-benchmarks.ts';
import { configSchema } from '../../../workers/config/schema.ts';
import { type HubServer, startHubServer } from '../../support/hub-server.ts';

const train = `${JSON.stringify({ question: 'How many eggs?', answer: '#### 3' })}\n`;
const large = Buffer.from(
  Array.from(
    { length: 20_000 },
    (_, n) => `${JSON.stringify({ question: `How many, ${n}?`, answer: `#### ${n}` })}\n`,
  ).join(''),
);
let server: HubServer;
let home: string;
beforeEach(async () => {
  server = await startHubServer('owner/problems');
  home = await mkdtemp(join(tmpdir(), 'masgpt-hub-'));
});
afterEach(async () => {
  await server.close();
  await rm(home, { recursive: true, force: true });
});

async function fetchFiles(reference: string, env: Record<string, string> = {}): Promise<FetchedDataset> {
  const hub = hubOf(configSchema.parse({}), { HF_ENDPOINT: server.endpoint, ...env });
  return fetchDataset({ ...hub, pauseMs: 1 }, parseHubReference(reference), {
    home,
    split: 'train',
    note: () => undefined,
  });
}

/** So much of the file lies in its part. */
async function arrived(bytes: number): Promise<void> {
  const part = async (): Promise<number> => {
    const found = (await readdir(home, { recursive: true })).find((name) => name.endsWith('.part'));
    return found === undefined ? 0 : (await stat(join(home, found))).size;
  };
  while ((await part()) < bytes) await delay(5);
}

describe('references', () => {
  it.each<[string, HubReference]>([
    ['hf:owner/problems', { dataset: 'owner/problems', revision: 'main' }],
    ['hf:owner/problems@v1.0', { dataset: 'owner/problems', revision: 'v1.0' }],
    ['hf:owner/problems:main/train-*', { dataset: 'owner/problems', revision: 'main', path: 'main/train-*' }],
    ['hf:o/p@refs/pr/1:a.csv', { dataset: 'o/p', revision: 'refs/pr/1', path: 'a.csv' }],
  ])('%s', (text, reference) => {
    expect(parseHubReference(text)).toEqual(reference);
  });

  it.each(['hf:', 'hf:problems', 'hf:a/b/c', 'hf:../b', 'hf:a/b@', 'hf:a/b@../x', 'hf:a/b?x=1'])(
    'refuses %s',
    (text) => {
      expect(() => parseHubReference(text)).toThrow(/names no dataset/);
    },
  );
});

describe('choosing files', () => {
  it('takes the split, parquet before its sources, and names configurations that lie beside each other', async () => {
    server.commit({
      'README.md': 'text',
      'main/train-00000-of-00001.parquet': 'PAR1',
      'main/test-00000-of-00001.parquet': 'PAR1',
      'raw/train.jsonl': train,
    });
    const { files } = await fetchFiles('hf:owner/problems');
    expect(files.map(({ name }) => name)).toEqual(['main/train-00000-of-00001.parquet']);
    server.commit({ 'a/train.jsonl': train, 'b/train.jsonl': train });
    await expect(fetchFiles('hf:owner/problems')).rejects.toThrow(/several configurations: a\/, b\/.*:a\//);
    const both = await fetchFiles('hf:owner/problems:*/train*');
    expect(both.files.map(({ name }) => name)).toEqual(['a/train.jsonl', 'b/train.jsonl']);
    const one = await fetchFiles('hf:owner/problems:b');
    expect(one.files.map(({ name }) => name)).toEqual(['b/train.jsonl']);
    await expect(fetchFiles('hf:owner/problems:c/train.jsonl')).rejects.toThrow(
      /there is no file c\/train\.jsonl; there are a\/train\.jsonl/,
    );
  });

  it('leaves out names that lead out of the dataset', async () => {
    server.commit({ '../../outside.jsonl': train, 'a//train.jsonl': train, 'train.jsonl': train });
    const { files } = await fetchFiles('hf:owner/problems:*');
    expect(files.map(({ name }) => name)).toEqual(['train.jsonl']);
  });
});

describe('downloads', () => {
  it('are pinned: a branch is resolved once, and a commit stays what it was', async () => {
    const first = server.commit({ 'train.jsonl': train });
    const second = server.commit({ 'train.jsonl': `${train}${train}` });
    const latest = await fetchFiles('hf:owner/problems');
    expect(latest.origin).toEqual({
      endpoint: server.endpoint,
      dataset: 'owner/problems',
      asked: 'main',
      revision: second,
    });
    const pinned = await fetchFiles(`hf:owner/problems@${first}`);
    expect(pinned.origin.revision).toBe(first);
    expect(await readFile(pinned.files[0]?.path ?? '', 'utf8')).toBe(train);
    expect(server.seen.filter(({ host }) => host === 'files').map(({ path }) => path)).toEqual([
      `/${second}/train.jsonl`,
      `/${first}/train.jsonl`,
    ]);
  });

  it('go on where they broke off, and are not repeated when they are whole', async () => {
    server.commit({ 'train.jsonl': large });
    server.faults.breaks = { after: 300_000, times: 2, arrived };
    const { files } = await fetchFiles('hf:owner/problems');
    expect(large.equals(await readFile(files[0]?.path ?? ''))).toBe(true);
    const parts = server.seen.filter(({ host }) => host === 'files');
    expect(parts.map(({ status }) => status)).toEqual([200, 206, 206]);
    expect(parts[1]?.ifRange).toMatch(/^"/);
    expect(parts.map(({ range }) => range)).toEqual([undefined, 'bytes=300000-', 'bytes=600000-']);
    await fetchFiles('hf:owner/problems');
    expect(server.seen.filter(({ host }) => host === 'files')).toHaveLength(3);
    expect(await readdir(dirname(files[0]?.path ?? ''))).toEqual(['train.jsonl']);
  });

  it('go on in a later command after one that gave up', async () => {
    server.commit({ 'train.jsonl': large });
    server.faults.breaks = { after: 50_000, times: 5, arrived };
    await expect(fetchFiles('hf:owner/problems')).rejects.toThrow(/5 times; run the command again/);
    const { files } = await fetchFiles('hf:owner/problems');
    expect(large.equals(await readFile(files[0]?.path ?? ''))).toBe(true);
    expect(server.seen.at(-1)).toMatchObject({ host: 'files', status: 206, range: 'bytes=250000-' });
  });

  it('begin anew when the file has another tag now', async () => {
    server.commit({ 'train.jsonl': large });
    Object.assign(server.faults, { breaks: { after: 300_000, times: 1, arrived }, newTags: true });
    const { files } = await fetchFiles('hf:owner/problems');
    expect(large.equals(await readFile(files[0]?.path ?? ''))).toBe(true);
    expect(server.seen.filter(({ host }) => host === 'files').map(({ status }) => status)).toEqual([
      200, 200,
    ]);
  });

  it('refuse what is not the listed file, and keep nothing of it', async () => {
    server.commit({ 'data/train-0.parquet': large });
    server.faults.wrongDigest = true;
    await expect(fetchFiles('hf:owner/problems')).rejects.toThrow(/not the file that the hub lists .*sha256/);
    const left = await readdir(home, { recursive: true });
    expect(left.filter((name) => name.includes('parquet'))).toEqual([]);
  });

  it('mend a cached file that was changed, by the id of its git blob', async () => {
    server.commit({ 'train.jsonl': train });
    const { files } = await fetchFiles('hf:owner/problems');
    const path = files[0]?.path ?? '';
    await writeFile(path, train.replace('eggs', 'eggz'));
    await fetchFiles('hf:owner/problems');
    expect(await readFile(path, 'utf8')).toBe(train);
  });

  it('need no sizes and digests of the list', async () => {
    server.commit({ 'train.jsonl': large });
    server.faults.bare = true;
    const { files } = await fetchFiles('hf:owner/problems');
    expect(large.equals(await readFile(files[0]?.path ?? ''))).toBe(true);
  });

  it.each([
    [401, /answers 401: it is private.*HF_TOKEN/],
    [403, /answers 403.*terms/],
    [404, /answers 404: check the owner/],
    [503, /answers 503, 5 times/],
  ])('name the remedy for %i', async (status, message) => {
    server.commit({ 'train.jsonl': train });
    server.faults.status = status;
    await expect(fetchFiles('hf:owner/problems')).rejects.toThrow(message);
  });

  it('say that a dataset is unknown, and that an address is no hub', async () => {
    server.commit({ 'train.jsonl': train });
    await expect(fetchFiles('hf:owner/other')).rejects.toThrow(/answers 404/);
    await expect(fetchFiles('hf:owner/problems@v9')).rejects.toThrow(/answers 404/);
    await expect(fetchFiles('hf:owner/problems', { HF_ENDPOINT: 'ftp://hub' })).rejects.toThrow(
      /HF_ENDPOINT is no http/,
    );
  });
});

describe('the token', () => {
  it('goes to the hub and to no host that it redirects to', async () => {
    server.commit({ 'train.jsonl': train });
    await fetchFiles('hf:owner/problems', { HF_TOKEN: 'hf_secret' });
    const tokens = (host: string) => server.seen.filter((one) => one.host === host).map(({ token }) => token);
    expect(tokens('hub')).toEqual(['Bearer hf_secret', 'Bearer hf_secret']);
    expect(tokens('files')).toEqual([undefined]);
  });

  it('is in no message', async () => {
    server.commit({ 'train.jsonl': train });
    server.faults.status = 401;
    const error = await fetchFiles('hf:owner/problems', { HF_TOKEN: 'hf_secret' }).catch(String);
    expect(error).toContain('the token in HF_TOKEN may not read it');
    expect(error).not.toContain('hf_secret');
  });

  it('redirects end: too many, and to what is no web address', async () => {
    const commit = server.commit({ 'train.jsonl': train });
    server.faults.redirect = `/datasets/owner/problems/resolve/${commit}/train.jsonl`;
    await expect(fetchFiles('hf:owner/problems')).rejects.toThrow(/redirects more than 5 times/);
    server.faults.redirect = 'file:///etc/passwd';
    await expect(fetchFiles('hf:owner/problems')).rejects.toThrow(/redirects to file:/);
  });
});

describe('importing', () => {
  it('leaves a report with the commit, the digest of the file and what was left out', async () => {
    const revision = server.commit({ 'main/test.jsonl': `${train}{"question": "none"}\n` });
    const notes: string[] = [];
    process.env['TEST_HUB'] = server.endpoint;
    const config = configSchema.parse({ home, hub: { endpointEnv: 'TEST_HUB' } });
    const output = { note: (text: string) => void notes.push(text) };
    const [imported] = await importBenchmarks({ config, output } as never, 'gsm8k=hf:owner/problems');
    const blobs = createDirectoryBlobs(join(home, 'blobs'));
    const text = await blobs.getText(imported?.reportSha256 ?? '');
    const report = importReportSchema.parse(JSON.parse(text));
    expect(report).toMatchObject({
      source: 'gsm8k',
      licence: 'MIT',
      queries: { sha256: imported?.sha256, count: 1 },
      hub: { endpoint: server.endpoint, dataset: 'owner/problems', asked: 'main', revision },
      files: [{ name: 'main/test.jsonl', format: 'jsonl', rows: 2 }],
      rows: 2,
      rejected: { count: 1, listed: [{ file: 'main/test.jsonl', line: 2 }] },
    });
    const cached = join(home, 'hub', 'owner--problems', revision, 'main', 'test.jsonl');
    expect(report.files[0]?.sha256).toBe(await hashFile(cached));
    expect(text).not.toContain(home);
    expect(notes.join('\n')).toMatch(/main\/test\.jsonl:2: answer.*\n.*1 rows left out, 1 kept/);
  });
});
