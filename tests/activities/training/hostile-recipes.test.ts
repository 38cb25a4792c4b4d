/** Recipes are looked up by name in the worker's directories: names that climb, and files that are no recipe or a bomb, are refused. */
import { mkdir, mkdtemp, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { execFileSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { loadRecipe } from '../../../activities/training/recipe.ts';
import { trainingInputSchema } from '../../../workflows/training/contract.ts';

let directory: string;

beforeAll(async () => {
  directory = join(await mkdtemp(join(tmpdir(), 'masgpt-recipes-')), 'recipes');
  await mkdir(directory);
  await writeFile(join(directory, '..', 'outside.yaml'), good);
});
afterAll(() => rm(join(directory, '..'), { recursive: true, force: true }));

const good = `v: 1
kind: command
command: [python3, train.py]
maxSteps: 10
saveSteps: 5
`;

/** Nine anchors of nine aliases each: 9^9 values when expanded. */
const bomb = `${good}options:
  a: &a [x, x, x, x, x, x, x, x, x]
${'bcdefghij'
  .split('')
  .map((name, index) => `  ${name}: &${name} [${Array(9).fill(`*${'abcdefghi'[index]}`).join(', ')}]`)
  .join('\n')}
`;

async function load(text: string): Promise<unknown> {
  await writeFile(join(directory, 'given.yaml'), text);
  return loadRecipe('given', [directory]).then(
    (recipe) => recipe,
    (error: { type?: string; message: string }) => `${error.type}: ${error.message.split('\n')[0]}`,
  );
}

it('takes a plain one', async () => {
  expect(await load(good)).toMatchObject({ kind: 'command', graceS: 10, phaseLimitS: { start: 600 } });
});

it.each<[string, string]>([
  ['an unknown key', `${good}shell: true\n`],
  ['an unknown kind', good.replace('command\n', 'script\n')],
  ['no command', good.replace('[python3, train.py]', '[]')],
  ['a command that is text', good.replace('[python3, train.py]', 'rm -rf /')],
  ['no steps', good.replace('maxSteps: 10', 'maxSteps: 0')],
  ['a step that is no number', good.replace('maxSteps: 10', 'maxSteps: .nan')],
  ['more ranks than there are', `${good}distributed: { launch: torchrun, ranks: 1000000 }\n`],
  ['another launcher', `${good}distributed: { launch: mpirun, ranks: 2 }\n`],
  ['an endless grace', `${good}graceS: .inf\n`],
  ['a bomb of anchors', bomb],
  ['10 MB of text', `${good}# ${'x'.repeat(10_000_000)}\n`],
  ['broken YAML', `${good}options: [\n`],
  ['a key twice', `${good}v: 1\n`],
  ['a program of YAML', `${good}options: !!python/object/apply:os.system ["true"]\nextra: 1\n`],
  ['nothing', ''],
  ['a list', '- 1\n'],
  ['bytes', '\0\u0001\uFFFF'],
])('refuses %s', async (_, text) => {
  expect(await load(text)).toMatch(/^Input\.Invalid: recipe given/);
});

it('reads no more of a file than shows that it is too long', async () => {
  await writeFile(join(directory, 'huge.yaml'), good);
  // Larger than what a text may be, or this machine's memory.
  await truncate(join(directory, 'huge.yaml'), 2 ** 40);
  await expect(loadRecipe('huge', [directory])).rejects.toMatchObject({ type: 'Input.Invalid' });
});

it.each(['../outside', '/etc/passwd', 'a/b', '..', '', 'x'.repeat(65), 'UPPER', 'nul\0', 'given.yaml/..'])(
  'refuses the name %j in an input',
  (recipe) => {
    expect(trainingInputSchema.safeParse({ dataset: 'rows', recipe }).success).toBe(false);
  },
);

it('says which recipes there are when the name is unknown, also when it points nowhere', async () => {
  await symlink('/no/such/file', join(directory, 'dangling.yaml'));
  await load(good);
  await symlink('/dev/zero', join(directory, 'endless.yaml'));
  execFileSync('mkfifo', [join(directory, 'pipe.yaml')]);
  for (const name of ['none', 'dangling', 'endless', 'pipe'])
    await expect(loadRecipe(name, [directory])).rejects.toThrow(/known: .*given/);
});
