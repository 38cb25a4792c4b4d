/** Attempts of small Python programs through the real Slurm launcher, in a directory of their own. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { AttemptStatus, Launcher } from '../../../activities/training/launcher.ts';
import { createSlurmCommands } from '../../../activities/training/launchers/slurm/commands.ts';
import type { SlurmSettings } from '../../../activities/training/launchers/slurm/submission.ts';
import { createSlurmLauncher } from '../../../activities/training/launchers/slurm.ts';
import { type AttemptLayout, attemptLayout } from '../../../activities/training/layout.ts';
import { python } from '../local-attempts.ts';
import type { Slurm } from './start-slurm.ts';

export interface SlurmAttempts extends AsyncDisposable {
  readonly launcher: Launcher;
  layout(epoch: number): AttemptLayout;
  /** Hands in `program` (Python source), which may call `beat()`. Returns the job's number. */
  launch(program: string, epoch?: number): Promise<string>;
  observe(epoch?: number): Promise<AttemptStatus>;
  /** Observes until the status is one of these; fails after two minutes. */
  until<S extends AttemptStatus['status']>(...wanted: S[]): Promise<Extract<AttemptStatus, { status: S }>>;
  stop(graceS: number, epoch?: number): Promise<void>;
  /** Process ids of the trainers that began. */
  begun(epoch?: number): Promise<readonly number[]>;
}

const run = 'training/slurm';

/** Says that it began, outside of what the product writes; `beat` is what a trainer's thread would do. */
const prelude = `
import os, signal, sys, time
os.write(os.open("begun", os.O_WRONLY | os.O_APPEND | os.O_CREAT), f"{os.getpid()}\\n".encode())
def beat(seconds):
    until = time.time() + seconds
    while time.time() < until:
        with open("events.0.jsonl", "a") as file: file.write("{}\\n")
        time.sleep(0.5)
`;

export async function slurmAttempts(slurm: Slurm, more: Partial<SlurmSettings> = {}): Promise<SlurmAttempts> {
  const root = await mkdtemp(join(tmpdir(), 'masgpt-jobs-'));
  const launcher = createSlurmLauncher({
    commands: createSlurmCommands({
      PATH: process.env['PATH'] ?? '/usr/bin:/bin',
      HOME: root,
      SLURM_CONF: slurm.conf,
    }),
    settings: { name: 'test', partition: 'low', gpuTypes: {}, warnS: 30, timeLimitMin: 30, python, ...more },
    pollS: 1,
  });
  const layout = (epoch = 1): AttemptLayout => attemptLayout(root, run, epoch);
  const observe = (epoch = 1): Promise<AttemptStatus> => launcher.observe(layout(epoch), run, epoch);
  return {
    ...{ launcher, layout, observe },
    async launch(program, epoch = 1) {
      const file = join(root, `program-${epoch}.py`);
      await writeFile(file, prelude + program);
      const env = { PATH: '/usr/bin:/bin' };
      await launcher.launch(layout(epoch), { run, epoch, graceS: 2, env, command: [python, file] });
      return (JSON.parse(await readFile(layout(epoch).submitted, 'utf8')) as { job: string }).job;
    },
    async until(...wanted) {
      for (let tries = 0; tries < 240; tries += 1) {
        const status = await observe();
        if ((wanted as string[]).includes(status.status)) return status as never;
        await sleep(500);
      }
      throw new Error(`never ${wanted.join(' or ')}, but ${JSON.stringify(await observe())}`);
    },
    stop: (graceS, epoch = 1) => launcher.stop(layout(epoch), run, epoch, graceS),
    async begun(epoch = 1) {
      const text = await readFile(join(layout(epoch).directory, 'begun'), 'utf8').catch(() => '');
      return text.split('\n').filter(Boolean).map(Number);
    },
    async [Symbol.asyncDispose]() {
      await rm(root, { recursive: true, force: true });
    },
  };
}
