/** Signals to the processes of an attempt, and what the trainer does to itself on order. */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { give, type Order, readWitness } from '../witness.ts';
import { type Attempt, type Fault, present, signalled, type Target } from './target.ts';

const signal = (
  name: NodeJS.Signals,
  whom: (target: Target, attempt: Attempt) => Promise<number | undefined> | number,
  suits: Fault['suits'] = () => true,
): Fault => ({
  suits,
  async strike(target) {
    const attempt = await present(target);
    const pid = attempt && (await whom(target, attempt));
    return attempt && pid !== undefined ? signalled(pid, name, attempt.epoch) : undefined;
  },
});

async function someRank({ witness, random, ranks }: Target, { epoch }: Attempt): Promise<number | undefined> {
  const rank = Math.floor(random() * ranks);
  const { steps } = await readWitness(witness);
  return steps.findLast((step) => step.epoch === epoch && step.rank === rank)?.pid;
}

const ordered = (kind: string, at: Order['at'] = 'step', withinMs = 8_000): Fault => ({
  async strike({ witness, ranks, random }) {
    return give(witness, { kind, at, rank: Math.floor(random() * ranks) }, withinMs);
  },
});

/** The attempt is killed, and the next one raises in this phase. */
const raisesInNext = (at: Order['at']): Fault => ({
  async strike(target) {
    const attempt = await present(target);
    if (!attempt) return undefined;
    const atMs = Date.now();
    const raised = await give(target.witness, { kind: 'raise', at }, 15_000, () => {
      signalled(attempt.trainerPid, 'SIGKILL', attempt.epoch);
    });
    // Killed in any case.
    return raised ?? { atMs };
  },
});

const shim = fileURLToPath(new URL('../../../../activities/training/shim/shim.py', import.meta.url));

export const processFaults = {
  trainerKilled: signal(
    'SIGKILL',
    (_, { trainerPid }) => trainerPid,
    ({ ranks }) => ranks === 1,
  ),
  launcherKilled: signal(
    'SIGKILL',
    (_, { trainerPid }) => trainerPid,
    ({ ranks, torchrun }) => ranks > 1 && !torchrun,
  ),
  torchrunKilled: signal(
    'SIGKILL',
    (_, { trainerPid }) => trainerPid,
    ({ torchrun }) => torchrun,
  ),
  rankKilled: signal('SIGKILL', someRank),
  shimKilled: signal('SIGKILL', (_, { pid }) => pid),
  shimStopped: signal('SIGSTOP', (_, { pid }) => pid),
  stopped: signal('SIGSTOP', someRank),
  dies: ordered('kill'),
  aborts: ordered('abort'),
  segfaults: ordered('segv'),
  exitsEarly: ordered('exit0'),
  raisesInImport: raisesInNext('import'),
  raisesInLoadData: raisesInNext('loadData'),
  raisesInLoadModel: raisesInNext('loadModel'),
  raisesInResume: raisesInNext('resume'),
  raisesInTrain: ordered('raise'),
  raisesInEval: ordered('raise', 'eval'),
  raisesInSave: ordered('raise', 'save'),
  raisesInFinish: ordered('raise', 'finish'),
  nan: ordered('nan'),
  nanUnseen: ordered('nanUnseen'),
  cudaOom: ordered('cudaOom'),
  hangs: ordered('hang'),
  clockJumps: ordered('clockJump'),
  savesTorn: ordered('killInSave'),
  launchedTwice: {
    async strike(target) {
      const attempt = await present(target);
      if (!attempt) return undefined;
      const second = spawn('python3', [shim, attempt.layout.directory], { detached: true, stdio: 'ignore' });
      second.unref();
      return { atMs: Date.now(), epoch: attempt.epoch };
    },
  },
} satisfies Readonly<Record<string, Fault>>;
