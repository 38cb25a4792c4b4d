/**
 * The configuration in effect: defaults < masgpt.config.yaml < environment < flags, checked as a whole. An error names the
 * path, the value, where it came from and what was expected.
 */
import { readFile } from 'node:fs/promises';
import { parseDocument } from 'yaml';
import type { z } from 'zod';
import { type Config, configSchema } from './schema.ts';
import { simulatedModels } from './simulated-models.ts';

/** Where a value comes from: "default", the file's name, "environment NAME" or "flag --name". */
export type Origin = string;

export interface LoadConfigOptions {
  /** Default: MASGPT_CONFIG, else masgpt.config.yaml in the working directory, which may be missing. */
  readonly file?: string | undefined;
  readonly env: NodeJS.ProcessEnv;
  /** By path: `{ home: 'dir', 'temporal.taskQueue': 'q' }`; undefined ones do not count. */
  readonly flags?: Readonly<Record<string, unknown>>;
}

export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

export const environmentNames: Readonly<Record<string, string>> = {
  home: 'MASGPT_HOME',
  'temporal.address': 'TEMPORAL_ADDRESS',
  'temporal.namespace': 'TEMPORAL_NAMESPACE',
  'temporal.taskQueue': 'MASGPT_TASK_QUEUE',
  databaseUrl: 'DATABASE_URL',
  generator: 'MASGPT_GENERATOR',
  'sandbox.level': 'MASGPT_SANDBOX_LEVEL',
  'sandbox.python': 'MASGPT_SANDBOX_PYTHON',
  'training.python': 'MASGPT_TRAINER_PYTHON',
  'training.host': 'MASGPT_HOST',
  'metrics.address': 'MASGPT_METRICS',
};

export async function loadConfig(options: LoadConfigOptions): Promise<Config> {
  return (await loadConfigWithOrigins(options)).config;
}

export async function loadConfigWithOrigins(
  options: LoadConfigOptions,
): Promise<{ readonly config: Config; readonly originOf: (path: string) => Origin }> {
  const { file = options.env['MASGPT_CONFIG'], env, flags = {} } = options;
  const name = file ?? 'masgpt.config.yaml';
  const origins = new Map<string, Origin>();
  const tree: Tree = {};
  const put = (path: readonly string[], value: unknown, origin: Origin): void => {
    setAt(tree, path, value);
    origins.set(path.join('.'), origin);
  };
  for (const [model, definition] of Object.entries(simulatedModels(env))) {
    put(['models', model], definition, 'environment MASGPT_SIMULATOR_URL');
  }
  for (const [path, value] of leavesOf(await readConfigFile(name, file !== undefined)))
    put(path, value, name);
  for (const [path, variable] of Object.entries(environmentNames)) {
    if (env[variable]) put(path.split('.'), env[variable], `environment ${variable}`);
  }
  for (const [path, value] of Object.entries(flags)) {
    if (value !== undefined) put(path.split('.'), value, `flag --${path.split('.').at(-1)}`);
  }
  const originOf = (path: string): Origin => nearest(origins, path) ?? 'default';
  const parsed = configSchema.safeParse(tree);
  if (!parsed.success) throw invalid(parsed.error.issues, tree, originOf);
  return { config: parsed.data, originOf };
}

interface Tree {
  [key: string]: unknown;
}

async function readConfigFile(name: string, isNamed: boolean): Promise<unknown> {
  let text: string;
  try {
    text = await readFile(name, 'utf8');
  } catch (error) {
    if (!isNamed && (error as NodeJS.ErrnoException).code === 'ENOENT') return {};
    throw new ConfigError(`cannot read the configuration file ${name}: ${(error as Error).message}`, {
      cause: error,
    });
  }
  const document = parseDocument(text);
  const [problem] = document.errors;
  if (problem) throw new ConfigError(`${name} is not valid YAML: ${problem.message.split('\n')[0]}`);
  const content: unknown = document.toJS({ maxAliasCount: 100 });
  if (content === null || content === undefined) return {};
  if (!isTree(content)) throw new ConfigError(`${name} must hold a mapping, such as "home: .masgpt"`);
  return content;
}

/** Every value that is no mapping, with its path; an empty mapping counts as one. */
function leavesOf(value: unknown, path: readonly string[] = []): [readonly string[], unknown][] {
  if (!isTree(value) || (path.length > 0 && Object.keys(value).length === 0))
    return path.length === 0 ? [] : [[path, value]];
  return Object.entries(value).flatMap(([key, part]) => leavesOf(part, [...path, key]));
}

function setAt(tree: Tree, path: readonly string[], value: unknown): void {
  let node = tree;
  for (const key of path.slice(0, -1)) {
    const next = Object.hasOwn(node, key) ? node[key] : undefined;
    const child: Tree = isTree(next) ? next : {};
    define(node, key, child);
    node = child;
  }
  define(node, path.at(-1) ?? '', value);
}

/** A key named __proto__ is data like any other, and refused by the schema. */
function define(node: Tree, key: string, value: unknown): void {
  Object.defineProperty(node, key, { value, enumerable: true, configurable: true, writable: true });
}

function isTree(value: unknown): value is Tree {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The origin of the value itself, of what it lies in, or of a part of it. */
function nearest(origins: ReadonlyMap<string, Origin>, path: string): Origin | undefined {
  const parts = path.split('.');
  for (let length = parts.length; length > 0; length -= 1) {
    const origin = origins.get(parts.slice(0, length).join('.'));
    if (origin !== undefined) return origin;
  }
  return [...origins].find(([known]) => known.startsWith(`${path}.`))?.[1];
}

function invalid(
  issues: readonly z.core.$ZodIssue[],
  tree: Tree,
  originOf: (path: string) => Origin,
): ConfigError {
  const lines = issues.slice(0, 5).map((issue) => {
    const path = issue.path.map(String).join('.');
    if (issue.code === 'unrecognized_keys') {
      const keys = issue.keys.map((key) => (path ? `${path}.${key}` : key));
      return `${keys.join(', ')} (${originOf(keys[0] ?? path)}): there is no such setting`;
    }
    const value = issue.path.reduce<unknown>(
      (node, key) => (isTree(node) ? node[String(key)] : undefined),
      tree,
    );
    return `${path} is ${shown(path, value)} (${originOf(path)}): ${issue.message}`;
  });
  return new ConfigError(`the configuration is not valid: ${lines.join('; ')}`);
}

function shown(path: string, value: unknown): string {
  if (value === undefined) return 'missing';
  if (path === 'databaseUrl') return '[hidden]';
  const text = JSON.stringify(value);
  return text.length > 80 ? `${text.slice(0, 80)}…` : text;
}
