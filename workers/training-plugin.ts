/** superviseTraining in a worker: `plugins: [new TrainingPlugin({ config })]`, and `masgpt-temporal/workflows` among its workflows. */
import { join, resolve } from 'node:path';
import { createTrainingActivities, type TrainingActivities } from '../activities/training/activities.ts';
import type { Gpu } from '../activities/training/gpus/discover.ts';
import { registerGpus } from '../activities/training/gpus/registry.ts';
import { createJudgePrograms } from '../activities/training/judge-programs.ts';
import { createDeliverNotice } from '../activities/training/notify.ts';
import { createLocalLauncher } from '../activities/training/launchers/local.ts';
import { thisMachine } from '../activities/training/process-identity.ts';
import { ownRecipes } from '../activities/training/recipe.ts';
import { openDatabase } from '../activities/storage/database.ts';
import { createRunActivities, createRuns } from '../activities/storage/runs.ts';
import { askStatusFromActivity } from '../activities/storage/workflow-status.ts';
import { queuesOf } from '../workflows/shared/queues.ts';
import type { RunActivities } from '../workflows/shared/with-run.ts';
import type { Worker } from '@temporalio/worker';
import { checkpointBucket } from './checkpoint-bucket.ts';
import type { Config } from './config/schema.ts';
import { trainingHost } from './config/training-host.ts';
import { createModelPlaces } from './host/models.ts';
import { passedOn } from './host/passed-on.ts';
import { ensurePython } from './host/python-environment.ts';
import { findInterpreter } from './host/python-interpreter.ts';
import { MasPlugin, type MasPluginOptions } from './mas-plugin.ts';
import type { Services } from './services.ts';
import { trainingPlaces } from './training-places.ts';

export class TrainingPlugin extends MasPlugin<TrainingActivities & RunActivities> {
  readonly #options: MasPluginOptions;

  constructor(options: MasPluginOptions) {
    super(
      {
        name: 'masgpt-temporal.TrainingPlugin',
        create,
        activities: {
          resolveTrainingInput: true,
          findArtefact: true,
          mintAttempt: true,
          launchAttempt: true,
          watchAttempt: true,
          saveNow: true,
          stopAttempt: true,
          retireAttempt: true,
          finishTraining: true,
          changeRecipe: true,
          declareLost: true,
          recordOperation: true,
          deliverNotice: true,
          finishRun: true,
        },
      },
      options,
    );
    this.#options = options;
  }

  /** A worker that trains tells which GPUs its host has, so that runs are refused, or wait, for what is true. */
  override runWorker(worker: Worker, next: (worker: Worker) => Promise<void>): Promise<void> {
    const { services, config = services?.config } = this.#options;
    if (
      config &&
      worker.options.taskQueue === queuesOf(config.temporal.taskQueue).gpuHost(trainingHost(config))
    )
      void tellGpus(this.#options, config);
    return super.runWorker(worker, next);
  }
}

/** A database or driver that does not answer holds up no worker: each launch tells it again. */
async function tellGpus({ services }: MasPluginOptions, config: Config): Promise<void> {
  const opened = services ? undefined : openDatabase(config.databaseUrl ?? '', { max: 1 });
  try {
    const database = services?.database ?? opened;
    if (database) await registerGpus(database, trainingHost(config), gpusOf(config));
  } catch {
    // Told again at the next launch.
  } finally {
    await opened?.destroy();
  }
}

function gpusOf({ training }: Config): readonly Gpu[] | undefined {
  return training.gpus?.map(({ memoryGib = null, pci = null, ...gpu }) => ({ ...gpu, memoryGib, pci }));
}

function create(services: Services): TrainingActivities & RunActivities {
  const { config, database, blobs } = services;
  const runs = createRuns({ database, askStatus: askStatusFromActivity });
  let shimPython: Promise<string> | undefined;
  return {
    ...createTrainingActivities({
      database,
      blobs,
      runs,
      launcher: createLocalLauncher({
        findPython: () => (shimPython ??= findInterpreter(process.env).then(({ path }) => path)),
        machine: services.machine ?? thisMachine(trainingHost(config)),
      }),
      root: resolve(join(config.home, 'training')),
      host: trainingHost(config),
      gpus: gpusOf(config),
      places: trainingPlaces(config, process.env),
      trainerPython: async () =>
        config.training.python ??
        ensurePython('trainer', { note: (text) => process.stderr.write(`${text}\n`) }),
      trainerEnv: passedOn(process.env),
      copies: checkpointBucket(config, process.env),
      judgePrograms: createJudgePrograms(() => services.sandbox()),
      models: createModelPlaces({
        named: config.training.models,
        python: () => ensurePython('trainer', { note: (text) => process.stderr.write(`${text}\n`) }),
        note: (text) => process.stderr.write(`${text}\n`),
      }),
      observer: services.observer,
      targets: Object.keys(config.training.notify),
      hostSilentS: config.training.hostSilentS,
      gpuWaitS: config.training.gpuWaitS,
      deliver: createDeliverNotice(
        Object.fromEntries(
          Object.entries(config.training.notify).map(([name, target]) => [
            name,
            { ...target, readUrl: () => process.env[target.urlEnv] },
          ]),
        ),
      ),
      recipes: [...(config.training.recipes ? [resolve(config.training.recipes)] : []), ownRecipes],
    }),
    ...createRunActivities({ runs }),
  };
}
