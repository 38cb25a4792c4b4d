/** What is promised under each fault: data, judged at each run's end (judge.ts). Common to all: one trainer at a time, an end, the weights of an undisturbed run. */
import type { FailureClass } from '../../../workflows/training/contract.ts';

export interface Promised {
  /**
   * What becomes of the attempt: `crash` = it ends at once, and the time until that is known counts; `hang` = the supervisor
   * ends it after a time without progress; `later` = it ends some time after; `lives` = it goes on, and a further attempt
   * breaks the promise.
   */
  readonly attempt: 'crash' | 'hang' | 'later' | 'lives';
  /** Of the run, before which there is nothing to strike. */
  readonly fromStep?: number;
  /** Attempts that may end by it; 1 by default, none where the attempt lives. */
  readonly attempts?: number;
  /** Of the end, where nothing else struck the attempt. Absent = not judged. */
  readonly classes?: readonly FailureClass[];
  readonly promise: string;
}

const resumed = 'resumed from the newest verified checkpoint';
const parked = 'a person is asked';
const untouched = 'no trainer is stopped';

export const promises = {
  trainerKilled: { attempt: 'crash', classes: ['killed'], promise: resumed },
  launcherKilled: {
    ...{ attempt: 'crash', classes: ['killed'] },
    promise: 'its ranks, each in a session of its own, are ended before the next attempt',
  },
  torchrunKilled: { attempt: 'crash', classes: ['killed'], promise: 'the same of the real torchrun' },
  rankKilled: { attempt: 'crash', classes: ['killed'], promise: resumed },
  shimKilled: { attempt: 'crash', classes: ['killed'], promise: 'the trainer ends with it, then resumed' },
  shimStopped: {
    attempt: 'later',
    promise: 'SIGSTOP for ever: its silent end is a hang, no success without its record',
  },
  dies: { attempt: 'crash', classes: ['killed'], promise: resumed },
  aborts: { attempt: 'crash', classes: ['crashNative'], promise: `${resumed} once, then ${parked}` },
  segfaults: { attempt: 'crash', classes: ['crashNative'], promise: `${resumed} once, then ${parked}` },
  exitsEarly: { attempt: 'crash', classes: ['earlyCleanExit'], promise: 'never a success' },
  raisesInImport: { attempt: 'later', attempts: 2, classes: ['code'], promise: parked },
  raisesInLoadData: { attempt: 'later', attempts: 2, classes: ['data'], promise: parked },
  raisesInLoadModel: { attempt: 'later', attempts: 2, classes: ['config'], promise: parked },
  raisesInResume: {
    ...{ attempt: 'later', attempts: 2, fromStep: 13, classes: ['checkpointCorrupt'] },
    promise: 'that checkpoint is set aside, an older one is used',
  },
  raisesInTrain: { attempt: 'crash', classes: ['config', 'code'], promise: 'one confirming retry' },
  raisesInEval: { attempt: 'crash', classes: ['config', 'code'], promise: 'one confirming retry' },
  raisesInSave: { attempt: 'crash', classes: ['config', 'code'], promise: 'one confirming retry' },
  raisesInFinish: {
    ...{ attempt: 'crash', fromStep: 72, classes: ['config', 'code'] },
    promise: 'one confirming retry',
  },
  nan: { attempt: 'crash', classes: ['nan'], promise: 'rolled back to before the first bad step' },
  nanUnseen: { attempt: 'later', classes: ['nan'], promise: 'stopped by the supervisor, then rolled back' },
  cudaOom: { attempt: 'crash', classes: ['cudaOom'], promise: 'the same step once more' },
  hangs: { attempt: 'hang', classes: ['hang'], promise: 'stacks, the tree ended, resumed' },
  stopped: { attempt: 'hang', classes: ['hang'], promise: 'the tree ended, resumed' },
  diskFull: {
    attempt: 'crash',
    classes: ['diskFull'],
    promise: 'what retention gives up is removed, resumed',
  },
  diskFilled: {
    ...{ attempt: 'later', attempts: 8 },
    promise: 'a small tmpfs, really full: no success, no damage, on when there is room',
  },
  fileSizeLimited: { attempt: 'later', classes: ['diskFull'], promise: 'RLIMIT_FSIZE: as a full disk' },
  savesTorn: { attempt: 'later', classes: ['killed'], promise: 'the torn checkpoint is never loaded' },
  bitFlipped: {
    ...{ attempt: 'crash', fromStep: 13, classes: ['killed'] },
    promise: 'quarantined, the older one is used',
  },
  fileCut: {
    ...{ attempt: 'crash', fromStep: 13, classes: ['killed'] },
    promise: 'quarantined, the older one is used',
  },
  optimizerMissing: {
    ...{ attempt: 'crash', fromStep: 13, classes: ['killed'] },
    promise: 'quarantined, the older one is used',
  },
  checkpointGone: {
    ...{ attempt: 'crash', fromStep: 13, classes: ['killed'] },
    promise: 'the older one is used',
  },
  launchedTwice: { attempt: 'lives', promise: 'the second shim starts nothing' },
  staleWriter: { attempt: 'lives', promise: 'events and orders of an older epoch count for nothing' },
  eventsTruncated: { attempt: 'lives', promise: 'the watch goes on with what follows' },
  clockJumps: { attempt: 'lives', promise: "the trainer's clock is believed in nothing" },
  workflowTerminated: { attempt: 'later', promise: 'the next start fences the trainer and goes on' },
  movedToAnotherId: { attempt: 'later', promise: 'terminated, started under another id: the same' },
  startedUnderAnotherId: { attempt: 'lives', promise: 'refused while the run is open (Run.NameTaken)' },
  workflowReset: { attempt: 'later', promise: 'one trainer, whichever of the two launches came first' },
  watchPaused: { attempt: 'lives', promise: untouched },
  watchReset: { attempt: 'lives', promise: untouched },
  operatorPauses: {
    attempt: 'later',
    classes: ['stopped'],
    promise: 'saved, stopped, resumed without a step lost',
  },
  operatorSaves: { attempt: 'lives', promise: 'a checkpoint more' },
} as const satisfies Readonly<Record<string, Promised>>;

export type FaultName = keyof typeof promises;

/** Of the stack under all runs: none of them may end an attempt. */
export const partPromises = {
  workerKilled: 'SIGKILL: the next worker re-attaches',
  workerGroupKilled: 'SIGKILL to all of its control group, as the end of its unit or container does it',
  workerStopped: 'SIGSTOP for longer than the heartbeat timeout: two watches of one attempt',
  workerReplaced: 'SIGTERM as at an upgrade; the open histories are replayed by the present code',
  secondWorker: 'a second worker of the same host comes and is killed',
  temporalKilled: 'SIGKILL',
  postgresKilled: 'SIGKILL',
} as const;

export type PartFault = keyof typeof partPromises;
