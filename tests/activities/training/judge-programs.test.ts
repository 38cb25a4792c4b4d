/** Programs that a model wrote while it is trained are judged in the sandbox: what runs to an answer counts, all else does not. */
import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { readPool } from '../../../activities/mas/pool.ts';
import { createJudgePrograms } from '../../../activities/training/judge-programs.ts';
import { judgeOf } from '../../../activities/training/watching/judged.ts';
import { attemptLayout } from '../../../activities/training/layout.ts';
import { loadRecipe, ownRecipes } from '../../../activities/training/recipe.ts';
import { openSandbox } from '../../../activities/sandbox/open-sandbox.ts';
import type { Sandbox } from '../../../activities/sandbox/sandbox.ts';
import { sandboxDirectory } from '../../support/sandbox.ts';

let home: string;
let sandbox: Sandbox;
beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'masgpt-judge-'));
  sandbox = await openSandbox({
    ...{ level: 'auto', memoryMb: 512, stateDirectory: sandboxDirectory, log: () => {} },
  });
}, 120_000);
afterAll(async () => {
  await sandbox?.[Symbol.asyncDispose]();
  await rm(home, { recursive: true, force: true });
});

const signal = (): AbortSignal => AbortSignal.timeout(120_000);
const reply = (program: string): string => `It fits.\n\n\`\`\`python\n${program}\`\`\`\n`;
const line = (text: string, ended = true): string =>
  `${JSON.stringify({ query: 'What is 2 + 3?', reply: text, ended })}\n`;
const raising =
  'class MAS:\n    def __init__(self, model_list):\n        pass\n    def forward(self, taskInfo):\n        raise ValueError(taskInfo)\n';

it('counts the programs that run to an answer', async () => {
  const judge = createJudgePrograms(() => Promise.resolve(sandbox));
  const pool = await readPool();
  const file = join(home, 'programs.jsonl');
  const good = reply(pool.get('single').source);
  await writeFile(
    file,
    [
      line(good),
      line(reply(pool.get('self-consistency').source)),
      // Cut at the limit of tokens, though what is there would run.
      line(good, false),
      line(reply('class MAS:\n  def')),
      line(reply(raising)),
      line('I would rather not.'),
      'no json\n',
      '{"query": 5}\n',
    ].join(''),
  );
  expect(await judge(file, signal())).toBe(2 / 8);
}, 300_000);

it('has no number where there is no file of replies', async () => {
  const judge = createJudgePrograms(() => Promise.resolve(sandbox));
  await writeFile(join(home, 'empty.jsonl'), '');
  await symlink(join(home, 'programs.jsonl'), join(home, 'link.jsonl'));
  for (const name of ['nowhere.jsonl', 'empty.jsonl', 'link.jsonl'])
    expect(await judge(join(home, name), signal()), name).toBeNull();
});

it('is asked for recipes with programs alone, and a sandbox that fails leaves the number out', async () => {
  const layout = attemptLayout(home, 'training/x', 1);
  const asked: string[] = [];
  const ports = {
    judgePrograms: (file: string) => {
      asked.push(file);
      return asked.length === 1 ? Promise.resolve(0.5) : Promise.reject(new Error('no sandbox'));
    },
  };
  expect(judgeOf(ports, layout, await loadRecipe('tiny', [ownRecipes]))).toBeUndefined();
  const recipe = await loadRecipe('smollm2-135m-lora', [ownRecipes]);
  expect(judgeOf({}, layout, recipe)).toBeUndefined();
  const judge = judgeOf(ports, layout, recipe);
  expect(await judge?.(40)).toEqual({ executability: 0.5 });
  expect(await judge?.(80)).toEqual({});
  expect(asked).toEqual([40, 80].map((step) => join(layout.directory, 'programs', `${step}.jsonl`)));
});
