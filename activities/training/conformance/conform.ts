/**
 * Whether a program can be supervised: five trials with real shims (undisturbed, ordered about, stopped, killed, resumed)
 * and a verdict per promise of docs/training-protocol.md. What a failed check makes pointless is told as not tried.
 */
import type { AttemptExit } from '../classify.ts';
import {
  artefactFault,
  beatsFault,
  checkpointFault,
  endFault,
  eventsFault,
  helloFault,
  isFilled,
  stepsFault,
  type Verdict,
} from './checks.ts';
import type { ConformingEvent, RankLog } from './event-contract.ts';
import { startTrial, type Trial, type TrialSetting } from './trial.ts';

export const conformanceChecks = {
  start: 'the command starts, and ends by itself with code 0 and end{completed}',
  events: 'each line is one event of the protocol, seq without a gap',
  hello: 'each rank says who it is and how it trains',
  beats: 'each rank shows that it lives',
  steps: 'each step is told once, up to maxSteps',
  checkpoints: 'a save every saveSteps, each file in exactly one part',
  dump: 'the order dump leaves stacks at once',
  save: 'the order save leaves a checkpoint of that step',
  saveStop: 'the order saveStop saves and ends with code 0 and end{stopped}',
  term: 'TERM ends it within graceS',
  resume: 'killed, it goes on from a checkpoint and makes the other steps alone',
  artefact: 'the resumed artefact is the undisturbed one, byte for byte',
} as const;
export type CheckName = keyof typeof conformanceChecks;

export interface Check {
  readonly name: CheckName;
  readonly ok: boolean;
  /** Why it failed. */
  readonly why: string | null;
}

export interface Conformance {
  readonly ok: boolean;
  readonly checks: readonly Check[];
}

/** `tell` hears each verdict as it falls. */
export async function conform(setting: TrialSetting, tell: (check: Check) => void): Promise<Conformance> {
  const checks: Check[] = [];
  const judge = (name: CheckName, why: Verdict): boolean => {
    const check = { name, ok: why === null, why };
    checks.push(check);
    tell(check);
    return check.ok;
  };
  const started: Trial[] = [];
  const bench: Bench = { setting, judge, started };
  try {
    const undisturbed = await runUndisturbed(bench);
    if (undisturbed) {
      await runOrdered(bench);
      await runStopped(bench);
      await runKilled(bench, undisturbed);
    }
  } finally {
    // Also when it is interrupted: nothing goes on training.
    for (const trial of started) await trial.stop(0);
  }
  for (const name of Object.keys(conformanceChecks) as CheckName[]) {
    if (!checks.some((check) => check.name === name)) judge(name, 'not tried, as a check before it failed');
  }
  return { ok: checks.every(({ ok }) => ok), checks };
}

const dumpLimitMs = 5_000;

interface Bench {
  readonly setting: TrialSetting;
  judge(name: CheckName, why: Verdict): boolean;
  readonly started: Trial[];
}

const stepsFrom = (least: number) => (event: ConformingEvent) => event.ev === 'step' && event.step >= least;

async function runUndisturbed(bench: Bench): Promise<Trial | undefined> {
  const { judge, setting } = bench;
  const { recipe } = setting;
  const started = await launch(bench, 1);
  if (typeof started === 'string') return void judge('start', started);
  const exit = await started.ended();
  const logs = await started.logs();
  const ended = judge('start', endFault(logs, exit, 'completed'));
  judge('events', eventsFault(logs));
  if (!ended) return undefined;
  judge('hello', helloFault(logs, recipe));
  judge('beats', beatsFault(logs));
  judge('steps', stepsFault(logs, recipe.maxSteps));
  const due = Array.from(
    { length: Math.floor(recipe.maxSteps / recipe.saveSteps) },
    (_, index) => (index + 1) * recipe.saveSteps,
  );
  let fault: Verdict = null;
  for (const step of due) fault ??= await checkpointFault(savesOf(logs, step), started.layout.output, recipe);
  judge('checkpoints', fault);
  return started;
}

async function runOrdered(bench: Bench): Promise<void> {
  const { judge, setting } = bench;
  const { recipe } = setting;
  const trial = await launch(bench, 2);
  if (typeof trial === 'string' || !(await trial.first(stepsFrom(1))))
    return void judge('save', 'the second start did not get to its first step');
  judge('save', await saveFault(trial, setting));
  await trial.order('saveStop');
  const exit = await trial.ended();
  const logs = await trial.logs();
  const last = logs[0]?.events.findLast(({ ev }) => ev === 'save');
  const acknowledged = logs.every(({ events }) => events.some(({ ev }) => ev === 'stopAck'));
  const why =
    endFault(logs, exit, 'stopped') ??
    (acknowledged ? null : 'a rank wrote no stopAck') ??
    (last
      ? await checkpointFault(savesOf(logs, last.step), trial.layout.output, recipe)
      : 'it saved nothing');
  judge(
    'saveStop',
    why?.includes('{completed}') ? `${why}: it did not obey, or had too few steps left` : why,
  );
}

async function dumpFault(trial: Trial, ranks: number): Promise<Verdict> {
  const files = Array.from({ length: ranks }, (_, rank) => trial.layout.stacksOf(rank));
  const empty = async (): Promise<string[]> => {
    const filled = await Promise.all(files.map(isFilled));
    return files.filter((_, rank) => !filled[rank]);
  };
  await trial.order('dump');
  await trial.until(async () => (await empty()).length === 0, dumpLimitMs);
  const [first] = await empty();
  return first ? `${first} is empty` : null;
}

/** A save that was due anyway proves nothing: then the order is given once more. */
async function saveFault(trial: Trial, { recipe }: TrialSetting): Promise<Verdict> {
  if (recipe.saveSteps === 1) return null;
  for (let tries = 0; tries < 4; tries += 1) {
    await trial.order('save');
    const now = lastStep(await trial.logs());
    const before = now - 1;
    await trial.first(stepsFrom(now + 3));
    const logs = await trial.logs();
    const saved = logs[0]?.events.find(
      ({ ev, step }) => ev === 'save' && step > before && step % recipe.saveSteps !== 0,
    );
    if (saved) return checkpointFault(savesOf(logs, saved.step), trial.layout.output, recipe);
    const due = logs[0]?.events.some(({ ev, step }) => ev === 'save' && step > before);
    if (!due) return `no save came within three steps of the order at step ${now}`;
  }
  return 'too few steps lie between two saves to tell: raise saveSteps';
}

async function runStopped(bench: Bench): Promise<void> {
  const { judge, setting } = bench;
  const trial = await launch(bench, 3);
  if (typeof trial === 'string' || !(await trial.first(stepsFrom(1))))
    return void judge('term', 'the third start did not get to its first step');
  judge('dump', await dumpFault(trial, setting.recipe.distributed?.ranks ?? 1));
  await trial.stop(setting.recipe.graceS);
  const exit = await trial.ended();
  const finished = endFault(await trial.logs(), exit, 'completed') === null;
  const late = exit?.signal === 'SIGKILL' ? `it was still there ${setting.recipe.graceS} s after TERM` : null;
  judge('term', finished ? 'it trained to its end: it ignores TERM, or has too few steps to tell' : late);
}

async function runKilled(bench: Bench, undisturbed: Trial): Promise<void> {
  const { judge, setting } = bench;
  const { recipe } = setting;
  const killed = await launch(bench, 4);
  if (typeof killed === 'string') return void judge('resume', killed);
  await killed.first(stepsFrom(recipe.saveSteps + 1));
  killed.kill();
  const exit = await killed.ended();
  if (exit?.code === 0)
    return void judge('resume', 'it had ended before it could be killed: give the recipe more steps');
  const before = await killed.logs();
  const whole =
    before[0]?.events.filter(
      ({ ev, step }) => ev === 'save' && savesOf(before, step).length === before.length,
    ) ?? [];
  const newest = whole.at(-1);
  if (!newest) return void judge('resume', 'no checkpoint was complete when it was killed');
  const resumed = await launch(bench, 5, { directory: String(newest['dir']), step: newest.step });
  if (typeof resumed === 'string') return void judge('resume', resumed);
  const ending: AttemptExit | null = await resumed.ended();
  const logs = await resumed.logs();
  const said = logs[0]?.events.find(({ ev }) => ev === 'hello')?.['resumeStep'];
  const why =
    endFault(logs, ending, 'completed') ??
    eventsFault(logs) ??
    (said === newest.step ? null : `hello says resumeStep ${String(said)}, not ${newest.step}`) ??
    stepsFault(logs, recipe.maxSteps, newest.step);
  if (judge('resume', why))
    judge('artefact', await artefactFault(undisturbed.layout.artefact, resumed.layout.artefact));
}

async function launch(
  { setting, started }: Bench,
  epoch: number,
  resume?: { readonly directory: string; readonly step: number },
): Promise<Trial | string> {
  try {
    const trial = await startTrial(setting, epoch, resume);
    started.push(trial);
    return trial;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

function savesOf(logs: readonly RankLog[], step: number): ConformingEvent[] {
  return logs.flatMap(({ events }) => events.filter((event) => event.ev === 'save' && event.step === step));
}

function lastStep(logs: readonly RankLog[]): number {
  return logs[0]?.events.findLast(({ ev }) => ev === 'step')?.step ?? 0;
}
