/** Pins what a training run trains on and how: the dataset run's file, the recipe's content. Refuses names it does not know. */
import { failure } from '../failure.ts';
import { createResolveInput, type ResolveInputOptions } from '../storage/resolve-input.ts';
import type { Runs } from '../storage/runs.ts';
import {
  type TrainingInput,
  trainingInputSchema,
  type TrainingPlan,
} from '../../workflows/training/contract.ts';
import type { ResolvedRun, RunIdentity } from '../../workflows/shared/run-input.ts';
import type { Places } from './places.ts';
import { requireKnownModel } from './models/base-model.ts';
import type { TrainingPorts } from './ports.ts';
import { lackingWords, listGpus, registerGpus } from './gpus/registry.ts';
import { type AskedGpus, loadRecipe } from './recipe.ts';

type ResolvePorts = Pick<TrainingPorts, 'database' | 'blobs' | 'recipes' | 'host' | 'gpus' | 'models'> & {
  readonly places: Places;
  readonly runs: Runs;
};

export function createResolveTraining(
  ports: ResolvePorts,
): (raw: unknown, identity: RunIdentity) => Promise<ResolvedRun<TrainingPlan>> {
  const options: ResolveInputOptions<TrainingInput> = {
    kind: 'training',
    schema: trainingInputSchema,
    example: { dataset: 'my-dataset', recipe: 'tiny' },
    runs: ports.runs,
    prepare: (input, identity) => plan(ports, input, identity),
  };
  const resolve = createResolveInput(options);
  return async (raw, identity) => (await resolve(raw, identity)) as ResolvedRun<TrainingPlan>;
}

async function plan(ports: ResolvePorts, input: TrainingInput, identity: RunIdentity): Promise<TrainingPlan> {
  const launchers = ['local', ...Object.keys(ports.places)];
  if (!launchers.includes(input.launcher))
    throw failure('Input.NotFound', `no launcher ${input.launcher}; known: ${launchers.join(', ')}`);
  const recipe = await loadRecipe(input.recipe, ports.recipes);
  if (recipe.gpus && input.launcher === 'local') await requireGpus(ports, recipe.gpus);
  await requireKnownModel(recipe, ports.models);
  const dataset = await datasetOf(ports, input.dataset, identity.namespace);
  return {
    ...input,
    ...dataset,
    recipeSha256: await ports.blobs.put(JSON.stringify(recipe)),
    maxSteps: recipe.maxSteps,
  };
}

/** Refuses what no host that trains could ever give. */
async function requireGpus({ database, host, gpus }: ResolvePorts, asked: AskedGpus): Promise<void> {
  const lacking = async (): Promise<string | undefined> => lackingWords(await listGpus(database), asked);
  if ((await lacking()) === undefined) return;
  // A worker that has just started may not have told its own yet.
  await registerGpus(database, host, gpus);
  const words = await lacking();
  if (words !== undefined)
    throw failure('Input.Invalid', `${words}: start a worker on a host that has them, or use another recipe`);
}

async function datasetOf(
  ports: ResolvePorts,
  name: string,
  namespace: string,
): Promise<{ readonly datasetSha256: string; readonly rows: number }> {
  const row = await ports.database
    .selectFrom('runs')
    .select(['state', 'result'])
    .where('namespace', '=', namespace)
    .where('kind', '=', 'dataset')
    .where('name', '=', name)
    .executeTakeFirst();
  if (!row)
    throw failure(
      'Input.NotFound',
      `no dataset ${name}; build it with "masgpt dataset build --name ${name}"`,
    );
  const result = row.result as {
    readonly rows?: number;
    readonly files?: Readonly<Record<string, string>>;
  } | null;
  const datasetSha256 = result?.files?.['sft.jsonl'];
  if (row.state !== 'succeeded' || datasetSha256 === undefined) {
    throw failure('Input.NotFound', `dataset ${name} is ${row.state}: only a finished one can be trained on`);
  }
  if (!result?.rows)
    throw failure('Input.Invalid', `dataset ${name} has no rows: build it with more queries`);
  return { datasetSha256, rows: result.rows };
}
