/** superviseTraining in a worker: `plugins: [new TrainingPlugin({ config })]`, and `masgpt-temporal/workflows` among its workflows. */
import { hostname } from 'node:os';
import { join, resolve } from 'node:path';
import { createTrainingActivities, type TrainingActivities } from '../activities/training/activities.ts';
import { createDeliverNotice } from '../activities/training/notify.ts';
import { createLocalLauncher } from '../activities/training/launchers/local.ts';
import { thisMachine } from '../activities/training/process-identity.ts';
import { ownRecipes } from '../activities/training/recipe.ts';
import { createRunActivities, createRuns } from '../activities/storage/runs.ts';
import { askStatusFromActivity } from '../activities/storage/workflow-status.ts';
import type { RunActivities } from '../workflows/shared/with-run.ts';
import { checkpointBucket } from './checkpoint-bucket.ts';
import { passedOn } from './host/passed-on.ts';
import { ensurePython } from './host/python-environment.ts';
import { findInterpreter } from './host/python-interpreter.ts';
import { MasPlugin, type MasPluginOptions } from './mas-plugin.ts';
import type { Services } from './services.ts';

export class TrainingPlugin extends MasPlugin<TrainingActivities & RunActivities> {
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
  }
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
        machine: thisMachine(config.training.host ?? hostname()),
      }),
      root: resolve(join(config.home, 'training')),
      host: config.training.host ?? hostname(),
      trainerPython: async () =>
        config.training.python ??
        ensurePython('trainer', { note: (text) => process.stderr.write(`${text}\n`) }),
      trainerEnv: passedOn(process.env),
      copies: checkpointBucket(config, process.env),
      targets: Object.keys(config.training.notify),
      hostSilentS: config.training.hostSilentS,
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
