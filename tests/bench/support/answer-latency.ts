/** Answers over calls of log-normal latency, and what an ideal scheduler would have needed for the same call graphs. */
import { seedOf } from '../../../activities/llm/send-call.ts';
import { drawOf } from '../../../activities/mas/execution-key.ts';
import { createJournal, type JournalEntry } from '../../../activities/mas/journal.ts';
import { type PoolProgram, readPool } from '../../../activities/mas/pool.ts';
import type { MasClient } from '../../../clients/client.ts';
import type { Services } from '../../../workers/services.ts';
import { limitsSchema } from '../../../workflows/shared/program.ts';
import type { Query } from '../../../workflows/shared/query.ts';
import { idealMs } from './ideal-schedule.ts';
import { latencyMs } from './model-server.ts';

/** Queries come one by one, as from people. */
const betweenAnswersMs = 600;

/** Wall milliseconds by name of the answer, from its start at the client to its result there. */
export async function measureWalls(mas: MasClient, queries: readonly Query[]): Promise<Map<string, number>> {
  const programs = await programsOf();
  const walls = new Map<string, number>();
  const answer = async ({ text }: Query, index: number): Promise<void> => {
    await new Promise((wake) => setTimeout(wake, index * betweenAnswersMs));
    const began = performance.now();
    const program = programs[index % programs.length]?.id ?? 'single';
    const name = nameOf(index);
    const handle = await mas.answer.start({ query: text, driver: 'driver', program }, { name });
    const { status } = await handle.result();
    if (status === 'answered') walls.set(name, performance.now() - began);
  };
  await Promise.all(queries.map(answer));
  return walls;
}

/** Ideal milliseconds by name of the answer, for those that their first program answered. */
export async function idealsOf(services: Services, queries: readonly Query[]): Promise<Map<string, number>> {
  const journal = createJournal(services.database);
  const sandbox = await services.sandbox();
  const ideals = new Map<string, number>();
  for (const [index, query] of queries.entries()) {
    const name = nameOf(index);
    const rows = await services.database
      .selectFrom('executions')
      .selectAll()
      .where('run', '=', `answer/${name}`)
      .execute();
    const [row] = rows;
    if (rows.length !== 1 || row?.status !== 'answered') continue;
    const { seed } = row;
    const latencyOf = ({ call, lineage, occurrence }: JournalEntry): number =>
      call.method === 'chat' ? latencyMs(seedOf(drawOf(seed, lineage, occurrence))) : 0;
    const ideal = await idealMs({
      sandbox,
      start: {
        source: await services.blobs.getText(row.program_sha256),
        query: query.text,
        seed,
        startedAtMs: row.started_at.getTime(),
        models: ['driver'],
        limits: limitsSchema.parse({}),
      },
      journal: await journal.load(row.key),
      latencyMs: latencyOf,
    });
    ideals.set(name, ideal);
  }
  return ideals;
}

function nameOf(index: number): string {
  return `latency-${index}`;
}

/** Those with more than two calls: in sequence, in parallel, and both. */
async function programsOf(): Promise<readonly PoolProgram[]> {
  return (await readPool()).list().filter(({ calls }) => calls.max > 2);
}
