/** A supervised attempt's very training once more, as a plain child process: same script, recipe, data and seed, no supervision. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, open, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { hashFiles } from '../../../activities/training/manifest.ts';
import type { AttemptLayout } from '../../../activities/training/layout.ts';
import { tailOf } from '../../../clients/dev/supervised-process.ts';
import { ownCpuMs } from '../support/cpu-time.ts';

export interface TrainingTimes {
  /** From the process's start to its end. */
  readonly seconds: number;
  /** Of the trainer's process. */
  readonly cpuS: number;
  /** From the process's start to the end of its first step. */
  readonly ownStartS: number;
  readonly files: Awaited<ReturnType<typeof hashFiles>>;
}

const wrapper = fileURLToPath(new URL('./bare_trainer.py', import.meta.url));

export async function trainBare(layout: AttemptLayout, directory: string): Promise<TrainingTimes> {
  await mkdir(directory, { recursive: true });
  const spec = JSON.parse(await readFile(layout.spec, 'utf8')) as {
    readonly command: readonly [python: string, script: string, job: string];
    readonly env: Record<string, string>;
  };
  const job = JSON.parse(await readFile(layout.job, 'utf8')) as object;
  const [jobFile, times] = [join(directory, 'job.json'), join(directory, 'times.json')];
  const artefact = join(directory, 'artefact');
  await writeFile(
    jobFile,
    JSON.stringify({ ...job, directory, output: join(directory, 'output'), artefact }),
  );
  const [python, script] = spec.command;
  const beganS = Date.now() / 1_000;
  const logFile = join(directory, 'trainer.log');
  const log = await open(logFile, 'w');
  const child = spawn(python, [wrapper, script, jobFile, times], {
    ...{ cwd: directory, stdio: ['ignore', log.fd, log.fd] as const },
    env: { ...spec.env, HOME: directory },
  });
  const cpu = watchCpu(child.pid as number);
  const [code] = (await once(child, 'exit')) as [number | null];
  const seconds = Date.now() / 1_000 - beganS;
  const cpuS = cpu.stop();
  await log.close();
  if (code !== 0) throw new Error(`the bare trainer ended with ${code}: ${tailOf(logFile)}`);
  const { firstStepAt } = JSON.parse(await readFile(times, 'utf8')) as { readonly firstStepAt: number };
  const files = await hashFiles(artefact);
  return { seconds, cpuS, ownStartS: firstStepAt - beganS, files };
}

const lookMs = 100;

/** CPU seconds of a process that will end: as of the last look, which is at most 0.1 s before its end. */
export function watchCpu(pid: number): { stop(): number } {
  let latestMs = 0;
  const timer = setInterval(() => (latestMs = Math.max(latestMs, ownCpuMs(pid))), lookMs);
  return {
    stop() {
      clearInterval(timer);
      return latestMs / 1_000;
    },
  };
}
