/**
 * Watches one attempt on its own host: reads its events, verifies its checkpoints, notices its end or its silence, and
 * says what class of end it was. It owns nothing: whatever ends the watch, the trainer goes on.
 */
import { failure } from '../failure.ts';
import type { AttemptOutcome, TrainingPlan, TrainingStep } from '../../workflows/training/contract.ts';
import { addingNotice, type AttemptView, leadOf } from './attempt-view.ts';
import { createCopier } from './checkpoints/copier.ts';
import { freeBytesAt } from './checkpoints/disk.ts';
import { prune } from './checkpoints/retention.ts';
import { strategyFault } from './checkpoints/strategy-fault.ts';
import type { Stopping } from './classify.ts';
import { scopeOf } from './launch.ts';
import { attemptLayout } from './layout.ts';
import type { AttemptStatus } from './launcher.ts';
import type { TrainingPorts } from './ports.ts';
import { createPulse, type Pulse } from './pulse.ts';
import { readRecipe } from './read-recipe.ts';
import { orderDump } from './stop.ts';
import { conclude } from './watching/conclude.ts';
import { createDiskWatch } from './watching/disk-watch.ts';
import { createExitBell } from './watching/exit-bell.ts';
import { createHangWatch } from './watching/hang.ts';
import { keepView, takeUpView } from './watching/kept-view.ts';
import { createPhaseTimes, loadPhaseTimes, savePhaseTimes, sweepPhaseTimes } from './watching/phase-times.ts';
import { createRankFiles } from './watching/rank-files.ts';
import { judgeOf } from './watching/judged.ts';
import { createRegistrar } from './watching/registrar.ts';
import { awaitStacks } from './watching/stacks.ts';
import { recordStopping } from './watching/stopping.ts';
import { sampleTree } from './watching/tree-activity.ts';

export interface WatchRequest {
  readonly run: string;
  readonly plan: TrainingPlan;
  readonly epoch: number;
}

export interface WatchHooks {
  /** Where an earlier watch of this attempt had got to, by its last heartbeat. */
  readonly view: AttemptView;
  /** Called about twice a second with all that is known. */
  report(view: AttemptView, step: TrainingStep): void;
  /** Rejects when the watch is to end; resolves after the time. */
  sleep(ms: number): Promise<void>;
  /** Milliseconds after which the watch hands over to the next one. */
  readonly sliceMs: number;
}

const pollMs = 250;
/** Between full looks at the shim's process, only its record of the end is looked for. */
const observeEveryMs = 500;
const reportEveryMs = 500;
const keepEveryMs = 30_000;
/** Of one that a scheduler holds back. */
const queuedPollMs = 5_000;
/** A trainer that sees its own numbers break may end by itself within this. */
const nanGraceMs = 500;

/** Null when the slice is over and the trainer still runs. Throws `Training.HostUnknown` when nobody can say whether it does. */
export async function watchAttempt(
  ports: TrainingPorts,
  request: WatchRequest,
  hooks: WatchHooks,
): Promise<AttemptOutcome | null> {
  const { run, epoch, plan } = request;
  const layout = attemptLayout(ports.root, run, epoch);
  const scope = scopeOf(ports, run, plan);
  const recipe = await readRecipe(ports.blobs, plan.recipeSha256);
  const timesOf = { recipeSha256: plan.recipeSha256, host: ports.host };
  const times = createPhaseTimes(await loadPhaseTimes(ports.database, timesOf));
  const taken = await takeUpView(layout, hooks.view);
  const pulse = createPulse(taken.view.ranks, performance.now());
  const copier = createCopier(scope, ports.copies);
  copier.kick();
  const judge = judgeOf(ports, layout, recipe);
  const registrar = await createRegistrar({ scope, recipe, epoch, judge, onVerified: copier.kick });
  const files = createRankFiles({
    ...{ layout, epoch },
    view: taken.lost ? addingNotice(taken.view, lostNotice(taken.view)) : taken.view,
    onEvent(rank, event, nowMs) {
      pulse.feel(rank.rank, event);
      if (rank.rank === 0) times.feel(event, rank.ownSteps, nowMs);
    },
  });
  const hang = createHangWatch({ recipe, times, sample: () => sampleShim(ports, request) });
  const disk = createDiskWatch({
    saveSteps: recipe.saveSteps,
    freeBytes: () => freeBytesAt(layout.output),
    // What cannot be deleted leaves the room as it is.
    prune: () => prune(scope, recipe.keep, epoch).catch(() => {}),
  });
  const saveTimes = (): Promise<void> => savePhaseTimes(ports.database, timesOf, times.fresh());
  const keep = (handedOver: boolean): Promise<void> =>
    keepView(layout, { view: files.view, handedOver }).catch(() => {});

  const end = async (status: AttemptStatus): Promise<AttemptOutcome> => {
    await files.readToEnd(performance.now());
    files.view = registrar.tend(files.view);
    await registrar.idle();
    files.view = registrar.tend(files.view);
    await saveTimes();
    await sweepPhaseTimes(ports.database);
    const { checkpoints } = registrar;
    return conclude(ports, { run, epoch, layout, recipe, view: files.view, checkpoints, status });
  };
  const stop = async (stopping: Stopping, graceS: number): Promise<AttemptOutcome> => {
    await recordStopping(layout, stopping);
    await ports.launcher.stop(layout, run, epoch, graceS);
    // `stop` proves the tree dead, even where no record says so.
    return end(await ports.launcher.observe(layout, run, epoch));
  };

  const until = performance.now() + hooks.sliceMs;
  let [observedMs, reportedMs, keptMs] = [-Infinity, -Infinity, performance.now()];
  let badSinceMs: number | undefined;
  let isQueued = false;
  using bell = createExitBell(layout);
  await keep(false);
  try {
    for (let now = performance.now(); now < until; now = performance.now()) {
      // No clock runs against what a scheduler holds back.
      if (!isQueued) pulse.pass(files.view.ranks, now);
      const recorded = await bell.isThere();
      const due = recorded || now - observedMs >= observeEveryMs;
      if (due) observedMs = now;
      const status: AttemptStatus = due
        ? await ports.launcher.observe(layout, run, epoch)
        : { status: 'alive' };
      // The status is read first: what the trainer wrote before it ended is then there to be read.
      await files.read(now);
      if (status.status === 'unknown') throw failure('Training.HostUnknown', status.why);
      isQueued = status.status === 'queued';
      if (status.status === 'queued') {
        hooks.report(files.view, queuedOf(stepOf(epoch, files.view, registrar.checkpoints), status.reason));
        await hooks.sleep(queuedPollMs);
        continue;
      }
      if (status.status !== 'alive') return await end(status);
      files.view = registrar.tend(files.view);
      const { view } = files;

      const { worldSize, strategy } = view;
      const misfit =
        worldSize === null
          ? undefined
          : strategyFault(recipe, { worldSize, strategy: strategy ?? undefined });
      if (misfit) return await stop({ by: 'config', why: misfit }, 2);
      if (view.finiteness.bad) badSinceMs ??= now;
      if (badSinceMs !== undefined && now - badSinceMs > nanGraceMs) return await stop({ by: 'nan' }, 2);
      const room = await disk.look(view, now);
      if (room.kind === 'none') return await stop({ by: 'disk', why: room.why }, recipe.graceS);
      if (room.kind === 'short') files.view = addingNotice(view, room.notice);
      const suspicion = await hang.look(view.ranks, pulse);
      if (suspicion.kind === 'slow') files.view = addingNotice(files.view, suspicion.notice);
      if (suspicion.kind === 'hang') {
        const { phase, rank, why } = suspicion;
        await awaitStacks(layout.stacksOf(rank), () => orderDump(ports, request), hooks.sleep);
        return await stop({ by: 'hang', phase, rank, why }, 0);
      }

      if (now - reportedMs >= reportEveryMs) {
        reportedMs = now;
        files.view = withQuiet(files.view, pulse);
        hooks.report(files.view, stepOf(epoch, files.view, registrar.checkpoints));
      }
      if (now - keptMs >= keepEveryMs) {
        keptMs = now;
        await keep(false);
        await saveTimes();
      }
      await Promise.race([hooks.sleep(pollMs), ...(recorded ? [] : [bell.rung])]);
    }
    return null;
  } finally {
    // Also when the watch is called off: whoever comes next goes on from here.
    files.view = withQuiet(files.view, pulse);
    await keep(true);
  }
}

function queuedOf(step: TrainingStep, reason: string): TrainingStep {
  return { ...step, phase: `queued (${reason})` };
}

function sampleShim(ports: TrainingPorts, { run, epoch }: WatchRequest) {
  return ports.database
    .selectFrom('training_attempts')
    .select('pid')
    .where('run', '=', run)
    .where('epoch', '=', epoch)
    .executeTakeFirst()
    .then((row) => (row?.pid ? sampleTree(row.pid, performance.now()) : undefined));
}

function lostNotice(view: AttemptView) {
  const { step } = leadOf(view);
  return { kind: 'supervisorLost', step, text: 'the watch was lost and has re-attached' } as const;
}

function withQuiet(view: AttemptView, pulse: Pulse): AttemptView {
  const ranks = view.ranks.map((rank) => {
    const { quietMs, beatAgeMs } = pulse.of(rank.rank);
    return { ...rank, quietS: Math.round(quietMs / 1000), beatAgeS: Math.round(beatAgeMs / 1000) };
  });
  return { ...view, ranks };
}

function stepOf(epoch: number, view: AttemptView, checkpoints: readonly number[]): TrainingStep {
  const { phase, step } = leadOf(view);
  const { losses, notices, maxSteps, finiteness } = view;
  const rates = view.ranks.flatMap(({ tokensPerS }) => (tokensPerS === null ? [] : [tokensPerS]));
  const tokensPerS = rates.length > 0 ? rates.reduce((sum, rate) => sum + rate, 0) : null;
  return { epoch, phase, step, maxSteps, loss: finiteness.loss, checkpoints, tokensPerS, losses, notices };
}
