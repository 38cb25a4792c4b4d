/**
 * The product's own trainer (TRL) under supervision: killed in the middle, it ends with the very model of an undisturbed
 * run; that model is served, and answers greedily what `generate()` answers.
 */
import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { parse, stringify } from 'yaml';
import { startServing } from '../../../clients/dev/serve/start-serving.ts';
import { configSchema, modelSchema } from '../../../workers/config/schema.ts';
import { ensurePython } from '../../../workers/host/python-environment.ts';
import { sftJsonl, sftRows } from '../../support/sft-rows.ts';
import { type TrainingParts, trainingParts, until } from '../../support/training-parts.ts';

const run = promisify(execFile);
const support = (name: string): string => fileURLToPath(new URL(`../../support/${name}`, import.meta.url));
const minutes = 60_000;

let parts: TrainingParts;
let workers: AsyncDisposable;
let python: string;

beforeAll(async () => {
  python = await ensurePython('trainer', { note: (text) => console.error(text) });
  parts = await trainingParts();
  await parts.addDataset('programs', sftJsonl(64, 1));
  const own = fileURLToPath(
    new URL('../../../activities/training/trainer/recipes/tiny.yaml', import.meta.url),
  );
  const recipe = parse(await readFile(own, 'utf8')) as object;
  const short = { ...recipe, maxSteps: 40, saveSteps: 10, warmupSteps: 5, threads: 1 };
  for (const name of ['undisturbed', 'killed'])
    await writeFile(join(parts.home, 'recipes', `${name}.yaml`), stringify(short));
  workers = await parts.startWorkers();
}, 15 * minutes);

afterAll(async () => {
  await workers?.[Symbol.asyncDispose]();
  await parts?.[Symbol.asyncDispose]();
});

it(
  'ends a killed training with the model of an undisturbed one',
  async () => {
    const undisturbed = await (
      await parts.start('undisturbed', { dataset: 'programs', recipe: 'undisturbed' })
    ).result();
    const handle = await parts.start('killed', { dataset: 'programs', recipe: 'killed' });
    await until(async () => {
      const saved = await parts.database
        .selectFrom('training_checkpoints')
        .select('step')
        .where('run', '=', 'training/killed')
        .execute();
      return saved.length > 0;
    });
    const { trainerPid } = await parts.attemptFile('killed', 1, 'attempt.json');
    process.kill(trainerPid as number, 'SIGKILL');
    const killed = await handle.result();
    expect(killed.attempts).toBe(2);
    // The digest covers every file of the model, weights included, bit for bit.
    expect(killed.artefact).toBe(undisturbed.artefact);
  },
  5 * minutes,
);

it(
  'serves it: a token, an alias, and the answers of generate()',
  async () => {
    const config = configSchema.parse({ home: parts.home });
    const serving = await startServing({ run: 'killed', config, database: parts.database, note: () => {} });
    try {
      expect(serving.model).toBe('served.killed');
      const model = modelSchema.parse(
        JSON.parse(await readFile(join(parts.home, 'models', 'served.killed.json'), 'utf8')),
      );
      const key = (await readFile(model.apiKeyFile as string, 'utf8')).trim();
      const ask = (body: unknown, token = key) =>
        fetch(`${model.baseUrl}/chat/completions`, {
          method: 'POST',
          headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
          body: JSON.stringify(body),
        });
      const prompts = sftRows(4, 77).map((row) => row.messages.slice(0, 2));
      const request = { model: 'served.killed', temperature: 0, max_tokens: 200 };
      const answers: unknown[] = [];
      for (const messages of prompts) {
        const reply = (await (await ask({ ...request, messages, seed: 5, user: 'somebody' })).json()) as {
          model: string;
          choices: { message: { content: string } }[];
        };
        expect(reply.model).toBe('served.killed');
        answers.push(reply.choices[0]?.message.content);
      }
      expect(answers).toEqual(await generated(prompts));

      expect((await ask({ ...request, messages: prompts[0] }, 'guess')).status).toBe(401);
      expect((await ask({ ...request, messages: prompts[0], model: '/etc' })).status).toBe(404);
      expect((await ask({ ...request, messages: [] })).status).toBe(400);
      const sample = async (seed: number) =>
        await (await ask({ ...request, messages: prompts[0], temperature: 1, seed })).text();
      const text = (reply: string): string =>
        (JSON.parse(reply) as { choices: { message: { content: string } }[] }).choices[0]?.message.content ??
        '';
      expect(text(await sample(1))).toBe(text(await sample(1)));
    } finally {
      await serving.stop();
    }
    await expect(readFile(join(parts.home, 'models', 'served.killed.json'))).rejects.toThrow();
  },
  5 * minutes,
);

it(
  'takes loss on the response and its end of turn alone',
  async () => {
    const check = support('check-labels.py');
    const data = join(parts.home, 'rows.jsonl');
    await writeFile(data, sftJsonl(24, 3));
    const { stdout } = await run(python, [check, data, join(parts.home, 'tokenizer')], {
      env: { ...process.env, HF_HUB_OFFLINE: '1' },
    });
    expect(JSON.parse(stdout)).toEqual({ rows: 24, supervised: 24, stops: 24, refusedOverLong: true });
  },
  2 * minutes,
);

async function generated(prompts: unknown): Promise<unknown[]> {
  const { directory } = await parts.database
    .selectFrom('artefacts')
    .select('directory')
    .where('run', '=', 'training/killed')
    .executeTakeFirstOrThrow();
  const [source, target] = [join(parts.home, 'prompts.json'), join(parts.home, 'answers.json')];
  await writeFile(source, JSON.stringify(prompts));
  await run(python, [support('generate.py'), directory, source, target, '200'], {
    env: { ...process.env, HF_HUB_OFFLINE: '1' },
  });
  return (JSON.parse(await readFile(target, 'utf8')) as { answers: unknown[] }).answers;
}
