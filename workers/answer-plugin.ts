/** answerQuery in a worker: `plugins: [new AnswerPlugin({ config })]`, and `masgpt-temporal/workflows` among its workflows. */
import type { AnswerActivities } from '../workflows/answer/contract.ts';
import type { RunActivities } from '../workflows/shared/with-run.ts';
import { createAnswerActivities } from '../activities/mas/answer-activities.ts';
import { createGenerator } from '../activities/mas/generate.ts';
import { type Pool, readPool } from '../activities/mas/pool.ts';
import { askStatusFromActivity } from '../activities/storage/workflow-status.ts';
import { createRuns } from '../activities/storage/runs.ts';
import { MasPlugin, type MasPluginOptions } from './mas-plugin.ts';
import type { Services } from './services.ts';

export class AnswerPlugin extends MasPlugin<AnswerActivities & RunActivities> {
  constructor(options: MasPluginOptions) {
    super(
      {
        name: 'masgpt-temporal.AnswerPlugin',
        create,
        activities: {
          resolveAnswerInput: true,
          stepProgram: true,
          releaseProgram: true,
          chatCall: true,
          runCode: true,
          generateProgram: true,
          concludeAnswer: true,
          finishRun: true,
        },
      },
      options,
    );
  }
}

function create(services: Services) {
  const { config, database } = services;
  let pool: Promise<Pool> | undefined;
  return createAnswerActivities({
    ...services,
    pool: () => (pool ??= readPool()),
    sandbox: () => services.sandbox(),
    generator: createGenerator({ ...services, sandbox: () => services.sandbox() }),
    runs: createRuns({ database, askStatus: askStatusFromActivity }),
    defaultGenerator: config.generator,
    fallbackProgram: config.fallbackProgram,
    generation: config.generation,
  });
}
