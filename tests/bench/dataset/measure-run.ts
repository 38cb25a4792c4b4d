/** One dataset build without refinement, measured: its matrix stage, the worker's memory, the histories, the database. */
import { readFile } from 'node:fs/promises';
import { sql } from 'kysely';
import { historyOf } from '../../support/history.ts';
import type { DatasetRequest } from '../../../workflows/dataset/contract.ts';
import { sum } from '../support/figures.ts';
import type { DatasetBench } from './bench-client.ts';

export interface MeasuredRun {
  readonly cells: number;
  /** From the end of planning to the beginning of the selection. */
  readonly matrixSeconds: number;
  readonly totalSeconds: number;
  /** Highest resident memory of the worker process while it ran, without its sandbox. */
  readonly workerMb: number;
  /** Of the run and its batches. */
  readonly events: number;
  readonly databaseBytes: number;
}

export async function measureRun(
  { client, temporal, database, stack, note }: DatasetBench,
  name: string,
  input: DatasetRequest,
): Promise<MeasuredRun> {
  const bytesBefore = await databaseBytes(database);
  await using memory = watchMemory(await stack.pidOf('worker'));
  const began = performance.now();
  const handle = await client.dataset.start(input, { name });
  const { cells } = await handle.result();
  const totalSeconds = (performance.now() - began) / 1_000;
  const matrixSeconds = await stageSeconds(temporal, handle.workflowId);
  const workerMb = memory.peakMb();
  note(`${name}: ${cells} cells, matrix ${matrixSeconds.toFixed(1)} s, worker ${workerMb.toFixed(0)} MB`);
  return {
    ...{ cells, matrixSeconds, totalSeconds, workerMb },
    events: await eventsOf(temporal, handle.workflowId),
    databaseBytes: (await databaseBytes(database)) - bytesBefore,
  };
}

async function stageSeconds(temporal: DatasetBench['temporal'], workflowId: string): Promise<number> {
  const { events } = await temporal.workflow.getHandle(workflowId).fetchHistory();
  const at = (activity: string): number => {
    const event = events?.find(
      ({ activityTaskScheduledEventAttributes: scheduled }) => scheduled?.activityType?.name === activity,
    );
    const { seconds, nanos } = event?.eventTime ?? {};
    if (!event) throw new Error(`${workflowId} scheduled no ${activity}`);
    return Number(seconds ?? 0) + (nanos ?? 0) / 1e9;
  };
  return at('selectPrograms') - at('surveyBatches');
}

async function eventsOf(temporal: DatasetBench['temporal'], workflowId: string): Promise<number> {
  const ids = [workflowId];
  for await (const { workflowId: id } of temporal.workflow.list({
    query: `WorkflowId STARTS_WITH '${workflowId}/'`,
  }))
    ids.push(id);
  const sizes = await Promise.all(ids.map((id) => historyOf(temporal, id)));
  return sum(sizes.map(({ events }) => events));
}

async function databaseBytes(database: DatasetBench['database']): Promise<number> {
  const { rows } = await sql<{ bytes: string }>`
    select pg_database_size(current_database()) as bytes`.execute(database);
  return Number(rows[0]?.bytes);
}

const sampleEveryMs = 500;

function watchMemory(pid: number): AsyncDisposable & { peakMb(): number } {
  let peakMb = 0;
  const timer = setInterval(() => {
    void readFile(`/proc/${pid}/status`, 'utf8').then(
      (status) => {
        peakMb = Math.max(peakMb, Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0) / 1024);
      },
      () => undefined,
    );
  }, sampleEveryMs);
  return {
    peakMb: () => peakMb,
    async [Symbol.asyncDispose]() {
      clearInterval(timer);
    },
  };
}
