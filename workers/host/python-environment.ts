/**
 * Python environments in the cache, one per lock file: `NAME-<first 12 hex of the lock's sha256>`. Installed when first
 * needed, with hashes required; the marker is written last, so that an interrupted install is taken up again; a lock keeps
 * two installers apart.
 */
import { createHash } from 'node:crypto';
import { access, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { installPackages } from './install-packages.ts';
import { cacheDirectory } from './directories.ts';
import { missingPackages } from './missing-packages.ts';
import { findInterpreter, type Interpreter } from './python-interpreter.ts';
import { runLogged } from './run-logged.ts';
import { ensureSystemPackages } from './system-packages.ts';
import { withLock } from './with-lock.ts';

/**
 * `embedding`: numpy, tokenizers and the weights of MiniLM, 200 MB. `grading`: math-verify, 60 MB. `science`: numpy, pandas,
 * matplotlib for programs, 280 MB. `trainer`: torch, transformers, TRL, 5 GB (or 1.5 GB without CUDA).
 */
export type EnvironmentName = 'embedding' | 'grading' | 'science' | 'trainer';

export interface PythonOptions {
  /** Progress for people. */
  readonly note: (text: string) => void;
  readonly env?: NodeJS.ProcessEnv;
  readonly signal?: AbortSignal | undefined;
  /** The environment must fit this interpreter; default: any that is found. */
  readonly interpreter?: Interpreter | undefined;
}

/** Path of the environment's interpreter. Throws with a remedy when it cannot be installed. */
export async function ensurePython(name: EnvironmentName, options: PythonOptions): Promise<string> {
  const place = await locate(name, options.env ?? process.env, options.interpreter);
  if (await isComplete(place)) return place.python;
  const onWait = (pid: number): void =>
    options.note(`waiting for process ${pid}, which installs the Python environment "${name}"`);
  await mkdir(place.parent, { recursive: true });
  return withLock(`${place.directory}.lock`, { onWait, signal: options.signal }, async () => {
    if (await isComplete(place)) return place.python;
    if (!(await exists(place.python)) || (await missing(place)).length > 0)
      await install(name, place, options);
    await writeFile(
      place.marker,
      JSON.stringify({ lock: place.lockSha256, completedAt: new Date().toISOString() }),
    );
    return place.python;
  });
}

/** Path of its interpreter; null when it is not installed. */
export async function installedPython(
  name: EnvironmentName,
  env: NodeJS.ProcessEnv,
  interpreter?: Interpreter,
): Promise<string | null> {
  const place = await locate(name, env, interpreter);
  return (await isComplete(place)) ? place.python : null;
}

/** Whether `ensurePython` would return at once. */
export async function isPythonReady(
  name: EnvironmentName,
  env: NodeJS.ProcessEnv = process.env,
): Promise<boolean> {
  return (await installedPython(name, env)) !== null;
}

/** sha256 of the environment's lock file. */
export async function lockOf(name: EnvironmentName): Promise<string> {
  return (await locate(name, process.env)).lockSha256;
}

export interface Place {
  readonly parent: string;
  readonly directory: string;
  readonly python: string;
  readonly marker: string;
  readonly lockFile: string;
  readonly lockSha256: string;
  readonly variant: keyof typeof lockFiles;
  /** Set in the `cpu` variant: torch alone comes from this index, unhashed. */
  readonly torch?: { readonly index: string; readonly pin: string };
}

/** As in requirements.in; the `cpu` lock leaves it out. */
const torchPin = 'torch==2.13.0';

const lockFiles = {
  embedding: '../../activities/dataset/embedding/requirements.lock.txt',
  grading: '../../activities/benchmarks/graders/requirements.lock.txt',
  science: '../../activities/sandbox/science/requirements.lock.txt',
  trainer: '../../activities/training/trainer/requirements.lock.txt',
  'trainer-cpu': '../../activities/training/trainer/requirements-cpu.lock.txt',
};

/** Run with the environment's interpreter after the packages are in. */
const preparations: Partial<Record<EnvironmentName, string>> = {
  science: '../../activities/sandbox/science/prepare.py',
};

/** MASGPT_TORCH_INDEX chooses the `cpu` variant of the trainer. */
async function locate(
  name: EnvironmentName,
  env: NodeJS.ProcessEnv,
  interpreter?: Interpreter,
): Promise<Place> {
  const torchIndex = name === 'trainer' ? env['MASGPT_TORCH_INDEX'] : undefined;
  const variant = torchIndex ? ('trainer-cpu' as const) : name;
  const lockFile = fileURLToPath(new URL(lockFiles[variant], import.meta.url));
  const lockSha256 = digestOf(await readFile(lockFile));
  const parent = join(cacheDirectory(env), 'python');
  const suffix = interpreter ? `-${digestOf(`${interpreter.path} ${interpreter.version}`).slice(0, 8)}` : '';
  const directory = join(parent, `${variant}-${lockSha256.slice(0, 12)}${suffix}`);
  return {
    ...{ parent, directory, lockFile, lockSha256, variant },
    python: join(directory, 'bin', 'python'),
    marker: join(directory, 'complete.json'),
    ...(torchIndex ? { torch: { index: torchIndex, pin: torchPin } } : {}),
  };
}

async function install(name: EnvironmentName, place: Place, options: PythonOptions): Promise<void> {
  const env = options.env ?? process.env;
  await ensureSystemPackages(['python3-venv'], { note: options.note, env });
  const interpreter = options.interpreter ?? (await findInterpreter(env));
  options.note(`installing the Python environment "${name}" into ${place.directory}`);
  // Without --clear: what an interrupted install had fetched stays.
  await runLogged(interpreter.path, ['-m', 'venv', place.directory], { signal: options.signal });
  await installPackages(place, options);
  const lacking = await missing(place);
  if (lacking.length > 0) {
    throw new Error(
      `the Python environment ${place.directory} lacks ${lacking.slice(0, 5).join(', ')}; remove it and try again`,
    );
  }
  const preparation = preparations[name];
  if (!preparation) return;
  const script = fileURLToPath(new URL(preparation, import.meta.url));
  await runLogged(place.python, ['-I', '-B', script], { signal: options.signal });
}

function digestOf(data: string | Buffer): string {
  return createHash('sha256').update(data).digest('hex');
}

function missing(place: Place): Promise<string[]> {
  return missingPackages(place.python, place.lockFile, place.torch ? [place.torch.pin] : []);
}

async function isComplete(place: Place): Promise<boolean> {
  return (await exists(place.marker)) && (await exists(place.python));
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
