/**
 * Watches one attempt on its own host: reads its events, verifies its checkpoints, notices its end or its silence, and
 * says what class of end it was. It owns nothing: whatever ends the watch, the trainer goes on.
 */
import { readFile } from 'node:fs/promises';
import type { AttemptOutcome, TrainingPlan, TrainingStep } from '../../workflows/training/contract.ts';
import { failure } from '../failure.ts';
import { toJson } from '../storage/encode.ts';
import { artefactIsWhole } from './artefact.ts';
import { type AttemptView, foldEvent } from './attempt-view.ts';
import { type CheckpointScope, registerCheckpoint, verifiedSteps } from './checkpoints.ts';
import { classify, type AttemptExit, type StopReason } from './classify.ts';
import { readEvents, type TrainerEvent } from './events.ts';
import { createPulse } from './pulse.ts';
import { scopeOf } from './launch.ts';
import { type AttemptLayout, attemptLayout, writeWhole } from './layout.ts';
import type { TrainingPorts } from './ports.ts';
import { readRecipe } from './read-recipe.ts';
import type { Recipe } from './recipe.ts';

export interface WatchRequest {
  readonly run: string;
  readonly plan: TrainingPlan;
  readonly epoch: number;
}

export interface WatchHooks {
  /** Where an earlier watch of this attempt had got to. */
  readonly view: AttemptView;
  /** Called about once a second with all that is known. */
  report(view: AttemptView, step: TrainingStep): void;
  /** Rejects when the watch is to end; resolves after the time. */
  sleep(ms: number): Promise<void>;
  /** Milliseconds after which the watch hands over to the next one. */
  readonly sliceMs: number;
}

const pollMs = 200;

/** Null when the slice is over and the trainer still runs. */
export async function watchAttempt(
  ports: TrainingPorts,
  request: WatchRequest,
  hooks: WatchHooks,
): Promise<AttemptOutcome | null> {
  const { run, epoch, plan } = request;
  const layout = attemptLayout(ports.root, run, epoch);
  const scope = scopeOf(ports, run, plan);
  const recipe = await readRecipe(ports.blobs, plan.recipeSha256);
  const pulse = createPulse(recipe.phaseLimitS, performance.now());
  const reader = createReader({ layout, scope, recipe, epoch, view: hooks.view, onEvent: pulse.feel });
  const until = performance.now() + hooks.sliceMs;
  while (performance.now() < until) {
    const status = await ports.launcher.observe(layout, run, epoch);
    // The status is read first: what the trainer wrote before it ended is then there to be read.
    await reader.readAll();
    hooks.report(reader.view, stepOf(epoch, reader));
    if (status.status === 'unknown') throw failure('Training.HostUnknown', status.why);
    if (status.status !== 'alive') return conclude(ports, request, layout, recipe, reader, status);
    const silence = pulse.overdue(reader.view.phase, performance.now());
    if (silence) {
      await writeWhole(layout.stopping, JSON.stringify({ by: 'hang', ...silence }));
      await ports.launcher.stop(layout, run, epoch, 0);
      const stopped = await ports.launcher.observe(layout, run, epoch);
      await reader.readAll();
      // `stop` proves the tree dead, even where no record says so.
      const end = stopped.status === 'ended' ? stopped : ({ status: 'gone' } as const);
      return conclude(ports, request, layout, recipe, reader, end);
    }
    await hooks.sleep(pollMs);
  }
  return null;
}

interface Reader {
  view: AttemptView;
  checkpoints: readonly number[];
  readAll(): Promise<void>;
}

function createReader(options: {
  readonly layout: AttemptLayout;
  readonly scope: CheckpointScope;
  readonly recipe: Recipe;
  readonly epoch: number;
  readonly view: AttemptView;
  readonly onEvent: (event: TrainerEvent, now: number) => void;
}): Reader {
  const { layout, scope, recipe, epoch } = options;
  let fresh = true;
  const reader: Reader = {
    view: options.view,
    checkpoints: [],
    async readAll() {
      if (fresh) reader.checkpoints = await verifiedSteps(scope);
      fresh = false;
      for (;;) {
        const { events, offset } = await readEvents(layout.events, reader.view.offset, epoch);
        if (offset === reader.view.offset) return;
        let view = reader.view;
        for (const event of events) {
          options.onEvent(event, performance.now());
          view = foldEvent(view, event);
          if (event.ev === 'save' && event.dir !== undefined) {
            const saved = {
              ...{ step: event.step, epoch, directory: event.dir, versions: view.versions },
              ...{ worldSize: 1, parts: [] },
            };
            await registerCheckpoint(
              scope,
              { ...saved, parentStep: reader.checkpoints.at(-1) ?? null },
              recipe,
            );
            reader.checkpoints = await verifiedSteps(scope);
          }
        }
        reader.view = { ...view, offset };
      }
    },
  };
  return reader;
}

function stepOf(epoch: number, { view, checkpoints }: Reader): TrainingStep {
  const { phase, step, maxSteps, loss } = view;
  return { epoch, phase, step, maxSteps, loss, checkpoints };
}

async function conclude(
  ports: TrainingPorts,
  { run, epoch }: WatchRequest,
  layout: AttemptLayout,
  recipe: Recipe,
  reader: Reader,
  status: { readonly status: 'ended'; readonly exit: AttemptExit } | { readonly status: 'gone' },
): Promise<AttemptOutcome> {
  const { view, checkpoints } = reader;
  const found = classify({
    view,
    exit: status.status === 'ended' ? status.exit : null,
    stopping: await stoppingOf(layout),
    artefactWhole: view.end === 'completed' && (await artefactIsWhole(layout.artefact, recipe)),
  });
  await ports.database
    .updateTable('training_attempts')
    .set({
      state: 'ended',
      outcome: found.class,
      evidence: toJson({ text: found.evidence }),
      ended_at: new Date(),
    })
    .where('run', '=', run)
    .where('epoch', '=', epoch)
    .execute();
  const attempt = await ports.database
    .selectFrom('training_attempts')
    .select('resume_step')
    .where('run', '=', run)
    .where('epoch', '=', epoch)
    .executeTakeFirstOrThrow();
  return { ...found, resumeStep: attempt.resume_step, step: view.step, checkpoints, loss: view.loss };
}

async function stoppingOf(layout: AttemptLayout): Promise<StopReason | null> {
  const text = await readFile(layout.stopping, 'utf8').catch(() => undefined);
  return text === undefined ? null : (JSON.parse(text) as { by: StopReason }).by;
}
