/** As a process of its own: runs the program and kills itself (SIGKILL) at one write, or ends when the program has ended. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type InterruptedProgram, openStore, runInterrupted, type Store } from './interrupted-program.ts';
import { type Point, samePoint, watchStore } from './store-operations.ts';

export interface VictimTask {
  readonly store: Store;
  readonly program: InterruptedProgram;
  readonly death: Point | null;
}

export interface VictimEnd {
  /** The points passed, in order. */
  readonly points: readonly Point[];
  /** False when the program ended without meeting its point. */
  readonly died: boolean;
}

export async function runVictim(task: VictimTask): Promise<VictimEnd> {
  const script = fileURLToPath(import.meta.url);
  const child = spawn(process.execPath, ['--import', 'tsx', script, JSON.stringify(task)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let printed = '';
  child.stdout.on('data', (chunk: Buffer) => (printed += chunk.toString()));
  const [code, signal] = (await once(child, 'close')) as [number | null, string | null];
  const end = JSON.parse(printed || 'null') as VictimEnd | null;
  if (!end || (end.died ? signal !== 'SIGKILL' : code !== 0))
    throw new Error(`the victim ended with ${signal ?? code}, having said ${printed || 'nothing'}`);
  return end;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { store, program, death } = JSON.parse(process.argv[2] ?? '') as VictimTask;
  const tell = (end: VictimEnd): void => void writeSync(1, JSON.stringify(end));
  const services = await openStore(store);
  await services.sandbox();
  const points: Point[] = [];
  watchStore((point) => {
    points.push(point);
    if (!death || !samePoint(point, death)) return;
    tell({ points, died: true });
    process.kill(process.pid, 'SIGKILL');
  });
  await runInterrupted(services, program);
  tell({ points, died: false });
  process.exit(0);
}
