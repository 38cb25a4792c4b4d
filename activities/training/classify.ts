/**
 * From what was observed of an attempt to its class (training-supervision.md section 4): one pure function. What follows
 * from a class is decided in workflows/training/reaction.ts. Nothing is concluded from an end that is not proved.
 */
import type { Notice } from '../../workflows/training/contract.ts';
import { causeOfLaunchFailure } from '../../workflows/training/launch-failure.ts';
import { type AttemptView, leadOf, type ToldError } from './attempt-view.ts';
import { classOfError, isCascade, orderedEnd } from './classifying/error-class.ts';
import { evidenceOf } from './classifying/evidence.ts';
import { readKernelWords } from './classifying/kernel-words.ts';
import { type LogTail, readTail } from './classifying/log-tail.ts';
import type { Finding, Observation, Seen, Verdict } from './classifying/observation.ts';
import { verdictOfScheduler } from './classifying/scheduler-word.ts';
import { nativeSignals, signalOf } from './classifying/signals.ts';
import { smallerBatch } from './classifying/smaller-batch.ts';

export {
  type AttemptExit,
  type Finding,
  type Observation,
  type Seen,
  type Stopping,
  stopReasons,
  type Verdict,
} from './classifying/observation.ts';

export function classify(observation: Observation): Finding {
  const tail = readTail(observation.logTail);
  const words = readKernelWords(observation.kernel, pidsOf(observation.view));
  const seen: Seen = { ...observation, tail, words, error: errorOf(observation, tail) };
  const verdict = observation.attempt === 'ended' ? ended(seen) : living(seen);
  const { view, resumeStep } = observation;
  const bad = firstBadStep(seen, verdict);
  const smaller =
    verdict.class === 'cudaOom' && observation.batch ? smallerBatch(observation.batch) : undefined;
  return {
    class: verdict.class,
    cause: `${verdict.class}/${verdict.detail}`,
    beforeFirstStep: view.ranks.every(({ ownSteps }) => ownSteps === 0),
    evidence: evidenceOf(seen, verdict),
    step: leadOf(view).step,
    resumeStep,
    rank: verdict.rank ?? null,
    loss: view.finiteness.loss,
    ...(bad === undefined ? {} : { firstBadStep: bad }),
    ...(smaller ? { suggestion: smaller } : {}),
    ...(verdict.class === 'gpuHardware'
      ? { exclude: { gpu: words.gpu?.pci ?? null, host: observation.host, left: observation.gpusLeft } }
      : {}),
  };
}

export function pidsOf({ ranks }: AttemptView): ReadonlySet<number> {
  return new Set(ranks.flatMap(({ pid }) => pid ?? []));
}

/** In the order of their weight: what is proved goes before what is told, a cause before what follows from it. */
const rules: readonly ((seen: Seen) => Verdict | undefined)[] = [
  superseded,
  completed,
  stoppedByPeople,
  launchFailed,
  bySupervisor,
  (seen) => (seen.scheduler ? verdictOfScheduler(seen.scheduler) : undefined),
  gpuBroken,
  notFinite,
  memoryKilled,
  byError,
  hung,
  byChild,
  (seen) => bySignal(signalOf(seen.exit), seen),
  byExit,
];

function ended(seen: Seen): Verdict {
  for (const rule of rules) {
    const verdict = rule(seen);
    if (verdict) return verdict;
  }
  return { class: 'unknown', detail: `exit ${seen.exit?.code ?? 'none'}` };
}

/** Nothing of this is an end: people are told, or nothing is done. */
function living({ attempt, view, reattached }: Seen): Verdict {
  if (attempt === 'unknown') return { class: 'unknown', detail: 'unobserved' };
  const told = view.notices.findLast(isOfClass);
  if (told) return { class: told.kind, detail: 'told', why: told.text };
  if (reattached) return { class: 'supervisorLost', detail: 're-attached' };
  return { class: 'unknown', detail: 'running' };
}

function isOfClass(notice: Notice): notice is Notice & { readonly kind: 'straggler' | 'diverged' } {
  return notice.kind === 'straggler' || notice.kind === 'diverged';
}

function superseded({ exit, stopping }: Seen): Verdict | undefined {
  if (exit?.reason !== 'fenced' && stopping?.by !== 'fence') return undefined;
  return { class: 'superseded', detail: 'fence' };
}

/** A run that finished before a stop reached it did finish. */
function completed({ view, exit, artefactWhole, maxSteps }: Seen): Verdict | undefined {
  const { end, step } = leadOf(view);
  if (exit?.code !== 0 || !artefactWhole || view.finiteness.bad) return undefined;
  if (end === 'completed' && step === maxSteps) return { class: 'completed', detail: 'allSteps' };
  if (end === 'earlyStop' && step > 0) return { class: 'completed', detail: 'earlyStop' };
  return undefined;
}

function stoppedByPeople({ stopping }: Seen): Verdict | undefined {
  if (stopping?.by === 'cancel') return { class: 'cancelled', detail: 'operator' };
  return stopping?.by === 'operator' ? { class: 'stopped', detail: 'operator' } : undefined;
}

function launchFailed({ exit }: Seen): Verdict | undefined {
  if (!exit?.reason?.startsWith('launchFailed')) return undefined;
  const [kind, detail] = causeOfLaunchFailure(exit.reason).split('/') as ['launchFailed', string];
  return { class: kind, detail, why: exit.reason.slice(0, 300) };
}

/** Stops for which the supervisor had proof. */
function bySupervisor({ stopping }: Seen): Verdict | undefined {
  switch (stopping?.by) {
    case 'config':
      return { class: 'config', detail: 'strategy', why: stopping.why };
    case 'disk':
      return { class: 'diskFull', detail: 'beforeSave', why: stopping.why };
    default:
      return undefined;
  }
}

function gpuBroken({ words, error, tail, exit }: Seen): Verdict | undefined {
  if (words.gpu)
    return { class: 'gpuHardware', detail: words.gpu.pci, why: `${words.gpu.what} (${words.gpu.pci})` };
  if (exit?.code === 0) return undefined;
  const told = [
    error,
    tail.what === null ? null : { type: 'what', message: tail.what, phase: '', rank: null },
  ];
  const broken = told.find((found) => found && classOfError(found) === 'gpuHardware');
  if (!broken) return undefined;
  return { class: 'gpuHardware', detail: 'told', why: broken.message.slice(0, 200), rank: broken.rank };
}

function notFinite({ view, error, stopping }: Seen): Verdict | undefined {
  const { bad } = view.finiteness;
  if (bad) return { class: 'nan', detail: 'log', why: `${bad.what}, told at step ${bad.told}` };
  if (stopping?.by === 'nan') return { class: 'nan', detail: 'log', why: stopping.why };
  if (!error || classOfError(error) !== 'nan') return undefined;
  return { class: 'nan', detail: error.type, rank: error.rank };
}

const workerKilled = /DataLoader worker \(pid\(?s?\)? [\d, ]{1,80}\) (?:is killed by signal: Killed|exited)/;
const workerCrashed =
  /DataLoader worker \(pid\(?s?\)? [\d, ]{1,80}\) is killed by signal: (?:Segmentation|Bus|Aborted)/;

/** A kill by the kernel of this tree: a count that rose does for a kill that nobody explains, never for an unrelated error. */
function memoryKilled(seen: Seen): Verdict | undefined {
  const { view, exit, words, tail, error } = seen;
  const named = words.oomPids.find((pid) => pidsOf(view).has(pid));
  const killed =
    signalOf(exit) === 'SIGKILL' ||
    tail.children[0]?.exitCode === -9 ||
    (error !== null && workerKilled.test(error.message));
  if (named === undefined && !(killed && (exit?.oomKills ?? 0) > 0)) return undefined;
  const why =
    named === undefined ? `${exit?.oomKills} out-of-memory kills` : `the kernel killed process ${named}`;
  return { class: 'hostOom', detail: 'killed', why, rank: tail.children[0]?.rank };
}

/** The earliest error that is not the echo of another rank's end. */
function byError(seen: Seen): Verdict | undefined {
  const { error, batch } = seen;
  if (!error || isCascade(error)) return undefined;
  const { type, phase, rank } = error;
  const order = orderedEnd(error);
  if (order !== undefined) return bySignal(signalOf({ code: 128 + order, signal: null }), seen);
  if (workerKilled.test(error.message)) return { class: 'killed', detail: 'dataLoader', rank };
  if (workerCrashed.test(error.message)) return { class: 'crashNative', detail: 'dataLoader', rank };
  const kind = classOfError(error);
  switch (kind) {
    case 'cudaOom':
      return { class: kind, detail: `${phase}/${batch?.batchSize ?? 'unknown'}`, rank };
    case 'diskFull':
    case 'hostOom':
    case 'checkpointCorrupt':
      return { class: kind, detail: phase, rank };
    default:
      return { class: kind, detail: `${type}/${phase}`, rank };
  }
}

function hung({ stopping, error, tail, exit }: Seen): Verdict | undefined {
  if (stopping?.by === 'hang')
    return { class: 'hang', detail: stopping.phase ?? 'step', why: stopping.why, rank: stopping.rank };
  // A rank that died is the cause; the words of its partners follow from it.
  const died = tail.children[0] ? tail.children[0].exitCode < 0 : signalOf(exit) !== null;
  if (died && !tail.watchdog) return undefined;
  if (exit?.code === 0 || !(tail.watchdog || (error && isCascade(error)))) return undefined;
  const rank = error?.rank ?? null;
  return { class: 'collectiveTimeout', detail: error?.phase ?? 'train', why: error?.message, rank };
}

/** torchrun ends with 1 and a table: the first rank that failed is the cause. */
function byChild(seen: Seen): Verdict | undefined {
  const child = seen.tail.children[0];
  if (!child || seen.exit?.code === 0) return undefined;
  const { rank, exitCode } = child;
  const signal = signalOf({ code: exitCode < 0 ? 128 - exitCode : exitCode, signal: null });
  const verdict = bySignal(signal, seen) ?? { class: 'unknown', detail: `exit ${exitCode}` };
  return { ...verdict, rank, why: verdict.why ?? `rank ${rank} ended with ${signal ?? `code ${exitCode}`}` };
}

function bySignal(signal: string | null, { exit }: Seen): Verdict | undefined {
  if (signal === null) return undefined;
  if (nativeSignals.has(signal)) return { class: 'crashNative', detail: signal };
  if (signal === 'SIGXFSZ') return { class: 'diskFull', detail: 'fileSize' };
  if (signal === 'SIGKILL') return { class: 'killed', detail: signal };
  // A TERM that is not ours is the word of a scheduler or of a machine that shuts down.
  if (signal === 'SIGTERM') return { class: 'preempted', detail: exit?.reason ?? signal };
  return { class: 'unknown', detail: signal };
}

function byExit({ exit, view }: Seen): Verdict | undefined {
  if (exit === null) return { class: 'killed', detail: 'shim', why: 'no exit record: the shim was killed' };
  // The shim was told to stop, and not by us; or it was warned, and its trainer saved and ended.
  if (exit.reason === 'stopped' || exit.reason === 'warned')
    return { class: 'preempted', detail: exit.reason };
  return exit.code === 0 ? { class: 'earlyCleanExit', detail: leadOf(view).phase } : undefined;
}

/** The earliest told by an event; else that of a log that ends with a failing code, for a signal has its own cause. */
function errorOf({ view, exit }: Observation, tail: LogTail): ToldError | null {
  const { exception, children } = tail;
  // A thread may fail without the process.
  if (view.error?.thread !== undefined && exit?.code === 0) return null;
  if (view.error && !isCascade(view.error)) return view.error;
  if (!exception || !exit?.code || signalOf(exit) !== null) return view.error;
  const root = children[0];
  if (root && root.exitCode < 0 && root.rank !== exception.rank) return view.error;
  if (view.error && isCascade(exception)) return view.error;
  const { phase, step } = leadOf(view);
  return { ...exception, rank: exception.rank ?? root?.rank ?? 0, phase, step };
}

function firstBadStep(seen: Seen, verdict: Verdict): number | undefined {
  if (verdict.class !== 'nan') return undefined;
  const { bad, soundStep } = seen.view.finiteness;
  const step = bad?.step ?? Math.min(soundStep + 1, seen.error?.step ?? soundStep + 1);
  return Math.max(step, (seen.resumeStep ?? 0) + 1);
}
