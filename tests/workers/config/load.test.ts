/** Configuration: defaults < file < environment < flags; errors name path, value, origin and what was expected. */
import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { loadConfig } from '../../../workers/config/load.ts';
import { showConfig } from '../../../workers/config/show.ts';

async function fileOf(text: string): Promise<string> {
  const file = join(await mkdtemp(join(tmpdir(), 'config-')), 'masgpt.config.yaml');
  await writeFile(file, text);
  return file;
}

test('each source overrides the one before it, value by value', async () => {
  const file = await fileOf(
    'home: from-file\ntemporal:\n  namespace: from-file\n  taskQueue: from-file\nsandbox:\n  memoryMb: 512\n',
  );
  const config = await loadConfig({
    file,
    env: {
      MASGPT_TASK_QUEUE: 'from-env',
      TEMPORAL_NAMESPACE: 'from-env',
      MASGPT_SANDBOX_LEVEL: 'shared',
      DATABASE_URL: '',
    },
    flags: { 'temporal.namespace': 'from-flag', home: undefined },
  });
  expect(config).toMatchObject({
    home: 'from-file',
    temporal: { namespace: 'from-flag', taskQueue: 'from-env' },
    sandbox: { memoryMb: 512, level: 'shared' },
    slots: { executions: 32 },
  });
  expect(config.databaseUrl).toBeUndefined();
  expect(await loadConfig({ env: {} })).toMatchObject({ home: '.masgpt', models: {} });
});

test('the simulated models exist where the simulator is, and a file may change one of them', async () => {
  const env = { MASGPT_SIMULATOR_URL: 'http://127.0.0.1:4000/v1', MASGPT_SIMULATOR_REVISION: 'seed-1' };
  const file = await fileOf(
    'models:\n  sim-judge:\n    limits: { inFlight: 2 }\n  gpt:\n    baseUrl: https://example.com/v1\n    apiKeyEnv: GPT_KEY\n    model: gpt-x\n',
  );
  const { models } = await loadConfig({ file, env });
  expect(
    Object.keys(models)
      .filter((name) => !name.startsWith('sim-refiner-'))
      .toSorted(),
  ).toEqual(['gpt', 'sim-driver', 'sim-judge', 'sim-refiner']);
  expect(models['sim-refiner-sly']).toMatchObject({ simulated: true });
  expect(models['sim-driver']).toMatchObject({
    baseUrl: 'http://127.0.0.1:4000/v1',
    revision: 'seed-1',
    simulated: true,
  });
  expect(models['sim-judge']).toMatchObject({ limits: { inFlight: 2 }, simulated: true });
  expect(models['gpt']).toMatchObject({ revision: 'unpinned', simulated: false, limits: { inFlight: 32 } });
});

test.each<[string, string, NodeJS.ProcessEnv, RegExp]>([
  [
    'a wrong value',
    'sandbox: { memoryMb: 1 }',
    {},
    /sandbox\.memoryMb is 1 \(.*masgpt\.config\.yaml\): .*128/,
  ],
  ['a wrong type', 'slots: { llm: many }', {}, /slots\.llm is "many"/],
  [
    'an environment value',
    '',
    { MASGPT_SANDBOX_LEVEL: 'none' },
    /sandbox\.level is "none" \(environment MASGPT_SANDBOX_LEVEL\): .*"confined"/,
  ],
  ['an unknown setting', 'sandbox: { levle: auto }', {}, /sandbox\.levle \(.*\): there is no such setting/],
  ['a missing part', 'models: { gpt: { model: gpt-x } }', {}, /models\.gpt\.baseUrl is missing/],
  [
    'a key in place of its variable',
    'models: { gpt: { baseUrl: "http://h/v1", model: m, apiKeyEnv: sk-123 } }',
    {},
    /apiKeyEnv/,
  ],
  ['a bad name of a model', 'models: { "../x": { baseUrl: "http://h/v1", model: m } }', {}, /models/],
  [
    'another protocol',
    'models: { gpt: { baseUrl: "file:///etc/passwd", model: m } }',
    {},
    /models\.gpt\.baseUrl is "file/,
  ],
  ['no mapping', '- a\n- b', {}, /must hold a mapping/],
  ['no YAML', 'home: [', {}, /is not valid YAML/],
  [
    'aliases without end',
    'a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: [*b,*b,*b,*b,*b,*b,*b,*b,*b,*b,*b,*b]',
    {},
    /alias|no such setting/i,
  ],
  ['a prototype', '__proto__: { polluted: 1 }\nhome: x', {}, /there is no such setting|__proto__/],
])('%s is refused with a clear error', async (_name, text, env, expected) => {
  const file = await fileOf(text);
  await expect(loadConfig({ file, env })).rejects.toThrow(expected);
  expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
});

test('a named file must be there', async () => {
  await expect(loadConfig({ file: '/no/such/file.yaml', env: {} })).rejects.toThrow(
    /cannot read .*\/no\/such\/file\.yaml/,
  );
});

test('what is shown has origins and no secrets', async () => {
  const file = await fileOf(
    'home: here\nmodels: { gpt: { baseUrl: "https://user:hunter2@h/v1", model: m, apiKeyEnv: GPT_KEY } }',
  );
  const settings = await showConfig({
    file,
    env: { DATABASE_URL: 'postgres://me:hunter2@db/x?password=hunter2', GPT_KEY: 'hunter2' },
  });
  const of = (path: string) => settings.find((setting) => setting.path === path);
  expect(of('home')).toEqual({ path: 'home', value: 'here', origin: file });
  expect(of('databaseUrl')).toMatchObject({
    value: 'postgres://me:***@db/x?password=***',
    origin: 'environment DATABASE_URL',
  });
  expect(of('slots.llm')).toEqual({ path: 'slots.llm', value: 100, origin: 'default' });
  expect(of('models.gpt.apiKeyEnv')?.value).toBe('GPT_KEY');
  expect(JSON.stringify(settings)).not.toContain('hunter2');
});
