/**
 * Starts an attempt: mints its epoch, fences and outlives older ones, picks the verified checkpoint, writes the job and
 * hands it to the launcher. Every step may be repeated by a retry of the activity: the epoch is its key.
 */
import type { LaunchResult, TrainingPlan } from '../../workflows/training/contract.ts';
import type { ResumeChange } from '../../workflows/training/outcome.ts';
import { failure, isFailure } from '../failure.ts';
import { brokenNodes } from './broken-nodes.ts';
import { type CheckpointScope, verifiedSteps } from './checkpoints.ts';
import { chooseCheckpoint } from './checkpoints/choose.ts';
import { prune, pruneAll } from './checkpoints/retention.ts';
import { visibleDevices } from './gpus/discover.ts';
import { gpusOf } from './gpus/lease.ts';
import { dataFileOf } from './data-file.ts';
import { environmentOf, jobOf } from './job.ts';
import { attemptLayout, convertedPath, writeWhole } from './layout.ts';
import { raiseLease } from './lease.ts';
import { mintEpoch } from './mint-epoch.ts';
import { baseModelOf, pinModel } from './models/base-model.ts';
import { configSha } from './plan.ts';
import type { TrainingPorts } from './ports.ts';
import { trainerScript } from './ports.ts';
import { readRecipe } from './read-recipe.ts';
import type { Recipe } from './recipe.ts';
import { recordStopping } from './watching/stopping.ts';

export interface LaunchRequest {
  readonly run: string;
  readonly plan: TrainingPlan;
  /** The operator's choice; the newest verified one when absent; 0 = from the start. */
  readonly fromStep?: number;
  /** What this attempt does otherwise than the last one. */
  readonly change?: ResumeChange;
}

export async function launchAttempt(
  ports: TrainingPorts,
  request: LaunchRequest,
  mintedBy: string,
): Promise<LaunchResult> {
  const { run, plan } = request;
  const { epoch, host } = await mintEpoch(ports.database, { run, mintedBy, host: ports.host });
  if (host !== ports.host)
    throw failure('Training.HostUnknown', `attempt ${epoch} of ${run} began on host ${host}`);
  await fence(ports, run, epoch);
  const scope = scopeOf(ports, run, plan);
  const layout = attemptLayout(ports.root, run, epoch);
  const recipe = await readRecipe(ports.blobs, plan.recipeSha256);
  const prepared = await ports.database
    .selectFrom('training_attempts')
    .select(['state', 'resume_step'])
    .where('run', '=', run)
    .where('epoch', '=', epoch)
    .executeTakeFirstOrThrow();
  if (prepared.state !== 'minted') {
    return {
      kind: 'launched',
      epoch,
      host,
      resumeStep: prepared.resume_step,
      quarantined: [],
      checkpoints: await verifiedSteps(scope),
    };
  }
  const { change, fromStep } = request;
  const rollBack = change?.kind === 'rollBack' ? change : undefined;
  const chosen = await chooseCheckpoint(scope, { recipe, fromStep, rollBack, copies: ports.copies });
  // Verified just now: what retention gives up may go.
  if (change?.kind === 'prune') await pruneAll(scope, recipe.keep);
  else if (chosen.checkpoint) await prune(scope, recipe.keep);
  if (chosen.lost) {
    await endAttempt(ports, run, epoch, 'checkpointCorrupt');
    return { kind: 'noCheckpoint', quarantined: chosen.quarantined };
  }
  const dataset = await dataFileOf(ports, run, plan.datasetSha256);
  const base = await baseModelOf(recipe, ports.models);
  if (base) await pinModel(ports.database, { run, epoch, configSha: configSha(plan) }, base);
  const resume = chosen.checkpoint;
  await writeWhole(
    layout.job,
    JSON.stringify(
      jobOf(layout, {
        ...{ run, epoch, dataset, seed: plan.seed, resume, recipe },
        base: base && { ...base, converted: convertedPath(ports.root, run, base.sha256) },
        ...{ configSha: configSha(plan), dataSha: plan.datasetSha256 },
      }),
    ),
  );
  const gpus = await gpusOf(ports.database, run, epoch);
  const launched = await ports.launcher.launch(layout, {
    run,
    epoch,
    command: [...(await commandOf(ports, recipe)), layout.job],
    env: {
      ...environmentOf(ports.trainerEnv, recipe, layout.directory),
      // Empty hides all: what is not leased is not used. A scheduler sets its own where some were asked for.
      ...(plan.launcher === 'local' || !recipe.gpus ? { CUDA_VISIBLE_DEVICES: visibleDevices(gpus) } : {}),
    },
    gpus: gpus.map(({ uuid }) => uuid),
    wantedGpus: recipe.gpus,
    avoidNodes: await brokenNodes(ports, run),
    graceS: recipe.graceS,
    distributed: recipe.distributed,
  });
  await ports.database
    .updateTable('training_attempts')
    .set({
      state: 'running',
      boot_id: launched?.bootId ?? null,
      pid: launched?.pid ?? null,
      start_ticks: launched?.startTicks ?? null,
      directory: layout.directory,
      resume_step: resume?.step ?? null,
    })
    .where('run', '=', run)
    .where('epoch', '=', epoch)
    .execute();
  return {
    kind: 'launched',
    epoch,
    host,
    resumeStep: resume?.step ?? null,
    quarantined: chosen.quarantined,
    checkpoints: await verifiedSteps(scope),
    ...(gpus.length > 0 ? { gpus: gpus.map(({ uuid }) => uuid) } : {}),
    ...(launched ? { scope: launched.scope.kind } : {}),
  };
}

export function scopeOf(ports: TrainingPorts, run: string, plan: TrainingPlan): CheckpointScope {
  const { database, root } = ports;
  return { database, root, run, configSha: configSha(plan), dataSha: plan.datasetSha256 };
}

/** A new attempt starts only when each older one is proved dead. Unknown is not dead. */
async function fence(ports: TrainingPorts, run: string, epoch: number): Promise<void> {
  const older = await ports.database
    .selectFrom('training_attempts')
    .select(['epoch', 'host', 'state'])
    .where('run', '=', run)
    .where('epoch', '<', epoch)
    .where('state', '!=', 'ended')
    .orderBy('epoch')
    .execute();
  const foreign = older.find((attempt) => attempt.host !== ports.host);
  if (foreign) {
    throw failure(
      'Training.HostUnknown',
      `attempt ${foreign.epoch} of ${run} may still run on host ${foreign.host}`,
      { details: [{ epoch: foreign.epoch, host: foreign.host }] },
    );
  }
  await raiseLease(ports.database, ports.root, run);
  for (const attempt of older) {
    const layout = attemptLayout(ports.root, run, attempt.epoch);
    await recordStopping(layout, { by: 'fence' });
    await ports.launcher.stop(layout, run, attempt.epoch, 2).catch((error: unknown) => {
      if (!isFailure(error, 'Training.HostUnknown')) throw error;
      const details = [{ epoch: attempt.epoch, host: attempt.host }];
      throw failure('Training.HostUnknown', error.message, { details });
    });
    await endAttempt(ports, run, attempt.epoch, 'superseded');
  }
}

async function endAttempt(ports: TrainingPorts, run: string, epoch: number, outcome: string): Promise<void> {
  await ports.database
    .updateTable('training_attempts')
    .set({ state: 'ended', outcome, ended_at: new Date() })
    .where('run', '=', run)
    .where('epoch', '=', epoch)
    .where('state', '!=', 'ended')
    .execute();
}

async function commandOf(ports: TrainingPorts, recipe: Recipe): Promise<readonly string[]> {
  return recipe.kind === 'command' ? recipe.command : [await ports.trainerPython(), trainerScript];
}
