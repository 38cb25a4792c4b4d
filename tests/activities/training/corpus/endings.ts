/** Ends told by exit, scheduler, our own stop, or the trainer's own word. */
import { type Case, exited, failed, finished, healthy, killedBy, line, starting } from './observe.ts';

const whole = { artefactWhole: true } as const;

export const endings: readonly Case[] = [
  {
    name: 'all steps, the word, the model',
    ...{ class: 'completed', cause: 'completed/allSteps', reaction: 'succeed', evidence: 'said completed' },
    ...{ events: [finished()], exit: exited(0), seen: whole },
  },
  {
    name: 'a declared early stop',
    ...{ class: 'completed', cause: 'completed/earlyStop', reaction: 'succeed', evidence: 'said earlyStop' },
    ...{ events: [finished('earlyStop', 23)], exit: exited(0), seen: whole },
  },
  {
    name: 'finished before a stop reached it',
    ...{ class: 'completed', reaction: 'succeed', evidence: 'stopped by the supervisor: operator' },
    ...{ events: [finished()], exit: exited(0), seen: { ...whole, stopping: { by: 'operator' } } },
  },
  {
    name: 'the word without the model',
    ...{ class: 'earlyCleanExit', reaction: 'resume', evidence: 'said completed' },
    ...{ events: [finished()], exit: exited(0) },
  },
  {
    name: 'the word one step too early',
    ...{ class: 'earlyCleanExit', reaction: 'resume', evidence: 'step 39 of 40' },
    ...{ events: [finished('completed', 39)], exit: exited(0), seen: whole },
  },
  {
    name: 'exit 0 at step 9, as a checkpoint at TERM makes it',
    ...{ class: 'earlyCleanExit', reaction: 'resume', evidence: 'step 9 of 40, phase train, exit code 0' },
    ...{ events: [healthy(9)], exit: exited(0) },
  },
  {
    name: 'exit 0 before any event',
    ...{
      class: 'earlyCleanExit',
      cause: 'earlyCleanExit/start',
      reaction: 'resume',
      evidence: 'exit code 0',
    },
    ...{ events: [[]], exit: exited(0) },
  },
  {
    name: 'a pause',
    ...{ class: 'stopped', reaction: 'park', evidence: 'said stopped' },
    ...{ events: [[...healthy(), line('end', 7, { reason: 'stopped' })]], exit: exited(0) },
    seen: { stopping: { by: 'operator' } },
  },
  {
    name: 'saved and ended on a warning that nobody explains',
    ...{
      class: 'preempted',
      cause: 'preempted/warned',
      reaction: 'resume',
      evidence: 'the shim says warned',
    },
    ...{ events: [[...healthy(), line('end', 7, { reason: 'stopped' })]], exit: exited(0, 'warned') },
  },
  {
    name: 'saved and ended on a warning before its time was over',
    ...{
      class: 'walltime',
      cause: 'walltime/TIMEOUT',
      reaction: 'resume',
      evidence: 'saved before its time',
    },
    ...{ events: [[...healthy(), line('end', 7, { reason: 'stopped' })]], exit: exited(0, 'warned') },
    seen: { scheduler: { state: 'TIMEOUT', reason: 'it saved before its time was over' } },
  },
  {
    name: 'a warning in the last step',
    ...{ class: 'completed', cause: 'completed/allSteps', reaction: 'succeed', evidence: 'said completed' },
    ...{ events: [finished()], exit: exited(0, 'warned') },
    seen: { ...whole, scheduler: { state: 'TIMEOUT' } },
  },
  {
    name: 'exit 143 of our own stop',
    ...{ class: 'stopped', reaction: 'park', evidence: 'stopped by the supervisor: operator' },
    ...{ exit: exited(143), seen: { stopping: { by: 'operator' } } },
  },
  {
    name: 'a cancelled run',
    ...{ class: 'cancelled', reaction: 'giveWay', evidence: 'stopped by the supervisor: cancel' },
    ...{ exit: exited(0), seen: { stopping: { by: 'cancel' } } },
  },
  {
    name: 'the shim saw a higher epoch',
    ...{ class: 'superseded', reaction: 'giveWay', evidence: 'the shim says fenced' },
    exit: { ...killedBy('SIGTERM'), reason: 'fenced' },
  },
  {
    name: 'a newer attempt fenced it off',
    ...{ class: 'superseded', reaction: 'giveWay', evidence: 'fence' },
    ...{ exit: killedBy('SIGKILL'), seen: { stopping: { by: 'fence' } } },
  },
  {
    name: 'the command is not there',
    ...{ class: 'launchFailed', cause: 'launchFailed/refused', reaction: 'park', evidence: 'No such file' },
    events: [[]],
    exit: exited(127, "launchFailed: [Errno 2] No such file or directory: '/opt/train'"),
  },
  {
    name: 'a launch that may work the next time',
    ...{ class: 'launchFailed', cause: 'launchFailed/tried', reaction: 'resume', evidence: 'unavailable' },
    events: [[]],
    exit: exited(127, 'launchFailed: [Errno 11] Resource temporarily unavailable'),
  },
  {
    name: 'a GPU that another run holds',
    ...{ class: 'launchFailed', cause: 'launchFailed/tried', reaction: 'resume', evidence: 'is held by' },
    events: [[]],
    exit: exited(75, 'launchFailed: gpu GPU-1 is held by training/other:3'),
  },
  {
    name: 'SIGKILL by nobody knows whom',
    ...{ class: 'killed', cause: 'killed/SIGKILL', reaction: 'resume', evidence: 'signal SIGKILL' },
    exit: killedBy('SIGKILL'),
  },
  {
    name: '137 of a container, without a count of kills',
    ...{ class: 'killed', reaction: 'resume', evidence: 'exit code 137' },
    exit: exited(137),
  },
  {
    name: 'the shim was killed',
    ...{ class: 'killed', cause: 'killed/shim', reaction: 'resume', evidence: 'no exit record' },
    exit: null,
  },
  {
    name: 'TERM of a machine that shuts down',
    ...{ class: 'preempted', reaction: 'resume', evidence: 'signal SIGTERM' },
    exit: killedBy('SIGTERM'),
  },
  {
    name: '143 without a stop of ours',
    ...{ class: 'preempted', reaction: 'resume', evidence: 'exit code 143' },
    exit: exited(143),
  },
  {
    name: 'somebody else stopped the shim, the trainer saved and left',
    ...{ class: 'preempted', reaction: 'resume', evidence: 'the shim says stopped' },
    exit: exited(0, 'stopped'),
  },
  {
    name: 'Slurm preempts, whatever the trainer says at TERM',
    ...{ class: 'preempted', reaction: 'resume', evidence: 'the scheduler says PREEMPTED' },
    events: [[...healthy(), failed('KeyboardInterrupt', '')]],
    ...{ exit: exited(1), seen: { scheduler: { state: 'PREEMPTED' } } },
  },
  {
    name: 'Slurm cancels with preemption as its reason',
    ...{ class: 'preempted', reaction: 'resume', evidence: 'CANCELLED' },
    ...{ exit: exited(143), seen: { scheduler: { state: 'CANCELLED by 0', reason: 'Preemption' } } },
  },
  {
    name: 'a person cancels the job at the scheduler',
    ...{ class: 'stopped', cause: 'stopped/scheduler', reaction: 'park', evidence: 'CANCELLED by 1000' },
    ...{ exit: exited(143), seen: { scheduler: { state: 'CANCELLED by 1000' } } },
  },
  {
    name: 'the time of the job is over',
    ...{ class: 'walltime', reaction: 'resume', evidence: 'the scheduler says TIMEOUT (TimeLimit)' },
    ...{ exit: killedBy('SIGTERM'), seen: { scheduler: { state: 'TIMEOUT', reason: 'TimeLimit' } } },
  },
  {
    name: 'the node is gone',
    ...{ class: 'nodeLost', reaction: 'resume', evidence: 'the scheduler says NODE_FAIL' },
    ...{ exit: null, seen: { scheduler: { state: 'NODE_FAIL', reason: 'NodeDown' } } },
  },
  {
    name: 'the scheduler knows only that it failed',
    ...{ class: 'crashNative', reaction: 'resume', evidence: 'signal SIGSEGV' },
    ...{ exit: killedBy('SIGSEGV'), seen: { scheduler: { state: 'FAILED', reason: 'NonZeroExitCode' } } },
  },
  {
    name: 'a hang in a step, with beats',
    ...{ class: 'hang', cause: 'hang/step', reaction: 'resume', evidence: 'its loop stands still for 62 s' },
    exit: killedBy('SIGKILL'),
    seen: {
      stopping: { by: 'hang', phase: 'step', rank: 0, why: 'it beats, its loop stands still for 62 s' },
    },
  },
  {
    name: 'a hang in a save, without beats',
    ...{ class: 'hang', cause: 'hang/save', reaction: 'resume', evidence: 'no beat for 301 s' },
    events: [[...healthy(), line('phase', 7, { phase: 'save', edge: 'begin' })]],
    ...{ exit: null, seen: { stopping: { by: 'hang', phase: 'save', rank: 0, why: 'no beat for 301 s' } } },
  },
  {
    name: 'a hang at the start',
    ...{
      class: 'hang',
      cause: 'hang/start',
      reaction: 'resume',
      evidence: 'stopped by the supervisor: hang',
    },
    events: [starting('loadModel')],
    ...{ exit: killedBy('SIGKILL'), seen: { stopping: { by: 'hang', phase: 'start', rank: 0 } } },
  },
  {
    name: 'a hang in an evaluation',
    ...{ class: 'hang', cause: 'hang/eval', reaction: 'resume', evidence: 'hang' },
    ...{ exit: killedBy('SIGKILL'), seen: { stopping: { by: 'hang', phase: 'eval', rank: 0 } } },
  },
  {
    name: 'no room for the next checkpoint',
    ...{ class: 'diskFull', cause: 'diskFull/beforeSave', reaction: 'park', evidence: '12 bytes are free' },
    exit: killedBy('SIGTERM'),
    seen: { stopping: { by: 'disk', why: '12 bytes are free, the next checkpoint needs 99' } },
  },
  {
    name: 'another strategy than the recipe asks for',
    ...{ class: 'config', cause: 'config/strategy', reaction: 'park', evidence: 'the trainer runs ddp' },
    events: [starting('loadModel')],
    exit: killedBy('SIGTERM'),
    seen: { stopping: { by: 'config', why: 'the recipe expects fsdp2, the trainer runs ddp' } },
  },
  {
    name: 'an exit code that says nothing',
    ...{ class: 'unknown', cause: 'unknown/exit 3', reaction: 'resume', evidence: 'exit code 3' },
    exit: exited(3),
  },
  {
    name: 'SIGINT of somebody at a terminal',
    ...{ class: 'unknown', cause: 'unknown/SIGINT', reaction: 'resume', evidence: 'exit code 130' },
    exit: exited(130),
  },
  {
    name: 'a host that does not answer',
    ...{ class: 'unknown', cause: 'unknown/unobserved', reaction: 'notify', evidence: 'step 7' },
    seen: { attempt: 'unknown' },
  },
  {
    name: 'a living attempt of which nothing is to be told',
    ...{ class: 'unknown', cause: 'unknown/running', reaction: 'notify', evidence: 'step 7' },
    seen: { attempt: 'alive' },
  },
  {
    name: 'a living attempt whose watch was lost',
    ...{ class: 'supervisorLost', reaction: 'notify', evidence: 'step 7' },
    seen: { attempt: 'alive', reattached: true },
  },
];
