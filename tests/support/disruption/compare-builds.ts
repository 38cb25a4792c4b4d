/**
 * One dataset built twice, each time on a stack and a home of its own: undisturbed, and while parts of the stack are killed.
 * Says which files differ, which calls differ, and what was sent more than once.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openDatabase } from '../../../activities/storage/database.ts';
import { outlastOutage } from '../../../activities/storage/outlast-outage.ts';
import type { DatasetRequest, DatasetResult } from '../../../workflows/dataset/contract.ts';
import { withBenchStack } from '../../bench/support/bench-stack.ts';
import { buildPatiently } from './build-patiently.ts';
import { type Kill, killParts } from './kill-parts.ts';
import type { PlannedKill } from './plan-kills.ts';
import { type SentAgain, sentAgain } from './sent-again.ts';
import { watchRequests } from './watch-requests.ts';

export interface Build {
  readonly result: DatasetResult;
  /** Names of the distinct calls on record. */
  readonly calls: ReadonlySet<string>;
  readonly kills: readonly Kill[];
  readonly sent: SentAgain;
  readonly seconds: number;
}

export interface Comparison {
  readonly undisturbed: Build;
  readonly disturbed: Build;
  /** Compared: the dataset's files but `run.json`, and the selection's report. */
  readonly files: readonly string[];
  readonly differing: readonly string[];
  /** Calls of one build that the other did not make. */
  readonly otherCalls: number;
}

export interface CompareOptions {
  readonly request: DatasetRequest;
  readonly kills: readonly PlannedKill[];
  /** Of each simulated call, so that some are under way at a kill. */
  readonly latencyMs: number;
  readonly note: (text: string) => void;
}

export async function compareBuilds(options: CompareOptions): Promise<Comparison> {
  const undisturbed = await build(options, 'undisturbed', [], 0);
  const { calls } = undisturbed.sent;
  const disturbed = await build(options, 'disturbed', options.kills, calls);
  const [before, after] = [filesOf(undisturbed), filesOf(disturbed)];
  const files = [...new Set([...Object.keys(before), ...Object.keys(after)])];
  return {
    ...{ undisturbed, disturbed, files },
    differing: files.filter((file) => before[file] !== after[file]),
    otherCalls: missing(undisturbed.calls, disturbed.calls) + missing(disturbed.calls, undisturbed.calls),
  };
}

async function build(
  { request, latencyMs, note }: CompareOptions,
  name: string,
  planned: readonly PlannedKill[],
  calls: number,
): Promise<Build> {
  const directory = await mkdtemp(join(tmpdir(), 'masgpt-requests-'));
  const log = join(directory, 'requests.jsonl');
  const settings = {
    MASGPT_SIMULATOR_REQUEST_LOG: log,
    MASGPT_SIMULATOR_FAULTS: JSON.stringify({ latency: { kind: 'constant', ms: latencyMs } }),
  };
  Object.assign(process.env, settings);
  try {
    return await withBenchStack({ worker: true, note }, async ({ home, temporal, databaseUrl }) => {
      const requests = watchRequests(log);
      const ended = new AbortController();
      const began = performance.now();
      const building = buildPatiently(temporal.address, request, name).finally(() => ended.abort());
      const [result, kills] = await Promise.all([
        building,
        killParts({ home, planned, calls, requests, signal: ended.signal, note }),
      ]);
      const seconds = (performance.now() - began) / 1_000;
      const recordedMs = await readRecord(databaseUrl);
      const sent = sentAgain(await requests.read(), kills, recordedMs);
      note(`${name}: ${result.cells} cells, ${sent.calls} calls, ${seconds.toFixed(0)} s`);
      return { result, kills, sent, seconds, calls: new Set(recordedMs.keys()) };
    });
  } finally {
    for (const variable of Object.keys(settings)) delete process.env[variable];
    await rm(directory, { recursive: true, force: true });
  }
}

function filesOf({ result: { files, selectionReport = '' } }: Build): Readonly<Record<string, string>> {
  const { 'run.json': _run, ...compared } = files;
  return { ...compared, 'the report of the selection': selectionReport };
}

function missing(calls: ReadonlySet<string>, others: ReadonlySet<string>): number {
  return [...calls].filter((call) => !others.has(call)).length;
}

/** PostgreSQL may just come back from the last kill. */
const outageMs = 120_000;

/** By call, when its reply was put on record. */
async function readRecord(databaseUrl: string): Promise<Map<string, number>> {
  const database = openDatabase(databaseUrl, { max: 1 });
  try {
    const calls = database.selectFrom('llm_calls').select(['key', 'done_at']).where('state', '=', 'done');
    const rows = await outlastOutage(outageMs, () => calls.execute());
    return new Map(rows.map(({ key, done_at: doneAt }) => [key, doneAt?.getTime() ?? Infinity]));
  } finally {
    await database.destroy();
  }
}
