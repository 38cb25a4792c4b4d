/** `masgpt training conform RECIPE`: runs a recipe of kind `command` through the protocol's promises; code 1 when one is broken. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { defineCommand } from 'citty';
import { type Check, conform, conformanceChecks } from '../../../activities/training/conformance/conform.ts';
import { createLocalLauncher } from '../../../activities/training/launchers/local.ts';
import { thisMachine } from '../../../activities/training/process-identity.ts';
import { loadRecipe, ownRecipes } from '../../../activities/training/recipe.ts';
import { terminalLine } from '../../../workflows/shared/encode/terminal.ts';
import { nameSchema } from '../../../workflows/shared/names.ts';
import { findInterpreter } from '../../../workers/host/python-interpreter.ts';
import { passedOn } from '../../../workers/host/passed-on.ts';
import { commonArgs, type LocalContext, runLocalCommand } from '../command.ts';
import { CommandFailed, UsageError } from '../errors.ts';
import { wholeNumber } from '../flag-values.ts';

export default defineCommand({
  meta: { name: 'conform', description: "Whether a recipe's own program can be supervised" },
  args: {
    ...commonArgs,
    recipe: { type: 'positional', description: 'Name of a recipe of kind command', required: true },
    data: {
      type: 'string',
      description: 'Chat rows as JSON lines (default: 64 made-up ones)',
      valueHint: 'file',
    },
    'limit-s': { type: 'string', description: 'Longest time of one of the five trials', default: '600' },
  },
  run({ args }) {
    if (!nameSchema.safeParse(args.recipe).success)
      throw new UsageError(`${JSON.stringify(args.recipe)} is no name of a recipe`);
    const limitMs = (wholeNumber('--limit-s', args['limit-s'], 1) ?? 600) * 1_000;
    const body = (context: LocalContext) => run(context, args.recipe, args.data, limitMs);
    // Time to stop what is still training.
    return runLocalCommand(args, body, { graceMs: 30_000 });
  },
});

async function run(
  { config, output, signal }: LocalContext,
  name: string,
  data: string | undefined,
  limitMs: number,
): Promise<unknown> {
  const own = config.training.recipes ? [resolve(config.training.recipes)] : [];
  const recipe = await loadRecipe(name, [...own, ownRecipes]);
  if (recipe.kind !== 'command')
    throw new UsageError(`recipe ${name} is of kind ${recipe.kind}: only programs of kind command are tried`);
  const root = await mkdtemp(join(tmpdir(), 'masgpt-conform-'));
  const dataset = data === undefined ? join(root, 'rows.jsonl') : resolve(data);
  if (data === undefined) await writeFile(dataset, rows());
  const launcher = createLocalLauncher({
    findPython: async () => (await findInterpreter(process.env)).path,
    machine: thisMachine(hostname()),
  });
  const setting = { launcher, root, recipe, dataset, passedOn: passedOn(process.env), limitMs, signal };
  const { ok, checks } = await conform(setting, (check) => output.print(lineOf(check)));
  const document = { recipe: name, ok, checks, ...(ok ? {} : { directory: root }) };
  if (ok) {
    await rm(root, { recursive: true, force: true });
    output.print(`${name} keeps the protocol`);
    return document;
  }
  const broken = checks.filter((check) => !check.ok).map((check) => check.name);
  throw new CommandFailed(`${name} breaks the protocol: ${broken.join(', ')}`, {
    remedy: `its logs and events are in ${root}; what is asked for is in docs/training-protocol.md`,
    document,
  });
}

function lineOf({ name, ok, why }: Check): string {
  const line = `${ok ? 'ok    ' : 'failed'} ${name.padEnd(12)} ${conformanceChecks[name]}`;
  return ok ? line : `${line}\n       ${terminalLine(why ?? '')}`;
}

/** As a dataset's export has them. */
function rows(): string {
  return Array.from({ length: 64 }, (_, index) => {
    const messages = [
      { role: 'user', content: `What is ${index} plus ${index % 7}?` },
      { role: 'assistant', content: `${index + (index % 7)}` },
    ];
    return `${JSON.stringify({ messages })}\n`;
  }).join('');
}
