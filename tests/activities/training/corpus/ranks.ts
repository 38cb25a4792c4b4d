/** Attempts of several ranks: cascades, torchrun's tables (torch 2.x, written by real faults under gloo), watchdogs. */
import { type Case, exited, failed, healthy, killedBy, line } from './observe.ts';

const ddp = { worldSize: 2, strategy: { kind: 'ddp', precision: 'fp32' } };
const two = (first: readonly string[] = [], second: readonly string[] = []) => [
  [...healthy(7, ddp), ...first],
  [...healthy(7, ddp), ...second],
];
const at = '/__w/pytorch/pytorch/third_party/gloo/gloo/transport/tcp';
const closed = `[${at}/pair.cc:553] Connection closed by peer [127.0.0.1]:18349. This is typically caused by a remote worker crashing.`;
const reset = `[${at}/pair.cc:537] Read error [127.0.0.1]:35722: Connection reset by peer. This is typically caused by a remote worker hanging`;
const waited = `[${at}/unbound_buffer.cc:78] Timed out waiting 6000ms for recv operation to complete`;
const watchdog =
  'Watchdog caught collective operation timeout: WorkNCCL(SeqNum=1580, OpType=ALLREDUCE, NumelIn=466119168, NumelOut=466119168, Timeout(ms)=600000) ran for 600060 milliseconds before timing out.';

const traceOf = (rank: number, last: string): string =>
  [`Traceback (most recent call last):`, `  File "train.py", line 18, in <module>`, last]
    .map((text) => `[rank${rank}]: ${text}`)
    .join('\n');

/** torchrun's report; the root cause first here, last in the log. */
const table = (
  root: [rank: number, code: number, words: string],
  other: [number, number, string],
): string => {
  const entry = ([rank, code, words]: [number, number, string]): string =>
    [
      `  time      : 2026-11-22_17:40:37`,
      `  host      : localhost`,
      `  rank      : ${rank} (local_rank: ${rank})`,
      `  exitcode  : ${code} (pid: ${14_507 + rank}) ${words}`,
      `  error_file: <N/A>`,
    ].join('\n');
  return [
    'Traceback (most recent call last):',
    '    raise ChildFailedError(',
    'torch.distributed.elastic.multiprocessing.errors.ChildFailedError: ',
    '=======================================================',
    'train.py FAILED',
    'Failures:',
    '[1]:',
    entry(other),
    '-------------------------------------------------------',
    'Root Cause (first observed failure):',
    '[0]:',
    entry(root),
    '=======================================================',
    '',
  ].join('\n');
};
const term: [number, number, string] = [0, -15, ' (SIGTERM)'];

export const ranks: readonly Case[] = [
  {
    name: 'one rank is killed, the other reports a reset connection',
    ...{ class: 'killed', reaction: 'resume', evidence: 'rank 1 ended with SIGKILL', rank: 1 },
    events: two([failed('RuntimeError', reset)]),
    log: `${traceOf(0, `RuntimeError: ${reset}`)}\n${table([1, -9, ' (SIGKILL)'], term)}`,
    exit: exited(1),
  },
  {
    name: 'one rank is killed for want of memory',
    ...{ class: 'hostOom', reaction: 'park', evidence: '1 out-of-memory kills', rank: 1 },
    events: two([failed('RuntimeError', reset)]),
    ...{ log: table([1, -9, ' (SIGKILL)'], term), exit: { ...exited(1), oomKills: 1 } },
  },
  {
    name: 'one rank crashes',
    ...{
      class: 'crashNative',
      cause: 'crashNative/SIGSEGV',
      reaction: 'resume',
      evidence: 'rank 1',
      rank: 1,
    },
    events: two([failed('RuntimeError', reset)]),
    log: `${traceOf(0, `RuntimeError: ${reset}`)}\n${table([1, -11, ' (SIGSEGV)'], term)}`,
    exit: exited(1),
  },
  {
    name: 'one rank fails, the other is told first',
    ...{
      class: 'config',
      reaction: 'resume',
      evidence: 'rank 1: ValueError in train: batch of rank 1',
      rank: 1,
    },
    events: two([failed('RuntimeError', closed)], [failed('ValueError', 'batch of rank 1 is empty')]),
    exit: exited(1),
  },
  {
    name: 'one rank fails, and only the log tells',
    ...{ class: 'config', reaction: 'resume', evidence: 'rank 1: ValueError', rank: 1 },
    events: two(),
    log: `${traceOf(1, 'ValueError: batch of rank 1 is empty')}\n${traceOf(0, `RuntimeError: ${closed}`)}\n${table([1, 1, ''], term)}`,
    exit: exited(1),
  },
  {
    name: 'one rank is out of GPU memory, the others wait for it',
    ...{ class: 'cudaOom', reaction: 'resume', evidence: 'rank 1: OutOfMemoryError', rank: 1 },
    events: two([failed('DistBackendError', watchdog)], [failed('OutOfMemoryError', 'CUDA out of memory.')]),
    exit: exited(1),
  },
  {
    name: 'gloo waits in vain, and no rank tells another error',
    ...{
      class: 'collectiveTimeout',
      cause: 'collectiveTimeout/train',
      reaction: 'resume',
      evidence: 'Timed out',
    },
    events: two([failed('RuntimeError', waited)]),
    log: `${traceOf(0, `RuntimeError: ${waited}`)}\n${table([0, 1, ''], [1, -15, ' (SIGTERM)'])}`,
    exit: exited(1),
  },
  {
    name: "NCCL's watchdog ends the process",
    ...{ class: 'collectiveTimeout', reaction: 'resume', evidence: 'signal SIGABRT' },
    events: two(),
    log: `[rank0]:[E321 02:07:08.408271257 ProcessGroupNCCL.cpp:607] [Rank 0] ${watchdog}\nterminate called after throwing an instance of 'c10::DistBackendError'\n  what():  [PG ID 0 PG GUID 0(default_pg) Rank 0] Process group watchdog thread terminated with exception: [Rank 0] ${watchdog}\n`,
    exit: killedBy('SIGABRT'),
  },
  {
    name: "NCCL's watchdog behind a progress bar, under torchrun",
    ...{ class: 'collectiveTimeout', reaction: 'resume', evidence: 'exit code 1' },
    events: two(),
    log: `Epoch 0:   6%|██   | 32040/500150 [6:28:43<94:39:17, loss=2.6][E ProcessGroupNCCL.cpp:458] [Rank 0] ${watchdog}\n${table([0, -6, ' (SIGABRT)'], [1, -15, ''])}`,
    exit: exited(1),
  },
  {
    name: 'abort() of a rank without a watchdog',
    ...{ class: 'crashNative', reaction: 'resume', evidence: 'rank 1', rank: 1 },
    events: two([failed('RuntimeError', closed)]),
    ...{ log: table([1, -6, ' (SIGABRT)'], term), exit: exited(1) },
  },
  {
    name: 'torchrun is told to end',
    ...{ class: 'preempted', reaction: 'resume', evidence: 'SignalException' },
    events: two(),
    log: 'Traceback (most recent call last):\ntorch.distributed.elastic.multiprocessing.api.SignalException: Process 9 got signal: 15\n',
    exit: exited(1),
  },
  {
    name: 'both ranks leave with a code that says nothing',
    ...{
      class: 'unknown',
      cause: 'unknown/exit 3',
      reaction: 'resume',
      evidence: 'rank 0 ended with code 3',
    },
    ...{ events: two(), log: table([0, 3, ''], [1, 3, '']), exit: exited(1) },
  },
  {
    name: 'a rank that tells a NaN of its own',
    ...{ class: 'nan', reaction: 'resumeWith', evidence: 'loss NaN', firstBadStep: 6 },
    events: two([], [line('log', 7, { loss: 'nan', gradNorm: 1 })]),
    exit: exited(1),
  },
  {
    name: 'a rank that is slower than the others, alive',
    ...{
      class: 'straggler',
      reaction: 'notify',
      evidence: 'rank 1 takes 2.00 s per step, the others 0.500 s',
    },
    events: [
      healthy(30, ddp),
      [...healthy(0, ddp), ...Array.from({ length: 30 }, (_, step) => line('step', step + 1, { stepS: 2 }))],
    ],
    seen: { attempt: 'alive' },
  },
  {
    name: 'a loss that leaves its own history, alive',
    ...{ class: 'diverged', reaction: 'notify', evidence: 'the loss has risen from 1.00' },
    events: [
      Array.from({ length: 60 }, (_, index) =>
        line('log', index + 1, { loss: index < 30 ? 1 : 9, gradNorm: 1, nonfinite: false }),
      ),
    ],
    seen: { attempt: 'alive' },
  },
];
