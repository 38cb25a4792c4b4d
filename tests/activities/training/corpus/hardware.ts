/** Native crashes, the kernel's words, GPUs. Xid lines as NVIDIA's driver writes them (docs.nvidia.com/deploy/xid-errors). */
import { type Case, exited, failed, healthy, killedBy } from './observe.ts';

const oom = (pid: number): string =>
  `Out of memory: Killed process ${pid} (python3) total-vm:103904108kB, anon-rss:64130000kB, file-rss:2048kB, shmem-rss:0kB, UID:0 pgtables:126000kB oom_score_adj:0`;
const abort = (what: string): string =>
  `terminate called after throwing an instance of 'c10::AcceleratorError'\n  what():  ${what}\nCUDA kernel errors might be asynchronously reported at some other API call\n`;

export const hardware: readonly Case[] = [
  {
    name: 'a segmentation fault',
    ...{ class: 'crashNative', cause: 'crashNative/SIGSEGV', reaction: 'resume', evidence: 'signal SIGSEGV' },
    exit: killedBy('SIGSEGV'),
  },
  {
    name: 'abort()',
    ...{ class: 'crashNative', reaction: 'resume', evidence: 'signal SIGABRT' },
    exit: killedBy('SIGABRT'),
  },
  {
    name: 'a bus error, told as a code',
    ...{ class: 'crashNative', cause: 'crashNative/SIGBUS', reaction: 'resume', evidence: 'exit code 135' },
    exit: exited(135),
  },
  {
    name: 'a kill with a count that rose, without advance',
    ...{ class: 'hostOom', reaction: 'park', evidence: '1 out-of-memory kills' },
    exit: killedBy('SIGKILL', 1),
  },
  {
    name: 'a kill with a count that rose, after an advance',
    ...{ class: 'hostOom', reaction: 'resume', evidence: '2 out-of-memory kills' },
    ...{ exit: killedBy('SIGKILL', 2), checkpoints: [5] },
  },
  {
    name: 'the kernel names our process',
    ...{ class: 'hostOom', reaction: 'park', evidence: 'the kernel killed process 4242' },
    ...{ exit: killedBy('SIGKILL'), kernel: [oom(4242)] },
  },
  {
    name: "the scheduler's word for it",
    ...{ class: 'hostOom', cause: 'hostOom/scheduler', reaction: 'park', evidence: 'OUT_OF_MEMORY' },
    ...{ exit: exited(137), seen: { scheduler: { state: 'OUT_OF_MEMORY' } } },
  },
  {
    name: 'a data loader that the kernel killed',
    ...{ class: 'hostOom', reaction: 'resume', evidence: '1 out-of-memory kills' },
    events: [[...healthy(), failed('RuntimeError', 'DataLoader worker (pid(s) 10356) exited unexpectedly')]],
    ...{ exit: { ...exited(1), oomKills: 1 }, checkpoints: [5] },
  },
  {
    name: 'a GPU that fell off the bus',
    ...{ class: 'gpuHardware', cause: 'gpuHardware/0000:3b:00', reaction: 'resumeWith', evidence: 'Xid 79' },
    events: [[...healthy(), failed('AcceleratorError', 'CUDA error: unspecified launch failure')]],
    exit: exited(1),
    kernel: [
      'NVRM: GPU at PCI:0000:3b:00: GPU-b850f46d',
      'NVRM: Xid (PCI:0000:3b:00): 79, GPU has fallen off the bus.',
    ],
  },
  {
    name: 'the same, and no other GPU is left',
    ...{ class: 'gpuHardware', reaction: 'park', evidence: 'fallen off the bus' },
    ...{ exit: exited(1), seen: { gpusLeft: 0 } },
    kernel: ["NVRM: Xid (PCI:0000:3b:00): 79, pid='<unknown>', name=<unknown>, GPU has fallen off the bus."],
  },
  {
    name: 'a hang over a GPU whose memory broke',
    ...{ class: 'gpuHardware', reaction: 'resumeWith', evidence: 'Xid 95' },
    ...{ exit: killedBy('SIGKILL'), seen: { stopping: { by: 'hang', phase: 'step', rank: 0 } } },
    kernel: ['NVRM: Xid (PCI:0000:c1:00): 95, pid=4242, name=python3, Uncontained ECC error.'],
  },
  {
    name: 'an uncorrectable error, told by CUDA',
    ...{
      class: 'gpuHardware',
      cause: 'gpuHardware/told',
      reaction: 'resumeWith',
      evidence: 'uncorrectable ECC',
    },
    events: [[...healthy(), failed('AcceleratorError', 'CUDA error: uncorrectable ECC error encountered')]],
    exit: exited(1),
  },
  {
    name: 'an uncorrectable error that ended the process in C++',
    ...{ class: 'gpuHardware', reaction: 'resumeWith', evidence: 'uncorrectable ECC' },
    ...{ exit: killedBy('SIGABRT'), log: abort('CUDA error: uncorrectable ECC error encountered') },
  },
];
