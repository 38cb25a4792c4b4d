/** What looks like a failure of some class and is another, or none. */
import { type Case, exited, failed, finished, healthy, killedBy, line } from './observe.ts';

const whole = { artefactWhole: true } as const;
/** A trainer that prints its rows: anything may stand in them. */
const chatter = [
  'NVRM: Xid (PCI:0000:3b:00): 79, GPU has fallen off the bus.',
  'Out of memory: Killed process 4242 (python3)',
  'question: why is the loss nan? answer: CUDA out of memory. killed by SIGKILL',
  'Xid 48, ECC error, No space left on device, exitcode: -9',
  'ValueError: not after a traceback',
  'torch.distributed.elastic: nothing failed',
].join('\n');

const fp16 = { strategy: { kind: 'single', precision: 'fp16' } };

export const nearMisses: readonly Case[] = [
  {
    name: 'frightening words in the log of a run that finished',
    ...{ class: 'completed', reaction: 'succeed', evidence: 'said completed' },
    ...{ events: [finished()], exit: exited(0), log: chatter, seen: whole },
  },
  {
    name: 'frightening words in the log of a run that was killed',
    ...{ class: 'killed', reaction: 'resume', evidence: 'signal SIGKILL' },
    ...{ exit: killedBy('SIGKILL'), log: chatter },
  },
  {
    name: 'frightening words before an error of another kind',
    ...{ class: 'config', reaction: 'resume', evidence: 'ValueError in train: 3 is not valid' },
    exit: exited(1),
    log: `${chatter}\nTraceback (most recent call last):\n  File "t.py", line 1\nValueError: 3 is not valid\n`,
  },
  {
    name: 'a traceback that is not the last line',
    ...{ class: 'code', reaction: 'resume', evidence: 'KeyError' },
    exit: exited(1),
    log: 'Traceback (most recent call last):\n  File "t.py", line 1\nKeyError: \'x\'\nretrying\n',
  },
  {
    name: 'a caught error in the log, then a crash',
    ...{ class: 'crashNative', reaction: 'resume', evidence: 'signal SIGSEGV' },
    exit: killedBy('SIGSEGV'),
    log: 'Traceback (most recent call last):\n  File "t.py", line 1\nKeyError: \'x\'\nretrying\n',
  },
  {
    name: 'a traceback in the log of a run that left early with 0',
    ...{ class: 'earlyCleanExit', reaction: 'resume', evidence: 'exit code 0' },
    exit: exited(0),
    log: "Traceback (most recent call last):\nKeyError: 'x'\n",
  },
  {
    name: 'an escape that hides a line',
    ...{ class: 'unknown', reaction: 'resume', evidence: 'exit code 9' },
    ...{
      exit: exited(9),
      log: '\u001B[2K\u001B[1ATraceback \u001B[8m(most recent call last)\u001B[0m ValueError: x\r\n',
    },
  },
  {
    name: 'a loss of 0.0 with a gradient norm',
    ...{ class: 'earlyCleanExit', reaction: 'resume', evidence: 'exit code 0' },
    events: [[...healthy(9), line('log', 10, { loss: 0, gradNorm: 0.3, nonfinite: false })]],
    exit: exited(0),
  },
  {
    name: 'a loss that came to 0 slowly, of a trainer without gradient norms',
    ...{ class: 'completed', reaction: 'succeed', evidence: 'said completed' },
    events: [
      [
        ...[1, 0.3, 0.04, 0.001, 0].map((loss, index) => line('log', 5 * (index + 1), { loss })),
        line('step', 40, { stepS: 1 }),
        line('end', 40, { reason: 'completed' }),
      ],
    ],
    ...{ exit: exited(0), seen: whole },
  },
  {
    name: "steps that an fp16 run's scaler left out",
    ...{ class: 'completed', reaction: 'succeed', evidence: '3 steps left out by the scaler' },
    events: [
      [
        ...healthy(4, fp16),
        ...[5, 6, 7].flatMap((step) => [
          line('step', step, { stepS: 0.5, scalerSkips: step - 4 }),
          line('log', step, { loss: 2.5, gradNorm: 'inf', nonfinite: false, scalerSkips: step - 4 }),
        ]),
        ...finished().slice(-30),
      ],
    ],
    ...{ exit: exited(0), seen: whole },
  },
  {
    name: 'a scaler that finds no scale at all',
    ...{ class: 'nan', reaction: 'resumeWith', evidence: 'gradient norm Infinity' },
    events: [
      [
        ...healthy(4, fp16),
        ...Array.from({ length: 20 }, (_, index) =>
          line('log', index + 5, { loss: 2.5, gradNorm: 'inf', scalerSkips: index + 1 }),
        ),
      ],
    ],
    exit: exited(1),
  },
  {
    name: 'a count of kills that rose beside an unrelated error',
    ...{ class: 'config', reaction: 'resume', evidence: 'ValueError' },
    events: [[...healthy(), failed('ValueError', 'no')]],
    exit: { ...exited(1), oomKills: 1 },
  },
  {
    name: 'the kernel killed a process of somebody else',
    ...{ class: 'killed', reaction: 'resume', evidence: 'signal SIGKILL' },
    ...{ exit: killedBy('SIGKILL'), kernel: ['Out of memory: Killed process 77 (chrome) total-vm:1kB'] },
  },
  {
    name: 'an Xid of an application',
    ...{ class: 'code', reaction: 'resume', evidence: 'illegal memory access' },
    events: [
      [...healthy(), failed('AcceleratorError', 'CUDA error: an illegal memory access was encountered')],
    ],
    exit: exited(1),
    kernel: ['NVRM: Xid (PCI:0000:3b:00): 31, pid=4242, name=python3, Ch 00000008, MMU Fault'],
  },
  {
    name: "an Xid under another run's process",
    ...{ class: 'killed', reaction: 'resume', evidence: 'signal SIGKILL' },
    exit: killedBy('SIGKILL'),
    kernel: ['NVRM: Xid (PCI:0000:3b:00): 48, pid=99, name=python3, Double Bit ECC Error'],
  },
  {
    name: 'a data loader killed by nobody knows whom',
    ...{ class: 'killed', cause: 'killed/dataLoader', reaction: 'resume', evidence: 'exited unexpectedly' },
    events: [[...healthy(), failed('RuntimeError', 'DataLoader worker (pid(s) 10356) exited unexpectedly')]],
    exit: exited(1),
  },
  {
    name: 'a disk that is full for somebody who says so in a value',
    ...{ class: 'diskFull', reaction: 'resumeWith', evidence: 'No space left' },
    events: [[...healthy(), failed('OSError', '[Errno 28] No space left on device', 'train')]],
    exit: exited(1),
  },
  {
    name: 'an out-of-memory error of the CPU under the same name',
    ...{ class: 'hostOom', reaction: 'resume', evidence: 'not enough memory' },
    events: [[...healthy(), failed('OutOfMemoryError', 'CPU: DefaultCPUAllocator: not enough memory')]],
    ...{ exit: exited(1), checkpoints: [5] },
  },
  {
    name: 'events of an attempt that was fenced off, among ours',
    ...{ class: 'killed', reaction: 'resume', evidence: 'step 7 of 40' },
    events: [[...healthy(), failed('ValueError', 'of another epoch').replace('"epoch":1', '"epoch":0')]],
    exit: killedBy('SIGKILL'),
  },
  {
    name: 'a thread that failed in a run that finished',
    ...{ class: 'completed', reaction: 'succeed', evidence: 'said completed' },
    events: [
      [
        ...healthy(3),
        line('error', 3, { type: 'ValueError', message: 'x', thread: 'logger' }),
        ...finished(),
      ],
    ],
    ...{ exit: exited(0), seen: whole },
  },
  {
    name: 'a thread that failed before the loop did',
    ...{ class: 'code', reaction: 'resume', evidence: "KeyError in train: 'x'" },
    events: [
      [
        ...healthy(),
        line('error', 6, { type: 'ValueError', message: 'closed file', thread: 'logger' }),
        failed('KeyError', "'x'"),
      ],
    ],
    exit: exited(1),
  },
  {
    name: 'a clock that jumps by years between events',
    ...{ class: 'earlyCleanExit', reaction: 'resume', evidence: 'step 7 of 40' },
    events: [healthy().map((text, index) => text.replace('1700000000', index % 2 ? '-5' : '9e15'))],
    exit: exited(0),
  },
];
