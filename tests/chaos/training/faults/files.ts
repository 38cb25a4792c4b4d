/** Damage to what an attempt writes: its checkpoints, its events, the room on its disk. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFile, open, readdir, rm, stat, statfs, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { runDirectory, writeWhole } from '../../../../activities/training/layout.ts';
import { give, readWitness } from '../witness.ts';
import { type Fault, present, signalled, type Target } from './target.ts';

/** Damages the newest verified checkpoint, and kills the trainer, so that the next attempt has to notice. */
const damaged = (damage: (directory: string, target: Target) => Promise<void>): Fault => ({
  async strike(target) {
    const attempt = await present(target);
    const [newest] = await target.stack.query((database) =>
      database
        .selectFrom('training_checkpoints')
        .select(['directory', 'step', 'epoch'])
        .where('run', '=', target.run)
        .where('state', '=', 'verified')
        .orderBy('step', 'desc')
        .orderBy('epoch', 'desc')
        .limit(1)
        .execute(),
    );
    if (!attempt || !newest || !(await stat(newest.directory).catch(() => undefined))) return undefined;
    await damage(newest.directory, target);
    const { step, epoch } = newest;
    const killed = signalled(attempt.trainerPid, 'SIGKILL', attempt.epoch);
    return { atMs: Date.now(), ...killed, damaged: { step, epoch } };
  },
});

async function someFile(directory: string, { random }: Target): Promise<string> {
  const names = (await readdir(directory)).toSorted();
  return join(directory, names[Math.floor(random() * names.length)] ?? '');
}

async function flipBit(path: string, { random }: Target): Promise<void> {
  const file = await open(path, 'r+');
  try {
    const { size } = await file.stat();
    const at = Math.floor(random() * size);
    const byte = Buffer.alloc(1);
    await file.read(byte, 0, 1, at);
    byte.writeUInt8(byte.readUInt8() ^ (1 << Math.floor(random() * 8)));
    await file.write(byte, 0, 1, at);
  } finally {
    await file.close();
  }
}

const mostKeptBytes = 32_768;
const mostFullMs = 6_000;

/** Of the run's own tmpfs (room.ts): little or nothing stays free, for some seconds. */
async function fill({ root, run, random }: Target): Promise<void> {
  const directory = runDirectory(root, run);
  const ballast = join(directory, 'ballast');
  try {
    for (let kept = Math.floor(random() * mostKeptBytes), tries = 0; tries < 3; tries += 1) {
      const { bavail, bsize } = await statfs(directory);
      const size = Math.max(0, bavail * bsize - kept);
      await appendFile(ballast, Buffer.alloc(size)).catch(() => {});
      await sleep(50);
    }
    await sleep(mostFullMs * random());
  } finally {
    await rm(ballast, { force: true });
  }
}

async function limitFileSize(pid: number, bytes: number): Promise<boolean> {
  const child = spawn('prlimit', ['--pid', String(pid), `--fsize=${bytes}`], { stdio: 'ignore' });
  const [code] = await once(child, 'close').catch(() => [1]);
  return code === 0;
}

export const fileFaults = {
  bitFlipped: damaged(async (directory, target) => flipBit(await someFile(directory, target), target)),
  fileCut: damaged(async (directory, target) => {
    const path = await someFile(directory, target);
    await truncate(path, Math.floor(target.random() * (await stat(path)).size));
  }),
  optimizerMissing: damaged((directory) => rm(join(directory, 'optimizer.bin'), { force: true })),
  checkpointGone: damaged((directory) => rm(directory, { recursive: true, force: true })),
  diskFull: {
    strike: ({ witness }) => give(witness, { kind: 'diskFull', at: 'save' }, 8_000),
  },
  diskFilled: {
    async strike(target) {
      const attempt = await present(target);
      if (!attempt) return undefined;
      const atMs = Date.now();
      await fill(target);
      return { atMs, epoch: attempt.epoch };
    },
  },
  fileSizeLimited: {
    async strike(target) {
      const attempt = await present(target);
      const { steps } = await readWitness(target.witness);
      const writer = steps.findLast(({ epoch, rank }) => epoch === attempt?.epoch && rank === 0);
      const written = attempt && (await stat(attempt.layout.events).catch(() => undefined));
      if (!writer || !written) return undefined;
      const atMs = Date.now();
      const limited = await limitFileSize(writer.pid, written.size + Math.floor(2_000 * target.random()));
      return limited ? { atMs, epoch: attempt.epoch } : undefined;
    },
  },
  staleWriter: {
    async strike({ root, run }) {
      const attempt = await present({ root, run });
      if (!attempt) return undefined;
      const epoch = attempt.epoch - 1;
      const line = { v: 1, run, epoch, rank: 0, seq: 0, ts: 0, step: 10_000 };
      const end = { ...line, ev: 'end', maxSteps: 1, phase: 'finish', reason: 'completed' };
      await appendFile(attempt.layout.events, `${JSON.stringify(end)}\nnot an event\n`);
      await writeWhole(attempt.layout.control, JSON.stringify({ epoch, seq: 1e15, cmd: 'stop' }));
      return { atMs: Date.now(), epoch: attempt.epoch };
    },
  },
  eventsTruncated: {
    async strike(target) {
      const attempt = await present(target);
      if (!attempt) return undefined;
      const { events } = attempt.layout;
      const size = (await stat(events).catch(() => undefined))?.size ?? 0;
      await truncate(events, Math.floor(target.random() * size)).catch(() => writeFile(events, ''));
      return { atMs: Date.now(), epoch: attempt.epoch };
    },
  },
} satisfies Readonly<Record<string, Fault>>;
