/** Models by name: config first, then those served under the home; keys only from where the config says. */
import { chmod, mkdir, mkdtemp, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createModels } from '../../../workers/config/models.ts';
import { configSchema, type Config } from '../../../workers/config/schema.ts';

const model = { baseUrl: 'http://127.0.0.1:8000/v1', model: 'm' };

async function homeOf(): Promise<string> {
  const home = await mkdtemp(join(tmpdir(), 'home-'));
  await mkdir(join(home, 'models'));
  return home;
}

function configOf(home: string, models: object): Config {
  return configSchema.parse({ home, models });
}

test('a model served later is found at its next use; an unknown one fails with the names there are', async () => {
  const home = await homeOf();
  const models = createModels({ config: configOf(home, { gpt: model }), env: {} });
  await expect(models.get('tiny')).rejects.toMatchObject({ type: 'Llm.UnknownModel', nonRetryable: true });
  await writeFile(join(home, 'models', 'tiny.json'), JSON.stringify({ ...model, revision: 'sha' }));
  expect(await models.get('tiny')).toMatchObject({
    name: 'tiny',
    revision: 'sha',
    identity: 'served',
    limits: { inFlight: 32 },
  });
  expect(await models.get('gpt')).toMatchObject({ name: 'gpt', identity: model.baseUrl });
  await expect(models.get('other')).rejects.toThrow(/known are gpt, tiny/);
  await expect(models.get('../models/tiny')).rejects.toMatchObject({ type: 'Llm.UnknownModel' });
  await expect(models.get('__proto__')).rejects.toMatchObject({ type: 'Llm.UnknownModel' });
  await writeFile(join(home, 'models', 'broken.json'), '{');
  await expect(models.get('broken')).rejects.toThrow(/is not a model/);
});

test('keys: from the named variable, or from a file of the home that only its owner reads', async () => {
  const home = await homeOf();
  const outside = await mkdtemp(join(tmpdir(), 'outside-'));
  await writeFile(join(home, 'key'), 'secret\n', { mode: 0o600 });
  await writeFile(join(home, 'open'), 'secret');
  await chmod(join(home, 'open'), 0o644);
  await writeFile(join(outside, 'key'), 'secret', { mode: 0o600 });
  await symlink(join(outside, 'key'), join(home, 'link'));
  const models = createModels({
    config: configOf(home, {
      none: model,
      variable: { ...model, apiKeyEnv: 'GPT_KEY' },
      unset: { ...model, apiKeyEnv: 'OTHER_KEY' },
      file: { ...model, apiKeyFile: 'key' },
      open: { ...model, apiKeyFile: 'open' },
      outside: { ...model, apiKeyFile: join(outside, 'key') },
      link: { ...model, apiKeyFile: 'link' },
      gone: { ...model, apiKeyFile: 'gone' },
    }),
    env: { GPT_KEY: 'from-env' },
  });
  const keyOf = async (name: string) => (await models.get(name)).readKey();
  expect(await keyOf('none')).toBeUndefined();
  expect(await keyOf('variable')).toBe('from-env');
  expect(await keyOf('file')).toBe('secret');
  await expect(keyOf('unset')).rejects.toThrow(/OTHER_KEY/);
  for (const name of ['open', 'outside', 'link', 'gone']) {
    await expect(keyOf(name)).rejects.toMatchObject({ type: 'Llm.Unauthorized' });
  }
});
